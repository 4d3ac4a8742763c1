"""Every attack and fault in the list is shown by a test, and docs/security.md says by which."""

import subprocess
import sys
from pathlib import Path

from tools import attacks_doc

ROOT = Path(__file__).resolve().parent.parent
ROWS = [attacks_doc.Row(1, "Wire", "A <b> | b", "Refused"), attacks_doc.Row(2, "Wire", "Another", "Held")]


def test_every_row_has_a_test_and_the_page_says_which() -> None:
    """No row without a test, no mark without a row, and the page is what `make docs` writes."""
    # A process of its own, for pytest cannot collect inside itself.
    command = [sys.executable, "-m", "tools.attacks_doc", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_rows_are_numbered_without_a_gap() -> None:
    """The numbers of rows.toml count from 1, so that a mark means one row for good."""
    rows = attacks_doc.read(attacks_doc.SOURCE.read_text(encoding="utf-8"))
    assert [row.number for row in rows] == list(range(1, 91))


def test_gaps_and_strays_are_named() -> None:
    """A row without a test and a mark without a row are both faults; a whole table has none."""
    assert list(attacks_doc.faults(ROWS, {1: ["a.py::b"]})) == ["row 2 has no test: Another"]
    assert list(attacks_doc.faults(ROWS, {1: ["a.py::b"], 2: ["a.py::b"]})) == []
    stray = list(attacks_doc.faults(ROWS, {1: ["a.py::b"], 2: ["a.py::b"], "3": ["a.py::c"]}))
    assert stray == ["there is no row '3', and these are marked with it: a.py::c"]


def test_table_names_the_tests_of_each_row() -> None:
    """A group has one heading, its rows name their tests, and no word of a row breaks the table."""
    text = "\n".join(attacks_doc.table(ROWS, {1: ["tests/attacks/a.py::b", "tests/c.py::d"]}))
    assert text.count("### Wire") == 1
    assert r"| 1 | A &lt;b> \| b | Refused | `attacks/a.py::b`<br>`c.py::d` |" in text
    assert "| 2 | Another | Held | – |" in text


def test_marks_are_collected_without_parameters(tmp_path: Path) -> None:
    """A test with many parameters is named once, and one test may show several rows."""
    (tmp_path / "test_x.py").write_text(
        "import pytest\n\n@pytest.mark.attack(4, 5)\n@pytest.mark.parametrize('a', [1, 2])\ndef test_y(a): ...\n"
    )
    script = (
        f"from pathlib import Path; from tools import attacks_doc; print(attacks_doc.collect(Path({str(tmp_path)!r})))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert [name.count("test_x.py::test_y']") for name in done.stdout.splitlines()] == [2], done.stdout + done.stderr
