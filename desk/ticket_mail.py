"""The mails that brought entries of a ticket: who sent each, whether that is proved, and why not."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.tables import Disposition, Event


@dataclass(frozen=True, slots=True)
class Brought:
    """A received mail, by its entry."""

    mail: int  # its id
    sender: str
    verified: bool
    verdict: str  # pass | none | fail; "" where nothing was noted
    reason: str  # of the verdict


def of_entries(session: Session, entries: Collection[int]) -> dict[int, Brought]:
    """By entry: the mail that it was."""
    if not entries:
        return {}
    columns = (Event.id, Event.received_id, Event.verified, Disposition.sender, Disposition.evidence)
    rows = (
        select(*columns)
        .outerjoin(Disposition, Disposition.received_id == Event.received_id)
        .where(Event.id.in_(entries), Event.received_id.is_not(None))
    )
    found = {}
    for event_id, mail, verified, sender, evidence in session.execute(rows):
        said = (evidence or {}).get("sender") or {}
        found[event_id] = Brought(
            mail, sender or "", verified, str(said.get("verdict", "")), str(said.get("reason", ""))
        )  # fmt: skip
    return found
