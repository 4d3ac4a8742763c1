"""What of a staff answer goes out: their own words, never a line of an internal note, in every way of quoting."""

import pytest

from gateway.own_words import Told, own_words, repeats_inside
from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ANN, DESK, NUMBER, SAM, People, World

SECRET = "The customer is insolvent, delay her."
ASKED = "When will the new phone come?"
LETTER = f"""Your reply goes to Ann.

Ann wrote:

{ASKED}

Before that:

23 Nov 2026, 01:48 GMT, Sam Sample, Internal:
{SECRET}

—
{NUMBER} · Phones"""
QUOTED = "\n".join(f"> {line}" for line in LETTER.splitlines())
TOLD = Told.of([("public", ASKED, None), ("internal", SECRET, None)])
HEADER = f"On Mon, 23 Nov 2026 at 11:00, Example Desk <{DESK}> wrote:"
OUTLOOK = f"From: Desk <{DESK}>\nSent: Monday, 23 November 2026 11:00\nTo: Sam\nSubject: Re: [{NUMBER}] Phones\n\n"

NOTHING_OWN = {
    "gmail": f"{HEADER}\n\n{QUOTED}",
    "marks only": QUOTED,
    "outlook": OUTLOOK + LETTER,
    "outlook, ruled": f"-----Original Message-----\n{OUTLOOK}{LETTER}",
    "no marks at all": LETTER,
    "empty": "",
}
WITH_WORDS = {
    "on top": f"Next week.\n\n{HEADER}\n\n{QUOTED}",
    "below": f"{HEADER}\n{QUOTED}\n\nNext week.",
    "outlook": f"Next week.\n\n{OUTLOOK}{LETTER}",
    "no header": f"Next week.\n\n{QUOTED}",
    "no marks": f"Next week.\n\n{LETTER}",
}


@pytest.mark.parametrize("text", NOTHING_OWN.values(), ids=NOTHING_OWN.keys())
def test_a_reply_without_own_words_is_nothing(text: str) -> None:
    """Whatever the mail program puts around what it quotes."""
    assert own_words(text, TOLD) == ""


@pytest.mark.parametrize("text", WITH_WORDS.values(), ids=WITH_WORDS.keys())
def test_own_words_stay_and_the_letter_goes(text: str) -> None:
    """The words are kept; of the letter nothing that customers have not read."""
    found = own_words(text, TOLD)
    assert "Next week." in found
    assert SECRET not in found
    assert not repeats_inside(found, TOLD)
    assert NUMBER not in found


def test_an_answer_between_the_lines_keeps_what_the_customer_wrote() -> None:
    """Their own question may stand above the answer; a line of the letter may not."""
    assert own_words(f"> {ASKED}\nNext week.\n> {SECRET}\nSure.", TOLD) == f"> {ASKED}\nNext week.\nSure."


def test_a_repeated_line_of_an_internal_note_is_found() -> None:
    """Quoted, unquoted, with other blanks; words that customers have read too are no secret, nor are short ones."""
    told = Told.of(
        [("internal", f"{SECRET}\nThanks", 1), ("pending", "A stranger's words.", None), ("public", "Shared line.", 1)]
    )
    assert repeats_inside("x\n>   The customer is  insolvent, delay her. ", told)
    assert repeats_inside("A stranger's words.", told)
    assert repeats_inside("Thanks\nShared line.", told) == ""


@pytest.mark.parametrize("text", [*NOTHING_OWN.values(), *WITH_WORDS.values()])
def test_no_letter_to_a_customer_tells_an_internal_note(world: World, people: People, text: str) -> None:
    """Through the real way in: Sam notes something inside, then answers in the way of some mail program."""
    to = sample.ADDRESSES.reply_to(DESK, people.token(SAM))
    world.take(sample.mail(SAM, f"Re: [{NUMBER}] Phones", f"#note {SECRET}", to=to))
    world.take(sample.mail(SAM, f"Re: [{NUMBER}] Phones", text or "\n", to=to))
    public = [entry for entry in world.events(people.ticket) if entry.visibility == "public"]
    assert not [entry for entry in public if SECRET in entry.text + entry.folded + entry.html]
    told = {letter.event_id for letter in world.letters("update")}
    assert told == {entry.id for entry in public if entry.staff_id}
    assert {letter.recipient for letter in world.letters("update")} <= {ANN, sample.PAT}


def test_an_internal_line_in_own_words_is_stopped(world: World, people: People) -> None:
    """Copied without marks, it keeps the answer inside, and its author is told which line it was."""
    to = sample.ADDRESSES.reply_to(DESK, people.token(SAM))
    world.take(sample.mail(SAM, f"Re: [{NUMBER}] Phones", f"#note {SECRET}", to=to))
    world.take(sample.mail(SAM, f"Re: [{NUMBER}] Phones", f"Soon.\n{SECRET}\n", to=to))
    assert world.letters("update") == []
    (letter,) = world.letters("not_done")
    assert SECRET in letter.context["lines"][0]
