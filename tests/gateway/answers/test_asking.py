"""Questions by mail from the wire to the letter: what is asked, by whom, and what it changes."""

from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.compose import Composer
from gateway.letter import Letter
from store.tables import Contact
from tests.gateway.answers.answer_world import DESK_FACTS
from tests.gateway.desk_world import ADDRESSES, ANN, DESK, EVE, KEYS, NUMBER, REM, People, World, mail

TEMPLATES = Path(__file__).parents[3] / "templates" / "mail"


def composer(world: World) -> Composer:
    """What renders the letters of this desk."""
    return Composer(ADDRESSES, DESK_FACTS, TEMPLATES, keys=KEYS, blobs=world.blobs, clock=world.clock)


def sent(world: World, recipient: str) -> str:
    """The text of the letter that answers."""
    (row,) = world.letters("answer", recipient)
    with world.database.reading() as session:
        letter = composer(world).render_many(session, [row])[row.id]
    assert isinstance(letter, Letter)
    return letter.bytes.decode()


def columns(world: World, people: People) -> list[str]:
    """What Ann chose."""
    (found,) = world.all(select(Contact.columns).where(Contact.id == people.contacts[ANN]))
    return list(found)


def test_list_from_the_wire(world: World, people: People, tickets: dict[str, int]) -> None:
    """A mail with the subject #list my is answered with a letter that holds the tickets, and becomes none."""
    assert world.take(mail(ANN, "#list my", "", verdict="pass")).kind == "answered"
    assert "T20261120.0001" in sent(world, ANN)


@pytest.mark.feature("F126", "mail")
def test_status_from_the_wire(world: World, people: People) -> None:
    """A ticket by its number, for who may see it."""
    world.take(mail(ANN, f"#status {NUMBER}", "", verdict="pass"))
    assert "Phones are down" in sent(world, ANN)
    world.take(mail(REM, f"#status {NUMBER}", "", verdict="pass"))
    assert world.letters("answer", REM) == []
    (refused,) = world.letters("not_done", REM)
    assert refused.context["lines"] == [f"There is no ticket {NUMBER} among those that you can see."]


def test_nothing_is_told_without_proof(world: World, people: People, tickets: dict[str, int]) -> None:
    """A mail that nothing verifies gets a question first; one from a stranger the general help."""
    world.take(mail(ANN, "#list my", ""))
    assert world.letters("answer", ANN) == []
    assert len(world.letters("confirm", ANN)) == 1
    world.take(mail(EVE, "#help", ""))
    text = sent(world, EVE)
    assert "Plain words are enough" in text
    assert "T2026" not in text


def test_columns_are_kept(world: World, people: People) -> None:
    """#columns keeps the choice in its order, in whatever words; an unknown one is named with those there are."""
    world.take(mail(ANN, "#columns title, Ticket Contact, Serial Number, titel, number", "", verdict="pass"))
    assert columns(world, people) == ["number", "title", "contact", "serial"]
    (done,) = world.letters("done", ANN)
    assert done.context["lines"] == ["Your lists show: Number, Title, Contact, Item serial number."]
    world.take(mail(ANN, "#columns title, colour", "", verdict="pass"))
    (refused,) = world.letters("not_done", ANN)
    assert "There is no column “colour”. There are: Number, Status, Title" in refused.context["lines"][0]
    assert "Assignee" not in refused.context["lines"][0]
    assert columns(world, people) == ["number", "title", "contact", "serial"]
    world.take(mail(ANN, "#columns default", "", verdict="pass"))
    assert columns(world, people) == []
    world.take(mail(ANN, "#columns", "", verdict="pass"))
    assert "Your lists show" in sent(world, ANN)


def test_one_word_in_a_reply(world: World, people: People) -> None:
    """“status” as the whole reply to a letter about a ticket."""
    to = ADDRESSES.reply_to(DESK, people.token(ANN))
    world.take(mail(ANN, f"Re: [{NUMBER}] Phones are down", "status", to=to), recipients=(to,))
    assert "Phones are down" in sent(world, ANN)
