"""Choices taken from bytes, one after another, as atheris' FuzzedDataProvider does; but without atheris."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Choices:
    """Every decision costs a byte or two, so that a changed byte changes one decision. At the end all answers are 0."""

    data: bytes
    at: int = 0

    @property
    def over(self) -> bool:
        """True when nothing is left to decide by."""
        return self.at >= len(self.data)

    def byte(self) -> int:
        """The next byte."""
        if self.over:
            return 0
        self.at += 1
        return self.data[self.at - 1]

    def pick(self, options: Sequence[T]) -> T:
        """One of them; the first is what an end of the data chooses."""
        value = self.byte() if len(options) <= 256 else self.byte() << 8 | self.byte()
        return options[value % len(options)]

    def chance(self, of: int) -> bool:
        """True once in so many times."""
        return self.byte() % of == of - 1

    def count(self, most: int) -> int:
        """A number from 0 to `most`."""
        return self.byte() % (most + 1)

    def taken(self, most: int = 255) -> bytes:
        """Some of the bytes themselves."""
        size = min(self.byte(), most)
        self.at += size
        return self.data[self.at - size : self.at]

    def rest(self) -> bytes:
        """All that is left."""
        left, self.at = self.data[self.at :], len(self.data)
        return left
