"""What is known of the sender of a mail: the verdict, why, and what was looked at."""

from dataclasses import dataclass

from desk.access import Verdict


@dataclass(frozen=True, slots=True)
class Verified:
    """`pass`, `none` or `fail`; why, in words; and a line for each method that was looked at."""

    verdict: Verdict
    reason: str
    checks: tuple[str, ...] = ()
