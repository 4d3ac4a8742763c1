"""Notes that wait for staff, because their author does not take part: shown to everybody, with or without them."""

from desk import lane, lane_notes, load, reading
from desk.acting.rules import NotThere, Refused
from desk.acting.stage import Stage
from desk.acting.working import must_live
from desk.lane_notes import Entry
from desk.said import say
from desk.state import ContactState


def show(stage: Stage, entry_id: int, *, silently: bool) -> None:
    """The note is one like any other from now on; its author takes part, unless it is done `silently`."""
    must_live(stage)
    note, author = entry_of(stage, entry_id)
    if note.visibility != "pending":
        raise Refused(say("The note does not wait any more."))
    if not silently and lane.may_join(stage.ticket, author):
        lane.let_in(stage.writes, stage.ticket, author, stage.author_name, stage.now)
    rules = stage.desk.rules
    lane.show(
        stage.writes, stage.ticket, note.id, author, stage.now, reopen_days=rules.reopen_days, fold=rules.fold
    )  # fmt: skip
    reading.has_read(stage.writes, stage.ticket, stage.member, stage.now)


def entry_of(stage: Stage, entry_id: int) -> tuple[Entry, ContactState]:
    """A customer's note on this ticket, and its author; NotThere for all else."""
    note = lane_notes.one(stage.session, stage.ticket.id, entry_id)
    if note is None or note.kind != "note" or note.contact_id is None:
        raise NotThere
    authors = load.contacts_by_id(stage.session, [note.contact_id], stage.desk.rules.levels)
    load.see_below(stage.session, authors.values())
    author = authors.get(note.contact_id)
    if author is None:
        raise Refused(say("The note has no author who can be let in."))
    return note, author
