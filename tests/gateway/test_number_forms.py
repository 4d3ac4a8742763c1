"""Mail to a desk whose tickets have numbers in a form of its own, on each kind of database."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from desk.numbers import Form, Numbers
from gateway.own_words import Told, lost
from store.database import Database
from store.tables import Ticket
from tests.gateway import desk_world as sample
from tests.gateway.commands.staff_mails import changes, other, refused, reply
from tests.gateway.desk_world import ANN, EVE, KIM, NUMBER, PAT, People, World

OWN = Numbers(Form.read("R-000000"), frozenset({"INC-"}))
MINE, OLD = "R-000123", "INC-00042"


@pytest.fixture
def world(database: Database, tmp_path: Path) -> Iterator[World]:
    """A desk that numbers by R-000000, and did by INC-00000 once."""
    with sample.opened(database, tmp_path, replace(sample.RULES, numbers=OWN)) as made:
        yield made


@pytest.fixture
def mine(world: World, people: People) -> int:
    """Ann's second ticket, R-000123; her first one is from before."""
    return other(world, people, number=MINE)


def ask(world: World, sender: str, subject: str, words: str = "Is there anything new?") -> tuple[str, str]:
    """What becomes of a mail, and of which ticket."""
    done = world.take(sample.mail(sender, subject, words, verdict="pass"))
    return done.kind, world.ticket(done.ticket_id).number


@pytest.mark.feature("F64")
def test_new_tickets(world: World, people: People) -> None:
    """They are R-000001 and so on; the receipt says it, and a reply finds the ticket by it."""
    assert [ask(world, KIM, "Printer"), ask(world, EVE, "Chair")] == [("opened", "R-000001"), ("opened", "R-000002")]
    assert ask(world, KIM, "AW: [R-000001] Printer") == ("noted", "R-000001")
    assert ask(world, EVE, "r-000002: and a desk") == ("noted", "R-000002")


@pytest.mark.feature("F64")
@pytest.mark.parametrize(
    "subject, number",
    [
        (f"[{MINE}]", MINE),
        (f"Re: AW: Fwd: [{MINE}] Phones", MINE),
        (f"about {MINE.lower()}, again", MINE),
        (f"=?utf-8?q?{''.join(f'={octet:02X}' for octet in MINE.encode())}?=", MINE),
        ("=?utf-8?q?Re=3A_=5BR-000?= =?utf-8?q?123=5D_T=C3=BCr?=", MINE),
        ("=?utf-8?b?" + "UuKAkzAwMDEyMw==" + "?=", MINE),
        (f"Re: {NUMBER}", NUMBER),
        (f"{OLD}", OLD),
    ],
    ids=["alone", "prefixes", "small", "encoded", "two words", "dash", "standard form", "form of old"],
)
def test_found_in_a_subject(world: World, people: People, mine: int, subject: str, number: str) -> None:
    """The new form, the one before, and always the standard one."""
    other(world, people, number=OLD)
    assert ask(world, ANN, subject) == ("noted", number)


@pytest.mark.feature("F64")
@pytest.mark.parametrize("subject", [f"INV-{MINE}", f"{MINE}-4", "R-123", "R000123", "R-000124", "X-000123"])
def test_what_is_no_number_of_ours(world: World, people: People, mine: int, subject: str) -> None:
    """A new ticket, whoever asks."""
    assert ask(world, ANN, subject) == ("opened", "R-000001")


@pytest.mark.feature("F64")
def test_a_right_number_gives_a_stranger_nothing(world: World, people: People, mine: int) -> None:
    """Numbers that count up are easily guessed: whoever guesses one has a ticket of their own, and learns nothing."""
    before, wrong = len(world.events(mine)), "R-000124"
    assert ask(world, EVE, f"Re: [{MINE}] Phones again") == ("opened", "R-000001")
    for number in (MINE, wrong):
        world.take(sample.mail(PAT, f"#status {number}", "", verdict="pass", message_id=f"<{number}@customer.test>"))
    right_one, wrong_one = (str(row.context) for row in world.letters() if row.recipient == PAT)
    assert f"There is no ticket {MINE} among those that you can see." in right_one
    assert right_one.replace(MINE, wrong) == wrong_one
    assert (len(world.events(mine)), world.people(mine), world.ticket(mine).status) == (before, set(), "In Progress")
    assert [row.recipient for row in world.letters() if row.ticket_id == mine] == []


@pytest.mark.feature("F64")
def test_commands_that_name_it(world: World, people: People, mine: int) -> None:
    """#link with and without a minus, #child, #merge, with both forms in one line."""
    third = other(world, people, number=OLD)
    world.take(reply(people, f"#link {MINE}, {OLD}"))
    assert world.links(people.ticket) == [(mine, "related"), (third, "related")]
    world.take(reply(people, f"#link -{MINE}"))
    assert world.links(people.ticket) == [(third, "related")]
    world.take(reply(people, "#child Order it", ticket=mine, number=MINE))
    assert ask(world, ANN, f"[{MINE}.001]") == ("noted", f"{MINE}.001")
    world.take(reply(people, f"#merge [{MINE.lower()}]"))
    assert world.ticket(people.ticket).merged_into_id == mine
    assert changes(world, people.ticket, "internal")["merged into"] == ["", MINE]
    assert ask(world, ANN, f"Re: {NUMBER}") == ("noted", MINE)


@pytest.mark.feature("F64")
def test_a_fault_shows_the_form(world: World, people: People) -> None:
    """The example is a number as this desk has them."""
    world.take(reply(people, "#merge R-123"))
    assert "it needs the number of one ticket, like #merge R-000967." in refused(world)


@pytest.mark.feature("F64")
def test_the_customers_own_number_looks_like_ours(world: World, people: People) -> None:
    """One that is no ticket of ours may be theirs."""
    values = {"customer_reference": "R-555555", "reference_key": "r-555555"}
    other(world, people, number=OLD, **values)
    assert ask(world, ANN, "R-555555: anything new?") == ("noted", OLD)
    assert ask(world, EVE, "R-555555: anything new?") == ("opened", "R-000001")


@pytest.mark.feature("F64")
def test_two_workers(world: World, people: People) -> None:
    """Each takes numbers while the other does: all are different, and every mail has its ticket."""
    for place in range(60):
        world.send(sample.mail(f"user{place}@customer.test", f"Matter {place}"))
    workers = [world.new_intake(batch=7) for _ in range(2)]

    def work(place: int) -> None:
        while workers[place].drain_once():
            pass

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))
    world.handle()
    found = world.all(select(Ticket.number).where(Ticket.number.like("R-%")))
    assert sorted(found) == [f"R-{place:06d}" for place in range(1, 61)]
    assert world.all(select(func.count()).select_from(Ticket)) == [61]


def test_the_end_of_our_letter() -> None:
    """A letter of ours that a mail program quotes without marks ends with the number: nothing of it is lost words."""
    text = f"Next week.\n\nYour reply goes to Ann.\n\nSomebody wrote:\n\n—\n{MINE} · Phones"
    assert lost(text, Told(), OWN) == ""
    assert lost(text, Told()) == "Your reply goes to Ann."
