"""Whether DNS answers at all: while it does not, nobody waits for it."""

import threading
from collections.abc import Callable

from gateway.sender.cache import Away

AWAY_SECONDS = 30.0
_TRUSTED_SECONDS = 30.0  # after an answer


class Health:
    """Asks one question of its own after a silence; when that finds nobody, every question fails at once for a while.

    A name alone proves nothing: its owner may leave questions open as they like, and nobody else is to suffer for it.
    """

    def __init__(self, answers: Callable[[float], bool], clock: Callable[[], float]) -> None:
        self._answers = answers
        self._clock = clock
        self._lock = threading.Lock()
        self._trusted_until = self._away_until = float("-inf")

    def require(self, seconds: float) -> None:
        """Raises Away when no server answers. Whoever comes while that is found out waits for it."""
        if self._clock() < self._trusted_until:
            return
        with self._lock:
            if self._clock() < self._trusted_until:
                return
            if self._clock() >= self._away_until:
                if self._answers(seconds):
                    self.answered()
                    return
                self._away_until = self._clock() + AWAY_SECONDS
        raise Away("DNS does not answer")

    def answered(self) -> None:
        """Note that a server answered, whatever it said."""
        self._trusted_until = self._clock() + _TRUSTED_SECONDS

    def doubt(self) -> None:
        """Note that a question was left open: the next one finds out why."""
        self._trusted_until = float("-inf")
