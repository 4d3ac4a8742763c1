"""Builds what tells other programs of tickets: what is queued, and what sends it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from desk.hooks import Hook, Hooks
from postdesk import __version__

if TYPE_CHECKING:
    from gateway.hooks import HookSender
    from postdesk.wiring import House


def hooks(house: "House") -> Hooks | None:
    """What transactions queue messages by; None where nobody is told."""
    found = tuple(
        Hook(one.name, frozenset(one.events), one.internal, one.organisation) for one in house.settings.webhooks
    )
    return Hooks(found, house.settings.desk.base_url) if found else None


def senders(house: "House") -> "list[HookSender]":
    """One for each webhook, so that none waits for another."""
    from gateway.hooks import HookSender, Target, read_secret

    return [
        HookSender(
            house.database,
            Target(one.name, one.url, read_secret(one.secret.get_secret_value()), f"Postdesk/{__version__}"),
        )
        for one in house.settings.webhooks
    ]


def steps(house: "House", stopping: Callable[[], bool]) -> list[tuple[str, Callable[[], int]]]:
    """What the threads of the deliver role repeat, each with what it is called when it does not work."""

    def step(sender: "HookSender") -> Callable[[], int]:
        return lambda: sender.drain_once(stopping)

    return [
        (f"webhook {one.name}", step(sender))
        for one, sender in zip(house.settings.webhooks, senders(house), strict=True)
    ]
