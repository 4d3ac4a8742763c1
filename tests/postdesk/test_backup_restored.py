"""A restored desk gives nothing out twice, and sends nothing that may have gone: a person decides."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update

from desk import tokens
from desk.erasing import Wish
from postdesk import erasing_run
from store.identity import name_of
from store.tables import (
    AccessToken,
    Account,
    Announcement,
    ContactAddress,
    Erasure,
    Lease,
    Outbox,
    Process,
    Ticket,
    WebSession,
)
from tests.gateway.desk_world import NOW, World, mail
from tests.postdesk.backup_world import Two, both, is_well
from tests.postdesk.erasure_world import ADDRESS, BOB, command

DEAD = f"{name_of().rpartition(':')[0]}:999999999.1"  # a process of this machine that runs no more


@pytest.fixture(params=["sqlite", "postgres"])
def two(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Two]:
    """A desk to be backed up, on each kind of database."""
    postgres = None if request.param == "sqlite" else request.getfixturevalue("postgres")
    with both(tmp_path, monkeypatch, postgres) as made:
        yield made


def test_nothing_is_given_out_twice(two: Two) -> None:
    """Ids and ticket numbers of the time after the backup are not used again."""
    two.world.clock.now = datetime.now(UTC)  # numbers are of today
    two.world.take(mail(BOB, "Before", "One."))
    made = two.backup()
    later = two.world.take(mail(BOB, "After", "Two."))
    number = two.world.ticket(later.ticket_id).number
    two.restore(made)
    other = two.other()
    world = World(other.database, two.into)
    world.clock.now = datetime.now(UTC)
    fresh = world.take(mail(BOB, "After the restore", "Three."))
    opened_now = world.ticket(fresh.ticket_id)
    assert opened_now.number != number
    assert opened_now.id > 1_000_000_000
    assert int(opened_now.number.partition(".")[2]) > 5000
    world.spool.close()
    is_well(other)
    other.database.close()


def test_letters_that_waited_wait_for_a_person(two: Two) -> None:
    """None goes out twice by itself: they are listed, sent or given up by hand."""
    made = two.backup()
    with two.house.database.reading() as session:
        waiting = session.scalar(select(func.count()).where(Outbox.state == "waiting")) or 0
    assert waiting > 3
    assert f"{waiting} letters waited and may have gone out since" in two.restore(made)
    other = two.other()
    with other.database.reading() as session:
        ids = session.scalars(select(Outbox.id).where(Outbox.state == "held").order_by(Outbox.id)).all()
    assert len(ids) == waiting
    listed = command(other, "restored", "--json").output.splitlines()
    assert {json.loads(line)["id"] for line in listed} == set(ids)
    assert command(other, "restored", "--send", str(ids[0])).output == "1 letter will go out.\n"
    assert command(other, "restored", "--drop", str(ids[0])).exit_code == 65
    assert command(other, "restored", "--drop", "--all").output == f"{waiting - 1} letters will not go out.\n"
    assert command(other, "restored").output == "None wait.\n"
    assert command(other, "restored", "--send").exit_code == 64
    with other.database.reading() as session:
        states = dict(session.execute(select(Outbox.state, func.count()).group_by(Outbox.state)).all())
    assert states == {"waiting": 1, "uncertain": waiting - 1}
    is_well(other)
    other.database.close()


def test_letters_that_waited_can_go(two: Two) -> None:
    """With --send-waiting they go out as the same mails."""
    made = two.backup()
    assert "go out now" in two.restore(made, "--send-waiting")
    other = two.other()
    with other.database.reading() as session:
        assert set(session.scalars(select(Outbox.state))) == {"waiting"}
        assert set(session.scalars(select(Outbox.lease_until))) == {None}
    other.database.close()


def test_what_may_have_been_used_has_ended(two: Two) -> None:
    """One-time passwords, sessions, access tokens, and an announcement that was on its way."""
    with two.house.database.transaction() as session:
        ids = two.house.database.ids
        session.execute(update(Account).values(once_hash="x" * 64, once_nonce=b"n" * 16, once_kind="password"))
        account_id = session.scalars(select(Account.id)).first()
        assert account_id is not None
        tokens.make(session, account_id, "reports", 30, may_write=False, now=NOW, next_id=ids.next)
        session.add(Announcement(id=ids.next(), title="Mains off", starts_at=NOW, created_at=NOW))
    made = two.backup()
    said = two.restore(made)
    assert "“Mains off” may have gone to everybody" in said
    assert "1 access tokens of programs have ended" in said
    other = two.other()
    with other.database.reading() as session:
        assert set(session.scalars(select(Account.once_hash))) == {""}
        assert session.scalars(select(WebSession.key)).all() == []
        assert session.scalars(select(AccessToken.id)).all() == []
        assert session.scalars(select(Announcement.told_at)).one() is not None
    other.database.close()


def test_never_under_a_running_desk(two: Two) -> None:
    """A lease or a process that lives is reason enough, a dead one is none; --replace puts what is there aside."""
    made = two.backup()
    two.restore(made)
    other = two.other()
    now = datetime.now(UTC)
    with other.database.transaction() as session:
        session.add(Lease(name="schedule", holder="elsewhere:1", until=now + timedelta(minutes=2)))
    assert "(elsewhere:1)" in two.restore(made, "--replace", "--yes", code=75)
    with other.database.transaction() as session:
        session.execute(delete(Lease))
        session.add(Process(name="elsewhere:2", roles=[], version="", schema="", started_at=now, seen_at=now))
    assert "elsewhere:2" in two.restore(made, "--replace", "--yes", code=75)
    with other.database.transaction() as session:
        session.execute(delete(Process))
        session.add(Process(name=DEAD, roles=[], version="", schema="", started_at=now, seen_at=now))
        session.add(Lease(name="backup", holder=f"{DEAD}.0a1b", until=now + timedelta(minutes=5)))
    other.database.close()
    if two.url:
        assert "is not empty" in two.restore(made, "--replace", "--yes", code=73)
        assert (two.into / "secret.key").is_file()  # what was put aside is back
        return
    assert "Nothing was changed" in two.restore(made, "--replace", code=64)
    assert "What was there before is in" in two.restore(made, "--replace", "--yes")
    again = two.other()
    is_well(again)
    again.database.close()


def test_without_secrets_or_bytes(two: Two) -> None:
    """What holds a key or a password stays out; a restore then wants the settings from somebody else."""
    made = two.backup(secrets=False, blobs=False)
    names = set(made.manifest.files)
    assert "files/secret.key" not in names
    assert not (made.folder / "blobs").exists()
    assert any(one.endswith("secret.key") for one in made.left_out)
    two.into.mkdir()
    shutil.copy(two.house.settings.secrets.key_file, two.into / "secret.key")
    said = two.restore(made)
    assert "Big mails and attachments were not in the backup" in said


def test_a_password_in_the_settings_is_a_secret(two: Two) -> None:
    """Then the settings file is one, too."""
    with two.house.loaded.file.open("a", encoding="utf-8") as file:  # type: ignore[union-attr]
        file.write('password = "sample"\n')
    made = two.backup(secrets=False)
    assert made.manifest.settings == ""
    assert str(two.house.loaded.file) in made.left_out


def test_whoever_was_erased_is_erased_again(two: Two) -> None:
    """The list beside the backups knows them, without their addresses."""
    made = two.backup()
    erasing_run.run(two.house, ADDRESS, Wish(words=True), lambda _: None, just_now=timedelta())
    two.backup()
    listed = (two.out / "erased.json").read_text(encoding="utf-8")
    assert "customer.test" not in listed
    assert len(json.loads(listed)["erased"]) == 1
    assert "1 erasures are newer than the backup: 1 people were erased again." in two.restore(made)
    other = two.other()
    with other.database.reading() as session:
        assert session.get(ContactAddress, ADDRESS) is None
        assert session.scalars(select(Ticket.title).where(Ticket.title == "[erased]")).all() == ["[erased]"]
        assert session.scalar(select(func.count()).select_from(Erasure)) == 1
    is_well(other)
    other.database.close()
