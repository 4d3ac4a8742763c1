"""A database whose letters stay where they are: what is written through it leaves no letter waiting."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import insert, select, update
from sqlalchemy.engine import URL
from sqlalchemy.orm import Session

from store.database import Database
from store.ids import Ids
from store.tables import Delivery, Outbox, core

REASON = "Sample data: this letter was never meant to be sent."


class _NotedIds(Ids):
    """Ids whose blocks are remembered: no other process gives out one of them."""

    def __init__(self, transaction: Callable[[], AbstractContextManager[Session]]) -> None:
        super().__init__(transaction)
        self.blocks: list[tuple[int, int]] = []

    def _take_block(self) -> tuple[int, int]:
        block = super()._take_block()
        self.blocks.append(block)
        return block


class QuietDatabase(Database):
    """Closes the letters of each transaction in that transaction, so that no process that runs beside sees one wait.

    Letters of others, on a desk that is not empty, are left alone.
    """

    def __init__(self, url: str | URL) -> None:
        super().__init__(url, create=False)
        self.ids: _NotedIds = _NotedIds(self._begin)

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[Session]:
        """All or nothing, and nothing of it waits to be sent. A power cut may undo it: sample data are made again."""
        with super().transaction(durable=False) as session:
            yield session
            session.flush()
            self._close_letters(session)

    def _close_letters(self, session: Session) -> None:
        for first, end in self.ids.blocks[-2:]:  # a transaction begins with one block, and may end with the next
            ours = (Outbox.state == "waiting", Outbox.id >= first, Outbox.id < end)
            rows = session.execute(select(Outbox.id, Outbox.created_at).where(*ours)).all()
            if rows:
                closed = [{"id": self.ids.next(), "outbox_id": row.id, "at": row.created_at} for row in rows]
                session.execute(
                    insert(core(Delivery)), [one | {"result": "suppressed", "reply": REASON} for one in closed]
                )
                values = {"state": "suppressed", "done_at": max(row.created_at for row in rows)}
                session.execute(update(core(Outbox)).where(Outbox.id.in_([row.id for row in rows])).values(**values))
