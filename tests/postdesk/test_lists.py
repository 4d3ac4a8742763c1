"""Lists on the command line: in the order of time, with a sender wherever one is known."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from typer.testing import CliRunner

from desk import people
from postdesk import cli_desk, cli_mail  # noqa: F401 - they add their commands
from postdesk.cli import app
from postdesk.show_mail import mail_rows, mail_text
from postdesk.wiring import House
from store.tables import Contact, Disposition, ReceivedMail, Ticket

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def received(house: House, row_id: int, minutes: int) -> None:
    """A mail that came so many minutes after noon, with an id of the process that took it."""
    at = NOW + timedelta(minutes=minutes)
    named = {"source": "smtp", "recipients": [], "reverse_path": "jane@customer.test"}
    with house.database.transaction() as session:
        session.add(ReceivedMail(id=row_id, received_at=at, size=0, **named))


def test_mail_is_listed_by_time(house: House) -> None:
    """An import has higher ids than the listener, and its mail is not newer for that."""
    received(house, 120_001, 0)
    received(house, 30_052, 5)
    received(house, 120_002, 9)
    with house.database.reading() as session:
        assert [mail.id for mail, _, _ in mail_rows(session, "", 2)] == [120_002, 30_052]
        assert [mail.id for mail, _, _ in mail_rows(session, "waiting", 9)] == [120_002, 30_052, 120_001]


def test_a_mail_without_a_readable_sender_names_the_envelope(house: House, config: Path) -> None:
    """From cannot be read: list and show still say who sent it."""
    received(house, 7, 0)
    with house.database.transaction() as session:
        session.add(Disposition(received_id=7, at=NOW, kind="held", rule="reader-failed", reason="It failed."))
    with house.database.reading() as session:
        assert "From:      jane@customer.test" in str(mail_text(session, 7))
    for options in ([], ["--json"], ["--kind", "held"]):
        shown = CliRunner().invoke(app, ["--config", str(config), "mail", "list", *options])
        assert "jane@customer.test" in shown.output


def test_what_was_discarded_is_told_from_duplicates(house: House, config: Path) -> None:
    """Both count as ignored; the list says which is which, and finds the discarded ones alone."""
    for row_id, rule in ((7, "duplicate"), (8, "discarded")):
        received(house, row_id, 0)
        with house.database.transaction() as session:
            session.add(Disposition(received_id=row_id, at=NOW, kind="ignored", rule=rule, reason="So it was."))
    with house.database.reading() as session:
        assert [mail.id for mail, _, _ in mail_rows(session, "ignored", 9)] == [8, 7]
        assert [mail.id for mail, _, _ in mail_rows(session, "discarded", 9)] == [8]
    shown = CliRunner().invoke(app, ["--config", str(config), "mail", "list"]).output.splitlines()
    assert [line.split()[3] for line in shown] == ["discarded", "ignored"]


def test_tickets_are_listed_by_time(house: House, config: Path) -> None:
    """Whichever process gave their ids."""
    with house.database.transaction() as session:
        session.add(Contact(id=5, name="Jane", created_at=NOW))
        session.flush()
        for ticket_id, title, minutes in ((9, "Middle", 5), (120, "Old", 0), (30, "New", 9)):
            at = NOW + timedelta(minutes=minutes)
            named = {"number": title, "title": title, "letter_subject": title, "status": "New"}
            session.add(
                Ticket(id=ticket_id, requester_id=5, desk_address="d@desk.test", created_at=at, updated_at=at, **named)
            )
    shown = CliRunner().invoke(app, ["--config", str(config), "ticket", "list"]).output
    assert shown.index("New  ") < shown.index("Middle") < shown.index("Old")


def listed(config: Path, *options: str) -> tuple[int, str]:
    """Exit code and output of `postdesk ticket list`."""
    done = CliRunner().invoke(app, ["--config", str(config), "ticket", "list", *options])
    return done.exit_code, done.output


def test_a_list_of_tickets_is_narrowed_and_says_more_than_the_title(house: House, config: Path) -> None:
    """Views, filters, whose; columns with a heading, all fields as JSON; what is not understood is named."""
    assert listed(config) == (0, "There are no tickets yet.\n")
    ids = house.database.ids
    with house.database.transaction() as session:
        works = people.organisation(session, "Sample Works", ids.next(), NOW)
        sam = people.add_staff(session, staff_id=ids.next(), name="Sam Sample", address="sam2@desk.test", now=NOW)
        session.add(Contact(id=5, name="Jane", columns=[], details={}, created_at=NOW))
        session.flush()
        for title, status in (("First", "New"), ("Second", "In Progress"), ("Third", "Complete")):
            named = {"number": f"T.{title}", "title": title, "letter_subject": title, "status": status}
            whose = {"organisation_id": works.id, "assignee_id": sam.id if status == "In Progress" else None}
            times = {"created_at": NOW, "updated_at": NOW, "due_at": NOW, "priority": "High", "type": "Incident"}
            session.add(Ticket(id=ids.next(), requester_id=5, desk_address="d@desk.test", **named, **whose, **times))
    code, said = listed(config, "--view", "open", "--filter", "status:new")
    head, row = said.splitlines()
    assert (code, head.split()) == (0, ["Number", "Status", "Priority", "Due", "Organisation", "Title"])
    assert row.split() == ["T.First", "New", "High", "2026-11-23", "12:00", "Sample", "Works", "First"]
    told = json.loads(listed(config, "--view", "mine", "--staff", "sam2@desk.test", "--json")[1])
    assert (told["number"], told["assignee"], told["due"]) == ("T.Second", "Sam Sample", NOW.isoformat())
    assert {"urgency", "impact", "site", "team", "first_answer_due", "completed", "reference", "source"} <= told.keys()
    assert listed(config, "--filter", "type:problem") == (0, "No ticket is in this list.\n")
    assert listed(config, "--limit", "1")[1].endswith("There are more; --limit shows more than 1.\n")
    for options, words in (
        (("--view", "mine"), "add --staff"),
        (("--view", "xyz"), "There is no view “xyz”. Choose from: all"),
        (("--filter", "colour:red"), "cannot be narrowed by “colour”"),
    ):
        code, said = listed(config, *options)
        assert (code, words in said, "#search" in said) == (64, True, False)
