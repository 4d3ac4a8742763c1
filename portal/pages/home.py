"""The status page, which is also Home: how the desk does, and for people who signed in their open tickets."""

from starlette.responses import Response

from portal import listing
from portal.visit import Portal, Visit

LATEST = 6


def home(portal: Portal, visit: Visit) -> Response:
    """Signed out: the status and nothing of any ticket. Signed in: one line of it, and the latest open tickets."""
    board = portal.board.read(visit.now)
    if visit.visitor is None:
        return portal.pages("home.html", status_now=board, tickets=None)
    with portal.config.database.reading() as session:
        page = listing.page(session, visit.visitor.person, open_only=True, limit=LATEST)
    return portal.pages(
        "home.html", visitor=visit.visitor, form_token=visit.form_token, status_now=board, tickets=page.rows
    )
