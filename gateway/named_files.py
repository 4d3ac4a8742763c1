"""Files that a mail names anew: a line `handset.jpg: photo of the display` says what one of them shows."""

from collections.abc import Sequence
from dataclasses import replace

from desk import filenames
from desk.tickets import File

_LINES = 300  # of the new text
_LONGEST = 100  # characters of a name; more is a sentence about the file, and none


def named(files: Sequence[File], text: str) -> tuple[File, ...]:
    """The files, each under the name that a line of the new text gives it; the line stays, for it is words too."""
    if not files or ":" not in text:
        return tuple(files)
    said = dict[str, str]()
    for line in text.splitlines()[:_LINES]:
        # A name may hold a colon itself; what was stored holds none.
        name, _, meant = line.strip(" \t>*-•").partition(":")
        meant = " ".join(meant.split())
        if meant and len(meant) <= _LONGEST and not meant.startswith("//"):
            said.setdefault(_key(name), meant)
    taken = {file.name.lower() for file in files}
    return tuple(_renamed(file, number, said, taken) for number, file in enumerate(files, 1))


def _key(name: str) -> str:
    return " ".join(name.casefold().split())


def _renamed(file: File, number: int, said: dict[str, str], taken: set[str]) -> File:
    meant = said.get(_key(file.name)) or said.get(_key(file.original_name))
    if not meant or "." not in file.name:  # a bare word before a colon is a label
        return file
    taken.discard(file.name.lower())
    name = filenames.unique(filenames.renamed(meant, file.name, file.type, number), taken)
    return replace(file, name=name, original_name=file.original_name or file.name)
