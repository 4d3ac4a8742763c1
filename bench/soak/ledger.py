"""Does it all add up? What was sent, what is in the database, what came to the relay: each held against the others."""

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import func, select

from bench.soak.book import GONE, OUTCOMES, Book
from store.tables import Attachment, Disposition, Event, Outbox, ReceivedMail, Tally, Ticket
from tests.peers.desk import Desk

_SHOWN = 5  # of one kind
_ON_THEIR_WAY = ("waiting",)
_LOST = ("refused", "expired", "uncertain", "failed", "held")


def violations(desk: Desk, book: Book) -> list[str]:
    """A sentence for everything that is wrong; empty when nothing is."""
    found = [*book.faults[:_SHOWN]]
    if len(book.faults) > _SHOWN:
        found.append(f"and {len(book.faults) - _SHOWN} more like these")
    for look in (_dispositions, _outcomes, _tickets, _files, _letters, _receipts, _tallies):
        sentences = list(look(desk, book))
        found += sentences[:_SHOWN]
        if len(sentences) > _SHOWN:
            found.append(f"and {len(sentences) - _SHOWN} more like the last")
    return found


def _dispositions(desk: Desk, book: Book) -> Iterator[str]:
    """Each 250 has one row and one disposition, and there is no row without a 250."""
    with desk.database.reading() as session:
        rows = set(session.scalars(select(ReceivedMail.id)))
        decided = Counter(session.scalars(select(Disposition.received_id)))
    for received_id, sent in book.sent.items():
        if received_id not in rows:
            yield f"mail {received_id} ({sent.kind}) was answered with 250, and is not there"
        elif decided[received_id] != 1:
            yield f"mail {received_id} ({sent.kind}) has {decided[received_id]} dispositions"
    for received_id in sorted(rows - book.sent.keys()):
        yield f"mail {received_id} is there, and no client got a 250 for it"


def _outcomes(desk: Desk, book: Book) -> Iterator[str]:
    """Each kind of mail becomes what it should, replies on the ticket that they answer."""
    with desk.database.reading() as session:
        statement = select(Disposition.received_id, Disposition.kind, Disposition.reason, Ticket.number)
        rows = session.execute(statement.outerjoin(Ticket, Ticket.id == Disposition.ticket_id)).all()
    for received_id, kind, reason, number in rows:
        sent = book.sent.get(received_id)
        if sent is None:
            continue
        if kind not in OUTCOMES[sent.kind]:
            yield f"mail {received_id} ({sent.kind}) became {kind}: {reason}"
        elif sent.ticket and kind in ("noted", "folded") and number != sent.ticket:
            yield f"mail {received_id} ({sent.kind}) for {sent.ticket} came to {number}"


def _tickets(desk: Desk, book: Book) -> Iterator[str]:
    """As many tickets as mails that opened one, each with a number of its own; a note for each mail that is one."""
    with desk.database.reading() as session:
        opened = session.scalar(select(func.count()).where(Disposition.kind == "opened")) or 0
        tickets, numbers = session.execute(select(func.count(), func.count(Ticket.number.distinct()))).one()
        noted = set(session.scalars(select(Disposition.received_id).where(Disposition.kind.in_(("opened", "noted")))))
        entries = Counter(
            session.scalars(select(Event.received_id).where(Event.kind == "note", Event.received_id.is_not(None)))
        )
    if tickets != opened:
        yield f"{opened} mails opened a ticket, and there are {tickets} tickets"
    if numbers != tickets:
        yield f"{tickets} tickets have {numbers} different numbers"
    for received_id in sorted(noted):
        if entries[received_id] != 1:
            yield f"mail {received_id} has {entries[received_id]} notes"


def _files(desk: Desk, book: Book) -> Iterator[str]:
    """Each file that was sent is on a ticket, with the digest that its sender reckoned."""
    with desk.database.reading() as session:
        statement = select(Event.received_id, Attachment.digest).join(Event, Event.id == Attachment.event_id)
        kept = {(received_id, digest) for received_id, digest in session.execute(statement)}
    for received_id, sent in book.sent.items():
        if sent.digest and (received_id, sent.digest) not in kept:
            yield f"the file of mail {received_id} is not there, or is another one"


def _letters(desk: Desk, book: Book) -> Iterator[str]:
    """Each letter that is sent came to the relay, once; none waits, none was given up, none came from nowhere."""
    with desk.database.reading() as session:
        rows = session.execute(select(Outbox.id, Outbox.state, Outbox.message_id, Outbox.recipient)).all()
    came = {row.id for row in rows if row.state == "refused" and row.recipient.startswith(GONE)}  # and was reported on
    sent = {row.message_id: row for row in rows if row.state == "sent" or row.id in came}
    for row in rows:
        if (row.state in _ON_THEIR_WAY or row.state in _LOST) and row.id not in came:
            yield f"letter {row.id} to {row.recipient} is {row.state}"
    for message_id, row in sent.items():
        if book.letters[message_id] != 1:
            yield f"letter {row.id} to {row.recipient} came to the relay {book.letters[message_id]} times"
    for message_id in book.letters.keys() - sent.keys():
        yield f"the relay got {message_id}, of which the desk knows nothing"


def _receipts(desk: Desk, book: Book) -> Iterator[str]:
    """Everybody whose mail opened a ticket has a receipt."""
    for received_id, sent in book.sent.items():
        if sent.kind in ("new", "file") and not sent.receipt_at:
            yield f"the sender of mail {received_id} ({sent.kind}) got no receipt"


def _tallies(desk: Desk, book: Book) -> Iterator[str]:
    """The desk's own count is right as well."""
    with desk.database.reading() as session:
        tally = {row.name: row.value for row in session.scalars(select(Tally))}
        counted = Counter(session.scalars(select(Disposition.kind)))
    accepted = tally.pop("accepted", 0)
    if accepted != len(book.sent):
        yield f"the desk says that it took {accepted} mails, and {len(book.sent)} were answered with 250"
    for kind, count in counted.items():
        if tally.get(kind, 0) != count:
            yield f"the desk says that {tally.get(kind, 0)} mails were {kind}, and there are {count}"
