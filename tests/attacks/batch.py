"""Many hostile mails through one connection, and what became of each: read from the database once all are handled."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.claimed import load
from store.blobs import FolderBlobs
from store.tables import Attachment, Disposition, Event, ReceivedMail, Ticket
from tests.attacks.smtpraw import Raw, code
from tests.peers.common import wait_for
from tests.peers.desk import DESK, Desk

_KEPT = re.compile(rb"2\.0\.0 Kept as (\d+)")
_END = re.compile(rb"^\.", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one mail."""

    mail: int  # the number that it is kept under
    raw: bytes  # as it was sent
    kept: bytes  # as it is in the store
    kind: str
    rule: str
    reason: str
    sender: str
    subject: str
    dispositions: int
    number: str  # of the ticket; "" when there is none
    title: str
    entry: int
    text: str
    folded: str
    html: str
    files: tuple[Attachment, ...]


def personal(raw: bytes, key: str) -> bytes:
    """The mail from a sender of its own and with an id of its own, where its header is the usual one."""
    start, rest = raw[:500], raw[500:]
    return (
        start.replace(b"<ann@attacker.test>", f"<{key}@attacker.test>".encode()).replace(
            b"<gen-1@", f"<{key}@".encode()
        )
        + rest
    )


def hand_over_all(desk: Desk, mails: Sequence[tuple[str, bytes]], to: str = DESK) -> list[int]:
    """Over one connection, the commands of each in one piece (RFC 2920); the numbers they are kept under."""
    numbers = []
    with Raw(desk.smtp, 60) as client:
        client.hello()
        for sender, raw in mails:
            client.send(f"MAIL FROM:<{sender}>\r\nRCPT TO:<{to}>\r\nDATA\r\n".encode())
            assert [code(client.reply()) for _ in range(3)] == ["250", "250", "354"], sender
            stuffed = _END.sub(b"..", raw)
            answer = client.content(stuffed if stuffed.endswith(b"\r\n") or not stuffed else stuffed + b"\r\n")
            found = _KEPT.search(answer)
            assert found, (sender, answer)
            numbers.append(int(found[1]))
    return numbers


def outcomes(desk: Desk, mails: Mapping[str, tuple[str, bytes]], seconds: float = 120.0) -> dict[str, Outcome]:
    """Send them all (by name: reverse path, bytes), and wait until each has its disposition."""
    numbers = dict(zip(mails, hand_over_all(desk, list(mails.values())), strict=True))

    def handled() -> bool:
        with desk.database.reading() as session:
            waiting = session.scalars(select(ReceivedMail.id).where(ReceivedMail.waiting)).all()
        return not set(waiting) & set(numbers.values())

    wait_for(handled, f"the dispositions of {len(mails)} mails\n{desk.log()[-3000:]}", seconds)
    blobs = FolderBlobs(desk.folder / "blobs")
    with desk.database.reading() as session:
        return {name: _outcome(session, blobs, number, mails[name][1]) for name, number in numbers.items()}


def outcome(desk: Desk, number: int, raw: bytes = b"") -> Outcome:
    """What became of one mail that is handled."""
    with desk.database.reading() as session:
        return _outcome(session, FolderBlobs(desk.folder / "blobs"), number, raw)


def _outcome(session: Session, blobs: FolderBlobs, number: int, raw: bytes) -> Outcome:
    (claimed,) = load(session, blobs, [number])
    found = session.scalars(select(Disposition).where(Disposition.received_id == number)).all()
    (done,) = found
    event = session.scalars(select(Event).where(Event.received_id == number)).one_or_none()
    ticket = session.get(Ticket, done.ticket_id) if done.ticket_id else None
    files = select(Attachment).where(Attachment.event_id == (event.id if event else 0)).order_by(Attachment.id)
    attachments = tuple(session.scalars(files))
    session.expunge_all()
    return Outcome(
        mail=number, raw=raw, kept=claimed.raw, kind=done.kind, rule=done.rule, reason=done.reason, sender=done.sender,
        subject=done.subject, dispositions=len(found), number=ticket.number if ticket else "",
        title=ticket.title if ticket else "", entry=event.id if event else 0, text=event.text if event else "",
        folded=event.folded if event else "", html=event.html if event else "", files=attachments,
    )  # fmt: skip
