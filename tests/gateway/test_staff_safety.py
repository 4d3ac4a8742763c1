"""An answer of staff reaches the customer whole or not at all, and never with what is not for customers."""

import pytest

from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ANN, DESK, NUMBER, SAM, People, World

LETTER = (
    f"From: Sample Desk <{DESK}>\nSent: Monday, November 23, 2026 10:00 AM\nTo: Sam <{SAM}>\n"
    f"Subject: [{NUMBER}] Phones are down\n\nYour reply goes to Ann.\n\nAnn wrote:\n\nStill down."
)


SECRET = "Ann must not know, the root password is hunter2"


def answer(world: World, people: People, text: str, **fields: str) -> None:
    """Sam answers his letter."""
    address = sample.ADDRESSES.reply_to(DESK, people.token(SAM))
    world.take(sample.mail(SAM, "Re: Phones", text, to=address, **fields), recipients=(address,))


@pytest.mark.parametrize("below", ["", f"\n\n{LETTER}"], ids=["alone", "above our letter"])
@pytest.mark.parametrize(
    "words",
    [
        "Use these values:\nFrom: sales@desk.test\nTo: lea@example.com\nThen restart.",
        "Please enter this:\n\nFrom: 10:00\nTo: 12:00\nSubject: meeting\nThen press send.",
        "Zug:\nVon: Berlin\nAn: Hamburg\nGute Reise.",
        "The prices:\n| Phone | 100 |\n| Screen | 200 |\nDo you agree?",
        "Please run:\n| ping 192.0.2.1\nand tell me.",
        "Please run:\n> ipconfig /all\n> show run\nand tell me.",
        "Hi Lea,\nOn 23 Nov 2026 at 10:00 the vendor wrote:\nThe part comes Friday.\nok?",
        "The vendor wrote:\n\n---------- Forwarded message ---------\nFrom: v@x.test\nSubject: Part\n\nFriday.",
        "Good.\nYour reply goes to the wrong place, please write to us.\nThanks",
        "Part one.\n---\nPart two.\n\nAnd more of it.",
    ],
)
def test_whole_or_not_at_all(words: str, below: str, world: World, people: People) -> None:
    """Where a line would be lost on the way, nothing goes out, and its author is told which."""
    answer(world, people, words + below)
    last = world.events(people.ticket)[-1]
    if last.visibility == "public":
        assert [line for line in words.splitlines() if line.strip() and line not in last.text] == []
    else:
        (told,) = world.letters("not_done", SAM)
        assert any(line.strip() and line.strip("> |") in str(told.context["lines"]) for line in words.splitlines())
        assert world.letters("update", ANN) == []


@pytest.mark.parametrize(
    "below",
    [
        f"\n\n{LETTER}",
        f"\n\n-- \nSam Sample\nSample Desk\n\n{LETTER}",
        "\n\nOn Mon, 23 Nov 2026 at 10:00, Desk <service@desk.test> wrote:\n\n> Your reply goes to Ann.\n>\n> Hi.",
        "\n\nSent from my iPhone\n\n> On 23 Nov 2026, at 10:00, Sample Desk <service@desk.test> wrote:\n>\n> Hi.",
        "\n\n-- \nSam Sample\nSample Desk",
        "",
    ],
    ids=["Outlook", "Outlook with a signature", "Gmail", "a telephone", "a signature", "nothing"],
)
def test_usual_answers_go_out(below: str, world: World, people: People) -> None:
    """What mail programs write below an answer hinders nothing, and goes nowhere."""
    answer(world, people, f"I have reset your line.\nCould you try again?{below}")
    assert world.events(people.ticket)[-1].text == "I have reset your line.\nCould you try again?"
    assert len(world.letters("update", ANN)) == 1


def _with_file(text: str, head: str, file: str) -> tuple[str, str]:
    words = f"--x\nContent-Type: text/plain\n\n{text}\n" if text else ""
    return f"{words}--x\n{head}\n\n{file}\n--x--", "multipart/mixed; boundary=x"


@pytest.mark.parametrize("words", ["Here you are.", ""])
@pytest.mark.parametrize(
    "head, file",
    [
        (
            "Content-Type: message/rfc822",
            f"From: {DESK}\nSubject: x\nX-Postdesk-Instance: sample-desk\n\nWhat Rem wrote.",
        ),
        ("Content-Type: message/rfc822", f"From: x@x.test\nSubject: x\n\n{LETTER}"),
        ("Content-Type: text/plain; name=quote.txt\nContent-Disposition: attachment", LETTER),
        ("Content-Type: text/plain; name=q.txt\nContent-Disposition: attachment", f"> {SECRET}"),
    ],
)
def test_no_letter_of_ours_goes_out_as_a_file(words: str, head: str, file: str, world: World, people: People) -> None:
    """Outlook can attach the letter that one answers: it may show internal notes, and it has the author's token."""
    answer(world, people, f"#note\n{SECRET}")
    body, kind = _with_file(words, head, file)
    answer(world, people, body, content_type=kind)
    assert [entry.visibility for entry in world.events(people.ticket)[-2:]] == ["internal", "internal"]
    assert world.letters("update", ANN) == []
    assert world.letters("not_done", SAM)


def test_other_files_go_out(world: World, people: People) -> None:
    """A log, or a mail of somebody else, is a file like any other."""
    body, kind = _with_file("Here you are.", "Content-Type: message/rfc822", "From: v@x.test\nSubject: Part\n\nFriday.")
    answer(world, people, body, content_type=kind)
    assert world.events(people.ticket)[-1].visibility == "public"
    assert len(world.letters("update", ANN)) == 1


@pytest.mark.parametrize(
    "words",
    [
        "Please note: Ann must not know, the root\npassword is hunter2 and more",
        "* Ann must not know, the root password is hunter2",
        "»Ann must not know, the root password is hunter2«",
        "#resolve Ann must not know, the root password is hunter2",
    ],
)
def test_words_of_an_internal_note_stay_inside(words: str, world: World, people: People) -> None:
    """However they are wrapped, marked or used."""
    answer(world, people, f"#note\n{SECRET}")
    answer(world, people, words)
    assert world.events(people.ticket)[-1].visibility == "internal"
    assert world.ticket(people.ticket).resolution in (None, "")
    assert world.letters("update", ANN) == []
