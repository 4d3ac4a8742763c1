"""Acts on a ticket: notes with their files, people, alerts; done whole or not at all, on both databases."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import pytest
from sqlalchemy import func, select

from desk.access import Person
from desk.acting import alerting, files, notes, possible, taking_part
from desk.acting.notes import Wanted
from desk.acting.rules import Desk, NotThere, Refused, Rules
from desk.acting.stage import Stage, on_ticket
from desk.caps import Caps
from desk.files import FilePolicy
from desk.said import Said
from store.blobs import FolderBlobs
from store.database import Database
from store.tables import Alert, Base, Contact, Event, Outbox, Participant, Ticket
from tests.portal.world import START, Clock, World, build, fill, seed
from tests.servers import Postgres

NUMBER = "T20190409.0967"


@dataclass
class Chosen:
    """A file as a form brings it."""

    name: str
    data: bytes = b"some bytes"
    declared_type: str = "text/plain"

    def __post_init__(self) -> None:
        self.file: BinaryIO = io.BytesIO(self.data)

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.data)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A desk of its own for each test."""
    made = build(tmp_path)
    yield made
    made.close()


def desk(world: World, **rules: object) -> Desk:
    """Where acts are done."""
    return Desk(world.database, world.blobs, replace(Rules(), **rules))  # type: ignore[arg-type]


def who(world: World, name: str) -> Person:
    """Somebody of the sample desk, signed in."""
    if name == "sam":
        return Person(staff_id=world.ids["sam"])
    with world.database.reading() as session:
        contact = session.get_one(Contact, world.ids[name])
        return Person(contact_id=contact.id, organisation_id=contact.organisation_id)


def counts(world: World) -> tuple[int, ...]:
    """How many rows there are of all that an act may write."""
    with world.database.reading() as session:
        tables = (Event, Outbox, Participant, Contact, Alert)
        return tuple(session.scalar(select(func.count()).select_from(table)) or 0 for table in tables)


FIELDS = ("copies", "copies", "note", "people", "stages")  # that a refusal of each act is about


def act_of(stage: Stage, place: int) -> None:
    """An act that comes to nothing, some of it only when a part of it was done."""
    if place == 0:
        notes.write(stage, Wanted("Words.", copies="max@customer.test; sam@example.test"))
    elif place == 1:
        notes.write(stage, Wanted("Words.", copies="new@elsewhere.test; half@"))
    elif place == 2:
        notes.write(stage, Wanted("", append=True, copies="max@customer.test"))
    elif place == 3:
        taking_part.add(stage, "new@elsewhere.test, jane@")
    else:
        alerting.want(stage, ["due", "never"])


def test_a_refused_act_leaves_everything_as_it_was(world: World) -> None:
    """No entry, no letter, no contact that was made on the way."""
    before = counts(world)
    for place in range(5):
        with pytest.raises(Refused) as error, on_ticket(desk(world), who(world, "jane"), NUMBER, START) as on:
            act_of(on, place)
        assert error.value.field == FIELDS[place]
        assert isinstance(error.value.said, Said)
        assert counts(world) == before


def test_copies_are_for_those_who_may_and_are_capped(world: World) -> None:
    """By the settings, and at most so many letters to one address in a day; who said “stop” gets none."""
    jane, words = who(world, "jane"), Wanted("Words.", copies="max@customer.test")
    with (
        pytest.raises(Refused, match="sends no copies"),
        on_ticket(desk(world, copies=False), jane, NUMBER, START) as on,
    ):
        notes.write(on, words)
    capped = desk(world, caps=Caps(automatic_letters_per_day=1))
    with on_ticket(capped, jane, NUMBER, START) as on:
        notes.write(on, words)
    with pytest.raises(Refused, match="too many letters"), on_ticket(capped, jane, NUMBER, START) as on:
        notes.write(on, words)
    with world.database.transaction() as session:
        session.get_one(Contact, world.ids["zoe"]).muted = True
    with pytest.raises(Refused, match="wants no mail"), on_ticket(desk(world), jane, NUMBER, START) as on:
        notes.write(on, replace(words, copies="zoe@customer.test"))


def test_an_address_of_the_desk_takes_no_part(world: World) -> None:
    """Letters to it would come back as mail."""
    own = desk(world, is_ours=lambda address: address.lower() == "service@example.test")
    with (
        pytest.raises(Refused, match="an address of this desk"),
        on_ticket(own, who(world, "jane"), NUMBER, START) as on,
    ):
        taking_part.add(on, "Service@Example.test")


def test_people_who_are_gone_are_not_added(world: World) -> None:
    """Deactivated, or without letters about this ticket by their own wish."""
    with world.database.transaction() as session:
        session.get_one(Contact, world.ids["zoe"]).deactivated_at = START
        phones = world.ids["phones"]
        session.add(
            Participant(ticket_id=phones, contact_id=world.ids["max"], added_at=START, muted=True, removed_at=START)
        )
    with (
        pytest.raises(Refused, match="is deactivated"),
        on_ticket(desk(world), who(world, "jane"), NUMBER, START) as on,
    ):
        taking_part.add(on, "zoe@customer.test")
    with (
        pytest.raises(Refused, match="Nobody was added"),
        on_ticket(desk(world), who(world, "jane"), NUMBER, START) as on,
    ):
        taking_part.add(on, "max@customer.test")


def test_files_are_kept_block_by_block(world: World) -> None:
    """The bytes as they came, however many blocks; at most so many files, and the settings say how large."""
    data = bytes(range(256)) * 3_000
    kept = files.keep(desk(world), [Chosen("a.bin", data, "application/octet-stream"), Chosen("a.bin", b"other")])
    assert [file.name for file in kept.files] == ["a.bin", "a-2.bin"]
    assert world.blobs.read(kept.files[0].digest) == data
    few = desk(world, files=FilePolicy(1000, 1, frozenset({"exe"})))
    kept = files.keep(few, [Chosen("one.txt"), Chosen("two.txt"), Chosen("big.txt", b"x" * 1001)])
    assert [file.name for file in kept.files] == ["one.txt"]
    assert kept.refused == (
        "two.txt is one file too many: 1 can be added at a time",
        "big.txt is larger than 0.000953674 MB",
    )
    assert list(world.blobs.root.glob("incoming/*")) == []


def test_names_of_files_are_harmless(world: World) -> None:
    """No path, no control characters, no ending that was not let in; a name is made where there is none."""
    uploads = [Chosen("../../etc/passwd"), Chosen("a\0b\r\n.txt"), Chosen("   ", b"%PDF-1.7 sample", "application/pdf")]
    assert [file.name for file in files.keep(desk(world), uploads).files] == ["passwd", "a b .txt", "attachment-3.pdf"]
    kept = files.keep(desk(world), [Chosen("plan.PDF", b"%PDF-1.7")], "../the plan.pdf")
    assert [(file.name, file.original_name) for file in kept.files] == [("the plan.pdf", "plan.PDF")]
    assert files.keep(desk(world), [Chosen("x.txt", b"\x7fELF\2\1\1\0" + b"\0" * 300)]).files == ()


def test_what_is_possible_is_what_is_done(world: World) -> None:
    """Pages offer nothing that would be refused to a stranger, a colleague, the contact; nor on what is done."""

    def of(name: str, number: str = NUMBER) -> possible.Possible:
        with on_ticket(desk(world), who(world, name), number, START) as on:
            return possible.of(on.author, on.ticket, {}, on.desk.rules, START)

    jane = of("jane")
    assert (jane.note, jane.resolve, jane.share, jane.stop, jane.watch, jane.leave) == (
        True,
        True,
        True,
        True,
        False,
        False,
    )
    assert of("sam").remove_files
    with world.database.reading() as session:
        done = session.get_one(Ticket, world.ids["done"]).number
    old = of("jane", done)
    assert (old.note, old.resolve, old.withdraw, old.reopen, old.remove_files) == (False,) * 5
    with pytest.raises(NotThere):
        of("max")


@pytest.mark.peer
def test_the_acts_on_postgresql(tmp_path: Path) -> None:
    """A note with everything, people, alerts, a file that is removed."""
    with Postgres() as server:
        database = Database(server.fresh_database())
        Base.metadata.create_all(database.engine)
        seed(database)
        world = fill(World(database, FolderBlobs(tmp_path), Clock()))
        try:
            jane = who(world, "jane")
            kept = files.keep(desk(world), [Chosen("notes.txt")], "the notes")
            with on_ticket(desk(world), jane, NUMBER, START) as on:
                text = Wanted("Words.\0", "Title", kept.files, "max@customer.test; new@elsewhere.test", append=True)
                event_id = notes.write(on, text)
            with on_ticket(desk(world), jane, NUMBER, START) as on:
                taking_part.add(on, "new@elsewhere.test")
                alerting.want(on, ["due", "overdue"])
            with on_ticket(desk(world), jane, NUMBER, START) as on:
                notes.remove_file(on, world.ids["log"])
                taking_part.share(on, shared=False)
                taking_part.stop(on)
            with database.reading() as session:
                event = session.get_one(Event, event_id)
                assert (event.text, event.title) == ("Words.", "Title")
                assert session.scalars(select(Alert)).all() == []
                assert session.get_one(Ticket, world.ids["phones"]).requester_muted
        finally:
            world.close()
