"""One soak run: a desk with all roles, everybody who writes to it and reads in it, and the relay of its letters."""

import contextlib
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sqlalchemy import func, select

from bench.desk import Desk
from bench.soak import figures, ledger, relay
from bench.soak.book import Book
from bench.soak.post import Mill
from bench.soak.readers import Reader
from bench.soak.samples import Memory, Sampler
from bench.soak.senders import Clock, Sender
from store.tables import Outbox, ReceivedMail
from tests.peers import desk as desks

MB = 1024 * 1024
_SENDERS, _READERS = 4, 6
_STATUS = 60.0  # seconds between two lines
_DRAIN = 300.0  # seconds within which all that waits must be done
_EACH_GB = 0.25 * 1.05  # of a gigabyte for each thousand mails: files, twice, for the mail is kept as it came
_LIFTED = {
    "CAPS__NEW_TICKETS_PER_SENDER_2H": "1000000", "CAPS__FIRST_RECEIPTS_PER_MINUTE": "1000000",
    "CAPS__AUTOMATIC_LETTERS_PER_ADDRESS_DAY": "1000000", "CAPS__RECEIPTS_PER_TICKET_DAY": "1000000",
    "CAPS__FIRST_RECEIPTS_PER_ADDRESS_HOUR": "1000000", "CAPS__REOPENINGS_PER_TICKET_DAY": "1000000",
    "CAPS__STRANGER_LETTERS_PER_READER_HOUR": "1000000",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run is to be."""

    seconds: float
    rate: float = 4.0  # mails a second
    url: str = ""  # of PostgreSQL; "" is SQLite
    workers: int = 1
    largest: int = 10 * MB  # of a file
    say: Callable[[str], None] = print


@dataclass(slots=True)
class Running:
    """A desk under traffic, and what is known of it."""

    desk: Desk
    book: Book
    memory: Memory = field(default_factory=Memory)


@contextlib.contextmanager
def started(wanted: Wanted) -> Iterator[Running]:
    """A desk with a relay, and no traffic so far."""
    book = Book()
    with relay.opened(book) as port:
        settings = {**desks.to_relay(port), **_LIFTED}
        with Desk(desks.ALL, url=wanted.url, workers=wanted.workers, settings=settings) as desk:
            yield Running(desk, book)


def traffic(running: Running, wanted: Wanted) -> None:
    """Everybody at once, for as long as wanted; then until nothing waits any more."""
    desk, book = running.desk, running.book
    sampler = Sampler(desk, min(10.0, max(0.25, wanted.seconds / 300)))
    end = time.monotonic() + wanted.seconds
    clock = Clock(wanted.rate, end, book)
    seed = int(time.time())
    threads: list[threading.Thread] = [
        Sender(desk.smtp, Mill(book, seed + n, wanted.largest), clock, book, n) for n in range(_SENDERS)
    ]
    threads += [Reader(desk, book, end, n) for n in range(_READERS)]
    sampler.start()
    for thread in threads:
        thread.start()
    _watch(running, sampler, wanted, end)
    for thread in threads:
        thread.join()
    running.memory = sampler.stop()
    _drain(running)


def _watch(running: Running, sampler: Sampler, wanted: Wanted, end: float) -> None:
    """A line a minute."""
    began = time.monotonic()
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(_STATUS, left))
        book, waiting, letters = running.book, *_waiting(running.desk)
        recent = [seconds for values in book.accept.values() for seconds in values[-200:]]
        wanted.say(
            f"{(time.monotonic() - began) / 60:6.1f} min  {len(book.sent):>7,} mails  {waiting:>4} wait  "
            f"{letters:>4} letters wait  {sum(book.letters.values()):>7,} letters  {sampler.memory.total:6.1f} MB  "
            f"accept p95 {figures.percentile(recent, 95) * 1000:5.0f} ms  {len(book.faults)} faults"
        )


def _waiting(desk: Desk) -> tuple[int, int]:
    with desk.database.reading() as session:
        mails = session.scalar(select(func.count()).where(ReceivedMail.waiting)) or 0
        letters = session.scalar(select(func.count()).where(Outbox.state == "waiting")) or 0
    return mails, letters


def _drain(running: Running) -> None:
    deadline = time.monotonic() + _DRAIN
    while _waiting(running.desk) != (0, 0):
        if time.monotonic() > deadline:
            running.book.fault(f"{_DRAIN:.0f} s after the last mail there still wait {_waiting(running.desk)}")
            return
        time.sleep(0.2)
    time.sleep(0.5)  # the relay says 250 before the desk has written it down


def judged(running: Running, wanted: Wanted) -> list[str]:
    """Print what there is to say; everything that is wrong."""
    desk, book, say = running.desk, running.book, wanted.say
    say("\nTaken: " + ", ".join(f"{count:,} {kind}" for kind, count in sorted(book.kinds().items())))
    if book.refused:
        say("Told to come again: " + ", ".join(f"{count} × {what}" for what, count in book.refused.items()))
    say(f"The senders were at most {book.late:.1f} s behind their clock.\n")
    for line in figures.lines(desk, book):
        say(line)
    say("\nMemory of each process (its own heap), and whether it is flat:")
    for line in running.memory.lines():
        say(line)
    found = ledger.violations(desk, book)
    found += [
        f"{one.name} grows by {one.slope:.1f} MB an hour" for one in running.memory.verdicts() if one.says == "grows"
    ]
    found += [f"the process {name} ended" for name in running.memory.gone]
    return found + _verified(desk)


def _verified(desk: Desk) -> list[str]:
    done = subprocess.run(
        desk.command("verify"), env=desk.environment, capture_output=True, timeout=24 * 3600, check=False, text=True
    )
    return [] if done.returncode == 0 else [f"`postdesk verify` ended with {done.returncode}: {done.stdout[-1000:]}"]


def room(wanted: Wanted, folder: str = "/tmp") -> str:
    """Why the run would fill the disk; "" when there is room."""
    needed = wanted.seconds * wanted.rate / 1000 * _EACH_GB * wanted.largest / (10 * MB) + 1
    free = shutil.disk_usage(folder).free / 1e9
    if free > needed:
        return ""
    return f"The run needs some {needed:.0f} GB in {folder}, and {free:.0f} are free: make it shorter, or lower RATE."
