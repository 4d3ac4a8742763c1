"""Rows: the ledger adds up, each mail has one outcome and its bytes, letters, histories and numbers hold together."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, exists, func, not_, or_, select, text
from sqlalchemy.orm import Session

from desk import retention
from desk.numbers import Numbers, given_out
from desk.status import KINDS, snapshot
from postdesk.verify import NOTED, Finding
from store.damage import in_words
from store.tables import (
    Base,
    Delivery,
    Disposition,
    Event,
    IdBlock,
    JobRun,
    MailKey,
    NumberSeries,
    Outbox,
    RawMail,
    ReceivedMail,
    Tally,
    Ticket,
)

_DAY = timedelta(days=1)
_AT_ONCE = 5000
Check = Callable[[Session, datetime], Iterator[Finding]]


def ledger(session: Session, now: datetime) -> Iterator[Finding]:
    """What was counted when it happened, and what the rows say."""
    status = snapshot(session, now)
    mails = session.scalar(select(func.count()).select_from(ReceivedMail)) or 0
    counted: Mapping[str, int] = dict(
        session.execute(select(Disposition.kind, func.count()).group_by(Disposition.kind)).all()
    )
    wrong = [
        f"{name}: the ledger says {status.kinds.get(name, 0):,}, the rows {counted.get(name, 0):,}"
        for name in (*KINDS, *sorted(set(counted) - set(KINDS)))
        if status.kinds.get(name, 0) != counted.get(name, 0)
    ]
    if status.accepted != mails:
        wrong.insert(0, f"accepted: the ledger says {status.accepted:,}, the rows {mails:,}")
    if status.difference:
        wrong.append(f"{status.difference:,} accepted mails are not accounted for")
    if session.get(Tally, "accepted") is None:
        wrong.append("there is no row “accepted”")
    if wrong:
        yield Finding("ledger", "it does not add up.", len(wrong), tuple(wrong))
        return
    became = ", ".join(f"{counted[kind]:,} {kind}" for kind in KINDS if counted.get(kind))
    yield Finding(
        "ledger", f"{mails:,} mails were accepted: {became or 'none has an outcome'}, {status.waiting:,} wait."
    )


def outcomes(session: Session, now: datetime) -> Iterator[Finding]:
    """Each mail waits or has its outcome, never both."""
    has = exists().where(Disposition.received_id == ReceivedMail.id)
    lost = select(ReceivedMail.id).where(not_(ReceivedMail.waiting), ~has)
    both = select(ReceivedMail.id).where(ReceivedMail.waiting, has)
    keys = select(MailKey.received_id).join(ReceivedMail, ReceivedMail.id == MailKey.received_id)
    yield _rule(session, "outcomes", lost, "no mail is without its outcome.", "mails neither wait nor have an outcome.")
    yield _rule(session, "outcomes", both, "no mail waits that has one.", "mails wait, and have an outcome already.")
    yield _rule(
        session, "keys", keys.where(ReceivedMail.waiting), "no mail that waits counts as handled.",
        "mails wait, and would be taken for a second copy of themselves.",
    )  # fmt: skip


def raw_mails(session: Session, now: datetime) -> Iterator[Finding]:
    """The bytes of each mail that is not past retention.mails_days, nor erased, are in one of both places."""
    last = session.get(JobRun, "old-mails")
    since, last_id = retention.read_mark(last.done_for if last else "")
    forgotten = and_(
        Disposition.kind != "held",
        or_(Disposition.at < since, and_(Disposition.at == since, Disposition.received_id <= last_id)),
    )
    bare = (
        select(ReceivedMail.id)
        .outerjoin(Disposition, Disposition.received_id == ReceivedMail.id)
        .where(ReceivedMail.blob == "", ReceivedMail.size > 0, ~exists().where(RawMail.id == ReceivedMail.id))
        .where(or_(Disposition.received_id.is_(None), not_(forgotten)))
    )
    yield _rule(session, "mails", bare, "each mail that is to be kept has its bytes.", "mails have lost their bytes.")
    other = (
        select(ReceivedMail.id)
        .join(RawMail, RawMail.id == ReceivedMail.id)
        .where(func.length(RawMail.data) != ReceivedMail.size)
    )
    yield _rule(
        session, "mails", other, "those in the database have their size.", "mails have another size than noted."
    )


def histories(session: Session, now: datetime) -> Iterator[Finding]:
    """Entries stand behind the beginning of their ticket, and before tomorrow."""
    early = select(Event.id).join(Ticket, Ticket.id == Event.ticket_id).where(Event.at < Ticket.created_at)
    late = select(Event.id).where(Event.at > now + _DAY)
    yield _rule(
        session, "histories", early, "no entry is older than its ticket.", "entries are older than their ticket."
    )
    yield _rule(session, "histories", late, "none is of the future.", "entries are of the future: was the clock wrong?")


def numbers(session: Session, now: datetime) -> Iterator[Finding]:
    """No number is given out twice: each was counted on its day or in its form, and ids go on behind the highest."""
    last = dict(session.execute(select(NumberSeries.day, NumberSeries.last)).all())
    known = Numbers(before=given_out(session))

    def wrong() -> Iterator[str]:
        for number in session.scalars(select(Ticket.number), execution_options={"yield_per": _AT_ONCE}):
            counted = known.counted(number)
            if counted is None or counted[1] > last.get(counted[0], 0):
                yield number

    twice = select(Ticket.number).group_by(Ticket.number).having(func.count() > 1)
    yield _rule(session, "numbers", twice, "no ticket number is there twice.", "ticket numbers are there twice.")
    yield _finding(
        "numbers", wrong(), "each was counted on its day, or in its form.", "ticket numbers would be given out again."
    )
    free = session.scalar(select(IdBlock.next).where(IdBlock.name == "rows")) or 0
    keyed = [table for table in Base.metadata.sorted_tables if "id" in table.c and not table.c.id.foreign_keys]
    above = (
        f"{table.name} {highest}"
        for table in keyed
        if (highest := session.scalar(select(func.max(table.c.id))) or 0) >= free
    )
    yield _finding("ids", above, "new rows get ids that none has had.", "tables hold ids that will be given out again.")


def letters(session: Session, now: datetime) -> Iterator[Finding]:
    """A letter that was sent has the attempt that sent it; nothing is claimed by somebody who is long gone."""
    sent = exists().where(Delivery.outbox_id == Outbox.id)
    bare = select(Outbox.id).where(Outbox.state == "sent", ~sent)
    yield _rule(
        session, "letters", bare, "each that was sent says when and how.", "letters are sent, and no attempt is noted."
    )
    old = now - _DAY
    mails = select(ReceivedMail.id).where(ReceivedMail.waiting, ReceivedMail.lease_until < old)
    letters = select(Outbox.id).where(text("outbox.state = 'waiting'"), Outbox.lease_until < old)
    for part, rows in (("mails", mails), ("letters", letters)):
        yield _rule(
            session, part, rows, "none was claimed more than a day ago.",
            f"{part} were claimed more than a day ago, and nobody goes on with them. Does Postdesk run?",
        )  # fmt: skip


def file(session: Session, *, quick: bool) -> Iterator[Finding]:
    """SQLite's own checks of its file, and that each row it refers to is there; PostgreSQL sees to that itself."""
    check = "quick_check" if quick else "integrity_check"
    said = [in_words(str(row[0])) for row in session.execute(text(f"PRAGMA {check}({NOTED})"))]
    found = iter([] if said == ["ok"] else said)
    yield _finding("database file", found, "SQLite finds no damage.", "faults: put a backup back.")
    broken = (f"{row[0]} {row[1]} → {row[2]}" for row in session.execute(text("PRAGMA foreign_key_check")))
    yield _finding(
        "references", broken, "each row that is referred to is there.", "rows refer to one that is not there."
    )


CHECKS: tuple[Check, ...] = (ledger, outcomes, raw_mails, histories, numbers, letters)


def _rule(session: Session, part: str, rows: Select[Any], right: str, wrong: str) -> Finding:
    """Rows that should not be."""
    found = session.scalars(rows, execution_options={"yield_per": _AT_ONCE})
    return _finding(part, (str(one) for one in found), right, wrong)


def _finding(part: str, found: Iterator[Any], right: str, wrong: str) -> Finding:
    count = 0
    examples: list[str] = []
    for one in found:
        count += 1
        if len(examples) < NOTED:
            examples.append(str(one))
    return Finding(part, f"{count:,} {wrong}" if count else right, count, tuple(examples))
