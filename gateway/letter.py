"""What a letter is on its way out, and what is known of the desk it comes from."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

# Letters that carry a secret: never kept in the outbox, never over a connection that others can read.
SENSITIVE = frozenset({"credentials", "sign_in_link"})


@dataclass(frozen=True, slots=True)
class DeskFacts:
    """The desk as its letters name it."""

    name: str
    base_url: str  # without a slash at the end
    zone: ZoneInfo
    language: str
    phone: str
    hostname: str  # in List-Id
    instance: str  # tells this installation from others, so that it knows its own mail
    reopen_days: int


@dataclass(frozen=True, slots=True)
class Letter:
    """A rendered letter to one recipient, ready for the relay."""

    outbox_id: int
    message_id: str
    return_path: str
    recipient: str
    bytes: bytes  # CRLF line ends
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Unsent:
    """A row that yields no letter: `final` when it never will (superseded), else a fault to try again."""

    reason: str
    final: bool
