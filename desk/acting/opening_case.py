"""A ticket on its way into being: who opens it, with which form, and the rows so far."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from desk.acting import once
from desk.acting.files import Upload
from desk.acting.offering import Offer
from desk.acting.rules import Desk, NotThere
from desk.acting.wish import Wish
from desk.state import ContactState, StaffState, TeamState
from desk.writes import Writes
from store.tables import KnownMessage, Ticket


@dataclass(slots=True)
class Opening:
    """What the new ticket is made of, inside the transaction."""

    desk: Desk
    session: Session
    writes: Writes
    now: datetime
    offer: Offer
    wish: Wish
    staff: dict[int, StaffState]
    teams: dict[str, TeamState]

    @property
    def author(self) -> ContactState | StaffState:
        """Who signed in and fills in the form; NotThere for a visitor of whom nothing is known."""
        if self.offer.author is None:
            raise NotThere
        return self.offer.author

    def is_ours(self, address: str) -> bool:
        """True for an address of the desk, or of somebody who works there."""
        rules, key = self.desk.rules, address.lower()
        named = key == rules.desk_address.lower() or rules.is_ours(address)
        return named or any(one.address == key for one in self.staff.values())


def form_key(filled: Wish, who: str, uploads: Sequence[Upload] = ()) -> bytes | None:
    """What is remembered of a form that opened a ticket; sent again with anything else in it, it is another form."""
    if not filled.once:
        return None
    return once.key_of(who, repr(filled), *(f"{upload.name} {upload.size}" for upload in uploads))


def opened_before(session: Session, key: bytes | None) -> Row[str, int] | None:
    """The number and the requester_id of the ticket that this very form opened."""
    known = select(Ticket.number, Ticket.requester_id).join(KnownMessage, KnownMessage.ticket_id == Ticket.id)
    return session.execute(known.where(KnownMessage.key == key)).first() if key else None
