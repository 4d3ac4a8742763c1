"""`postdesk seed-demo`: a desk full of samples, made by the rules that real mail goes by; no letter leaves it."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from desk import statuses
from desk.hours import office
from postdesk import cli_seed  # noqa: F401 - it adds its command
from postdesk.cli import app
from postdesk.init import Answers, run
from postdesk.seed import plant, sample
from postdesk.seed.hours import Clock
from postdesk.seed.plan import plan
from postdesk.seed.quiet import REASON, QuietDatabase
from postdesk.settings import load
from postdesk.wiring import House
from store.tables import (
    Account,
    Announcement,
    Attachment,
    Contact,
    Delivery,
    Disposition,
    Event,
    Organisation,
    Outbox,
    Participant,
    Site,
    Team,
    Ticket,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
COUNT = 32


def opened(folder: Path) -> House:
    """A desk as `postdesk init --sample` makes it."""
    folder.mkdir()
    run(folder / "postdesk.toml", Answers.sample())
    return House(load(folder / "postdesk.toml"))


def planted(folder: Path) -> House:
    """The same with samples on it."""
    house = opened(folder)
    (folder / "catalogue.toml").write_text(sample.CATALOGUE.read_text(encoding="utf-8"), encoding="utf-8")
    plant.plant(house, plant.Wanted(COUNT), NOW, lambda done, total: None)
    return house


def story(house: House) -> list[object]:
    """Everything that people would read of a desk, in the order of time."""
    with house.database.reading() as session:
        tickets = session.execute(
            select(Ticket.number, Ticket.title, Ticket.status, Ticket.priority, Ticket.due_at).order_by(Ticket.number)
        )
        entries = select(Event.at, Event.author, Event.text, Event.visibility).order_by(Event.at, Event.text)
        letters = select(Outbox.created_at, Outbox.kind, Outbox.recipient).order_by(
            Outbox.created_at, Outbox.kind, Outbox.recipient
        )
        return [tickets.all(), session.execute(entries).all(), session.execute(letters).all()]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One sample desk for all the looks at it."""
    made = planted(tmp_path_factory.mktemp("seed") / "desk")
    yield made
    made.database.close()


def test_every_status_is_there(house: House) -> None:
    """Each stage of a ticket can be seen; numbers are unique; nothing is from the future."""
    with house.database.reading() as session:
        tickets = session.scalars(select(Ticket)).all()
    assert {ticket.status for ticket in tickets} == set(statuses.ALL)
    assert len({ticket.number for ticket in tickets}) == len(tickets) >= COUNT
    assert all(ticket.updated_at <= NOW for ticket in tickets)
    assert max(NOW - ticket.created_at for ticket in tickets).days > 30


def test_the_customers(house: House) -> None:
    """Organisations, one below another, with sites, teams, and people who write four languages."""
    with house.database.reading() as session:
        organisations = {row.name: row for row in session.scalars(select(Organisation))}
        sites = session.scalars(select(Site)).all()
        teams = set(session.scalars(select(Team.name)))
        texts = " ".join(session.scalars(select(Event.text)))
        languages = {row.language for row in organisations.values()}
    below = organisations["Sample Logistics Harbour"]
    assert below.parent_id == organisations["Sample Logistics"].id
    assert len(sites) >= 8
    assert all(site.code and site.place and site.post_code and site.account for site in sites)
    assert teams >= {"Service Desk", "Network", "Field Service"}
    assert languages >= {"en", "de", "fr", "es"}
    for words in ("Thank", "Danke", "Merci", "Gracias"):
        assert words in texts


def test_what_happens_to_tickets(house: House) -> None:
    """Files, internal notes, tasks, a merge, approvals, watchers, an overdue one, a held mail, announcements."""
    with house.database.reading() as session:
        tickets = session.scalars(select(Ticket)).all()
        roles = set(session.scalars(select(Participant.role)))
        assert session.scalars(select(Attachment.id)).first()
        assert session.scalars(select(Event.id).where(Event.visibility == "internal", Event.text != "")).first()
        assert session.scalars(select(Disposition.rule).where(Disposition.kind == "held")).first() == "sender-failed"
        news = session.scalars(select(Announcement)).all()
    assert any(ticket.parent_id for ticket in tickets)
    assert any(ticket.merged_into_id for ticket in tickets)
    assert {ticket.approval for ticket in tickets} > {"Requested"}
    assert any(not ticket.shared for ticket in tickets)
    assert any(ticket.due_at and ticket.due_at < NOW and not ticket.completed_at for ticket in tickets)
    assert any(ticket.source == "Phone" for ticket in tickets)
    assert roles == {"added", "watching", "approver"}
    assert [one.ends_at is not None and one.ends_at > NOW for one in news] == [True, False]
    assert not any(one.by_mail for one in news)


def test_people_look_real(house: House) -> None:
    """Telephones for everybody of an organisation, portal access for most, and not all write as the others do."""
    with house.database.reading() as session:
        people = session.scalars(select(Contact).where(Contact.organisation_id.is_not(None), Contact.known)).all()
        accounts = session.scalars(select(Account).where(Account.contact_id.is_not(None))).all()
        whose = {row.id: row.language for row in session.scalars(select(Organisation))}
        letters = select(Outbox.id).where(Outbox.kind.in_(("credentials", "sign_in_link")))
        assert session.scalars(letters).all() == []
    assert all(one.details["Phone"] and one.details["Extension"] for one in people)
    assert any("Mobile" in one.details for one in people)
    assert 10 < len(accounts) < len(people)
    assert {one.last_login_at is None for one in accounts} == {True, False}
    assert any(one.language != whose[one.organisation_id or 0] for one in people)


def test_tickets_begin_at_all_times_of_the_day(house: House) -> None:
    """None at the minute of the run but by chance, and most by day."""
    found = plan(200, random.Random(7), NOW, house.zone)
    minutes = Counter((one.at.hour, one.at.minute) for one in found)
    assert minutes.most_common(1)[0][1] < 6
    assert all(one.at < NOW for one in found)
    hours = [one.at.astimezone(house.zone).hour for one in found]
    assert sum(7 <= hour < 18 for hour in hours) > 0.8 * len(hours)


def test_staff_write_at_work(house: House) -> None:
    """Between nine and half past five on working days; but where a story has no time left for that."""
    work = office(house.zone)
    with house.database.reading() as session:
        times = session.scalars(select(Event.at).where(Event.staff_id.is_not(None), Event.text != "")).all()
    assert sum(map(work.is_working, times)) > 0.9 * len(times)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York"])
def test_the_clock_of_the_sample(zone: str) -> None:
    """A time never goes back behind the mail before, nor beyond the end."""
    clock, chance = Clock(ZoneInfo(zone), NOW, random.Random(3)), random.Random(4)
    for _ in range(500):
        before = NOW - timedelta(minutes=chance.randrange(1, 60 * 24 * 12))
        at = before + (NOW - before) * chance.random()
        assert before <= clock.staff(at, before) < NOW
        assert at <= clock.customer(at) < NOW


def test_every_mail_was_understood(house: House) -> None:
    """No answer says that something was not done: the sample is what people would write."""
    with house.database.reading() as session:
        answers = select(Outbox.context).where(Outbox.kind.in_(("not_done", "partly_refused", "confirm")))
        assert session.scalars(answers).all() == []


def test_no_letter_leaves(house: House) -> None:
    """Each letter is closed in the transaction that wrote it, and says why."""
    with house.database.reading() as session:
        letters = session.scalars(select(Outbox)).all()
        said = {row.outbox_id: row.reply for row in session.scalars(select(Delivery))}
    assert len(letters) > COUNT
    assert {letter.state for letter in letters} == {"suppressed"}
    assert said == {letter.id: REASON for letter in letters}


def test_the_same_seed_makes_the_same_desk(house: House, tmp_path: Path) -> None:
    """On another machine too; another seed tells other stories."""
    again = planted(tmp_path / "again")
    assert story(again) == story(house)
    again.database.close()
    one, same, other = (plan(COUNT, random.Random(seed), NOW, house.zone) for seed in (1, 1, 2))
    assert one == same != other


def test_letters_of_others_are_left_alone(tmp_path: Path) -> None:
    """What waits on a desk that is in use goes on waiting."""
    house = opened(tmp_path / "desk")
    values = {"kind": "mail_trouble", "recipient": "sam@desk.test", "next_at": NOW, "created_at": NOW}
    with house.database.transaction() as session:
        session.add(Outbox(id=house.database.ids.next(), **values))
    quiet = QuietDatabase(house.database.url)
    with quiet.transaction() as session:
        session.add(Outbox(id=quiet.ids.next(), **values))
    with house.database.reading() as session:
        assert session.scalars(select(Outbox.state).order_by(Outbox.id)).all() == ["waiting", "suppressed"]
    quiet.close()
    house.database.close()


def test_letters_that_are_wanted_wait(tmp_path: Path) -> None:
    """--send leaves them for the relay."""
    house = opened(tmp_path / "desk")
    counts = plant.plant(house, plant.Wanted(tickets=2, send=True), NOW, lambda done, total: None)
    assert counts["letters waiting"] == counts["letters"] > 0
    house.database.close()


def invoke(config: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and output of the command."""
    found = CliRunner().invoke(app, ["--config", str(config), "seed-demo", *arguments])
    return found.exit_code, found.output


def test_the_command(house: House, config: Path) -> None:
    """It counts what it made, writes a catalogue where there is none, and refuses a desk with tickets."""
    code, said = invoke(config, "--tickets", "3", "--json")
    assert code == 0
    counts = json.loads(said.splitlines()[-1])
    assert (counts["tickets"], counts["letters waiting"]) == (3, 0)
    catalogue = config.parent / "catalogue.toml"
    assert "[[services]]" in catalogue.read_text(encoding="utf-8")
    code, said = invoke(config)
    assert code == 73
    assert "There are tickets here already" in said
    catalogue.write_text("# mine\n", encoding="utf-8")
    code, said = invoke(config, "--add", "--tickets", "1")
    assert code == 0
    assert "4 tickets" in said
    assert catalogue.read_text(encoding="utf-8") == "# mine\n"
    with house.database.reading() as session:
        for column in (Site.code, Announcement.title, Account.username):
            assert max(Counter(session.scalars(select(column))).values()) == 1
        assert max(Counter(session.scalars(select(Site.organisation_id).where(Site.main))).values()) == 1


@pytest.mark.peer
def test_on_postgres(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same mails make the same desk there."""
    monkeypatch.setenv("POSTDESK_DATABASE__URL", request.getfixturevalue("postgres").fresh_database())
    house = opened(tmp_path / "desk")
    counts = plant.plant(house, plant.Wanted(tickets=4), NOW, lambda done, total: None)
    assert (counts["tickets"], counts["letters waiting"]) == (4, 0)
    house.database.close()
