"""Which files of a mail or a form are kept, and what the sender is told of the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from desk.said import say

# Types that run when opened, by content: a name can lie.
_RUNS = {
    "application/x-msdownload",
    "application/x-executable",
    "application/x-elf",
    "application/vnd.microsoft.portable-executable",
}


class Offered(Protocol):
    """A file as it came."""

    @property
    def name(self) -> str:
        """Safe for every file system."""

    @property
    def original_name(self) -> str:
        """As its sender named it."""

    @property
    def type(self) -> str:
        """By content."""

    @property
    def size(self) -> int:
        """In bytes."""


Kept = TypeVar("Kept", bound=Offered)


@dataclass(frozen=True, slots=True)
class FilePolicy:
    """Limits; sizes in bytes."""

    max_size: int
    max_count: int
    blocked_extensions: frozenset[str]


Why = Literal["large", "kind", "many", ""]


def why_not(file: Offered, place: int, policy: FilePolicy) -> Why:
    """What keeps a file from being added; "" when nothing does. `place` counts from 0."""
    if file.size > policy.max_size:
        return "large"
    if _extension(file.name) in policy.blocked_extensions or file.type in _RUNS:
        return "kind"
    return "many" if place >= policy.max_count else ""


def refusal(file: Offered, place: int, policy: FilePolicy) -> str | None:
    """Why a file of a mail is not added, as a sentence for its sender; None when it is."""
    shown, why = file.original_name or file.name, why_not(file, place, policy)
    if why == "large":
        return say(
            "{file} is {size} MB and the limit is {limit} MB. Send a smaller copy or a link.",
            file=shown,
            size=f"{file.size / 1024 / 1024:.0f}",
            limit=f"{policy.max_size / 1024 / 1024:g}",
        )
    if why == "kind":
        return say("{file} is a type of file we do not accept.", file=shown)
    return say("{file} is one file too many: a mail can bring {n}.", file=shown, n=policy.max_count) if why else None


def _extension(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""


def sort_out(files: Sequence[Kept], policy: FilePolicy) -> tuple[list[Kept], list[str]]:
    """The files that are kept, and a sentence for each that is not."""
    kept: list[Kept] = []
    refused: list[str] = []
    for file in files:
        if reason := refusal(file, len(kept), policy):
            refused.append(reason)
        else:
            kept.append(file)
    return kept, refused
