"""The heap of a long-lived process shrinks again, measured by the kernel in a process of its own."""

import gc
import os
import subprocess
import sys

import pytest

from postdesk import heap

_SCRIPT = """
import re, sys, threading
from postdesk import heap

def anonymous():
    text = open("/proc/self/smaps_rollup").read()
    return int(re.search(r"Anonymous:\\s+(\\d+)", text)[1]) / 1024

said = heap.keep_small() if sys.argv[1] == "small" else None
keep, before = [], anonymous()

def work():
    held = []
    bytearray(20_000_000)  # a large block that is freed: from now on glibc would keep such ones in its heap
    for _ in range(12):
        held.append(b"x" * 3_000_000)
        keep.append(b"y" * 4_000)  # a small one behind it, that stays
    held.clear()

for _ in range(6):
    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print(said, anonymous() - before)
"""


def _grown(how: str, **environment: str) -> tuple[str, float]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, how], env={**clean, **environment}, capture_output=True, text=True, check=True
    )
    said, grown = done.stdout.split()
    return said, float(grown)


def test_what_large_blocks_took_goes_back() -> None:
    """With it a process keeps nothing of 650 MB that went through it; without it, much."""
    said, grown = _grown("small")
    if said == "False":
        pytest.skip("malloc is not glibc's")
    assert grown < 10
    assert _grown("as it is")[1] > 2 * max(grown, 5)


def test_an_operator_may_say_otherwise() -> None:
    """Whoever sets malloc's own variables means it."""
    assert _grown("small", MALLOC_ARENA_MAX="4")[0] == "False"


def test_the_collector_looks_seldom() -> None:
    """A batch of mails is thousands of objects that live."""
    before = gc.get_threshold()
    try:
        heap.collect_seldom()
        assert gc.get_threshold() == (20_000, *before[1:])
    finally:
        gc.set_threshold(*before)
