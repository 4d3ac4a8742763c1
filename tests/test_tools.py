"""The helpers of this checkout: the list of features without a test, and the installer of test servers."""

import shutil
import subprocess
from pathlib import Path

from tools import features

ROOT = Path(__file__).resolve().parent.parent
LIST = """# Features
| # | Seed | Exact behaviour | By e-mail alone | Page | flag |
|--|--|--|--|--|--|
| 1 | a guide | Shown in both | as said | T | |
| 2 | a guide | By mail only | as said | – | |
| 3 | a guide | Nowhere yet | out of scope | – | |
"""


def test_a_feature_with_two_sides_needs_both() -> None:
    """A row with a page and a mail is shown by one test for each; a mark without a side shows neither."""
    rows = list(features.read(LIST))
    assert [row.sides for row in rows] == [("mail", "page"), ("mail",), ()]
    assert features.missing(rows[0], {("F1", "")}) == ["mail", "page"]
    assert features.missing(rows[0], {("F1", "mail")}) == ["page"]
    assert features.missing(rows[0], {("F1", "mail"), ("F1", "page")}) == []
    assert features.missing(rows[1], {("F2", "")}) == []


def test_feature_report_ends_with_the_count() -> None:
    """Rows without a test and marks without a row are named, and the last line counts."""
    lines = list(features.report(list(features.read(LIST)), {("F2", ""), ("F99", "mail")}))
    assert [line.split()[0] for line in lines] == ["F1", "F3", "F99:", "1"]
    assert lines[-1] == "1 of 3 features are shown by tests"


def test_peers_that_cannot_be_installed_are_named(tmp_path: Path) -> None:
    """Without apt-get the installer says which packages are missing, and lets the tests go on."""
    for program in ("sh", "grep"):
        (tmp_path / program).symlink_to(shutil.which(program) or "")
    done = subprocess.run(
        [ROOT / "tools" / "install-peers", "dovecot-imapd", "postfix"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    assert done.stdout == "There is no apt-get here: tests that need these are skipped: dovecot-imapd postfix\n"
