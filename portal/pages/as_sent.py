"""A mail as it was sent: its HTML as a document of its own, for a frame on the ticket page, and the pictures in it."""

import re
from collections.abc import Mapping
from urllib.parse import unquote

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from portal import conversation, passes, true_hosts
from portal.pages.ticket import BLOCK, blocks, disposition, picture_type
from portal.visit import Portal, Row, Visit
from store.tables import Attachment

# No script, no form, no origin, no request but for pictures of the mail. Links open in a tab of their own, which is
# free of all this: a frame that follows a link shows nothing (the page's frame-src), and a sandboxed tab breaks what it
# leads to. Only a person's click opens one, because nothing here can script. The frame's own attribute says the same.
FREEDOMS = "allow-popups allow-popups-to-escape-sandbox"
FRAME_CSP = f"sandbox {FREEDOMS}; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"
PICTURE_CSP = "sandbox; default-src 'none'; frame-ancestors 'none'"
# The sanitiser writes < and > inside of attributes as entities, and " too.
_PICTURE = re.compile(r"<img\b[^<>]*>")
_SOURCE = re.compile(r' src="(?:cid:([^"]{1,300}))?[^"]*"')


def entry_html(portal: Portal, visit: Visit) -> Response:
    """The HTML of one entry, to be shown in a frame and nowhere else."""
    params = visit.request.path_params
    with portal.config.database.reading() as session:
        found = conversation.find(session, visit.who.person, params["number"])
        event = conversation.find_entry(session, visit.who.person, found, int(params["id"])) if found else None
        if found is None or event is None or not event.html:
            raise HTTPException(404)
        files = conversation.content_ids(session, event)
    # Alone in a tab, a mail dressed up as a page of ours would stand under our address.
    if visit.request.headers.get("sec-fetch-dest", "iframe") != "iframe":
        return portal.redirect(f"/t/{found.number}#n{event.id}")
    address = f"{portal.config.root}/t/{found.number}/files/{{}}/picture?pass={{}}"
    urls = {
        name: address.format(file_id, passes.new(file_id, visit.now, portal.config.keys))
        for name, file_id in files.items()
    }
    return portal.pages(
        "links/mail.html",
        language=visit.language,
        headers={"Content-Security-Policy": FRAME_CSP},
        number=found.number,
        mail=Markup(true_hosts.beside(with_pictures(event.html, urls))),  # noqa: S704 - it was sanitised when it came in
    )


def with_pictures(html: str, urls: Mapping[str, str]) -> str:
    """The HTML with its own pictures (RFC 2392) at their addresses; any other picture is left to its alt text."""

    def source(match: re.Match[str]) -> str:
        name = match[1] or ""
        url = urls.get(name) or urls.get(unquote(name))
        return f' src="{url}"' if url else ""

    return _PICTURE.sub(lambda tag: _SOURCE.sub(source, tag[0]), html)


def picture(portal: Portal, visit: Visit) -> Response:
    """A PNG, JPEG, GIF or WebP of a mail, to be seen in it; whatever else a file says it is, its bytes decide."""
    attachment = _file(portal, visit)
    if attachment is None or not (attachment.inline or attachment.content_id):
        raise HTTPException(404)
    try:
        data = portal.config.blobs.open(attachment.digest)
    except FileNotFoundError:
        raise HTTPException(404) from None
    start = data.read(BLOCK)
    kind = picture_type(start)
    if not kind:
        data.close()
        raise HTTPException(404)
    headers = {
        "Content-Disposition": disposition(attachment.name, inline=True),
        "Content-Length": str(attachment.size),
        "Content-Security-Policy": PICTURE_CSP,
        # The sandboxed frame has no origin, so it is never the same one.
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return StreamingResponse(blocks(data, start), media_type=kind, headers=headers)


def _file(portal: Portal, visit: Visit) -> Attachment | None:
    """By the rights of who is signed in; else by a pass, which the frame was given by somebody's rights.

    A frame without an origin counts as another site: no SameSite cookie comes with what it asks for.
    """
    number, file_id = visit.request.path_params["number"], int(visit.request.path_params["id"])
    with portal.config.database.reading() as session:
        if visit.visitor is not None:
            found = conversation.find(session, visit.visitor.person, number)
            return conversation.find_file(session, visit.visitor.person, found, file_id) if found else None
        if passes.is_right(visit.request.query_params.get("pass", ""), file_id, visit.now, portal.config.keys):
            return conversation.find_passed_file(session, number, file_id)
    return None


PAGES: tuple[Row, ...] = (
    ("/t/{number}/files/{id:key}/picture", "GET", "anyone", picture),  # or with a pass: portal/passes.py
    ("/t/{number}/entries/{id:key}.html", "GET", "signed_in", entry_html),
)
