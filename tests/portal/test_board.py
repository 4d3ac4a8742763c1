"""Figures that are shown to many: counted once in a while, and nobody waits for who counts."""

import threading

import pytest

from portal import board
from portal.board import FiguresBoard


def test_figures_are_counted_once_in_a_while_by_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each key has its own; after their time they are counted anew."""
    now = [100.0]
    monkeypatch.setattr("portal.board.time.monotonic", lambda: now[0])
    kept, counts = FiguresBoard(5), iter(range(10))
    assert [kept.read("", lambda: next(counts)) for _ in range(3)] == [0, 0, 0]
    assert kept.read("Leeds", lambda: next(counts)) == 1
    now[0] += 5
    assert (kept.read("", lambda: next(counts)), kept.read("", lambda: next(counts))) == (2, 2)


def test_without_seconds_nothing_is_kept() -> None:
    """As tests and careful operators want it."""
    kept, counts = FiguresBoard(0), iter(range(10))
    assert [kept.read("", lambda: next(counts)) for _ in range(3)] == [0, 1, 2]


def test_nobody_waits_for_who_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was counted before is shown meanwhile."""
    now = [100.0]
    monkeypatch.setattr("portal.board.time.monotonic", lambda: now[0])
    kept, counting, go_on = FiguresBoard(5), threading.Event(), threading.Event()
    assert kept.read("", lambda: "old") == "old"
    now[0] += 6

    def slowly() -> str:
        counting.set()
        go_on.wait(60)
        return "new"

    slow = threading.Thread(target=kept.read, args=("", slowly))
    slow.start()
    assert counting.wait(60)
    assert kept.read("", lambda: "mine") == "old"
    go_on.set()
    slow.join(60)
    assert kept.read("", lambda: "mine") == "new"


def test_a_count_that_fails_is_tried_again() -> None:
    """The error is the reader's; the next one counts."""
    kept = FiguresBoard(5)
    with pytest.raises(ZeroDivisionError):
        kept.read("", lambda: 1 // 0)
    assert kept.read("", lambda: 7) == 7


def test_what_is_typed_does_not_fill_the_memory() -> None:
    """There are so many keys at most."""
    kept = FiguresBoard(3600)
    for n in range(3 * board._KEYS):
        kept.read(n, int)
    assert len(kept._kept) <= board._KEYS + 1
