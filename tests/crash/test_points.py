"""SIGKILL at every named point of mail in and mail out: nothing accepted is lost, nothing is there twice."""

import re
from pathlib import Path

import pytest

from store.points import POINTS
from tests.crash.crashing import FAMILIES, crash, points_of
from tests.crash.scene import scene
from tools import points_doc

ROOT = Path(__file__).parents[2]


@pytest.mark.attack(84)
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
@pytest.mark.parametrize("family", FAMILIES)
def test_killed_at_every_point(family: str, kind: str, request: pytest.FixtureRequest) -> None:
    """One desk dies at each point in turn, by itself or with all of its processes, and I1 to I7 hold after each."""
    url = "" if kind == "sqlite" else str(request.getfixturevalue("postgres").filled_database())
    with scene(url, mailboxes=family == "mailbox") as found:
        for place, point in enumerate(points_of(family)):
            # Each point is met in both ways, one on each kind of database.
            scope = "one" if point.startswith("pipe.") or place % 2 == (kind == "sqlite") else "all"
            assert crash(found, point, scope=scope) == [], f"after {point}, {scope}\n{found.desk.log()[-3000:]}"
        if family == "in":
            found.desk.run("verify")  # the command itself; what it looks at was looked at after each point


def test_every_point_is_in_the_table_and_in_the_code() -> None:
    """A point that is named and not passed, or passed and not named, would be tested by nobody."""
    calls = [
        name
        for folder in ("store", "desk", "gateway", "portal", "postdesk")
        for path in (ROOT / folder).rglob("*.py")
        for name in re.findall(r"\breached\(\"([^\"]*)\"\)", path.read_text(encoding="utf-8"))
    ]
    assert set(calls) == set(POINTS)
    assert sorted(point for family in FAMILIES for point in points_of(family)) == sorted(POINTS)


def test_the_table_of_points_is_up_to_date() -> None:
    """The table in docs/architecture.md is what `make docs` writes from the code."""
    assert points_doc.TARGET.read_text(encoding="utf-8") == points_doc.page(), "run: make docs"
