"""What is kept for so many days and no longer: letters, received mails as they came, what imports said of each row."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import String, and_, cast, delete, func, or_, select, text, update
from sqlalchemy.orm import Session

from desk.tries import over
from store.tables import (
    Attachment,
    Delivery,
    Disposition,
    ImportRun,
    LoginTry,
    Outbox,
    Pending,
    RawMail,
    ReceivedMail,
    Suppression,
    core,
)

AT_ONCE = 300  # rows in one transaction; the rest has its turn a minute later
LOOKED_AT = 3000  # letters at once, most of which may have to stay
_STAMP = "%Y%m%d%H%M%S%f"


@dataclass(frozen=True, slots=True)
class Gone:
    """What a step took away: how many, the digests of bytes that may be nobody's now, and where the next one begins."""

    count: int = 0
    digests: frozenset[str] = frozenset()
    mark: str = ""


def letters(session: Session, before: datetime, mark: str = "") -> Gone:
    """Letters that were done before, and what the other side said of them. Whatever still waits stays.

    The `mark` is the id up to which they were looked at; behind the last one it begins anew. So each has its turn,
    however many that stay are in front of it.
    """
    part = select(Outbox.id, Outbox.state, Outbox.done_at).where(Outbox.id > int(mark or 0))
    part_of = part.order_by(Outbox.id).limit(LOOKED_AT).subquery()
    old = select(part_of.c.id).where(part_of.c.state != "waiting", part_of.c.done_at < before)
    ids = session.scalars(old.order_by(part_of.c.id).limit(AT_ONCE)).all()
    if len(ids) == AT_ONCE:
        mark = str(ids[-1])
    else:
        seen, last = session.execute(select(func.count(), func.max(part_of.c.id))).one()
        mark = str(last) if seen == LOOKED_AT else ""
    if ids:
        session.execute(delete(core(Delivery)).where(core(Delivery).c.outbox_id.in_(ids)))
        session.execute(delete(core(Outbox)).where(core(Outbox).c.id.in_(ids)))
    return Gone(len(ids), mark=mark)


def mails(session: Session, before: datetime, mark: str) -> Gone:
    """The bytes of mails that were dealt with before. That they came, from whom, and what became of them stays.

    So does the key by which the same mail is known again. A held mail stays until a person has decided; then its
    disposition is a new one, behind the `mark` up to which the others were looked at.
    """
    done, mark = _dealt_with(session, before, mark)
    ids = list(done)
    if ids:
        session.execute(delete(core(RawMail)).where(core(RawMail).c.id.in_(ids)))
        blobs = update(core(ReceivedMail)).where(core(ReceivedMail).c.id.in_(ids), core(ReceivedMail).c.blob != "")
        session.execute(blobs.values(blob=""))
    return Gone(len(ids), frozenset(blob for blob in done.values() if blob), mark)


def envelopes(session: Session, before: datetime, mark: str) -> Gone:
    """Who sent the mails that were dealt with before, to whom, from where, and what they were about.

    That they came, when, and what became of them stays in the ledger. A held mail keeps all until a person has decided.
    """
    done, mark = _dealt_with(session, before, mark)
    ids = list(done)
    blank(session, ids)
    muted = core(Suppression)
    session.execute(delete(muted).where(muted.c.lifted_at < before))
    return Gone(len(ids), mark=mark)


def _dealt_with(session: Session, before: datetime, mark: str) -> tuple[dict[int, str], str]:
    """The ids and blobs of some mails behind the mark that were dealt with before, and the mark behind these."""
    since, last = read_mark(mark)
    after = or_(Disposition.at > since, and_(Disposition.at == since, Disposition.received_id > last))
    rows = session.execute(
        select(Disposition.at, Disposition.received_id, Disposition.kind, ReceivedMail.waiting, ReceivedMail.blob)
        .join(ReceivedMail, ReceivedMail.id == Disposition.received_id)
        .where(Disposition.at >= since, after, Disposition.at < before)
        .order_by(Disposition.at, Disposition.received_id)
        .limit(AT_ONCE)
    ).all()
    done = {row.received_id: row.blob for row in rows if row.kind != "held" and not row.waiting}
    return done, mark_at(rows[-1].at, rows[-1].received_id) if rows else mark


def blank(session: Session, ids: Collection[int]) -> None:
    """These mails came from nobody, to nobody, about nothing."""
    if not ids:
        return
    became, mails = core(Disposition), core(ReceivedMail)
    nothing = {"sender": "", "subject": "", "evidence": {}}
    session.execute(update(became).where(became.c.received_id.in_(ids)).values(nothing))
    empty = {"peer": "", "helo": "", "reverse_path": "", "recipients": [], "last_error": "", "earlier": []}
    session.execute(update(mails).where(mails.c.id.in_(ids)).values(empty))


def tries(session: Session, now: datetime) -> None:
    """Sign-ins that failed, of which no limit looks further back."""
    session.execute(delete(core(LoginTry)).where(over(now)))


def imports(session: Session, before: datetime) -> Gone:
    """What was said of each row of old imports; how many there were of each fate stays."""
    old = select(ImportRun.id).where(ImportRun.at < before, cast(ImportRun.rows, String) != "[]")
    ids = session.scalars(old.order_by(ImportRun.id).limit(AT_ONCE)).all()
    if ids:
        session.execute(update(core(ImportRun)).where(core(ImportRun).c.id.in_(ids)).values(rows=[]))
    return Gone(len(ids))


def unused(session: Session, digests: Collection[str]) -> set[str]:
    """Those of these digests that no file, no mail, and no command that waits for a “confirm” names."""
    if not digests:
        return set()
    used = set(session.scalars(select(Attachment.digest).where(Attachment.digest.in_(digests)).distinct()))
    # Word for word as the index has it, or SQLite reads every mail there ever was.
    mails = select(ReceivedMail.blob).where(ReceivedMail.blob.in_(digests), text("received_mail.blob <> ''"))
    used |= set(session.scalars(mails.distinct()))
    left = set(digests) - used
    # Few rows, for some days each; which of their values is a digest is the business of the commands.
    bodies = session.scalars(select(cast(Pending.body, String)).where(Pending.done_at.is_(None))) if left else ()
    for body in bodies:
        left = {digest for digest in left if digest not in body}
    return left


def mark_at(at: datetime, row_id: int) -> str:
    """The mark behind a row, in rows that are looked at by a time and their ids."""
    return f"{at:{_STAMP}}-{row_id}"


def read_mark(mark: str) -> tuple[datetime, int]:
    """The time and the id of the row that a mark is behind; "" is before all of them."""
    stamp, _, last = mark.partition("-")
    if not stamp:
        return datetime(1970, 1, 1, tzinfo=UTC), 0
    return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC), int(last)
