"""Tickets: listed, read."""

from typing import Annotated, Literal, get_args

from pydantic import Field
from sqlalchemy import select

from desk import list_pages, lists, statuses
from desk.lists import Filter, Query, Span
from portal import conversation
from portal.api import cursors, ticket_shape
from portal.api.calls import Answer, Call, Operation
from portal.api.problems import NOT_THERE, Problem
from portal.api.ticket_shape import TicketPage, TicketTold
from portal.api.typed import CursorText, Limit, Line, Moment, Said
from store.tables import TeamMember, Ticket

Some = Annotated[tuple[Line, ...], Field(max_length=20)]
Status = Literal[
    "New", "In Progress", "Update Added", "Waiting Internal", "Waiting Approval", "Waiting Vendor", "Waiting Customer",
    "Ready to Procure", "Resolved", "Complete", "Withdrawn",
]  # fmt: skip
Sort = Literal[
    "created", "-created", "updated", "-updated", "completed", "-completed", "due", "-due", "number", "-number",
    "status", "-status", "title", "-title",
]  # fmt: skip
_MOST_WORDS = 10


class Asked(Said):
    """Which tickets. A filter that is given several times means any of its values; all filters have to be met."""

    view: lists.View = "all"
    q: Annotated[Line, Field(description="Words that stand in the title or an entry, or the number.")] = ""
    status: Annotated[tuple[Status, ...], Field(max_length=20)] = ()
    type: Some = ()
    priority: Some = ()
    title: Some = ()
    item: Some = ()
    ref: Annotated[Some, Field(description="The customer's own number.")] = ()
    site: Some = ()
    contact: Some = ()
    organisation: Annotated[Some, Field(description="For staff.")] = ()
    assignee: Annotated[Some, Field(description="For staff.")] = ()
    team: Annotated[Some, Field(description="For staff.")] = ()
    created_from: Moment | None = None
    created_before: Moment | None = None
    updated_from: Moment | None = None
    updated_before: Moment | None = None
    sort: Annotated[Sort | None, Field(description="With “-” the largest or newest first.")] = None
    limit: Limit = 50
    cursor: Annotated[CursorText, Field(description="The “next” of the page before.")] = ""


_FILTERS = ("status", "type", "priority", "title", "item", "ref", "site", "contact", "organisation", "assignee", "team")


def list_tickets(call: Call) -> Answer:
    """A page of the tickets that the owner of the token may see."""
    asked = call.asked(Asked)
    query = _query(call, asked)
    key = lists.sorted_by(query)
    try:
        after = list_pages.read_cursor(cursors.read(asked.cursor), key) if asked.cursor else None
    except ValueError as error:
        raise cursors.wrong() from error
    with call.config.database.reading() as session:
        staff_id = call.person.staff_id
        teams = session.scalars(select(TeamMember.team_id).where(TeamMember.staff_id == staff_id)).all()
        page = list_pages.page(
            session, query, call.person, ticket_shape.COLUMNS, call.now, after=after, limit=asked.limit,
            teams=teams if staff_id is not None else (),
        )  # fmt: skip
    base = call.config.base_url
    items = [ticket_shape.shaped(row, call.bearer, base) for row in page.rows]
    return Answer(TicketPage(items=items, next=cursors.written(str(page.older)) if page.older else None))


def _query(call: Call, asked: Asked) -> Query:
    """As the lists of pages take it; Problem for what is not for this person."""
    found: list[Filter | Span] = []
    faults = []
    if asked.view in lists.STAFF_VIEWS and not call.bearer.is_staff:
        faults.append(("view", "This view is for staff."))
    for name in _FILTERS:
        values = tuple(value for value in getattr(asked, name) if value)
        if values and name in lists.STAFF_FILTERS and not call.bearer.is_staff:
            faults.append((name, "This filter is for staff."))
        elif values and name == "priority" and not call.bearer.sees_priority:
            faults.append((name, "You do not see priorities."))
        elif values:
            found.append(Filter(name, values))
    if faults:
        raise Problem(422, "Something in the query cannot be used.", faults)
    for field in ("created", "updated"):
        since, until = getattr(asked, f"{field}_from"), getattr(asked, f"{field}_before")
        if since or until:
            found.append(Span(field, since, until))
    sort = asked.sort or ""
    words = tuple(asked.q.split()[:_MOST_WORDS])
    return Query(asked.view, tuple(found), words, sort.removeprefix("-"), descending=sort.startswith("-"))


def read_ticket(call: Call) -> Answer:
    """One ticket."""
    with call.config.database.reading() as session:
        ticket = conversation.find(session, call.person, call.path("number"))
        if ticket is None:
            raise Problem(404, NOT_THERE)
        told = ticket_shape.read(session, ticket.id, call.bearer, call.config.base_url)
    return Answer(told, headers={"ETag": ticket_shape.etag(told.updated_at)})


def told(call: Call, number: str, status: int = 200) -> Answer:
    """The ticket after an act; of one that is no longer for this person, that it was done."""
    with call.config.database.reading() as session:
        ticket_id = session.scalar(select(Ticket.id).where(Ticket.number == number.upper()))
        found = ticket_shape.read(session, ticket_id or 0, call.bearer, call.config.base_url)
    headers = {"ETag": ticket_shape.etag(found.updated_at)}
    if status == 201:
        headers["Location"] = found.api_url
    return Answer(found, status, headers)


assert set(get_args(Status)) == set(statuses.ALL)  # noqa: S101 - one list of statuses

OPERATIONS = (
    Operation("GET", "/tickets", "list_tickets", "List tickets", list_tickets, TicketPage, query=Asked),
    Operation("GET", "/tickets/{number}", "read_ticket", "Read a ticket", read_ticket, TicketTold, etag=True),
)
