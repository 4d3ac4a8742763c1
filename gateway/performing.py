"""The commands of a mail done: their rows, what follows from a change, and the letter that says what was done."""

from collections.abc import Iterable, Sequence

from desk import alerts, notices
from desk.said import say
from desk.state import ContactState, StaffState
from desk.writes import Writes
from gateway import answers_to, routing
from gateway.commands.plan import Plan
from gateway.commands.spec import Doing, Scene


def perform(plan: Plan, scene: Scene, writes: Writes, *, inside: bool = False) -> Doing:
    """Do everything; whoever calls writes the entry and then calls `finish`."""
    doing = Doing(scene, writes)
    if plan.internal or inside:
        doing.visibility = "internal"
    elif plan.public:
        doing.visibility = "public"
    for act in plan.acts:
        act.do(doing)
    routing.follow(doing, {order.word for order in plan.orders})
    return doing


def finish(doing: Doing, event_id: int) -> None:
    """What needs the entry: copies of it, alerts about the change."""
    for hook in doing.after:
        hook(event_id)
    if doing.scene.ticket is not None and doing.changes:
        case = doing.scene.case
        alerts.changed(
            doing.writes,
            doing.scene.ticket,
            doing.changes,
            case.view.tickets,
            case.view.more,
            case.view.people,
            case.now,
            doing.scene.author.id,
        )


def tell_change(doing: Doing, event_id: int) -> None:
    """A change without words: the customer side hears of what they can see, staff of what a customer did."""
    scene, case, writes, ticket = doing.scene, doing.scene.case, doing.writes, doing.scene.ticket
    if ticket is None or not notices.SHOWN & doing.changes.keys():
        return
    fold = case.rules.fold
    notices.update(writes, ticket, event_id, case.now, author=scene.author, has_words=False, fold=fold, told=doing.told)
    if isinstance(scene.author, ContactState):
        for member in notices.staff_of(ticket, case.view.teams, case.view.staff):
            notices.note_to_staff(writes, "customer_wrote", member, case.now, ticket, event_id, {"hints": []})


def tell_added(doing: Doing, people: Iterable[ContactState], event_id: int) -> None:
    """E18 to whom a Cc brings in: the words they came with, and what the ticket began with. No E5 besides."""
    scene = doing.scene
    context = {"by": scene.author.name or scene.author.address, "how": "added"}
    for person in people:
        doing.told.add(person.id)
        notices.letter(
            doing.writes, "shared", person, scene.case.now, ticket=doing.ticket, event_id=event_id, context=context
        )


def report(
    scene: Scene, done: Plan, lines: Sequence[str], writes: Writes, event_id: int | None, *, kept: bool = False
) -> None:
    """Tell the author: E14 for what was done, E17 for what was not; nothing where they see it anyway.

    `lines` say what was not understood or not done; `kept` says that the words are on the ticket all the same.
    """
    said = list(dict.fromkeys(act.said for act in done.acts if act.tell))
    if lines:
        first = [say("Your text is kept as a note.")] if kept else []
        answer(scene, "not_done", [*first, *lines, *said], writes, event_id)
    elif said:
        answer(scene, "done", said, writes, event_id)


def answer(scene: Scene, kind: str, lines: Sequence[str], writes: Writes, event_id: int | None) -> None:
    """Queue a letter of sentences to the author, unless they had too many; what happened is on the ticket."""
    author: ContactState | StaffState = scene.author
    if answers_to.refusal(author, scene.case, scene.ticket):
        return
    first = answers_to.is_first(author, scene.case)
    answers_to.count(author, scene.case, scene.ticket)
    message = scene.case.mail.message
    context = {"lines": list(lines), "reference": message.message_id, "subject": message.subject[:200]}
    notices.letter(
        writes,
        kind,
        author,
        scene.case.now,
        ticket=scene.ticket,
        event_id=event_id,
        context=context,
        first_receipt=first,
    )
