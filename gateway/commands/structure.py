"""Commands about several tickets: #merge, #link, #split, #child."""

from collections.abc import Sequence

from desk import access, lane, lane_notes, notices, statuses, structure
from desk.alerts import changed
from desk.known import ChildState
from desk.lane_notes import Entry
from desk.numbers import Numbers
from desk.said import SPACE, both, listed, say
from desk.state import ContactState, StaffState, TicketState
from desk.tickets import Note
from gateway.commands import lane as notes
from gateway.commands.spec import Act, Doing, Fault, Scene, Spec
from gateway.subject import bare

_NO_NUMBER = say("The ticket has no number yet. Send the command again in a minute.")


# #merge


def _merge(scene: Scene, argument: str) -> Act | Fault:
    ticket = scene.ticket
    assert ticket is not None  # noqa: S101 - for the type checker: the spec asks for one
    if scene.opens:
        return Fault(say("#merge stands in a reply to the ticket that ends, not in a new mail."))
    numbers = scene.case.rules.numbers
    number = numbers.only(argument)
    if not number:
        told = {"text": argument, "number": numbers.example}
        return Fault(say("“#merge {text}”: it needs the number of one ticket, like #merge {number}.", **told))
    survivor = _named(scene, number)
    if isinstance(survivor, Fault):
        return survivor
    if fault := _cannot_merge(scene, ticket, survivor, number):
        return fault
    says = _merged(structure.joining(ticket, survivor), survivor.number, number)
    return Act(says, lambda doing: _do_merge(doing, survivor))


def _named(scene: Scene, number: str) -> TicketState | Fault:
    """The ticket of a number, or the one it lives on in."""
    ticket_id = scene.case.view.by_number.get(number)
    ticket = scene.case.view.ticket(ticket_id) if ticket_id else None
    return ticket or Fault(say("There is no ticket {number}.", number=number))


def _cannot_merge(scene: Scene, ticket: TicketState, survivor: TicketState, number: str) -> Fault | None:
    has_tasks = bool(scene.case.view.more.children.get(ticket.id))
    why = structure.no_merge(ticket, survivor, number, has_tasks=has_tasks)
    if not why and not (ticket.number and survivor.number):
        why = _NO_NUMBER
    return Fault(say("#merge: {why}", why=why)) if why else None


def _merged(people: structure.Joining, goal: str, named: str) -> str:
    """Who was not added is named, so that staff can decide."""
    said = [say("The ticket was merged into {number}.", number=goal)]
    if goal != named:
        said = [say("The ticket was merged into {number}, where {named} lives on.", number=goal, named=named)]
    unseen, removed = (
        ", ".join(person.address or person.name for person in who) for who in (people.unseen, people.removed)
    )
    if unseen:
        why = say("Not added, because they may not see it: {names}; #cc +address adds them.", names=unseen)
        said.append(why)
    if removed:
        why = say(
            "Not added, because they were removed from it before: {names}; #cc +address adds them.", names=removed
        )
        said.append(why)
    return listed(said, SPACE)


def _do_merge(doing: Doing, survivor: TicketState) -> None:
    scene, ticket, case = doing.scene, doing.ticket, doing.scene.case
    known = case.view.more
    for child in known.children.pop(ticket.id, ()):
        structure.move_child(doing.writes, child.id, case.view.tickets.get(child.id), survivor)
        known.children.setdefault(survivor.id, []).append(child)
    waiting = list(notes.waiting(scene))
    for entry in waiting:
        structure.move_entry(doing.writes, entry.id, survivor)
    lane_notes.settle(known.lane, known.told, {entry.id for entry in waiting}, ticket_id=survivor.id)
    known.lane.setdefault(survivor.id, []).extend(waiting)
    changes = structure.merge(doing.writes, ticket, survivor, _staff(scene), case.now, case.rules.fold)
    changed(doing.writes, ticket, changes, case.view.tickets, known, case.view.people, case.now)


def _staff(scene: Scene) -> StaffState:
    if not isinstance(scene.author, StaffState):
        raise RuntimeError("a command of staff was done for somebody else")
    return scene.author


# #link


def _link(scene: Scene, argument: str) -> Act | Fault:
    ticket = scene.ticket
    assert ticket is not None  # noqa: S101 - for the type checker: the spec asks for one
    numbers = scene.case.rules.numbers
    named, rest = _signed(argument, numbers)
    if not named or rest.strip(" ,;+[]"):
        told = {"text": argument, "number": numbers.example}
        return Fault(say("“#link {text}”: it needs the number of a ticket, like #link {number}.", **told))
    added, removed = list[TicketState](), list[TicketState]()
    for minus, number in dict.fromkeys(named):
        other = _named(scene, number)
        if isinstance(other, Fault):
            return other
        if other.id == ticket.id:
            return Fault(say("#link: a ticket cannot be linked to itself."))
        pairs = {(ticket.id, other.id), (other.id, ticket.id)} & scene.case.view.more.links
        if bool(pairs) != minus:
            state = say("#link: {number} is linked to this ticket already.", number=other.number)
            if minus:
                state = say("#link: {number} is not linked to this ticket.", number=other.number)
            return Fault(state)
        (removed if minus else added).append(other)
    linked = say("It is linked to {numbers}.", numbers=_numbers(added)) if added else ""
    unlinked = say("It is no longer linked to {numbers}.", numbers=_numbers(removed)) if removed else ""
    return Act(both(linked, unlinked), lambda doing: _do_link(doing, added, removed))


def _signed(argument: str, numbers: Numbers) -> tuple[list[tuple[bool, str]], str]:
    """The numbers in it, each with whether a minus stands before it; and what else it says."""
    named, rest, behind = [], "", 0
    for number, start, end in numbers.spans(argument):
        before = argument[behind:start]
        minus = before.rstrip().endswith("-")
        named.append((minus, number))
        rest, behind = rest + (before.rstrip()[:-1] if minus else before), end
    return named, rest + argument[behind:]


def _numbers(tickets: Sequence[TicketState]) -> str:
    return ", ".join(ticket.number for ticket in tickets)


def _do_link(doing: Doing, added: Sequence[TicketState], removed: Sequence[TicketState]) -> None:
    scene, ticket, case = doing.scene, doing.ticket, doing.scene.case
    links = case.view.more.links
    for other in added:
        structure.link(doing.writes, ticket, other.id, "related", case.now)
        links.add((ticket.id, other.id))
    for other in removed:
        structure.unlink(doing.writes, ticket, other.id)
        links.difference_update({(ticket.id, other.id), (other.id, ticket.id)})
    changes = {"linked to": ["", _numbers(added)]} if added else {}
    changes |= {"link removed": ["", _numbers(removed)]} if removed else {}
    structure.history(doing.writes, ticket, _staff(scene), changes, case.now)


# #child


def _child(scene: Scene, argument: str) -> Act | Fault:
    ticket = scene.ticket
    assert ticket is not None  # noqa: S101 - for the type checker: the spec asks for one
    if not argument:
        return Fault(say("#child needs a title, like #child Order the switch."))
    if not ticket.number:
        return Fault(say("#child: {why}", why=_NO_NUMBER))
    if statuses.is_done(ticket.status):
        return Fault(say("#child: the ticket is {status}. Send #reopen first.", status=say(ticket.status)))
    taken = (child.number for child in scene.case.view.more.children.get(ticket.id, ()))
    if why := structure.no_child(ticket, taken):
        return Fault(say("#child: {why}", why=why))
    title = " ".join(argument.split())
    # What is said beside it is for the desk: customers do not hear of tasks.
    says = say("The ticket has a new task: {title}.", title=title)
    return Act(says, lambda doing: _do_child(doing, title), tell=False, internal=True)


def _next_child(scene: Scene, ticket: TicketState) -> str:
    taken = scene.case.view.more.children.get(ticket.id, ())
    return structure.child_number(ticket, (child.number for child in taken))


def _do_child(doing: Doing, title: str) -> None:
    scene, ticket, case = doing.scene, doing.ticket, doing.scene.case
    number = _next_child(scene, ticket)
    if not number:
        return  # an earlier line of the same mail took the last one
    child, event_id = structure.open_child(doing.writes, ticket, title, number, _staff(scene), case.now)
    _new(doing, child, event_id, say("It is a task of {number}: {title}", number=ticket.number, title=ticket.title))
    case.view.by_number[number] = child.id
    case.view.more.children.setdefault(ticket.id, []).append(ChildState(child.id, number, child.status))


def _new(doing: Doing, made: TicketState, event_id: int, *hints: str) -> None:
    """The desk hears of a new ticket; the author too: the letter says its number, and can be answered."""
    case, author = doing.scene.case, _staff(doing.scene)
    case.view.tickets[made.id] = made
    people = notices.staff_of(made, case.view.teams, case.view.staff, author)

    def tell(_: int) -> None:
        for member in (author, *people):
            notices.note_to_staff(doing.writes, "new_ticket", member, case.now, made, event_id, {"hints": list(hints)})

    doing.after.append(tell)


# #split


def _split(scene: Scene, argument: str) -> Act | Fault:
    if scene.opens:
        return Fault(say("#split stands in a reply to the letter about a note, not in a new mail."))
    entry = _to_split(scene)
    if isinstance(entry, Fault):
        return entry
    author = notes.author_of(scene, entry)
    if author is None or entry.kind != "note":
        nobody = say("#split: no customer wrote what your mail answers. Answer the letter about a customer's note.")
        return Fault(nobody)
    title = " ".join(argument.split()) or _title(scene, entry, author)
    says = say("The note of {name} is a ticket of its own now.", name=notes.shown(scene, entry))
    keep = {notes.kept_as("split", ""): [entry.id]} if entry.visibility == "pending" else None
    return Act(says, lambda doing: _do_split(doing, entry, author, title), tell=False, keep=keep)


def _to_split(scene: Scene) -> Entry | Fault:
    """The note that the letter told of, whether it waits or not; else the only one that waits."""
    letter = notes.answered(scene)
    if letter is not None and letter.several:
        return Fault(say("#split: the letter tells of several notes. Answer one that tells of the note alone."))
    if letter is not None and lane.SPLIT in letter.changes:
        return Fault(say("#split: the note that your mail answers is a ticket of its own already."))
    if letter is not None and letter.contact_id is not None:
        return letter
    if letter is None and not notes.waiting(scene):
        return Fault(say("#split: it is not clear which note is meant. Answer the letter about that note."))
    found = notes.find(scene, "", "split")
    return found if isinstance(found, Fault) else found[0]


def _title(scene: Scene, entry: Entry, author: ContactState) -> str:
    """The subject of their own mail; that of the ticket is not for everybody who writes to it."""
    ticket = scene.ticket
    may_see = ticket is not None and access.may_see(author.person, ticket.view)
    return bare(entry.subject, scene.case.rules.numbers) or (ticket.title if ticket is not None and may_see else "")


def _do_split(doing: Doing, entry: Entry, author: ContactState, title: str) -> None:
    scene, ticket, case = doing.scene, doing.ticket, doing.scene.case
    known = case.view.more
    team = next((team for team in case.view.teams.values() if team.id == ticket.team_id), None)
    theirs = Note(
        author,
        entry.text,
        entry.at,
        verified=entry.verified,
        folded=entry.folded,
        html=entry.html,
        files=tuple(known.enclosed.get(entry.id, ())),
        received_id=entry.received_id,
    )
    made, event_id = structure.split(doing.writes, ticket, author, title, theirs, team, case.now)
    structure.history(doing.writes, ticket, _staff(scene), {"split": ["", notes.shown(scene, entry)]}, case.now)
    if entry.visibility == "pending":
        lane.take_away(doing.writes, entry.id)
        lane_notes.settle(known.lane, known.told, {entry.id}, visibility="internal", changes=lane.TAKEN_AWAY)
    context = {"echo": author.known, "reference": "", "notes": []}
    first = not author.known
    notices.letter(
        doing.writes, "received", author, case.now, ticket=made, event_id=event_id, context=context, first_receipt=first
    )
    _new(doing, made, event_id)


COMMANDS: tuple[Spec, ...] = (
    Spec(
        "merge", ("staff",), say("#merge T20190409.0967"), say("Ends this ticket: it goes on in the one named."), _merge
    ),
    Spec(
        "link", ("staff",), say("#link T20190409.0967"), say("Links another ticket; #link -T… removes the link."), _link
    ),
    Spec(
        "child", ("staff",), say("#child title"), say("Opens a task; the ticket stays open until it is done."), _child
    ),
    Spec(
        "split",
        ("staff",),
        say("#split title"),
        say("Makes the note that you answer a ticket of its author's."),
        _split,
    ),
)
