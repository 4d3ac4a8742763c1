"""What one input may cost: processor time in proportion to its size, and memory."""

import hashlib
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

BASE, EACH = 1.0, 60e-6  # seconds of processor time, and for each byte; instrumented code takes some five times as long
LARGE, OFTEN = 200_000, 200  # bytes to which one of so many inputs is repeated
MEMORY = 300  # MB by which the peak of the process may rise in one input


class TooMuch(AssertionError):
    """An input costs more than its size allows."""


@contextmanager
def held(size: int) -> Iterator[None]:
    """Raise TooMuch when the block takes more than an input of so many bytes may."""
    peak, started = _peak(), time.process_time()
    yield
    seconds, grown = time.process_time() - started, (_peak() - peak) / 1024
    if seconds > BASE + EACH * size:
        raise TooMuch(f"{seconds:.2f} s of processor time for {size} bytes")
    if grown > MEMORY:
        raise TooMuch(f"{grown:.0f} MB for {size} bytes")


def inputs(data: bytes, often: int = OFTEN) -> Iterator[bytes]:
    """The input, and one of `often` again, repeated: what is not linear shows when it is large."""
    yield data
    if data and often and int.from_bytes(hashlib.blake2b(data, digest_size=2).digest()) % often == 0:
        yield (data * (LARGE // len(data) + 1))[:LARGE]


def run(function: Callable[[bytes], None], data: bytes) -> None:
    """One input within its bounds."""
    with held(len(data)):
        function(data)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
