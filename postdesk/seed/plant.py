"""Fills a desk with the sample: lays the base, then tells all stories at once in the order of time."""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import func, select

from desk import clockwork
from gateway.rules import Caps
from postdesk.seed import base, plan, sample
from postdesk.seed.cast import Stage, cast
from postdesk.seed.hours import Clock
from postdesk.seed.post import Known, PostOffice
from postdesk.seed.quiet import QuietDatabase
from postdesk.seed.stories import Step, Story
from postdesk.wiring import House
from store.database import Database
from store.tables import Attachment, Contact, Event, Organisation, Outbox, ReceivedMail, Site, Staff, Ticket

STAFF_DOMAIN = "desk.test"
_SHARE_OF_REST = 0.4  # of the time that is left, a step takes no more: each story comes to its end
_MANY = 1_000_000
_COUNTED = {
    "organisations": Organisation, "sites": Site, "contacts": Contact, "staff": Staff, "tickets": Ticket,
    "entries": Event, "files": Attachment, "mails": ReceivedMail, "letters": Outbox,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """How much of a sample, by which chance, and whether its letters are to be sent."""

    tickets: int = 200
    seed: int = 1
    send: bool = False


def has_tickets(database: Database) -> bool:
    """True for a desk that is in use."""
    with database.reading() as session:
        return session.scalar(select(Ticket.id).limit(1)) is not None


def plant(house: House, wanted: Wanted, now: datetime, progress: Callable[[int, int], None]) -> dict[str, int]:
    """Fill the desk; returns how many there are of everything. `progress` hears how many stories of how many ended."""
    data = sample.read(STAFF_DOMAIN)
    database = house.database if wanted.send else QuietDatabase(house.database.url)
    # No flood: these mails are told in a minute, and come from two months.
    caps = Caps(*[_MANY] * 6)
    rules = replace(house.rules, verifies_senders=True, caps=caps)
    chance = random.Random(wanted.seed)  # noqa: S311 - the same sample each time is what it is for
    try:
        with database.transaction() as session:
            base.lay(session, data, now, plan.DAYS, database.ids.next)
        post = PostOffice(database, house.blobs, house.addresses, rules, chance)
        try:
            _Teller(house, database, post, now, chance, progress).tell(wanted.tickets, data)
        finally:
            post.close()
        return _counts(database)
    finally:
        if database is not house.database:
            database.close()


class _Teller:
    """Tells many stories at once: whatever comes first is told first."""

    def __init__(
        self,
        house: House,
        database: Database,
        post: PostOffice,
        now: datetime,
        chance: random.Random,
        progress: Callable[[int, int], None],
    ) -> None:
        self._house, self._database, self._post, self._now, self._progress = house, database, post, now, progress
        self._chance, self._clock = chance, Clock(house.zone, now, chance)
        self._waiting: list[tuple[datetime, int, Story, Step]] = []
        self._begun = self._ended = self._count = 0

    def tell(self, count: int, data: sample.Sample) -> None:
        """All of them, with the clockwork of the desk each night."""
        zone, chance = self._house.zone, self._chance
        planned = plan.plan(count, chance, self._now, zone)
        self._count = len(planned)
        stage = Stage(data, self._house.catalogue.items, self._now, zone)
        for one in planned:
            people = cast(stage, chance, one.at, stranger=one.stranger)
            self._go_on(one.teller(people), one.at, None)
        night = planned[0].at
        while self._waiting:
            at, _, story, step = heapq.heappop(self._waiting)
            while night < at:
                self._clockwork(night)
                night += timedelta(days=1)
            self._go_on(story, at, self._post.take(step.mail, at))
        self._clockwork(self._now)

    def _go_on(self, story: Story, at: datetime, found: Known | None) -> None:
        try:
            step = story.send(found)
        except StopIteration:
            self._ended += 1
            self._progress(self._ended, self._count)
            return
        self._begun += 1
        heapq.heappush(self._waiting, (self._at(at, step), self._begun, story, step))

    def _at(self, before: datetime, step: Step) -> datetime:
        """When somebody writes after the mail before: what a machine writes comes at once."""
        at = before + min(step.after, (self._now - before) * _SHARE_OF_REST)
        if step.mail.writer.staff and step.mail.verdict == "pass":
            return self._clock.staff(at, before)
        return at if step.mail.automatic else self._clock.customer(at)

    def _clockwork(self, at: datetime) -> None:
        """What happens by the clock alone: resolved tickets become Complete, alerts go out."""
        after, ids = timedelta(days=self._house.settings.mail.reopen_days), self._database.ids
        with self._database.transaction() as session:
            clockwork.complete(session, ids.next, at, after, lock=False)
            clockwork.tell_of_due(session, ids.next, at)


def _counts(database: Database) -> dict[str, int]:
    with database.reading() as session:
        found = {name: session.scalar(select(func.count()).select_from(table)) or 0 for name, table in _COUNTED.items()}
        states = session.execute(select(Ticket.status, func.count()).group_by(Ticket.status).order_by(Ticket.status))
        found |= {f"tickets {status}": count for status, count in states}
        waiting = select(func.count()).select_from(Outbox).where(Outbox.state == "waiting")
        return found | {"letters waiting": session.scalar(waiting) or 0}
