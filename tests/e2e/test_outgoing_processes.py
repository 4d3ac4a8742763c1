"""Two processes send letters while many wait: each letter goes out once, over no more connections than are set."""

import re
import socket
import threading
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from store.tables import Outbox
from tests.e2e.conftest import FREELY
from tests.e2e.world import CHECKOUT, letter_states, mail, send
from tests.gateway.scripted_smtp import scripted
from tests.peers.common import wait_for
from tests.peers.desk import Desk, to_relay

MAILS, CONNECTIONS = 150, 4  # two letters each: more than two batches


def holders(desk: Desk) -> set[str]:
    """The processes that have letters in hand."""
    with desk.database.reading() as session:
        return set(session.scalars(select(Outbox.holder).where(Outbox.lease_until.is_not(None)).distinct()))


def test_two_processes_share_letters_and_connections() -> None:
    """The relay lets the first one wait, so the second one helps; nothing is sent twice, and nothing is left."""
    both = threading.Event()

    def answer(_connection: socket.socket) -> bytes:
        both.wait(120)
        return b"250 2.0.0 ok\r\n"

    with scripted({".": answer}) as server:
        relay = to_relay(server.port, CONNECTIONS=str(CONNECTIONS), LETTERS_PER_CONNECTION="0", IDLE_SECONDS="0")
        settings = {**FREELY, **relay, "DELIVERY__PROCESSES": "2"}
        with Desk(("smtp", "work"), settings=settings) as desk:
            send(desk.smtp, *(mail(f"many{number}@customer.test", f"Many {number}") for number in range(MAILS)))
            desk.wait_handled(MAILS, 120)
            letters = sum(letter_states(desk).values())
            desk.stop()
            desk.start("deliver")
            wait_for(lambda: len(holders(desk)) == 2, "both processes at work", 60)
            assert len(desk.processes()) == 3  # with the supervisor
            both.set()
            wait_for(lambda: letter_states(desk) == {"sent": letters}, "all letters sent", 120)
    ids = Counter(re.findall(rb"^Message-ID: (\S+)\r$", b"\n".join(server.mails), re.MULTILINE))
    assert len(ids) == letters >= 2 * MAILS
    assert set(ids.values()) == {1}
    assert server.connections <= CONNECTIONS


def test_a_process_that_helps_out_ends_when_there_is_nothing_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its memory is for others then; it is started when a whole batch was taken, and a lone letter needs none."""
    (tmp_path / "sitecustomize.py").write_text("import postdesk.roles\npostdesk.roles.HELPS = 3.0\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{CHECKOUT}")
    with scripted() as server:
        settings = {**FREELY, **to_relay(server.port, CONNECTIONS="2"), "DELIVERY__PROCESSES": "2"}
        with Desk(("smtp", "work", "deliver"), settings=settings) as desk:
            wait_for(lambda: len(desk.processes()) == 4, "all but the one that helps", 60)
            send(desk.smtp, mail("lone@customer.test", "Lone"))
            wait_for(lambda: letter_states(desk) == {"sent": 2}, "both letters", 60)
            assert len(desk.processes()) == 4
            with desk.database.transaction() as session:
                (row, *_) = session.scalars(select(Outbox))
                values = {name: getattr(row, name) for name in Outbox.__table__.columns.keys()}  # noqa: SIM118 - a collection of its own
                again = {"state": "waiting", "done_at": None, "message_id": "", "attempts": 0}
                session.add_all(Outbox(**values | again | {"id": 10_000 + n}) for n in range(400))
            wait_for(lambda: len(desk.processes()) == 5, "the one that helps, called", 60)
            wait_for(lambda: letter_states(desk) == {"sent": 402}, "all letters", 60)
            wait_for(lambda: len(desk.processes()) == 4, "its end", 60)
            assert "a process ended" not in desk.log()
