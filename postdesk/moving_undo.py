"""`postdesk move undo`: takes away what one move made, but for tickets that somebody has touched since."""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from gateway.moving import COPY, RULE
from postdesk import backup, forgetting
from postdesk.wiring import House
from store import ledger
from store.tables import (
    Alert,
    Approval,
    Attachment,
    Base,
    Contact,
    ContactAddress,
    Disposition,
    Event,
    KnownMessage,
    MailKey,
    MovedMail,
    MoveIn,
    OldNumber,
    Outbox,
    Participant,
    Pending,
    RawMail,
    Reading,
    ReceivedMail,
    Ticket,
    TicketLink,
    core,
)

AT_ONCE = 200
_OF_TICKETS: tuple[type[Base], ...] = (Attachment, Alert, Approval, Participant, Reading, KnownMessage, OldNumber)
_UNSAFE = "over-limit"  # what is held of a move


@dataclass(slots=True)
class Undone:
    """What went, and the tickets that stay because somebody has worked on them."""

    tickets: int = 0
    mails: int = 0
    contacts: int = 0
    kept: list[str] = field(default_factory=list)
    left: int = 0  # mails that stay
    digests: set[str] = field(default_factory=set)  # of bytes that may be nobody's now


class NoSuchMove(Exception):
    """There is no move with that number."""


def look_up(house: House, move_in: int) -> None:
    """NoSuchMove for an unknown number."""
    with house.database.reading() as session:
        if session.get(MoveIn, move_in) is None:
            raise NoSuchMove


def undo(house: House, move_in: int, progress: Callable[[int], None]) -> Undone:
    """In steps, each a transaction: what is stopped goes on with a second call. NoSuchMove for an unknown number.

    BackupError while a backup is made: it is to copy bytes that would go here.
    """
    look_up(house, move_in)
    with backup.held(house, what="A backup is being made, or somebody is erased,"):
        return _undo(house, move_in, progress)


def _undo(house: House, move_in: int, progress: Callable[[int], None]) -> Undone:
    undone, last = Undone(), 0
    while True:
        with house.database.transaction() as session:
            ids = _opened(session, move_in, last)
            if not ids:
                break
            last = ids[-1]
            kept = _touched(session, move_in, ids)
            undone.kept += kept.values()
            gone = [i for i in ids if i not in kept]
            undone.digests |= _files(session, Attachment.ticket_id.in_(gone))
            undone.mails += _remove_tickets(session, gone, undone)
            undone.tickets += len(gone)
        progress(undone.mails)
    _rest(house, move_in, undone, progress)
    # Bytes of the last hour stay: somebody may be about to name them.
    forgetting.forget(house, undone.digests, datetime.now(UTC) - timedelta(hours=1))
    return undone


def _rest(house: House, move_in: int, undone: Undone, progress: Callable[[int], None]) -> None:
    """Mails without a ticket, notes on tickets that were there before; then contacts of whom nothing is left."""
    last = 0
    while True:
        with house.database.transaction() as session:
            ids = _mails(session, move_in, last)
            if not ids:
                break
            last = ids[-1]
            loose = _loose(session, move_in, ids)
            _remove_marks(session, loose)
            undone.digests |= _remove_entries(session, loose)
            undone.mails += _remove_mails(session, loose, undone)
        progress(undone.mails)
    with house.database.transaction() as session:
        row = session.get_one(MoveIn, move_in)
        undone.contacts = _remove_contacts(session, row)
        undone.left = len(_mails(session, move_in, 0))
        if not undone.left:
            session.delete(row)
        else:  # what the list shows is what is there
            before = {"tickets": undone.tickets, "taken back": 0, **row.counts}
            left = max(before["tickets"] - undone.tickets, len(undone.kept))
            row.counts = {**before, "tickets": left, "taken back": before["taken back"] + undone.tickets}


def _opened(session: Session, move_in: int, after: int) -> list[int]:
    """Tickets that the move made, by id."""
    made = (
        select(Disposition.ticket_id)
        .join(MovedMail, MovedMail.received_id == Disposition.received_id)
        .where(MovedMail.move_in_id == move_in, Disposition.kind == "opened", Disposition.rule == RULE)
        .where(Disposition.ticket_id > after)
    )
    return [i for i in session.scalars(made.order_by(Disposition.ticket_id).limit(AT_ONCE)) if i]


def _ours(move_in: int, received: Any) -> ColumnElement[bool]:
    return cast(
        ColumnElement[bool],
        received.in_(select(MovedMail.received_id).where(MovedMail.move_in_id == move_in)),
    )


def _touched(session: Session, move_in: int, ids: Collection[int]) -> dict[int, str]:
    """Those in which something happened that was not moved in: by id, their numbers."""
    other, child = Ticket.__table__.alias(), Ticket.__table__.alias()
    foreign = or_(Event.received_id.is_(None), ~_ours(move_in, core(Event).c.received_id))
    mailed = and_(Disposition.ticket_id == Ticket.id, ~_ours(move_in, core(Disposition).c.received_id))
    touched = or_(
        exists().where(Event.ticket_id == Ticket.id, foreign),
        exists().where(mailed),
        exists().where(Outbox.ticket_id == Ticket.id),
        exists().where(Pending.ticket_id == Ticket.id),
        exists().where(child.c.parent_id == Ticket.id),
        exists().where(other.c.merged_into_id == Ticket.id),
        Ticket.merged_into_id.is_not(None),
    )
    # Whoever writes to one of these waits until it is gone, or we see what they wrote.
    session.execute(select(Ticket.id).where(Ticket.id.in_(ids)).order_by(Ticket.id).with_for_update()).all()
    rows = session.execute(select(Ticket.id, Ticket.number).where(Ticket.id.in_(ids), touched).order_by(Ticket.number))
    return {row.id: row.number for row in rows}


def _remove_tickets(session: Session, ids: Collection[int], undone: Undone) -> int:
    if not ids:
        return 0
    mails = session.scalars(select(Disposition.received_id).where(Disposition.ticket_id.in_(ids))).all()
    for table in _OF_TICKETS:
        session.execute(delete(core(table)).where(core(table).c.ticket_id.in_(ids)))
    links = core(TicketLink)
    session.execute(delete(links).where(or_(links.c.ticket_id.in_(ids), links.c.other_id.in_(ids))))
    session.execute(delete(core(Event)).where(core(Event).c.ticket_id.in_(ids)))
    gone = _remove_mails(session, mails, undone)
    session.execute(delete(core(Ticket)).where(core(Ticket).c.id.in_(ids)))
    return gone


def _mails(session: Session, move_in: int, after: int) -> list[int]:
    found = select(MovedMail.received_id).where(MovedMail.move_in_id == move_in, MovedMail.received_id > after)
    return list(session.scalars(found.order_by(MovedMail.received_id).limit(AT_ONCE)))


def _loose(session: Session, move_in: int, ids: Collection[int]) -> list[int]:
    """Those that nobody has decided about since, that no letter is about, and that are in no ticket which the move
    made and which stays."""
    opener = aliased(Disposition)
    stays = exists().where(
        opener.ticket_id == Disposition.ticket_id,
        opener.kind == "opened",
        opener.rule == RULE,
        _ours(move_in, opener.received_id),
    )
    told = exists().where(Outbox.event_id == Event.id, Event.received_id == Disposition.received_id)
    rows = select(Disposition.received_id).where(
        Disposition.received_id.in_(ids), Disposition.rule.in_((RULE, COPY, _UNSAFE)), ~stays, ~told
    )
    return list(session.scalars(rows))


def _files(session: Session, condition: ColumnElement[bool]) -> set[str]:
    return set(session.scalars(select(Attachment.digest).where(condition).distinct()))


def _remove_marks(session: Session, mails: Collection[int]) -> None:
    """By what else these mails are found on tickets which were there before: their Message-IDs, and old numbers."""
    if not mails:
        return
    columns = (Disposition.ticket_id, MovedMail.message_key, MovedMail.numbers)
    found = select(*columns).join(MovedMail, MovedMail.received_id == Disposition.received_id)
    rows = session.execute(found.where(Disposition.received_id.in_(mails), Disposition.ticket_id.is_not(None))).all()
    keys = [(row.message_key, row.ticket_id) for row in rows if row.message_key]
    numbers = [(number, row.ticket_id) for row in rows for number in row.numbers]
    for table, pairs in ((core(KnownMessage), keys), (core(OldNumber), numbers)):
        if pairs:
            session.execute(delete(table).where(tuple_(table.c.key, table.c.ticket_id).in_(pairs)))


def _remove_entries(session: Session, mails: Collection[int]) -> set[str]:
    """Notes that were added to tickets which were there before; the digests of their files."""
    if not mails:
        return set()
    events = select(Event.id).where(Event.received_id.in_(mails))
    digests = _files(session, Attachment.event_id.in_(events))
    session.execute(delete(core(Attachment)).where(core(Attachment).c.event_id.in_(events)))
    session.execute(delete(core(Event)).where(core(Event).c.received_id.in_(mails)))
    return digests


def _remove_mails(session: Session, mails: Collection[int], undone: Undone) -> int:
    """The mails with their dispositions; the ledger no longer counts them."""
    if not mails:
        return 0
    kinds = Counter(session.scalars(select(Disposition.kind).where(Disposition.received_id.in_(mails))))
    blobs = select(ReceivedMail.blob).where(ReceivedMail.id.in_(mails), ReceivedMail.blob != "")
    undone.digests |= set(session.scalars(blobs))
    for table in (Disposition, MailKey, MovedMail):
        session.execute(delete(core(table)).where(core(table).c.received_id.in_(mails)))
    session.execute(delete(core(RawMail)).where(core(RawMail).c.id.in_(mails)))
    session.execute(delete(core(ReceivedMail)).where(core(ReceivedMail).c.id.in_(mails)))
    counts = {"accepted": sum(kinds.values()), **kinds}
    for name, count in sorted(counts.items()):
        ledger.count(session.connection(), name, -count)
    return sum(kinds.values())


def _remove_contacts(session: Session, row: MoveIn) -> int:
    """Contacts that this move made, to whom nothing refers any more: whatever table has a column for them is asked."""
    contact = core(Contact)
    named = [
        exists().where(column == contact.c.id)
        for table in Base.metadata.sorted_tables
        if table is not core(ContactAddress)
        for column in table.columns
        if any(key.column is contact.c.id for key in column.foreign_keys)
    ]
    alone = select(contact.c.id).where(contact.c.created_at == row.at, ~contact.c.known, ~or_(*named))
    ids = session.scalars(alone).all()
    for start in range(0, len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
        session.execute(delete(core(ContactAddress)).where(core(ContactAddress).c.contact_id.in_(part)))
        session.execute(delete(contact).where(contact.c.id.in_(part)))
    return len(ids)
