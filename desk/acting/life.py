"""A ticket's way, moved by people: resolve, reopen, withdraw, approve, reject, and the status that staff set."""

from desk import approvals, lifecycle, notices, statuses, tickets
from desk.acting import entry
from desk.acting.rules import Refused
from desk.acting.stage import Stage
from desk.approvals import Answer
from desk.clean import clean, clean_body
from desk.notes import NOTE_LENGTH
from desk.said import Said, say, say_many

REASON = 2_000  # characters of a reason
CLOSED = say("This ticket is closed. Write a new one to ask for more.")


def _already(stage: Stage) -> Said:
    return say("The ticket is {status} already.", status=say(stage.ticket.status))


def _may_end(stage: Stage) -> None:
    if not stage.is_staff:
        if statuses.is_done(stage.ticket.status):
            raise Refused(_already(stage))
        return
    waits = [c.number for c in stage.known.children.get(stage.ticket.id, ()) if not statuses.is_done(c.status)]
    if waits:
        raise Refused(
            say_many(
                "{numbers} is not done yet, and belongs to this ticket.",
                "{numbers} are not done yet, and belong to this ticket.",
                len(waits),
                numbers=", ".join(waits[:5]),
            ),
            "status",
        )


def resolve(stage: Stage, resolution: str = "") -> None:
    """It is solved; `resolution` says how."""
    stage.must_live()
    _may_end(stage)
    words = clean_body(resolution).strip()
    if len(words) > NOTE_LENGTH:
        raise Refused(entry.too_long(len(words)), "resolution")
    stage.changes |= tickets.resolve(stage.writes, stage.ticket, words, stage.now)


def reopen(stage: Stage) -> None:
    """It is not solved after all."""
    stage.must_live()
    if not statuses.is_done(stage.ticket.status):
        raise Refused(say("The ticket is open already."))
    if not stage.is_staff and not lifecycle.may_reopen(stage.ticket, stage.now, stage.desk.rules.reopen_days):
        raise Refused(CLOSED)
    status = "In Progress" if stage.is_staff else "Update Added"
    stage.changes |= lifecycle.reopen(stage.writes, stage.ticket, stage.now, status)


def withdraw(stage: Stage, reason: str, comment: str = "") -> None:
    """The customer needs it no longer, for one of the listed reasons."""
    if statuses.is_done(stage.ticket.status):
        raise Refused(_already(stage))
    if reason not in stage.desk.rules.withdrawal_reasons:
        raise Refused(say("Select why you withdraw the request."), "reason")
    comment = " ".join(clean(comment).split())
    said = f"{reason}: {comment}" if comment else reason
    stage.changes |= lifecycle.withdraw(stage.writes, stage.ticket, said[:200], stage.now)


def set_status(stage: Stage, status: str) -> None:
    """Any status, by staff."""
    stage.member  # noqa: B018 - for staff alone
    if status not in statuses.ALL:
        raise Refused(say("Select a status."), "status")
    if statuses.is_done(status):
        _may_end(stage)
    if statuses.is_done(stage.ticket.status) and not statuses.is_done(status):
        stage.changes |= lifecycle.reopen(stage.writes, stage.ticket, stage.now, status)
    else:
        stage.changes |= tickets.set_status(stage.writes, stage.ticket, status, stage.now)


def answer(stage: Stage, said: Answer, reason: str = "") -> None:
    """Approve or reject."""
    author, answers = stage.contact, stage.known.approvals.get(stage.ticket.id, {})
    if author.id not in answers:
        raise Refused(say("You were not asked to approve this."))
    if stage.ticket.approval != approvals.REQUESTED:
        raise Refused(say("This was decided already: {approval}.", approval=say(stage.ticket.approval)))
    if statuses.is_done(stage.ticket.status):
        status = say(stage.ticket.status)
        raise Refused(say("The ticket is {status} already: nothing is left to approve.", status=status))
    mode = stage.ticket.requester.ways.approvals or stage.desk.rules.approvals
    stage.changes |= approvals.answer(stage.writes, stage.ticket, author, said, stage.known.approvals, mode, stage.now)
    reason = clean_body(reason).strip()[:REASON]
    if reason:
        stage.changes["reason"] = ["", reason]
    if "approval" in stage.changes:
        people = notices.customers(stage.ticket, author, muted=True, approvers=True)
        stage.told |= {person.id for person in people}
        context = {"by": stage.author_name, "answer": stage.ticket.approval, "reason": reason}
        stage.send("approval_result", people, context)
