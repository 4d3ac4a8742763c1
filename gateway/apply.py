"""Carries a decision out: ticket or note, people, files, letters, disposition; all collected in one Writes."""

from desk import audit, audit_tickets, notices, tickets, unsubscribing
from desk.audit import Origin
from desk.said import say
from desk.state import TicketState
from desk.writes import Writes
from gateway import (
    asked_mail,
    bounced,
    canary,
    customer_mail,
    entry_of,
    held_notice,
    match,
    opening,
    performing,
    repeats,
    staff_mail,
)
from gateway.case import UNSUBSCRIBE, Case, Decision
from gateway.commands.spec import Scene
from gateway.held_notice import Held
from gateway.indexing import remember
from store.tables import Disposition, ReceivedMail


def apply(decision: Decision, case: Case, writes: Writes) -> Decision:
    """Collect the rows of one mail. The decision that comes back says what was really done."""
    since = audit_tickets.mark(writes)
    with audit.acting(_origin(case)):
        decision = _apply(decision, case, writes)
        if case.staff is not None:  # of a customer's mail the ledger says as much (desk/audit.py)
            audit_tickets.note(writes, since)
    return decision


def _origin(case: Case) -> Origin:
    staff = case.staff.id if case.staff else None
    contact = case.contact.id if case.contact and staff is None else None
    return Origin("mail", staff, contact, received_id=case.mail.received_id or None)


def _apply(decision: Decision, case: Case, writes: Writes) -> Decision:
    if decision.kind == "opened":
        decision = opening.open_ticket(decision, case, writes)
    elif decision.kind == "noted" and decision.write in ("reply", "internal"):
        decision = staff_mail.apply(decision, case, writes, entry_of.note(decision, case))
    elif decision.kind == "noted":
        ticket = _ticket(decision, case)
        decision = customer_mail.note(decision, case, writes, ticket)
        remember(case, writes, ticket)
    elif decision.rule == UNSUBSCRIBE:
        for stop in dict.fromkeys(recipient.stop for recipient in case.mail.recipients if recipient.stop):
            unsubscribing.apply(writes, stop, case.now)
    elif decision.rule == canary.RULE:
        canary.record(case, writes)
    elif decision.kind == "answered":
        decision = asked_mail.apply(decision, case, writes)
    elif decision.kind == "folded":
        _fold(decision, case, writes)
    elif decision.kind == "held":
        _tell_held(decision, case, writes)
        _tell_sender(decision, case, writes)
    bounced.heard(decision, case, writes)
    return decision


def _fold(decision: Decision, case: Case, writes: Writes) -> None:
    """A machine's words: an internal event that changes nothing."""
    bounced.record(decision, case, writes)
    ticket = case.view.ticket(decision.ticket_id) if decision.ticket_id else None
    if ticket is None:
        return
    event_id = tickets.note(writes, ticket, entry_of.automatic(decision, case))
    if _may_be_a_person(decision, case):
        hint = say("It looks like a machine's mail: nothing was changed, and customers do not see it.")
        context = {"hints": [hint]}
        for member in notices.staff_of(ticket, case.view.teams, case.view.staff):
            notices.note_to_staff(writes, "customer_wrote", member, case.now, ticket, event_id, context)


def _may_be_a_person(decision: Decision, case: Case) -> bool:
    """Who answers an invitation, or our letter to them from behind a list or group, may have written words."""
    chosen = decision.match.chosen
    if decision.contact is None or decision.staff is not None or chosen is None:
        return False
    kind = case.mail.message.automatic
    return kind == "calendar-answer" or (kind in ("list", "bulk") and chosen.proof == "own_token")


def _tell_held(decision: Decision, case: Case, writes: Writes) -> None:
    """A person decides, so a person is told; but not of a machine's answer to a letter of ours, which would go on."""
    message, view = case.mail.message, case.view
    if message.machine and (case.staff or match.reported(case.mail, view, case.addresses)):
        return
    team = view.teams.get(opening.owner(case).desk.team)
    mail = Held(
        case.mail.received_id, decision.rule, decision.reason, message.sender.address[:320], message.subject[:300]
    )
    most = case.rules.caps.automatic_letters_per_day
    held_notice.tell(writes, mail, notices.members(team, view.staff), view.held, case.now, most)


def _tell_sender(decision: Decision, case: Case, writes: Writes) -> None:
    """Who may not open tickets hears what became of their mail; for all else that is held, staff decide that first."""
    if decision.rule != "may-not-open" or decision.contact is None:
        return
    # What anybody may have written in this name does not fill a mailbox that had nothing to do with it.
    had = case.view.automatic[decision.contact.address.lower()]
    if not case.sure and had >= case.rules.caps.receipts_per_ticket:
        return
    lines = [
        say("Your mail has reached us, and no ticket was opened: that is left to others here."),
        say("A person looks at it. To add to a ticket in which you take part, reply to a letter about it."),
    ]
    performing.answer(Scene(case, decision.contact, "stranger", None, ""), "not_done", lines, writes, None)


def _ticket(decision: Decision, case: Case) -> TicketState:
    ticket = case.view.ticket(decision.ticket_id) if decision.ticket_id else None
    if ticket is None:
        raise RuntimeError(f"the decision {decision.rule} names no ticket")
    return ticket


def dispose(decision: Decision, case: Case, writes: Writes) -> None:
    """Note what became of the mail; called when the new tickets have their numbers."""
    mail = case.mail
    writes.add(
        Disposition,
        received_id=mail.received_id,
        at=case.now,
        kind=decision.kind,
        rule=decision.rule,
        reason=decision.reason,
        ticket_id=decision.ticket_id,
        sender=mail.message.sender.address[:320],
        subject=mail.message.subject[:300],
        evidence=decision.evidence(),
    )
    if decision.rule != "duplicate":
        repeats.keep(mail, case.view, writes)
    writes.change(ReceivedMail, mail.received_id, waiting=False, lease_until=None)
    writes.tally[decision.kind] += 1
