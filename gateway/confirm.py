"""“Reply confirm to do this”: commands that nothing proves wait for one word from the address that they came from."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from desk import access, notices
from desk.access import Role
from desk.said import say
from desk.state import ContactState, StaffState, TicketState
from desk.writes import Writes
from gateway import answers_to, who
from gateway.case import Case, Decision
from gateway.commands import answering, plain, plan
from gateway.commands.asked import Asked, Order
from gateway.commands.plan import Plan
from gateway.commands.spec import Scene, Who
from gateway.commands.waiting import keep
from gateway.more import PendingState
from store.tables import Pending

RULE = "confirmed"
_WORD = "confirm"
_LINE = 300  # characters of a command in the question


def ask(scene: Scene, waiting: Plan, writes: Writes, body: Mapping[str, Any] | None = None) -> str:
    """Keep what waits, and ask its author; returns what was done, for the reason of the decision."""
    author, case = scene.author, scene.case
    if refusal := answers_to.refusal(author, case, scene.ticket):
        return f"No question whether to do it: {refusal}."
    kept = {name: value for act in waiting.acts for name, value in (act.keep or {}).items()}
    commands = [(order.word, order.argument) for order in waiting.orders]
    pending_id = keep(writes, scene, commands, {"kept": kept, **(body or {})})
    pairs = zip(waiting.orders, waiting.acts, strict=True)
    lines = [line for order, act in pairs for line in (act.preview or (_line(order),))]
    context = {"pending": pending_id, "lines": lines, "reference": case.mail.message.message_id}
    first = answers_to.is_first(author, case)
    notices.letter(writes, "confirm", author, case.now, ticket=scene.ticket, context=context, first_receipt=first)
    answers_to.count(author, case, scene.ticket)
    return "What it asks for waits for a “confirm”."


def _line(order: Order) -> str:
    """As it was written, in the words of the reader's own language where the label is one of ours."""
    if order.filled_in:
        return say("{label}: {value}", label=say(order.word), value=order.argument[: _LINE - len(order.word) - 2])
    return f"#{order.word} {order.argument}".strip()[:_LINE]


def answered(case: Case) -> PendingState | None:
    """What a mail confirms: it came to the address of a question, from whom was asked, with that one word."""
    tokens = (recipient.token for recipient in case.mail.recipients)
    ids = [token.person_id for token in tokens if token and token.kind == "confirm"]
    found = next((case.view.more.pending[i] for i in ids if i in case.view.more.pending), None)
    if found is None or not _is_theirs(found, case):
        return None
    text = case.mail.message.reply.strip() or case.mail.message.text.strip()
    alone = plain.one_word(text, case.rules.words, who.names_in(case))
    if not found.ticket_id and any(not file.inline for file in case.mail.message.attachments):
        return None  # there is no place for its files but a ticket
    return found if alone is not None and alone.word == _WORD else None


def _is_theirs(pending: PendingState, case: Case) -> bool:
    if address := pending.body.get("address"):  # asked at an address that is to become theirs
        return bool(case.mail.sender == address)
    if pending.staff_id is not None:
        return case.staff is not None and case.staff.id == pending.staff_id
    return case.contact is not None and case.contact.id == pending.contact_id


def scene_of(pending: PendingState, case: Case) -> Scene | None:
    """The mail as it was, with the desk as it is today; None when its author or ticket is gone."""
    author: ContactState | StaffState | None = case.staff if pending.staff_id else case.contact
    if pending.body.get("address"):
        author = case.view.people.get(pending.contact_id or 0)
    ticket: TicketState | None = case.view.ticket(pending.ticket_id) if pending.ticket_id else None
    if ticket is not None and ticket.id != pending.ticket_id:
        return None  # it was merged into another one since, where other people take part
    if author is None or (pending.ticket_id and ticket is None):
        return None
    fields = tuple((str(label), str(value)) for label, value in pending.body.get("fields", ()))
    words = str(pending.body.get("words", ""))
    role: Role = access.role_of(author.person, ticket.view) if ticket else "stranger"
    entry = int(pending.body.get("entry", 0))
    opens = bool(pending.body.get("opens"))
    kept = pending.body.get("kept", {})
    return Scene(case, author, role, ticket, words, fields, opens=opens, confirmed=True, entry=entry, kept=kept)


def plan_again(pending: PendingState, scene: Scene, who: Who) -> Plan:
    """Checked anew: what was right yesterday need not be so today."""
    known = answering.known(who, scene.case.rules.catalogue)
    orders = tuple(
        Order(word, argument, f"#{word} {argument}".strip(), filled_in=word in known and known[word].label == word)
        for word, argument in pending.commands
    )
    made = plan.make(scene, Asked(orders, scene.words), known, scene.case.rules.words)
    return replace(made, hints=()) if not made.acts else made


def close(pending: PendingState, case: Case, writes: Writes) -> None:
    """It is done, and a second “confirm” does nothing."""
    case.view.more.pending[pending.id] = replace(pending, done=True)
    # What was kept of a file is people's data, and of no more use.
    writes.change(Pending, pending.id, done_at=case.now, body=dict(pending.body) | {"kept": {}})


def why_not(pending: PendingState, case: Case) -> str:
    """A sentence when it is too late, or done already; "" when it can be done."""
    if pending.done:
        return say("It was confirmed before, and done then.")
    if pending.expires_at < case.now:
        return say("The question was asked more than 24 hours ago. Nothing was done: write again what you want.")
    return ""


def decision(case: Case, pending: PendingState) -> Decision:
    """The mail becomes no note: it is the answer to a question of ours."""
    return Decision("answered", RULE, "It confirms what an earlier mail asked for.", ticket_id=pending.ticket_id)
