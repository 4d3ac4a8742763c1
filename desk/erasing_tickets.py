"""Erasing one person: the tickets that they asked for, and those where they took part."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, text, union, update
from sqlalchemy.orm import Session

from desk import erasing_mails, gathering, old_tickets
from desk.erasing import Person, noted
from desk.erasing_rows import rewrite
from desk.retention import Gone
from store.tables import Approval, Attachment, Disposition, Event, Outbox, Ticket, core

AT_ONCE = 50  # tickets in one transaction
ERASED = "[erased]"  # in place of words
# Letters about several new tickets are those of no ticket, and name who wrote them once they are written themselves.
# The words of the state are those of the index.
_NAMES_MANY = and_(text("outbox.state = 'waiting'"), core(Outbox).c.kind == gathering.KIND)


@dataclass(frozen=True, slots=True)
class Done:
    """Some tickets: how many, the entries in them, the bytes that may be nobody's now, and letters being sent."""

    tickets: int
    entries: int
    gone: Gone
    sending: Sequence[int]


def find_own(session: Session, person: Person) -> Sequence[int]:
    """The tickets that they asked for."""
    return session.scalars(select(Ticket.id).where(Ticket.requester_id == person.contact_id).order_by(Ticket.id)).all()


def forget(session: Session, now: datetime, found: Sequence[int]) -> Gone:
    """These tickets go, with everything in them; one of which a letter is being sent stays for now."""
    sending = exists().where(Outbox.ticket_id == Ticket.id, Outbox.lease_until > now)
    ids = session.scalars(
        select(Ticket.id).where(Ticket.id.in_(found), ~sending).order_by(Ticket.id).with_for_update()
    ).all()
    if not ids:
        return Gone()
    mails = erasing_mails.beside(session, ids)
    gone = Gone(len(ids), old_tickets.remove(session, ids) | mails.digests)
    _unrender(session, _NAMES_MANY, now)
    return gone


def find_near(session: Session, person: Person) -> Sequence[int]:
    """Tickets where they took part in any way; by a scan of the entries, outside of any write."""
    who, entries = person.contact_id, core(Event).c
    found = union(
        select(Ticket.id).where(Ticket.requester_id == who),
        select(Approval.ticket_id).where(Approval.contact_id == who),
        select(entries.ticket_id).where(entries.contact_id == who),
    )
    took_part = noted(session, person, "near")  # that they were participants is no longer to be seen
    return sorted({*session.scalars(found), *took_part, *_naming(session, person)})


def _naming(session: Session, person: Person) -> Iterator[int]:
    """Tickets where an address of theirs stands in an entry; not those of joann@, for whom one looks at ann@."""
    entries, words = core(Event).c, person.everywhere
    may_name = select(entries.ticket_id, entries.text, entries.changes).where(
        words.found_in([entries.text, entries.changes])
    )
    for row in session.execute(may_name, execution_options={"yield_per": AT_ONCE}):
        if (words.replaced(row.text), words.replaced(row.changes)) != (row.text, row.changes):
            yield row.ticket_id


def pseudonymise(session: Session, person: Person, ids: Sequence[int], now: datetime) -> Done:
    """In these tickets their name and addresses are replaced, in all that was written."""
    session.execute(select(Ticket.id).where(Ticket.id.in_(ids)).order_by(Ticket.id).with_for_update()).all()
    entries = _entries(session, person, ids)
    digests = _files(session, person, ids) if person.wish.words else frozenset()
    if person.wish.words:
        _titles(session, person, ids)
    near = person.nearby
    for table, condition in (
        (Ticket, Ticket.id.in_(ids)),
        (Event, Event.ticket_id.in_(ids)),
        (Attachment, Attachment.ticket_id.in_(ids)),
        (Disposition, Disposition.ticket_id.in_(ids)),
        (Outbox, Outbox.ticket_id.in_(ids)),
    ):
        rewrite(session, core(table), near, condition)
    letters = core(Outbox).c
    to_others = letters.contact_id.is_distinct_from(person.contact_id)  # those to them are another step's
    sending = _unrender(session, and_(letters.ticket_id.in_(ids), to_others), now)
    sending = [*sending, *_unrender(session, _NAMES_MANY, now)]
    mails = erasing_mails.beside(session, ids)
    return Done(len(ids), entries, Gone(mails.count, digests | mails.digests), sending)


def _entries(session: Session, person: Person, tickets: Sequence[int]) -> int:
    """Their own entries lose name, HTML, and what is folded: signature and quotes. The text stays, if it may."""
    table = core(Event)
    values: dict[str, Any] = {"author": person.name, "html": "", "folded": ""}
    mine = and_(table.c.ticket_id.in_(tickets), table.c.contact_id == person.contact_id)
    if person.wish.words:
        session.execute(update(table).where(mine, table.c.text != "").values(text=ERASED))
    return len(session.execute(update(table).where(mine).values(values).returning(table.c.id)).all())


def _files(session: Session, person: Person, tickets: Sequence[int]) -> frozenset[str]:
    """The files that they sent."""
    table, events = core(Attachment), core(Event)
    by_them = select(events.c.id).where(events.c.ticket_id.in_(tickets), events.c.contact_id == person.contact_id)
    rows = session.execute(delete(table).where(table.c.event_id.in_(by_them)).returning(table.c.digest)).all()
    return frozenset(row.digest for row in rows)


def _titles(session: Session, person: Person, tickets: Sequence[int]) -> None:
    """What they called their own requests, and what they answered to questions about them."""
    table = core(Ticket)
    blank: dict[str, Any] = {
        "title": ERASED, "letter_subject": ERASED, "answers": {}, "customer_reference": "", "reference_key": "",
    }  # fmt: skip
    session.execute(
        update(table).where(table.c.id.in_(tickets), table.c.requester_id == person.contact_id).values(blank)
    )
    session.execute(update(core(Disposition)).where(core(Disposition).c.ticket_id.in_(tickets)).values(subject=""))


def still_sending(session: Session, person: Person, now: datetime) -> int:
    """How many of the letters to others are still being sent that were when their ticket had its turn."""
    sending = noted(session, person, "sending")
    return len(_unrender(session, core(Outbox).c.id.in_(sending), now)) if sending else 0


def _unrender(session: Session, which: ColumnElement[bool], now: datetime) -> Sequence[int]:
    """Letters to others that wait are written anew: what was written holds the name. Returns those being sent."""
    table = core(Outbox)
    waiting = and_(which, table.c.state.in_(("waiting", "held")))
    free = or_(table.c.lease_until.is_(None), table.c.lease_until <= now)
    session.execute(update(table).where(waiting, free, table.c.rendered.is_not(None)).values(rendered=None))
    return session.scalars(select(table.c.id).where(waiting, table.c.lease_until > now)).all()
