"""What answers say of the catalogue: columns of items, items of organisations below, answers to questions."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from desk.catalogue import Catalogue, Item
from store.tables import Contact, Organisation, Ticket
from tests.gateway.answers.answer_world import FACTS, ask, change
from tests.gateway.desk_world import ANN, NOW, SAM, People, World

KNOWN = Catalogue(
    items=(
        Item("Router", "Elsewhere", product="Theirs", serial="E-1", reference="RE"),
        Item("Router", "Sample Works", product="Ours", serial="S-1", reference="RS"),
        Item("Vault door", "Elsewhere", product="Vault"),
        Item("Lift phone", "Works North", product="Phone"),
    )
)
HERE = replace(FACTS, catalogue=KNOWN)


@pytest.mark.feature("F165", "mail")
@pytest.mark.parametrize("item, shown", [("router", "Ours S-1 RS"), ("Vault door", "")])
def test_columns_of_items(world: World, people: People, tickets: dict[str, int], item: str, shown: str) -> None:
    """They are those of the ticket's own organisation; another's item of that name is told to nobody."""
    change(world, Ticket, people.ticket, item=item)
    change(world, Contact, people.contacts[ANN], columns=["product", "serial", "item ref"])
    text = " ".join(ask(world, people, ANN, "list", "all", facts=HERE).text.split())
    assert shown in text
    assert "Theirs" not in text
    assert "E-1" not in text
    assert "Vault" not in text


def test_items_of_organisations_below(world: World, people: People, tickets: dict[str, int]) -> None:
    """It holds those of one's own organisation, and of those below for who sees them; staff see all."""
    with world.database.transaction() as session:
        works = session.scalars(select(Organisation).where(Organisation.name == "Sample Works")).one()
        new = world.database.ids.next()
        session.add(Organisation(id=new, name="Works North", parent_id=works.id, created_at=NOW))
    assert "Lift phone" not in ask(world, people, ANN, "items", facts=HERE).text
    change(world, Organisation, works.id, visibility="sub-organisations")
    text = ask(world, people, ANN, "items", facts=HERE).text
    assert "S-1" in text
    assert "Lift phone" in text
    assert "Vault" not in text
    assert "Vault" in ask(world, people, SAM, "items", facts=HERE).text


@pytest.mark.feature("F78", "mail")
def test_status(world: World, people: People, tickets: dict[str, int]) -> None:
    """One ticket shows what was answered to its questions, and by when the first answer comes."""
    due = NOW + timedelta(hours=2)
    change(world, Ticket, people.ticket, answers={"Which floor": "third"}, first_answer_due_at=due)
    text = " ".join(ask(world, people, ANN, "status", ticket=people.ticket).text.split())
    assert "Which floor: third" in text
    assert "First answer due: 23 Nov 2026, 14:00 GMT" in text
    change(world, Ticket, people.ticket, first_answered_at=NOW)
    assert "First answer" not in ask(world, people, ANN, "status", ticket=people.ticket).text
