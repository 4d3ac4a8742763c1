"""What is easily left behind of an erased person: accents, letters on their way, names where they only took part."""

import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from sqlalchemy import select, update

from desk.erasing import Wish
from postdesk import erasing_run
from postdesk.wiring import House
from store.tables import ContactAddress, Erasure, Event, ImportRun, Outbox, Participant, RawMail, Ticket
from tests.gateway.desk_world import NOW, World, mail
from tests.postdesk import erasure_world
from tests.postdesk.erasure_world import ADDRESS, BOB, MARKS, NAME, SAM, command, fill, letter_from_ann, opened, traces


@pytest.fixture(params=["sqlite", "postgres"])
def desk(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[House, World]]:
    """A desk on each kind of database."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres").filled_database()
    with opened(tmp_path, url, monkeypatch) as made:
        yield made


def erase(house: House, address: str = ADDRESS, *, words: bool = False) -> erasing_run.Erased:
    """As the command does it, without waiting for bytes to grow old."""
    return erasing_run.run(house, address, Wish(words=words), lambda _: None, just_now=timedelta())


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_capitals_that_are_not_ascii(
    desk: tuple[House, World], monkeypatch: pytest.MonkeyPatch, form: Literal["NFC", "NFD"]
) -> None:
    """A name with accents is found in titles, entries, changes, and in what an import said of its rows."""
    monkeypatch.setattr(erasure_world, "NAME", "Özlem Ünal")
    house, world = desk
    ticket = fill(house, world)
    spelled = unicodedata.normalize(form, "ÖZLEM Ünal")
    with house.database.transaction() as session:
        session.add(ImportRun(id=house.database.ids.next(), file_name="b.csv", by="x", rows=[[2, spelled]], at=NOW))
        session.execute(update(Ticket).where(Ticket.id == ticket).values(title=f"For {spelled}"))
    erase(house)
    assert world.ticket(ticket).title == "For Erased person 1"
    with house.database.reading() as session:
        kept = [repr((one.author, one.text, one.changes)) for one in session.scalars(select(Event))]
        kept += [repr(one.rows) for one in session.scalars(select(ImportRun))]
    assert not [one for one in kept if "zlem" in one.lower()]


def test_letters_to_others_are_written_anew(desk: tuple[House, World]) -> None:
    """Those that a restore put aside, and those whose sender died, too: their bytes hold the name."""
    house, world = desk
    ticket = world.take(letter_from_ann("My request", "It is broken.")).ticket_id
    assert ticket
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    held = _letter(house, ticket, state="held")
    freed = _letter(house, ticket, lease_until=an_hour_ago)
    of_many = _letter(house, None)  # about several new tickets
    erase(house)
    with house.database.reading() as session:
        letters = [session.get_one(Outbox, one) for one in (held, freed, of_many)]
    assert [(one.state, one.rendered) for one in letters] == [("held", None), ("waiting", None), ("waiting", None)]


def test_a_letter_to_others_that_is_being_sent(desk: tuple[House, World], monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts as busy, and is written anew when its sender gave it back: the erasure has not ended before."""
    house, world = desk
    monkeypatch.setattr(erasing_run, "_PATIENCE", 1)
    monkeypatch.setattr("time.sleep", lambda _: None)
    ticket = world.take(letter_from_ann("My request", "It is broken.")).ticket_id
    assert ticket
    letter = _letter(house, ticket, lease_until=datetime.now(UTC) + timedelta(minutes=5))
    assert erase(house).busy == 1
    with house.database.transaction() as session:
        session.execute(update(Outbox).where(Outbox.id == letter).values(lease_until=None))
    assert erase(house).report["state"] == "done"
    with house.database.reading() as session:
        assert session.get_one(Outbox, letter).rendered is None
        assert not {"near", "sending"} & set(session.scalars(select(Erasure)).one().report)


def _letter(house: House, ticket: int | None, state: str = "waiting", lease_until: datetime | None = None) -> int:
    kind = "customer_wrote" if ticket else "new_tickets"
    letter = Outbox(
        id=house.database.ids.next(), kind=kind, recipient=SAM, ticket_id=ticket, context={}, state=state,
        lease_until=lease_until, rendered=f"From: {NAME}".encode(), message_id="<y@desk.test>", next_at=NOW,
        created_at=NOW,
    )  # fmt: skip
    with house.database.transaction() as session:
        session.add(letter)
        session.flush()
        return letter.id


def test_where_they_only_took_part(desk: tuple[House, World]) -> None:
    """A ticket that they neither asked for nor wrote to loses their name, and the report says what is not searched."""
    house, world = desk
    world.take(letter_from_ann("My request", "It is broken."))
    other = world.take(mail(BOB, "Another thing", f"{NAME} should know.")).ticket_id
    assert other
    with house.database.transaction() as session:
        ann = session.get_one(ContactAddress, ADDRESS).contact_id
        session.add(Participant(ticket_id=other, contact_id=ann, added_at=NOW))
        changes = {"additional contacts": ["", NAME]}
        new = house.database.ids.next()
        session.add(Event(id=new, ticket_id=other, at=NOW, kind="change", visibility="public", changes=changes))
    report = erase(house).report
    assert traces(house, NAME.encode(), ADDRESS.encode()) == {}
    assert "Erased person 1 should know." in world.events(other)[0].text
    assert any(line.startswith("Not searched") for line in report["stays"])


def test_mails_of_whoever_is_called_alike_stay(desk: tuple[House, World]) -> None:
    """An address that only contains theirs makes nobody's mails go."""
    house, world = desk
    world.take(letter_from_ann("My request", "It is broken."))
    like = f"jo{ADDRESS}"
    kept = world.take(mail(BOB, "Another thing", f"Tell {like}.\n" + "a line of text\n" * 3))
    with house.database.transaction() as session:
        session.execute(update(RawMail).where(RawMail.id == kept.received_id).values(data=b"nothing of her"))
    erase(house)
    with house.database.reading() as session:
        assert session.get(RawMail, kept.received_id) is not None


def test_bytes_that_came_a_moment_ago_go_later(desk: tuple[House, World], monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that names them may not be committed yet: they wait in the erasure, and a timer takes them later."""
    from postdesk import erasing_young

    house, world = desk
    fill(house, world)
    done = erasing_run.run(house, ADDRESS, Wish(words=True), lambda _: None)
    assert (done.report["counts"]["bytes"], len(_waiting(house))) == (0, 2)
    assert any("when they are an hour old" in line for line in done.told)
    erasing_young.settle(house)
    assert len(_waiting(house)) == 2
    monkeypatch.setattr(erasing_young, "JUST_NOW", timedelta())
    erasing_young.settle(house)
    assert _waiting(house) == []
    assert set(traces(house, *MARKS)) <= {erasure_world.PHONE.encode()}


def _waiting(house: House) -> list[str]:
    with house.database.reading() as session:
        digests: list[str] = session.scalars(select(Erasure)).one().report.get("digests", [])
    return digests


def test_others_wait_while_free_space_is_cleaned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The right to write is held as by every writer; how long that may take is said before the question."""
    with opened(tmp_path, "", monkeypatch) as (house, world):
        fill(house, world)
        other = House(house.loaded)
        other.database._writer_lock._seconds = 0.01  # type: ignore[union-attr]
        with house.database.alone(), pytest.raises(TimeoutError), other.database.transaction():
            pass
        other.database.close()
        asked = command(house, "contact", "erase", ADDRESS, "--dry-run")
        assert "is written anew. That may take 1 seconds" in asked.output
        assert "is written anew" not in command(house, "contact", "erase", ADDRESS, "--dry-run", "--no-vacuum").output


def test_nobody_is_erased_whom_nothing_names(desk: tuple[House, World]) -> None:
    """An address that is nowhere: said, and no erasure is noted; one that only a text names can be erased."""
    house, world = desk
    fill(house, world)
    nobody = command(house, "contact", "erase", "nicht eine adresse", "--yes")
    assert nobody.exit_code == 66, nobody.output
    assert "Nothing in the desk names nicht eine adresse." in nobody.output
    with house.database.reading() as session:
        assert session.scalars(select(Erasure.id)).all() == []
    world.take(mail(BOB, "A hint", "Ask named@only-there.test about it."))
    named = command(house, "contact", "erase", "named@only-there.test", "--dry-run")
    assert named.exit_code == 0, named.output
    assert "mails and letters may name it" in named.output
