"""Which bytes the rows name: their digests and sizes, one of 256 parts at a time, so that memory is bounded."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, String, and_, cast, func, select, text, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from store.tables import Attachment, Pending, ReceivedMail

PARTS = tuple(f"{number:02x}" for number in range(256))
_DIGEST = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


@dataclass(frozen=True, slots=True)
class Named:
    """Bytes that rows name; `least` and `most` are the sizes that the rows say, None where they say none."""

    digest: str
    least: int | None
    most: int | None


def named(session: Session, part: str) -> list[Named]:
    """All that begin with these two hex digits, in order. Files, big mails, and what a “confirm” waits for."""
    both = union_all(
        select(Attachment.digest.label("digest"), Attachment.size.label("size")).where(_in(Attachment.digest, part)),
        # Word for word as the index has it, or SQLite reads every mail there ever was.
        select(ReceivedMail.blob, ReceivedMail.size).where(
            _in(ReceivedMail.blob, part), text("received_mail.blob <> ''")
        ),
    ).subquery()
    rows = session.execute(
        select(both.c.digest, func.min(both.c.size), func.max(both.c.size)).group_by(both.c.digest)
    ).all()
    found = {digest: Named(digest, least, most) for digest, least, most in rows}
    for digest in _waiting(session):
        if digest.startswith(part):
            found.setdefault(digest, Named(digest, None, None))
    return sorted(found.values(), key=lambda one: one.digest)


def _in(column: InstrumentedAttribute[str], part: str) -> ColumnElement[bool]:
    number = int(part, 16) + 1
    return and_(column >= part, column < (f"{number:02x}" if number < 256 else "g"))


def _waiting(session: Session) -> Iterator[str]:
    """Few rows, for some days each."""
    for body in session.scalars(select(cast(Pending.body, String)).where(Pending.done_at.is_(None))):
        yield from _DIGEST.findall(body)
