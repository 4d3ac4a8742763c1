"""A mail from staff to a ticket: an answer to the customer, or an internal note; and the commands in it."""

from dataclasses import replace

from desk import access, audit, notices, reading, tickets
from desk.notes import NOTE_LENGTH
from desk.said import say
from desk.state import StaffState, TicketState
from desk.tickets import Note
from desk.writes import Writes
from gateway import confirm, left_out, performing, staff_safety, who
from gateway.case import Case, Decision
from gateway.commands import asked, plan, registry
from gateway.commands.asked import Asked
from gateway.commands.plan import Plan
from gateway.commands.spec import Doing, Scene
from gateway.own_words import Told, own_words
from gateway.staff_safety import NOTHING_DONE, Said
from gateway.subject import is_forward

NOT_YOURS = (
    say("Your text is kept as an internal note: it did not come as an answer to your own letter."),
    say("To write to the customer, reply to the letter that Postdesk sent to you, or put #reply above your words."),
)
PASSED_ON = (say("Your text is kept as an internal note: a forwarded letter never goes to the customer."),)


def apply(decision: Decision, case: Case, writes: Writes, entry: Note) -> Decision:
    """Public only from one's own letter, unforwarded, and with every command understood; otherwise internal."""
    ticket = case.view.ticket(decision.ticket_id) if decision.ticket_id else None
    author = decision.staff
    if ticket is None or author is None:
        raise RuntimeError(f"the decision {decision.rule} names no ticket, or nobody of the staff")
    entry = replace(entry, author=author)
    # From the whole text, not from what fits into a note: a #note at the end of a long mail counts too.
    known = registry.of("staff")
    said = asked.of_staff(
        case.text, case.rules.words, known, new=False, names=who.names_in(case), glance=case.mail.asks.words
    )
    if case.mail.wish:
        said = Asked(words=case.text)  # a person filed the mail: its words are kept, and nothing of it is done
    if case.sure:
        reading.has_read(writes, ticket, author, case.now)
    role = access.role_of(author.person, ticket.view)
    scene = Scene(case, author, role, ticket, said.words)
    planned = plan.make(scene, said, known, case.rules.words)
    inside = _stays_inside(decision, case, ticket, planned)
    told = case.view.told.get(ticket.id, Told()).to(author.id)
    own = said.words if inside else own_words(said.words, told, case.rules.numbers)
    marks, numbers = _marks(ticket, case), case.rules.numbers
    taken_apart = Said(case.mail.message, planned, said.words, own, said.astray, told, marks, inside, numbers)
    hindrance = [*planned.faults, NOTHING_DONE] if planned.faults else staff_safety.hindrance(taken_apart)
    if hindrance:
        # The whole text is kept as it came, commands and all: nothing of it was done.
        return _keep_inside(decision, case, writes, ticket, entry, hindrance)
    scene = replace(scene, words="\n".join(filter(None, [planned.note_words, own])).strip())
    if planned.acts and not case.sure:
        return _wait(decision, scene, writes, entry, planned)
    doing = performing.perform(planned, scene, writes, inside=inside)
    entry = _worded(replace(entry, visibility="internal" if inside else "public"), scene.words)
    return _write_down(decision, scene, writes, entry, planned, doing)


def _marks(ticket: TicketState, case: Case) -> tuple[str, ...]:
    return left_out.marks(ticket, case.addresses)


def _stays_inside(decision: Decision, case: Case, ticket: TicketState, planned: Plan) -> bool:
    if planned.internal or case.mail.wish or is_forward(case.mail.message.subject) or _goes_elsewhere(case, ticket):
        return True
    return not planned.public and (decision.write != "reply" or _answers_inside(decision))


def _worded(entry: Note, words: str) -> Note:
    """With the words as they stand without the commands. What a public answer quotes is a letter to staff: it may
    show internal notes, so nothing of it goes along; the mail itself is kept."""
    cut = len(words) > NOTE_LENGTH
    text = words[: NOTE_LENGTH - 1] + "…" if cut else words
    if entry.visibility == "public":
        return replace(entry, text=text, folded=words if cut else "", html="")
    return replace(entry, text=text, folded=entry.folded or (words if cut else ""))


def _goes_elsewhere(case: Case, ticket: TicketState) -> bool:
    """True when it was handed on to another desk address of ours."""
    named = (case.addresses.find(mailbox.address) for mailbox in case.mail.message.to)
    return any(found and not found.token and found.desk.address != ticket.desk_address for found in named)


def _answers_inside(decision: Decision) -> bool:
    """True for an answer to a letter that said “Your reply stays internal”."""
    chosen = decision.match.chosen
    return chosen is not None and chosen.token is not None and chosen.token.internal


def _write_down(decision: Decision, scene: Scene, writes: Writes, entry: Note, planned: Plan, doing: Doing) -> Decision:
    case, ticket = scene.case, doing.ticket
    has_words = bool(entry.text or entry.files)
    if has_words and entry.visibility == "public" and "status" not in doing.changes:
        doing.changes |= tickets.staff_answered(writes, ticket, case.now)
    entry = replace(entry, changes=dict(doing.changes))
    event_id: int | None = None
    if has_words or entry.changes:
        entry = entry if has_words else replace(entry, kind="change", folded="", html="")
        event_id = _keep(doing, writes, entry, has_words=has_words)
    if event_id or doing.after:
        performing.finish(doing, event_id or 0)
    if event_id is None and any(act.proof and not act.answers for act in planned.acts):
        audit.note(writes, "ticket.touched", "ticket", ticket.id)
    performing.report(scene, planned, _why_inside(decision, scene, planned, entry), writes, event_id)
    if case.mail.refused_files:
        performing.answer(scene, "partly_refused", case.mail.refused_files, writes, event_id)
    if has_words:
        return decision
    return replace(decision, kind="answered", reason=_what_was_done(planned, doing, event_id))


def _keep(doing: Doing, writes: Writes, entry: Note, *, has_words: bool) -> int:
    """The entry; where its words are internal and its change is not, the change stands beside it for customers."""
    shown = {name: pair for name, pair in entry.changes.items() if name in notices.TOLD}
    if entry.visibility == "public" or not shown or doing.ticket.spam:  # nobody hears of spam
        event_id = tickets.note(writes, doing.ticket, entry)
        _tell(doing, writes, entry, event_id, has_words=has_words)
        return event_id
    hidden = {name: pair for name, pair in entry.changes.items() if name not in shown}
    if has_words or hidden:
        tickets.note(writes, doing.ticket, replace(entry, changes=hidden))
    change = Note(entry.author, "", entry.at, kind="change", changes=shown, received_id=entry.received_id)
    event_id = tickets.note(writes, doing.ticket, change)
    _tell(doing, writes, change, event_id, has_words=False)
    return event_id


def _what_was_done(planned: Plan, doing: Doing, event_id: int | None) -> str:
    if event_id or doing.after or any(act.tell for act in planned.acts):
        return f"Only commands, which were done: {planned.names}."
    return "Nothing to do: it was so already."


def _tell(doing: Doing, writes: Writes, entry: Note, event_id: int, *, has_words: bool) -> None:
    """Customers hear of a public entry; whom staff put into Cc of an answer takes part from now on."""
    scene, case, ticket = doing.scene, doing.scene.case, doing.ticket
    if entry.visibility != "public":
        return
    people, _ = who.named(case, writes, case.mail.message.cc, sure=True)
    if has_words or notices.TOLD & entry.changes.keys():
        performing.tell_added(doing, tickets.add_people(writes, ticket, people, case.now), event_id)
        fold, told = case.rules.fold, doing.told
        notices.update(
            writes, ticket, event_id, case.now, author=scene.author, has_words=has_words, fold=fold, told=told
        )


def _why_inside(decision: Decision, scene: Scene, planned: Plan, entry: Note) -> tuple[str, ...]:
    """Where somebody may have meant the customer, they hear that the customer reads nothing of it."""
    ticket = scene.ticket
    if not entry.text or entry.visibility == "public" or planned.internal or ticket is None:
        return ()
    if is_forward(scene.case.mail.message.subject) or _goes_elsewhere(scene.case, ticket):
        return PASSED_ON
    return NOT_YOURS if decision.write != "reply" else ()


def _wait(decision: Decision, scene: Scene, writes: Writes, entry: Note, planned: Plan) -> Decision:
    """Nothing proves that it is from staff: the words stay inside, and what they ask for waits for a “confirm”."""
    assert scene.ticket is not None  # noqa: S101 - for the type checker: the caller has one
    event_id = tickets.note(writes, scene.ticket, replace(entry, visibility="internal"))
    asked_for = confirm.ask(scene, planned, writes, {"entry": event_id})
    return replace(decision, reason=f"{decision.reason} {asked_for}")


def _keep_inside(
    decision: Decision, case: Case, writes: Writes, ticket: TicketState, entry: Note, lines: list[str]
) -> Decision:
    event_id = tickets.note(writes, ticket, replace(entry, visibility="internal"))
    author = entry.author
    if isinstance(author, StaffState):
        scene = Scene(case, author, "staff", ticket, entry.text)
        performing.answer(scene, "not_done", lines, writes, event_id)
    return replace(decision, reason=f"{decision.reason} Kept inside: {lines[0]}")
