"""Seals over the audit log: who edits the file of the database by hand, triggers or not, is found out.

A chain from row to row would make everybody who writes one wait for everybody else. So a timer closes what has come
since: it lists the new rows, and keeps a digest over them and over the seal before. The digest has a key that is not in
the database. A transaction that ends late is in the next seal, so nobody waits for anybody.

The address on the net is not in the digest: it goes when a person is erased. What no seal can tell is that the newest
rows, with all seals over them, were taken away; each seal is logged too, and the log is kept elsewhere. That rows went
because they were old is said by a row with a proof, which needs the key as well.
"""

import hashlib
import hmac
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Row, and_, delete, func, insert, select, update
from sqlalchemy.orm import Session

from desk import audit
from desk.keys import Keys
from store.tables import Audit, AuditGate, AuditSeal, core

log = structlog.get_logger(__name__)

MOST = 500  # rows under one seal
EVERY = timedelta(hours=1)  # where fewer come
LATE = timedelta(days=1)  # no transaction lasts as long
_SETTLED = timedelta(minutes=1)
_NOT_IN = 400  # ids in one question
_SEALS, _LOOKED_AT = 10, 200  # whose rows go in one transaction, and of how many it is asked whether they went before
_PURPOSE = "audit"
_FIELDS = tuple(column for column in core(Audit).c if column.name != "peer")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, with the number of the seal or the id of the row."""

    what: str
    seal: int


def seal(session: Session, keys: Keys, now: datetime) -> int:
    """Close what has come since the last seal, if it is much or an hour old; how many rows.

    A clock that had run ahead, or has been set back, stops no seal.
    """
    last = session.scalars(select(AuditSeal).order_by(AuditSeal.number.desc()).limit(1)).first()
    ids = _open_ids(session, last, now - _SETTLED)
    if not ids or (len(ids) < MOST and last is not None and abs(now - last.at) < EVERY):
        return 0
    rows = _rows(session, ids)
    number, before = (last.number + 1, last.digest) if last else (1, b"")
    digest = _digest(keys, keys.newest, number, before, rows)
    assert digest is not None  # noqa: S101 - for the type checker: the newest key is there
    session.add(
        AuditSeal(
            number=number, at=now, upto=max(row.at for row in rows), rows=[row.id for row in rows],
            key_id=keys.newest, digest=digest,
        )
    )  # fmt: skip
    session.flush()
    log.info("the audit log is sealed", seal=number, rows=len(rows), digest=digest.hex()[:16])
    return len(rows)


def _open_ids(session: Session, last: AuditSeal | None, until: datetime) -> list[int]:
    """Rows under no seal, oldest first; of a day before the last seal those that came late are among them."""
    since = min(last.upto, until) - LATE if last else None
    known: set[int] = set()
    if since is not None:
        for rows in session.scalars(select(AuditSeal.rows).where(AuditSeal.upto >= since)):
            known.update(rows)
    wanted = select(Audit.id).where(Audit.at <= until).order_by(Audit.at, Audit.id)
    if since is not None:
        wanted = wanted.where(Audit.at >= since)
    found = session.scalars(wanted.limit(len(known) + MOST)).all()
    return [one for one in found if one not in known][:MOST]


def _rows(session: Session, ids: Sequence[int]) -> list[Row[Any]]:
    found: list[Row[Any]] = []
    for start in range(0, len(ids), _NOT_IN):
        found += session.execute(select(*_FIELDS).where(core(Audit).c.id.in_(ids[start : start + _NOT_IN]))).all()
    return sorted(found, key=lambda row: (row.at, row.id))


def _digest(keys: Keys, key_id: int, number: int, before: bytes, rows: Sequence[Row[Any]]) -> bytes | None:
    key = keys.derive(_PURPOSE, key_id)
    if key is None:
        return None
    state = hashlib.blake2b(f"{number}\n".encode() + before, key=key, digest_size=32)
    for row in rows:
        state.update(_line(row))
    return state.digest()


def _line(row: Row[Any]) -> bytes:
    values = [value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value for value in row]
    return json.dumps(values, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def faults(session: Session, keys: Keys) -> Iterator[Fault]:
    """What does not fit its seal, and what should be under one and is not."""
    before, number = b"", 0
    pruned = _pruned(session, keys)
    sealed: set[int] = set()
    newest: datetime | None = None
    for one in _seals(session):
        number += 1
        while number < one.number:
            yield Fault("a seal is missing", number)
            number += 1
        yield from _checked(session, keys, one, before, pruned)
        before, newest = one.digest, one.upto
        sealed.update(one.rows)
    yield from _unsealed(session, sealed, newest)


def _seals(session: Session) -> Iterator[AuditSeal]:
    """One after the other: a log of years has thousands."""
    number = 0
    while part := session.scalars(
        select(AuditSeal).where(AuditSeal.number > number).order_by(AuditSeal.number).limit(_SEALS)
    ).all():
        yield from part
        number = part[-1].number
        session.expunge_all()


def _checked(session: Session, keys: Keys, one: AuditSeal, before: bytes, pruned: datetime | None) -> Iterator[Fault]:
    rows = _rows(session, one.rows)
    if not rows and pruned is not None and one.upto < pruned:
        return  # they went after retention.audit_days
    if len(rows) != len(one.rows):
        yield Fault(f"{len(one.rows) - len(rows)} of its rows are gone", one.number)
        return
    digest = _digest(keys, one.key_id, one.number, before, rows)
    if digest is None:
        yield Fault(f"the key {one.key_id} that it was made with is gone", one.number)
    elif digest != one.digest:
        yield Fault("its rows are not what they were", one.number)


def _pruned(session: Session, keys: Keys) -> datetime | None:
    """Up to when rows went by themselves, as a row says whose proof is right."""
    said = select(Audit.details).where(Audit.act == "audit.pruned").order_by(Audit.at.desc()).limit(100)
    for details in session.scalars(said):
        before, proof = str(details.get("before")), _proof(keys, details.get("key_id", -1), str(details.get("before")))
        if proof is not None and hmac.compare_digest(proof, str(details.get("proof")).encode()):
            return datetime.fromisoformat(before)
    return None


def _proof(keys: Keys, key_id: int, before: str) -> bytes | None:
    """Without it a row put in by hand could say that all was old: the next seal would close over it as over others."""
    key = keys.derive(_PURPOSE, key_id)
    return hashlib.blake2b(f"pruned {before}".encode(), key=key, digest_size=16).hexdigest().encode() if key else None


def _unsealed(session: Session, sealed: set[int], newest: datetime | None) -> Iterator[Fault]:
    """A row that was put in by hand with an old time."""
    if newest is None:
        return
    for row_id in session.scalars(select(Audit.id).where(Audit.at < newest - LATE)).all():
        if row_id not in sealed:
            yield Fault(f"row {row_id} is under no seal", 0)


def keep(session: Session, keys: Keys, now: datetime, days: int) -> int:
    """What came since is sealed; what is older than so many days goes, and nothing with 0. How many rows."""
    return seal(session, keys, now) + (prune(session, keys, now - timedelta(days=days)) if days else 0)


def prune(session: Session, keys: Keys, before: datetime) -> int:
    """Rows under the seals that ended before go; the seals stay, and a row says so. How many."""
    oldest = session.scalar(select(func.min(Audit.at)))
    if oldest is None or oldest >= before:
        return 0
    old = select(AuditSeal.rows).where(AuditSeal.upto >= oldest, AuditSeal.upto < before).order_by(AuditSeal.number)
    there = [rows for rows in session.scalars(old.limit(_LOOKED_AT)) if _is_there(session, rows)]
    gone = [one for rows in there[:_SEALS] for one in rows]
    if not gone:
        return 0
    _open_gate(session, before)
    for start in range(0, len(gone), _NOT_IN):
        session.execute(delete(core(Audit)).where(core(Audit).c.id.in_(gone[start : start + _NOT_IN])))
    _close_gate(session)
    said = before.astimezone(UTC).isoformat()
    proof = (_proof(keys, keys.newest, said) or b"").decode()
    audit.note(session, "audit.pruned", before=said, rows=len(gone), key_id=keys.newest, proof=proof)
    return len(gone)


def _is_there(session: Session, rows: Sequence[int]) -> bool:
    return session.scalar(select(Audit.id).where(Audit.id.in_(rows[:_NOT_IN])).limit(1)) is not None


def forget_peers(session: Session, contact_id: int, accounts: Collection[int] = ()) -> int:
    """Where somebody came from who is erased; how many rows. That they came, and when, stays.

    So it is with what was done about them by nobody who had signed in: a wrong password, a link asked for, a list left.
    """
    table = core(Audit).c
    nobody = and_(table.staff_id.is_(None), table.contact_id.is_(None))
    about_them = and_(nobody, table.kind == "contact", table.object_id == contact_id)
    about_account = and_(nobody, table.kind == "account", table.object_id.in_(accounts))
    count = 0
    _open_gate(session, None)
    for whose in (table.contact_id == contact_id, about_them, about_account):  # each by its index
        mine = update(core(Audit)).where(whose, table.peer != "").values(peer="")
        count += len(session.execute(mine.returning(table.id)).all())
    _close_gate(session)
    return count


def _open_gate(session: Session, before: datetime | None) -> None:
    session.execute(insert(core(AuditGate)).values(id=1, before=before))


def _close_gate(session: Session) -> None:
    session.execute(delete(core(AuditGate)))
