"""Whether somebody gets another automatic answer, and the count of those they had: no loop, and no flood by forgery."""

from desk.said import say, say_many
from desk.state import ContactState, StaffState, TicketState
from gateway.case import Case


def refusal(person: ContactState | StaffState, case: Case, ticket: TicketState | None) -> str:
    """Why there is no answer to this mail; "" when there is one."""
    if case.mail.message.machine:
        return say("it was written by a machine")
    return over_cap(person.address, case, ticket, trusted=not is_first(person, case), what=say("an answer"))


def over_cap(address: str, case: Case, ticket: TicketState | None = None, *, trusted: bool, what: str) -> str:
    """Why no more automatic letters go to an address; "" while some may. Those to forged senders hit innocent people.

    `what` it is called in the reason: an answer, a receipt. With a ticket its own cap counts too.
    """
    caps, view, key = case.rules.caps, case.view, address.lower()
    if not address:
        return say("the mail names no sender to write to")
    if case.addresses.find(key):
        return say("it would go to the desk itself")
    if ticket is not None and view.receipts[key, ticket.id] >= caps.receipts_per_ticket:
        return say_many(
            "{n} answer about this ticket went to this address within a day",
            "{n} answers about this ticket went to this address within a day",
            caps.receipts_per_ticket,
        )
    if view.automatic[key] >= caps.automatic_letters_per_day:
        return say_many(
            "{n} automatic letter went to this address within a day",
            "{n} automatic letters went to this address within a day",
            caps.automatic_letters_per_day,
        )
    if trusted:
        return ""
    if view.first_receipts[key] >= caps.first_receipts_per_hour:
        return say("this unverified sender had {what} within the hour", what=what)
    if view.first_receipts_minute >= caps.first_receipts_per_minute:
        return say("too many unverified senders within a minute")
    return ""


def count(person: ContactState | StaffState, case: Case, ticket: TicketState | None) -> None:
    """One more answer went out."""
    if ticket is not None:
        case.view.receipts[person.address.lower(), ticket.id] += 1
    count_letter(person.address, case, trusted=not is_first(person, case))


def count_letter(address: str, case: Case, *, trusted: bool) -> None:
    """One more automatic letter went to an address."""
    view, key = case.view, address.lower()
    view.automatic[key] += 1
    if not trusted:
        view.first_receipts[key] += 1
        view.first_receipts_minute += 1


def is_first(person: ContactState | StaffState, case: Case) -> bool:
    """True for an answer to an address that nobody knows and nothing verifies: few of these are written."""
    return isinstance(person, ContactState) and not _is_trusted(person, case)


def _is_trusted(person: ContactState, case: Case) -> bool:
    return bool(case.mail.sender) and (person.known or case.sure)
