"""Who sees and writes what across nested organisations, by mail: lists, single tickets, replies by number.

Group ── North ── York: Greta manages the group, Nora and Nick belong to the north, Yann to York; Olga is elsewhere.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import event

from desk.levels import Level, Levels
from store.database import Database
from store.tables import Contact, ContactAddress, Organisation, Ticket
from tests.gateway import desk_world as sample
from tests.gateway import rendering
from tests.gateway.desk_world import NOW, World

GRETA, NORA, NICK, YANN, OLGA = (f"{name}@{name}.test" for name in ("greta", "nora", "nick", "yann", "olga"))
NESTED = {"group": None, "north": "group", "south": "group", "york": "north", "other": None}
HOME = {GRETA: "group", NORA: "north", NICK: "north", YANN: "york", OLGA: "other"}
TICKETS = {
    "T20261120.0001": (GRETA, "group", True),
    "T20261120.0002": (NORA, "north", True),
    "T20261120.0003": (NORA, "north", False),  # not shared
    "T20261120.0004": (YANN, "york", True),
    "T20261120.0005": (OLGA, "other", True),
}
GROUP, NORTH, HIDDEN, YORK, OTHER = TICKETS


@dataclass(frozen=True)
class Nested:
    """Ids of organisations, contacts and tickets."""

    organisations: dict[str, int]
    contacts: dict[str, int]
    tickets: dict[str, int]


@pytest.fixture
def nested(world: World, people: object) -> Nested:
    """The organisations below each other; Greta's shows what is below it."""
    new = world.database.ids.next
    organisations = {name: new() for name in NESTED}
    contacts = {address: new() for address in HOME}
    with world.database.transaction() as session:
        for name, parent in NESTED.items():
            visibility = "sub-organisations" if name == "group" else "organisation"
            session.add(
                Organisation(
                    id=organisations[name], name=name, visibility=visibility, created_at=NOW,
                    parent_id=organisations[parent] if parent else None,
                )
            )  # fmt: skip
            session.flush()
        for address, home in HOME.items():
            row = Contact(id=contacts[address], organisation_id=organisations[home], known=True, created_at=NOW)
            row.addresses = [ContactAddress(address=address, written=address)]
            session.add(row)
    tickets = {}
    for number, (who, home, shared) in TICKETS.items():
        tickets[number] = sample.add_ticket(
            world.database, contacts[who], number, f"<{number}@x.test>", organisation_id=organisations[home],
            shared=shared, title=f"Matter of {home}",
        )  # fmt: skip
    return Nested(organisations, contacts, tickets)


def change(world: World, table: Any, row_id: int, **values: Any) -> None:
    """Change a row by hand."""
    with world.database.transaction() as session:
        for name, value in values.items():
            setattr(session.get_one(table, row_id), name, value)


def listed(world: World, who: str) -> set[str]:
    """The numbers in the answer to #list all."""
    world.take(sample.mail(who, "#list all", "", verdict="pass"))
    text = rendering.text(rendering.letters(world, "answer", who)[-1])
    return {number for number in TICKETS if number in text}


def shown(world: World, who: str) -> set[str]:
    """The numbers to which #status answers with the ticket."""
    found = set()
    for number in TICKETS:
        before = len(rendering.letters(world, recipient=who))
        world.take(sample.mail(who, f"#status {number}", "", verdict="pass"))
        (letter,) = rendering.letters(world, recipient=who)[before:]
        if "Matter of" in rendering.text(letter):
            found.add(number)
    return found


def written(world: World, nested: Nested, who: str) -> set[str]:
    """The tickets on which a reply by number became a public note of theirs."""
    found = set()
    for number, ticket_id in nested.tickets.items():
        done = world.take(sample.mail(who, f"Re: [{number}] Matter", "One more thing.", verdict="pass"))
        event = world.events(done.ticket_id)[-1]
        if done.ticket_id == ticket_id and event.visibility == "public" and event.text == "One more thing.":
            found.add(number)
    return found


SEES = {
    GRETA: {GROUP, NORTH, YORK},
    NORA: {NORTH, HIDDEN},
    NICK: {NORTH},
    YANN: {YORK},
    OLGA: {OTHER},
}


@pytest.mark.feature("F23", "mail")
@pytest.mark.feature("F26", "mail")
@pytest.mark.parametrize("who", SEES)
def test_matrix(world: World, nested: Nested, who: str) -> None:
    """From above one sees what is shared below; from below nobody sees up or sideways; nor what is not shared."""
    assert listed(world, who) == SEES[who]
    assert shown(world, who) == SEES[who]
    assert written(world, nested, who) == SEES[who]


@pytest.mark.parametrize(
    "who, sees, expected",
    [
        (GRETA, "own", {GROUP}),
        (GRETA, "organisation", {GROUP}),
        (NICK, "own", set()),
        (NICK, "sub-organisations", {NORTH, YORK}),
        (YANN, "sub-organisations", {YORK}),
    ],
)
def test_a_rule_for_one_person(world: World, nested: Nested, who: str, sees: str, expected: set[str]) -> None:
    """It counts more than what the organisation says, in both directions."""
    change(world, Contact, nested.contacts[who], sees=sees)
    assert listed(world, who) == shown(world, who) == written(world, nested, who) == expected


def test_a_rule_of_a_level(world: World, nested: Nested) -> None:
    """It stands between the person's and the organisation's."""
    levels = Levels((Level("Standard User", sees="own"), Level("Manager", sees="sub-organisations")))
    world.rules = replace(world.rules, levels=levels)
    world.intake = world.new_intake()
    assert written(world, nested, GRETA) == {GROUP}
    change(world, Contact, nested.contacts[NICK], level="Manager")
    assert written(world, nested, NICK) == {NORTH, YORK}
    change(world, Contact, nested.contacts[NICK], sees="organisation")
    assert written(world, nested, NICK) == {NORTH}


def test_changes_count_at_once(world: World, nested: Nested) -> None:
    """An organisation that moves, a ticket that is not shared any more, a person who is deactivated."""
    assert listed(world, GRETA) == {GROUP, NORTH, YORK}
    change(world, Organisation, nested.organisations["york"], parent_id=nested.organisations["other"])
    assert listed(world, GRETA) == shown(world, GRETA) == {GROUP, NORTH}
    change(world, Organisation, nested.organisations["other"], visibility="sub-organisations")
    assert listed(world, OLGA) == {OTHER, YORK}
    change(world, Ticket, nested.tickets[NORTH], shared=False)
    assert listed(world, GRETA) == {GROUP}
    change(world, Contact, nested.contacts[GRETA], deactivated_at=NOW)
    assert written(world, nested, GRETA) == set()


def test_who_is_deactivated_learns_nothing(world: World, nested: Nested) -> None:
    """No list, no status: not one word of a ticket."""
    change(world, Contact, nested.contacts[GRETA], deactivated_at=NOW)
    for subject in ("#list all", f"#status {NORTH}", "#search matter"):
        world.take(sample.mail(GRETA, subject, "", verdict="pass"))
    assert not any("Matter of" in rendering.text(one) for one in rendering.letters(world, recipient=GRETA))


def test_a_manager_of_the_group_is_a_colleague(world: World, nested: Nested) -> None:
    """By their own address and proof they write; with a forged one it waits for staff, as for any colleague."""
    done = world.take(sample.mail(GRETA, f"Re: [{YORK}]", "Is it solved?", verdict="pass"))
    assert (done.ticket_id, done.rule) == (nested.tickets[YORK], "E4-note")
    done = world.take(sample.mail(GRETA, f"Re: [{YORK}]", "Is it solved now?"))
    assert (done.ticket_id, done.rule) == (nested.tickets[YORK], "E4-lane")


def test_letters_look_at_rights_again(world: World, nested: Nested) -> None:
    """An alert that a manager asked for is written, and not any more once the ticket is not theirs to see."""
    world.take(sample.mail(GRETA, f"Re: [{YORK}]", "#alert completed", verdict="pass"))
    world.take(sample.mail(YANN, f"Re: [{YORK}]", "#resolve", verdict="pass"))
    assert len(rendering.letters(world, "alert", GRETA)) == 1
    change(world, Organisation, nested.organisations["york"], parent_id=None)
    assert rendering.letters(world, "alert", GRETA) == []


@contextmanager
def asked(database: Database) -> Iterator[list[str]]:
    """The queries while this is open that look below organisations."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "RECURSIVE" in statement:
            seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def test_one_query_for_a_batch(world: World, nested: Nested) -> None:
    """Only where somebody sees what is below them, and then one for all mails together."""
    with asked(world.database) as seen:
        world.take(sample.mail(OLGA, f"Re: [{OTHER}]", "Thanks for looking.", verdict="pass"))
        assert seen == []
        change(world, Contact, nested.contacts[NICK], sees="sub-organisations")
        for who in (GRETA, NICK, YANN):
            world.send(sample.mail(who, f"Re: [{YORK}]", f"From {who}", verdict="pass"))
        world.handle()
        assert len(seen) == 1
