"""Commands that move a ticket along: #resolve, #reopen, #withdraw, and #status for staff."""

from desk import lifecycle, statuses, tickets
from desk.said import Said, both, listed, say, say_many
from desk.state import TicketState
from gateway.commands import questions
from gateway.commands.spec import Act, Doing, Fault, Scene, Spec

_CLOSED = say("This ticket is closed. Write a new mail to ask for more.")


def _resolve(scene: Scene, argument: str) -> Act | Fault:
    ticket = scene.ticket
    assert ticket is not None  # noqa: S101 - for the type checker: the spec asks for one
    if fault := _may_end(scene, ticket):
        return fault
    if scene.is_staff:
        says = say("The ticket is resolved.")
        return Act(says, lambda doing: _done_by_staff(doing, argument), tell=False, told=argument)
    return Act(say("The ticket is resolved."), lambda doing: _done_by_customer(doing, argument))


def _may_end(scene: Scene, ticket: TicketState) -> Fault | None:
    still_open = [c.number for c in scene.case.view.more.children.get(ticket.id, ()) if not statuses.is_done(c.status)]
    if scene.is_staff and still_open:
        return Fault(_still_open(still_open))
    if not scene.is_staff and statuses.is_done(ticket.status):
        return Fault(say("The ticket is {status} already.", status=say(ticket.status)))
    return None


def _still_open(numbers: list[str]) -> Said:
    return say_many(
        "#resolve: {numbers} is not done yet, and belongs to this ticket.",
        "#resolve: {numbers} is not done yet, and belongs to this ticket.",
        len(numbers),
        numbers=", ".join(numbers[:5]),
    )


def _done_by_staff(doing: Doing, resolution: str) -> None:
    # Customers read the resolution; the words of an internal note are not for them.
    words = "" if doing.visibility == "internal" else doing.scene.words
    doing.changes |= tickets.resolve(doing.writes, doing.ticket, resolution or words, doing.scene.case.now)


def _done_by_customer(doing: Doing, words: str) -> None:
    doing.changes |= tickets.resolve(doing.writes, doing.ticket, words, doing.scene.case.now)


def _reopen(scene: Scene, argument: str) -> Act | Fault:
    ticket, case = scene.ticket, scene.case
    assert ticket is not None  # noqa: S101 - for the type checker: the spec asks for one
    if not statuses.is_done(ticket.status):
        return Fault(say("The ticket is open already."))
    if not scene.is_staff and not lifecycle.may_reopen(ticket, case.now, case.rules.reopen_days):
        return Fault(_CLOSED)
    status = "In Progress" if scene.is_staff else "Update Added"
    return Act(say("The ticket is open again."), lambda doing: _open_again(doing, status), tell=not scene.is_staff)


def _open_again(doing: Doing, status: str) -> None:
    doing.changes |= lifecycle.reopen(doing.writes, doing.ticket, doing.scene.case.now, status)


def _withdraw(scene: Scene, argument: str) -> Act | Fault:
    ticket = scene.ticket
    assert ticket is not None  # noqa: S101 - for the type checker: the spec asks for one
    if statuses.is_done(ticket.status):
        return Fault(say("The ticket is {status} already.", status=say(ticket.status)))
    reason, more = lifecycle.find_reason(argument, scene.case.rules.withdrawal_reasons)
    said = f"{reason}: {more}" if more and reason else reason or more
    shown = say("{reason}: {words}", reason=say(reason), words=more) if more and reason else say(reason) or more
    end = say("Reason: {reason}.", reason=shown) if said else ""
    return Act(both(say("The ticket is withdrawn."), end), lambda doing: _take_back(doing, said))


def _take_back(doing: Doing, reason: str) -> None:
    doing.changes |= lifecycle.withdraw(doing.writes, doing.ticket, reason[:200], doing.scene.case.now)


def _status(scene: Scene, argument: str) -> Act | Fault:
    """Without a status to set it asks, as it does for customers: `#status T20190409.0967` in a new mail."""
    ticket = scene.ticket
    if ticket is None or not argument:
        return questions.status(scene, argument)
    found = statuses.find(scene.case.rules.words.value("status", argument) or argument)
    if found is None:
        choices = listed(say(status) for status in statuses.ALL)
        unknown = say(
            "“#status {text}”: there is no such status. Choose one of: {choices}.", text=argument, choices=choices
        )
        return Fault(unknown)
    if statuses.is_done(found) and (fault := _may_end(scene, ticket)):
        return fault
    return Act(say("The status is {status}.", status=say(found)), lambda doing: _set(doing, found), tell=False)


def _set(doing: Doing, status: str) -> None:
    if statuses.is_done(doing.ticket.status) and not statuses.is_done(status):
        doing.changes |= lifecycle.reopen(doing.writes, doing.ticket, doing.scene.case.now, status)
    else:
        doing.changes |= tickets.set_status(doing.writes, doing.ticket, status, doing.scene.case.now)


COMMANDS = (
    Spec("resolve", ("customer", "staff"), "#resolve", say("Ends the ticket: it is solved."), _resolve),
    Spec("reopen", ("customer", "staff"), "#reopen", say("Opens a resolved ticket again."), _reopen),
    Spec("withdraw", ("customer",), say("#withdraw reason"), say("Takes the request back."), _withdraw),
    Spec(
        "status",
        ("staff",),
        say("#status waiting customer"),
        say("Sets the status; alone, or in a new mail with a number, it sends the ticket with all that was written."),
        _status,
        subject=True,
        ticket=False,
    ),
)
