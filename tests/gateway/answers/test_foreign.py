"""Answers in the language of the one who asks."""

import re
from dataclasses import replace

import pytest
from sqlalchemy import select

from desk import columns
from desk.language import Languages
from desk.lists import FILTERS, SORTS
from gateway.answers import answer_all
from gateway.commands.vocabulary import ARGUMENTS, ONE_WORD
from store.tables import Base, Contact, Organisation, Staff
from tests.desk.test_language import english, known
from tests.gateway.answers.answer_world import (
    CATALOGUE,
    DESK_FACTS,
    FACTS,
    change,
    fill,
    note,
    organisation,
    row,
    says_the_same,
)
from tests.gateway.desk_world import ANN, SAM, People, World

FOREIGN = replace(DESK_FACTS, answers=FACTS, languages=Languages(known))
ASKED = (
    "status|status full|list|list all|list frob|list frob:1|list status:new type:incident|list sort:frob|search phones|"
    "search|search frob|export all|columns|help|services|items|items frob|sites|news|report|me|people list|people add|"
    "people edit ann@customer.test|people template|people imports"
).split("|")
# Names that the commands know in English: filters, columns, one-word replies where the language has none.
_NAMES = english(
    " ".join((*FILTERS, *SORTS, *ONE_WORD, *ARGUMENTS["list"], *(c.label.lower() for c in columns.BY_KEY.values())))
)
_SAME = english("GMT frob") | english(str(CATALOGUE))


@pytest.mark.parametrize("asked", ASKED)
def test_no_answer_holds_english_words(world: World, people: People, asked: str) -> None:
    """In a language that has a translation for each message, nothing of ours is left in English."""
    ticket = fill(world, people)["ann"]
    changes = {"status": ["New", "In Progress"], "urgency": ["Low", "High"], "due": ["", "none"], "site": ["", "Leeds"]}
    note(world, ticket, "Hm", changes=changes, kind="change")
    change(world, Contact, people.contacts[ANN], language="ru", level="Admin User")
    word, _, argument = asked.partition(" ")
    with world.database.reading() as session:
        written = english(
            " ".join(str(tuple(r)) for t in Base.metadata.sorted_tables for r in session.execute(select(t)))
        )
        answer = answer_all(session, [row(people, ANN, word, argument, ticket=ticket)], FOREIGN)[1]
    text = re.sub(r"\S*(?:[@/#]|\.\w|T\d)\S*", " ", f"{answer.title} {answer.preheader} {answer.text}")
    ours = {"New", "In", "Progress", "Incident", "Low", "High", "Waiting", "Customer"}
    assert english(text) - (written - ours) - _NAMES - _SAME == set()
    assert says_the_same(answer)


def test_the_language_of_an_answer(world: World, people: People) -> None:
    """That of the person, else of their organisation, else of the desk; of staff their own."""

    def title(who: str, desk: str = "en") -> str:
        facts = replace(FOREIGN, languages=Languages(known, desk))
        with world.database.reading() as session:
            return answer_all(session, [row(people, who, "report")], facts)[1].title

    assert title(ANN) == "Report"
    assert title(ANN, desk="ru") == "жжжжжж"
    change(world, Organisation, organisation(world), language="ru")
    assert title(ANN) == "жжжжжж"
    change(world, Contact, people.contacts[ANN], language="en-GB")
    assert title(ANN, desk="ru") == "Report"
    change(world, Staff, people.staff[SAM], language="RU")
    assert title(SAM) == "жжжжжж"
