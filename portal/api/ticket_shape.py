"""A ticket as JSON, from the same columns as the lists of pages."""

from datetime import date, datetime
from functools import partial
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from desk import lists
from desk.columns import Column, Row
from desk.lists import SortKey
from desk.tokens import Bearer
from portal.api.calls import ROOT
from portal.api.typed import Named, Told
from store.tables import Contact, ContactAddress, Organisation, Site, Staff, Team, Ticket


class Person(Told):
    """A contact of a ticket."""

    id: int
    name: str
    email: str


class TicketTold(Told):
    """A ticket. What is not for the owner of the token, or not said, is null."""

    number: str
    title: str
    status: str
    type: str
    priority: str | None
    urgency: str
    impact: str
    source: str
    service: str
    item: str
    reference: str
    needed_by: date | None
    site: Named | None
    organisation: Named | None
    contact: Person
    assignee: Named | None
    team: Named | None
    shared: bool
    approval: str
    resolution: str
    withdrawal: str
    minutes: int | None
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None
    due_at: datetime | None
    url: str
    api_url: str


class TicketPage(Told):
    """Some tickets, and the cursor of the next page; null on the last one."""

    items: list[TicketTold]
    next: str | None


_PLAIN = (
    "number title status type priority urgency impact source service item needed_by shared approval resolution "
    "withdrawal minutes created_at updated_at completed_at due_at"
).split()
_SEEN_BY_STAFF = ("assignee", "team")


def _one(column: Any, condition: Any) -> Any:
    return select(column).where(condition).scalar_subquery()


def _columns() -> tuple[Column, ...]:
    """What is asked of the database, in one statement for all rows."""
    address = (ContactAddress.contact_id == Ticket.requester_id, ContactAddress.position == 0)
    written = select(func.max(ContactAddress.written)).where(*address).scalar_subquery()
    found = {name: getattr(Ticket, name) for name in _PLAIN} | {
        "reference": Ticket.customer_reference,
        "site_id": Ticket.site_id,
        "site": _one(Site.name, Site.id == Ticket.site_id),
        "organisation_id": Ticket.organisation_id,
        "organisation": _one(Organisation.name, Organisation.id == Ticket.organisation_id),
        "contact_id": Ticket.requester_id,
        "contact": _one(Contact.name, Contact.id == Ticket.requester_id),
        "email": written,
        "assignee_id": Ticket.assignee_id,
        "assignee": _one(Staff.name, Staff.id == Ticket.assignee_id),
        "team_id": Ticket.team_id,
        "team": _one(Team.name, Team.id == Ticket.team_id),
    }
    return tuple(Column(name, "", partial(_same, value)) for name, value in found.items())


def _same(value: Any) -> Any:
    return value


COLUMNS = _columns()


def shaped(row: Row, bearer: Bearer, base_url: str) -> TicketTold:
    """One row of these columns, as far as it is for this person."""

    def named(name: str) -> Named | None:
        hidden = name in _SEEN_BY_STAFF and not bearer.is_staff
        return None if hidden or row[f"{name}_id"] is None else Named(id=row[f"{name}_id"], name=row[name] or "")

    plain = {name: row[name] for name in _PLAIN} | {
        "reference": row["reference"],
        "priority": row["priority"] if bearer.sees_priority else None,
        "minutes": row["minutes"] if bearer.is_staff else None,
    }
    return TicketTold(
        **plain,
        site=named("site"),
        organisation=named("organisation"),
        contact=Person(id=row["contact_id"], name=row["contact"] or "", email=row["email"] or ""),
        assignee=named("assignee"),
        team=named("team"),
        url=f"{base_url}/t/{row['number']}",
        api_url=f"{base_url}{ROOT}/tickets/{row['number']}",
    )


def read(session: Session, ticket_id: int, bearer: Bearer, base_url: str) -> TicketTold:
    """One ticket, which the caller has found under the rights of the person."""
    picked = select(Ticket.id).where(Ticket.id == ticket_id)
    (row,) = lists.values(session, picked, SortKey("created", descending=True), COLUMNS)
    return shaped(row, bearer, base_url)


def etag(updated_at: datetime) -> str:
    """Changes with each change of the ticket (RFC 9110 section 8.8.3)."""
    return f'"{round(updated_at.timestamp() * 1_000_000)}"'
