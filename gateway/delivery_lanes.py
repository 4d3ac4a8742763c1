"""Which relay takes which letters; a relay that fails rests for a while, and one that hangs keeps no other waiting."""

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, String, case, func, literal, select

from desk import canary
from gateway.letter import Letter
from gateway.relay import Deferred, NotTried, Relay, Result, Uncertain
from store.tables import Outbox, Ticket

log = structlog.get_logger(__name__)

_MIN_SHARE = 8  # letters that are worth a connection of their own
_FIRST_REST, _LONGEST_REST = 5.0, 60.0  # seconds
_PATIENCE = 2.0  # seconds for which the letters of one relay may keep those of the others waiting
MAIN = "main"  # the relay of [relay], which has no name, in the log
_A_FEW = 32  # results that are worth recording while the next letters are on their way
_MOMENT = 1.0  # seconds after which fewer are recorded too: what a crash forgets goes out twice
Results = list[tuple[Letter, Result]]


@dataclass(frozen=True, slots=True)
class Route:
    """A relay, and the desk addresses whose letters it takes: “sales@example.com”, or “@example.org” for all there."""

    make: Callable[[], Relay]  # one connection's worth of it
    name: str = ""  # "" is the usual one, which takes what no other does
    connections: int = 4  # 0 where all of them are other processes’
    addresses: frozenset[str] = field(default_factory=frozenset)  # lower case
    idle: timedelta | None = None  # unused for so long, its connections are given back


class _Part:
    """Letters on their way over one connection, and what came of them so far."""

    def __init__(self, letters: Sequence[Letter]) -> None:
        self.letters = letters
        self.results: list[Result] = []
        self._taken = 0
        self.future: Future[None]

    def send(self, relay: Relay, news: threading.Event) -> None:
        """In a thread of its own; `news` says that there is something to record."""
        for _, result in zip(self.letters, relay.send(self.letters), strict=False):
            self.results.append(result)
            if len(self.results) - self._taken >= _A_FEW:
                news.set()

    def fresh(self, relay: str) -> Results:
        """Results since the last call; with the end of it, one for each letter."""
        if self.future.done() and len(self.results) < len(self.letters):
            error = self.future.exception()
            if error is not None and not isinstance(error, Exception):
                raise error
            # A fault of ours: nobody knows how far it came with these, and the other letters go on.
            log.error("a relay connection failed", relay=relay or MAIN, exc_info=error)
            fault = Uncertain(f"a fault of this program: {type(error).__name__}")
            self.results += [fault] * (len(self.letters) - len(self.results))
        begin, self._taken = self._taken, len(self.results)
        return list(zip(self.letters[begin : self._taken], self.results[begin : self._taken], strict=True))


class Lane:
    """One relay at work: its connections, what is on its way over them, and whether it rests."""

    def __init__(self, route: Route, news: threading.Event) -> None:
        self.route, self._news = route, news
        self._relays = [route.make() for _ in range(route.connections)]
        threads = max(1, route.connections)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=f"relay-{route.name}".rstrip("-"))
        self._parts: list[_Part] = []
        self._failures = 0
        self._rests_until: datetime | None = None
        self._used_at: datetime | None = None

    @property
    def futures(self) -> list[Future[None]]:
        """What is on its way."""
        return [part.future for part in self._parts]

    def is_free(self, now: datetime) -> bool:
        """True when letters can be given to it: nothing is on its way, and it does not rest."""
        if self._parts or not self._relays:
            return False
        # A clock that was set back must not make it rest for hours.
        longest = timedelta(seconds=2 * _LONGEST_REST)
        return self._rests_until is None or not now < self._rests_until < now + longest

    def start(self, letters: Sequence[Letter]) -> None:
        """Send over as many connections as the letters are worth."""
        shares = max(1, min(len(self._relays), len(letters) // _MIN_SHARE))
        for relay, share in zip(self._relays, range(shares), strict=False):
            part = _Part(letters[share::shares])
            part.future = self._threads.submit(part.send, relay, self._news)
            self._parts.append(part)
            part.future.add_done_callback(lambda _: self._news.set())

    def finished(self, now: datetime) -> Results:
        """What came of letters since the last call. Once all have come to their end, it is free for the next ones."""
        parts, through = self._parts, all(future.done() for future in self.futures)
        if parts and through:
            self._parts, self._used_at = [], now
        results = [pair for part in parts for pair in part.fresh(self.route.name)]
        if parts and through:
            self._judge([result for part in parts for result in part.results], now)
        return results

    def close_idle(self, now: datetime) -> None:
        """Give connections back that were not used for a while, before the server cuts them."""
        idle = self.route.idle
        if idle and self._used_at and not self._parts and now - self._used_at >= idle:
            self._used_at = None
            for relay in self._relays:
                relay.close()

    def close(self) -> None:
        """Give threads and connections back, those that letters are still on their way over excepted."""
        hangs = not all(future.done() for future in self.futures)
        self._threads.shutdown(wait=not hangs)
        if not hangs:
            for relay in self._relays:
                relay.close()

    def _judge(self, results: Sequence[Result], now: datetime) -> None:
        """It rests when nothing but itself was the trouble, longer each time; whatever gets through ends that."""
        trouble = [result.reply for result in results if _of_relay(result)]
        alive = any(not isinstance(result, Uncertain | NotTried) and not _of_relay(result) for result in results)
        if alive and self._failures:
            log.warning("a relay works again", relay=self.route.name or MAIN, faults=self._failures)
        if alive:
            self._failures = 0
        self._rests_until = None
        if alive or not trouble:
            return
        self._failures += 1
        rest = min(_LONGEST_REST, _FIRST_REST * 2 ** min(self._failures - 1, 10))
        self._rests_until = now + timedelta(seconds=rest * random.uniform(0.8, 1.2))  # noqa: S311 - spreads load
        if self._failures == 1:
            log.warning("a relay does not work; its letters wait", relay=self.route.name or MAIN, reply=trouble[0])


def _of_relay(result: Result) -> bool:
    return isinstance(result, Deferred) and result.of_relay


class Lanes:
    """All relays. `main` is the desk address that letters about no ticket come from.

    Once `stopping` says so nobody waits for letters on their way, except at the close.
    """

    def __init__(self, routes: Sequence[Route], main: str = "", stopping: Callable[[], bool] = lambda: False) -> None:
        self._news = threading.Event()  # there are results to record
        self._lanes = [Lane(route, self._news) for route in routes]
        self._main, self._stopping = main, stopping
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
        # The canary is about no ticket, and says itself where it comes from.
        said = func.nullif(Outbox.context["from"].as_string(), "")
        address = func.coalesce(sender, case((Outbox.kind == canary.KIND, said)), literal(self._main))
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

    def moments(self) -> Iterator[None]:
        """Each time that there are results to record, until the last; with several relays, for a short while."""
        until = time.monotonic() + (float("inf") if len(self._lanes) == 1 else _PATIENCE)
        while self.at_work and not self._stopping() and (left := until - time.monotonic()) > 0:
            self._news.wait(min(_MOMENT, left))
            self._news.clear()
            yield

    @property
    def at_work(self) -> bool:
        """True while letters are on their way."""
        return any(lane.futures for lane in self._lanes)

    def close(self, patience: float | None = None) -> None:
        """Give everything back; what is on its way comes to its end before, if that takes no more seconds."""
        wait([future for lane in self._lanes for future in lane.futures], timeout=patience)
        for lane in self._lanes:
            lane.close()
