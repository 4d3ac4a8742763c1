"""Whether somebody gets another automatic answer, and the count of those they had: no loop, and no flood by forgery."""

from desk.state import ContactState, StaffState, TicketState
from gateway.case import Case


def refusal(person: ContactState | StaffState, case: Case, ticket: TicketState | None) -> str:
    """Why there is no answer to this mail; "" when there is one."""
    caps, view, key = case.rules.caps, case.view, person.address.lower()
    if case.mail.message.machine:
        return "it was written by a machine"
    if not person.address:
        return "the mail names no sender to write to"
    if case.addresses.find(key):
        return "it would go to the desk itself"
    if ticket is not None and view.receipts[key, ticket.id] >= caps.receipts_per_ticket:
        return f"{caps.receipts_per_ticket} answers about this ticket went to this address within a day"
    if view.automatic[key] >= caps.automatic_letters_per_day:
        return f"{caps.automatic_letters_per_day} automatic letters went to this address within a day"
    if isinstance(person, ContactState) and not _is_trusted(person, case):
        if view.first_receipts[key] >= caps.first_receipts_per_hour:
            return "this unverified sender had an answer within the hour"
        if view.first_receipts_minute >= caps.first_receipts_per_minute:
            return "too many unverified senders within a minute"
    return ""


def count(person: ContactState | StaffState, case: Case, ticket: TicketState | None) -> None:
    """One more answer went out."""
    view, key = case.view, person.address.lower()
    view.automatic[key] += 1
    if ticket is not None:
        view.receipts[key, ticket.id] += 1
    if isinstance(person, ContactState) and not _is_trusted(person, case):
        view.first_receipts[key] += 1
        view.first_receipts_minute += 1


def is_first(person: ContactState | StaffState, case: Case) -> bool:
    """True for an answer to an address that nobody knows and nothing verifies: few of these are written."""
    return isinstance(person, ContactState) and not _is_trusted(person, case)


def _is_trusted(person: ContactState, case: Case) -> bool:
    return bool(case.mail.sender) and (person.known or case.sure)
