"""The status page, which is also Home: how the desk does, and for people who signed in their open tickets."""

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from portal import listing
from portal.visit import Portal, Visit

log = structlog.get_logger(__name__)

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


def health(portal: Portal, _request: Request) -> Response:
    """For machines that watch: 200, or 503 when the database does not answer."""
    try:
        now = portal.board.read(portal.config.clock())
    except SQLAlchemyError as error:
        # Its text can name hosts and users: it is for the log, not for whoever asks.
        log.error("the database does not answer the health check", error=str(error))
        return JSONResponse({"ok": False, "database": "does not answer"}, 503)
    return JSONResponse(
        {
            "ok": True,
            "database": "answers",
            "state": now.state,
            "last_handled": now.last_handled.isoformat() if now.last_handled else None,
            "waiting": now.waiting,
            "held": now.held,
            "difference": now.difference,
            "letters_waiting": now.letters_waiting,
            "letters_failing": now.letters_failing,
        }
    )
