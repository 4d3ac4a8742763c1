"""The cookies: session, half-done sign-in, the form cookie of visitors who have not signed in, a name to remember."""

from datetime import timedelta
from typing import Literal
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import Response

from portal.config import PortalConfig

Name = Literal["session", "half", "form", "name"]
REMEMBERED = timedelta(days=365)  # a user name, since it was last typed
_LONGEST = 320  # characters of a user name


def _name(name: Name, config: PortalConfig) -> str:
    # __Host- wants Secure, which plain http on this machine cannot have (RFC 6265bis section 4.1.3.2).
    return f"__Host-postdesk-{name}" if config.secure else f"postdesk-{name}"


def read(request: Request, name: Name, config: PortalConfig) -> str:
    """The value, or ""."""
    return request.cookies.get(_name(name, config), "")


def put(response: Response, name: Name, value: str, config: PortalConfig, lasts: timedelta | None = None) -> None:
    """Set it: not for scripts, not sent along with forms of other sites."""
    response.set_cookie(
        _name(name, config),
        value,
        max_age=int(lasts.total_seconds()) if lasts is not None else None,
        path="/",
        secure=config.secure,
        httponly=True,
        samesite="lax",
    )


def remove(response: Response, name: Name, config: PortalConfig) -> None:
    """Take it back."""
    response.delete_cookie(_name(name, config), path="/", secure=config.secure, httponly=True, samesite="lax")


def remembered(request: Request, config: PortalConfig) -> str:
    """The user name that somebody wanted to be remembered in this browser, or ""."""
    name = unquote(read(request, "name", config)[: 3 * _LONGEST])
    return name if name.isprintable() and len(name) <= _LONGEST else ""


def remember(response: Response, request: Request, name: str, config: PortalConfig) -> None:
    """Keep a user name in this browser, and nothing else; "" forgets it."""
    if name:
        put(response, "name", quote(name[:_LONGEST]), config, REMEMBERED)
    elif read(request, "name", config):
        remove(response, "name", config)
