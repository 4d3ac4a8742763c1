"""Answers that give nothing away by how long they take: whether anybody has an address, say."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def evened(seconds: float, ask: Callable[[], T]) -> T:
    """What `ask` answers, after so long in any case; "wait", which is true, at once: floods hold no threads."""
    begun = time.monotonic()
    answer = ask()
    if not answer:
        time.sleep(max(0.0, begun + seconds - time.monotonic()))
    return answer
