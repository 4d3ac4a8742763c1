"""Erasing one person: the mails that came from them, as they came, and the letters that went to them."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    and_,
    delete,
    false,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    true,
    union,
    update,
)
from sqlalchemy.orm import Session

from desk import retention
from desk.erasing import Person
from desk.retention import Gone
from store.tables import Delivery, Disposition, Event, Outbox, RawMail, ReceivedMail, Tally, Ticket, core

AT_ONCE = 200  # rows in one transaction
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
RULE = "erased"
_REASON = "Erased with the person who wrote it."


def find_theirs(session: Session, person: Person) -> Sequence[int]:
    """Mails that they sent, in whatever way that is known; by a scan, outside of any write."""
    sent: CompoundSelect[Any] = union(
        select(Disposition.received_id).where(func.lower(Disposition.sender).in_(person.addresses), _old(person)),
        select(ReceivedMail.id).where(
            func.lower(ReceivedMail.reverse_path).in_(person.addresses), ReceivedMail.received_at <= person.started
        ),
        select(Event.received_id).where(Event.contact_id == person.contact_id, Event.received_id.is_not(None)),
    )
    return sorted(session.scalars(sent))


def theirs(session: Session, now: datetime, found: Collection[int]) -> Gone:
    """Bytes and envelope of these go; that a mail came, and what became of it, stays in the ledger.

    One that waits, or is held, is nobody's any more: it counts as ignored. One that is just being handled is left for
    another time: `busy` asks for those.
    """
    rows = session.execute(
        select(ReceivedMail.id, ReceivedMail.waiting, ReceivedMail.blob)
        .where(ReceivedMail.id.in_(found), not_(_leased(now)))
        .order_by(ReceivedMail.id)
        .with_for_update()
    ).all()
    ids = [row.id for row in rows]
    _give_up(session, {row.id for row in rows if row.waiting}, now)
    _blank(session, ids)
    _bare(session, ids)
    return Gone(len(ids), frozenset(row.blob for row in rows if row.blob))


def _old(person: Person) -> ColumnElement[bool]:
    """A mail that comes later is of a new, unknown person."""
    return Disposition.at <= person.started


def _leased(now: datetime) -> ColumnElement[bool]:
    return and_(ReceivedMail.waiting == true(), func.coalesce(ReceivedMail.lease_until, _LONG_AGO) > now)


def busy(session: Session, person: Person, now: datetime) -> int:
    """How many of their mails and letters somebody is at right now."""
    mails = select(func.count()).where(_leased(now), func.lower(ReceivedMail.reverse_path).in_(person.addresses))
    letters = select(func.count()).where(_to_them(person), Outbox.lease_until > now)
    count = (session.scalar(mails) or 0) + (session.scalar(letters) or 0)
    if person.wish.delete_tickets:  # their tickets wait for letters to others, too
        mine = select(Ticket.id).where(Ticket.requester_id == person.contact_id)
        count += session.scalar(select(func.count()).where(Outbox.ticket_id.in_(mine), Outbox.lease_until > now)) or 0
    return count


def _give_up(session: Session, waiting: Collection[int], now: datetime) -> None:
    """Those that wait, and those that are held, count as ignored."""
    if waiting:
        session.execute(
            insert(core(Disposition)),
            [
                {"received_id": i, "at": now, "kind": "ignored", "rule": RULE, "reason": _REASON, "evidence": {}}
                for i in sorted(waiting)
            ],
        )
        mails = core(ReceivedMail)
        session.execute(update(mails).where(mails.c.id.in_(waiting)).values(waiting=False, lease_until=None, wish=None))
        _count(session, "ignored", len(waiting))


def _blank(session: Session, ids: Collection[int]) -> None:
    """What became of them, without who it was."""
    table = core(Disposition)
    held = session.execute(
        update(table)
        .where(table.c.received_id.in_(ids), table.c.kind == "held")
        .values(kind="ignored", rule=RULE, reason=_REASON)
        .returning(table.c.received_id)
    ).all()
    _count(session, "held", -len(held))
    _count(session, "ignored", len(held))
    retention.blank(session, ids)


def _count(session: Session, name: str, change: int) -> None:
    if change:
        session.execute(
            update(core(Tally)).where(core(Tally).c.name == name).values(value=core(Tally).c.value + change)
        )


def _bare(session: Session, ids: Collection[int]) -> None:
    """The bytes go; by the size of 0 everybody sees that they are gone for good."""
    if ids:
        mails = core(ReceivedMail)
        session.execute(delete(core(RawMail)).where(core(RawMail).c.id.in_(ids)))
        session.execute(update(mails).where(mails.c.id.in_(ids)).values(blob="", size=0))


def beside(session: Session, tickets: Collection[int]) -> Gone:
    """Mails of others to tickets where they took part, as they came: such mails quote them. Their words stay there."""
    rows = session.execute(
        select(ReceivedMail.id, ReceivedMail.blob)
        .join(Disposition, Disposition.received_id == ReceivedMail.id)
        .outerjoin(RawMail, RawMail.id == ReceivedMail.id)
        .where(Disposition.ticket_id.in_(tickets), Disposition.kind != "held", ReceivedMail.waiting == false())
        .where(or_(ReceivedMail.blob != "", RawMail.id.is_not(None)))
        .order_by(ReceivedMail.id)
        .with_for_update(of=core(ReceivedMail))
    ).all()
    _bare(session, [row.id for row in rows])
    return Gone(len(rows), frozenset(row.blob for row in rows if row.blob))


def find_naming(session: Session, person: Person) -> Sequence[int]:
    """Mails of others elsewhere, as they came, that name an address of theirs in plain bytes."""
    forms = sorted({one.encode() for one in (*person.addresses, *person.written)})
    return session.scalars(
        select(RawMail.id)
        .join(Disposition, Disposition.received_id == RawMail.id)
        .where(or_(*(holds(session, form) for form in forms)))
        .where(Disposition.kind != "held", Disposition.at <= person.started)
        .order_by(RawMail.id)
    ).all()


def strip(session: Session, found: Collection[int]) -> Gone:
    """These lose their bytes, unless somebody has taken them up again."""
    ids = session.scalars(
        select(ReceivedMail.id)
        .where(ReceivedMail.id.in_(found), ReceivedMail.waiting == false())
        .order_by(ReceivedMail.id)
        .with_for_update()
    ).all()
    _bare(session, ids)
    return Gone(len(ids))


def holds(session: Session, form: bytes) -> ColumnElement[bool]:
    """A condition: the mail as it came has these bytes in it."""
    if session.get_bind().dialect.name == "sqlite":
        return func.instr(RawMail.data, form) > 0
    return func.position(literal(form).op("IN")(RawMail.data)) > 0


def _to_them(person: Person) -> ColumnElement[bool]:
    to_address = and_(func.lower(Outbox.recipient).in_(person.addresses), Outbox.created_at <= person.started)
    return or_(Outbox.contact_id == person.contact_id, to_address)


def find_letters(session: Session, person: Person) -> Sequence[int]:
    """Letters to them, sent or waiting."""
    return session.scalars(select(Outbox.id).where(_to_them(person)).order_by(Outbox.id)).all()


def letters(session: Session, now: datetime, found: Collection[int]) -> Gone:
    """These go, with what the other side said; not those that are just being sent."""
    free = or_(Outbox.lease_until.is_(None), Outbox.lease_until <= now)
    ids = session.scalars(
        select(Outbox.id).where(Outbox.id.in_(found), free).order_by(Outbox.id).with_for_update()
    ).all()
    session.execute(delete(core(Delivery)).where(core(Delivery).c.outbox_id.in_(ids)))
    session.execute(delete(core(Outbox)).where(core(Outbox).c.id.in_(ids)))
    return Gone(len(ids))
