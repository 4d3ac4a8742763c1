"""Idempotency-Key: a request that is sent again, because its answer was lost, is done once and answered alike."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from desk.tokens import ANSWERS_KEPT
from portal.api.problems import Problem
from store.database import Database
from store.tables import ApiAnswer, core

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that was given before."""

    status: int
    location: str
    body: str


@dataclass(frozen=True, slots=True)
class Repeat:
    """One request with its key."""

    key: bytes
    request: bytes

    def begin(self, database: Database, now: datetime) -> Kept | None:
        """The answer from before; None when this is the first time, and nobody else begins it then.

        Problem 422 where the key stands for something else, and 409 where the first one has not ended. One that was
        cut off in the middle stays so: whether it was done is to be looked up.
        """
        with database.transaction() as session:
            if _insert(session, self, now):
                return None
            before = session.get_one(ApiAnswer, self.key, with_for_update=True)
            if before.at <= now - ANSWERS_KEPT:
                before.request, before.at, before.status, before.location, before.body = self.request, now, None, "", ""
                return None
            if before.request != self.request:
                raise Problem(422, f"This {HEADER} was used with another request. Choose a new one.")
            if before.status is None:
                raise Problem(
                    409, "The first request with this key has not ended, or was cut off. Look whether it was done."
                )
            return Kept(before.status, before.location, before.body)

    def keep(self, database: Database, answer: Kept) -> None:
        """What was answered now."""
        kept = {"status": answer.status, "location": answer.location, "body": answer.body}
        with database.transaction() as session:
            session.execute(update(ApiAnswer).where(ApiAnswer.key == self.key).values(kept))

    def forget(self, database: Database) -> None:
        """Nothing was done: the same key may try again."""
        with database.transaction() as session:
            session.execute(delete(ApiAnswer).where(ApiAnswer.key == self.key))


def of(header: str | None, account_id: int, method: str, path: str, digest: bytes) -> Repeat | None:
    """None for a request without a key; Problem for a key that is none."""
    if header is None:
        return None
    if not _KEY.fullmatch(header):
        raise Problem(400, f"{HEADER} must be 1 to 200 printable ASCII characters.")
    key = hashlib.sha256(f"{account_id}\0{header}".encode()).digest()
    return Repeat(key, hashlib.sha256(f"{method}\0{path}\0".encode() + digest).digest())


def _insert(session: Session, repeat: Repeat, now: datetime) -> bool:
    own = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = {"key": repeat.key, "request": repeat.request, "at": now, "status": None, "location": "", "body": ""}
    statement = own(core(ApiAnswer)).values(row).on_conflict_do_nothing(index_elements=["key"])
    return session.execute(statement.returning(core(ApiAnswer).c.key)).first() is not None
