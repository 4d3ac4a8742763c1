"""`postdesk verify` finds what is wrong, names it, and raises no false alarm."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from postdesk import verify_blobs
from postdesk.verify import Finding, Source, verify
from postdesk.verify_names import Named, named
from postdesk.wiring import House
from store.tables import (
    Attachment,
    Contact,
    Delivery,
    Disposition,
    Event,
    IdBlock,
    JobRun,
    MailKey,
    NumberSeries,
    Outbox,
    RawMail,
    ReceivedMail,
    Tally,
    Ticket,
)
from tests.gateway.desk_world import NOW, World, mail
from tests.postdesk.erasure_world import BOB, command, fill, opened


@pytest.fixture(params=["sqlite", "postgres"])
def desk(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[House, World]]:
    """A desk with some mails, on each kind of database."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres").filled_database()
    with opened(tmp_path, url, monkeypatch) as (house, world):
        fill(house, world)
        yield house, world


def faults(house: House, *, quick: bool = False) -> list[Finding]:
    """What is wrong with it."""
    source = Source(house.database.reading, house.database.is_sqlite, house.blobs)
    return [one for one in verify(source, datetime.now(UTC), quick=quick) if one.faults]


def first_mail(session: Session) -> int:
    """The id of the first mail."""
    return session.scalars(select(ReceivedMail.id).order_by(ReceivedMail.id)).first() or 0


def lose_an_outcome(session: Session) -> None:
    """Neither waiting nor decided; the tally goes along, so that only that is wrong."""
    session.execute(update(ReceivedMail).where(ReceivedMail.id == first_mail(session)).values(waiting=True))


def lose_bytes(session: Session) -> None:
    """A small mail without its bytes."""
    session.execute(delete(RawMail).where(RawMail.id == first_mail(session)))


def cut_bytes(session: Session) -> None:
    """A small mail that is shorter than noted."""
    session.execute(update(RawMail).where(RawMail.id == first_mail(session)).values(data=b"short"))


def count_wrong(session: Session) -> None:
    """The ledger is one off."""
    session.execute(update(Tally).where(Tally.name == "opened").values(value=Tally.value + 1))


def early_entry(session: Session) -> None:
    """An entry from before its ticket."""
    ids = session.scalars(select(Event.id)).first()
    session.execute(update(Event).where(Event.id == ids).values(at=NOW - timedelta(days=9)))


def reuse_numbers(session: Session) -> None:
    """A series that is behind its tickets."""
    session.execute(update(NumberSeries).values(last=1))


def reuse_ids(session: Session) -> None:
    """A block of ids that is behind its rows."""
    session.execute(update(IdBlock).values(next=2))


def sent_by_nobody(session: Session) -> None:
    """A letter that is sent, and no attempt is noted."""
    letter = session.scalars(select(Outbox.id).where(~Outbox.id.in_(select(Delivery.outbox_id)))).first()
    session.execute(update(Outbox).where(Outbox.id == letter).values(state="sent"))


def stuck(session: Session) -> None:
    """A letter that somebody claimed and never went on with."""
    letter = session.scalars(select(Outbox.id).where(Outbox.state == "waiting")).first()
    session.execute(update(Outbox).where(Outbox.id == letter).values(lease_until=NOW - timedelta(days=9)))


@pytest.mark.parametrize(
    "damage, part, words",
    [
        (lose_an_outcome, "outcomes", "mails wait, and have an outcome already"),
        (lose_bytes, "mails", "mails have lost their bytes"),
        (cut_bytes, "mails", "mails have another size than noted"),
        (count_wrong, "ledger", "it does not add up"),
        (early_entry, "histories", "entries are older than their ticket"),
        (reuse_numbers, "numbers", "ticket numbers would be given out again"),
        (reuse_ids, "ids", "tables hold ids that will be given out again"),
        (sent_by_nobody, "letters", "letters are sent, and no attempt is noted"),
        (stuck, "letters", "letters were claimed more than a day ago"),
    ],
)
def test_each_fault_is_found(
    desk: tuple[House, World], damage: Callable[[Session], None], part: str, words: str
) -> None:
    """By its own part, in a sentence."""
    house, _ = desk
    assert faults(house) == []
    with house.database.transaction() as session:
        damage(session)
    found = faults(house)
    assert any(one.part == part and words in one.text for one in found), [one.line for one in found]
    with house.database.transaction() as session:  # the fixtures' own look at the ledger
        session.execute(update(ReceivedMail).values(waiting=False))


def test_bytes_that_are_missing_changed_or_of_another_size(desk: tuple[House, World]) -> None:
    """Each by its digest; a quick look finds what is missing and reads nothing."""
    house, _ = desk
    with house.database.reading() as session:
        attachment = session.scalars(select(Attachment.digest)).first() or ""
        mail = session.scalars(select(ReceivedMail.blob).where(text("received_mail.blob <> ''"))).first() or ""
    with house.database.transaction() as session:
        session.execute(update(ReceivedMail).where(ReceivedMail.blob == mail).values(size=ReceivedMail.size + 1))
    assert {(one.text[:29], one.examples) for one in faults(house)} == {("1 have another size than thei", (mail,))}
    file = house.blobs.path(attachment)  # type: ignore[attr-defined]
    kept = file.read_bytes()
    file.write_bytes(kept[:-1] + b"!")
    assert attachment in {name for one in faults(house) for name in one.examples}
    assert faults(house, quick=True) == []
    file.unlink()
    (missing,) = faults(house, quick=True)
    assert (missing.part, missing.examples) == ("bytes", (attachment,))
    with house.database.reading() as session:
        number = session.scalars(
            select(Ticket.number).join(Attachment, Attachment.ticket_id == Ticket.id)
            .where(Attachment.digest == attachment)
        ).first()  # fmt: skip
    assert f"of ticket {number}." in missing.line
    assert f"in your backups, in blobs/{attachment[:2]}/" in missing.line
    house.blobs.path(mail).unlink()  # type: ignore[attr-defined]
    (both,) = faults(house, quick=True)
    assert f"{mail[:12]}…: the mail " in both.line


def test_what_retention_took_is_no_fault(desk: tuple[House, World]) -> None:
    """Mails up to the mark of the timer may have no bytes; a held one must have them."""
    house, _ = desk
    with house.database.transaction() as session:
        session.execute(delete(RawMail))
        session.execute(update(ReceivedMail).values(blob=""))
        session.add(JobRun(name="old-mails", done_for="20270101000000000000-0", at=NOW))
    assert faults(house) == []
    with house.database.transaction() as session:
        session.execute(update(Disposition).where(Disposition.received_id == first_mail(session)).values(kind="held"))
    assert "mails have lost their bytes" in " ".join(one.text for one in faults(house))
    with house.database.transaction() as session:
        session.execute(update(Disposition).values(kind="opened"))


def test_new_mail_meanwhile_is_no_fault(desk: tuple[House, World], monkeypatch: pytest.MonkeyPatch) -> None:
    """Mail that comes, and bytes that are forgotten, while it looks: all is well all the same."""
    house, world = desk
    done = set[str]()

    def meanwhile(session: Session, part: str) -> list[Named]:
        rows = named(session, part)
        if rows and part not in done:
            done.add(part)
            with house.database.transaction() as writing:
                writing.execute(delete(Attachment).where(Attachment.digest == rows[0].digest))
                mails = update(ReceivedMail).where(ReceivedMail.blob == rows[0].digest)
                writing.execute(mails.values(blob="", size=0))
            house.blobs.forget(rows[0].digest, datetime.now(UTC) + timedelta(seconds=1))
            fill_again(world)
        return rows

    monkeypatch.setattr(verify_blobs, "named", meanwhile)
    assert [one.line for one in faults(house)] == []


def fill_again(world: World) -> None:
    """One more mail comes."""
    world.take(mail(BOB, "Meanwhile", "One more."))


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain sentences and 0; with a fault 1; for programs one object."""
    with opened(tmp_path, "", monkeypatch) as (house, world):
        fill(house, world)
        well = command(house, "verify")
        assert (well.exit_code, well.output.splitlines()[-1]) == (0, "All is well.")
        with house.database.transaction() as session:
            mail_key = session.scalars(select(MailKey.received_id)).first()
            session.execute(update(ReceivedMail).where(ReceivedMail.id == mail_key).values(waiting=True))
        quick = command(house, "verify", "--quick")
        assert "No bytes of mails and files were read" in quick.output
        bad = command(house, "verify", "--json", "--quick")
        assert bad.exit_code == 1
        said = json.loads(bad.output)
        assert said["faults"] >= 1
        assert {one["part"] for one in said["findings"] if one["faults"]} >= {"outcomes", "keys"}
        with house.database.transaction() as session:
            session.execute(update(ReceivedMail).values(waiting=False))


def test_references_and_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite: a row that refers to nothing is found."""
    with opened(tmp_path, "", monkeypatch) as (house, world):
        fill(house, world)
        raw = house.database.engine.raw_connection()
        connection = raw.driver_connection
        assert connection
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute("DELETE FROM contact WHERE id = (SELECT requester_id FROM ticket LIMIT 1)")
        raw.close()
        assert {one.part for one in faults(house)} == {"references"}
        with house.database.reading() as session:
            assert session.scalars(select(Ticket.id)).first()
            assert session.scalars(select(Contact.id)).first()
