"""How long and how often delivery tries, and which refusals mute an address."""

import random
import re
from dataclasses import dataclass
from datetime import timedelta

_BACK_OFF = (60.0, 300.0, 900.0, 1_800.0, 3_600.0, 7_200.0)
_LONGEST = 4 * 3_600.0
# Enhanced status (RFC 3463) of a bad recipient address; 5.1.7 and 5.1.8 speak of the sender.
_BAD_ADDRESS = re.compile(r"5\d\d[ -]5\.1\.(?:[0-6]|10)\b")


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """The figures of [delivery], and some that nobody needed to set yet."""

    give_up: timedelta = timedelta(days=5)
    fold_seconds: float = 60.0  # how long whoever queues a mere change lets it wait for company
    batch: int = 128
    connections: int = 4
    lease: timedelta = timedelta(minutes=15)  # longer than a relay may take for a batch
    max_render_tries: int = 3


def back_off(attempts: int) -> timedelta:
    """The wait after so many attempts: 1, 5, 15, 30, 60 minutes, 2 hours, then 4 hours; a tenth more or less.

    The jitter keeps a thousand letters that failed together from coming back together.
    """
    seconds = _BACK_OFF[attempts - 1] if 1 <= attempts <= len(_BACK_OFF) else _LONGEST
    return timedelta(seconds=seconds * random.uniform(0.9, 1.1))  # noqa: S311 - spreads load, guards nothing


def mutes(reply: str) -> bool:
    """True when a refusal says that the address itself is bad, for good."""
    return _BAD_ADDRESS.match(reply) is not None
