"""The audit log, read: newest first, narrowed by who, way, act, what and when; one stream with the ledger of mail.

What customers wrote by mail stands in the ledger and is not written down twice. Here both are one stream: all ids come
from one series, so one place in it (a time and an id) says where a page begins.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session

from desk import walking
from desk.audit import WAYS
from desk.audit_acts import ACTS, OF_MAILS
from desk.audit_names import Line, lines
from desk.people import find_contact
from desk.said import say
from desk.walking import Place, Way
from store.database import Database
from store.tables import Audit, Disposition, Staff, Ticket

MOST = 50  # on a page
# What became of a mail that counts as an act of whoever wrote it.
MAILS = {word: word.partition(".")[2] for word in OF_MAILS}
GROUPS = tuple(dict.fromkeys(word.partition(".")[0] for word in (*ACTS, *MAILS)))
_LARGEST_ID = 2**63 - 1


class NotKnown(Exception):
    """A filter that cannot be, in words for whoever set it; `field` is its name."""

    def __init__(self, field: str, said: str) -> None:
        super().__init__(said)
        self.field, self.said = field, said


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for; what is empty does not matter."""

    who: str = ""  # the address of somebody, or the user of the command line
    way: str = ""
    act: str = ""  # a word, or the first half of one
    about: str = ""  # the number of a ticket, or a kind and an id: “contact 12”
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some of it."""

    lines: Sequence[Line]
    next: Place | None
    searched: datetime | None = None  # so far back was looked, and no further


def page(session: Session, wanted: Wanted, after: Place | None, most: int = MOST) -> Page:
    """The acts that are looked for, behind a place. NotKnown says which filter cannot be."""
    ways, filters, kinds = _ways(session, wanted)
    walks = [walking.walk(session, way, filters, _same, after, most) for way in ways]
    rows: list[Any] = list(
        session.scalars(select(Audit).where(Audit.id.in_([one for walk in walks for one in walk.ids])))
    )
    for kind in kinds:
        walks.append(walking.walk(session, _mails(session, kind, wanted), [], _same, after, most))
        rows += session.scalars(select(Disposition).where(Disposition.received_id.in_(walks[-1].ids)))
    # Each walk came to its own end: behind the nearest of them some rows are not known yet.
    ends = [(walk.next.at, walk.next.id) for walk in walks if walk.next is not None and walk.next.at is not None]
    end = max(ends, default=None)
    rows = sorted((row for row in rows if end is None or _place(row) >= end), key=_place, reverse=True)
    if len(rows) > most:
        return Page(lines(session, rows[:most]), Place(*_place(rows[most - 1])))
    stopped = end is not None and any(walk.searched == Place(*end) for walk in walks)
    return Page(lines(session, rows), Place(*end) if end else None, end[0] if end and stopped else None)


def every(database: Database, wanted: Wanted, most: int) -> Iterator[Line]:
    """All of it, page by page, each in a transaction of its own: a file of many rows holds up nobody."""
    after, count = None, 0
    while count < most:
        with database.reading() as session:
            found = page(session, wanted, after, 500)
        yield from found.lines[: most - count]
        count, after = count + len(found.lines), found.next
        if after is None:
            return


def _same(statement: Select[Any]) -> Select[Any]:
    return statement


def _place(row: Any) -> tuple[datetime, int]:
    return row.at, row.received_id if isinstance(row, Disposition) else row.id


def _ways(session: Session, wanted: Wanted) -> tuple[list[Way], list[ColumnElement[bool]], list[str]]:
    """What an index leads to, what is left to look at, and which mails of the ledger belong to it."""
    if wanted.way and wanted.way not in WAYS:
        raise NotKnown("way", say("There is no way “{way}”.", way=wanted.way[:40]))
    words, kinds = _act(wanted.act)
    on: list[ColumnElement[bool]] = []
    filters: list[ColumnElement[bool]] = []
    if wanted.who:
        whose = _who(session, wanted.who)
        (on if whose is not None else filters).append(whose if whose is not None else Audit.operator == wanted.who)
    if wanted.way:
        filters.append(Audit.way == wanted.way)
    if wanted.about:
        kind, object_id = _about(session, wanted.about)
        on += [Audit.kind == kind, Audit.object_id == object_id]
    if wanted.who or wanted.way not in ("", "mail") or (wanted.about and kind != "ticket"):
        kinds = []
    one_by_one = bool(words) and not on  # an index for each word; what one person did is looked through for them
    filters += [Audit.act.in_(words)] if words and on else []
    on += [Audit.at >= wanted.since] if wanted.since else []
    on += [Audit.at < wanted.until] if wanted.until else []
    starts = [[Audit.act == word] for word in words] if one_by_one else [[]]
    return [Way(Audit.id, Audit.at, (*start, *on)) for start in starts], filters, kinds


def _act(word: str) -> tuple[list[str], list[str]]:
    """The words that are meant, none for all of them; and the kinds of mails."""
    if not word:
        return [], list(MAILS.values())
    if word not in GROUPS and word not in ACTS and word not in MAILS:
        raise NotKnown("act", say("There is no act “{act}”.", act=word[:40]))
    meant = [name for name in (*ACTS, *MAILS) if name == word or name.startswith(f"{word}.")]
    return meant, [MAILS[name] for name in meant if name in MAILS]


def _who(session: Session, text: str) -> ColumnElement[bool] | None:
    """A colleague or a contact by any address of theirs; None for a user of the command line."""
    address = text.strip().strip("<>").lower()
    if "@" not in address:
        return None
    staff_id = session.scalar(select(Staff.id).where(Staff.address == address))
    if staff_id is not None:
        return Audit.staff_id == staff_id
    contact = find_contact(session, address)
    if contact is None:
        raise NotKnown("who", say("There is nobody with the address {address}.", address=address[:320]))
    return Audit.contact_id == contact.id


def _about(session: Session, text: str) -> tuple[str, int]:
    kind, _, number = text.strip().partition(" ")
    if number.isascii() and number.isdigit() and int(number[:20]) <= _LARGEST_ID:
        return kind.lower(), int(number)
    ticket_id = session.scalar(select(Ticket.id).where(Ticket.number == text.strip().strip("[]").upper()))
    if ticket_id is None:
        raise NotKnown("about", say("There is no ticket {number}.", number=text[:40]))
    return "ticket", ticket_id


def _mails(session: Session, kind: str, wanted: Wanted) -> Way:
    written_down = exists().where(Audit.received_id == Disposition.received_id)  # what staff did, and Admin Users
    on: list[ColumnElement[bool]] = [Disposition.kind == kind, ~written_down]
    if wanted.about:  # the mails of a ticket are few, those of a kind are not: the index of these is kept away
        on = [Disposition.ticket_id == _about(session, wanted.about)[1], func.lower(Disposition.kind) == kind, on[1]]
    on += [Disposition.at >= wanted.since] if wanted.since else []
    on += [Disposition.at < wanted.until] if wanted.until else []
    return Way(Disposition.received_id, Disposition.at, tuple(on))
