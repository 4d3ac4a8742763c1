"""`make crash`: the service dies at random points, round after round; ends at the first promise that does not hold.

`python -m tests.crash.rounds ROUNDS [SEED]`. Each round follows from its seed: point, pass, what dies, database, mails.
"""

import contextlib
import random
import secrets
import shutil
import sys
import time
import traceback
from dataclasses import dataclass

import pytest

from store.points import POINTS
from tests.crash.crashing import crash
from tests.crash.disk import why_not
from tests.crash.scene import on_disks, scene
from tests.crash.test_power_cut import REAL
from tests.peers.postgres import Postgres

SHOWN = 6000  # letters of the log of a round that failed


@dataclass(frozen=True, slots=True)
class Missing:
    """What this machine cannot do; a round that needs it is drawn again."""

    postgres: bool
    mailbox: bool
    power: bool


@dataclass(frozen=True, slots=True)
class Round:
    """What a seed means."""

    seed: int
    kind: str
    point: str
    number: int
    scope: str
    workers: int

    def __str__(self) -> str:
        passed = f"{self.point}, pass {self.number}"
        return f"seed {self.seed}: {self.kind}, {self.workers} workers, {passed}, kills {self.scope}"


def drawn(seed: int, missing: Missing) -> Round:
    """The round of a seed."""
    chance = random.Random(seed)
    while True:
        point, kind = chance.choice(list(POINTS)), chance.choice(["sqlite", "postgres"])
        scope = "one" if point.startswith("pipe.") else chance.choice(["one", "all", "all", "power"])
        # Points of the pipe are passed once in each process.
        number = 1 if point.startswith("pipe.") else chance.choice([1, 1, 2, 3, 5])
        found = Round(seed, kind, point, number, scope, chance.choice([1, 2]))
        if (missing.postgres and kind == "postgres") or (missing.power and scope == "power"):
            continue
        if missing.mailbox and point.startswith("mailbox."):
            continue
        return found


def play(found: Round) -> list[str]:
    """A desk of its own for one crash; what was wrong after it."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(Postgres(**REAL)) if found.kind == "postgres" else None
        url = server.fresh_database() if server else ""
        mailboxes = found.point.startswith("mailbox.")
        desk = stack.enter_context(scene(url, seed=found.seed, mailboxes=mailboxes, workers=found.workers))
        if found.scope == "power":
            stack.enter_context(on_disks(desk, server))
        try:
            wrong = crash(desk, found.point, found.number, found.scope)
        except Exception:
            wrong = [traceback.format_exc()]
        if wrong:
            with contextlib.suppress(OSError):  # the log may lie on a disk whose power did not come back
                print(desk.desk.log()[-SHOWN:])
        return wrong


def _postgres_is_missing() -> bool:
    try:
        Postgres()
    except pytest.skip.Exception:
        return True
    return False


def main(rounds: int, seed: int | None) -> int:
    """Play rounds; the exit code."""
    first = secrets.randbelow(1_000_000_000) if seed is None else seed
    reason = why_not()
    missing = Missing(_postgres_is_missing(), shutil.which("dovecot", path="/usr/sbin:/usr/bin") is None, bool(reason))
    for what, lacking in (("PostgreSQL", missing.postgres), ("Dovecot", missing.mailbox)):
        if lacking:
            print(f"No round with {what}: it is not installed.")
    if missing.power:
        print(f"No round with a power cut: {reason}")
    for turn in range(rounds):
        found, began = drawn(first + turn, missing), time.monotonic()
        print(f"{turn + 1:>4}/{rounds} {found}", end="", flush=True)
        if wrong := play(found):
            print(" ... WRONG", *wrong, f"Once more: make crash ROUNDS=1 SEED={found.seed}", sep="\n")
            return 1
        print(f" ... holds ({time.monotonic() - began:.0f} s)", flush=True)
    print(f"{rounds} rounds: nothing lost, nothing twice.")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None))
