"""Row ids, reserved in blocks: unique over all processes, and known before the insert."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy import update
from sqlalchemy.orm import Session

from store.tables import IdBlock

BLOCK = 24_000  # half of it is at hand in a transaction: an import of 5,000 contacts takes 10,000


class Ids:
    """Gives out ids; one short transaction for each block of 24,000. A process that ends wastes its rest."""

    def __init__(self, transaction: Callable[[], AbstractContextManager[Session]]) -> None:
        self._transaction = transaction
        self._lock = threading.Lock()
        self._next = 0
        self._end = 0

    def reserve(self) -> None:
        """Make sure that `BLOCK // 2` ids are at hand; every transaction does so before it begins."""
        with self._lock:
            if self._end - self._next >= BLOCK // 2:
                return
            # What is left of the old block is given up: ids within one block stay in order.
            self._next, self._end = self._take_block()

    def next(self) -> int:
        """One id."""
        with self._lock:
            if self._next >= self._end:
                self._next, self._end = self._take_block()
            self._next += 1
            return self._next - 1

    def _take_block(self) -> tuple[int, int]:
        with self._transaction() as session:
            end = session.scalars(
                update(IdBlock).where(IdBlock.name == "rows").values(next=IdBlock.next + BLOCK).returning(IdBlock.next)
            ).one()
            return end - BLOCK, end
