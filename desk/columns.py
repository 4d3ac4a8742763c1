"""The columns of lists of tickets: what each is called, where it comes from, and who may have it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from desk import catalogue
from desk.access import Person
from desk.said import say
from store.tables import Contact, ContactAddress, Event, Organisation, Participant, Site, Staff, Team, Ticket

Row = dict[str, Any]  # by the key of the column: text, a date, a datetime, or None
NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `also` are further words that people may name it by."""

    key: str
    label: str
    value: Callable[[], Any]
    also: tuple[str, ...] = ()
    staff_only: bool = False


def _name(contact_id: Any) -> ColumnElement[Any]:
    """A contact's name, or their address where there is none."""
    first = ContactAddress.position == 0
    address = select(ContactAddress.written).where(ContactAddress.contact_id == contact_id, first).limit(1)
    named = select(func.nullif(Contact.name, "")).where(Contact.id == contact_id)
    return func.coalesce(named.scalar_subquery(), address.scalar_subquery())


def _one(column: Any, condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return select(column).where(condition).scalar_subquery()


def _opened_by() -> ColumnElement[Any]:
    first = select(Event.author).where(Event.ticket_id == Ticket.id).order_by(Event.at, Event.id).limit(1)
    return first.scalar_subquery()


def _people() -> ColumnElement[Any]:
    taking_part = (Participant.ticket_id == Ticket.id, Participant.removed_at.is_(None))
    names = select(func.aggregate_strings(_name(Participant.contact_id), ", ")).where(*taking_part)
    return names.scalar_subquery()


def _item() -> ColumnElement[Any]:
    """Whose item, and its name: another organisation may have one of the same name."""
    whose = _one(Organisation.name, Organisation.id == Ticket.organisation_id)
    return func.coalesce(whose, "").concat(_BETWEEN).concat(Ticket.item)


_BETWEEN = "\n"
_ALL = (
    Column(NUMBER, "Number", lambda: Ticket.number, ("ticket number", "ticket")),
    Column("status", "Status", lambda: Ticket.status),
    Column("title", "Title", lambda: Ticket.title, ("ticket title", "subject")),
    Column("organisation", "Organisation", lambda: _one(Organisation.name, Organisation.id == Ticket.organisation_id),
           ("organization", "company", "customer")),
    Column("site", "Site", lambda: _one(Site.name, Site.id == Ticket.site_id), ("location",)),
    Column("created", "Created", lambda: Ticket.created_at, ("create date", "date")),
    Column("updated", "Updated", lambda: Ticket.updated_at, ("last update",)),
    Column("completed", "Completed", lambda: Ticket.completed_at, ("complete date",)),
    Column("due", "Due", lambda: Ticket.due_at, ("due date",)),
    Column("type", "Type", lambda: Ticket.type, ("request type", "ticket type")),
    Column("priority", "Priority", lambda: Ticket.priority),
    Column("source", "Source", lambda: Ticket.source, ("ticket source",)),
    Column("by", "Opened by", _opened_by, ("created by",)),
    Column("contact", "Contact", lambda: _name(Ticket.requester_id), ("ticket contact",)),
    Column("people", "Additional contacts", _people, ("additional contact",)),
    Column("approval", "Approval", lambda: Ticket.approval, ("change approval status", "approval status")),
    Column("ref", "Our ref", lambda: Ticket.customer_reference, ("customer reference", "reference")),
    Column("needed", "Needed by", lambda: Ticket.needed_by, ("customer req date", "customer req. date")),
    Column("item", "Item", lambda: Ticket.item,
           ("configuration item", "item reference name", "configuration item reference name")),
    Column("product", "Item product", _item, ("configuration item product",)),
    Column("serial", "Item serial number", _item,
           ("serial number", "configuration item serial number")),
    Column("item ref", "Item reference number", _item,
           ("reference number", "configuration item reference number")),
    Column("assignee", "Assignee", lambda: _one(Staff.name, Staff.id == Ticket.assignee_id), staff_only=True),
    Column("team", "Team", lambda: _one(Team.name, Team.id == Ticket.team_id), staff_only=True),
)  # fmt: skip
BY_KEY = {column.key: column for column in _ALL}
VALUES = ("E-mail", "Portal", "Staff", "Phone", "Requested", "Approved", "Rejected")  # of the source and of approvals
_FROM_CATALOGUE = {"product": "product", "serial": "serial", "item ref": "reference"}
CUSTOMER_DEFAULT = (NUMBER, "status", "title", "site", "created")
STAFF_DEFAULT = (NUMBER, "status", "title", "organisation", "created")
QUEUE_DEFAULT = (NUMBER, "title", "organisation", "status", "created", "due", "assignee")
AGE = Column("age", say("Age"), BY_KEY["created"].value)  # in queues instead of when a ticket was created


def available(*, staff: bool, priority: bool) -> tuple[Column, ...]:
    """The columns that somebody may choose; priority is not for everybody."""
    return tuple(c for c in _ALL if (staff or not c.staff_only) and (priority or c.key != "priority"))


def find(name: str, among: Sequence[Column]) -> Column | None:
    """The column of that name, in any case."""
    said = " ".join(name.lower().split())
    return next((c for c in among if said in (c.key, c.label.lower(), *c.also)), None)


def chosen(keys: Sequence[object], default: Sequence[str], among: Sequence[Column]) -> tuple[Column, ...]:
    """What somebody chose, as far as they may still have it, the number first; else the usual columns."""
    may = {column.key: column for column in among}
    wanted = [may[key] for key in keys if isinstance(key, str) and key in may and key != NUMBER]
    wanted = wanted or [may[key] for key in default if key in may and key != NUMBER]
    return (BY_KEY[NUMBER], *dict.fromkeys(wanted))


def of_person(session: Session, person: Person) -> list[Any]:
    """The keys that somebody chose for all their lists; none for the usual columns."""
    owner, owner_id = _owner(person)
    return list(session.scalar(select(owner.columns).where(owner.id == owner_id)) or ())


def keep(session: Session, person: Person, keys: Sequence[str]) -> None:
    """Their choice from now on, by mail and here; none for the usual columns."""
    owner, owner_id = _owner(person)
    session.execute(update(owner).where(owner.id == owner_id).values(columns=list(keys)))


def _owner(person: Person) -> tuple[type[Contact] | type[Staff], int | None]:
    return (Staff, person.staff_id) if person.staff_id is not None else (Contact, person.contact_id)


def fill_in(rows: Sequence[Row], shown: Sequence[Column], known: catalogue.Catalogue) -> None:
    """What the catalogue says of the items that the rows name."""
    details = [(c.key, _FROM_CATALOGUE[c.key]) for c in shown if c.key in _FROM_CATALOGUE]
    for row in rows if details else ():
        whose, _, name = str(row[details[0][0]] or "").partition(_BETWEEN)
        item = known.item(name, (whose,)) if whose else None
        for key, field in details:
            row[key] = getattr(item, field) if item else ""
