"""Where did my mail go? Every received mail with what became of it and why, for people who look for one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from desk import letter_list, walking
from desk.held import DISCARDED
from desk.letter_list import OutLetter
from desk.walking import Place, Steps, Way
from store.blobs import BlobStore
from store.tables import Disposition, Event, RawMail, ReceivedMail, Ticket

KINDS = ("opened", "noted", "folded", "answered", "held", "ignored", DISCARDED, "waiting")
MOST = 50  # on a page
MOST_LETTERS = 30  # that one mail caused
HEAD = 256 * 1024  # bytes of headers that are shown
LARGEST_ID = 2**63 - 1  # what the databases take


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which mails somebody looks for; what is empty does not matter."""

    kind: str = ""
    sender: str = ""  # any part of the address
    subject: str = ""  # any part of it
    number: str = ""  # of the ticket
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Logged:
    """One received mail."""

    id: int
    received_at: datetime
    sender: str
    subject: str
    became: str  # one of KINDS
    rule: str
    reason: str
    ticket: str  # its number


@dataclass(frozen=True, slots=True)
class Page:
    """Some of them, newest first."""

    rows: Sequence[Logged]
    next: Place | None
    searched: datetime | None  # so far back was looked, and no further


@dataclass(frozen=True, slots=True)
class OneMail:
    """All that is kept of one mail."""

    mail: ReceivedMail
    logged: Logged
    decided: bool  # it has an outcome; else it waits
    evidence: Mapping[str, Any]
    letters: Sequence[OutLetter] = field(default=())

    @property
    def named_ticket(self) -> str:
        """The number of the one ticket that it names; "" for none, or several."""
        return named_ticket(self.evidence)


def became(disposition: Disposition | None) -> str:
    """What became of a mail, in one word; what a person put away is told from what was ignored by a rule."""
    if disposition is None:
        return "waiting"
    return DISCARDED if disposition.rule == DISCARDED else disposition.kind


def sender_of(mail: ReceivedMail, disposition: Disposition | None) -> str:
    """Who wrote a mail: From, and where that cannot be read, who the envelope names."""
    return (disposition.sender if disposition else "") or mail.reverse_path


def named_ticket(evidence: Mapping[str, Any]) -> str:
    """The number of the one ticket that a mail names; "" when it names none, or several."""
    numbers = {piece["ticket"] for piece in evidence.get("evidence", ())}
    return str(numbers.pop()) if len(numbers) == 1 else ""


def page(session: Session, wanted: Wanted, after: Place | None, stretch: int = walking.STRETCH) -> Page:
    """The mails that are looked for, behind a place. Each kind, each ticket and all of them are read by an index."""
    way, filters = _way(session, wanted)
    if way is None:
        return Page((), None, None)
    on_mail = way.id is ReceivedMail.id

    def joined(statement: Select[Any]) -> Select[Any]:
        if on_mail and filters:
            return statement.outerjoin(Disposition, Disposition.received_id == ReceivedMail.id)
        return statement.join(ReceivedMail, ReceivedMail.id == Disposition.received_id) if filters else statement

    found = walking.walk(session, way, filters, joined, after, MOST, stretch)
    return _page(session, found)


def _way(session: Session, wanted: Wanted) -> tuple[Way | None, list[ColumnElement[bool]]]:
    """The index that leads there, and what is left to look at."""
    filters: list[ColumnElement[bool]] = []
    on_mail = wanted.kind in ("", "waiting") and not wanted.number
    at: Any = ReceivedMail.received_at if on_mail else Disposition.at
    on: list[Any] = []
    if wanted.number:
        ticket = session.scalar(select(Ticket.id).where(Ticket.number == wanted.number))
        if ticket is None:
            return None, filters
        on.append(Disposition.ticket_id == ticket)
    if wanted.kind == "waiting":
        on.append(ReceivedMail.waiting)
    elif wanted.kind == DISCARDED:
        on.append(Disposition.kind == "ignored")
        filters.append(Disposition.rule == DISCARDED)
    elif wanted.kind:
        on.append(Disposition.kind == wanted.kind)
    on += [at >= wanted.since] if wanted.since else []
    on += [at < wanted.until] if wanted.until else []
    if wanted.sender:
        filters.append(or_(_holds(Disposition.sender, wanted.sender), _holds(ReceivedMail.reverse_path, wanted.sender)))
    if wanted.subject:
        filters.append(_holds(Disposition.subject, wanted.subject))
    return Way(ReceivedMail.id if on_mail else Disposition.received_id, at, tuple(on)), filters


def _holds(column: Any, text: str) -> ColumnElement[bool]:
    """In any case; as it is written too, for letters of which SQLite knows no small form."""
    return or_(func.lower(column).contains(text.lower(), autoescape=True), column.contains(text, autoescape=True))


def _page(session: Session, found: Steps) -> Page:
    rows = {row.id: row for row in _logged(session, found.ids)}
    searched = found.searched.at if found.searched else None
    return Page([rows[one] for one in found.ids if one in rows], found.next, searched)


def _logged(session: Session, ids: Sequence[int]) -> list[Logged]:
    statement = (
        select(ReceivedMail, Disposition, Ticket.number)
        .outerjoin(Disposition, Disposition.received_id == ReceivedMail.id)
        .outerjoin(Ticket, Ticket.id == Disposition.ticket_id)
        .where(ReceivedMail.id.in_(ids))
    )
    return [logged(mail, outcome, number or "") for mail, outcome, number in session.execute(statement)]


def logged(mail: ReceivedMail, outcome: Disposition | None, number: str) -> Logged:
    """A mail and its outcome as one row."""
    return Logged(
        mail.id,
        mail.received_at,
        sender_of(mail, outcome),
        outcome.subject if outcome else "",
        became(outcome),
        outcome.rule if outcome else "",
        outcome.reason if outcome else "",
        number,
    )


def one(session: Session, received_id: int, now: datetime) -> OneMail | None:
    """All of one mail; None when there is none of that id."""
    if not 0 < received_id <= LARGEST_ID:
        return None
    mail = session.get(ReceivedMail, received_id)
    if mail is None:
        return None
    outcome = session.get(Disposition, received_id)
    ticket = session.get(Ticket, outcome.ticket_id) if outcome and outcome.ticket_id else None
    entries: list[int] = []
    if ticket is not None:  # letters from before their cause was noted are found by the entry that they tell of
        mine = select(Event.id).where(Event.ticket_id == ticket.id, Event.received_id == received_id)
        entries = list(session.scalars(mine))
    letters = letter_list.caused(session, received_id, entries, MOST_LETTERS, now)
    row = logged(mail, outcome, ticket.number if ticket else "")
    session.expunge(mail)  # the end of a reading session expires what it read
    return OneMail(mail, row, outcome is not None, outcome.evidence if outcome else {}, letters)


def raw(session: Session, blobs: BlobStore, received_id: int) -> bytes | None:
    """A mail as it came; None when there is none of that id. OSError when its bytes cannot be read."""
    if not 0 < received_id <= LARGEST_ID:
        return None
    rows = select(ReceivedMail.blob, RawMail.data).outerjoin(RawMail, RawMail.id == ReceivedMail.id)
    found = session.execute(rows.where(ReceivedMail.id == received_id)).first()
    if found is None:
        return None
    return bytes(found.data) if found.data is not None else blobs.read(found.blob)


def head(data: bytes) -> str:
    """The headers of a mail, as text: bytes that are none are shown as what they are."""
    start = data[:HEAD]
    ends = [place for mark in (b"\r\n\r\n", b"\n\n") if (place := start.find(mark)) >= 0]
    text = start[: min(ends)] if ends else start
    return text.decode("utf-8", "backslashreplace").replace("\r\n", "\n")
