"""The timers as they run: once a minute, each by itself, in one process of many; and by hand."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import Result
from sqlalchemy import func, select
from typer.testing import CliRunner

from postdesk import cli_timers, schedule  # noqa: F401 - cli_timers adds the commands
from postdesk.cli import app
from postdesk.settings import load
from postdesk.timers import TIMERS
from postdesk.wiring import House
from store.migrations import upgrade
from store.tables import (
    Announcement,
    Attachment,
    Contact,
    Event,
    ImportRun,
    JobRun,
    Outbox,
    RawMail,
    ReceivedMail,
    Ticket,
)
from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ANN, PAT, SAM, People

LONDON = ZoneInfo("Europe/London")
MONDAY = datetime(2026, 11, 23, 12, 0, tzinfo=LONDON)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/empty.db"
    return str(request.getfixturevalue("postgres").fresh_database())


def opened(config: Path, url: str, **settings: str) -> House:
    """The desk with other settings."""
    environment = {f"POSTDESK_{name.replace('.', '__').upper()}": value for name, value in settings.items()}
    made = House(load(config, environment | {"POSTDESK_DATABASE__URL": url}), create=True)
    upgrade(made.database)
    return made


@pytest.fixture
def house(config: Path, url: str) -> Iterator[House]:
    """A desk with retention of everything."""
    days = dict.fromkeys(("retention.letters_days", "retention.mails_days", "retention.tickets_days"), "30")
    made = opened(config, url, **days)
    yield made
    made.database.close()


@pytest.fixture
def people(house: House) -> People:
    """Its people, and Ann's ticket; Ann and Pat want digests."""
    made = sample.fill(house.database)
    with house.database.transaction() as session:
        for address in (ANN, PAT):
            session.get_one(Contact, made.contacts[address]).digest = True
    return made


def tick(house: House, now: datetime, holder: str = "one") -> None:
    """All timers, as the schedule runs them."""
    for name in TIMERS:
        schedule.run(house, name, holder, now)


def letters(house: House, kind: str) -> list[str]:
    """Who got letters of a kind."""
    with house.database.reading() as session:
        return sorted(session.scalars(select(Outbox.recipient).where(Outbox.kind == kind)))


def test_two_at_once(house: House, people: People, config: Path, url: str) -> None:
    """Two processes and somebody at the command line: everything is done once."""
    with house.database.transaction() as session:
        ticket = session.get_one(Ticket, people.ticket)
        ticket.due_at = MONDAY
        other = Announcement(id=house.database.ids.next(), title="News", starts_at=MONDAY, created_at=MONDAY)
        session.add(other)
    other_house = opened(config, url)
    barrier, faults = threading.Barrier(3), list[BaseException]()

    def work(name: str, one: House) -> None:
        try:
            barrier.wait()
            for _ in range(3):
                if name == "hand":
                    for timer in TIMERS:
                        schedule.run_now(one, timer, MONDAY)
                else:
                    tick(one, MONDAY, name)
        except BaseException as error:
            faults.append(error)

    threads = [
        threading.Thread(target=work, args=(name, one))
        for name, one in (("one", house), ("two", other_house), ("hand", other_house))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other_house.database.close()
    assert faults == []
    assert letters(house, "digest") == [ANN, PAT]
    assert letters(house, "due").count(SAM) == 1
    assert letters(house, "announcement").count(ANN) == 1
    assert len(letters(house, "day_sheet")) == len(set(letters(house, "day_sheet"))) > 0


def test_letters_of_the_day(house: House, people: People) -> None:
    """At eight, once; a day on which the machine was off is left out, and the next one has its own."""
    eight = MONDAY.replace(hour=8)
    seen = []
    for now in (eight - MINUTE, eight, eight + MINUTE, eight + 12 * 60 * MINUTE, eight + 3 * DAY + 9 * 60 * MINUTE,
                eight + 3 * DAY + 10 * 60 * MINUTE, eight + 5 * DAY, eight + 6 * DAY):  # fmt: skip
        tick(house, now)
        seen.append((len(letters(house, "digest")), letters(house, "day_sheet").count(SAM)))
    assert seen == [(0, 0), (2, 1), (2, 1), (2, 1), (4, 2), (4, 2), (4, 2), (4, 2)]


@pytest.mark.parametrize("sunday", [date(2026, 3, 29), date(2026, 10, 25)], ids=["forward", "back"])
def test_the_night_in_which_clocks_change(house: House, people: People, sunday: date) -> None:
    """A tick for each minute from Saturday to Monday: one digest each, on Monday at eight."""
    at = datetime(sunday.year, sunday.month, sunday.day, 0, 30, tzinfo=UTC) - DAY
    end = datetime(sunday.year, sunday.month, sunday.day, 9, 30, tzinfo=LONDON) + DAY
    sent_at = set()
    while at < end:
        schedule.run(house, "digest", "one", at)
        with house.database.reading() as session:
            sent_at |= set(session.scalars(select(Outbox.created_at).where(Outbox.kind == "digest")))
        at += 30 * MINUTE
    monday = sunday + DAY
    assert sent_at == {datetime(monday.year, monday.month, monday.day, 8, 0, tzinfo=LONDON)}
    assert letters(house, "digest") == [ANN, PAT]


def test_switched_off(config: Path, url: str) -> None:
    """No day sheet and no announcement where the settings say so."""
    house = opened(config, url, **{"letters.day_sheet": "false", "letters.announcements": "false"})
    sample.fill(house.database)
    with house.database.transaction() as session:
        session.add(Announcement(id=1, title="News", starts_at=MONDAY, created_at=MONDAY))
    tick(house, MONDAY)
    assert letters(house, "day_sheet") == letters(house, "announcement") == []
    house.database.close()


def test_reminded_and_resolved(house: House, people: People) -> None:
    """By the settings of [reminders], in the working time of the desk."""
    with house.database.transaction() as session:
        ticket = session.get_one(Ticket, people.ticket)
        ticket.status, ticket.waiting_since = "Waiting Customer", MONDAY
    now = MONDAY
    while now < MONDAY + 14 * DAY + 10 * MINUTE:
        for name in ("remind", "close"):
            schedule.run(house, name, "one", now)
        now += 6 * 60 * MINUTE
    assert letters(house, "reminder") == [ANN, ANN]
    with house.database.reading() as session:
        ticket = session.get_one(Ticket, people.ticket)
        assert (ticket.status, ticket.completed_at) == ("Resolved", MONDAY + 14 * DAY)
        assert ticket.resolution == "We asked for something that we need to go on, and had no answer."


def test_retention(house: House, people: People) -> None:
    """Each by its own number of days; bytes that nobody names any more go with the last row that did."""
    old = MONDAY - 40 * DAY
    digest = house.blobs.put_many([b"bytes"])[0]
    new = house.database.ids.next
    with house.database.transaction() as session:
        ticket = session.get_one(Ticket, people.ticket)
        ticket.status, ticket.completed_at, ticket.updated_at = "Complete", old, old
        event = Event(id=new(), ticket_id=ticket.id, at=old, kind="note", visibility="public", text="Help.")
        session.add(event)
        session.flush()
        session.add(
            Attachment(id=new(), ticket_id=ticket.id, event_id=event.id, name="a", type="text/plain", size=5,
                       digest=digest)
        )  # fmt: skip
        session.add(
            Outbox(id=new(), kind="update", recipient=ANN, state="sent", next_at=old, created_at=old, done_at=old)
        )
        session.add(ImportRun(id=new(), file_name="x.csv", rows=[[1, "added", ""]], at=MONDAY - 400 * DAY))
    tick(house, MONDAY)
    counts = {}
    with house.database.reading() as session:
        for table in (Ticket, Outbox, Attachment, RawMail, ReceivedMail):
            counts[table.__name__] = session.scalar(
                select(func.count()).select_from(table).where(*([Outbox.kind == "update"] if table is Outbox else []))
            )
        assert session.scalars(select(ImportRun.rows)).all() == [[]]
    assert counts == dict.fromkeys(counts, 0)
    assert house.blobs.read(digest) == b"bytes"  # stored a moment ago: whoever stores it again relies on that
    assert {row.name for row in _runs(house)} == set(TIMERS)


def test_kept_for_ever(config: Path, url: str) -> None:
    """0 days: nothing is looked for."""
    house = opened(config, url, **{"retention.imports_days": "0"})
    people = sample.fill(house.database)
    with house.database.transaction() as session:
        ticket = session.get_one(Ticket, people.ticket)
        ticket.status, ticket.completed_at = "Complete", MONDAY - 4000 * DAY
        ticket.updated_at = MONDAY - 4000 * DAY
    tick(house, MONDAY)
    with house.database.reading() as session:
        assert session.get(Ticket, people.ticket) is not None
    house.database.close()


def test_one_that_fails_does_not_stop_the_others(house: House, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it is kept: it is done again a minute later."""

    def fails(run: Any) -> Any:
        run.session.add(JobRun(name="half done", done_for="", at=MONDAY))
        raise OSError("the disk is away")

    monkeypatch.setitem(TIMERS, "digest", type(TIMERS["digest"])("fails", fails))
    with pytest.raises(OSError, match="away"):
        schedule.run(house, "digest", "one", MONDAY)
    assert _runs(house) == []
    monkeypatch.undo()
    tick(house, MONDAY)
    assert letters(house, "digest") == [ANN, PAT]


def _runs(house: House) -> list[JobRun]:
    with house.database.reading() as session:
        return list(session.scalars(select(JobRun)))


def run(config: Path, *words: str) -> Result:
    """A command of `postdesk timers`."""
    return CliRunner().invoke(app, ["--config", str(config), "timers", *words])


def test_listed_and_run_by_hand(config: Path) -> None:
    """Every timer with what it does; when it ran; and one that there is not."""
    rows = [json.loads(line) for line in run(config, "list", "--json").output.splitlines()]
    assert [row["name"] for row in rows] == list(TIMERS)
    assert {row["at"] for row in rows} == {None}
    assert run(config, "run", "purge").output == "purge: there was nothing to do.\n"
    assert "not yet" in run(config, "list").output
    (row,) = [row for line in run(config, "list", "--json").output.splitlines() if (row := json.loads(line))["at"]]
    assert row["name"] == "purge"
    wrong = run(config, "run", "nonsense")
    assert wrong.exit_code == 64
    assert "complete, alerts, due" in wrong.output
