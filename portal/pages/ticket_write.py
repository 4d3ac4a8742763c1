"""A ticket's page takes words and files: the form for a note, and files that are taken away again."""

from starlette.responses import Response

from desk.acting import files, notes
from desk.acting.notes import Wanted
from desk.acting.rules import NotThere, Refused
from desk.acting.stage import on_ticket
from desk.said import SPACE, listed, say
from portal import conversation, left_out
from portal.forms import Form
from portal.pages import ticket
from portal.visit import Portal, Row, Visit

_KEPT = ("note_title", "note", "file_name", "copies", "notify", "append", "private", "quick")
_ONCE = 40  # characters of the mark of a form
AGAIN = say("Choose the files again: nothing was saved.")


def add_note(portal: Portal, visit: Visit) -> Response:
    """Keep the files, write the note, go to it. What was refused of the files is said there."""
    form, number, desk = visit.form, visit.path("number"), portal.config.acting
    uploads = [upload for upload in form.files if upload.field == files.FIELD]
    kept = files.Kept()
    try:
        _must_see(portal, visit, number)
        kept = files.keep(desk, uploads, form.text("file_name"))
        if kept.refused and not kept.files and not form.text("note"):
            raise kept.fault()
        with on_ticket(desk, visit.who.person, number, visit.now) as on:
            event_id = notes.write(on, _wanted(form, kept))
    except NotThere:
        return ticket.no_access(portal, visit)
    except Refused as error:
        said = listed((error.said, AGAIN), SPACE) if kept.files else error.said
        return ticket.answer(portal, visit, number, faults={error.field: said}, draft=draft_of(form, _KEPT))
    told = left_out.query(kept.refused, visit.form_token, number, others=bool(kept.files))
    return portal.redirect(f"/t/{number}{'?' if told else ''}{told}#n{event_id}")


def _must_see(portal: Portal, visit: Visit, number: str) -> None:
    """No file is kept of somebody to whom the ticket is not shown."""
    with portal.config.database.reading() as session:
        if conversation.find(session, visit.who.person, number) is None:
            raise NotThere


def _wanted(form: Form, kept: files.Kept) -> Wanted:
    return Wanted(
        text=form.text("note"),
        title=form.text("note_title"),
        files=kept.files,
        copies=form.text("copies"),
        # A quick note has no boxes to tick.
        notify="notify" in form or "quick" in form,
        append="append" in form,
        private="private" in form,
        quick="quick" in form,
        once=form.text("once")[:_ONCE],
    )


def draft_of(form: Form, names: tuple[str, ...]) -> dict[str, str]:
    """What was in the fields of a form, so that it stands there again."""
    return {name: form.text(name) for name in names if name in form}


def remove_file(portal: Portal, visit: Visit) -> Response:
    """Nobody sees it any more."""
    number = visit.path("number")
    try:
        with on_ticket(portal.config.acting, visit.who.person, number, visit.now) as on:
            notes.remove_file(on, int(visit.request.path_params["id"]))
    except NotThere:
        return ticket.no_access(portal, visit)
    except Refused as error:
        return ticket.answer(portal, visit, number, faults={error.field: error.said})
    return portal.redirect(f"/t/{number}?done=file-removed")


PAGES: tuple[Row, ...] = (
    ("/t/{number}/notes", "POST", "signed_in", add_note),
    ("/t/{number}/files/{id:key}/remove", "POST", "signed_in", remove_file),
)
