"""A claimed mail with its bytes: loaded, read, and asked who sent it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from gateway import parse
from gateway.asks import at_a_glance
from gateway.desk_addresses import Addresses
from gateway.envelope import Envelope, Mailbox
from gateway.repeats import key_of
from gateway.rules import Rules
from gateway.sender import Verified
from gateway.sender.checker import Received, SenderCheck
from gateway.subject import is_forward
from gateway.view import Incoming, ours
from store.blobs import BlobStore
from store.tables import RawMail, ReceivedMail, core

_MAILS, _RAW = core(ReceivedMail), core(RawMail)
_WITH_BYTES = (
    select(_MAILS, _RAW.c.data)
    .outerjoin(_RAW, _RAW.c.id == _MAILS.c.id)
    .where(_MAILS.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(_MAILS.c.received_at, _MAILS.c.id)
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row of received_mail with its bytes."""

    id: int
    envelope: Envelope
    raw: bytes
    attempts: int
    wish: str = ""  # what a person decided about a mail that was held


def load(session: Session, blobs: BlobStore, ids: Sequence[int]) -> list[Claimed]:
    """Received mails with their bytes, from the database or the blob store."""
    rows = session.connection().execute(_WITH_BYTES, {"ids": list(ids)})
    return [
        Claimed(
            id=row.id,
            envelope=Envelope(
                reverse_path=row.reverse_path,
                recipients=tuple(row.recipients),
                source=row.source,  # only spool.accept writes it
                peer=row.peer,
                helo=row.helo,
                received_at=row.received_at,
            ),
            raw=row.data if row.data is not None else blobs.read(row.blob),
            attempts=row.attempts,
            wish=row.wish or "",
        )
        for row in rows
    ]


def read_mail(mail: Claimed, addresses: Addresses, rules: Rules) -> Incoming:
    """Read the bytes, and say what the recipients mean here."""
    message = parse.read(mail.raw, reverse_path=mail.envelope.reverse_path if mail.envelope.recipients else None)
    numbers = tuple(rules.numbers.find_all(message.subject))
    if numbers and not message.answers and not is_forward(message.subject):  # who reads the bytes knows no desk
        message = replace(message, answers=True)
    return Incoming(
        received_id=mail.id,
        envelope=mail.envelope,
        message=message,
        recipients=ours(addresses, mail.envelope, message),
        key=key_of(message, mail.envelope, mail.raw),
        wish=mail.wish,
        asks=at_a_glance(message, rules.words, rules.numbers),
        numbers=numbers,
    )


def with_senders(pairs: Sequence[tuple[Claimed, Incoming]], senders: SenderCheck) -> list[tuple[Claimed, Incoming]]:
    """Say of each mail who sent it; of all at once, for most of it is waiting for DNS."""
    found = senders.identify_many([Received(m.raw, incoming.envelope, incoming.message, m.id) for m, incoming in pairs])
    return [
        (mail, _with_sender(incoming, person, verified))
        for (mail, incoming), (person, verified) in zip(pairs, found, strict=True)
    ]


def _with_sender(incoming: Incoming, person: Mailbox, verified: Verified) -> Incoming:
    """A form's mail is that of the person who filled it in; every other one keeps its sender."""
    if person == incoming.message.sender:
        return replace(incoming, verified=verified)
    return replace(incoming, verified=verified, message=replace(incoming.message, sender=person))
