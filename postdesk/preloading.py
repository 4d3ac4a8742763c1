"""What the processes need, loaded and built once before they are forked: they share the memory of it.

A module that is first imported after the fork takes memory in each process that does so, and as much again: whatever
the interpreter touches on its way is copied. So this is also where modules are named that others import on first use.
"""

import importlib
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, TypeVar

from starlette.types import ASGIApp

if TYPE_CHECKING:
    from postdesk.wiring import House

T = TypeVar("T")
# None of these starts a thread or opens a connection.
_MODULES = {
    "work": ("gateway.intake", "postdesk.verifying"),
    "deliver": ("postdesk.outgoing", "postdesk.dkim_folder", "email.generator", "encodings.idna"),
    "smtp": ("gateway.listener", "gateway.spool", "encodings.idna"),
    "lmtp": ("gateway.listener", "gateway.spool", "encodings.idna"),
    "imap": ("gateway.spool",),
    "schedule": ("apscheduler.triggers.interval",),
    "health": ("portal.metrics", "store.sizes"),
    "portal": ("portal.app", "postdesk.page_wire", "postdesk.portal", "uvicorn.lifespan.off"),
}


def preload(house: "House", roles: Collection[str]) -> ASGIApp | None:
    """Load what these roles need; returns the page, None where it is not wanted."""
    for role in sorted(roles):
        for module in _MODULES.get(role, ()):
            importlib.import_module(module)
    if not {"smtp", "lmtp", "imap", "schedule", "portal"}.isdisjoint(roles):
        _made(lambda: importlib.import_module("uvloop"))
    if "deliver" in roles and house.settings.relay.mode == "smtp":
        importlib.import_module("gateway.smtp_relay")
    if not {"work", "deliver", "portal"}.isdisjoint(roles):
        _made(lambda: house.words)
    if "deliver" in roles:
        _made(lambda: _letters(house))
    return _made(lambda: _page(house)) if "portal" in roles and house.settings.portal.enabled else None


def _letters(house: "House") -> None:
    """Compiles the templates: each process keeps what is compiled (gateway/letter_compiled.py)."""
    from postdesk.outgoing import composer

    composer(house)


def _page(house: "House") -> ASGIApp:
    from portal.app import create_app

    return create_app(house.portal())


def _made(make: Callable[[], T]) -> T | None:
    """None where it cannot be made: the process that needs it tries again, says what is wrong, and stops no other."""
    try:
        return make()
    except Exception:
        return None
