"""`python -m bench`: measures, prints a table; with arguments only the named figures."""

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterable

from bench import contacts as importer
from bench import growth as grown
from bench import letters, mails, starting
from bench import pages as portal
from bench import reading as reader
from bench import storage as stored
from bench.desk import Desk
from bench.load import send
from tests.peers.common import wait_for
from tests.peers.postfix import Postfix
from tests.peers.postgres import Postgres

ROUNDS = 3
SMALL, PDF, LETTERS = 3000, 800, 1000


def main(names: list[str]) -> None:
    """Run the chosen measurements; figures go to standard output as they come."""
    chosen = names or list(FIGURES)
    unknown = [name for name in chosen if name not in FIGURES]
    if unknown:
        raise SystemExit(f"There is no figure {unknown[0]!r}. Choose from: {', '.join(FIGURES)}.")
    for name in chosen:
        FIGURES[name]()


def _line(what: str, value: str, goal: str = "") -> None:
    print(f"{what:<58} {value:>14}  {goal}", flush=True)


def _rates(kind: Callable[[int, int], list[bytes]], count: int, rounds: int = ROUNDS) -> dict[str, float]:
    """Mails/s of Postfix → Maildir and of Postdesk, by turns in one run, and ms of processor time; medians."""
    found: dict[str, list[float]] = {"postfix": [], "accepted": [], "handled": [], "cpu": [], "index": []}
    for turn in range(rounds):
        batch = kind(count, turn)
        found["postfix"].append(_postfix(batch))
        with Desk(("smtp",)) as desk:
            found["accepted"].append(count / send(desk.smtp, batch))
        with Desk(("smtp", "work")) as desk:
            before, started = desk.cpu_seconds(), time.perf_counter()
            send(desk.smtp, batch)
            desk.wait_handled(count)
            found["handled"].append(count / (time.perf_counter() - started))
            found["cpu"].append((desk.cpu_seconds() - before) / count * 1000)
            begun = time.process_time()
            portal.index_all(desk.database)
            found["index"].append((time.process_time() - begun) / count * 1000)
    return {name: statistics.median(values) for name, values in found.items()}


def _postfix(batch: list[bytes]) -> float:
    with Postfix() as server:
        started = time.perf_counter()
        send(server.port, batch)
        sink = server.folder / "sink" / "all" / "new"
        wait_for(lambda: sink.exists() and len(os.listdir(sink)) >= len(batch), "Postfix's Maildir", 300)
        return len(batch) / (time.perf_counter() - started)


def small() -> None:
    """4 KB mails, each from a new sender."""
    found = _rates(mails.small, SMALL)
    _line("small: Postfix → Maildir", f"{found['postfix']:,.0f}/s")
    _line("small: accepted, durable", f"{found['accepted']:,.0f}/s")
    _line("small: accepted ÷ Postfix → Maildir", f"{found['accepted'] / found['postfix']:.2f}", "goal ≥ 2.0")
    _line("small: tickets end to end", f"{found['handled']:,.0f}/s")
    _line("small: tickets ÷ Postfix → Maildir", f"{found['handled'] / found['postfix']:.2f}", "goal ≥ 1.2")
    _line("small: processor time, accept to ticket", f"{found['cpu']:.2f} ms")
    _line("small: processor time, its words in the index", f"{found['index']:.2f} ms")
    _line("small: processor time, both", f"{found['cpu'] + found['index']:.2f} ms", "goal ≤ 1.5 ms")


def pdf() -> None:
    """Mails with 100 KB attached."""
    found = _rates(mails.pdf, PDF)
    _line("pdf: Postfix → Maildir", f"{found['postfix']:,.0f}/s")
    _line("pdf: accepted, durable", f"{found['accepted']:,.0f}/s")
    _line("pdf: tickets end to end", f"{found['handled']:,.0f}/s")
    _line("pdf: tickets ÷ Postfix → Maildir", f"{found['handled'] / found['postfix']:.2f}", "goal ≥ 1.0")


def replies() -> None:
    """Answers to tickets that exist."""
    rates, postfix = [], []
    for turn in range(ROUNDS):
        first = mails.small(SMALL, turn)
        parents = [mails.message_id(f"small-{turn}-{n}") for n in range(SMALL)]
        senders = [f"person{turn}x{n}@customer.test" for n in range(SMALL)]
        answers = mails.replies(parents, senders, turn)
        postfix.append(_postfix(answers))
        with Desk(("smtp", "work")) as desk:
            send(desk.smtp, first)
            desk.wait_handled(SMALL)
            started = time.perf_counter()
            send(desk.smtp, answers)
            desk.wait_handled(2 * SMALL)
            rates.append(SMALL / (time.perf_counter() - started))
    ours, theirs = statistics.median(rates), statistics.median(postfix)
    _line("replies: notes end to end", f"{ours:,.0f}/s")
    _line("replies ÷ Postfix → Maildir", f"{ours / theirs:.2f}", "goal ≥ 1.2")


def memory() -> None:
    """All roles, at rest and after a burst."""
    with Desk(("smtp", "work", "deliver", "schedule", "portal")) as desk:
        time.sleep(2)
        _line("memory at rest, all roles", f"{desk.memory():.0f} MB", "goal ≤ 120 MB")
        send(desk.smtp, mails.small(SMALL, 9))
        desk.wait_handled(SMALL)
        _line("memory after a burst, all roles", f"{desk.memory():.0f} MB", "goal ≤ 300 MB")


def start() -> None:
    """From a command until it answers."""
    for name, seconds in starting.listening().items():
        _line(f"start: until the {name} answers", f"{seconds:.2f} s", "goal ≤ 1.5 s")
    for name, seconds in starting.help_text().items():
        _line(f"start: {name}", f"{seconds:.2f} s", "goal ≤ 0.3 s" if "--help" in name else "")


def idle() -> None:
    """Connections that say nothing."""
    _line(f"{starting.IDLE:,} idle SMTP connections", f"{starting.idle_connections():.0f} MB", "goal ≤ 60 MB")


def postgres() -> None:
    """The small mails again, on PostgreSQL with two workers, beside SQLite with one."""
    found: dict[str, list[float]] = {"sqlite": [], "postgres": []}
    # As an operator would run it: the tests switch its fsync off.
    with Postgres(fsync="on", synchronous_commit="on", full_page_writes="on") as server:
        for turn in range(ROUNDS):
            batch = mails.small(SMALL, turn)
            found["sqlite"].append(_handled(batch, Desk(("smtp", "work"))))
            found["postgres"].append(_handled(batch, Desk(("smtp", "work"), url=server.fresh_database(), workers=2)))
    ours, reference = statistics.median(found["postgres"]), statistics.median(found["sqlite"])
    _line("PostgreSQL, 2 workers: tickets end to end", f"{ours:,.0f}/s")
    _line("PostgreSQL ÷ SQLite", f"{ours / reference:.2f}", "goal ≥ 0.7")


def _handled(batch: list[bytes], made: Desk) -> float:
    with made as desk:
        started = time.perf_counter()
        send(desk.smtp, batch)
        desk.wait_handled(len(batch))
        return len(batch) / (time.perf_counter() - started)


def outgoing() -> None:
    """Letters rendered and sent, and how soon a lone receipt is there."""
    ours, theirs, cpu = [], [], []
    finished = mails.small(2 * LETTERS, 3)
    for _ in range(ROUNDS):
        with letters.sink() as port:
            theirs.append(letters.ready_bytes(port, finished))
            rate, each = letters.rendered(port, LETTERS)
            ours.append(rate)
            cpu.append(each)
    ratio = statistics.median(ours) / statistics.median(theirs)
    _line("letters: smtplib, ready bytes, 8 connections", f"{statistics.median(theirs):,.0f}/s")
    _line("letters: rendered and sent", f"{statistics.median(ours):,.0f}/s")
    _line("letters ÷ smtplib", f"{ratio:.2f}", "goal ≥ 0.35")
    _line("letters: processor time of each", f"{statistics.median(cpu):.2f} ms")
    _line(
        "lone mail: until its first letter is there, median", f"{letters.receipt_latency(21):.0f} ms", "goal ≤ 100 ms"
    )


def reading() -> None:
    """One process reads mails: how long a small one takes, how time grows, what a large one costs."""
    for name, (median, slow) in reader.small_mails().items():
        _line(f"reading 4 KB, {name}: median", f"{median:.2f} ms", "goal ≤ 0.5 ms")
        _line(f"reading 4 KB, {name}: 95th percentile", f"{slow:.2f} ms", "goal ≤ 2 ms")
    for name, ratio in reader.growth().items():
        _line(f"reading eight times as much, each byte: {name}", f"{ratio:.2f}", "1 is linear")
    seconds, memory = reader.large_file(25 * reader.MB)
    _line("reading a 25 MB attachment", f"{seconds:.2f} s", "goal ≤ 1 s")
    _line("  memory it adds ÷ size of the mail", f"{memory:.2f}", "goal ≤ 3")


def contacts() -> None:
    """A file of 50,000 contacts."""
    for name, figure in importer.imported().items():
        _line(f"contacts: {importer.CONTACTS:,} {name}", f"{figure.seconds:.1f} s")
        _line("  memory at its peak", f"{figure.megabytes:.0f} MB")


_GOALS = {"Home": "goal ≤ 50 ms", "list": "goal ≤ 50 ms", "ticket": "goal ≤ 50 ms", "search": "goal ≤ 100 ms"}


def pages() -> None:
    """Pages of a desk with many tickets, for twenty people at once."""
    _pages("pages", portal.figures())


def pages_postgres() -> None:
    """The same on PostgreSQL."""
    with Postgres(fsync="on", synchronous_commit="on", full_page_writes="on") as server:
        _pages("PostgreSQL", portal.figures(server.fresh_database()))


def _pages(title: str, found: Iterable[tuple[str, float, str]]) -> None:
    for name, value, unit in found:
        kind = name.partition(": ")[2].partition(",")[0]
        goal = _GOALS.get(kind, "") if name.endswith("percentile") else "goal ≤ 2 s" if "CSV" in name else ""
        _line(f"{title}: {name}", f"{value:,.1f} {unit}", goal)


def growth() -> None:
    """New mails and replies at 1,000 and at 1,000,000 tickets."""
    for name, value, unit in grown.figures():
        _line(f"growth: {name}", f"{value:,.2f} {unit}".rstrip(), "goal ≥ 0.9" if name == "ratio of the rates" else "")


def storage() -> None:
    """What a mail leaves on the disk."""
    for name, value, unit in stored.figures():
        _line(f"storage: {name}", f"{value:,.1f} {unit}")


FIGURES: dict[str, Callable[[], None]] = {
    "reading": reading,
    "small": small,
    "pdf": pdf,
    "replies": replies,
    "postgres": postgres,
    "outgoing": outgoing,
    "memory": memory,
    "start": start,
    "idle": idle,
    "contacts": contacts,
    "pages": pages,
    "pages-postgres": pages_postgres,
    "growth": growth,
    "storage": storage,
}

if __name__ == "__main__":
    main(sys.argv[1:])
