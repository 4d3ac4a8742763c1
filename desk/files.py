"""Which files of a mail or a form are kept, and what the sender is told of the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

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


def refusal(file: Offered, place: int, policy: FilePolicy) -> str | None:
    """Why a file is not added, as a sentence for its sender; None when it is. `place` counts from 0."""
    shown = file.original_name or file.name
    if file.size > policy.max_size:
        return say(
            "{file} is {size} MB and the limit is {limit} MB. Send a smaller copy or a link.",
            file=shown,
            size=f"{file.size / 1024 / 1024:.0f}",
            limit=f"{policy.max_size / 1024 / 1024:g}",
        )
    if _extension(file.name) in policy.blocked_extensions or file.type in _RUNS:
        return say("{file} is a type of file we do not accept.", file=shown)
    if place >= policy.max_count:
        return say("{file} is one file too many: a mail can bring {n}.", file=shown, n=policy.max_count)
    return None


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
