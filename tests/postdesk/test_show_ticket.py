"""Tickets as text and as JSON: all that is kept of them, what they have to do with, and what is folded."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from typer.testing import CliRunner

from desk import people
from desk.language import ENGLISH
from gateway.envelope import Envelope
from postdesk import cli_desk  # noqa: F401 - it adds its commands
from postdesk import show as showing
from postdesk.cli import app
from postdesk.wiring import House
from store.tables import Contact, ContactAddress, Participant, Reading, Site, Ticket

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def take(house: House, sender: str, subject: str) -> str:
    """A mail becomes a ticket; its number."""
    raw = f"From: {sender}\r\nTo: service@desk.test\r\nSubject: {subject}\r\n\r\nHello.\r\n"
    spool = house.spool()
    spool.accept(Envelope(sender, ("service@desk.test",), "smtp"), raw.encode())
    spool.close()
    house.intake().drain_once()
    with house.database.reading() as session:
        return session.scalars(select(Ticket.number).order_by(Ticket.number.desc())).first() or ""


def shown(house: House, number: str) -> str:
    """The ticket as text."""
    with house.database.reading() as session:
        read = showing.read(session, number)
        assert read is not None
        return showing.ticket_text(read, house.zone)


def test_a_ticket_that_names_another(house: House) -> None:
    """The number that a stranger named, said on both tickets; its title does not hold it."""
    first = take(house, "ann@customer.test", "Phones")
    other = take(house, "eve@elsewhere.test", f"Re: [{first}] Phones")
    assert f"  Linked:              It names {first}, to which the sender may not write." in shown(house, other)
    assert f"  Linked:              {other} names it; its sender may not write here." in shown(house, first)


def test_a_ticket_that_goes_on_from_another(house: House) -> None:
    """A late answer to a closed ticket opens one that says where it comes from."""
    first = take(house, "ann@customer.test", "Phones")
    long_ago = datetime.now(UTC) - timedelta(days=60)
    with house.database.transaction() as session:
        session.execute(update(Ticket).values(status="Complete", completed_at=long_ago))
    other = take(house, "ann@customer.test", f"Re: [{first}] Phones")
    assert f"  Linked:              It goes on from {first}, which is closed." in shown(house, other)
    assert f"  Linked:              {other} goes on from it." in shown(house, first)


@pytest.fixture
def full(house: House) -> str:
    """A ticket on which everything is filled in; its number."""
    number, ids = take(house, "Ann Able <ann@customer.test>", "Phones"), house.database.ids
    with house.database.transaction() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.number == number)).one()
        works = people.organisation(session, "Sample Works", ids.next(), NOON)
        team = people.team(session, "Network", ids.next())
        sam = people.add_staff(session, staff_id=ids.next(), name="Sam Sample", address="sam2@desk.test", now=NOON)
        session.add(Site(id=(site := ids.next()), organisation_id=works.id, name="Works Leeds"))
        session.add(Reading(ticket_id=ticket.id, staff_id=sam.id, at=NOON))
        bob = Contact(id=ids.next(), name="Bob", columns=[], details={}, created_at=NOON)
        bob.addresses = [ContactAddress(address="bob@customer.test", written="bob@customer.test")]
        session.add(bob)
        session.flush()
        session.add(Participant(ticket_id=ticket.id, contact_id=bob.id, role="watching", added_at=NOON))
        ticket.organisation_id, ticket.site_id, ticket.team_id, ticket.assignee_id = works.id, site, team.id, sam.id
        ticket.urgency, ticket.impact, ticket.priority, ticket.type = "High", "Company", "Critical", "Incident"
        ticket.due_at, ticket.first_answer_due_at = NOON, NOON - timedelta(hours=4)
        ticket.service, ticket.item, ticket.customer_reference = "Telephony", "Exchange 1", "REQ-7"
        ticket.needed_by, ticket.approval, ticket.shared = NOON.date(), "Requested", False
        ticket.answers = {"Which room?": "Room 4"}
    return number


def test_a_ticket_shows_every_field(house: House, full: str) -> None:
    """Each by its name, times in the zone of the desk with its abbreviation."""
    lines = [" ".join(line.split()) for line in shown(house, full).splitlines()]
    moment = f"{ENGLISH.moment(NOON, house.zone)}"
    for line in (
        "Type: Incident",
        "Priority: Critical (urgency High, impact Company)",
        f"Due: {moment}",
        f"First answer due: {ENGLISH.moment(NOON - timedelta(hours=4), house.zone)}",
        "Organisation: Sample Works",
        "Site: Works Leeds",
        "Service: Telephony",
        "Item: Exchange 1",
        "Team: Network",
        "Taken by: Sam Sample",
        "Contact: Ann Able <ann@customer.test>",
        "Additional contacts: Bob <bob@customer.test> (watching)",
        "Our ref: REQ-7",
        "Needed by: 23 Nov 2026",
        "Approval: Requested",
        "Shared: not with the organisation",
        "Which room?: Room 4",
        f"Read by: Sam Sample, {moment}",
    ):
        assert line in lines


def test_a_ticket_as_json(full: str, config: Path) -> None:
    """One object with the same, and with its entries."""
    done = CliRunner().invoke(app, ["--config", str(config), "ticket", "show", full, "--json"])
    told = json.loads(done.output)
    assert (told["organisation"], told["urgency"], told["due"]) == ("Sample Works", "High", NOON.isoformat())
    assert told["additional_contacts"] == [{"name": "Bob", "address": "bob@customer.test", "role": "watching"}]
    assert (told["answers"], told["shared"], told["needed_by"]) == ({"Which room?": "Room 4"}, False, "2026-11-23")
    assert told["read_by"] == [{"name": "Sam Sample", "at": NOON.isoformat()}]
    assert (told["contact"], told["contact_address"]) == ("Ann Able", "ann@customer.test")
    assert [entry["text"] for entry in told["entries"] if entry["kind"] == "note"] == ["Hello."]


ANSWERED = (
    "From: ann@customer.test\r\nTo: service@desk.test\r\nSubject: Re: Phones\r\n\r\nStill down.\r\n\r\n"
    "On Mon, 23 Nov 2026 at 12:00, Sam Sample <sam@desk.test> wrote:\r\n> Is it back?\r\n> Sam\r\n"
)


def test_a_ticket_says_what_is_folded_and_shows_it_when_asked(house: House, config: Path) -> None:
    """How many lines, and the option that prints them, indented under the words; an entry without has neither."""
    spool = house.spool()
    spool.accept(Envelope("ann@customer.test", ("service@desk.test",), "smtp"), ANSWERED.encode())
    spool.close()
    house.intake().drain_once()
    take(house, "bob@customer.test", "Whole")
    numbers = [f"{datetime.now(UTC):T%Y%m%d}.{count:04}" for count in (1, 2)]
    run = CliRunner()
    short, long, plain = (
        run.invoke(app, ["--config", str(config), "ticket", "show", *words]).output
        for words in ([numbers[0]], [numbers[0], "--quoted"], [numbers[1], "--quoted"])
    )
    assert "    Still down.\n    (3 folded lines; --quoted shows them)\n" in short
    assert "Is it back?" not in short
    assert (
        "    Still down.\n    Quoted:\n      On Mon, 23 Nov 2026 at 12:00, Sam Sample <sam@desk.test> wrote:\n"
        "      > Is it back?\n      > Sam\n"
    ) in long
    assert "folded" not in plain + long
    assert "Quoted:" not in plain
