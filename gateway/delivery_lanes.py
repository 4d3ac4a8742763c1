"""Which relay takes which letters; a relay that fails rests for a while, and one that hangs keeps no other waiting."""

import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, String, case, func, literal, select

from gateway.letter import Letter
from gateway.relay import Deferred, Relay, Result, Uncertain
from store.tables import Outbox, Ticket

log = structlog.get_logger(__name__)

_MIN_SHARE = 8  # letters that are worth a connection of their own
_FIRST_REST, _LONGEST_REST = 5.0, 60.0  # seconds
_PATIENCE = 2.0  # seconds for which the letters of one relay may keep those of the others waiting
Results = list[tuple[Letter, Result]]


@dataclass(frozen=True, slots=True)
class Route:
    """A relay, and the desk addresses whose letters it takes: “sales@example.com”, or “@example.org” for all there."""

    make: Callable[[], Relay]  # one connection's worth of it
    name: str = ""  # "" is the usual one, which takes what no other does
    connections: int = 4
    addresses: frozenset[str] = field(default_factory=frozenset)  # lower case
    idle: timedelta | None = None  # unused for so long, its connections are given back


class Lane:
    """One relay at work: its connections, what is on its way over them, and whether it rests."""

    def __init__(self, route: Route) -> None:
        self.route = route
        self._relays = [route.make() for _ in range(route.connections)]
        self._threads = ThreadPoolExecutor(route.connections, thread_name_prefix=f"relay-{route.name}".rstrip("-"))
        self._parts: list[tuple[Sequence[Letter], Future[list[Result]]]] = []
        self._failures = 0
        self._rests_until: datetime | None = None
        self._used_at: datetime | None = None

    @property
    def futures(self) -> list[Future[list[Result]]]:
        """What is on its way."""
        return [future for _, future in self._parts]

    def is_free(self, now: datetime) -> bool:
        """True when letters can be given to it: nothing is on its way, and it does not rest."""
        if self._parts:
            return False
        # A clock that was set back must not make it rest for hours.
        longest = timedelta(seconds=2 * _LONGEST_REST)
        return self._rests_until is None or not now < self._rests_until < now + longest

    def start(self, letters: Sequence[Letter]) -> None:
        """Send over as many connections as the letters are worth."""
        shares = max(1, min(len(self._relays), len(letters) // _MIN_SHARE))
        for relay, share in zip(self._relays, range(shares), strict=False):
            part = letters[share::shares]
            self._parts.append((part, self._threads.submit(relay.send, part)))

    def finished(self, now: datetime) -> Results | None:
        """What came of the letters, once that is known of all; None before."""
        if not self._parts or not all(future.done() for future in self.futures):
            return None
        parts, self._parts = self._parts, []
        self._used_at = now
        results: Results = []
        for part, future in parts:
            try:
                results += zip(part, future.result(), strict=True)
            except Exception as error:  # a fault of ours: nobody knows how far it came, and the other letters go on
                log.exception("a relay connection failed", relay=self.route.name)
                results += [(letter, Uncertain(f"a fault of this program: {type(error).__name__}")) for letter in part]
        self._judge([result for _, result in results], now)
        return results

    def close_idle(self, now: datetime) -> None:
        """Give connections back that were not used for a while, before the server cuts them."""
        idle = self.route.idle
        if idle and self._used_at and not self._parts and now - self._used_at >= idle:
            self._used_at = None
            for relay in self._relays:
                relay.close()

    def close(self) -> None:
        """Give threads and connections back; what is on its way comes to its end before."""
        self._threads.shutdown()
        for relay in self._relays:
            relay.close()

    def _judge(self, results: Sequence[Result], now: datetime) -> None:
        """It rests when nothing but itself was the trouble, longer each time; whatever gets through ends that."""
        trouble = [result.reply for result in results if _of_relay(result)]
        alive = any(not isinstance(result, Uncertain) and not _of_relay(result) for result in results)
        if alive and self._failures:
            log.warning("a relay works again", relay=self.route.name, faults=self._failures)
        if alive:
            self._failures = 0
        self._rests_until = None
        if alive or not trouble:
            return
        self._failures += 1
        rest = min(_LONGEST_REST, _FIRST_REST * 2 ** min(self._failures - 1, 10))
        self._rests_until = now + timedelta(seconds=rest * random.uniform(0.8, 1.2))  # noqa: S311 - spreads load
        if self._failures == 1:
            log.warning("a relay does not work; its letters wait", relay=self.route.name, reply=trouble[0])


def _of_relay(result: Result) -> bool:
    return isinstance(result, Deferred) and result.of_relay


class Lanes:
    """All relays. `main` is the desk address that letters about no ticket come from."""

    def __init__(self, routes: Sequence[Route], main: str = "") -> None:
        self._lanes = [Lane(route) for route in routes]
        self._main = main
        self._usual = next((lane for lane in self._lanes if not lane.route.addresses), self._lanes[0])
        self._by_address = {name: lane for lane in self._lanes for name in lane.route.addresses}

    def __iter__(self) -> Iterator[Lane]:
        return iter(self._lanes)

    def of(self, sender: str) -> Lane:
        """The relay for letters from a desk address: by the whole address, then by its domain, else the usual one."""
        domain = "@" + sender.rpartition("@")[2]
        return self._by_address.get(sender) or self._by_address.get(domain) or self._usual

    def any_free(self, now: datetime) -> bool:
        """True when there is a relay to give letters to."""
        return any(lane.is_free(now) for lane in self._lanes)

    def claimable(self, now: datetime) -> ColumnElement[bool] | None:
        """The rows whose relay can take letters now; None when all can. Must say the same as `of`."""
        away = [lane.route.name for lane in self._lanes if not lane.is_free(now)]
        if not away:
            return None
        sender = select(Ticket.desk_address).where(Ticket.id == Outbox.ticket_id).scalar_subquery()
        address = func.coalesce(sender, literal(self._main))
        whole, domains = [], []
        for lane in self._lanes:
            exact = [name for name in lane.route.addresses if not name.startswith("@")]
            whole.append((address.in_(exact), literal(lane.route.name, String)))
            domains += [
                (address.endswith(name, autoescape=True), literal(lane.route.name, String))
                for name in lane.route.addresses
                if name.startswith("@")
            ]
        return case(*whole, *domains, else_=literal(self._usual.route.name, String)).not_in(away)

    def close_idle(self, now: datetime) -> None:
        """Give connections back that were not used for a while."""
        for lane in self._lanes:
            lane.close_idle(now)

    def wait(self) -> None:
        """Until all letters on their way have their results; with several relays, no longer than a moment."""
        futures = [future for lane in self._lanes for future in lane.futures]
        wait(futures, timeout=None if len(self._lanes) == 1 else _PATIENCE)

    @property
    def at_work(self) -> bool:
        """True while letters are on their way."""
        return any(lane.futures for lane in self._lanes)

    def close(self) -> None:
        """Give everything back."""
        for lane in self._lanes:
            lane.close()
