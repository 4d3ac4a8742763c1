"""A form that is sent twice counts once: what is remembered of it, in the transaction of what it did."""

import hashlib

from desk.state import TicketState
from desk.writes import Writes
from store.tables import KnownMessage


def key_of(*parts: str) -> bytes:
    """Of who sent it, and everything in it: with anything else it is another form."""
    whole = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(whole, digest_size=16, person=b"form").digest()


def remember(writes: Writes, key: bytes | None, ticket: TicketState) -> None:
    """So that the form is known when it comes once more."""
    if key:
        writes.add(KnownMessage, key=key, ticket_id=ticket.id)
