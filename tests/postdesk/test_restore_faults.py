"""What a restore refuses, what it says when something fails, and what the clock would tell a second time."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import ColumnElement, func, select, update

from postdesk import schedule
from store.tables import Alert, Lease, Outbox, Ticket
from tests.gateway.desk_world import mail
from tests.postdesk.backup_world import Two, both
from tests.postdesk.erasure_world import BOB


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Two]:
    """A desk on SQLite to be backed up."""
    with both(tmp_path, monkeypatch, None) as made:
        yield made


@pytest.fixture(params=["sqlite", "postgres"])
def each(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Two]:
    """A desk to be backed up, on each kind of database."""
    postgres = None if request.param == "sqlite" else request.getfixturevalue("postgres")
    with both(tmp_path, monkeypatch, postgres) as made:
        yield made


def settings_with(two: Two, text: str) -> None:
    """A setting more; the commands read the file."""
    file = two.house.loaded.file
    assert file
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


def test_the_database_of_a_desk_elsewhere_stays(two: Two) -> None:
    """The settings of a backup may name the database of the desk that is at work: it is never put aside."""
    live = two.house.database.file
    assert live
    settings_with(two, f'\n[database]\nurl = "sqlite:///{live}"\n')
    made = two.backup()
    until = datetime.now(UTC) + timedelta(minutes=2)
    with two.house.database.transaction() as session:
        session.add(Lease(name="schedule", holder="elsewhere:1", until=until))
    assert f"at work on {live} (elsewhere:1)" in two.restore(made, "--replace", "--yes", code=75)
    with two.house.database.transaction() as session:
        session.delete(session.get_one(Lease, "schedule"))
    assert f"outside of {two.into}" in two.restore(made, "--replace", "--yes", code=73)
    assert live.is_file()
    assert not (two.into / "postdesk.toml").exists()


def test_a_broken_list_of_erasures(two: Two) -> None:
    """It is read before anything is put anywhere; one that was named has to be there."""
    made = two.backup()
    (two.out / "erased.json").write_text("[{", encoding="utf-8")
    assert "is not a list of erasures" in two.restore(made, code=66)
    assert "There is no" in two.restore(made, "--erased", str(two.out / "none.json"), code=66)
    assert not two.into.exists()


def test_a_fault_after_the_database_is_put_back(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not said that nothing was restored."""

    def fails(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    made = two.backup()
    monkeypatch.setattr("postdesk.restore_after.adjust", fails)
    said = two.restore(made, code=1)
    assert "Nothing was restored" not in said
    assert "The desk is restored, but what has to follow failed: [Errno 28] No space left on device" in said
    assert "Do not start it" in said
    assert (two.into / "desk.db").is_file() or (two.into / "data" / "desk.db").is_file()


def test_keys_that_belong_elsewhere(two: Two, tmp_path: Path) -> None:
    """A new machine lacks them: it is said where they are, and nobody is told to make new ones."""
    elsewhere = tmp_path / "keys" / "secret.key"
    elsewhere.parent.mkdir()
    shutil.move(two.house.settings.secrets.key_file, elsewhere)
    settings_with(two, f'\n[secrets]\nkey_file = "{elsewhere}"\n')
    two.house.loaded.settings.secrets.__dict__["key_file"] = elsewhere
    made = two.backup()
    elsewhere.unlink()
    said = two.restore(made, code=78)
    inside = made.folder / f"elsewhere{elsewhere}"
    assert inside.is_file()
    assert str(inside) in said
    assert f"keys at {elsewhere}" in said
    assert "init" not in said
    shutil.copy(inside, elsewhere)
    two.restore(made)


def test_letters_of_the_clock_are_not_sent_again(each: Two) -> None:
    """A reminder, a due letter and an alert came due since the backup: they wait for a person, the ticks are quiet."""
    long_ago = datetime.now(UTC) - timedelta(days=6)
    each.world.clock.now = long_ago - timedelta(hours=1)
    each.world.take(mail(BOB, "Waits for its customer", "One."))
    with each.house.database.transaction() as session:
        first, second = session.scalars(select(Ticket.id).order_by(Ticket.id.desc()).limit(2)).all()
        who = session.scalar(select(Ticket.requester_id).where(Ticket.id == second))
        session.execute(
            update(Ticket).where(Ticket.id == first).values(status="Waiting Customer", waiting_since=long_ago)
        )
        session.execute(update(Ticket).where(Ticket.id == second).values(due_at=datetime.now(UTC) - timedelta(hours=1)))
        session.add(Alert(ticket_id=second, contact_id=who, stage="overdue"))
    made = each.backup()
    said = each.restore(made)
    other = each.other()
    with other.database.reading() as session:
        kinds = session.scalars(select(Outbox.kind).where(Outbox.state == "held")).all()
        before = session.scalar(select(func.count()).select_from(Outbox))
    assert "1 reminder" in said
    assert {"reminder", "due"} <= set(kinds)
    now = datetime.now(UTC)
    for name in ("alerts", "due", "remind", "close"):
        schedule.run_now(other, name, now)
    with other.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Outbox)) == before
        assert session.scalar(select(Alert.sent_at).where(Alert.ticket_id == second)) is not None
        assert session.scalar(select(func.count()).where(Outbox.state == "waiting")) == 0
    other.database.close()


@pytest.mark.parametrize("send", [False, True])
def test_new_tickets_that_were_to_be_told_together(two: Two, send: bool) -> None:
    """The desk that was has told of them: together they are one letter that waits for a person."""
    with two.house.database.transaction() as session:
        tickets = session.scalars(select(Ticket.id).order_by(Ticket.id).limit(2)).all()
        for ticket in tickets:
            session.add(
                Outbox(
                    id=two.house.database.ids.next(),
                    kind="new_ticket",
                    recipient="sam@desk.test",
                    ticket_id=ticket,
                    state="gathered",
                    next_at=datetime.now(UTC),
                    created_at=datetime.now(UTC),
                )
            )
    made = two.backup()
    said = two.restore(made, *(["--send-waiting"] if send else []))
    other = two.other()
    with other.database.reading() as session:
        states = session.scalars(select(Outbox.state).where(Outbox.recipient == "sam@desk.test", of_strangers())).all()
        together = session.scalars(select(Outbox).where(Outbox.kind == "new_tickets")).all()
        if send:
            assert (sorted(states), together) == (["gathered", "gathered"], [])
        else:
            assert sorted(states) == ["folded", "folded"]
            assert [(row.state, row.context["tickets"]) for row in together] == [("held", list(tickets))]
            assert "1 new_tickets" in said
    other.database.close()


def of_strangers() -> ColumnElement[bool]:
    """The letters about single tickets that were told together, or are to be."""
    return Outbox.state.in_(("gathered", "folded"))
