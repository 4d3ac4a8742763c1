"""What processes need, loaded and built before they are forked: they share the memory of it.

A module that is first imported after the fork takes memory in each process that does so, and as much again: whatever
the interpreter touches on its way is copied. So this is also where modules are named that others import on first use.
"""

import contextlib
import importlib
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from postdesk.wiring import House

# None of these starts a thread or opens a connection.
_MODULES = {
    "work": ("gateway.intake", "postdesk.verifying"),
    "deliver": ("postdesk.outgoing", "postdesk.dkim_folder", "email.generator", "encodings.idna"),
    "smtp": ("gateway.listener", "gateway.spool", "encodings.idna"),
    "lmtp": ("gateway.listener", "gateway.spool", "encodings.idna"),
    "imap": ("gateway.spool",),
    "schedule": ("apscheduler.triggers.interval",),
    "health": ("portal.metrics", "store.sizes"),
    "portal": ("portal.app", "jinja2.ext", "postdesk.page_wire", "postdesk.portal", "uvicorn.lifespan.off"),
}


def preload(house: "House", roles: Collection[str]) -> None:
    """Load what these roles need. The page is not among it: one process alone has it, and makes it while it listens."""
    for role in sorted(roles):
        for module in _MODULES.get(role, ()):
            importlib.import_module(module)
    if not {"smtp", "lmtp", "imap", "schedule", "portal"}.isdisjoint(roles):
        _made(lambda: importlib.import_module("uvloop"))
    if "deliver" in roles and house.settings.relay.mode == "smtp":
        importlib.import_module("gateway.smtp_relay")
    if not {"work", "deliver", "portal"}.isdisjoint(roles):
        _made(lambda: house.words)
    if not {"deliver", "portal"}.isdisjoint(roles):
        _made(lambda: house.languages.find())  # the desk's own; any other is read once somebody reads it
    if "deliver" in roles:
        _made(lambda: _letters(house))


def _letters(house: "House") -> None:
    """Compiles the templates: each process keeps what is compiled (gateway/letter_compiled.py)."""
    from postdesk.outgoing import composer

    composer(house)


def _made(make: Callable[[], object]) -> None:
    """What cannot be made is left out: the process that needs it tries again, and says what is wrong."""
    with contextlib.suppress(Exception):
        make()
