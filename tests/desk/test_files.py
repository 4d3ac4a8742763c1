"""Files: which are kept, and what the sender is told of the others."""

import pytest

from desk.files import FilePolicy, refusal, sort_out
from desk.tickets import File

MIB = 1024 * 1024
POLICY = FilePolicy(max_size=10 * MIB, max_count=3, blocked_extensions=frozenset({"exe", "js"}))


def file(name: str = "a.txt", size: int = 5, kind: str = "text/plain", shown: str = "") -> File:
    """A file."""
    return File(name, shown or name, kind, kind, size, "0" * 64)


@pytest.mark.feature("F109", "mail")
def test_too_big() -> None:
    """10 MB is kept, one byte more is not; the sentence names file, size and limit."""
    assert refusal(file(size=10 * MIB), 0, POLICY) is None
    assert refusal(file(size=10 * MIB + 1, shown="Plan.pdf"), 0, POLICY) == (
        "Plan.pdf is 10 MB and the limit is 10 MB. Send a smaller copy or a link."
    )


@pytest.mark.feature("F110", "mail")
@pytest.mark.parametrize(
    "name, kind, refused",
    [
        ("setup.exe", "text/plain", True),
        ("SETUP.EXE", "text/plain", True),
        ("a.txt.js", "text/plain", True),
        ("holiday.jpg", "application/x-msdownload", True),
        ("holiday.jpg", "application/x-executable", True),
        ("exe", "text/plain", False),
        ("a.exe.txt", "text/plain", False),
        ("a.jpg", "image/jpeg", False),
        ("", "x/y", False),
    ],
)
def test_types(name: str, kind: str, refused: bool) -> None:
    """By the end of the name in any case, and by content whatever the name says."""
    assert (refusal(file(name, kind=kind), 0, POLICY) is not None) is refused


@pytest.mark.feature("F109", "mail")
def test_sort_out() -> None:
    """Each alone: the good ones are kept in order, refused ones do not count towards the number."""
    offered = [file("1.exe"), file("2.txt"), file("3.txt", size=11 * MIB), file("4.txt"), file("5.txt"), file("6.txt")]
    kept, told = sort_out(offered, POLICY)
    assert [each.name for each in kept] == ["2.txt", "4.txt", "5.txt"]
    assert [sentence.split()[0] for sentence in told] == ["1.exe", "3.txt", "6.txt"]
    assert told[2] == "6.txt is one file too many: a mail can bring 3."
    assert sort_out([], POLICY) == ([], [])
