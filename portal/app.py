"""Puts the portal together: routes, error pages, the guard around them."""

from functools import partial

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.applications import Starlette
from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from desk.acting.rules import NotThere
from portal.api.app import create_api
from portal.api.calls import ROOT as API
from portal.board import FiguresBoard, StatusBoard
from portal.config import PortalConfig
from portal.guard import Guard
from portal.news import News
from portal.pages import (
    announcements,
    as_sent,
    audit,
    code,
    desk,
    desk_mail,
    desk_mail_acts,
    entrance,
    file,
    help,
    home,
    me,
    me_more,
    new,
    password,
    people,
    people_form,
    people_import,
    ticket,
    ticket_acts,
    ticket_staff,
    ticket_write,
    tickets,
    tickets_files,
    tokens,
    two_step,
    unsubscribe,
    watch,
)
from portal.pages.errors import ErrorPages
from portal.render import Pages
from portal.visit import Portal, endpoint
from store.database import Busy

log = structlog.get_logger(__name__)


class KeyConvertor(IntegerConvertor):
    """The id of a row in an address; no database takes a larger one, so it is not found."""

    regex = "[0-9]{1,18}"


register_url_convertor("key", KeyConvertor())

# Every page, by the modules that hold them: a row says its path, its method, who may come, and what answers. Files and
# texts are pages too: rights are checked alike.
MODULES = (
    home,
    entrance,
    code,
    password,
    new,
    tickets,
    tickets_files,
    desk,
    audit,
    desk_mail,
    desk_mail_acts,
    ticket,
    ticket_write,
    ticket_acts,
    ticket_staff,
    as_sent,
    file,
    me,
    me_more,
    tokens,
    two_step,
    help,
    announcements,
    people,
    people_form,
    people_import,
)
PAGES = tuple(row for module in MODULES for row in module.PAGES)
_FIGURES, _NEWS = 5, 10  # times as old as the status the figures of staff may be, and the line of announcements
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


def create_app(config: PortalConfig) -> ASGIApp:
    """The portal as an ASGI application."""
    pages = Pages(config)
    board = StatusBoard(config.database, config.status_seconds, config.mailboxes)
    news = News(config.database, FiguresBoard(_NEWS * config.status_seconds))
    portal = Portal(config, pages, board, news, FiguresBoard(_FIGURES * config.status_seconds))
    errors = ErrorPages(portal)

    def unavailable(request: Request, error: Exception) -> Response:
        log.error("the database does not answer", exc_info=error)
        return errors(request, 503)

    app = Starlette(
        routes=_routes(portal),
        exception_handlers={
            HTTPException: errors,
            OperationalError: unavailable,
            InterfaceError: unavailable,
            PoolTimeout: unavailable,
            Busy: unavailable,
            # Somebody whose rights ended between two clicks, or a contact without any address.
            NotThere: lambda request, _error: errors(request, 404),
            Exception: errors,
        },
    )
    # A redirect that adds or takes a slash would be built from the Host header.
    app.router.redirect_slashes = False
    return Guard(app, config, lambda request: errors(request, 400))


def _routes(portal: Portal) -> list[BaseRoute]:
    root = portal.config.root
    routes: list[BaseRoute] = [
        Route(root + path or "/", endpoint(portal, page, door), methods=[method]) for path, method, door, page in PAGES
    ]
    if root:
        routes.append(Route(root, endpoint(portal, home.home, "entrance"), methods=["GET"]))
    css = partial(Response, portal.pages.css, media_type="text/css", headers=FOR_EVER)
    nothing = partial(Response, status_code=204, headers=FOR_EVER)
    return [
        *routes,
        Route(root + portal.pages.css_path, lambda _request: css(), methods=["GET"]),
        # Not among PAGES: a mail program presses this button, without a cookie and from anywhere.
        Route(root + "/u/{token}", partial(unsubscribe.show, portal), methods=["GET"]),
        Route(root + "/u/{token}", partial(unsubscribe.stop, portal), methods=["POST"]),
        # Programs, with tokens: nothing of pages, cookies or forms.
        Mount(root + API, create_api(portal.config)),
        Route("/favicon.ico", lambda _request: nothing(), methods=["GET"]),
        Route("/healthz", watch.Health(portal).__call__, methods=["GET"]),
        Route("/readyz", partial(watch.ready, portal), methods=["GET"]),
        Route("/metrics", partial(watch.metrics, portal), methods=["GET"]),
    ]
