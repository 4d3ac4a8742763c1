"""Our own rate by the same mails."""

import time

from sqlalchemy import func, select

from bench.desk import Desk
from bench.load import send
from bench.peers.peer import Batch, Rates
from store.tables import Ticket


def rates(batch: Batch) -> Rates:
    """From the first connection until each mail has its disposition; SQLite, every mail durable."""
    with Desk(("smtp", "work")) as desk:
        started = time.perf_counter()
        send(desk.smtp, batch.new)
        desk.wait_handled(len(batch.new))
        between = time.perf_counter()
        send(desk.smtp, batch.answers)
        desk.wait_handled(len(batch.new) + len(batch.answers))
        ended = time.perf_counter()
        with desk.database.reading() as session:
            tickets = session.scalar(select(func.count()).select_from(Ticket))
        assert tickets == len(batch.new), f"{tickets} tickets came of {len(batch.new)} mails and an answer to each"
    return Rates(len(batch.new) / (between - started), len(batch.answers) / (ended - between))
