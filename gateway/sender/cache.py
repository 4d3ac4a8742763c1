"""Answers of DNS, kept for as long as they hold; a question that several threads have is asked once."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from gateway.sender.resolver import Kind, Record, Unanswered

Key = tuple[str, Kind]
MAX_ENTRIES = 2_000
MAX_BYTES = 4_096  # of one answer; a bigger one is not kept
FAILURE_SECONDS = 30.0
_SHORTEST, _LONGEST = 5.0, 3_600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """The records of a name, and for how many seconds they hold."""

    records: tuple[Record, ...]
    seconds: float


class Away(Unanswered):
    """No server answers at all: that is said of no name, so it is kept for none."""


class Cache:
    """Bounded, and safe to use from several threads."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, tuple[float, tuple[Record, ...] | Unanswered]] = OrderedDict()
        self._asked: dict[Key, Future[tuple[Record, ...]]] = {}

    def get(self, key: Key, ask: Callable[[], Answer], seconds: float) -> tuple[Record, ...]:
        """The records as kept, or as `ask` finds them. Raises Unanswered, also one that is kept."""
        with self._lock:
            if (kept := self._fresh(key)) is not None:
                if isinstance(kept, Unanswered):
                    raise Unanswered(str(kept))  # anew: an exception grows its traceback with every raise
                return kept
            waiting = self._asked.get(key)
            if waiting is None:
                mine: Future[tuple[Record, ...]] = Future()
                self._asked[key] = mine
        if waiting is None:
            self._find(key, ask, mine)
            return mine.result()
        try:
            return waiting.result(seconds)
        except TimeoutError as error:
            raise Unanswered(f"DNS did not answer for {key[0]} in time") from error

    def _find(self, key: Key, ask: Callable[[], Answer], mine: "Future[tuple[Record, ...]]") -> None:
        try:
            answer = ask()
        except BaseException as error:  # whoever waits for it is told the same, and nobody waits for ever
            if isinstance(error, Unanswered) and not isinstance(error, Away):
                self._keep(key, error, FAILURE_SECONDS)
            self._done(key)
            mine.set_exception(error)
        else:
            self._keep(key, answer.records, min(max(answer.seconds, _SHORTEST), _LONGEST))
            self._done(key)
            mine.set_result(answer.records)

    def _done(self, key: Key) -> None:
        with self._lock:
            del self._asked[key]

    def _fresh(self, key: Key) -> tuple[Record, ...] | Unanswered | None:
        until, found = self._kept.get(key, (0.0, ()))
        return found if until > self._clock() else None

    def _keep(self, key: Key, found: tuple[Record, ...] | Unanswered, seconds: float) -> None:
        if isinstance(found, tuple) and sum(len(record) for record in found) > MAX_BYTES:
            return
        with self._lock:
            self._kept[key] = (self._clock() + seconds, found)
            self._kept.move_to_end(key)
            if len(self._kept) > MAX_ENTRIES:
                self._kept.popitem(last=False)
