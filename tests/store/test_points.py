"""Points: nothing in production; under an order, the end of this process or of its whole group, once."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from store import points

ROOT = Path(__file__).parents[2]
PASSES = """
import sys
from store.points import reached
for number in range(1, 4):
    print(number, flush=True)
    reached("spool.writing")
    reached("spool.written")
"""
WITH_CHILD = "import os, sys\nif os.fork():\n    os.wait()\n    print('lived', flush=True)\n    sys.exit()\n" + PASSES


def run(program: str, order: Path | None) -> tuple[int, str]:
    """Run a program in a process group of its own: how it ended, and what it printed."""
    environment = {"PYTHONPATH": str(ROOT)} | ({points.VARIABLE: str(order)} if order else {})
    command = [sys.executable, "-c", program]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False, process_group=0
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_production_has_no_trap(tmp_path: Path) -> None:
    """Without the variable a point is an empty function, whatever lies about; it was chosen at import."""
    assert points.reached is points._nothing
    assert run(PASSES, None) == (0, "1\n2\n3\n")
    assert run(PASSES, tmp_path / "order") == (0, "1\n2\n3\n")  # the variable, and no order


@pytest.mark.parametrize("number", [1, 3])
def test_a_process_dies_at_the_pass_that_was_ordered(tmp_path: Path, number: int) -> None:
    """By SIGKILL, at this point and no other, and it takes the order away."""
    order = tmp_path / "order"
    order.write_text(f"spool.written {number} one")
    assert run(PASSES, order) == (-signal.SIGKILL, "".join(f"{n}\n" for n in range(1, number + 1)))
    assert not order.exists()
    assert run(PASSES, order)[0] == 0


@pytest.mark.parametrize(
    "scope, code, said", [("one", 0, "1\nlived\n"), ("all", -signal.SIGKILL, "1\n")], ids=["one", "all"]
)
def test_one_process_or_all_of_them(tmp_path: Path, scope: str, code: int, said: str) -> None:
    """The parent outlives its child, or dies with it."""
    order = tmp_path / "order"
    order.write_text(f"spool.writing 1 {scope}")
    assert run(WITH_CHILD, order) == (code, said)
