"""One ticket: its page, its files, the whole text of a long entry."""

from collections.abc import Iterator
from typing import BinaryIO
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from desk import folding
from portal import conversation
from portal.visit import Portal, Row, Visit

BLOCK = 64 * 1024
FILE_CSP = "sandbox; default-src 'none'"
# The only types a browser may show by itself: pictures, recognised by their first bytes and never by their name.
_PICTURES = (
    ("image/png", (b"\x89PNG\r\n\x1a\n",)),
    ("image/jpeg", (b"\xff\xd8\xff",)),
    ("image/gif", (b"GIF87a", b"GIF89a")),
)


def ticket(portal: Portal, visit: Visit) -> Response:
    """The conversation, oldest first."""
    everything = "all" in visit.request.query_params
    with portal.config.database.reading() as session:
        found = conversation.find(session, visit.who.person, visit.request.path_params["number"])
        if found is None:
            raise HTTPException(404)
        shown = conversation.read(session, visit.who.person, found, everything=everything)
    return portal.page(visit, "ticket.html", shown=shown)


def entry_text(portal: Portal, visit: Visit) -> Response:
    """The whole text of one entry, as plain text to keep."""
    params = visit.request.path_params
    with portal.config.database.reading() as session:
        found = conversation.find(session, visit.who.person, params["number"])
        event = conversation.find_entry(session, visit.who.person, found, int(params["id"])) if found else None
        if found is None or event is None:
            raise HTTPException(404)
        text, name = folding.whole(event.text, event.folded), disposition(f"{found.number}-{event.id}.txt")
    headers = {"Content-Disposition": name, "Content-Security-Policy": FILE_CSP}
    return PlainTextResponse(text, headers=headers)


def file(portal: Portal, visit: Visit) -> Response:
    """One attachment, rights checked at each download."""
    params = visit.request.path_params
    with portal.config.database.reading() as session:
        found = conversation.find(session, visit.who.person, params["number"])
        attachment = conversation.find_file(session, visit.who.person, found, int(params["id"])) if found else None
        if attachment is None:
            raise HTTPException(404)
        session.expunge(attachment)  # the end of a reading session expires what it read
    data = portal.config.blobs.open(attachment.digest)
    start = data.read(BLOCK)
    picture = picture_type(start) if attachment.inline else ""
    headers = {
        "Content-Disposition": disposition(attachment.name, inline=bool(picture)),
        "Content-Security-Policy": FILE_CSP,
        "Content-Length": str(attachment.size),
    }
    return StreamingResponse(blocks(data, start), media_type=picture or "application/octet-stream", headers=headers)


def picture_type(start: bytes) -> str:
    """The media type of a PNG, JPEG, GIF or WebP; "" for all else, SVG above all."""
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for kind, marks in _PICTURES if start.startswith(marks)), "")


def disposition(name: str, *, inline: bool = False) -> str:
    """Content-Disposition with the name in ASCII and, when that loses something, in UTF-8 (RFC 6266 section 4.3)."""
    plain = "".join(letter if " " <= letter <= "~" and letter not in '"\\%' else "_" for letter in name)
    value = f'{"inline" if inline else "attachment"}; filename="{plain}"'
    if plain != name:
        value += f"; filename*=UTF-8''{quote(name.encode('utf-8', 'replace'), safe='')}"
    return value


def blocks(data: BinaryIO, start: bytes) -> Iterator[bytes]:
    """What was read of a file already, then the rest of it; the file is closed."""
    with data:
        while start:
            yield start
            start = data.read(BLOCK)


PAGES: tuple[Row, ...] = (
    ("/t/{number}", "GET", "signed_in", ticket),
    ("/t/{number}/files/{id:key}", "GET", "signed_in", file),
    ("/t/{number}/entries/{id:key}.txt", "GET", "signed_in", entry_text),
)
