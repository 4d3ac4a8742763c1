"""How many processes send letters, and which of a relay's connections each of them has."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from postdesk.wiring import House

QUICKLY = 5.0  # seconds


def processes(house: "House") -> int:
    """No more than have a connection to some relay."""
    settings = house.settings
    if settings.relay.mode == "maildir":
        return 1
    most = max(server.connections for server in (settings.relay, *settings.relays))
    return min(settings.delivery.processes or min(2, os.cpu_count() or 1), most)


def share(connections: int, senders: int, number: int) -> int:
    """The connections of one process among so many. The first, number 0, has most: mostly it works alone."""
    each = max(1, connections // (2 * senders))
    helpers = min(senders, connections) - 1
    if number:
        return each if number <= helpers else 0
    return connections - helpers * each


def fair_part(house: "House", batch: int, number: int) -> int:
    """How many letters of a batch give each connection of one that helps out as many as each of the first has.

    With more, a slow relay would still be taking them when all others have long been taken.
    """
    senders, settings = processes(house), house.settings
    connections = [server.connections for server in (settings.relay, *settings.relays)]
    return max(1, *(batch * share(one, senders, number) // share(one, senders, 0) for one in connections))


def how_many(few: int, batch: int, done: int, seconds: float) -> int:
    """The letters to take next, after so many in so long: a whole batch where that is quickly done, else few."""
    return batch if seconds * batch < QUICKLY * done else few
