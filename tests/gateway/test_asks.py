"""The glance at a mail: it sees every command that is read later, however it is written."""

from email.header import Header

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.asks import Asks, at_a_glance
from gateway.commands import grammar
from gateway.commands.words import COMMANDS
from gateway.parse import read as parse
from tests.gateway import desk_world as sample
from tests.gateway.commands.by_mail import reply
from tests.gateway.desk_world import ANN, WORDS, People, World

UNSEEN = "\u200b\u200c\u200d\u2060\u00ad\ufeff\u202a\u2061\u200e"
SPACES = " \t\u00a0\u3000\u2009\u2028\x0b"
SPELLED = tuple(spelled for name in COMMANDS for spelled in WORDS.spelled(name))
around = st.text(st.sampled_from(UNSEEN + SPACES + "*_`\\#＃"), max_size=4)
within = st.text(st.sampled_from(UNSEEN + "\u0301-"), max_size=1)


def glance(body: str, subject: str = "Phones") -> Asks:
    """What is seen of a mail."""
    encoded = Header(subject, "utf-8").encode()
    raw = sample.mail(ANN, encoded, body, content_type="text/plain; charset=utf-8", content_transfer_encoding="8bit")
    return at_a_glance(parse(raw), WORDS)


@st.composite
def lines(draw: st.DrawFn) -> str:
    """A command with signs around it and in it."""
    word = "".join(letter + draw(within) for letter in draw(st.sampled_from(SPELLED)))
    return f"{draw(around)}{draw(st.sampled_from('#＃'))}{draw(around)}{word}{draw(around)}{draw(around)}"


@given(lines())
@example("#\u2028me")
@example("_#me_")
def test_every_command_of_a_text(line: str) -> None:
    """Whatever the grammar reads in a text, strictly or not, was seen."""
    raw = sample.mail(ANN, "Phones", line, content_type="text/plain; charset=utf-8", content_transfer_encoding="8bit")
    message = parse(raw)
    seen = at_a_glance(message, WORDS).words
    for strict in (True, False):
        read = grammar.read(message.reply or message.text, WORDS, COMMANDS, strict=strict).commands
        assert {command.word for command in read if command.word in COMMANDS} <= seen


def test_a_command_below_a_long_block() -> None:
    """Lines that begin like commands may be many; the last of them is seen too."""
    block = "\n".join(f"#strange{'x' * (n % 7)}" for n in range(700))
    assert "me" in glance(f"{block}\n#me\n{block}").words


@pytest.mark.parametrize("line", ["\u200bSite: x", "• Site: x", "**Site**\u00a0: x", "Si\u00adte： x"])
def test_labels(line: str) -> None:
    """A fill-in line is seen with what mail programs put around it."""
    assert "Site" in glance(line).words


def test_what_a_command_names() -> None:
    """An address and a number are read as they look."""
    seen = glance("#watch pa\u200bt@customer.test T20261101.\u20600001")
    assert ("pat@customer.test" in seen.addresses, "T20261101.0001" in seen.numbers) == (True, True)


@pytest.mark.parametrize("body", ["\u200b#me", "#\u200bme", "#m\u00ade", "\u200b#me\nCity: Rome", "\u2060#signin"])
def test_a_reply_with_what_nobody_sees(world: World, people: People, body: str) -> None:
    """It is handled as any other."""
    plain = {"content_type": "text/plain; charset=utf-8", "content_transfer_encoding": "8bit"}
    assert world.take(reply(people, body, ANN, verdict="pass", **plain)).kind != "held"
    assert world.letters("answer", ANN) or world.letters("done", ANN) or world.letters("sign_in_link", ANN)


@pytest.mark.parametrize("subject", ["#\u00a0me", "＃\u3000me", "#me\u0301x", "#me\u200bxyz"])
def test_a_subject_with_other_spaces(world: World, people: People, subject: str) -> None:
    """A space is a space."""
    done = world.take(sample.mail(ANN, Header(subject, "utf-8").encode(), "", verdict="pass"))
    assert done.kind != "held"
    assert "me" in glance("", subject).words or done.kind == "opened"
