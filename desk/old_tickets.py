"""Tickets that were closed long ago go, with everything of theirs, when the settings say so."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, union_all, update
from sqlalchemy.orm import Session, aliased

from desk.retention import Gone, mark_at, read_mark
from store.tables import (
    Alert,
    Approval,
    Attachment,
    Base,
    Delivery,
    Disposition,
    Event,
    KnownMessage,
    OldNumber,
    Outbox,
    Participant,
    Pending,
    Reading,
    Ticket,
    TicketLink,
    core,
)

AT_ONCE = 50  # tickets in one transaction: each has many rows, and on SQLite nobody else writes meanwhile
LOOKED_AT = 500  # tickets at once, of which many may have to stay
FOR_GOOD = ("Complete", "Withdrawn")  # a resolved ticket may be opened again
_OF_TICKETS: tuple[type[Base], ...] = (
    Attachment,
    Pending,
    Alert,
    Approval,
    Participant,
    Reading,
    KnownMessage,
    OldNumber,
)


def forget(session: Session, before: datetime, mark: str = "", *, lock: bool = True) -> Gone:
    """Tickets that were closed before and untouched since; tasks, merged tickets and the one they belong to together.

    A family of which one member is younger, or that a letter still waits to tell of, stays for now: the `mark` goes
    on behind it, and begins anew behind the last. With `lock` nobody opens a ticket again while it is forgotten.
    """
    ids, mark = _next(session, before, mark)
    families = _families(session, ids, before)
    if lock and families:
        families = _locked(session, families, before)
    tickets = sorted(set().union(*families))
    if not tickets:
        return Gone(mark=mark)
    digests = remove(session, tickets)
    return Gone(len(tickets), digests, mark)


def remove(session: Session, tickets: Sequence[int]) -> frozenset[str]:
    """These tickets go with everything of theirs; returns the digests of bytes that may be nobody's now."""
    digests = frozenset(session.scalars(select(Attachment.digest).where(Attachment.ticket_id.in_(tickets)).distinct()))
    _letters(session, tickets)
    for table in _OF_TICKETS:
        session.execute(delete(core(table)).where(core(table).c.ticket_id.in_(tickets)))
    links = core(TicketLink)
    session.execute(delete(links).where(or_(links.c.ticket_id.in_(tickets), links.c.other_id.in_(tickets))))
    session.execute(delete(core(Event)).where(core(Event).c.ticket_id.in_(tickets)))
    # That the mails came, and counted, stays in the ledger; what they were about goes.
    named = core(Disposition)
    theirs = update(named).where(named.c.ticket_id.in_(tickets))
    session.execute(theirs.values(ticket_id=None, subject="", evidence={}))
    rows = core(Ticket)
    for column in (rows.c.parent_id, rows.c.merged_into_id):
        session.execute(update(rows).where(or_(rows.c.id.in_(tickets), column.in_(tickets))).values({column: None}))
    session.execute(delete(rows).where(rows.c.id.in_(tickets)))
    return digests


def _next(session: Session, before: datetime, mark: str) -> tuple[set[int], str]:
    """The next tickets that could go, and the mark behind the last one that was looked at."""
    since, last = read_mark(mark)
    behind = or_(Ticket.updated_at > since, and_(Ticket.updated_at == since, Ticket.id > last))
    # Of each status by itself: in the order of the index, and no more than these are read.
    parts = [
        select(Ticket.id, Ticket.updated_at)
        .where(Ticket.status == status, Ticket.updated_at >= since, Ticket.updated_at < before, behind)
        .order_by(Ticket.updated_at, Ticket.id)
        .limit(LOOKED_AT)
        .subquery()
        for status in FOR_GOOD
    ]
    both = union_all(*(select(part.c.id, part.c.updated_at) for part in parts)).subquery()
    rows = session.execute(select(both).order_by(both.c.updated_at, both.c.id).limit(LOOKED_AT)).all()
    if not rows:
        return set(), ""
    could = set(session.scalars(select(Ticket.id).where(Ticket.id.in_([row.id for row in rows]), _goes(before))))
    chosen = [row for row in rows if row.id in could][:AT_ONCE]
    if len(chosen) == AT_ONCE:
        mark = mark_at(chosen[-1].updated_at, chosen[-1].id)
    else:
        mark = mark_at(rows[-1].updated_at, rows[-1].id) if len(rows) == LOOKED_AT else ""
    return {row.id for row in chosen}, mark


def _locked(session: Session, families: Sequence[set[int]], before: datetime) -> list[set[int]]:
    """Those of these families that are old as a whole still when nobody else can write to them any more."""
    ids = set().union(*families)
    # In the order of ids, as everybody locks tickets. What they say is read after that.
    session.execute(select(Ticket.id).where(Ticket.id.in_(ids)).order_by(Ticket.id).with_for_update()).all()
    still = set(session.scalars(select(Ticket.id).where(Ticket.id.in_(ids), _goes(before))))
    return [family for family in _families(session, still, before) if family <= ids]


def _letters(session: Session, tickets: Sequence[int]) -> None:
    letters, deliveries = core(Outbox), core(Delivery)
    theirs = select(letters.c.id).where(letters.c.ticket_id.in_(tickets))
    session.execute(delete(deliveries).where(deliveries.c.outbox_id.in_(theirs)))
    session.execute(delete(letters).where(letters.c.ticket_id.in_(tickets)))


def _is_old(ticket: type[Ticket], before: datetime) -> ColumnElement[bool]:
    return and_(ticket.status.in_(FOR_GOOD), ticket.updated_at < before)


def _goes(before: datetime) -> ColumnElement[bool]:
    """Old, and no younger ticket next to it: such ones would stand in the way of those behind them."""
    child, merged, other = aliased(Ticket), aliased(Ticket), aliased(Ticket)
    waiting = exists().where(Outbox.ticket_id == Ticket.id, Outbox.state == "waiting")
    return and_(
        _is_old(Ticket, before),
        ~exists().where(child.parent_id == Ticket.id, ~_is_old(child, before)),
        ~exists().where(merged.merged_into_id == Ticket.id, ~_is_old(merged, before)),
        ~exists().where(or_(other.id == Ticket.parent_id, other.id == Ticket.merged_into_id), ~_is_old(other, before)),
        ~waiting,
    )


def _families(session: Session, ids: set[int], before: datetime) -> list[set[int]]:
    """These tickets with all that hang on them; families that are not old as a whole are left out."""
    ways: dict[int, set[int]] = {}
    found, fresh = set(ids), set(ids)
    goes: set[int] = set(ids)
    while fresh:
        near = select(Ticket.id, Ticket.parent_id, Ticket.merged_into_id).where(
            or_(Ticket.id.in_(fresh), Ticket.parent_id.in_(fresh), Ticket.merged_into_id.in_(fresh))
        )
        rows = session.execute(near).all()
        for row in rows:
            for other in (row.parent_id, row.merged_into_id):
                if other:
                    ways.setdefault(row.id, set()).add(other)
                    ways.setdefault(other, set()).add(row.id)
        named = {row.id for row in rows} | {i for row in rows for i in (row.parent_id, row.merged_into_id) if i}
        fresh = named - found
        found |= fresh
        goes |= set(session.scalars(select(Ticket.id).where(Ticket.id.in_(fresh), _goes(before)))) if fresh else set()
    seen, whole = set[int](), list[set[int]]()
    for start in sorted(ids):
        if start in seen:
            continue
        family, edge = {start}, {start}
        while edge:
            edge = {other for one in edge for other in ways.get(one, ())} - family
            family |= edge
        seen |= family
        if family <= goes:
            whole.append(family)
    return whole
