"""Letters that answer a person: what was done, what waits for a “confirm”, lists; and what a stranger never reads."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from gateway import compose, letter_files
from gateway.answers import Answer, GeneratedFile
from gateway.compose import Composer
from gateway.letter import DeskFacts, Letter, Unsent
from store.database import Database
from store.tables import Contact, Outbox, Pending
from tests.gateway import letter_world as world
from tests.gateway.answers.answer_world import FACTS
from tests.gateway.test_compose import part, read, unflowed, visible, words
from tests.gateway.test_letter_files import files

ASKED = {"ask": "list", "subject": "#list open", "argument": "open"}


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Database]:
    """The sample desk."""
    made = world.database(tmp_path)
    world.fill(made)
    yield made
    made.close()


def plain(letter: Letter) -> str:
    """The text part, which says the same as the HTML part."""
    text = unflowed(part(letter, "plain"))
    assert words(text) == words(visible(part(letter, "html")))
    return text


def answering(*made: Answer) -> Composer:
    """A composer whose questions are answered with these, in their order."""

    def answers(session: Session, rows: Sequence[Outbox], desk: DeskFacts) -> dict[int, Answer]:
        return {row.id: answer for row, answer in zip(rows, made, strict=False)}

    return world.composer(answers=answers)


def asked(base: Database, answer: Answer, **values: Any) -> Letter:
    """The letter with an answer."""
    world.add(base, world.row(50, "answer", **({"ticket_id": None, "context": ASKED} | values)))
    return world.render(base, 50, by=answering(answer))[0]


def test_done_says_each_thing(base: Database) -> None:
    """A line for each, and that a reply reaches somebody."""
    world.add(base, world.row(50, "done", context={"lines": ["The ticket is resolved.", "The site is Leeds."]}))
    text = plain(world.render(base, 50)[0])
    assert text.startswith(
        "Done: The ticket is resolved.\n\nDone: The site is Leeds.\n\nNot right? Reply and tell us.\n"
    )


@pytest.mark.parametrize("kind", ["done", "not_done", "partly_refused"])
def test_staff_answers_stay_inside(base: Database, kind: str) -> None:
    """A colleague's reply to a letter about their own mail is no answer to the customer."""
    world.add(base, world.row(50, kind, world.SAM, context={"lines": ["So it is."]}))
    (letter,) = world.render(base, 50)
    assert "Your reply stays internal." in plain(letter)
    token = world.ADDRESSES.token_of(letter.message_id)
    assert token is not None
    assert token.internal


@pytest.mark.parametrize("kind", ["done", "not_done", "partly_refused", "answer", "confirm"])
def test_a_stranger_reads_none_of_their_words(base: Database, kind: str) -> None:
    """Whoever forges an address makes us send nothing of theirs to it: no line, no subject, no name, no title."""
    context = {"lines": ["Buy pills"], "subject": "Buy pills", "pending": 70, "ask": "help", "argument": "Buy pills"}
    world.add(
        base,
        world.pending(70, world.KIM),
        world.row(50, kind, world.KIM, context=context, first_receipt=True, recipient_name="Buy pills"),
        world.row(51, kind, world.KIM, context=context, first_receipt=True, recipient_name="x", ticket_id=None),
    )
    help_text = Answer("What you can do", "Write to us in plain words.")
    for letter in world.render(base, 51 if kind == "answer" else 50, 51, by=answering(help_text, help_text)):
        everything = plain(letter) + part(letter, "html") + str(read(letter).items())
        assert "pills" not in everything
        assert "Phones" not in everything
        if kind == "done":  # nor whether anything was done
            assert "If this address may ask for that, it is done." in everything


def test_a_question_names_the_number_and_no_more(base: Database) -> None:
    """It may reach somebody who has no business with the ticket: neither title nor state stand in it."""
    world.add(base, world.pending(70), world.row(50, "confirm", context={"pending": 70, "lines": ["#resolve"]}))
    (letter,) = world.render(base, 50)
    text = plain(letter)
    assert text.startswith("Reply with the one word confirm to do this:\n\n#resolve\n\nIt is about T20190409.0967.\n")
    assert "within 24 hours (until 10 Apr 2019, 13:07 BST)" in text
    everything = text + part(letter, "html") + str(read(letter).items())
    for secret in ("Phones", "Blackfriars", "Incident", "X-Ticket-Status"):
        assert secret not in everything


def test_what_an_unknown_address_asks_for_is_not_told(base: Database) -> None:
    """A contact that a mail alone made is nobody yet, whatever the row says."""
    with base.transaction() as session:
        session.get_one(Contact, world.KIM).known = False
    world.add(
        base,
        world.pending(70, world.KIM),
        world.row(50, "confirm", world.KIM, ticket_id=None, context={"pending": 70, "lines": ["#search pills"]}),
    )
    (letter,) = world.render(base, 50)
    assert plain(letter).startswith("Somebody wrote to us from this address and asked for something")
    assert "pills" not in letter.bytes.decode()
    assert "Kim Ito" not in letter.bytes.decode()


@pytest.mark.parametrize("done", [True, False])
def test_no_question_about_what_is_over(base: Database, done: bool) -> None:
    """Confirmed before the letter went out, or gone."""
    if done:
        world.add(base, world.pending(70, done_at=world.NOW))
    world.add(base, world.row(50, "confirm", context={"pending": 70, "lines": ["#resolve"]}))
    with base.reading() as session:
        found = world.composer().render_many(session, [session.get_one(Outbox, 50)])[50]
    assert found == Unsent("it was confirmed already, or does not wait any more", final=True)


def test_a_table_stands_in_both_parts(base: Database) -> None:
    """The markup as it was made, and the columns as text; the file goes along."""
    letter = asked(base, world.ANSWERS["list"])
    assert plain(letter).startswith("1 open ticket\n\nNumber          Title\nT20190409.0967  Phones down")
    assert '<th scope="col" align="left">Number</th>' in part(letter, "html")
    assert files(letter) == {"open.csv": b"Number,Title\r\n"}
    assert (read(letter)["Subject"], read(letter)["Auto-Submitted"]) == ("Re: #list open", "auto-replied")


def test_text_keeps_its_columns_in_html(base: Database) -> None:
    """Without markup of its own an answer is shown with its spaces and line ends, and escaped."""
    html = part(asked(base, Answer("Two", "a   b\n1   <2>")), "html")
    assert "a   b\n1   &lt;2&gt;" in html.replace("\r\n", "\n")
    assert "white-space: pre-wrap" in html


def test_a_title_is_not_said_twice(base: Database) -> None:
    """Where the text begins with it."""
    letter = asked(base, Answer("T20190409.0967 · Phones", "T20190409.0967 ·\nPhones\n\nStatus: New"))
    assert plain(letter).count("Phones") == 1


def test_a_form_says_what_to_do_with_it(base: Database) -> None:
    """Its lines come back in a reply."""
    assert "To change something, reply with the lines filled in." in plain(asked(base, world.ANSWERS["me"]))


@pytest.mark.parametrize("html", ["", "<p>" + "x " * 9000 + "</p>"])
def test_a_long_answer_is_cut(base: Database, html: str) -> None:
    """Both parts stay within their budgets, and say that something is missing."""
    letter = asked(base, Answer("All", "word & <word>\n" * 2000, html))
    assert "The rest does not fit into a letter." in plain(letter)
    assert len(part(letter, "html").encode()) <= 20_480
    assert len(part(letter, "plain").encode()) <= 10_240


def test_a_file_that_is_too_large_is_named(base: Database) -> None:
    """What fits goes along."""
    most = letter_files.room(world.FACTS.letter_bytes)
    made = (GeneratedFile("all.csv", "text/csv", bytes(most + 1)), GeneratedFile("few.csv", "text/csv", b"1"))
    letter = asked(base, Answer("All", "See the files.", files=made))
    assert list(files(letter)) == ["few.csv"]
    assert "Too large for this letter: all.csv (7.6 MB)" in plain(letter)


def test_one_question_that_fails_keeps_no_other_back(base: Database) -> None:
    """The others are answered; the row of that one says that it waits."""

    def answers(session: Session, rows: Sequence[Outbox], desk: DeskFacts) -> dict[int, Answer]:
        if any(row.id == 51 for row in rows):
            raise ValueError("a fault")
        return {row.id: Answer("Good", "All well.") for row in rows}

    world.add(base, *[world.row(i, "answer", ticket_id=None, context=ASKED) for i in (50, 51, 52)])
    with base.reading() as session:
        rows = [session.get_one(Outbox, i) for i in (50, 51, 52)]
        found = world.composer(answers=answers).render_many(session, rows)
    assert [isinstance(found[i], Letter) for i in (50, 51, 52)] == [True, False, True]
    assert found[51] == Unsent(
        "the letter could not be written: LookupError: there is no answer to what was asked", final=False
    )


def test_answers_are_made_a_few_at_a_time(base: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their files would be in memory together; the rest is for the next round, and other letters do not wait."""
    monkeypatch.setattr(compose, "_ANSWERS", 2)
    rows = [world.row(50 + i, "answer", ticket_id=None, context=ASKED) for i in range(4)]
    world.add(base, *rows, world.row(60, "update", event_id=world.EVENT, created_at=world.NOW + timedelta(minutes=1)))
    with base.reading() as session:
        found = world.composer().render_many(session, [session.get_one(Outbox, i) for i in (50, 51, 52, 53, 60)])
    assert list(found) == [50, 51, 60]


def test_one_pdf_is_made_at_a_time(base: Database) -> None:
    """It takes seconds, for which other letters would wait; what was asked later is answered meanwhile."""
    pdf = ASKED | {"ask": "export", "argument": "open as PDF"}
    contexts = (ASKED, pdf, pdf, ASKED)
    rows = [world.row(50 + i, "answer", ticket_id=None, context=one) for i, one in enumerate(contexts)]
    world.add(base, *rows)
    writes = world.composer(desk=replace(world.FACTS, answers=FACTS), answers=lambda _, rows, __: dict.fromkeys(
        (row.id for row in rows), Answer("Good", "All well.")
    ))  # fmt: skip
    with base.reading() as session:
        found = writes.render_many(session, [session.get_one(Outbox, i) for i in (50, 51, 52, 53)])
        assert list(found) == [50, 51, 53]
        assert list(writes.render_many(session, [session.get_one(Outbox, 52)])) == [52]


def test_what_waits_belongs_to_its_letter(base: Database) -> None:
    """The token of a question is that of what waits, wherever the reply to it goes."""
    world.add(base, world.pending(70, world.SAM))
    world.add(base, world.row(50, "confirm", world.SAM, context={"pending": 70, "lines": ["#take"]}))
    (letter,) = world.render(base, 50)
    token = world.ADDRESSES.token_of(str(read(letter)["Message-ID"]))
    assert token is not None
    with base.reading() as session:
        assert session.get_one(Pending, token.person_id).staff_id == world.SAM
