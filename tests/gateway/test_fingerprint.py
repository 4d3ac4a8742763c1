"""The same mail twice is one; the same few words of two people are two mails."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from store.tables import Disposition, MailKey, Ticket
from tests.gateway.desk_world import ANN, EVE, PAT, People, World

BARE = b"Subject: Help\r\n\r\nIt does not work.\r\n"


def test_mail_without_from_of_two_people(world: World, people: People) -> None:
    """No From, Date or Message-ID, word for word the same: whose it is says the reverse path."""
    before = world.count(Ticket)
    first = world.take(BARE, reverse_path=EVE)
    second = world.take(BARE, reverse_path="joe@elsewhere.test")
    assert (first.kind, second.kind) == ("opened", "opened")
    assert world.count(Ticket) == before + 2


def test_mail_without_from_that_comes_twice(world: World, people: People) -> None:
    """By the same sender, however the address is written, it is one mail."""
    world.take(BARE, reverse_path=EVE)
    assert world.take(BARE, reverse_path=EVE.upper()).rule == "duplicate"


def test_mail_with_from_by_another_way(world: World, people: People) -> None:
    """A relay that rewrites the reverse path makes no second mail of it."""
    raw = f"From: {ANN}\r\n".encode() + BARE
    world.take(raw, reverse_path=ANN)
    assert world.take(raw, reverse_path=PAT).rule == "duplicate"


ALARM = b"From: cron@machines.test\r\nSubject: Backup failed\r\n\r\nLook at it.\r\n"
DATED = b"Date: Mon, 23 Nov 2026 11:00:00 +0000\r\n"
NAMED = b"Message-ID: <1@machines.test>\r\n"


def rules(world: World, *raws: bytes, **apart: Any) -> list[str]:
    """What decided about each of these mails, which come one after the other with this time between them."""
    found = []
    for raw in raws:
        found.append(world.take(raw).rule)
        world.clock.forward(**apart)
    return found


@pytest.mark.parametrize("apart", [{"minutes": 5}, {"hours": 12}], ids=str)
def test_a_script_that_sends_again(world: World, people: People, apart: dict[str, float]) -> None:
    """With neither Message-ID nor Date: the same words a little later are a client that missed our answer."""
    assert rules(world, ALARM, ALARM, **apart) == ["new", "duplicate"]


def test_a_script_that_runs_every_night(world: World, people: People) -> None:
    """A ticket each time, and what comes twice in one night is one; no alarm becomes invisible."""
    for night in range(3):
        assert rules(world, ALARM, ALARM, minutes=20) == ["new", "duplicate"], night
        world.clock.forward(hours=23)
    newest = max(ticket.created_at for ticket in world.all(select(Ticket)))
    assert world.clock() - newest < timedelta(hours=24)
    assert world.count(MailKey) == 1


@pytest.mark.parametrize("field", [DATED, NAMED])
def test_what_tells_a_mail_from_others_counts_for_ever(world: World, people: People, field: bytes) -> None:
    """A Date or a Message-ID of its own: the same mail months later is a copy of it."""
    assert rules(world, field + ALARM, field + ALARM, days=90) == ["new", "duplicate"]


@pytest.mark.parametrize("source", ["imap", "file"])
def test_a_mailbox_that_is_read_again(world: World, people: People, source: str) -> None:
    """What lies there is known for ever by the traces of its way, and last night's alarm is another mail."""
    nights = [f"Received: from a by b; {day} Nov 2026 01:00:00 +0000\r\n".encode() + ALARM for day in (23, 24)]
    assert [world.take(raw, source=source).rule for raw in nights] == ["new", "new"]
    world.clock.forward(days=90)
    assert [world.take(raw, source=source).rule for raw in nights] == ["duplicate", "duplicate"]
    assert world.take(nights[0]).rule == "new"  # handed to us once more: nobody knows by whom
    assert [world.take(ALARM, source=source).rule for _ in range(2)] == ["duplicate", "duplicate"]  # without a trace


def test_a_month_of_alarms_that_waited_together(world: World, people: People) -> None:
    """It counts when they came, not when they are handled: all of them in one batch, and one twice."""
    for days in (0, 30, 0, 30):
        world.clock.forward(days=days)
        world.send(ALARM)
    world.handle()
    found = [world.disposition(row.received_id).rule for row in world.all(select(Disposition))]
    assert sorted(found) == ["duplicate", "new", "new", "new"]
    assert world.count(MailKey) == 1
    assert world.take(ALARM).rule == "duplicate"


def test_two_workers_with_the_next_months_alarm(world: World, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have seen that the old one is too old; the second finds that the key is taken, and asks again."""
    world.take(ALARM)
    world.clock.forward(days=30)
    mails = [world.send(ALARM), world.send(ALARM)]
    both, met = threading.Barrier(2), set[int]()

    def meet(point: str) -> None:
        if point == "intake.decided" and threading.get_ident() not in met:
            met.add(threading.get_ident())
            both.wait(60)

    if not world.database.is_sqlite:  # which has one writer at a time
        monkeypatch.setattr("gateway.intake.reached", meet)
    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(world.new_intake(batch=1).drain_once) for _ in mails]
        assert [one.result(120) for one in done] == [1, 1]
    assert sorted(world.disposition(mail).rule for mail in mails) == ["duplicate", "new"]
    assert len(met) == (0 if world.database.is_sqlite else 2)
