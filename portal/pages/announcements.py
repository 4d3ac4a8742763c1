"""One announcement in full, and the others of these days."""

from datetime import timedelta

from starlette.exceptions import HTTPException
from starlette.responses import Response

from desk import announcements
from portal.visit import Portal, Row, Visit

RECENT = timedelta(days=30)  # how long one is listed after its end


def show(portal: Portal, visit: Visit) -> Response:
    """The text of one; whoever has the address may read it, also when it is over."""
    with portal.config.database.reading() as session:
        found = announcements.by_id(session, [int(visit.path("id"))]).get(int(visit.path("id")))
        others = announcements.recent(session, visit.now - RECENT, visit.now)
    if found is None or found.starts_at > visit.now:
        raise HTTPException(404)
    return portal.page(
        visit,
        "help.html",
        state="announcement",
        shown=found,
        over=found.ends_at is not None and found.ends_at <= visit.now,
        others=[other for other in others if other.id != found.id],
        now=visit.now,
    )


PAGES: tuple[Row, ...] = (("/announcements/{id:key}", "GET", "anyone", show),)
