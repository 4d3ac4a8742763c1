"""Letters going out: how fast, and how soon after the mail that caused them."""

import os
import smtplib
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import func, select

from bench import mails
from bench.desk import Desk
from bench.load import send
from store.tables import Outbox
from tests.peers.common import free_port, require, wait_for
from tests.peers.desk import to_relay

CONNECTIONS = 8


@contextmanager
def sink() -> Iterator[int]:
    """A server that takes every mail and keeps none: Postfix's smtp-sink."""
    port = free_port()
    process = subprocess.Popen([require("smtp-sink"), "-u", "nobody", f"127.0.0.1:{port}", "100"])
    try:
        wait_for(lambda: _greets(port), "smtp-sink")
        yield port
    finally:
        process.kill()
        process.wait()


def _greets(port: int) -> bool:
    try:
        smtplib.SMTP("127.0.0.1", port, timeout=1).close()
    except OSError:
        return False
    return True


def ready_bytes(port: int, letters: Sequence[bytes]) -> float:
    """Letters/s of smtplib handing over finished bytes, one thread for each connection."""

    def run(share: Sequence[bytes]) -> None:
        with smtplib.SMTP("127.0.0.1", port) as client:
            for letter in share:
                client.sendmail("service@desk.test", ["person@customer.test"], letter)

    threads = [threading.Thread(target=run, args=(letters[n::CONNECTIONS],)) for n in range(CONNECTIONS)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(letters) / (time.perf_counter() - started)


def rendered(port: int, count: int) -> tuple[float, float]:
    """Letters/s of Postdesk: claimed, rendered, kept, handed over, noted; and ms of processor time for each.

    There are two letters for each of `count` mails.
    """
    with Desk(("smtp", "work"), settings=to_relay(port, CONNECTIONS=str(CONNECTIONS))) as desk:
        send(desk.smtp, mails.small(count, 5))
        desk.wait_handled(count)
        waiting = _waiting(desk)
        desk.stop()
        desk.choose_roles(("deliver",))
        desk.start()
        wait_for(lambda: _waiting(desk) < waiting, "the first letters to be sent", 60)
        first, started, before = _waiting(desk), time.perf_counter(), desk.cpu_seconds()
        wait_for(lambda: _waiting(desk) == 0, "all letters to be sent", 300)
        seconds = time.perf_counter() - started
        return first / seconds, (desk.cpu_seconds() - before) / first * 1000


def _waiting(desk: Desk) -> int:
    with desk.database.reading() as session:
        return session.scalar(select(func.count()).where(Outbox.state == "waiting")) or 0


def receipt_latency(rounds: int) -> float:
    """Median milliseconds from opening the connection until the first letter lies in the outbox folder."""
    times = []
    with Desk(("smtp", "work", "deliver")) as desk:
        new = desk.folder / "outbox" / "new"
        for mail in mails.small(rounds, 7):
            before = len(os.listdir(new)) if new.exists() else 0
            started = time.perf_counter()
            with smtplib.SMTP("127.0.0.1", desk.smtp) as client:
                client.sendmail("person@customer.test", ["service@desk.test"], mail)
            while not new.exists() or len(os.listdir(new)) < before + 1:
                time.sleep(0.001)
            times.append((time.perf_counter() - started) * 1000)
            wait_for(lambda count=before + 2: len(os.listdir(new)) >= count, "the second letter")  # type: ignore[misc]
    return statistics.median(times)
