"""One ticket: its page, its files, the whole text of a long entry."""

import secrets
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, BinaryIO
from urllib.parse import quote

import structlog
from markupsafe import Markup, escape
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from desk import folding, reading
from desk.acting.rules import MIB
from desk.alerts import STAGES
from desk.said import say
from portal import beside, conversation, conversation_aside, done, left_out
from portal.visit import Portal, Row, Visit
from store.tables import Reading

log = structlog.get_logger(__name__)

READ_AGAIN = timedelta(minutes=1)
NO_TICKET = say("No access to this ticket")
NO_ACCESS = say(
    "You do not have access to this ticket. Ask the person who sent you the link, or write to {address}."
)  # fmt: skip
BLOCK = 64 * 1024
FILE_CSP = "sandbox; default-src 'none'"
# The only types a browser may show by itself: pictures, recognised by their first bytes and never by their name.
_PICTURES = (
    ("image/png", (b"\x89PNG\r\n\x1a\n",)),
    ("image/jpeg", (b"\xff\xd8\xff",)),
    ("image/gif", (b"GIF87a", b"GIF89a")),
)


def ticket(portal: Portal, visit: Visit) -> Response:
    """The conversation, oldest first, and what one can do."""
    who, number = visit.who.person, visit.path("number")
    if who.staff_id is not None:
        _note_reading(portal, visit, number, who.staff_id)
    return answer(portal, visit, number)


def _note_reading(portal: Portal, visit: Visit, number: str, staff_id: int) -> None:
    """Customers see who at the desk has read it, and when; a page that is loaded again is no new reading."""
    database = portal.config.database
    with database.reading() as session:
        found = conversation.find(session, visit.who.person, number)
        lately = session.get(Reading, (found.id, staff_id)) if found else None
        if found is None or (lately is not None and visit.now - lately.at < READ_AGAIN):
            return
        ticket_id = found.id
    with beside.noting(database) as session:
        reading.saw_page(session, ticket_id, staff_id, visit.now)


def answer(
    portal: Portal,
    visit: Visit,
    number: str,
    *,
    faults: Mapping[str, str] | None = None,
    draft: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    """The page of a ticket; with faults that of a form which was sent, with what was in it."""
    from portal.pages import ticket_staff  # it shows this page too

    kinds = [kind for kind in conversation.KINDS if kind in visit.request.query_params.getlist("show")]
    who, query = visit.who, visit.query
    priority = who.sees_priority
    with portal.config.database.reading() as session:
        found = conversation.find(session, who.person, number)
        if found is None:
            return no_access(portal, visit)
        aside = conversation_aside.read(portal.config.acting, session, who.person, found, visit.now)
        staff = ticket_staff.values(portal, visit, session, found) if who.is_staff else {}
        shown = conversation.read(
            session, who.person, found, everything="all" in query, kinds=kinds, priority=priority
        )  # fmt: skip
    values = {
        "shown": shown,
        "aside": aside,
        "priority": priority,
        "kinds": kinds or conversation.KINDS,
        "chosen": bool(kinds),
        "faults": faults or {},
        "draft": draft or {},
        "sent": draft is not None,
        "once": secrets.token_urlsafe(16),  # of the form for a note: sent twice, it is one
        "quick": "quick" in (draft if draft is not None else query),
        "asks_to_delete": query.get("delete", "") if query.get("delete", "") in aside.alerts else "",
        **_of_desk(portal, visit, number),
    }
    return portal.page(visit, "ticket.html", status=422 if faults else 200, **{**values, **staff, **more})


def _of_desk(portal: Portal, visit: Visit, number: str) -> dict[str, Any]:
    """What the page says by the settings of the desk and by its own address."""
    config = portal.config
    return {
        "done": done.said(visit.query),
        "left_out": left_out.read(visit.query, visit.form_token, number),
        "reasons": config.rules.withdrawal_reasons,
        "reopen_days": config.rules.reopen_days,
        "stages": STAGES,
        "full_link": config.origin + config.root + "/t/" + quote(number.upper()),
        "most_mb": config.rules.files.max_size // MIB,
    }


def no_access(portal: Portal, visit: Visit) -> Response:
    """There is no such ticket, or not for them: nobody is told which (features.md A41)."""
    say, address = visit.language.gettext, portal.config.desk_address
    link = Markup('<a href="mailto:{}">{}</a>').format(address, address)
    text = Markup(escape(say(NO_ACCESS))).format(address=link)  # noqa: S704 - the message is ours
    return portal.page(visit, "error.html", status=404, heading=say(NO_TICKET), text=text)


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
    try:
        data = portal.config.blobs.open(attachment.digest)
    except FileNotFoundError:
        log.error("the bytes of a file are not there", file_id=attachment.id, digest=attachment.digest)
        raise HTTPException(404) from None
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
