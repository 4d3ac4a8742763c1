"""The files of a ticket: read, and added."""

from typing import Literal

from starlette.responses import StreamingResponse

from desk.acting import files, notes, stage
from portal import conversation
from portal.api import notes as entries
from portal.api.calls import Answer, Call, Operation
from portal.api.notes import NoteTold
from portal.api.problems import NOT_THERE, Problem
from portal.api.typed import Line, Said
from portal.pages.ticket import BLOCK, FILE_CSP, blocks, disposition


class Called(Said):
    """The name of the file, where the body is the file itself; and who is to see it.

    `visibility` internal is for staff, and for others where the desk offers private notes.
    """

    name: Line = "file"
    visibility: Literal["public", "internal"] = "public"


def read_file(call: Call) -> Answer:
    """The bytes of a file, to be kept and never to be shown by a browser."""
    with call.config.database.reading() as session:
        ticket = conversation.find(session, call.person, call.path("number"))
        wanted = int(call.path("id"))
        found = conversation.find_file(session, call.person, ticket, wanted) if ticket is not None else None
        if found is None:
            raise Problem(404, NOT_THERE)
        name, size, digest = found.name, found.size, found.digest
    try:
        data = call.config.blobs.open(digest)
    except FileNotFoundError:
        raise Problem(404, "The bytes of this file are not there any more.") from None
    headers = {
        "Content-Disposition": disposition(name),
        "Content-Security-Policy": FILE_CSP,
        "Content-Length": str(size),
    }
    body = blocks(data, data.read(BLOCK))
    return Answer(response=StreamingResponse(body, media_type="application/octet-stream", headers=headers))


def add_files(call: Call) -> Answer:
    """Add files to a ticket, as one note without words; all of them, or none."""
    if not call.uploads:
        raise Problem(422, "Something in the request cannot be used.", [("file", "There is no file.")])
    number, private = call.path("number"), call.asked(Called).visibility == "internal"
    with stage.on_ticket(call.config.acting, call.person, number, call.now):
        pass  # of a ticket that is not for this person no bytes are kept
    kept = files.keep(call.config.acting, call.uploads)
    if kept.refused:
        raise Problem(422, "The files were not added.", [("file", str(said)) for said in kept.sentences])
    with stage.on_ticket(call.config.acting, call.person, number, call.now) as on:
        event_id = notes.write(on, notes.Wanted(files=kept.files, private=private))
    return entries.told(call, number, event_id)


OPERATIONS = (
    Operation(
        "GET", "/tickets/{number}/attachments/{id:key}", "read_attachment", "Read a file", read_file, None
    ),
    Operation(
        "POST", "/tickets/{number}/attachments", "add_attachments", "Add files", add_files, NoteTold, query=Called,
        files=True, status=201,
    ),
)  # fmt: skip
