"""What all measured peers share: how one is set up, fed and counted, and what its rate is."""

import mailbox
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from bench import mails

BUILD = Path(__file__).resolve().parent.parent.parent / "build" / "peers-bench"
WARM = 10  # mails before the clock runs: templates compiled, modules loaded, connections opened


class PeerFault(Exception):
    """A peer could not be set up, or did not do what its figure is about; the text says what."""


class Peer(Protocol):
    """A service desk of others: install it, enter it, hand it mails, count what it committed."""

    title: str
    share: int  # how many mails it takes in a minute or less

    def install(self) -> None:
        """Fetch what it needs into build/peers-bench, once. Raises PeerFault."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def take(self, batch: Sequence[bytes]) -> float:
        """Hand over these mails in the peer's fastest way; the seconds until all are taken."""

    def addressed(self, answers: Sequence[bytes]) -> Sequence[bytes]:
        """The answers as this peer knows them again: as they are, where it goes by In-Reply-To."""

    def count(self) -> tuple[int, int]:
        """Tickets and answers in its database, looked at from outside."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Mails of one round: new ones, and an answer to each of them by its sender."""

    new: tuple[bytes, ...]
    answers: tuple[bytes, ...]

    @classmethod
    def made(cls, count: int, turn: int) -> Self:
        """Small mails, as for the other figures."""
        parents = [mails.message_id(f"small-{turn}-{n}") for n in range(count)]
        senders = [f"person{turn}x{n}@customer.test" for n in range(count)]
        return cls(tuple(mails.small(count, turn)), tuple(mails.replies(parents, senders, turn)))

    def first(self, count: int) -> "Batch":
        """The first of them."""
        return Batch(self.new[:count], self.answers[:count])


@dataclass(frozen=True, slots=True)
class Rates:
    """Committed per second."""

    tickets: float
    answers: float


def rates(peer: Peer, batch: Batch) -> Rates:
    """Start a peer afresh and feed it. The time that it takes over an empty batch, its start, is taken off."""
    warm = Batch.made(WARM, 99)
    with peer:
        peer.take(warm.new)
        peer.take(peer.addressed(warm.answers))
        before = peer.count()
        start = peer.take(())
        tickets = peer.take(batch.new) - start
        _expect(peer, before, (len(batch.new), 0))
        answers = peer.take(peer.addressed(batch.answers)) - start
        _expect(peer, before, (len(batch.new), len(batch.answers)))
    if min(tickets, answers) <= 0:
        raise PeerFault(f"{len(batch.new)} mails are too few: its start alone took as long")
    return Rates(len(batch.new) / tickets, len(batch.answers) / answers)


def _expect(peer: Peer, before: tuple[int, int], wanted: tuple[int, int]) -> None:
    found = tuple(now - then for now, then in zip(peer.count(), before, strict=True))
    if found != wanted:
        raise PeerFault(f"{found[0]} tickets and {found[1]} answers came of {wanted[0]} and {wanted[1]} mails")


def run(command: Sequence[str | Path], environment: Mapping[str, str] | None = None, stdin: str = "") -> str:
    """Run a command to its end and return what it printed; PeerFault, with its last words, when it fails."""
    done = subprocess.run(
        command,
        input=stdin,
        env=os.environ | (environment or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise PeerFault(f"{Path(command[0]).name} ended with {done.returncode}: {done.stdout.strip()[-600:]}")
    return done.stdout


def timed(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> float:
    """The seconds that a command takes."""
    started = time.perf_counter()
    run(command, environment)
    return time.perf_counter() - started


def virtual_environment(name: str, *packages: str) -> Path:
    """The bin folder of an environment with these packages from PyPI, made when it is not there yet."""
    folder = BUILD / name
    done = folder / ".installed"
    wanted = "\n".join(packages)
    if not done.exists() or done.read_text(encoding="utf-8") != wanted:
        run([sys.executable, "-m", "venv", "--clear", folder])
        run([folder / "bin" / "pip", "--disable-pip-version-check", "--quiet", "install", *packages])
        done.write_text(wanted, encoding="utf-8")
    return folder / "bin"


def tagged(answers: Sequence[bytes], numbers: Mapping[str, int]) -> list[bytes]:
    """Answers with the ticket's number in the subject; `numbers` are found by the subject of the first mail."""

    def tag(found: re.Match[bytes]) -> bytes:
        number = numbers[f"Trouble small-{found[1].decode()}"]
        return b"Subject: Re: [desk.test #%d] Trouble reply-%s" % (number, found[1])

    return [re.sub(rb"Subject: Re: Trouble reply-(\d+-\d+)", tag, answer, count=1) for answer in answers]


def unix_lines(mail: bytes) -> bytes:
    """As a mail server hands a mail to a program or a file of its own machine."""
    return mail.replace(b"\r\n", b"\n")


def write_mbox(path: Path, batch: Sequence[bytes]) -> None:
    """A mailbox file with these mails."""
    path.unlink(missing_ok=True)
    path.touch()
    box = mailbox.mbox(path)
    for mail in batch:
        box.add(unix_lines(mail))
    box.close()
