"""How mailboxes do, for pages and commands; and what staff hear of it by letter, once."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from desk import mailboxes, status
from desk.mailboxes import ENDED
from store.database import Database
from store.tables import MailboxState, Outbox, Staff

NOW = datetime(2027, 4, 9, 12, 7, tzinfo=UTC)
WATCHED = {"service": timedelta(minutes=15)}
LONDON = ZoneInfo("Europe/London")


@pytest.fixture
def desk(database: Database) -> Database:
    """A desk with one member of staff who is there, and one who left."""
    with database.transaction() as session:
        for number, left in ((1, None), (2, NOW)):
            person = Staff(id=number, address=f"s{number}@desk.test", name="Sam Sample", deactivated_at=left)
            person.created_at = NOW
            session.add(person)
    return database


def reader(desk: Database, **values: Any) -> None:
    """What the reader of the mailbox wrote."""
    with desk.transaction() as session:
        row = session.get(MailboxState, "service") or MailboxState(name="service", seen_at=NOW)
        for name, value in values.items():
            setattr(row, name, value)
        session.add(row)


def watch(desk: Database, **later: float) -> list[tuple[str, list[str]]]:
    """One run of the timer; the letters that it wrote, as subject and lines."""
    now = NOW + timedelta(**later)
    with desk.transaction() as session:
        before = set(session.scalars(select(Outbox.id)))
        count = mailboxes.watch(session, desk.ids.next, now, WATCHED, LONDON)
    with desk.reading() as session:
        rows = [row for row in session.scalars(select(Outbox)) if row.id not in before]
    assert count == len(rows)
    assert {(row.kind, row.recipient) for row in rows} <= {("mail_trouble", "s1@desk.test")}
    from desk.said import spoken

    class English:
        def gettext(self, message: str) -> str:
            return message

        def ngettext(self, singular: str, plural: str, n: int) -> str:
            return singular if n == 1 else plural

    return [
        (spoken(row.context["subject"], English()), [spoken(line, English()) for line in row.context["lines"]])
        for row in rows
    ]


def health(desk: Database, **later: float) -> mailboxes.Health:
    """How it does."""
    with desk.reading() as session:
        (found,) = mailboxes.health(session, WATCHED, NOW + timedelta(**later))
    return found


def test_a_mailbox_that_is_read_is_told_to_nobody(desk: Database) -> None:
    """Not when it is set up, not while it is read, and no fault of a moment is worth a letter."""
    assert health(desk).trouble == ""
    assert watch(desk) == []
    reader(desk, seen_at=NOW, last_success=NOW)
    assert watch(desk) == []
    reader(desk, failures=1, last_error="no answer in time")
    assert watch(desk, minutes=4) == []
    assert (health(desk, minutes=4).trouble, health(desk, minutes=4).unread) == ("failing", False)


def test_a_failing_mailbox_is_told_once_and_once_more_when_it_works(desk: Database) -> None:
    """The letter says since when, why, and how to try it."""
    later = NOW + timedelta(minutes=16)
    reader(desk, seen_at=later, last_success=NOW, failures=7, last_error="the client secret has ended")
    ((subject, lines),) = watch(desk, minutes=16)
    assert subject == "The mailbox service is not read"
    assert lines == [
        "The mailbox service has not been read since 2027-04-09 13:07. Mail waits in it; none is lost.",
        "Why: the client secret has ended",
        "To try it: postdesk mailbox test service",
        "You hear of it again when it is read.",
    ]
    assert watch(desk, minutes=17) == []
    reader(desk, seen_at=NOW + timedelta(hours=1), last_success=NOW + timedelta(hours=1), failures=0)
    ((subject, _),) = watch(desk, minutes=60)
    assert subject == "The mailbox service is read again"
    assert watch(desk, minutes=61) == []


def test_a_reader_that_is_gone_is_seen(desk: Database) -> None:
    """Also one that never was: the timer counts from when it first looked."""
    assert watch(desk) == []
    assert health(desk, minutes=8).trouble == "gone"
    ((_, lines),) = watch(desk, minutes=16)
    assert lines[0].startswith("The mailbox service has not been read yet.")
    assert lines[1].startswith("No process reads it.")


def test_a_reader_that_hangs_is_silent(desk: Database) -> None:
    """It lives, tells no fault, and reads nothing."""
    reader(desk, seen_at=NOW + timedelta(minutes=16), last_success=NOW)
    assert health(desk, minutes=16).trouble == "silent"
    ((_, lines),) = watch(desk, minutes=16)
    assert lines[1] == "Its reader lives and does not come to an end. Look at the log."


def test_a_mailbox_that_was_never_read_counts_from_its_first_fault(desk: Database) -> None:
    """Wrong from the beginning is told as well."""
    reader(desk, seen_at=NOW + timedelta(minutes=16), failing_since=NOW, failures=9, last_error="no")
    assert watch(desk, minutes=14) == []
    assert len(watch(desk, minutes=16)) == 1


def test_the_end_of_access_is_told_ahead(desk: Database) -> None:
    """30, 7 and 1 days before, when it has ended, and from the start again once there is a new secret."""
    ends = NOW + timedelta(days=40)
    told = []
    for day in range(43):
        moment = NOW + timedelta(days=day)
        reader(desk, seen_at=moment, last_success=moment, token_ends_at=ends)
        told += [(day, subject) for subject, _ in watch(desk, days=day)]
    assert told == [
        (10, "The right to read the mailbox service ends in 30 days"),
        (33, "The right to read the mailbox service ends in 7 days"),
        (39, "The right to read the mailbox service ends in 1 day"),
        (41, "The right to read the mailbox service has ended"),
    ]
    assert health(desk, days=42).stage == ENDED
    reader(desk, token_ends_at=NOW + timedelta(days=400))
    assert watch(desk, days=42) == []
    assert health(desk, days=42).days_left is None
    reader(desk, token_ends_at=NOW + timedelta(days=49))
    ((subject, lines),) = watch(desk, days=42)
    assert subject.endswith("7 days")
    assert "2027-05-28" in lines[0]


def test_the_status_says_that_a_mailbox_is_not_read(desk: Database) -> None:
    """The service line changes once it is unread for long, not before."""
    reader(desk, seen_at=NOW, last_success=NOW)

    def state(**later: float) -> str:
        with desk.reading() as session:
            return status.snapshot(session, NOW + timedelta(**later), WATCHED).state

    assert state(minutes=14) == "working"
    assert state(minutes=16) == "unread"
    with desk.reading() as session:
        assert status.snapshot(session, NOW + timedelta(minutes=16)).state == "working"  # no such mailbox any more


def test_a_mail_that_was_refused_is_told(desk: Database) -> None:
    """Once, with the reason; of those that follow in one letter an hour later."""
    refused = {"refused_at": NOW, "refused_why": "mail 7: 32000000 bytes are more than 26214400", "last_success": NOW}
    reader(desk, refused=1, **refused)
    ((subject, lines),) = watch(desk, minutes=1)
    assert subject == "1 mail of the mailbox service was refused"
    assert lines[0] == "Why, of the last one: mail 7: 32000000 bytes are more than 26214400"
    assert watch(desk, minutes=2) == []
    reader(desk, refused=3)
    assert watch(desk, minutes=3) == []
    reader(desk, seen_at=NOW + timedelta(minutes=62), last_success=NOW + timedelta(minutes=62))
    assert [subject for subject, _ in watch(desk, minutes=62)] == ["2 mails of the mailbox service were refused"]
    assert watch(desk, minutes=63) == []
