"""The list of tickets."""

from starlette.exceptions import HTTPException
from starlette.responses import Response

from portal import listing
from portal.visit import Portal, Row, Visit

VIEWS = ("all", "open")


def tickets(portal: Portal, visit: Visit) -> Response:
    """All tickets that the visitor may see, or the open ones; the address is the whole state."""
    view = visit.request.query_params.get("view", "all")
    before = visit.request.query_params.get("before", "")
    if view not in VIEWS:
        raise HTTPException(400)
    try:
        cursor = listing.read_cursor(before) if before else None
    except ValueError as error:
        raise HTTPException(400) from error
    with portal.config.database.reading() as session:
        page = listing.page(session, visit.who.person, open_only=view == "open", after=cursor)
    return portal.page(
        visit,
        "tickets.html",
        view=view,
        page=page,
        first=cursor is None,
    )


PAGES: tuple[Row, ...] = (("/tickets", "GET", "signed_in", tickets),)
