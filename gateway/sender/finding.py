"""What one method found about a mail."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """`passed` only where it proves the domain of From; `unanswered` says why DNS left it open."""

    words: str
    passed: bool = False
    unanswered: str = ""
