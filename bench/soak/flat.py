"""Is a series of memory figures flat? A robust line through its second half, and a verdict with its bound."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

BOUND = 6.0  # MB an hour: a process that grows faster would not live for a month
NOISE = 3.0  # MB in the second half, or this part of what the process has: heaps breathe, and short runs see no more
SHARE = 0.03
_STRETCHES = 40
_POINTS = 200  # of which all pairs are looked at
_LEAST, _SHORTEST = 8, 240.0  # points, and seconds: until then a process is still filling what it keeps

Point = tuple[float, float]  # seconds since the start, MB


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one process did."""

    name: str
    first: float  # MB, median of the first tenth
    last: float  # of the last tenth
    most: float
    slope: float  # MB an hour in the second half
    risen: float  # MB that the line rises within the second half
    says: Literal["flat", "filling", "grows", "too short"]

    @property
    def line(self) -> str:
        """For people."""
        return (
            f"{self.name:<14} {self.first:7.1f} → {self.last:6.1f} MB, at most {self.most:6.1f}; "
            f"{self.slope:+7.1f} MB/h in the second half: {self.says}"
        )


def verdict(name: str, points: Sequence[Point]) -> Verdict:
    """Flat: the line is less steep than BOUND, or rises by no more than noise. Filling: it gets less steep as it goes.

    A cache that fills rises ever more slowly, a leak rises alike: so the last quarter is held against the one before.
    """
    if len(points) < _LEAST or points[-1][0] - points[0][0] < _SHORTEST:
        values = [value for _, value in points] or [0.0]
        return Verdict(name, values[0], values[-1], max(values), 0.0, 0.0, "too short")
    values = [value for _, value in points]
    tenth = max(1, len(values) // 10)
    first, last = statistics.median(values[:tenth]), statistics.median(values[-tenth:])
    floor = floors(points)
    half = floor[len(floor) // 2 :]
    slope = robust_slope(half)
    risen = slope * (half[-1][0] - half[0][0])
    noise = max(NOISE, SHARE * last)
    steady = slope * 3600 <= BOUND or risen <= noise
    says: Literal["flat", "filling", "grows"] = "flat" if steady else "filling" if _slows(half) else "grows"
    return Verdict(name, first, last, max(values), slope * 3600, risen, says)


def floors(points: Sequence[Point]) -> list[Point]:
    """The least of each stretch: a large mail raises the peaks for a while, a leak raises what is left between them."""
    size = max(1, len(points) // _STRETCHES)
    return [min(points[start : start + size], key=lambda point: point[1]) for start in range(0, len(points), size)]


def robust_slope(points: Sequence[Point]) -> float:
    """The median of the slopes of all pairs (Theil and Sen): a few odd figures do not turn it. MB a second."""
    chosen = points[:: max(1, len(points) // _POINTS)]
    slopes = [
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for place, earlier in enumerate(chosen)
        for later in chosen[place + 1 :]
        if later[0] > earlier[0]
    ]
    return statistics.median(slopes) if slopes else 0.0


def _slows(points: Sequence[Point]) -> bool:
    """True where each third rises clearly less than the one before."""
    third = len(points) // 3
    slopes = [robust_slope(points[start * third : (start + 1) * third]) for start in range(3)]
    return all(later < 0.7 * earlier for earlier, later in pairwise(slopes))
