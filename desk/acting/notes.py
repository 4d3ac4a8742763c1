"""A note with all that may go with it, and files taken away: what the form below a ticket sends."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from desk import known, notes, statuses
from desk.acting import entry, once, taking_part
from desk.acting.rules import QUICK_LENGTH, NotThere, Refused
from desk.acting.stage import Stage
from desk.clean import clean, clean_body
from desk.notes import NOTE_LENGTH
from desk.said import say
from desk.state import ContactState
from desk.tickets import File
from store.tables import Event, KnownMessage

RESOLUTION = 40_000  # characters: each note that is added keeps the whole before and after in the history


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants written."""

    text: str = ""
    title: str = ""
    files: Sequence[File] = ()
    copies: str = ""  # addresses, between semicolons
    notify: bool = True  # the desk by a letter
    append: bool = False  # to the resolution as well
    private: bool = False  # for the desk alone
    quick: bool = False  # a short one, by its form
    once: str = ""  # made with the form: sent twice, it is one note


def write(stage: Stage, wanted: Wanted) -> int:
    """One entry, with its files and letters; its id."""
    text, title = clean_body(wanted.text).strip(), " ".join(clean(wanted.title).split())
    _fits(text, title, wanted)
    if before := written_before(stage, wanted):
        return before
    remember(stage, wanted)
    if wanted.private:
        _keep_inside(stage)
    if not stage.is_staff:
        stage.quiet = not wanted.notify
    if wanted.append:
        _append(stage, text)
    if wanted.copies.strip():
        taking_part.copy(stage, wanted.copies, text)
    return entry.write(stage, text, files=wanted.files, title=title) or 0


def written_before(stage: Stage, wanted: Wanted) -> int:
    """The newest entry of the author where this very form came before; 0 for a new one. With anything else in it, it
    is another form."""
    if not wanted.once or stage.session.get(KnownMessage, (_key(stage, wanted), stage.ticket.id)) is None:
        return 0
    return _newest_of(stage)


def remember(stage: Stage, wanted: Wanted) -> None:
    """So that the form is known when it comes once more."""
    once.remember(stage.writes, _key(stage, wanted) if wanted.once else None, stage.ticket)


def _key(stage: Stage, wanted: Wanted) -> bytes:
    return once.key_of("note", str(stage.author.id), str(stage.ticket.id), repr(wanted))


def _newest_of(stage: Stage) -> int:
    """The entry of this ticket that its author wrote last."""
    mine = Event.staff_id if stage.is_staff else Event.contact_id
    wanted = select(Event.id).where(Event.ticket_id == stage.ticket.id, mine == stage.author.id)
    # By time: each process numbers from a block of its own.
    return stage.session.scalar(wanted.order_by(Event.at.desc(), Event.id.desc()).limit(1)) or 0


def _fits(text: str, title: str, wanted: Wanted) -> None:
    if len(title) > entry.TITLE:
        raise Refused(say("Title must be {most} characters or fewer.", most=entry.TITLE), "note_title")
    if not text and (title or not wanted.files):
        raise Refused(say("Enter a note, or choose a file.") if not title else say("Enter a note."), "note")
    if wanted.quick and len(text) > QUICK_LENGTH:
        raise Refused(say("Quick note must be {most} characters or fewer.", most=f"{QUICK_LENGTH:,}"), "note")
    if len(text) > NOTE_LENGTH:
        raise Refused(entry.too_long(len(text)), "note")


def _keep_inside(stage: Stage) -> None:
    """A customer's words for the desk alone, where that is offered (features.md, row 140)."""
    if isinstance(stage.author, ContactState) and not stage.desk.rules.private_notes:
        raise Refused(say("Private notes are not offered here."), "note")
    stage.visibility = "internal"


def _append(stage: Stage, text: str) -> None:
    """The words go into the resolution too, with the name of their author (features.md, row 132)."""
    if not text:
        raise Refused(say("Enter a note: it is added to the resolution."), "note")
    if stage.visibility != "public":
        raise Refused(say("A private note cannot be added to the resolution."), "note")
    if len(stage.ticket.resolution) + len(text) > RESOLUTION:
        raise Refused(say("The resolution has no room for more. Send the note without adding it there."), "note")
    stage.changes |= notes.append_to_resolution(stage.writes, stage.ticket, text, stage.author)


def remove_file(stage: Stage, file_id: int) -> None:
    """Take a file away: one's own while the ticket is open, any for staff. The mail that brought it keeps it."""
    known.files(stage.session, [stage.ticket.id], stage.known)
    found = [file for file in stage.known.files.get(stage.ticket.id, ()) if file.id == file_id]
    if not found:
        raise NotThere
    if not stage.is_staff:
        if found[0].contact_id != stage.author.id:
            raise NotThere
        if statuses.is_done(stage.ticket.status):
            raise Refused(say("The ticket is {status}, and its files stay.", status=say(stage.ticket.status)))
    stage.changes |= notes.hide_files(stage.writes, stage.ticket.id, found, stage.now)
