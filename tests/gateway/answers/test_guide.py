"""#help tells each kind of person exactly what they can do here; #columns tells what lists show."""

import re
from dataclasses import replace

import pytest

from gateway.answers import answer_all
from gateway.commands import registry
from gateway.commands.spec import Who
from store.tables import Contact, Ticket
from tests.gateway.answers.answer_world import DESK_FACTS, FACTS, ask, change, row
from tests.gateway.desk_world import ANN, DESK, KIM, NUMBER, REM, SAM, People, World

_USAGE = re.compile(r"^#([a-z-]+)", re.MULTILINE)


def commands(text: str) -> set[str]:
    """The commands that a help explains."""
    return set(_USAGE.findall(text))


def expected(who: Who, *without: str) -> set[str]:
    """All commands of somebody that can be typed."""
    known = registry.of(who)
    return {spec.word for spec in known.values() if spec.line or spec.subject} - set(without)


@pytest.mark.feature("F39", "mail")
@pytest.mark.feature("F40", "mail")
@pytest.mark.parametrize("who, kind", [(ANN, "customer"), (KIM, "admin"), (SAM, "staff")])
def test_help_lists_exactly_their_commands(world: World, people: People, who: str, kind: Who) -> None:
    """Each command of this kind of person, and none of another."""
    change(world, Contact, people.contacts[KIM], level="Admin User")
    facts = replace(FACTS, private_notes=True, copies=True)
    answer = ask(world, people, who, "help", facts=facts)
    assert commands(answer.text) == expected(kind)
    assert answer.text.startswith("Plain words are enough")
    assert DESK in answer.text


def test_switches(world: World, people: People) -> None:
    """What the desk has switched off is not offered."""
    text = ask(world, people, ANN, "help", facts=replace(FACTS, private_notes=False, copies=False)).text
    assert commands(text) == expected("customer", "private", "copy")


def test_on_a_ticket(world: World, people: People, tickets: dict[str, int]) -> None:
    """The lines of a reply about this ticket, as it is now; lists are for a new mail."""
    text = ask(world, people, ANN, "help", ticket=people.ticket).text
    assert f"In a reply about {NUMBER}" in text
    assert {"resolve", "withdraw", "watch", "status"} <= commands(text)
    assert not {"reopen", "approve", "reject", "list", "queue", "note", "take"} & commands(text)
    change(world, Ticket, people.ticket, status="Resolved")
    text = ask(world, people, ANN, "help", ticket=people.ticket).text
    assert "reopen" in commands(text)
    assert "withdraw" not in commands(text)
    assert "approve" in commands(ask(world, people, ANN, "help", ticket=tickets["approval"]).text)


def test_who_may_not_see_the_ticket_reads_nothing_of_it(world: World, people: People) -> None:
    """The general help, for a removed participant and for somebody whom nobody knows."""
    change(world, Contact, people.contacts[ANN], known=False, level="Admin User")
    for who in (REM, ANN):
        text = ask(world, people, who, "help", ticket=people.ticket).text
        assert NUMBER not in text
        assert "Phones" not in text
        assert commands(text) == expected("customer", "private")


@pytest.mark.feature("F38", "mail")
def test_links(world: World, people: People) -> None:
    """Useful links stand at the end."""
    facts = replace(FACTS, links=(("Status of the network", "https://status.example.com/"),))
    text = ask(world, people, ANN, "help", facts=facts).text
    assert "Status of the network:\nhttps://status.example.com/" in text


def test_columns_alone(world: World, people: People) -> None:
    """Those that lists show, and those that there are."""
    text = " ".join(ask(world, people, ANN, "columns").text.split())
    assert "Your lists show: Number, Status, Title, Site, Created." in text
    assert "Item serial number" in text
    assert "Assignee" not in text
    assert "Assignee" in ask(world, people, SAM, "columns").text


def test_questions_of_a_batch(world: World, people: People, tickets: dict[str, int]) -> None:
    """Several at once, each with the rights of its own asker; one that nobody knows is told so."""
    asked = [
        row(people, ANN, "list", "my", row_id=1),
        row(people, SAM, "mine", row_id=2),
        row(people, ANN, "magic", row_id=3),
    ]
    with world.database.reading() as session:
        found = answer_all(session, asked, DESK_FACTS)
    assert found[1].title == "3 open tickets of yours"
    assert found[2].title == "1 open ticket of yours"
    assert "There is no answer to #magic" in found[3].text


def test_a_desk_that_answers_nothing_says_so(world: World, people: People) -> None:
    """Without the facts for it, a fault: no question is left without a word in the log."""
    with world.database.reading() as session, pytest.raises(RuntimeError, match="not told how"):
        answer_all(session, [row(people, ANN, "list")], replace(DESK_FACTS, answers=None))
