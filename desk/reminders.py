"""A customer who was asked something hears of it again; when no answer ever comes, the ticket is resolved."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from desk import alert_facts, alerts, load, notices, statuses, structure, tickets, working_days
from desk.hours import Hours, office
from desk.state import TicketState
from desk.targets import ALL, NONE, Targets
from desk.tickets import Note
from desk.writes import Writes
from store.tables import Event, Outbox, Ticket

AT_ONCE = 200  # tickets in one transaction; the rest has its turn a minute later
KIND = "reminder"  # of the letter


@dataclass(frozen=True, slots=True)
class Plan:
    """After how many working days somebody is reminded, and a ticket resolved; 0 never."""

    after_days: tuple[int, ...] = (3, 7)
    close_after_days: int = 10
    targets: Targets = NONE  # whose hours say what a working day is
    fallback: Hours = field(default_factory=lambda: office(ZoneInfo("UTC")))

    @property
    def steps(self) -> tuple[int, ...]:
        """The days of the reminders, in order; one that the end overtakes is none."""
        end = self.close_after_days
        return tuple(sorted({days for days in self.after_days if not end or days < end}))

    @property
    def notice(self) -> int:
        """Working days between the last reminder and the end."""
        return self.close_after_days - self.steps[-1] if self.steps else self.close_after_days

    def hours(self, ticket: TicketState) -> Hours:
        """The working time of the desk that a ticket belongs to."""
        return working_days.hours_of(self.targets, ticket.desk_address, self.fallback)

    def closes(self, ticket: TicketState, now: datetime) -> datetime | None:
        """When a ticket whose customer is reminded now will be resolved: never sooner than the reminders promise."""
        if not self.close_after_days or ticket.waiting_since is None:
            return None
        hours, left = self.hours(ticket), self.close_after_days - self.steps[self.told(ticket, now) - 1]
        planned = working_days.passed(hours, ticket.waiting_since, self.close_after_days)
        return max(planned, working_days.passed(hours, now, left))

    def told(self, ticket: TicketState, now: datetime) -> int:
        """How many reminders a ticket should have had by now."""
        if ticket.waiting_since is None:
            return 0
        hours = self.hours(ticket)
        return sum(working_days.passed(hours, ticket.waiting_since, days) <= now for days in self.steps)


def remind(session: Session, next_id: Callable[[], int], now: datetime, plan: Plan, *, lock: bool) -> int:
    """One letter to each requester whose time has come; what was missed meanwhile is one letter, not two.

    Returns how many tickets it was time for; of some the requester wants no letters.
    """
    due = [
        and_(
            Ticket.reminded <= count,
            working_days.is_before(Ticket.waiting_since, plan.targets, plan.fallback, now, days),
        )
        for count, days in enumerate(plan.steps)
    ]
    ids = _waiting(session, or_(*due)) if due else set()
    if not ids:
        return 0
    questions, writes, done = _questions(session, ids), Writes(next_id, plan.targets), 0
    for ticket in load.tickets(session, ids, lock=lock).values():
        told = plan.told(ticket, now)
        if ticket.id not in ids or not _waits(ticket) or told <= ticket.reminded:
            continue  # a ticket that came along, or one that was answered while we waited for the lock
        done += 1
        ticket.reminded = told
        writes.change(Ticket, ticket.id, reminded=told)
        if ticket.wants_letters(ticket.requester):
            closes = plan.closes(ticket, now)
            context = {
                "asked": ticket.waiting_since.isoformat() if ticket.waiting_since else "",
                "closes": closes.isoformat() if closes else "",
            }
            event = questions.get(ticket.id)
            notices.letter(writes, KIND, ticket.requester, now, ticket=ticket, event_id=event, context=context)
    writes.flush(session)
    return done


def close(
    session: Session,
    next_id: Callable[[], int],
    now: datetime,
    plan: Plan,
    resolution: Callable[[], str],
    *,
    lock: bool,
) -> int:
    """Resolve what nobody answered, with `resolution` as what was done. Everybody hears that a reply opens it again."""
    if not plan.close_after_days:
        return 0
    over = working_days.is_before(Ticket.waiting_since, plan.targets, plan.fallback, now, plan.close_after_days)
    child = aliased(Ticket)
    ready = [over, Ticket.reminded >= len(plan.steps), ~exists().where(child.parent_id == Ticket.id, _is_open(child))]
    if plan.steps:
        # By the hours of all: a desk with hours of its own may wait a little longer.
        hours = working_days.hours_of(plan.targets, ALL, plan.fallback)
        recent = working_days.before(hours, now, plan.notice) + timedelta(minutes=2)
        ready.append(~exists().where(Outbox.ticket_id == Ticket.id, Outbox.kind == KIND, Outbox.created_at > recent))
    ids = _waiting(session, and_(*ready))
    if not ids:
        return 0
    writes, done = Writes(next_id, plan.targets), 0
    found = load.tickets(session, ids, lock=lock)
    known = alert_facts.of(session, {ticket.id for ticket in found.values()})
    for ticket in found.values():
        if ticket.id not in ids or not _waits(ticket):
            continue
        changes = tickets.resolve(writes, ticket, resolution(), now)
        event_id = tickets.note(writes, ticket, Note(None, "", now, kind="change", changes=changes))
        notices.update(writes, ticket, event_id, now, author=None, has_words=False, fold=timedelta())
        alerts.changed(writes, ticket, changes, found, known, known.people, now)
        done += 1
    writes.flush(session)
    return done


def _waits(ticket: TicketState) -> bool:
    return ticket.status in statuses.WAITING_ON_CUSTOMER and ticket.waiting_since is not None


def _is_open(ticket: type[Ticket]) -> ColumnElement[bool]:
    return ticket.completed_at.is_(None)


def _waiting(session: Session, condition: ColumnElement[bool]) -> set[int]:
    """Tickets that wait for their customer. Tasks are the desk's own business, and tell customers nothing.

    Words of a customer that did not end the waiting, because nothing proves the sender or staff have yet to look at
    them, are an answer all the same.
    """
    answered = exists().where(
        Event.ticket_id == Ticket.id,
        Event.at > Ticket.waiting_since,
        Event.kind == "note",
        Event.contact_id.is_not(None),
        Event.visibility.in_(("public", "pending")),
    )
    waiting = select(Ticket.id).where(
        Ticket.waiting_since.is_not(None),
        Ticket.completed_at.is_(None),
        Ticket.status.in_(statuses.WAITING_ON_CUSTOMER),
        Ticket.merged_into_id.is_(None),
        structure.is_no_task(),
        ~Ticket.spam,
        ~answered,
        condition,
    )
    return set(session.scalars(waiting.order_by(Ticket.waiting_since).limit(AT_ONCE)))


def _questions(session: Session, ids: Collection[int]) -> dict[int, int]:
    """By ticket: the last public words of staff, which are what the customer was asked."""
    rank = func.row_number().over(partition_by=Event.ticket_id, order_by=(Event.at.desc(), Event.id.desc()))
    words = select(Event.ticket_id, Event.id, rank.label("rank")).where(
        Event.ticket_id.in_(ids),
        Event.kind == "note",
        Event.visibility == "public",
        Event.staff_id.is_not(None),
        Event.text != "",
    )
    latest = words.subquery()
    rows = session.execute(select(latest.c.ticket_id, latest.c.id).where(latest.c.rank == 1))
    return {row.ticket_id: row.id for row in rows}
