"""What belongs to the notes of a ticket besides their words: files that are taken away, additions to the resolution."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from desk import audit
from desk.state import ContactState, StaffState, TicketState
from desk.writes import Writes
from store.tables import Attachment, Ticket

Changes = dict[str, Any]
NOTE_LENGTH = 8_000  # characters of a note or a description; by mail the whole text is kept beside a longer one


class Attached(Protocol):
    """A file of a ticket, as far as its removal looks at it."""

    @property
    def id(self) -> int:
        """Its row."""

    @property
    def name(self) -> str:
        """As people see it."""


F = TypeVar("F", bound=Attached)


def find_files(files: Iterable[F], wanted: str) -> list[F]:
    """The files of that name, in any case; where none has it, those with it as a part of their names."""
    known, said = list(files), " ".join(wanted.casefold().split())
    exact = [file for file in known if " ".join(file.name.casefold().split()) == said]
    return exact or [file for file in known if said and said in file.name.casefold()]


def hide_files(writes: Writes, ticket_id: int, files: Sequence[Attached], now: datetime) -> Changes:
    """Nobody sees them any more; the mails that brought them keep them."""
    for file in files:
        writes.change(Attachment, file.id, hidden_at=now)
    audit.note(writes, "file.removed", "ticket", ticket_id, files=[file.id for file in files])
    return {"file removed": [", ".join(dict.fromkeys(file.name for file in files)), ""]}


def append_to_resolution(writes: Writes, ticket: TicketState, words: str, author: ContactState | StaffState) -> Changes:
    """Add somebody's words to the resolution, with their name (features.md A31)."""
    before = ticket.resolution
    added = f"{words.strip()}\n(added by {author.name or author.address})"
    ticket.resolution = f"{before}\n\n{added}".strip()
    writes.change(Ticket, ticket.id, resolution=ticket.resolution)
    return {"resolution": [before, ticket.resolution]}
