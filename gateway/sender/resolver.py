"""What the checks ask DNS, and how much of it for one mail."""

import time
from collections.abc import Callable
from typing import Literal, Protocol

Kind = Literal["A", "AAAA", "MX", "PTR", "TXT"]
Record = bytes | str | tuple[int, str]  # TXT as bytes, its strings joined; MX as preference and name; else text
MAX_QUESTIONS = 50  # for one mail: the records of strangers decide what is asked next


class Unanswered(Exception):
    """DNS did not say whether there is such a record; the text says why, as the end of a sentence."""


class Resolver(Protocol):
    """Asks DNS."""

    def lookup(self, name: str, kind: Kind, seconds: float) -> tuple[Record, ...]:
        """The records of a name, () where there are none. Raises Unanswered, after about `seconds` at the latest."""
        ...


class Questions:
    """The questions about one mail: none after the time is over, and no more than MAX_QUESTIONS."""

    def __init__(self, resolver: Resolver, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._resolver = resolver
        self._clock = clock
        self._end = clock() + seconds
        self._left = MAX_QUESTIONS

    def ask(self, name: str, kind: Kind) -> tuple[Record, ...]:
        """The records of a name, () where there are none. Raises Unanswered."""
        left = self._end - self._clock()
        if left <= 0:
            raise Unanswered("DNS did not answer in time")
        if self._left <= 0:
            raise Unanswered("its records ask too much of DNS")
        self._left -= 1
        return self._resolver.lookup(name, kind, left)

    def text(self, name: str) -> list[bytes]:
        """The TXT records of a name. Raises Unanswered."""
        return [record for record in self.ask(name, "TXT") if isinstance(record, bytes)]
