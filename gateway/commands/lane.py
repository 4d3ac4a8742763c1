"""What waits for staff: notes of people who do not take part; #approve lets them in, #split makes a ticket of one."""

from collections.abc import Sequence

from desk import lane, lane_notes
from desk.lane_notes import Entry
from desk.said import Said, both, say, say_many
from desk.state import ContactState
from gateway.commands.spec import Act, Doing, Fault, Scene, Spec
from gateway.view import outbox_id, references

_SILENTLY = frozenset({"silently", "silent", "quietly", "quiet", "only"})
_NONE = say("No note waits on this ticket.")
_SETTLED = say("The note that your mail answers does not wait any more.")
_NAMED = 5  # authors that a sentence names


def answered(scene: Scene) -> Entry | None:
    """The entry that the letter told of which this mail answers; it is one of this ticket."""
    case = scene.case
    ours = (outbox_id(named) for named in references(case.mail.message) if case.addresses.token_of(named))
    entry = case.view.more.told.get(next(ours, 0))
    # The number of a letter in a Message-ID is not signed: an entry of another ticket is none of this mail's business.
    if entry is None or scene.ticket is None or case.view.ticket(entry.ticket_id) is not scene.ticket:
        return None
    return entry


def waiting(scene: Scene) -> Sequence[Entry]:
    """The notes that wait on this ticket."""
    return scene.case.view.more.lane.get(scene.ticket.id, []) if scene.ticket else []


def find(scene: Scene, named: str, command: str) -> list[Entry] | Fault:
    """Which notes are meant: those of the person named, the one that the letter told of, else the only one."""
    notes, letter = waiting(scene), answered(scene)
    if chosen := scene.kept.get(kept_as(command, named)):  # what was meant when it was asked to confirm
        return [note for note in notes if note.id in chosen] or _fault(command, _NONE)
    if named:
        return _of(scene, notes, named, command)
    if letter is not None and any(letter.id == note.id for note in notes):
        return [note for note in notes if note.id == letter.id]
    if letter is not None and letter.waited:
        # Not the next best: it would show a note that nobody has read.
        return _fault(command, _SETTLED)
    if len(notes) == 1:
        return [notes[0]]
    return _fault(command, _too_many(scene, notes, command) if notes else _NONE)


def _fault(command: str, why: str) -> Fault:
    return Fault(say("#{command}: {why}", command=command, why=why))


def kept_as(command: str, named: str) -> str:
    """Under which name the notes that a command means are kept until it is confirmed."""
    return f"{command} {named}".strip()


def _of(scene: Scene, notes: Sequence[Entry], named: str, command: str) -> list[Entry] | Fault:
    if named.casefold() == "all" and notes:
        return list(notes)
    wanted = named.strip("<>").casefold()
    authors = lane_notes.by_author([note for note in notes if wanted in _names(scene, note)])
    if len(authors) == 1:
        return next(iter(authors.values()))
    if not notes:
        return _fault(command, _NONE)
    why = _too_many(scene, notes, command)
    return Fault(say("“#{command} {name}”: {why}", command=command, name=named, why=why))


def _names(scene: Scene, note: Entry) -> set[str]:
    person = author_of(scene, note)
    known = {note.author, *note.author.split(), *((person.address, person.name) if person else ())}
    return {name.casefold() for name in known}


def _too_many(scene: Scene, notes: Sequence[Entry], command: str) -> str:
    authors = [shown(scene, found[0]) for found in lane_notes.by_author(notes).values()]
    names: str = ", ".join(authors[:_NAMED])
    if len(authors) > _NAMED:
        names = say("{names} and {n} more", names=names, n=len(authors) - _NAMED)
    count = say_many("One note waits, from {names}.", "{n} notes wait, from {names}.", len(notes), names=names)
    if command == "approve":
        return both(count, say("Write #approve and an address, or #approve all."))
    return both(count, say("Write #{command} and an address.", command=command))


def author_of(scene: Scene, note: Entry) -> ContactState | None:
    """Who wrote it, where that is a contact."""
    return scene.case.view.people.get(note.contact_id or 0)


def shown(scene: Scene, note: Entry) -> str:
    """The author as staff read it: the address, because a name can be anybody's."""
    person = author_of(scene, note)
    return (person.address or person.name) if person else note.author


def _approve(scene: Scene, argument: str) -> Act | Fault:
    words = argument.split()
    silently = any(word.casefold() in _SILENTLY for word in words)
    named = " ".join(word for word in words if word.casefold() not in _SILENTLY)
    notes = find(scene, named, "approve")
    if isinstance(notes, Fault):
        return notes
    people = {person.id: person for note in notes if (person := author_of(scene, note))}
    if len(people) != len(lane_notes.by_author(notes)):
        return Fault(say("#approve: the note has no author who can be let in."))
    keep = {kept_as("approve", named): [note.id for note in notes]}
    says = _says(scene, notes, list(people.values()), silently)
    return Act(says, lambda doing: _show(doing, notes, silently), keep=keep)


def _says(scene: Scene, notes: Sequence[Entry], people: Sequence[ContactState], silently: bool) -> Said:
    names = ", ".join(person.address or person.name for person in people)
    if silently or scene.ticket is None or not any(lane.may_join(scene.ticket, person) for person in people):
        return say_many(
            "The note of {names} is shown to all who take part. Nobody was added.",
            "{n} notes of {names} are shown to all who take part. Nobody was added.",
            len(notes),
            names=names,
        )
    join = say_many("{names} takes part from now on", "{names} take part from now on", len(people), names=names)
    return say_many(
        "The note of {names} is shown to all who take part, and {join}.",
        "{n} notes of {names} are shown to all who take part, and {join}.",
        len(notes),
        names=names,
        join=join,
    )


def _show(doing: Doing, notes: Sequence[Entry], silently: bool) -> None:
    scene, ticket, case = doing.scene, doing.ticket, doing.scene.case
    still = {note.id for note in waiting(scene)}
    for note in notes:
        author = author_of(scene, note)
        if author is None or note.id not in still:
            continue  # an earlier line of the same mail was about it
        if not silently and lane.may_join(ticket, author):
            lane.let_in(doing.writes, ticket, author, scene.author.name, case.now)
        rules = case.rules
        lane.show(doing.writes, ticket, note.id, author, case.now, reopen_days=rules.reopen_days, fold=rules.fold)
    known = case.view.more
    lane_notes.settle(known.lane, known.told, {note.id for note in notes}, visibility="public")


COMMANDS: tuple[Spec, ...] = (
    Spec(
        "approve",
        ("staff",),
        "#approve",
        say("Shows a note that waits to all who take part, and adds its author; #approve silently adds nobody."),
        _approve,
    ),
)
