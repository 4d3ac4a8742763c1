"""`python -m bench.soak --for 10m --rate 4`: a soak run; ends non-zero with what was wrong."""

import argparse
import sys
from pathlib import Path

from bench.soak.run import Wanted, judged, room, started, traffic
from tools.duration import seconds_of


def main(arguments: list[str]) -> int:
    """Run, print, and the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--for", dest="seconds", type=seconds_of, default=600.0, help="how long: 90s, 10m, 12h")
    parser.add_argument("--rate", type=float, default=4.0, help="mails a second")
    parser.add_argument("--url", default="", help="an empty PostgreSQL database; SQLite without it")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--csv", type=Path, help="a file for every figure of memory")
    chosen = parser.parse_args(arguments)
    wanted = Wanted(chosen.seconds, chosen.rate, chosen.url, chosen.workers)
    if why := room(wanted):
        sys.exit(why)
    with started(wanted) as running:
        traffic(running, wanted)
        found = judged(running, wanted)
        if chosen.csv:
            chosen.csv.write_text("".join(f"{','.join(row)}\n" for row in running.memory.table()), encoding="utf-8")
    print(*(["\nWrong:", *found] if found else ["\nAll of it adds up."]), sep="\n  ")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
