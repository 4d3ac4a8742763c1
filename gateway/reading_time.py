"""The time that reading one mail may take: a reader that passes it ends, with its process, and the mail is tried again.

What hangs may hang within a library that no exception reaches, so the kernel ends the process. The attempt was counted
before: after the last one the mail is held.
"""

import contextlib
import signal
from collections.abc import Iterator

SECONDS = 30.0  # of the processor: the worst mails that are known take one, and a slow machine is no fault of a mail


@contextlib.contextmanager
def limited() -> Iterator[None]:
    """SIGPROF ends this process when the block has used so much processor time (setitimer(2))."""
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
