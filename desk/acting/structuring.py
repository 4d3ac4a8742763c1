"""What staff do with several tickets: merge them, link them, make a note a ticket, open a task."""

from collections.abc import Sequence
from functools import partial

from desk import alerts, known, lane, lane_notes, load, notices, reading, statuses, structure
from desk.acting.lane import entry_of
from desk.acting.rules import Refused
from desk.acting.stage import Stage
from desk.acting.working import must_live
from desk.clean import clean
from desk.lane_notes import Entry
from desk.said import say
from desk.state import AtDesk, ContactState, TicketState
from desk.tickets import TITLE_LENGTH, Note


def merge(stage: Stage, number: str) -> TicketState:
    """End the ticket: its matter goes on in another one, which is returned."""
    must_live(stage)
    ticket, named = stage.ticket, _number(stage, number, "merge")
    survivor = _loaded(stage, named, "merge")
    has_tasks = bool(stage.known.children.get(ticket.id))
    if why := structure.no_merge(ticket, survivor, named, has_tasks=has_tasks):
        raise Refused(say("{Why}", Why=why), "merge")
    for child in stage.known.children.pop(ticket.id, ()):
        structure.move_child(stage.writes, child.id, stage.tickets.get(child.id), survivor)
        stage.known.children.setdefault(survivor.id, []).append(child)
    for entry in lane_notes.waiting(stage.session, [ticket.id]).get(ticket.id, ()):
        structure.move_entry(stage.writes, entry.id, survivor)
    changes = structure.merge(stage.writes, ticket, survivor, stage.member, stage.now, stage.desk.rules.fold)
    alerts.changed(stage.writes, ticket, changes, stage.tickets, stage.known, stage.people, stage.now)
    _read(stage)
    return survivor


def _number(stage: Stage, text: str, field: str) -> str:
    numbers = stage.desk.rules.numbers
    found = numbers.only(text)
    if not found:
        raise Refused(say("Enter the number of a ticket, like {number}.", number=numbers.example), field)
    return found


def _loaded(stage: Stage, number: str, field: str) -> TicketState:
    """The ticket of a number, or the one it lives on in; locked like the ticket at hand."""
    found = load.tickets(stage.session, (), {number}, levels=stage.desk.rules.levels, lock=True)
    named = next((ticket.id for ticket in found.values() if ticket.number == number), 0)
    found |= {stage.ticket.id: stage.ticket}
    survivor = load.survivor(named, found)
    if survivor is None:
        raise Refused(say("There is no ticket {number}.", number=number), field)
    load.see_below(stage.session, (), found.values())
    for ticket_id, ticket in found.items():
        stage.tickets.setdefault(ticket_id, ticket)
    return survivor


def link(stage: Stage, number: str, *, remove: bool = False) -> None:
    """The two have to do with each other; or, with `remove`, nothing any more."""
    must_live(stage)
    ticket, named = stage.ticket, _number(stage, number, "link")
    other = _loaded(stage, named, "link")
    known.links(stage.session, [ticket.id], stage.known)
    if remove:  # a link to a ticket that was merged since stands under the number that it had
        other = next((one for one in stage.tickets.values() if one.number == named and _is_linked(stage, one)), other)
    if other.id == ticket.id:
        raise Refused(say("A ticket cannot be linked to itself."), "link")
    linked = _is_linked(stage, other)
    if linked and not remove:
        raise Refused(say("{number} is linked to this ticket already.", number=other.number), "link")
    if remove and not linked:
        raise Refused(say("{number} is not linked to this ticket.", number=other.number), "link")
    if remove:
        structure.unlink(stage.writes, ticket, other.id)
    else:
        structure.link(stage.writes, ticket, other.id, "related", stage.now)
    what = "link removed" if remove else "linked to"
    structure.history(stage.writes, ticket, stage.member, {what: ["", other.number]}, stage.now)
    _read(stage)


def _is_linked(stage: Stage, other: TicketState) -> bool:
    return bool({(stage.ticket.id, other.id), (other.id, stage.ticket.id)} & stage.known.links)


def child(stage: Stage, title: str) -> TicketState:
    """A task of the ticket, which stays open until it is done."""
    must_live(stage)
    ticket, title = stage.ticket, _title(title, "task")
    taken = [one.number for one in stage.known.children.get(ticket.id, ())]
    if why := structure.no_child(ticket, taken):
        raise Refused(say("{Why}", Why=why), "task")
    if statuses.is_done(ticket.status):
        raise Refused(say("The ticket is {status}. Reopen it first.", status=say(ticket.status)), "task")
    number = structure.child_number(ticket, taken)
    made, event_id = structure.open_child(stage.writes, ticket, title, number, stage.member, stage.now)
    hint = say("It is a task of {number}: {title}", number=ticket.number, title=ticket.title)
    _tell(stage, made, event_id, hint)
    _read(stage)
    return made


def split(stage: Stage, entry_id: int, title: str) -> TicketState:
    """A customer's note becomes a ticket of its author's; it has its number once the stage is finished."""
    must_live(stage)
    entry, author = entry_of(stage, entry_id)
    if lane.SPLIT in entry.changes:
        raise Refused(say("The note is a ticket of its own already."))
    title = _title(title, "split_title")
    team = next((team for team in stage.teams.values() if team.id == stage.ticket.team_id), None)
    theirs = _note(stage, entry, author)
    made, event_id = structure.split(stage.writes, stage.ticket, author, title, theirs, team, stage.now)
    shown = author.address or author.name
    structure.history(stage.writes, stage.ticket, stage.member, {"split": ["", shown]}, stage.now)
    if entry.visibility == "pending":
        lane.take_away(stage.writes, entry.id)
    notices.letter(
        stage.writes, "received", author, stage.now, ticket=made, event_id=event_id, first_receipt=not author.known,
        context={"echo": author.known, "reference": "", "notes": []},
    )  # fmt: skip
    stage.fresh.append(made)
    _tell(stage, made, event_id)
    _read(stage)
    return made


def _note(stage: Stage, entry: Entry, author: ContactState) -> Note:
    """The same words and files, as the first entry of the other ticket."""
    return Note(
        author,
        entry.text,
        entry.at,
        verified=entry.verified,
        folded=entry.folded,
        html=entry.html,
        files=tuple(lane_notes.files(stage.session, [entry.id]).get(entry.id, ())),
        received_id=entry.received_id,
    )


def _title(text: str, field: str) -> str:
    title = " ".join(clean(text).split())
    if not title:
        raise Refused(say("Enter a title"), field)
    if len(title) > TITLE_LENGTH:
        raise Refused(say("Title must be {n} characters or fewer", n=TITLE_LENGTH), field)
    return title


def _tell(stage: Stage, made: TicketState, event_id: int, *hints: str) -> None:
    """The desk hears of a new ticket; the author too: the letter says its number, and can be answered."""
    people: Sequence[AtDesk] = notices.staff_of(made, stage.teams, stage.staff, stage.member)
    stage.after.append(partial(_write, stage, made, event_id, [stage.member, *people], list(hints)))


def _write(
    stage: Stage, made: TicketState, entry: int, people: Sequence[AtDesk], hints: list[str], _event_id: int
) -> None:
    for member in people:
        notices.note_to_staff(stage.writes, "new_ticket", member, stage.now, made, entry, {"hints": hints})


def _read(stage: Stage) -> None:
    reading.has_read(stage.writes, stage.ticket, stage.member, stage.now)
