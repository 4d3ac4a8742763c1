"""Off a list with one click (RFC 8058): a page with a button, and what the button, or a mail program, does."""

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from desk import audit, unsubscribing
from desk.said import Said, say
from desk.unsubscribing import List, Stop
from desk.writes import Writes
from portal.peer import peer_of
from portal.visit import Portal, language_of, origin_of

# What somebody gets no more of. No ticket is named: whoever has the link may have it from somebody else.
WHAT: dict[List, Said] = {
    "alerts": say("alerts of this ticket"),
    "watching": say("letters about the changes of this ticket"),
    "ticket": say("letters about this ticket, but for the one that says how it ends"),
    "digest": say("the list of your tickets"),
    "news": say("announcements"),
    "day sheet": say("the day sheet"),
}


async def show(portal: Portal, request: Request) -> Response:
    """The page that a link in a letter leads to. Programs that look at links before people do change nothing."""
    return _page(portal, request, _stop(portal, request), done=False)


async def stop(portal: Portal, request: Request) -> Response:
    """One click, of a person or of a mail program: no cookie, no form of ours, and a second time is as good."""
    found = _stop(portal, request)
    await run_in_threadpool(_apply, portal, found, peer_of(request, portal.config.trusted_proxies))
    return _page(portal, request, found, done=True)


def _page(portal: Portal, request: Request, found: Stop, *, done: bool) -> Response:
    language = language_of(portal.config, request, None)
    return portal.pages("links/unsubscribe.html", language=language, what=WHAT[found.list], done=done)


def _stop(portal: Portal, request: Request) -> Stop:
    found = unsubscribing.read(str(request.path_params["token"]), portal.config.keys)
    if found is None:
        raise HTTPException(404)
    return found


def _apply(portal: Portal, found: Stop, peer: str) -> None:
    database = portal.config.database
    writes = Writes(database.ids.next)
    with audit.acting(origin_of(None, peer)):
        unsubscribing.apply(writes, found, portal.config.clock())
    with database.transaction() as session:
        writes.flush(session)
