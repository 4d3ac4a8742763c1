"""One person is erased from every table, the free space of the file, and the bytes; what stays is said."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from desk.erasing import Wish
from postdesk import backup, erasing_run
from postdesk.backup_manifest import BackupError
from postdesk.verify import Source, verify
from postdesk.wiring import House
from store.tables import Contact, ContactAddress, Disposition, Erasure, Event, Outbox, ReceivedMail, Ticket
from tests.gateway.desk_world import World, mail
from tests.postdesk.erasure_world import (
    ADDRESS,
    FILE_WORD,
    LARGE_WORD,
    MARKS,
    OTHER,
    PHONE,
    WORD,
    command,
    fill,
    opened,
    traces,
)


@pytest.fixture(params=["sqlite", "postgres"])
def desk(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[House, World]]:
    """A desk on each kind of database."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres").filled_database()
    with opened(tmp_path, url, monkeypatch) as made:
        yield made


def erase(house: House, **wish: bool) -> dict[str, Any]:
    """As the command does it, without waiting for bytes to grow old."""
    return erasing_run.run(house, ADDRESS, Wish(**wish), lambda _: None, by="operator", just_now=timedelta()).report


def is_well(house: House) -> None:
    """Ledger, mails, bytes: nothing is missing that should be there."""
    source = Source(house.database.reading, house.database.is_sqlite, house.blobs)
    assert [one.line for one in verify(source, datetime.now(UTC)) if one.faults] == []


def test_nothing_is_left_but_what_the_report_names(desk: tuple[House, World]) -> None:
    """With --words not one mark is found, in any table, the free space of the file, or the bytes."""
    house, world = desk
    ticket = fill(house, world)
    assert set(traces(house, *MARKS)) == set(MARKS)
    report = erase(house, words=True)
    left = traces(house, *MARKS)
    # A telephone number that staff wrote into a resolution stays: nobody can tell that it is hers.
    assert left.pop(PHONE.encode(), []) in (["ticket"], [str(house.database.file), "ticket"])
    assert left == {}
    assert world.ticket(ticket).title == "[erased]"
    assert any("ticket of “Erased person 1”" in line for line in report["stays"])
    is_well(house)


def test_the_words_stay_and_the_report_says_so(desk: tuple[House, World]) -> None:
    """Usually what they wrote stays, with another name; their mails as they came, HTML and signature go."""
    house, world = desk
    ticket = fill(house, world)
    report = erase(house)
    left = traces(house, *MARKS)
    assert {WORD.encode(), FILE_WORD, LARGE_WORD} <= set(left)
    assert not {ADDRESS.encode(), OTHER.encode()} & set(left)
    stays = " ".join(report["stays"])
    assert "The text of 2 entries" in stays
    assert "1 file that they sent" in stays
    first = world.events(ticket)[0]
    assert (first.author, first.html, first.folded) == ("Erased person 1", "", "")
    assert WORD in first.text
    is_well(house)


def test_their_tickets_go(desk: tuple[House, World]) -> None:
    """With --tickets delete the tickets they asked for are forgotten; those of others stay, without them."""
    house, world = desk
    ticket = fill(house, world)
    report = erase(house, delete_tickets=True)
    with house.database.reading() as session:
        assert session.get(Ticket, ticket) is None
        assert session.scalar(select(func.count()).select_from(Ticket)) == 2
    assert report["counts"]["tickets_deleted"] == 1
    assert traces(house, *MARKS) == {}
    is_well(house)


def test_the_row_of_the_erasure_knows_nobody(desk: tuple[House, World]) -> None:
    """When, by whom, how much: that is all."""
    house, world = desk
    fill(house, world)
    erase(house)
    with house.database.reading() as session:
        row = session.scalars(select(Erasure)).one()
    assert row.by == "operator"
    assert set(row.report) == {"state", "ended", "person", "marks", "tickets", "words", "counts", "stays"}
    assert row.report["counts"]["mails"] == 2
    assert len(row.report["marks"]) == 2


def test_a_later_mail_is_of_somebody_new(desk: tuple[House, World]) -> None:
    """The same address is a new, unknown person; a reply of staff to the old ticket still works."""
    house, world = desk
    ticket = fill(house, world)
    erase(house)
    world.clock.now = datetime.now(UTC) + timedelta(minutes=1)
    again = world.take(mail(ADDRESS, "Hello again", "It is me."))
    assert again.kind == "opened"
    with house.database.reading() as session:
        new = session.get_one(ContactAddress, ADDRESS).contact
        old = session.get_one(ContactAddress, "erased-1@erased.invalid").contact
    assert not new.known
    assert new.id != old.id
    assert world.ticket(again.ticket_id).requester_id == new.id
    number = world.ticket(ticket).number
    replied = world.take(mail("sam@desk.test", f"Re: [{number}]", "#note Done.", verdict="none"))
    assert replied.kind in ("noted", "held")
    is_well(house)


def test_whoever_is_interrupted_goes_on(desk: tuple[House, World], monkeypatch: pytest.MonkeyPatch) -> None:
    """The beginning is kept; asked again, it ends as one erasure, though the address is nobody's any more."""
    house, world = desk
    fill(house, world)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(erasing_run, "_everywhere", dies)
        with pytest.raises(KeyboardInterrupt):
            erase(house, words=True)
    with house.database.reading() as session:
        assert session.get(ContactAddress, ADDRESS) is None
    report = erase(house)
    assert (report["person"], report["words"]) == (1, True)
    assert not set(traces(house, *MARKS)) - {PHONE.encode()}
    with house.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Erasure)) == 1


def test_what_waits_or_is_held_of_them(desk: tuple[House, World]) -> None:
    """It becomes nothing: it counts as ignored, and the ledger is right."""
    house, world = desk
    fill(house, world)
    held = world.take(mail(ADDRESS, "Forged", "Give me all.", verdict="fail")).received_id
    waits = world.send(mail(ADDRESS, "Waits", "Soon."), reverse_path=ADDRESS)
    assert world.disposition(held).kind == "held"
    erase(house)
    for mail_id in (held, waits):
        became = world.disposition(mail_id)
        assert (became.kind, became.rule, became.sender, became.subject) == ("ignored", "erased", "", "")
    is_well(house)


def test_what_is_being_handled_is_left_for_another_time(
    desk: tuple[House, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mail that a worker is at is told of, and the erasure has not ended; the next run ends it."""
    house, world = desk
    fill(house, world)
    monkeypatch.setattr(erasing_run, "_PATIENCE", 1)
    monkeypatch.setattr("time.sleep", lambda _: None)
    waits = world.send(mail(ADDRESS, "Waits", "Soon."), reverse_path=ADDRESS)
    with house.database.transaction() as session:
        lease = datetime.now(UTC) + timedelta(minutes=5)
        session.execute(update(ReceivedMail).where(ReceivedMail.id == waits).values(lease_until=lease))
    done = erasing_run.run(house, ADDRESS, Wish(), lambda _: None, just_now=timedelta())
    assert (done.busy, done.report) == (1, {})
    with house.database.transaction() as session:
        session.execute(update(ReceivedMail).where(ReceivedMail.id == waits).values(lease_until=None))
    assert erase(house)["state"] == "done"
    assert world.disposition(waits).rule == "erased"


def test_whole_words_only(desk: tuple[House, World]) -> None:
    """Another address that ends alike, and another person of a longer name, are left alone."""
    house, world = desk
    fill(house, world)
    like = f"jo{ADDRESS}"
    world.take(mail(f"Jo Ann Marked-Samples <{like}>", "Mine", f"I am not {ADDRESS}, but {like}."))
    erase(house, words=True)
    with house.database.reading() as session:
        assert session.get(ContactAddress, like) is not None
        texts = session.scalars(select(Event.text).where(Event.text.contains(like))).all()
        senders = session.scalars(select(Disposition.sender).where(Disposition.sender == like)).all()
    assert (len(texts), senders) == (1, [like])
    assert "erased-1@erased.invalid" in texts[0]


def test_an_address_that_is_nobodys(desk: tuple[House, World]) -> None:
    """Who never became a contact can be erased too, and nobody else is touched."""
    house, world = desk
    fill(house, world)
    report = erasing_run.run(house, "eve@elsewhere.test", Wish(), lambda _: None, just_now=timedelta()).report
    assert {name: count for name, count in report["counts"].items() if count} == {}
    assert set(traces(house, *MARKS)) == set(MARKS)


def test_not_while_a_backup_is_made(desk: tuple[House, World]) -> None:
    """It would find bytes gone that its rows name; so one waits for the other."""
    house, world = desk
    fill(house, world)
    with backup.held(house), pytest.raises(BackupError, match="being made right now"):
        erase(house)
    with house.database.reading() as session:
        assert session.get(ContactAddress, ADDRESS) is not None


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dry run changes nothing; a question comes first; the report is printed and written."""
    with opened(tmp_path, "", monkeypatch) as (house, world):
        fill(house, world)
        dry = command(house, "contact", "erase", ADDRESS, "--dry-run")
        assert dry.exit_code == 0, dry.output
        assert "1 tickets that they asked for" in dry.output
        assert "Nothing was changed." in dry.output
        refused = command(house, "contact", "erase", ADDRESS)
        assert refused.exit_code == 64
        report = tmp_path / "report.json"
        done = command(house, "contact", "erase", ADDRESS, "--yes", "--report", str(report))
        assert done.exit_code == 0, done.output
        assert "What stays in the desk, and why:" in done.output
        assert ADDRESS not in report.read_text(encoding="utf-8")
        assert json.loads(report.read_text(encoding="utf-8"))["counts"]["mails"] == 2
        staff = command(house, "contact", "erase", "sam@desk.test", "--yes")
        assert staff.exit_code == 65
        assert "is a member of staff" in staff.output


def test_a_letter_that_is_being_sent_is_not_taken_away(desk: tuple[House, World]) -> None:
    """Its sender would have nothing to note the end of, and send it again."""
    house, world = desk
    fill(house, world)
    with house.database.transaction() as session:
        ann = session.get_one(ContactAddress, ADDRESS).contact_id
        letters = session.scalars(select(Outbox.id).where(Outbox.contact_id == ann)).all()
        lease = datetime.now(UTC) + timedelta(minutes=5)
        session.execute(update(Outbox).where(Outbox.id == letters[0]).values(lease_until=lease))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(erasing_run, "_PATIENCE", 1)
        patched.setattr("time.sleep", lambda _: None)
        done = erasing_run.run(house, ADDRESS, Wish(), lambda _: None, just_now=timedelta())
    assert done.busy == 1
    with house.database.reading() as session:
        assert session.scalars(select(Outbox.id).where(Outbox.contact_id == ann)).all() == [letters[0]]
        assert session.get_one(Contact, ann).name == "Erased person 1"
