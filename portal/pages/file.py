"""A file that was too large for a letter: the page that its link leads to, and the file itself."""

import re

import structlog
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from desk import file_links
from desk.file_links import FileLink, Linked
from portal.pages.ticket import BLOCK, FILE_CSP, blocks, disposition
from portal.visit import Portal, Row, Visit

log = structlog.get_logger(__name__)

# Types that only tell the browser's owner what to open the file with, as found from its bytes when it came in. All
# else, HTML and SVG above all, is bytes.
_HARMLESS = re.compile(
    r"(?:image/(?!svg)|audio/|video/|application/(?:pdf|zip|msword|vnd\.))[a-z0-9.+-]{0,80}", re.ASCII
)


def show(portal: Portal, visit: Visit) -> Response:
    """What the file is, and a link to it: programs that look at links before people do fetch no megabytes."""
    link = _link(portal, visit)
    found, over = _find(portal, visit, link)
    return portal.page(
        visit,
        "links/file.html",
        status=410 if over else 200,
        file=found.file,
        over=over,
        until=link.until,
        token=visit.request.path_params["token"],
        # Who was only given a copy has nothing to sign in to.
        page="" if link.holder == "given" else f"/t/{found.number}/files/{found.file.id}",
    )


def download(portal: Portal, visit: Visit) -> Response:
    """The bytes, to be kept and never to be shown by the browser."""
    found, over = _find(portal, visit, _link(portal, visit))
    if over:
        return portal.redirect(f"/f/{visit.request.path_params['token']}")
    try:
        data = portal.config.blobs.open(found.file.digest)
    except FileNotFoundError:
        log.error("the bytes of a file are not there", file_id=found.file.id, digest=found.file.digest)
        raise HTTPException(404) from None
    headers = {
        "Content-Disposition": disposition(found.file.name),
        "Content-Security-Policy": FILE_CSP,
        "Content-Length": str(found.file.size),
    }
    kind = found.file.type if _HARMLESS.fullmatch(found.file.type) else "application/octet-stream"
    return StreamingResponse(blocks(data, data.read(BLOCK)), media_type=kind, headers=headers)


def _link(portal: Portal, visit: Visit) -> FileLink:
    link = file_links.read(str(visit.request.path_params["token"]), portal.config.keys)
    if link is None:
        raise HTTPException(404)
    return link


def _find(portal: Portal, visit: Visit, link: FileLink) -> tuple[Linked, bool]:
    """The file, and whether its link has run out for this visitor. Rights are those of today."""
    with portal.config.database.reading() as session:
        if visit.visitor is not None and (own := file_links.find_for(session, link, visit.visitor.person)):
            return own, False
        found = file_links.find(session, link, portal.config.levels)
    if found is None:
        raise HTTPException(404)
    return found, visit.now >= link.until


PAGES: tuple[Row, ...] = (
    ("/f/{token}", "GET", "anyone", show),  # with a signed link: desk/file_links.py
    ("/f/{token}/file", "GET", "anyone", download),
)
