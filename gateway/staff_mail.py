"""A mail from staff to a ticket: an answer to the customer, or an internal note; and the commands in it."""

from dataclasses import replace
from typing import Any

from desk import notices, tickets
from desk.state import StaffState, TicketState
from desk.tickets import Note
from desk.writes import Writes
from gateway import left_out, staff_safety, who
from gateway.commands import grammar, staff
from gateway.commands.staff import Plan
from gateway.decide import Case, Decision
from gateway.own_words import Told, own_words
from gateway.receipt import answer
from gateway.rules import NOTE_LENGTH
from gateway.staff_safety import NOTHING_DONE, Said
from gateway.subject import is_forward


def apply(decision: Decision, case: Case, writes: Writes, entry: Note) -> Decision:
    """Public only from one's own letter, unforwarded, and with every command understood; otherwise internal."""
    ticket = case.view.ticket(decision.ticket_id) if decision.ticket_id else None
    author = decision.staff
    if ticket is None or author is None:
        raise RuntimeError(f"the decision {decision.rule} names no ticket, or nobody of the staff")
    # From the whole text, not from what fits into a note: a #note at the end of a long mail counts too.
    message = case.mail.message
    said = "" if message.foreign else message.reply.strip() or message.text.strip()
    commands, words, astray = grammar.split(said, staff.COMMANDS)
    plan = staff.plan(commands)
    plan = replace(plan, internal=plan.internal or _answers_inside(decision))
    told = case.view.told.get(ticket.id, Told())
    own = words if plan.internal else own_words(words, told)
    taken_apart = Said(message, plan, words, own, astray, told, left_out.marks(ticket, case.addresses))
    hindrance = _not_allowed(decision, case, plan, ticket) or staff_safety.hindrance(taken_apart)
    if hindrance:
        # The whole text is kept as it came, commands and all: nothing of it was done.
        return _keep_inside(decision, case, writes, ticket, replace(entry, author=author), hindrance)
    own = _with_note_lines(plan, commands, own)
    entry = _worded(replace(entry, author=author, visibility="internal" if plan.internal else "public"), own)
    entry = replace(entry, changes=_change(plan, case, writes, ticket, author, own))
    return _write_down(decision, case, writes, ticket, entry)


def _worded(entry: Note, words: str) -> Note:
    """With the words as they stand without the commands. What a public answer quotes is a letter to staff: it may
    show internal notes, so nothing of it goes along; the mail itself is kept."""
    cut = len(words) > NOTE_LENGTH
    text = words[: NOTE_LENGTH - 1] + "…" if cut else words
    if entry.visibility == "public":
        return replace(entry, text=text, folded=words if cut else "", html="")
    return replace(entry, text=text, folded=entry.folded or (words if cut else ""))


def _not_allowed(decision: Decision, case: Case, plan: Plan, ticket: TicketState) -> list[str]:
    """Why the mail may not do what it says, in sentences for its author."""
    if plan.faults:
        return [*plan.faults, NOTHING_DONE]
    if decision.write != "reply":
        return [
            "Your text is kept as an internal note: it did not come as an answer to your own letter.",
            "To write to the customer, reply to the letter that Postdesk sent to you.",
        ]
    if is_forward(case.mail.message.subject) or _goes_elsewhere(case, ticket):
        return ["Your text is kept as an internal note: a forwarded letter never goes to the customer."]
    return []


def _goes_elsewhere(case: Case, ticket: TicketState) -> bool:
    """True when it was handed on to another desk address of ours."""
    named = (case.addresses.find(mailbox.address) for mailbox in case.mail.message.to)
    return any(found and not found.token and found.desk.address != ticket.desk_address for found in named)


def _answers_inside(decision: Decision) -> bool:
    """True for an answer to a letter that said “Your reply stays internal”."""
    chosen = decision.match.chosen
    return chosen is not None and chosen.token is not None and chosen.token.internal


def _with_note_lines(plan: Plan, commands: tuple[grammar.Command, ...], words: str) -> str:
    """`#note call him first` keeps its words: what stands behind #note is part of the note."""
    if not plan.internal:
        return words
    said = [command.argument for command in commands if command.word == "note" and command.argument]
    return "\n".join([*said, words]).strip()


def _change(
    plan: Plan, case: Case, writes: Writes, ticket: TicketState, author: StaffState, words: str
) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if plan.take:
        before = case.view.staff.get(ticket.assignee_id or 0)
        changes |= tickets.take(writes, ticket, author, before, case.now)
    if plan.resolve:
        # Customers read the resolution; the words of an internal note are not for them.
        told = plan.resolution or ("" if plan.internal else words)
        changes |= tickets.resolve(writes, ticket, told, case.now)
    elif plan.status:
        changes |= tickets.set_status(writes, ticket, plan.status, case.now)
    elif words and not plan.internal:
        changes |= tickets.staff_answered(writes, ticket, case.now)
    return changes


def _write_down(decision: Decision, case: Case, writes: Writes, ticket: TicketState, entry: Note) -> Decision:
    has_words = bool(entry.text or entry.files)
    if not has_words and not entry.changes:
        return replace(decision, kind="answered", reason="Nothing to do: it was so already.")
    if not has_words:
        entry = replace(entry, kind="change", folded="", html="")
    event_id = tickets.note(writes, ticket, entry)
    _add_named(decision, case, writes, ticket, entry)
    author = entry.author
    if entry.visibility == "public" and isinstance(author, StaffState):
        shown = {"status", "resolution"} & entry.changes.keys()
        if has_words or shown:
            notices.update(writes, ticket, event_id, case.now, author=author, has_words=has_words, fold=case.rules.fold)
    if has_words:
        return decision
    return replace(decision, kind="answered", reason="Only commands; they were done.")


def _add_named(decision: Decision, case: Case, writes: Writes, ticket: TicketState, entry: Note) -> None:
    """Whom staff put into Cc of an answer takes part from now on."""
    if entry.visibility != "public":
        return
    people, _ = who.named(case, writes, case.mail.message.cc, sure=True)
    tickets.add_people(writes, ticket, people, case.now)


def _keep_inside(
    decision: Decision, case: Case, writes: Writes, ticket: TicketState, entry: Note, lines: list[str]
) -> Decision:
    event_id = tickets.note(writes, ticket, replace(entry, visibility="internal"))
    author = entry.author
    if isinstance(author, StaffState):
        answer("not_done", lines, author, case, writes, ticket, event_id)
    return replace(decision, reason=f"{decision.reason} Kept inside: {lines[0]}")
