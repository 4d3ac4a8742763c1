"""The outermost layer: answers only to its own host names, and puts the protective headers on every response."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal.config import PortalConfig
from portal.watching import is_address

CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-src 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::\d{1,5})?", re.IGNORECASE | re.ASCII)
# Load balancers and monitoring ask a machine by its address.
_WATCHED = frozenset({"/healthz", "/readyz", "/metrics"})
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Guard:
    """Wraps the whole application, its error pages too."""

    def __init__(self, app: ASGIApp, config: PortalConfig, bad_request: Callable[[Request], Response]) -> None:
        self._app = app
        self._bad_request = bad_request
        own = urlsplit(config.base_url).hostname or ""
        self._hosts = frozenset(name.lower().strip("[]") for name in (own, *config.hosts, *_LOOPBACK))
        self._headers = dict(HEADERS)
        if config.secure:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        # A foreign name means a rebound DNS entry, or somebody who wants it in our links (there it never gets).
        named = Headers(scope=scope).getlist("host")
        if self._is_ours(named) or (scope["path"] in _WATCHED and len(named) == 1 and is_address(named[0])):
            await self._app(scope, receive, send_guarded)
        else:
            await self._bad_request(Request(scope))(scope, receive, send_guarded)

    def _is_ours(self, named: list[str]) -> bool:
        match = _HOST.fullmatch(named[0]) if len(named) == 1 else None
        return match is not None and match.group(1).strip("[]").lower() in self._hosts
