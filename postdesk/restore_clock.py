"""What the clock made due since a backup: the desk that was has told of it, so these letters wait for a person."""

from collections import Counter
from datetime import datetime

from sqlalchemy import func, select, text, update

from desk.gathering import GATHERED
from desk.reminders import AT_ONCE
from postdesk.restore_after import HELD
from postdesk.timers import TIMERS, Run
from postdesk.wiring import House
from store.tables import Alert, Outbox, Ticket, core

# Those whose letters are about a moment that is over, each told once.
_TOLD_ONCE = ("alerts", "due", "remind", "close")
# What waited to be told with others: together it is one letter that a person decides about, not hundreds.
_TOLD_TOGETHER = "gather"


def catch_up(house: House, now: datetime, *, send_waiting: bool = False) -> dict[str, int]:
    """Run these timers as far as they have something to do, and hold what they write; how many letters, by kind.

    The ids that the house gives out are larger than all that the backup holds.
    """
    with house.database.reading() as session:
        last = session.scalar(select(func.max(Outbox.id))) or 0
        rows = session.scalar(select(func.count()).where(Ticket.completed_at.is_(None))) or 0
        rows += session.scalar(select(func.count()).where(Alert.sent_at.is_(None))) or 0
        rows += session.scalar(select(func.count()).where(Outbox.state == GATHERED)) or 0
    held: Counter[str] = Counter()
    for name in _TOLD_ONCE if send_waiting else (*_TOLD_ONCE, _TOLD_TOGETHER):
        for _ in range(2 + rows // AT_ONCE):  # a row of which nobody is to hear may be found again and again
            if not _step(house, name, now, last, held):
                break
    return dict(held)


def _step(house: House, name: str, now: datetime, last: int, held: Counter[str]) -> int:
    """One batch, in a transaction that no letter leaves as waiting."""
    table = core(Outbox)
    with house.database.transaction() as session:
        session.info["timer"] = name
        done = TIMERS[name].run(Run(house, session, now, ""))
        fresh = update(table).where(table.c.id > last, text("outbox.state = 'waiting'")).values(state=HELD)
        held.update(session.scalars(fresh.returning(table.c.kind)))
    return done.count
