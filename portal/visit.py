"""One request on its way to a page: who is it, may they come here, is their form ours."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from desk import sessions
from desk.sessions import Visitor
from portal import cookies, forms
from portal.board import StatusBoard
from portal.config import PortalConfig
from portal.peer import peer_of
from portal.render import Pages

# anyone: also signed out · entrance: the same, and has a form · choosing: also before an own password is chosen ·
# signed_in: only with a session that is free to go anywhere
Door = Literal["anyone", "entrance", "choosing", "signed_in"]


@dataclass(frozen=True, slots=True)
class Portal:
    """What pages work with."""

    config: PortalConfig
    pages: Pages
    board: StatusBoard

    def redirect(self, path: str) -> RedirectResponse:
        """See another page of ours; the address is a path, so no Host header gets into it."""
        return RedirectResponse(self.config.root + path, 303)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request."""

    request: Request
    now: datetime
    peer: str
    visitor: Visitor | None
    form_token: str
    form: dict[str, str] = field(default_factory=dict)

    @property
    def who(self) -> Visitor:
        """The visitor of a page that only signed-in people reach."""
        if self.visitor is None:
            raise HTTPException(403)
        return self.visitor


Page = Callable[[Portal, Visit], Response]
SET_PASSWORD = "/in/password"


def endpoint(portal: Portal, page: Page, door: Door) -> Callable[[Request], Awaitable[Response]]:
    """A page as Starlette wants it; the work runs in a thread, because the database waits."""

    async def answer(request: Request) -> Response:
        body = await _body(request) if request.method == "POST" else b""
        return await run_in_threadpool(_answer, portal, page, door, request, body)

    return answer


async def _body(request: Request) -> bytes:
    """The form, however it is sent; 413 as soon as it is too large, whatever length it declared."""
    body = bytearray()
    async for block in request.stream():
        body += block
        if len(body) > forms.MAX_BODY:
            raise HTTPException(413)
    return bytes(body)


def _answer(portal: Portal, page: Page, door: Door, request: Request, body: bytes) -> Response:
    config, now = portal.config, portal.config.clock()
    visitor = _visitor(portal, request, now)
    form_cookie = cookies.read(request, "form", config)
    fresh_cookie = "" if visitor or form_cookie or door != "entrance" else forms.new_cookie()
    token = forms.token_for(visitor, form_cookie or fresh_cookie, config.keys)
    # First, because it changes nothing: after a session ended its forms lead to the sign-in page.
    moved = _stopped(portal, request, visitor, door)
    if moved is not None:
        return moved
    form = _checked_form(request, body, token, config) if request.method == "POST" else {}
    peer = peer_of(request, config.trusted_proxies)
    response = page(portal, Visit(request, now, peer, visitor, token, form))
    if fresh_cookie:
        cookies.put(response, "form", fresh_cookie, config)
    return response


def _visitor(portal: Portal, request: Request, now: datetime) -> Visitor | None:
    config = portal.config
    cookie = cookies.read(request, "session", config)
    if not cookie:
        return None
    with config.database.reading() as session:
        visitor = sessions.resume(session, cookie, now=now, lifetimes=config.lifetimes, levels=config.levels)
    if visitor is not None and visitor.stale:
        with config.database.transaction(durable=False) as session:
            sessions.touch(session, visitor.key, now)
    return visitor


def _checked_form(request: Request, body: bytes, token: str, config: PortalConfig) -> dict[str, str]:
    if not forms.is_same_origin(request, config):
        raise HTTPException(403)
    try:
        form = forms.read(body)
    except ValueError as error:
        raise HTTPException(400) from error
    if not forms.is_right(form, token):
        raise HTTPException(403)
    return form


def _stopped(portal: Portal, request: Request, visitor: Visitor | None, door: Door) -> Response | None:
    """Where this visitor is sent instead, if anywhere."""
    here = request.url.path.removeprefix(portal.config.root)
    way_back = "" if request.method == "POST" else "?next=" + quote(here, safe="/.")
    if visitor is not None and visitor.must_change and door != "choosing":
        return portal.redirect(SET_PASSWORD + (way_back if door == "signed_in" else ""))
    if visitor is None and door in ("signed_in", "choosing"):
        return portal.redirect("/in" + way_back)
    return None
