"""Writes the table in docs/security.md: each attack of tests/attacks/rows.toml with the tests that show it."""

import contextlib
import io
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
SOURCE = TESTS / "attacks" / "rows.toml"
TARGET = ROOT / "docs" / "security.md"
START, END = "<!-- attacks: written by `make docs` -->", "<!-- /attacks -->"
_MARK = "mark.attack("


@dataclass(frozen=True, slots=True)
class Row:
    """One attack or fault, and what is expected."""

    number: int
    group: str
    title: str
    expected: str


class Marks:
    """A pytest plugin that keeps, for each row, the tests marked with it as file::test, in the order of the files."""

    def __init__(self) -> None:
        self.seen: dict[Any, dict[str, None]] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Called by pytest once it knows every test."""
        for item in session.items:
            name = item.nodeid.partition("[")[0]
            for mark in item.iter_markers("attack"):
                for number in mark.args:
                    self.seen.setdefault(number, {})[name] = None


def read(text: str) -> list[Row]:
    """The rows of the file."""
    return [Row(**row) for row in tomllib.loads(text)["row"]]


def collect(folder: Path = TESTS) -> dict[Any, list[str]]:
    """The tests by the row they are marked with; only files that hold a mark are asked, for that is much quicker."""
    files = sorted(path for path in folder.rglob("test_*.py") if _MARK in path.read_text(encoding="utf-8"))
    marks = Marks()
    with contextlib.redirect_stdout(io.StringIO()) as said:
        words = ["--collect-only", "-qq", "-p", "no:cacheprovider", *map(str, files)]
        code = pytest.main(words, plugins=[marks]) if files else pytest.ExitCode.OK
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise RuntimeError(f"the tests could not all be collected\n{said.getvalue()}")
    return {number: list(tests) for number, tests in marks.seen.items()}


def faults(rows: list[Row], seen: dict[Any, list[str]]) -> Iterator[str]:
    """One line for each row without a test, and for each mark without a row."""
    known = {row.number for row in rows}
    for row in rows:
        if not seen.get(row.number):
            yield f"row {row.number} has no test: {row.title}"
    for number in seen.keys() - known:
        yield f"there is no row {number!r}, and these are marked with it: {', '.join(seen[number])}"


def table(rows: list[Row], seen: dict[Any, list[str]]) -> Iterator[str]:
    """The generated part of the page, line by line: a table for each group."""
    yield START
    for before, row in zip([None, *rows], rows, strict=False):
        if before is None or before.group != row.group:
            yield f"\n### {row.group}\n"
            yield "| # | Attack or fault | What happens | Shown by |\n| --- | --- | --- | --- |"
        tests = "<br>".join(f"`{name.removeprefix('tests/')}`" for name in seen.get(row.number, [])) or "–"
        yield f"| {row.number} | {_plain(row.title)} | {_plain(row.expected)} | {tests} |"
    yield f"\n{END}"


def _plain(text: str) -> str:
    """A bar would end the cell, and <x> would be taken for HTML."""
    return text.replace("|", r"\|").replace("<", "&lt;").replace("*", r"\*")


def page(rows: list[Row], seen: dict[Any, list[str]]) -> str:
    """What docs/security.md must hold: itself, with the table written anew."""
    before, _, rest = TARGET.read_text(encoding="utf-8").partition(START)
    return before + "\n".join(table(rows, seen)) + rest.partition(END)[2]


def main(arguments: list[str]) -> int:
    """Write the page; with --check only say what is wrong, with exit code 1."""
    rows, seen = read(SOURCE.read_text(encoding="utf-8")), collect()
    text = page(rows, seen)
    wrong = list(faults(rows, seen))
    if "--check" not in arguments:
        TARGET.write_text(text, encoding="utf-8")
        print(f"wrote {TARGET.relative_to(ROOT)}", *wrong, sep="\n")
        return 0
    if text != TARGET.read_text(encoding="utf-8"):
        wrong.append("docs/security.md is not what the rows and marks say: make docs")
    print(*wrong, sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
