"""The status page, which is also Home: how the desk does, and for people who signed in their open tickets."""

from starlette.responses import Response

from portal import listing, words
from portal.visit import Portal, Row, Visit

LATEST = 6


def home(portal: Portal, visit: Visit) -> Response:
    """Signed out: the status and nothing of any ticket. Signed in: one line of it, and the latest open tickets."""
    board = portal.board.read(visit.now)
    if visit.visitor is None:
        return portal.page(visit, "home.html", status_now=board, tickets=None, ledger_words=words.LEDGER)
    with portal.config.database.reading() as session:
        page = listing.page(session, visit.visitor.person, open_only=True, limit=LATEST)
    return portal.page(visit, "home.html", status_now=board, tickets=page.rows, ledger_words=words.LEDGER)


PAGES: tuple[Row, ...] = (("/", "GET", "anyone", home),)
