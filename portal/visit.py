"""One request on its way to a page: who is it, may they come here, is their form ours."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from desk import audit, sessions, two_step
from desk.audit import Origin
from desk.language import ENGLISH, Language
from desk.sessions import Visitor
from portal import beside, cookies, forms, way_back
from portal.board import FiguresBoard, StatusBoard
from portal.config import PortalConfig
from portal.forms import Form
from portal.news import News
from portal.peer import peer_of
from portal.render import Pages

# anyone: also signed out · entrance: the same, and has a form · choosing: also before an own password is chosen ·
# setting_up: also before two-step sign-in is set up, where it must be ·
# signed_in: only with a session that is free to go anywhere · staff: of those, people who work at the desk
Door = Literal["anyone", "entrance", "choosing", "setting_up", "signed_in", "staff"]


@dataclass(frozen=True, slots=True)
class Visit:
    """One request."""

    request: Request
    now: datetime
    peer: str
    visitor: Visitor | None
    form_token: str
    language: Language = ENGLISH
    form: Form = field(default_factory=Form)

    @property
    def who(self) -> Visitor:
        """The visitor of a page that only signed-in people reach."""
        if self.visitor is None:
            raise HTTPException(403)
        return self.visitor

    @property
    def query(self) -> Mapping[str, str]:
        """What the address says behind its question mark."""
        return self.request.query_params

    def path(self, name: str) -> str:
        """A part of the path, as text."""
        return str(self.request.path_params[name])


@dataclass(frozen=True, slots=True)
class Portal:
    """What pages work with."""

    config: PortalConfig
    pages: Pages
    board: StatusBoard
    news: News
    figures: FiguresBoard

    def redirect(self, path: str) -> RedirectResponse:
        """See another page of ours; the address is a path, so no Host header gets into it."""
        return RedirectResponse(self.config.root + path, 303)

    def page(
        self, visit: Visit, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any
    ) -> Response:
        """A page for this visitor, in their language."""
        return self.pages(
            template,
            language=visit.language,
            visitor=visit.visitor,
            form_token=visit.form_token,
            announcement=self.news.line(visit.now),
            status=status,
            headers=headers,
            **values,
        )


class SignedOut(HTTPException):
    """A form came from a browser whose session had ended."""

    def __init__(self) -> None:
        super().__init__(403)


Page = Callable[[Portal, Visit], Response]
Row = tuple[str, str, Door, Page]  # path, method, who may come, what answers
SET_PASSWORD = "/in/password"
CODE = "/in/code"
SET_UP = "/me/two-step"


def endpoint(portal: Portal, page: Page, door: Door) -> Callable[[Request], Awaitable[Response]]:
    """A page as Starlette wants it; the work runs in a thread, because the database waits."""

    async def answer(request: Request) -> Response:
        if request.method != "POST":
            return await run_in_threadpool(_answer, portal, page, door, request)
        # Who may not come here gets no megabytes read, and nothing of a form that is not ours is looked at.
        arrived = await run_in_threadpool(_arrive, portal, door, request)
        if isinstance(arrived, Response):
            return await _too_late(portal, request, arrived)
        if not forms.is_same_origin(request, portal.config):
            raise HTTPException(403)
        # Files come from people who signed in; whoever did not fills no disk with them.
        most = forms.MAX_UPLOAD if arrived.visitor else forms.MAX_BODY
        with forms.closing(await _read(request, most)) as form:
            return await run_in_threadpool(_send, portal, page, replace(arrived, form=form))

    return answer


def _answer(portal: Portal, page: Page, door: Door, request: Request) -> Response:
    arrived = _arrive(portal, door, request)
    if isinstance(arrived, Response):
        return arrived
    if arrived.visitor or door != "entrance" or arrived.form_token:
        return _done(portal, page, arrived)
    cookie = forms.new_cookie()
    token = forms.token_for(None, cookie, portal.config.keys)
    response = _done(portal, page, replace(arrived, form_token=token))
    cookies.put(response, "form", cookie, portal.config)
    return response


def _send(portal: Portal, page: Page, visit: Visit) -> Response:
    if not forms.is_right(visit.form, visit.form_token):
        ended = visit.visitor is None and cookies.read(visit.request, "session", portal.config)
        raise SignedOut if ended else HTTPException(403)  # a page that is for everybody was filled in by somebody known
    return _done(portal, page, visit)


def _done(portal: Portal, page: Page, visit: Visit) -> Response:
    """Whatever is noted in the audit log on the way was done by this visitor."""
    with audit.acting(origin_of(visit.visitor, visit.peer)):
        return page(portal, visit)


def origin_of(visitor: Visitor | None, peer: str) -> Origin:
    """A visitor, for the audit log."""
    if visitor is None:
        return Origin("page", peer=peer)
    person, via = visitor.person, f"session {sessions.name_of(visitor.key)}"
    return Origin("page", person.staff_id, person.contact_id, via=via, peer=peer)


def _arrive(portal: Portal, door: Door, request: Request) -> Visit | Response:
    """The visit, or where somebody is sent instead: who has no session here signs in first."""
    visit = meet(portal, request)
    moved = _stopped(portal, request, visit, door)
    if moved is not None:
        return moved
    if door == "staff" and not (visit.visitor and visit.visitor.is_staff):
        raise HTTPException(404)
    return visit


def meet(portal: Portal, request: Request) -> Visit:
    """Who comes there, and in which language; the page of an error finds it at the request (portal/pages/errors.py)."""
    config, now = portal.config, portal.config.clock()
    visitor = _visitor(portal, request, now)
    token = forms.token_for(visitor, cookies.read(request, "form", config), config.keys)
    peer = peer_of(request, config.trusted_proxies)
    request.state.visit = Visit(request, now, peer, visitor, token, language_of(portal.config, request, visitor))
    return request.state.visit  # type: ignore[no-any-return]  # what stands in a state has no type


def language_of(config: PortalConfig, request: Request, visitor: Visitor | None) -> Language:
    """The visitor's own, that of their organisation, the first that the browser asks for and we have, the desk's."""
    wanted = list(visitor.languages) if visitor else []
    if not wanted:
        asked = request.headers.get("accept-language", "")[:200].split(",")
        wanted = [part.partition(";")[0].strip() for part in asked]
    return config.languages.find(*wanted)


def _visitor(portal: Portal, request: Request, now: datetime) -> Visitor | None:
    config = portal.config
    cookie = cookies.read(request, "session", config)
    if not cookie:
        return None
    with config.database.reading() as session:
        visitor = sessions.resume(session, cookie, now=now, lifetimes=config.lifetimes, levels=config.levels)
    if visitor is not None and visitor.stale:
        with beside.noting(config.database) as session:
            sessions.touch(session, visitor.key, now)
    return visitor


def must_set_up(config: PortalConfig, visitor: Visitor) -> bool:
    """True for who must sign in with a code too, and has not set that up."""
    admin = visitor.level.people and not visitor.is_staff
    return not visitor.two_step and two_step.is_required(config.two_step, staff=visitor.is_staff, admin=admin)


def _stopped(portal: Portal, request: Request, visit: Visit, door: Door) -> Response | None:
    """Where this visitor is sent instead, if anywhere."""
    visitor, inside = visit.visitor, door in ("signed_in", "staff", "setting_up")
    asked = way_back.asked(way_back.of(request, portal.config.root)) if request.method != "POST" else ""
    if visitor is not None and visitor.must_change and door != "choosing":
        return portal.redirect(SET_PASSWORD + (asked if inside else ""))
    if visitor is not None and door not in ("choosing", "setting_up") and must_set_up(portal.config, visitor):
        return portal.redirect(SET_UP + (asked if inside else ""))
    if visitor is None and (inside or door == "choosing"):
        # The session ended while the form was open: nothing of it was done, and the page says so.
        return portal.redirect("/in?done=ended" if request.method == "POST" else "/in" + asked)
    return None


async def _read(request: Request, most: int = forms.MAX_BODY) -> Form:
    """The form. What was typed is kept for the page of an error: nobody has to write it again."""
    try:
        request.state.form = await forms.read(request, most)
    except forms.TooLarge as error:
        request.state.form = error.form
        raise
    return request.state.form  # type: ignore[no-any-return]  # as above


async def _too_late(portal: Portal, request: Request, instead: Response) -> Response:
    """A form that was sent after its session had ended: the words in it are shown, so that they are not lost.

    Only of a small form from our own page: who may not come here gets no megabytes read.
    """
    length = request.headers.get("content-length", "")
    small = length.isascii() and length.isdigit() and len(length) < 12 and int(length) <= forms.MAX_BODY
    if small and cookies.read(request, "session", portal.config) and forms.is_same_origin(request, portal.config):
        with forms.closing(await _read(request)) as form:
            if forms.typed(form):
                raise SignedOut
    return instead
