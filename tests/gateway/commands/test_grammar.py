"""`#commands` in a text: where they may stand, how they may be written, and that no line is ever lost."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.commands import grammar
from gateway.commands.grammar import Split, Unknown, read
from gateway.commands.words import COMMANDS
from postdesk import bundled
from postdesk.words import load

CUSTOMER = COMMANDS[: COMMANDS.index("people")]
WORDS = load(bundled.folder("config") / "words")  # for the properties: a fixture would be made anew for each example


def of_staff(text: str) -> Split:
    """As staff wrote it."""
    return read(text, WORDS, COMMANDS, strict=True)


def of_customer(text: str) -> Split:
    """As a customer wrote it."""
    return read(text, WORDS, CUSTOMER, strict=False)


def found(said: Split) -> list[str]:
    """Commands with their arguments."""
    return [f"{command.word} {command.argument}".strip() for command in said.commands]


PLACES = [
    ("#watch", ["watch"], ""),
    ("#watch\nHello", ["watch"], "Hello"),
    ("Hello\n#watch", ["watch"], "Hello"),
    ("\n\n#WATCH\n\n#quiet\n\nHello\n\nyou\n\n#status full\n\n", ["watch", "quiet", "status full"], "Hello\n\nyou"),
    ("Hello\n#watch\nyou", [], "Hello\n#watch\nyou"),
    ("##watch\nHello", [], "#watch\nHello"),
    ("Hello\n##watch", [], "Hello\n#watch"),
    ("## Heading\nHello", [], "## Heading\nHello"),
    ("#1 is broken", [], "#1 is broken"),
    ("#\nHello", [], "#\nHello"),
    ("  #watch  ", ["watch"], ""),
    ("> #watch\nHello", [], "> #watch\nHello"),
    ("", [], ""),
    ("\r\n", [], ""),
    ("#watch\r\n\r\nHello\r\n", ["watch"], "Hello"),
]


@pytest.mark.parametrize("text, commands, rest", PLACES)
def test_places(text: str, commands: list[str], rest: str) -> None:
    """At the top or at the end, one on a line, for everybody; ## escapes; in the middle or quoted they are words."""
    for said in (of_staff(text), of_customer(text)):
        assert (found(said), said.words) == (commands, rest)


@pytest.mark.parametrize(
    "line, command",
    [
        ("#resolve", "resolve"),
        ("#Resolve New Switch fitted ", "resolve New Switch fitted"),
        ("#solved", "resolve"),
        ("#auflösen", "resolve"),
        ("#aufloesen", "resolve"),
        ("#résoudre", "resolve"),
        ("#re\u0301soudre", "resolve"),
        ("#resuelto", "resolve"),
        ("＃resolve", "resolve"),
        ("\u200b#resolve", "resolve"),
        ("*#resolve*", "resolve"),
        ("**#resolve** done", "resolve done"),
        ("\\#resolve", "resolve"),
        ("#resolve: done", "resolve done"),
        ("#resolve!", "resolve"),
        ("#resolve.", "resolve"),
        ("#copy ana@customer.test; bob@customer.test", "copy ana@customer.test; bob@customer.test"),
        ("#alert -due", "alert -due"),
        ("#list type:incident sort:-created", "list type:incident sort:-created"),
    ],
)
def test_ways_to_write_a_command(line: str, command: str) -> None:
    """In any language and case, as mail programs leave it; the argument is the rest of the line, as written."""
    for said in (of_staff(line), of_customer(line)):
        assert (found(said), said.words) == ([command], "")


@pytest.mark.parametrize(
    "text, commands",
    [
        ("#répondre Bonjour", ["reply Bonjour"]),
        ("#notiz nur für uns", ["note nur für uns"]),
        ("#assign Sam\n#due 12 Apr 15:00\n#time 15m", ["assign Sam", "due 12 Apr 15:00", "time 15m"]),
        ("#resend-credentials ana@customer.test", ["resend-credentials ana@customer.test"]),
        # what is no command is still taken for one
        ("#noet secret", ["noet secret"]),
        ("#note2 secret", ["note2 secret"]),
        ("#xyzzy", ["xyzzy"]),
        ("# note secret", ["note secret"]),
        ("# noet secret", ["noet secret"]),
        ("*#* note secret", ["note secret"]),
        ("#note_ secret", ["note _ secret"]),
    ],
)
def test_staff_mean_every_word_as_a_command(text: str, commands: list[str]) -> None:
    """A mistyped #note must not go out to a customer: it comes back as a command that does not exist."""
    assert (found(of_staff(text)), of_staff(text).words) == (commands, "")


@pytest.mark.parametrize(
    "text, commands, rest, unknown",
    [
        ("#reslove\nHello", [], "#reslove\nHello", [("reslove", "resolve")]),
        ("Hello\n#reslove", [], "Hello\n#reslove", [("reslove", "resolve")]),
        ("#reslove\n#watch\nHello", ["watch"], "#reslove\nHello", [("reslove", "resolve")]),
        ("#watch\n#reslove\nHello", ["watch"], "#reslove\nHello", [("reslove", "resolve")]),
        ("#auflösn", [], "#auflösn", [("auflösn", "auflösen")]),
        ("#fax is dead", [], "#fax is dead", []),
        ("#fax\n#watch", ["watch"], "#fax", []),
        ("#shop\nHello", [], "#shop\nHello", []),
        ("#take\nHello", [], "#take\nHello", []),
        ("#note secret", [], "#note secret", []),
        ("#watch2", [], "#watch2", [("watch2", "watch")]),
        ("# Status\nAll lines are down", [], "# Status\nAll lines are down", []),
        ("# Heading", [], "# Heading", []),
        ("Hello\n#reslove\nyou", [], "Hello\n#reslove\nyou", []),
    ],
)
def test_customers_write_other_things_behind_a_hash(
    text: str, commands: list[str], rest: str, unknown: list[tuple[str, str]]
) -> None:
    """What is no command of theirs stays text, with a hint where it is one slip away from one."""
    said = of_customer(text)
    assert (found(said), said.words) == (commands, rest)
    assert [(hint.word, hint.meant) for hint in said.unknown] == unknown


def test_a_hint_knows_its_line() -> None:
    """For an answer that names it."""
    assert of_customer(" #Reslove it").unknown == (Unknown("Reslove", "#Reslove it", "resolve"),)


@pytest.mark.parametrize(
    "text, staff, customer",
    [
        ("Hi Sam,\n#note this is secret\nbye", ("#note this is secret",), ()),
        ("Hi Sam,\n#noet this is secret\nbye", ("#noet this is secret",), ()),
        ("Hi Sam,\n# note this is secret\nbye", ("# note this is secret",), ()),
        ("Hi Sam,\n#notiz geheim\nbye", ("#notiz geheim",), ()),
        ("Hi Sam,\n#resolve\nbye", ("#resolve",), ("#resolve",)),
        ("Hi Sam,\n##note this is plain\n#1 is best\n# Heading\nbye", (), ()),
    ],
)
def test_a_command_inside_the_text(text: str, staff: tuple[str, ...], customer: tuple[str, ...]) -> None:
    """It is not done, and it is not overlooked."""
    assert (of_staff(text).astray, of_customer(text).astray) == (staff, customer)


def test_joined_characters_stay_in_the_words() -> None:
    """Characters that nobody sees are passed over when reading commands, and kept in what a person wrote."""
    family = "\U0001f468\u200d\U0001f469"
    assert of_staff(f"Hello {family}\n#take").words == f"Hello {family}"


def test_at_most_twenty() -> None:
    """One more is too many; how many there are is for the answer to say."""
    assert not of_staff("#take\n" * grammar.MAX_COMMANDS).too_many
    assert of_staff("#take\n" * (grammar.MAX_COMMANDS + 1)).too_many


@pytest.mark.parametrize(
    "text",
    [
        "#" * 1_000_000,
        "#\n" * 300_000,
        "##\n" * 300_000,
        "#a\n" * 200_000,
        "#" + "a" * 1_000_000,
        "* " * 500_000,
        "*" * 500_000 + "#" + "*" * 500_000,
        "*#watch" + "*" * 500_000 + "x",
        "x\n" + "#noet\n" * 200_000 + "x",
        "\n" * 1_000_000,
        "＃" * 300_000,
        "\n".join("#" + f"{number:b}".replace("0", "a").replace("1", "b") for number in range(20_000)),
    ],
    ids=lambda text: text[:6],
)
def test_a_megabyte(text: str) -> None:
    """Each line is read a few times, however many there are."""
    of_staff(text)
    of_customer(text)


_LINES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "#watch",
                "#note x",
                "#reslove",
                "#fax",
                "##watch",
                "# note",
                "*#take*",
                "",
                " ",
                "Hello",
                "> #watch",
                "#",
                "＃stop",
            ]
        ),
        st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=12),
        st.text("#*` \\_aé-", max_size=8),
    ),
    max_size=12,
)


@given(_LINES, st.booleans())
def test_no_line_is_lost(lines: list[str], strict: bool) -> None:
    """Each line of a text is a command, or stands in the rest, both in their order."""
    said = read("\n".join(lines), WORDS, COMMANDS if strict else CUSTOMER, strict=strict)
    whole = [bare for line in lines if (bare := _bare(line))]
    rest = [bare for line in said.words.split("\n") if (bare := _bare(line))]
    cut = [bare for command in said.commands if (bare := _bare(command.line))]
    assert Counter(whole) == Counter(rest + cut)
    assert _follows(rest, whole)
    assert _follows(cut, whole)


def _follows(some: list[str], whole: list[str]) -> bool:
    """True when `some` are lines of the whole in its order."""
    lines = iter(whole)
    return all(line in lines for line in some)


def _bare(line: str) -> str:
    """Less what marks and escapes it: the words are what must not be lost."""
    return "".join(sign for sign in line if sign.isalnum())


@given(_LINES)
def test_the_rest_holds_no_command(lines: list[str]) -> None:
    """What was cut is gone: reading the rest again finds at most what was escaped or stood inside."""
    text = "\n".join(line for line in lines if not line.lstrip().startswith(("##", "#＃", "＃")))
    once = of_staff(text)
    assert found(of_staff(once.words)) == []


@pytest.mark.parametrize(
    "line",
    ["# note secret", "*#note* secret", "\u200b#note secret", "**#note** secret", "\\#note secret", "#note: secret"],
)
def test_a_note_written_a_little_differently_is_a_note(line: str) -> None:
    """What mail programs and people put around a command does not send internal words to a customer."""
    said = of_staff(f"{line}\nHello")
    assert ([command.word for command in said.commands], said.words, said.astray) == (["note"], "Hello", ())
