"""Commands by mail: where they may stand, and what those of staff come to."""

import pytest

from desk import statuses
from gateway.commands.grammar import Command, split
from gateway.commands.staff import COMMANDS, Plan, plan


@pytest.mark.parametrize(
    "text, words, rest",
    [
        ("#take", ["take"], ""),
        ("#take\nHello", ["take"], "Hello"),
        ("Hello\n#take", ["take"], "Hello"),
        ("\n\n#NOTE\n\n#take\n\nHello\n\nyou\n\n#status new\n\n", ["note", "take", "status"], "Hello\n\nyou"),
        ("Hello\n#take\nyou", [], "Hello\n#take\nyou"),
        ("##take\nHello", [], "#take\nHello"),
        ("Hello\n##take", [], "Hello\n#take"),
        ("# take", [], "# take"),
        ("#1 is broken", [], "#1 is broken"),
        ("  #take  ", ["take"], ""),
        ("", [], ""),
        ("\r\n", [], ""),
        ("#resolve\nDone.", ["resolve"], "Done."),
        ("> #take\nHello", [], "> #take\nHello"),
        ("#resend-credentials a@b.test", ["resend-credentials"], ""),
    ],
)
def test_split(text: str, words: list[str], rest: str) -> None:
    """At the top or at the end, one on a line; ## escapes; in the middle or quoted they are words."""
    commands, note, _ = split(text)
    assert ([command.word for command in commands], note) == (words, rest)


def test_arguments() -> None:
    """The rest of the line, as written."""
    assert split("#Resolve  New Switch fitted ")[0] == (
        Command("resolve", "New Switch fitted", "#Resolve  New Switch fitted"),
    )


def test_a_hundred_thousand_lines() -> None:
    """Linear, also when all of them are commands."""
    assert len(split("#take\n" * 100_000)[0]) == 100_000
    assert split("\n" * 100_000) == ((), "", ())


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("#note", Plan(internal=True)),
        ("#take", Plan(take=True)),
        ("#status in prog", Plan(status="In Progress")),
        ("#status WAITING  customer", Plan(status="Waiting Customer")),
        ("#resolve Fitted", Plan(resolve=True, resolution="Fitted")),
        ("#resolve", Plan(resolve=True)),
        ("#resolve x\n#status resolved", Plan(resolve=True, resolution="x", status="Resolved")),
    ],
)
def test_plan(text: str, wanted: Plan) -> None:
    """What the commands of a mail come to."""
    found = plan(split(text)[0])
    assert found == wanted
    assert found.changes_something is (text != "#note")


@pytest.mark.parametrize(
    "text, faults",
    [
        ("#noet", ["I did not understand “#noet”. Did you mean #note?"]),
        ("#xyzzy", ["I did not understand “#xyzzy”."]),
        ("#status", [f"“#status”: there is no such status. Choose one of: {', '.join(statuses.ALL)}."]),
        ("#status wait", [f"“#status wait”: there is no such status. Choose one of: {', '.join(statuses.ALL)}."]),
        ("#take Sam", ["“#take Sam”: #take stands alone; it makes you responsible."]),
        ("#resolve x\n#status new", ["#resolve and #status New contradict each other."]),
        (
            "#noet\n#tkae",
            ["I did not understand “#noet”. Did you mean #note?", "I did not understand “#tkae”. Did you mean #take?"],
        ),
    ],
)
def test_faults(text: str, faults: list[str]) -> None:
    """Each one a sentence for its writer, all at once."""
    assert list(plan(split(text)[0]).faults) == faults


def test_every_command_is_read() -> None:
    """The words that staff may use are those of the table."""
    assert sorted(COMMANDS) == ["note", "resolve", "status", "take"]


@pytest.mark.parametrize(
    "line",
    ["# note secret", "*#note* secret", "\u200b#note secret", "**#note** secret", "\\#note secret", "#note: secret"],
)
def test_a_note_written_a_little_differently_is_a_note(line: str) -> None:
    """What mail programs and people put around a command does not send internal words to a customer."""
    commands, rest, astray = split(f"{line}\nHello", COMMANDS)
    assert ([command.word for command in commands], rest, astray) == (["note"], "Hello", ())


def test_a_command_inside_the_text_is_told_apart_from_words() -> None:
    """It is not done, and it is not overlooked; with ## it is plain text, and other #words are plain too."""
    assert split("Hi Sam,\n#note this is secret\nbye", COMMANDS)[2] == ("#note this is secret",)
    assert split("Hi Sam,\n#notes this is secret\nbye", COMMANDS)[2] == ("#notes this is secret",)
    assert split("Hi Sam,\n##note this is plain\n#1 is best\n# Heading\nbye", COMMANDS)[2] == ()


def test_joined_characters_stay_in_the_words() -> None:
    """Characters that nobody sees are passed over when reading commands, and kept in what a person wrote."""
    family = "\U0001f468\u200d\U0001f469"
    assert split(f"Hello {family}\n#take", COMMANDS)[1] == f"Hello {family}"
