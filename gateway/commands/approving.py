"""Approvals by mail: staff ask with #ask approval; who was asked answers with approve or reject."""

from collections.abc import Callable, Sequence
from functools import partial

from desk import approvals, notices, statuses, tickets
from desk.approvals import Answer
from desk.state import ContactState, TicketState
from desk.tickets import Note
from gateway.commands import named
from gateway.commands.letters import fold
from gateway.commands.spec import Act, Check, Doing, Fault, Scene, Spec
from gateway.envelope import Mailbox

MAX_APPROVERS = 20
_REASON = 2_000  # characters of a reason that letters repeat
_INSIDE = "inside"  # kept with an answer that waits for a “confirm”: its words are for the desk alone
_DONE: dict[Answer, str] = {"approve": "approved", "reject": "rejected"}


def _ticket(scene: Scene) -> TicketState:
    if scene.ticket is None:
        raise RuntimeError("a command about a ticket was checked without one")
    return scene.ticket


# Staff ask


def _ask(scene: Scene, argument: str) -> Act | Fault:
    ticket, words = _ticket(scene), scene.case.rules.words
    first, _, rest = argument.partition(" ")
    meant = words.argument("ask", first)
    if meant == "cab":
        rest = argument
    elif meant != "approval":
        return Fault("Write #ask approval, with a board or addresses behind it: #ask approval cab.")
    if statuses.is_done(ticket.status):
        return Fault(f"#ask approval: the ticket is {ticket.status}.")
    if "@" in rest:
        found = named.mailboxes(scene, "ask approval", rest, most=MAX_APPROVERS)
        if isinstance(found, Fault):
            return found
        gone = [box.address for box in found if (person := named.known(scene, box)) and not person.active]
        if gone:
            return Fault(f"#ask approval: {gone[0]} is deactivated.")
        return Act("Approval is asked for.", partial(_ask_them, found, ()), tell=False)
    people = _board(scene, ticket, rest.strip())
    if isinstance(people, Fault):
        return people
    return Act("Approval is asked for.", partial(_ask_them, (), people), tell=False)


def _board(scene: Scene, ticket: TicketState, board: str) -> list[ContactState] | Fault:
    """The people of a board of the ticket's organisation: of the one that is named, or of the only one there is."""
    view = scene.case.view
    boards = {name: ids for (owner, name), ids in view.more.boards.items() if owner == ticket.organisation_id}
    if not boards:
        return Fault(
            "#ask approval: there is no board for this ticket. Name who decides: #ask approval jane@example.com."
        )
    wanted = fold(scene.case.rules.words.argument("ask", board) or board)
    chosen = [name for name in boards if fold(name) == wanted] if board else list(boards)
    if len(chosen) != 1:
        there_are = f"There are: {', '.join(sorted(boards))}."
        which = f"there is no board “{board[:60]}”" if board else "there is more than one board"
        return Fault(f"#ask approval: {which}. {there_are}")
    people = [person for i in boards[chosen[0]] if (person := view.people.get(i)) and person.active]
    return people or Fault(f"#ask approval: nobody on the board “{chosen[0]}” is active.")


def _ask_them(boxes: Sequence[Mailbox], people: Sequence[ContactState], doing: Doing) -> None:
    scene, ticket, writes = doing.scene, doing.ticket, doing.writes
    view, now = scene.case.view, scene.case.now
    people = [*people, *named.contacts(scene, boxes, writes)]
    asked = approvals.unasked(ticket, people, view.more.approvals.get(ticket.id, {}))
    doing.changes |= approvals.ask(writes, ticket, people, view.more.approvals, now)
    view.people |= {person.id: person for person in people}
    if asked:
        doing.changes["asked to approve"] = ["", ", ".join(person.name or person.address for person in asked)]
    doing.told |= {person.id for person in asked}
    doing.after.append(_letters("approval", asked, {"by": scene.author.name or scene.author.address}, doing))


def _letters(kind: str, people: Sequence[ContactState], context: dict[str, str], doing: Doing) -> Callable[[int], None]:
    """A hook: one letter to each, also to those who said “stop”; an internal note goes along with none."""

    def hook(event_id: int) -> None:
        entry, now = event_id if event_id and doing.visibility != "internal" else None, doing.scene.case.now
        for person in people:
            notices.letter(doing.writes, kind, person, now, ticket=doing.ticket, event_id=entry, context=context)

    return hook


# Approvers answer


def _answering(answer: Answer) -> Check:
    def check(scene: Scene, argument: str) -> Act | Fault:
        ticket, view = _ticket(scene), scene.case.view
        answers = view.more.approvals.get(ticket.id, {})
        if scene.author.id not in answers:
            return Fault("You were not asked to approve this.")
        if ticket.approval != approvals.REQUESTED:
            who = [
                person.name or person.address
                for i in approvals.deciders(ticket, answers)
                if (person := view.people.get(i))
            ]
            by = f" by {', '.join(who)}" if who else ""
            return Fault(f"This was decided already: {ticket.approval}{by}.")
        if statuses.is_done(ticket.status):
            return Fault(f"The ticket is {ticket.status} already: nothing is left to approve.")
        kept = {_INSIDE: True} if "private" in scene.case.mail.asks.words else None
        return Act(f"You {_DONE[answer]} this.", partial(_answer, answer, argument), keep=kept)

    return check


def _answer(answer: Answer, argument: str, doing: Doing) -> None:
    scene, ticket, view = doing.scene, doing.ticket, doing.scene.case.view
    author = scene.author
    if not isinstance(author, ContactState):
        raise RuntimeError("only contacts are asked to approve")
    mode, now = scene.case.rules.approvals, scene.case.now
    doing.changes |= approvals.answer(doing.writes, ticket, author, answer, view.more.approvals, mode, now)
    inside = doing.visibility == "internal" or bool(scene.kept.get(_INSIDE))
    if argument and scene.kept.get(_INSIDE):
        _note_inside(argument, doing)
    elif argument:
        doing.changes["reason"] = ["", argument[:_REASON]]
    if "approval" in doing.changes:
        people = notices.customers(ticket, author, muted=True)
        doing.told |= {person.id for person in people}
        # The words of a mail that is confirmed now were told when it came, to all who may read them.
        words = "" if scene.confirmed else scene.words
        reason = "" if inside else "\n".join(filter(None, [argument, words]))[:_REASON]
        context = {"by": author.name or author.address, "answer": ticket.approval, "reason": reason}
        doing.after.append(_letters("approval_result", people, context, doing))


def _note_inside(reason: str, doing: Doing) -> None:
    """What stood behind the word in a private mail that is confirmed now: the entry of the answer itself is public."""
    scene = doing.scene
    entry = Note(scene.author, reason[:_REASON], scene.case.now, "internal", received_id=scene.case.mail.received_id)
    tickets.note(doing.writes, doing.ticket, entry)


COMMANDS: tuple[Spec, ...] = (
    Spec("ask", ("staff",), "#ask approval cab", "Asks a board, or the addresses you name, to approve.", _ask),
    Spec("approve", ("customer",), "#approve reason", "Approves what you were asked about.", _answering("approve")),
    Spec("reject", ("customer",), "#reject reason", "Rejects what you were asked about.", _answering("reject")),
)
