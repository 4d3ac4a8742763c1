"""Tickets: opened, noted, changed; each function collects rows, one flush writes them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from desk import load, people, statuses, tickets
from desk.state import ContactState, StaffState, TeamState, TicketState
from desk.tickets import File, Note
from desk.writes import Writes
from store.database import Database
from store.tables import Attachment, Event, Participant, Ticket, TicketLink

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SAM = StaffState(3, "Sam", "sam@desk.test")


def opened(writes: Writes, title: str = "Phones", **values: str) -> TicketState:
    """A ticket of a new contact."""
    ann = people.add_contact(writes, name="Ann Ode", address=values.get("address", "ann@customer.test"), now=NOW)
    return tickets.open_ticket(
        writes, requester=ann, title=title, kind="Query", desk_address="service@desk.test", team=None, now=NOW
    )


def ready(status: str = "New", **values: object) -> TicketState:
    """A ticket in memory."""
    return TicketState(1, "T20261123.0001", "t", status, ContactState(2, "Ann", "a@b.test"), "d", **values)  # type: ignore[arg-type]


def fresh() -> Writes:
    """Rows that go nowhere."""
    ids = iter(range(100, 200))
    return Writes(lambda: next(ids))


@pytest.mark.feature("F61", "mail")
def test_a_ticket_and_its_first_note(database: Database) -> None:
    """One flush: ticket with its number, note, file; read back as written."""
    writes = Writes(database.ids.next)
    ticket = opened(writes)
    file = File("a.txt", "A.txt", "text/x", "text/plain", 5, "0" * 64, content_id="c@x")
    tickets.note(
        writes, ticket, Note(ticket.requester, "Dead.", NOW, files=(file,), folded="all", html="<p>", verified=False)
    )
    with database.transaction() as session:
        tickets.number_tickets(session, writes, [ticket], NOW, ZoneInfo("UTC"))
        writes.flush(session)
    with database.reading() as session:
        row, event, kept = (
            session.scalars(select(Ticket)).one(),
            session.scalars(select(Event)).one(),
            session.scalars(select(Attachment)).one(),
        )
    assert (row.number, row.title, row.letter_subject, row.status) == (ticket.number, "Phones", "Phones", "New")
    assert (row.created_at, row.updated_at, row.completed_at) == (NOW, NOW, None)
    assert (event.text, event.folded, event.html, event.author, event.verified) == (
        "Dead.",
        "all",
        "<p>",
        "Ann Ode",
        False,
    )
    assert (kept.event_id, kept.name, kept.original_name, kept.size, kept.content_id) == (
        event.id,
        "a.txt",
        "A.txt",
        5,
        "c@x",
    )


def test_numbers_are_given_once() -> None:
    """A ticket that has its number keeps it."""
    ticket = ready()
    tickets.number_tickets(None, fresh(), [ticket], NOW, ZoneInfo("UTC"))  # type: ignore[arg-type]  # nothing to ask
    assert ticket.number == "T20261123.0001"


@pytest.mark.parametrize(
    "title, kept", [("", "No subject"), ("   ", "No subject"), ("x" * 250, "x" * 200), (" a ", "a")]
)
def test_titles(title: str, kept: str) -> None:
    """At most 200 characters, never empty."""
    assert opened(fresh(), title).title == kept


@pytest.mark.parametrize("status", statuses.ALL)
@pytest.mark.feature("F146")
def test_set_status(status: str) -> None:
    """What changed, for the history; done sets the Complete Date, open clears it; the same again is no change."""
    writes, ticket = fresh(), ready("In Progress" if status != "In Progress" else "New")
    before = ticket.status
    assert tickets.set_status(writes, ticket, status, NOW) == {"status": [before, status]}
    assert ticket.completed_at == (NOW if statuses.is_done(status) else None)
    assert tickets.set_status(writes, ticket, status, NOW + timedelta(1)) == {}
    tickets.set_status(writes, ticket, "New", NOW)
    assert ticket.completed_at is None


@pytest.mark.feature("F146")
def test_the_complete_date_is_that_of_the_first() -> None:
    """Resolved, then Complete: the day of Resolved."""
    ticket = ready()
    tickets.set_status(fresh(), ticket, "Resolved", NOW)
    tickets.set_status(fresh(), ticket, "Complete", NOW + timedelta(3))
    assert ticket.completed_at == NOW


def test_resolve() -> None:
    """Status and resolution, each told when it changed."""
    ticket = ready()
    assert tickets.resolve(fresh(), ticket, "Fitted", NOW) == {
        "status": ["New", "Resolved"],
        "resolution": ["", "Fitted"],
    }
    assert tickets.resolve(fresh(), ticket, "Fitted", NOW) == {}
    assert tickets.resolve(fresh(), ticket, "", NOW) == {}
    assert ticket.resolution == "Fitted"


def test_take() -> None:
    """Sam is responsible; twice is once; the history names who was before."""
    ticket, sue = ready(), StaffState(4, "Sue", "sue@desk.test")
    assert tickets.take(fresh(), ticket, SAM, None, NOW) == {"assignee": ["", "Sam"]}
    assert tickets.take(fresh(), ticket, SAM, SAM, NOW) == {}
    assert tickets.take(fresh(), ticket, sue, SAM, NOW) == {"assignee": ["Sam", "Sue"]}
    assert ticket.assignee_id == 4


@pytest.mark.parametrize("status", statuses.ALL)
def test_an_answer_starts_the_work(status: str) -> None:
    """New and Update Added become In Progress; what somebody set on purpose stays."""
    ticket = ready(status)
    tickets.staff_answered(fresh(), ticket, NOW)
    assert ticket.status == ("In Progress" if status in ("New", "Update Added") else status)


@pytest.mark.parametrize(
    "status, days, accepted",
    [("New", None, True), ("Waiting Customer", None, True), ("Resolved", 0, True), ("Resolved", 14, True),
     ("Resolved", 15, False), ("Complete", 0, False), ("Withdrawn", 0, False), ("Resolved", None, False)],
)  # fmt: skip
def test_accepts_replies(status: str, days: int | None, accepted: bool) -> None:
    """Resolved for 14 days; Complete and Withdrawn are for good."""
    ticket = ready(status, completed_at=None if days is None else NOW - timedelta(days=days))
    assert tickets.accepts_replies(ticket, NOW, 14) is accepted


@pytest.mark.feature("F201", "mail")
def test_add_people(database: Database) -> None:
    """New ones only: not the requester, not who takes part already."""
    writes = Writes(database.ids.next)
    ticket = opened(writes)
    pat = people.add_contact(writes, name="", address="pat@customer.test", now=NOW)
    assert tickets.add_people(writes, ticket, [pat, ticket.requester, pat], NOW) == [pat]
    assert tickets.add_people(writes, ticket, [pat], NOW) == []
    ticket.number = "T20261123.0001"
    writes.change(Ticket, ticket.id, number=ticket.number)
    with database.transaction() as session:
        writes.flush(session)
    with database.reading() as session:
        assert session.scalars(select(Participant.contact_id)).all() == [pat.id]
        assert load.tickets(session, [ticket.id])[ticket.id].people.keys() == {pat.id}


def test_link() -> None:
    """Two tickets; never one with itself."""
    writes, ticket = fresh(), ready()
    tickets.link(writes, ticket, ticket.id, "mentions", NOW)
    tickets.link(writes, ticket, 7, "continues", NOW)
    assert [(row["other_id"], row["kind"]) for row in writes.added(TicketLink)] == [(7, "continues")]


def test_the_organisation_and_the_team_are_those_of_that_day() -> None:
    """A ticket belongs to the requester's organisation and to the team of the address it was sent to."""
    writes = fresh()
    ann = people.add_contact(writes, name="Ann", address="a@b.test", now=NOW, organisation_id=5)
    ticket = tickets.open_ticket(
        writes, requester=ann, title="t", kind="Incident", desk_address="d", team=TeamState(9, "Network"), now=NOW
    )
    assert (ticket.organisation_id, ticket.team_id) == (5, 9)
