"""Files that a form brought: named, told by their content, kept as bytes before the act that they belong to begins.

Where the act is refused later no row names these bytes: the slow walk over all bytes finds them, as those of mail.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from desk import filenames, files, kinds
from desk.acting.rules import MIB, Desk, Refused
from desk.clean import clean
from desk.files import FilePolicy
from desk.said import SPACE, listed, say
from desk.tickets import File

FIELD = "files"
BLOCK = 256 * 1024
_HEAD = 8192  # bytes that tell what kind of file it is
_NAME = 200  # characters of a name that is shown
_TYPE = "application/octet-stream"


class Upload(Protocol):
    """A file as a form brought it."""

    @property
    def name(self) -> str:
        """As the browser says."""

    @property
    def declared_type(self) -> str:
        """The same."""

    @property
    def size(self) -> int:
        """In bytes."""

    @property
    def file(self) -> BinaryIO:
        """Its bytes, from the start."""


@dataclass(frozen=True, slots=True)
class _Offered:
    """A file that was looked at, and not yet kept."""

    name: str
    original_name: str
    declared_type: str
    type: str
    size: int
    upload: Upload


@dataclass(frozen=True, slots=True)
class Kept:
    """The files whose bytes are kept, and why the others are not: parts of sentences, without their full stop."""

    files: tuple[File, ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """The reasons, each as a sentence."""
        return tuple(say("{reason}.", reason=reason) for reason in self.refused)

    def fault(self) -> Refused:
        """For an act that comes to nothing without these files."""
        return Refused(listed(self.sentences, SPACE), FIELD)


def keep(desk: Desk, uploads: Sequence[Upload], name: str = "") -> Kept:
    """Keep what the rules let in. `name` is what the sender calls it; of several the second is name-2 and so on."""
    if not uploads:
        return Kept()
    taken: set[str] = set()
    chosen: list[_Offered] = []
    refused: list[str] = []
    for number, upload in enumerate(uploads, 1):
        offered = _look(upload, number)
        if reason := _refusal(offered, len(chosen), len(uploads), desk.rules.files):
            refused.append(reason)
        else:
            chosen.append(_named(offered, name, number, taken))
    return Kept(tuple(_store(desk, offered) for offered in chosen), tuple(refused))


def _look(upload: Upload, number: int) -> _Offered:
    upload.file.seek(0)
    head = upload.file.read(_HEAD)
    upload.file.seek(0)
    declared = clean(upload.declared_type, 200).partition(";")[0].strip().lower() or _TYPE
    found = kinds.sniff(head, declared)
    name = filenames.safe(upload.name, found, number)
    return _Offered(name, clean(upload.name, _NAME), declared, found, upload.size, upload)


def _refusal(offered: _Offered, place: int, count: int, policy: FilePolicy) -> str:
    """Why it is not added; "" when it is."""
    shown = offered.original_name or offered.name
    if not offered.size:
        return say("The selected file is empty") if count == 1 else say("{file} is empty", file=shown)
    why = files.why_not(offered, place, policy)
    if why == "large":
        return say("{file} is larger than {limit} MB", file=shown, limit=f"{policy.max_size / MIB:g}")
    if why == "kind":
        return say("{file} is a type of file we do not accept", file=shown)
    return say("{file} is one file too many: {n} can be added at a time", file=shown, n=policy.max_count) if why else ""


def _named(offered: _Offered, name: str, number: int, taken: set[str]) -> _Offered:
    """With the name that its sender gave it; what a file is called in the end keeps the ending that was let in."""
    given = " ".join(clean(name, _NAME).split())
    chosen = filenames.renamed(given, offered.name, offered.type, number) if given else offered.name
    unique = filenames.unique(chosen, taken)
    return _Offered(
        unique, offered.original_name, offered.declared_type, offered.type, offered.size, offered.upload
    )  # fmt: skip


def _store(desk: Desk, offered: _Offered) -> File:
    """Its bytes, block by block: a file of ten megabytes is never in memory as a whole."""
    writer = desk.blobs.writer()
    try:
        while block := offered.upload.file.read(BLOCK):
            writer.write(block)
        digest = writer.seal()
    finally:
        writer.abort()
    return File(
        name=offered.name,
        original_name=offered.original_name,
        declared_type=offered.declared_type,
        type=offered.type,
        size=offered.size,
        digest=digest,
    )
