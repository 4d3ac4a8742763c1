"""Every rule that holds mail is explained to people, and nothing is explained that no rule does."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from desk.held_reasons import REASONS, UNKNOWN, HeldReason, commands, of, sentences
from postdesk import cli, cli_mail  # noqa: F401 - the second adds its commands

ROOT = Path(__file__).resolve().parents[2]
MAKERS = {"Decision": 1, "hold": 2, "_hold": 1}  # what makes a mail held, and where the rule stands among its arguments


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call in the code that handles mail, with where it is."""
    for folder in ("gateway", "postdesk", "desk", "portal"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def name_of(call: ast.Call) -> str:
    """`Decision` of `decide.Decision(…)`."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def text_of(node: ast.expr | None) -> str | None:
    """A string that stands in the code."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def holding() -> Iterator[tuple[str, ast.expr]]:
    """Every place that makes a mail held, and the expression that names its rule."""
    for place, call in calls():
        name, named = name_of(call), {word.arg: word.value for word in call.keywords}
        if name == "Decision":
            kind = call.args[0] if call.args else named.get("kind")
            if text_of(kind) != "held":
                continue
        elif name in ("hold", "_hold"):
            if len(call.args) <= MAKERS[name] and "rule" not in named:
                continue  # a lease is held, and no mail
        elif text_of(named.get("kind")) == "held":
            yield place, named.get("rule", ast.Constant(None))  # replace(decision, kind="held"), insert().values(…)
            continue
        else:
            continue
        at = MAKERS[name]
        yield place, call.args[at] if len(call.args) > at else named["rule"]


def test_every_rule_that_holds_is_explained_and_nothing_else() -> None:
    """The table has the rules that stand in the code, each by its name."""
    found, handed_on = set(), []
    for place, rule in holding():
        if (text := text_of(rule)) is not None:
            found.add(text)
        else:
            handed_on.append((place.partition(":")[0], ast.unparse(rule)))
    assert found == set(REASONS)
    # A rule that is no plain string is one that a caller named, which is seen at the caller.
    assert sorted(handed_on) == [("gateway/held.py", "rule"), ("gateway/intake.py", "rule")]


def test_no_rule_is_made_up_on_the_way() -> None:
    """Decisions that are held are made in few places with a plain rule, so that the test above sees them all."""
    places = {place.partition(":")[0] for place, _ in holding()}
    assert places == {"gateway/decide.py", "gateway/held.py", "gateway/intake.py", "gateway/moving.py"}
    for place, call in calls():
        if name_of(call) == "Decision" and call.args:
            assert text_of(call.args[0]) is not None, f"{place}: the kind of a decision is a plain string"


@pytest.mark.parametrize("rule", [*REASONS, "of-a-later-version"])
def test_the_words_are_sentences(rule: str) -> None:
    """Whole sentences, plain and short; what one can do goes on from "To …", without a full stop."""
    known = of(rule)
    for text in (known.why, known.behind):
        assert text[0].isupper()
        assert text.endswith(".")
        assert len(text) < 260
    assert len({choice.action for choice in known.choices}) == len(known.choices) > 1
    for choice in known.choices:
        assert choice.when[0].islower()
        assert not choice.when.endswith(".")
        assert len(choice.when) < 100


@pytest.mark.parametrize("known", [*REASONS.values(), UNKNOWN])
def test_one_can_always_say_no(known: HeldReason) -> None:
    """Whatever held it, a mail can be put away."""
    assert "discard" in {choice.action for choice in known.choices}


@pytest.mark.parametrize("rule", [*REASONS, "of-a-later-version"])
def test_the_commands_exist(rule: str) -> None:
    """Each is one of `postdesk mail …`, with the ids where they belong; replay takes one mail at a time."""
    known = typer.main.get_command(cli.app).commands["mail"].commands  # type: ignore[attr-defined]
    for command in commands(rule, [7, 8], "T20261101.0001"):
        program, group, action, *words = command.line.split()
        assert (program, group, action) == ("postdesk", "mail", command.action)
        assert action in known
        assert words == {"replay": ["7"], "attach": ["7", "8", "T20261101.0001"]}.get(action, ["7", "8"])


def test_a_ticket_that_nobody_named_is_to_be_filled_in() -> None:
    """The command says where."""
    lines = [command.line for command in commands("flood", [7], program="postdesk --config x.toml")]
    assert "postdesk --config x.toml mail attach 7 NUMBER" in lines


def test_what_was_noted_comes_before_what_is_true_of_all() -> None:
    """It names figures and domains; where nothing was noted, the table has words."""
    assert sentences("flood", "As many as one may: 20.")[0] == "As many as one may: 20."
    assert sentences("flood", "")[0] == REASONS["flood"].why
    assert sentences("of-a-later-version", "")[0] == UNKNOWN.why
