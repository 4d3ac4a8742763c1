"""How long to wait in IDLE: less where the server or a firewall cuts, not at all where it does not work."""

from time import monotonic

SHORT_WAIT = 20.0  # an IDLE that is cut sooner is a fault; later, it is a habit of the server or of a firewall
SHORTEST = 60.0  # where waits are cut, it is looked before that, but not more often than this
FAULTS = 3  # so many short waits in a row, and it is polled for a while
WITHOUT = 3600.0


class Patience:
    """What was learnt from the waits of one mailbox. Times in seconds."""

    def __init__(self, longest: float) -> None:
        self.seconds = longest  # 0: IDLE is not wanted
        self._short_waits = self._refusals = 0
        self._from = 0.0

    @property
    def allows(self) -> bool:
        """True where IDLE may be tried."""
        return self.seconds > 0 and monotonic() >= self._from

    def held(self) -> None:
        """A wait came to its end."""
        self._short_waits = self._refusals = 0

    def cut(self, lasted: float) -> bool:
        """The connection broke in the middle; True where that is no fault."""
        if lasted >= SHORT_WAIT:
            self.seconds = min(self.seconds, max(SHORTEST, lasted * 0.75))
            return True
        self._short_waits += 1
        if self._short_waits >= FAULTS:
            self._do_without()
        return False

    def refused(self) -> None:
        """The server says no. Once may be of the moment, as when the folder was removed; twice is its habit."""
        self._refusals += 1
        if self._refusals > 1:
            self._do_without()

    def _do_without(self) -> None:
        self._from, self._short_waits, self._refusals = monotonic() + WITHOUT, 0, 0
