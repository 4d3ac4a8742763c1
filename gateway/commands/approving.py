"""Approvals by mail: staff ask with #ask approval; who was asked answers with approve or reject."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from desk import approvals, notices, statuses, tickets
from desk.approvals import Answer
from desk.said import Said, say, say_many
from desk.state import ContactState, TicketState
from desk.tickets import Note
from gateway.commands import named
from gateway.commands.letters import fold
from gateway.commands.spec import Act, Check, Doing, Fault, Scene, Spec, its_ticket
from gateway.envelope import Mailbox

MAX_APPROVERS = 20
_REASON = 2_000  # characters of a reason that letters repeat
_INSIDE = "inside"  # kept with an answer that waits for a “confirm”: its words are for the desk alone
_DONE: dict[Answer, Said] = {"approve": say("You approved this."), "reject": say("You rejected this.")}


# Staff ask


def _ask(scene: Scene, argument: str) -> Act | Fault:
    ticket, words = its_ticket(scene), scene.case.rules.words
    first, _, rest = argument.partition(" ")
    meant = words.argument("ask", first)
    if meant == "cab":
        rest = argument
    elif meant != "approval":
        return Fault(say("Write #ask approval, with a board or addresses behind it: #ask approval cab."))
    if statuses.is_done(ticket.status):
        return Fault(say("#ask approval: the ticket is {status}.", status=say(ticket.status)))
    if "@" in rest:
        found = named.mailboxes(scene, "ask approval", rest, most=MAX_APPROVERS)
        if isinstance(found, Fault):
            return found
        gone = [box.address for box in found if (person := named.known(scene, box)) and not person.active]
        if gone:
            return Fault(say("#ask approval: {address} is deactivated.", address=gone[0]))
        return Act(say("Approval is asked for."), partial(_ask_them, found, ()), tell=False)
    people = _board(scene, ticket, rest.strip())
    if isinstance(people, Fault):
        return people
    return Act(say("Approval is asked for."), partial(_ask_them, (), people), tell=False)


def _board(scene: Scene, ticket: TicketState, board: str) -> list[ContactState] | Fault:
    """The people of a board of the ticket's organisation: of the one that is named, or of the only one there is."""
    view = scene.case.view
    boards = {name: ids for (owner, name), ids in view.more.boards.items() if owner == ticket.organisation_id}
    if not boards:
        none = say(
            "#ask approval: there is no board for this ticket. Name who decides: #ask approval jane@example.com."
        )
        return Fault(none)
    wanted = fold(scene.case.rules.words.argument("ask", board) or board)
    chosen = [name for name in boards if fold(name) == wanted] if board else list(boards)
    if len(chosen) != 1:
        names = ", ".join(sorted(boards))
        which = say("#ask approval: there is more than one board. There are: {names}.", names=names)
        if board:
            which = say(
                "#ask approval: there is no board “{board}”. There are: {names}.", board=board[:60], names=names
            )
        return Fault(which)
    people = [person for i in boards[chosen[0]] if (person := view.people.get(i)) and person.active]
    return people or Fault(say("#ask approval: nobody on the board “{board}” is active.", board=chosen[0]))


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
        ticket, view = its_ticket(scene), scene.case.view
        answers = view.more.approvals.get(ticket.id, {})
        if scene.author.id not in answers:
            return Fault(say("You were not asked to approve this."))
        if ticket.approval != approvals.REQUESTED:
            who = [
                person.name or person.address
                for i in approvals.deciders(ticket, answers)
                if (person := view.people.get(i))
            ]
            decided = say("This was decided already: {approval}.", approval=say(ticket.approval))
            if who:
                decided = say(
                    "This was decided already: {approval} by {names}.",
                    approval=say(ticket.approval),
                    names=", ".join(who),
                )
            return Fault(decided)
        if statuses.is_done(ticket.status):
            status = say(ticket.status)
            return Fault(say("The ticket is {status} already: nothing is left to approve.", status=status))
        kept = {_INSIDE: True} if "private" in scene.case.mail.asks.words else None
        return Act(_says(answer, scene, answers), partial(_answer, answer, argument), keep=kept)

    return check


def _says(answer: Answer, scene: Scene, answers: Mapping[int, str]) -> Said:
    """What was done, and where all have to approve, how many answers it still needs."""
    missing = sum(said != "approve" for who, said in answers.items() if who != scene.author.id)
    if answer != "approve" or not missing or _mode(scene) != "all":
        return _DONE[answer]
    return say_many(
        "You approved this. One more answer is needed.",
        "You approved this. {n} more answers are needed.",
        missing,
    )


def _mode(scene: Scene) -> approvals.Mode:
    return its_ticket(scene).requester.ways.approvals or scene.case.rules.approvals


def _answer(answer: Answer, argument: str, doing: Doing) -> None:
    scene, ticket, view = doing.scene, doing.ticket, doing.scene.case.view
    author = scene.author
    if not isinstance(author, ContactState):
        raise RuntimeError("only contacts are asked to approve")
    mode, now = _mode(scene), scene.case.now
    doing.changes |= approvals.answer(doing.writes, ticket, author, answer, view.more.approvals, mode, now)
    inside = doing.visibility == "internal" or bool(scene.kept.get(_INSIDE))
    if argument and scene.kept.get(_INSIDE):
        _note_inside(argument, doing)
    elif argument:
        doing.changes["reason"] = ["", argument[:_REASON]]
    if "approval" in doing.changes:
        people = notices.customers(ticket, author, muted=True, approvers=True)
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
    Spec(
        "ask", ("staff",), say("#ask approval cab"), say("Asks a board, or the addresses you name, to approve."), _ask
    ),
    Spec(
        "approve",
        ("customer",),
        say("#approve reason"),
        say("Approves what you were asked about."),
        _answering("approve"),
    ),
    Spec(
        "reject", ("customer",), say("#reject reason"), say("Rejects what you were asked about."), _answering("reject")
    ),
)
