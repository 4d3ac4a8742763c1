"""What an answer is before it is a letter."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GeneratedFile:
    """A file that is made for a letter and kept nowhere."""

    name: str
    type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question. `html` is ready to stand in a page: everything in it is escaped."""

    title: str  # a few words: “12 open tickets”
    text: str
    html: str = ""
    preheader: str = ""
    files: tuple[GeneratedFile, ...] = ()
    form: bool = False  # its lines can be filled in and sent back


class NotUnderstood(Exception):
    """What of a question could not be read, in sentences for the one who asked."""
