"""Prints the rows of the feature list that no test shows, from pytest's marks: `python -m tools.features LIST`."""

import contextlib
import io
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

Side = Literal["page", "mail"]
_ROW = re.compile(r"\| (\d+) \|")
_NOTHING = re.compile(r"$|[–-]|n/a|not needed|nothing needed|out of scope", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """One feature, and where it must be shown; no side means anywhere."""

    id: str
    words: str
    sides: tuple[Side, ...]


class Marks:
    """A pytest plugin that keeps the feature marks of all collected tests."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, str]] = set()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Called by pytest once it knows every test."""
        for item in session.items:
            for mark in item.iter_markers("feature"):
                self.seen.add((str(mark.args[0]), str(mark.args[1]) if len(mark.args) > 1 else ""))


def read(text: str) -> Iterator[Row]:
    """The rows of the tables: number, seed, behaviour, by e-mail, page, flag."""
    for line in text.splitlines():
        if not (found := _ROW.match(line)):
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        wanted: dict[Side, str] = {"mail": cells[3], "page": cells[4]}
        sides = tuple(side for side, cell in wanted.items() if not _NOTHING.match(cell))
        yield Row(f"F{found[1]}", cells[2], sides)


def missing(row: Row, seen: set[tuple[str, str]]) -> list[str]:
    """What no test shows of a row: sides, or "test" when it has at most one side and no mark at all."""
    if len(row.sides) < 2:
        return [] if any(feature == row.id for feature, _ in seen) else ["test"]
    return [side for side in row.sides if (row.id, side) not in seen]


def report(rows: list[Row], seen: set[tuple[str, str]]) -> Iterator[str]:
    """One line for each row that is not shown whole, then marks that name no row, then the count."""
    shown = 0
    for row in rows:
        gaps = missing(row, seen)
        shown += not gaps
        if gaps:
            words = row.words if len(row.words) <= 90 else row.words[:89] + "…"
            yield f"{row.id:<5} no {' and no '.join(gaps):<17} {words}"
    for unknown in sorted({feature for feature, _ in seen} - {row.id for row in rows}):
        yield f"{unknown}: a test is marked with it, and there is no such row"
    yield f"{shown} of {len(rows)} features are shown by tests"


def main(arguments: list[str]) -> int:
    """Exit code 0, also with rows missing: this is a list of work, not a check."""
    file = Path(arguments[0]) if arguments else Path("features.md")
    if not file.is_file():
        print(f"No feature list at {file}: nothing compared. Name it: make features FEATURES=/path/to/features.md")
        return 0
    marks = Marks()
    with contextlib.redirect_stdout(io.StringIO()) as said:
        code = pytest.main(["--collect-only", "-qq", "-p", "no:cacheprovider"], plugins=[marks])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        print(said.getvalue() + "The tests could not all be collected, so nothing was compared.", file=sys.stderr)
        return 1
    print("\n".join(report(list(read(file.read_text(encoding="utf-8"))), marks.seen)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
