"""What the page about received mail asks of whoever reads mail: the portal itself knows no mail."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a mail would become if it were handled now, and why. Nothing was changed to find out."""

    kind: str  # as of a disposition
    rule: str
    reason: str
    ticket: str  # its number, or ""
    lines: Sequence[str]  # who sent it, and what names which ticket


class MailReader(Protocol):
    """Reads received mails anew."""

    def look(self, received_id: int) -> Sequence[str]:
        """What is in it, what is odd about it, how it travelled."""

    def foresee(self, received_id: int, wish: str) -> Foreseen | None:
        """The decision that it would get; `wish` is "ticket" or the number of one. None where it cannot be read."""
