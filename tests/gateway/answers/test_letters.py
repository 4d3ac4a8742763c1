"""Answers as letters: both parts say the same, within the budgets, with the file along."""

import email
from email import policy
from email.message import EmailMessage

import pytest

from gateway.letter import Letter
from tests.gateway.answers.answer_world import add, organisation, row
from tests.gateway.answers.test_asking import composer
from tests.gateway.desk_world import ANN, KIM, SAM, People, World
from tests.gateway.test_compose import unflowed, visible, words

QUESTIONS = [
    ("list", "open"),
    ("list", "all sort:title"),
    ("search", "phones"),
    ("export", "all"),
    ("status", ""),
    ("help", ""),
    ("columns", ""),
    ("services", ""),
    ("items", ""),
    ("news", ""),
    ("report", ""),
]


def read(world: World, people: People, who: str, ask: str, argument: str) -> EmailMessage:
    """The letter that answers somebody, about Ann's ticket where the question is about one."""
    question = row(people, who, ask, argument, ticket=people.ticket if ask == "status" else None)
    with world.database.reading() as session:
        letter = composer(world).render_many(session, [question])[1]
    assert isinstance(letter, Letter)
    message = email.message_from_bytes(letter.bytes, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def part(message: EmailMessage, kind: str) -> str:
    """The text or the HTML."""
    found = message.get_body((kind,))
    assert found is not None
    return str(found.get_content()).replace("\r\n", "\n")


@pytest.mark.parametrize("who", [ANN, SAM])
@pytest.mark.parametrize("ask, argument", QUESTIONS)
def test_form(world: World, people: People, tickets: dict[str, int], ask: str, argument: str, who: str) -> None:
    """Both parts hold the same words in the same order, nothing is cut off, and both keep to their size."""
    for n in range(60):
        title = "Phones & printers are down on the third floor"
        add(world, people.contacts[KIM], f"T20261117.{n:04}", title, organisation_id=organisation(world), days=6)
    message = read(world, people, who, ask, argument)
    text, html = part(message, "plain"), part(message, "html")
    assert words(unflowed(text)) == words(visible(html))
    assert "does not fit" not in text
    assert len(text.encode()) <= 10_240
    assert len(html.encode()) <= 20_480
    assert 'class="ready"' in html
    files = [file.get_filename() for file in message.iter_attachments()]
    long = {("list", "open"), ("list", "all sort:title"), ("search", "phones"), ("export", "all")}
    assert bool(files) is ((ask, argument) in long or ask == "report")
