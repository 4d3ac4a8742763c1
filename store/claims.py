"""Claims of one process in one queue, and what becomes of one whose commit got no answer.

Nobody knows then whether it was done. If it was, its rows would lie idle until the lease ends, long after the database
is back: the next round frees them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy.orm import Session

from store.database import Database
from store.queue import Queue, give_back_unsure


class Claims:
    """`free` what is in doubt at the start of a round, then claim within `until`."""

    def __init__(self, database: Database, table: Queue) -> None:
        self._database, self._table = database, table
        self._unsure: datetime | None = None  # the end of the lease of the claim that is in doubt

    @contextmanager
    def until(self, end: datetime) -> Iterator[Session]:
        """The transaction of a claim whose lease ends then: what it takes has no other lease to that very moment."""
        self._unsure = end
        with self._database.transaction(durable=False) as session:
            yield session
        self._unsure = None

    def free(self) -> None:
        """Give back what the claim before may have taken; it counts no attempt."""
        if self._unsure is not None:
            with self._database.transaction() as session:
                give_back_unsure(session, self._table, self._unsure)
            self._unsure = None
