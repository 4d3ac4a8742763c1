"""A ticket with the one who acts on it, loaded and locked; whatever is done there becomes one transaction."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from desk import access, audit_tickets, known, load, notices
from desk.access import Person, Role
from desk.acting.rules import Desk, NotThere, Refused
from desk.known import Known
from desk.said import say
from desk.state import ContactState, StaffState, TeamState, TicketState
from desk.tickets import Visibility
from desk.writes import Writes
from store.tables import Reading, Ticket

AT_ONCE = say("Somebody else has just changed the same. Look again, and save once more.")
_NUMBER = 30  # characters of the number of a ticket
_DEADLOCK = "40P01"  # of PostgreSQL


@dataclass(slots=True)
class Stage:
    """What an act works with. `changes` are those of the entry that is not yet written."""

    desk: Desk
    session: Session
    writes: Writes
    now: datetime
    author: ContactState | StaffState
    ticket: TicketState
    tickets: dict[int, TicketState]
    staff: dict[int, StaffState]
    teams: dict[str, TeamState]
    known: Known
    people: dict[int, ContactState]  # who is asked to approve, or waits for an alert
    changes: dict[str, Any] = field(default_factory=dict)  # {"status": ["New", "Resolved"]}
    visibility: Visibility = "public"  # of the words
    quiet: bool = False  # no letter to staff
    told: set[int] = field(default_factory=set)  # contacts who hear of the entry by a letter of its own
    told_staff: set[str] = field(default_factory=set)  # the same of staff, by address
    after: list[Callable[[int], None]] = field(default_factory=list)  # called with the id of the entry
    fresh: list[TicketState] = field(default_factory=list)  # opened by this act: they get their numbers at the end

    @property
    def is_staff(self) -> bool:
        """True where somebody at the desk acts."""
        return isinstance(self.author, StaffState)

    @property
    def role(self) -> Role:
        """What the author is to the ticket."""
        return access.role_of(self.author.person, self.ticket.view)

    @property
    def contact(self) -> ContactState:
        """The author of an act that is for customers; Refused for staff."""
        if isinstance(self.author, StaffState):
            raise Refused(say("This is for the customers of the desk."))
        return self.author

    @property
    def member(self) -> StaffState:
        """The author of an act that is for the desk; NotThere for customers, who do not know that it exists."""
        if isinstance(self.author, ContactState):
            raise NotThere
        return self.author

    def send(self, kind: str, people: Iterable[ContactState], context: Mapping[str, str]) -> None:
        """One letter to each once the entry is written; what stays inside the desk goes along with none."""
        people, context = list(people), dict(context)

        def write(event_id: int) -> None:
            entry = event_id if event_id and self.visibility == "public" else None
            for person in people:
                notices.letter(
                    self.writes, kind, person, self.now, ticket=self.ticket, event_id=entry, context=context
                )  # fmt: skip

        self.after.append(write)

    def must_live(self) -> None:
        """Nothing is done any more about a ticket that was merged into another one."""
        if self.ticket.merged_into_id is not None:
            raise Refused(say("This ticket goes on in another one."))

    @property
    def author_name(self) -> str:
        """As letters name them."""
        return self.author.name or self.author.address


def author_of(session: Session, person: Person, desk: Desk) -> ContactState | StaffState:
    """Who acts, as the rules see them; NotThere for somebody who may not act any more."""
    if person.staff_id is not None:
        found = load.staff(session).get(person.staff_id)
        if found is None or not found.active:
            raise NotThere
        return found
    ids = [person.contact_id] if person.contact_id is not None else []
    contacts = load.contacts_by_id(session, ids, desk.rules.levels)
    load.see_below(session, contacts.values())
    contact = contacts.get(person.contact_id or 0)
    if contact is None or not contact.active:
        raise NotThere
    return contact


def new_writes(desk: Desk) -> Writes:
    """Where an act collects its rows."""
    return Writes(desk.database.ids.next, desk.rules.catalogue.targets)


@contextmanager
def on_ticket(desk: Desk, person: Person, number: str, now: datetime) -> Iterator[Stage]:
    """The stage of a ticket, which nobody else changes meanwhile; its rows are written when the block ends.

    NotThere when there is no such ticket for this person. Refused, raised inside, leaves everything as it was.
    """
    try:
        with _locked(desk, person, number, now) as stage:
            yield stage
    except IntegrityError as error:  # the same address, new to us, named on two tickets in the same moment
        raise Refused(AT_ONCE) from error
    except OperationalError as error:  # two tickets, each of which waits for the other: merged crosswise, say
        if getattr(error.orig, "sqlstate", "") != _DEADLOCK:
            raise
        raise Refused(AT_ONCE) from error


@contextmanager
def _locked(desk: Desk, person: Person, number: str, now: datetime) -> Iterator[Stage]:
    with desk.database.transaction() as session:
        author = author_of(session, person, desk)
        # No database takes a NUL, nor needs to look for what no number is.
        wanted = number.upper() if number.isascii() and number.isprintable() and len(number) <= _NUMBER else ""
        found = session.scalar(select(Ticket.id).where(Ticket.number == wanted))
        tickets = load.tickets(session, [found] if found else [], levels=desk.rules.levels, lock=True)
        ticket = tickets.get(found or 0)
        if ticket is None:
            raise NotThere
        load.see_below(session, [author] if isinstance(author, ContactState) else [], tickets.values())
        if not access.may_see(author.person, ticket.view):
            raise NotThere
        stage = _stage(desk, session, author, ticket, tickets, now)
        yield stage
        finish(stage)


def _stage(
    desk: Desk,
    session: Session,
    author: ContactState | StaffState,
    ticket: TicketState,
    tickets: dict[int, TicketState],
    now: datetime,
) -> Stage:
    staff, more = load.staff(session), Known()
    known.children(session, tickets, more)
    known.alerts(session, tickets, more)
    known.approvals(session, tickets, more)
    named = {contact_id for wanted in more.alerts.values() for contact_id, _ in wanted}
    people = load.contacts_by_id(session, named.union(*more.approvals.values()), desk.rules.levels)
    return Stage(
        desk=desk,
        session=session,
        writes=new_writes(desk),
        now=now,
        author=author,
        ticket=ticket,
        tickets=tickets,
        staff=staff,
        teams=load.teams(session, staff),
        known=more,
        people=people,
    )


def finish(stage: Stage) -> None:
    """Write what was not yet written down, and all rows."""
    from desk.acting import entry  # it works on stages

    if stage.changes or stage.after:
        entry.write(stage)
    entry.number(stage)
    audit_tickets.note(stage.writes, touched=stage.ticket.id if stage.writes.tables - {Reading} else None)
    stage.writes.flush(stage.session)
