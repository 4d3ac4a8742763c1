"""The sentences of the log are a closed list: constants in the code, each on the page about logs, and no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("postdesk", "gateway", "desk", "store", "portal")
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
FIELD = re.compile(r"[a-z]+(_[a-z]+)*")


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every line that the code logs, with its place."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
                    owner = node.func.value
                    name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
                    if name in ("log", "_log"):
                        yield f"{path.relative_to(ROOT)}:{node.lineno}", node


CALLS = dict(calls())


@pytest.mark.parametrize("place", CALLS)
def test_an_event_is_a_constant_and_its_fields_are_named(place: str) -> None:
    """So that machines can look for it, and no word of a mail gets into it."""
    call = CALLS[place]
    assert len(call.args) == 1, "put values into fields"
    assert isinstance(call.args[0], ast.Constant), "the event is a constant sentence"
    assert not [name.arg for name in call.keywords if name.arg and not FIELD.fullmatch(name.arg)]


def test_every_event_is_documented_and_nothing_else() -> None:
    """docs/logs.md says of each what it means."""
    page = (ROOT / "docs" / "logs.md").read_text(encoding="utf-8")
    table = page.partition("<!-- events -->")[2].partition("<!-- /events -->")[0]
    written = re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)
    logged = {str(call.args[0].value) for call in CALLS.values() if isinstance(call.args[0], ast.Constant)}
    assert sorted(written) == sorted(logged)


def test_no_part_goes_by_the_standard_library() -> None:
    """One form for all of ours; what other libraries log is put into it (postdesk/logs.py)."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            if path.name != "logs.py":
                assert "logging.getLogger(__name__)" not in path.read_text(encoding="utf-8"), path
