"""An act becomes an entry of the ticket, and whoever is to hear of it gets a letter."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from desk import access, alerts, lifecycle, notices, reading, tickets
from desk.acting.rules import Refused
from desk.acting.stage import Stage
from desk.notes import NOTE_LENGTH
from desk.said import say
from desk.state import ContactState, StaffState
from desk.tickets import File, Note

TITLE = 100  # characters of the title of a note


def write(stage: Stage, text: str = "", *, files: Sequence[File] = (), title: str = "") -> int | None:
    """Write words, files and the changes so far as one entry, and queue its letters; the id, None for nothing."""
    has_words = bool(text or files)
    if has_words:
        _may_write(stage)
        if len(text) > NOTE_LENGTH:
            raise Refused(too_long(len(text)), "note")
        _moves(stage)
    elif not stage.changes:
        return _finish(stage, 0)
    kind: Literal["note", "change"] = "note" if has_words else "change"
    entry = Note(
        stage.author, text, stage.now, stage.visibility if has_words else "public", kind,
        files=tuple(files), changes=dict(stage.changes), title=title[:TITLE],
    )  # fmt: skip
    event_id = _keep(stage, entry, has_words=has_words)
    if isinstance(stage.author, StaffState):
        reading.has_read(stage.writes, stage.ticket, stage.author, stage.now)
    return event_id


def too_long(length: int) -> str:
    """Of a note, as everybody is told."""
    return say("Note must be {most} characters or fewer (it is {n}).", most=f"{NOTE_LENGTH:,}", n=f"{length:,}")


def _may_write(stage: Stage) -> None:
    """The table of desk/access.py: whoever signed in has proved who they are."""
    may = access.may_write(stage.role, "own_token", "pass")
    if may not in ("note", "reply"):
        raise Refused(say("You do not take part in this ticket."))
    closed = not tickets.accepts_replies(stage.ticket, stage.now, stage.desk.rules.reopen_days)
    if closed and not stage.is_staff and "status" not in stage.changes:
        raise Refused(say("This ticket is closed. Write a new one and mention {number}.", number=stage.ticket.number))


def _moves(stage: Stage) -> None:
    """Words move a ticket on, unless the same act says where to."""
    if stage.visibility != "public" or "status" in stage.changes:
        return
    if stage.is_staff:
        stage.changes |= tickets.staff_answered(stage.writes, stage.ticket, stage.now)
    else:
        stage.changes |= lifecycle.customer_wrote(stage.writes, stage.ticket, stage.now)


def _keep(stage: Stage, entry: Note, *, has_words: bool) -> int:
    """The entry; where its words are internal and its change is not, the change stands beside it for customers."""
    shown = {name: pair for name, pair in entry.changes.items() if name in notices.TOLD}
    if entry.visibility == "public" or not shown or stage.ticket.spam:
        event_id = tickets.note(stage.writes, stage.ticket, entry)
        _finish(stage, event_id)
        _tell(stage, entry, event_id, has_words=has_words)
        return event_id
    hidden = {name: pair for name, pair in entry.changes.items() if name not in shown}
    words_id = tickets.note(stage.writes, stage.ticket, replace(entry, changes=hidden))
    change = Note(entry.author, "", entry.at, kind="change", changes=shown)
    event_id = tickets.note(stage.writes, stage.ticket, change)
    _finish(stage, event_id)
    _tell(stage, change, event_id, has_words=False)
    return words_id or event_id


def _finish(stage: Stage, event_id: int) -> int | None:
    """Letters that carry the entry, and alerts about the change; the stage is then ready for another act."""
    hooks, stage.after = stage.after, []
    for hook in hooks:
        hook(event_id)
    if stage.changes:
        alerts.changed(
            stage.writes, stage.ticket, stage.changes, stage.tickets, stage.known, stage.people, stage.now,
            stage.author.id,
        )  # fmt: skip
    stage.changes = {}
    return event_id or None


def _tell(stage: Stage, entry: Note, event_id: int, *, has_words: bool) -> None:
    """The others who take part, and of a customer's act staff."""
    heard = (notices.SHOWN if isinstance(stage.author, ContactState) else notices.TOLD) & entry.changes.keys()
    if not has_words and not heard:
        return
    if entry.visibility == "public":
        notices.update(
            stage.writes, stage.ticket, event_id, stage.now, author=stage.author, has_words=has_words,
            fold=stage.desk.rules.fold, told=stage.told,
        )  # fmt: skip
    if stage.quiet or stage.is_staff:
        return
    for member in notices.staff_of(stage.ticket, stage.teams, stage.staff):
        if member.address not in stage.told_staff:
            notices.note_to_staff(
                stage.writes, "customer_wrote", member, stage.now, stage.ticket, event_id, {"hints": []}
            )


def number(stage: Stage) -> None:
    """Give tickets that were opened their numbers, as late as can be: numbers are given one after the other."""
    rules = stage.desk.rules
    tickets.number_tickets(stage.session, stage.writes, stage.fresh, stage.now, rules.zone, rules.numbers)
