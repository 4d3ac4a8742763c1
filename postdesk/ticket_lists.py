"""Lists of tickets as the command line asks for them: a view, filters, whose; and the fields of a ticket as JSON."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from postdesk.cli import fail

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from desk.access import Person
    from desk.columns import Column, Row
    from desk.lists import Query, View
    from gateway.answers import AnswerFacts

VIEWS = ("all", "open", "done", "queue", "overdue")
ViewOption = Annotated[str, typer.Option(help="all, open, done, queue, overdue; with --staff also my.")]
FilterOption = Annotated[
    list[str] | None,
    typer.Option("--filter", help='As behind #list: status:new, type:query, site:Leeds, "created>2026-01-01".'),
]
StaffOption = Annotated[
    str, typer.Option("--staff", metavar="ADDRESS", help="Whose list: “my” is what they took, the queue their teams'.")
]
# The keys of desk/columns.py by the names that they have in JSON.
_JSON = {
    "number": "number", "title": "title", "status": "status", "type": "type", "priority": "priority",
    "urgency": "urgency", "impact": "impact", "organisation": "organisation", "site": "site", "team": "team",
    "assignee": "assignee", "contact": "contact", "contact address": "contact_address", "created": "created",
    "updated": "updated", "due": "due",
    "first answer due": "first_answer_due", "completed": "completed", "ref": "reference", "source": "source",
}  # fmt: skip


def ask(view: str, narrowed: Sequence[str], staff: str, facts: "AnswerFacts", now: datetime) -> "Query":
    """What is asked for; an exit code and what there is when it cannot be understood."""
    from desk.access import Person
    from gateway.answers.answer import NotUnderstood
    from gateway.answers.question import Asker, Question
    from gateway.answers.wanted import list_query

    argument = f"{_view(view, staff)} {' '.join(narrowed)}"
    try:
        return list_query(Question("list", argument, None, Asker(Person(staff_id=0), "staff", ""), now), facts)
    except NotUnderstood as error:
        # That words are found by #search is for mail.
        raise fail(str(error).partition(" To find words, ")[0], 64) from error


def _view(said: str, staff: str) -> "View":
    view = said.strip().lower()
    view = "my" if view == "mine" else view
    if view == "my" and not staff:
        raise fail(f"“{said}” needs to know whose: add --staff and their address. Or choose from: {_one_of()}.", 64)
    if view not in (*VIEWS, "my"):
        raise fail(f"There is no view “{said}”. Choose from: {_one_of()}; with --staff ADDRESS also my.", 64)
    return cast("View", view)


def _one_of() -> str:
    return ", ".join(VIEWS)


def found(
    session: "Session", query: "Query", staff: str, columns: "Sequence[Column]", now: datetime, limit: int
) -> "list[Row]":
    """The rows; of everybody's tickets and the queue of all teams, unless a member of staff is named."""
    from desk import lists

    person, teams = _person(session, staff)
    return lists.rows(session, query, person, columns, now, limit=limit, teams=teams)


def _person(session: "Session", address: str) -> "tuple[Person, Sequence[int]]":
    from sqlalchemy import select

    from desk.access import Person
    from store.tables import Staff, TeamMember

    if not address:
        return Person(staff_id=0), ()
    staff_id = session.scalar(select(Staff.id).where(Staff.address == address.strip().lower()))
    if staff_id is None:
        raise fail(f"There is no member of staff with the address {address}. See: postdesk staff list", 66)
    teams = session.scalars(select(TeamMember.team_id).where(TeamMember.staff_id == staff_id)).all()
    return Person(staff_id=staff_id), teams


def all_fields() -> "tuple[Column, ...]":
    """The columns that `as_json` tells of."""
    from sqlalchemy import select

    from desk.columns import BY_KEY, Column
    from store.tables import ContactAddress, Ticket

    first = (ContactAddress.contact_id == Ticket.requester_id, ContactAddress.position == 0)
    more = (
        Column("contact address", "Address", lambda: select(ContactAddress.written).where(*first).scalar_subquery()),
        Column("urgency", "Urgency", lambda: Ticket.urgency),
        Column("impact", "Impact", lambda: Ticket.impact),
        Column("first answer due", "First answer due", lambda: Ticket.first_answer_due_at),
    )
    known = BY_KEY | {column.key: column for column in more}
    return tuple(known[key] for key in _JSON)


def as_json(row: "Mapping[str, Any]") -> dict[str, Any]:
    """A row of `all_fields`; times in ISO form, null for what is not there."""
    return {name: plain(row[key]) for key, name in _JSON.items()}


def plain(value: object) -> object:
    """A value as JSON knows it."""
    return value.isoformat() if isinstance(value, date) else value  # a datetime is a date too
