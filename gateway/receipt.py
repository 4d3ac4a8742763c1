"""The receipt for a new ticket (E4): who gets it, what it says besides, and why there is none."""

from collections.abc import Sequence
from dataclasses import replace

from desk import notices
from desk.said import Said, say, say_many
from desk.state import ContactState, TicketState
from desk.writes import Writes
from gateway import answers_to
from gateway.case import Case, Decision
from gateway.envelope import Message


def send_receipt(
    decision: Decision,
    case: Case,
    writes: Writes,
    ticket: TicketState,
    event_id: int,
    added: Sequence[ContactState],
    said: Sequence[str] = (),
    *,
    filled: Sequence[str] = (),
    opened_by: str = "",
) -> Decision:
    """Queue E4, or say in the decision's reason why not. A machine never gets an answer (RFC 3834)."""
    if case.mail.message.machine:
        return _without(decision, "it was written by a machine")
    if asks_for_no_answer(case.mail.message):
        return _without(decision, "it asks for no automatic answer")
    sure = decision.verified.verdict == "pass"
    trusted = bool(case.mail.sender) and (ticket.requester.known or sure)
    refusal = answers_to.over_cap(ticket.requester.address, case, trusted=trusted, what=say("a receipt"))
    if refusal:
        return _without(decision, refusal)
    context = {
        "echo": trusted,
        "reference": _answered(case, ticket),
        "notes": [*_notes(decision, case, trusted), *(said if trusted else ())],
        "said": list(filled),  # the labels of what the mail itself stated
        "opened_by": opened_by,  # the one who wrote, where the ticket is for somebody else (E4b)
    }
    # Whoever is named in a mail that nobody verified may be anybody: no receipt, unless we know them.
    others = [person for person in added if trusted and (sure or person.known)]
    for person in (ticket.requester, *others):
        first = not trusted
        notices.letter(
            writes, "received", person, case.now, ticket=ticket, event_id=event_id, context=context, first_receipt=first
        )
        answers_to.count_letter(person.address, case, trusted=trusted)
    return decision


def asks_for_no_answer(message: Message) -> bool:
    """Exchange and programs write X-Auto-Response-Suppress: All, or AutoReply among others (MS-OXCMAIL 2.2.3.2.14)."""
    asked = message.extra.get("x-auto-response-suppress", "")
    return bool({word.strip().lower() for word in asked.split(",")} & {"all", "autoreply"})


def _answered(case: Case, ticket: TicketState) -> str:
    """The mail that the requester knows: their own one where staff passed it on."""
    message = case.mail.message
    if message.forwarded and message.forwarded.sender.key == ticket.requester.address.lower() != case.mail.sender:
        return message.forwarded.message_id
    return message.message_id


def _notes(decision: Decision, case: Case, trusted: bool) -> list[str]:
    """Extra sentences. File names are the sender's words: a stranger's are not repeated."""
    lines: list[str] = []
    if decision.continues_id and (old := case.view.ticket(decision.continues_id)):
        closed = say("Your ticket {number} is closed, so this is a new one. The two are linked.", number=old.number)
        lines.append(closed)
    refused = case.mail.refused_files
    if refused:
        lines += refused if trusted else [_count_words(len(refused))]
    return lines


def _count_words(count: int) -> Said:
    return say_many("One file was not added.", "{n} files were not added.", count)


def _without(decision: Decision, reason: str) -> Decision:
    return replace(decision, reason=f"{decision.reason} No receipt: {reason}.")
