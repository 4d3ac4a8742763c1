"""`python -m bench.peers`: Postdesk beside other service desks, by the same mails in one run; with names only those."""

import argparse
import statistics
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import pytest

from bench.peers import ours
from bench.peers.helpdesk import Helpdesk
from bench.peers.peer import Batch, Peer, PeerFault, Rates, rates
from bench.peers.redmine import Redmine
from bench.peers.request_tracker import RequestTracker
from bench.peers.roundup import Roundup

T = TypeVar("T")

PEERS: dict[str, Callable[[], Peer]] = {
    "roundup": Roundup,
    "django-helpdesk": Helpdesk,
    "request-tracker": RequestTracker,
    "redmine": Redmine,
}
OUR_SHARE = 3000  # of the same mails the peers take the first ones: as many as they manage in a minute or less
# Ours ÷ the fastest of these.
GOALS = ((("roundup", "django-helpdesk"), 25), (("request-tracker",), 300))


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    made = argparse.ArgumentParser("python -m bench.peers", description=__doc__)
    made.add_argument("names", nargs="*", metavar="name", help=f"{', '.join(PEERS)}; without a name all of them")
    made.add_argument("--mails", type=int, default=0, help="so many for each, instead of what takes a minute")
    made.add_argument("--rounds", type=int, default=3, help="by turns, medians (default: 3)")
    return made


def main(words: Sequence[str]) -> None:
    """Measure by turns and print. A peer that cannot be had or fails says why, and is left out."""
    wanted = parser().parse_args(words)
    if unknown := [name for name in wanted.names if name not in PEERS]:
        parser().error(f"there is no peer {unknown[0]!r}: choose from {', '.join(PEERS)}")
    peers = _installed(wanted.names or list(PEERS))
    found: dict[str, list[Rates]] = {}
    for turn in range(wanted.rounds):
        batch = Batch.made(wanted.mails or OUR_SHARE, turn)
        found.setdefault("postdesk", []).append(ours.rates(batch))
        for name, peer in list(peers.items()):
            taken = _tried(name, partial(rates, peer, batch.first(wanted.mails or peer.share)))
            if taken is None:
                del peers[name]
                found.pop(name, None)
            else:
                found.setdefault(name, []).append(taken)
    _print(peers, {name: _median(each) for name, each in found.items()})


def _installed(names: Sequence[str]) -> dict[str, Peer]:
    """Those that can be had here."""
    found = {}
    for name in names:
        print(f"Setting up {name} …", file=sys.stderr, flush=True)
        if peer := _tried(name, partial(_ready, PEERS[name])):
            found[name] = peer
    return found


def _ready(made: Callable[[], Peer]) -> Peer:
    peer = made()
    peer.install()
    return peer


def _tried(name: str, work: Callable[[], T]) -> T | None:
    """What comes of it, or None after saying why nothing did: a peer's fault is no fault of the run."""
    try:
        return work()
    except PeerFault as fault:
        print(f"{name} is left out: {fault}", flush=True)
    # Whatever else it is; the private PostgreSQL of the tests says by pytest's own exceptions that it is not there.
    except (Exception, pytest.skip.Exception, pytest.fail.Exception) as error:
        print(f"{name} is left out: {type(error).__name__}: {error}", flush=True)
    return None


def _median(each: Sequence[Rates]) -> Rates:
    return Rates(statistics.median(one.tickets for one in each), statistics.median(one.answers for one in each))


def _print(peers: dict[str, Peer], found: dict[str, Rates]) -> None:
    our = found["postdesk"]
    _line("", "new tickets", "answers")
    _line("Postdesk, SMTP, SQLite", f"{our.tickets:,.0f}/s", f"{our.answers:,.0f}/s")
    for name, peer in peers.items():
        their = found[name]
        _line(peer.title, f"{their.tickets:,.1f}/s", f"{their.answers:,.1f}/s")
        _line("  ours ÷ theirs", f"{our.tickets / their.tickets:,.0f}", f"{our.answers / their.answers:,.0f}")
    for names, goal in GOALS:
        if rated := {name: found[name].tickets for name in names if name in found}:
            fastest = max(rated, key=lambda name: rated[name])
            _line(f"tickets ÷ {fastest}", f"{our.tickets / rated[fastest]:,.1f}", f"goal ≥ {goal}")


def _line(what: str, *values: str) -> None:
    print(f"{what:<58}" + "".join(f" {value:>14}" for value in values), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
