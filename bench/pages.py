"""Pages of a full desk: how long people wait for Home, a list, a ticket and a search, twenty of them at once."""

import http.client
import itertools
import os
import random
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from sqlalchemy import insert, select

from bench.desk import Desk
from desk import sessions
from desk.sessions import Lifetimes
from store.database import Database
from store.tables import Account, Contact, ContactAddress, Event, Organisation, Staff, Ticket, core, search

TICKETS = int(os.environ.get("TICKETS", "100000"))
ENTRIES, WORDS = 5, 50  # of each ticket, and of each entry
CLIENTS, VIEWS = 20, 15  # people at once, and pages that each of them looks at of every kind
PAUSE = 1.0  # seconds that they read, on average; nobody reads so fast, so it stands for many more people
ALONE = 30  # pages that one person looks at while nobody else does
CONTACTS, OURS = 2_000, 400  # people, and those of the organisation that has every fifth ticket
_OURS = 900_000_001  # the first id of organisations and people: far from those that the desk gave its samples
_PART = 5_000
_STATUSES = ("New", "In Progress", "Waiting Customer", *["Complete"] * 57)
_COOKIE = "postdesk-session"


@dataclass(frozen=True, slots=True)
class Sample:
    """What was put into the desk."""

    words: tuple[str, ...]  # the commonest first
    ids: tuple[int, ...]  # of tickets
    customer: int
    staff: int


def figures(url: str = "") -> Iterator[tuple[str, float, str]]:
    """Each figure with its unit, as it comes. `url` is another database than SQLite."""
    with Desk(("portal",), url=url) as desk:
        sample = fill(desk.database)
        started = time.perf_counter()
        index_all(desk.database)
        yield "index of all words, at once", time.perf_counter() - started, "s"
        yield from measured(desk, sample)


def search_step(database: Database) -> int:
    """One part of the index; how many texts."""
    with database.transaction(durable=False) as session:
        return search.index(session.connection(), texts=4_000)


def index_all(database: Database) -> None:
    """All texts that are not in the index yet."""
    while search_step(database):
        pass


def measured(desk: Desk, sample: Sample) -> Iterator[tuple[str, float, str]]:
    """The figures of a desk that is full."""
    with desk.database.reading() as session:
        numbers = session.scalars(select(Ticket.number).where(Ticket.organisation_id == _OURS).limit(500)).all()
    for who, cookie in (("customer", sign_in(desk.database, sample.customer, staff=False)),
                        ("staff", sign_in(desk.database, sample.staff, staff=True))):  # fmt: skip
        kinds: dict[str, Callable[[random.Random], str]] = {
            "Home": lambda _: "/",
            "list": lambda chance: f"/tickets?view={chance.choice(['open', 'all', 'my', 'done'])}",
            "ticket": lambda chance: f"/t/{chance.choice(numbers)}",
            "search": lambda chance: f"/tickets?q={quote(chance.choice(sample.words))}",
        }
        for kind, address in kinds.items():
            before = desk.cpu_seconds()
            alone = _alone(desk.page, cookie, address)
            yield f"{who}: {kind}, alone, median", statistics.median(alone) * 1000, "ms"
            yield f"{who}: {kind}, processor time of each", (desk.cpu_seconds() - before) / ALONE * 1000, "ms"
            times = _looked_at(desk.page, cookie, address)
            yield f"{who}: {kind}, median", statistics.median(times) * 1000, "ms"
            yield f"{who}: {kind}, 95th percentile", statistics.quantiles(times, n=20)[-1] * 1000, "ms"
        started = time.perf_counter()
        status, body = get(_connect(desk.page), "/tickets.csv", cookie)
        assert status == 200, status
        yield f"{who}: CSV of {body.count(10) - 1:,} rows", time.perf_counter() - started, "s"


def fill(database: Database, tickets: int = TICKETS) -> Sample:
    """Organisations, people and tickets in bulk; words as often as in a language (Zipf)."""
    chance = random.Random(20190409)  # noqa: S311 - samples
    words, often = _vocabulary(chance)
    now = datetime.now(UTC).replace(microsecond=0)

    def text(count: int) -> str:
        return " ".join(chance.choices(words, cum_weights=often, k=count))

    with database.transaction() as session:
        session.execute(insert(core(Organisation)), [
            {"id": _OURS + i, "name": f"Sample {i}", "visibility": "organisation", "created_at": now} for i in range(40)
        ])  # fmt: skip
        session.execute(insert(core(Contact)), [
            {"id": _OURS + i, "name": f"Person {i}", "organisation_id": _organisation(i), "known": True,
             "created_at": now} for i in range(CONTACTS)
        ])  # fmt: skip
        session.execute(insert(core(ContactAddress)), [
            {"address": f"p{i}@customer.test", "written": f"p{i}@customer.test", "contact_id": _OURS + i}
            for i in range(CONTACTS)
        ])  # fmt: skip
        staff = session.scalars(select(Staff.id)).first() or 0
    first = 1_000_000_000  # far from the ids that the desk gives itself
    for start in range(0, tickets, _PART):
        rows, entries = [], []
        for n in range(start, min(start + _PART, tickets)):
            at = now - timedelta(minutes=5 * (tickets - n))
            who = chance.randrange(OURS) if n % 5 == 0 else chance.randrange(OURS, CONTACTS)
            rows.append(_ticket(first + 10 * n, n, at, who, chance.choice(_STATUSES), text(6)))
            entries += [
                {"id": first + 10 * n + place, "ticket_id": first + 10 * n, "at": at + timedelta(hours=place),
                 "kind": "note", "visibility": "internal" if place == 3 else "public", "contact_id": _OURS + who,
                 "author": f"Person {who}", "text": text(WORDS)} for place in range(1, ENTRIES + 1)
            ]  # fmt: skip
        with database.transaction(durable=False) as session:
            session.execute(insert(core(Ticket)), rows)
            session.execute(insert(core(Event)), entries)
    return Sample(words, tuple(first + 10 * n for n in range(tickets)), _OURS + 5, staff)


def _organisation(person: int) -> int:
    return _OURS if person < OURS else _OURS + 1 + person % 39


def _vocabulary(chance: random.Random) -> tuple[tuple[str, ...], list[float]]:
    parts = [a + b for a in "bcdfghjklmnprstvwz" for b in "aeiou"]
    words = tuple("".join(chance.choices(parts, k=chance.randint(2, 4))) for _ in range(20_000))
    return words, list(itertools.accumulate(1 / (rank + 3) for rank in range(len(words))))


def _ticket(ticket_id: int, n: int, at: datetime, who: int, status: str, title: str) -> dict[str, object]:
    done = at + timedelta(hours=5) if status == "Complete" else None
    return {
        "id": ticket_id, "number": f"T{at:%Y%m%d}.{n:06}", "title": title, "letter_subject": title, "status": status,
        "type": ("Incident", "Query", "Change")[n % 3], "desk_address": "service@desk.test",
        "organisation_id": _organisation(who), "requester_id": _OURS + who, "created_at": at,
        "updated_at": at + timedelta(hours=5), "completed_at": done,
    }  # fmt: skip


def sign_in(database: Database, person: int, *, staff: bool) -> str:
    """A session as after a sign-in, without the half second that a password takes."""
    with database.transaction() as session:
        of = Staff if staff else Contact
        session.scalars(select(of.id).where(of.id == person).with_for_update()).one()  # two may be the same person
        mine = Account.staff_id == person if staff else Account.contact_id == person
        account = session.scalars(select(Account).where(mine)).first()
        if account is None:
            own = {"staff_id": person} if staff else {"contact_id": person}
            account = Account(id=database.ids.next(), username=f"bench{person}@customer.test", active=True,
                              password_hash="", created_at=datetime.now(UTC), **own)  # fmt: skip
            session.add(account)
            session.flush()
        account.once_hash, account.once_nonce = "", None
        return sessions.start(session, account, now=datetime.now(UTC), lifetimes=Lifetimes()).cookie


def _alone(port: int, cookie: str, address: Callable[[random.Random], str]) -> list[float]:
    """Seconds of each view of one person, one after another."""
    chance, connection, times = random.Random(CLIENTS), _connect(port), list[float]()  # noqa: S311 - samples
    for _ in range(ALONE):
        path, started = address(chance), time.perf_counter()
        status, _body = get(connection, path, cookie)
        times.append(time.perf_counter() - started)
        assert status == 200, (path, status)
    return times


def _looked_at(port: int, cookie: str, address: Callable[[random.Random], str]) -> list[float]:
    """Seconds of each view."""
    times, faults = list[float](), list[str]()

    def person(seed: int) -> None:
        chance, connection = random.Random(seed), _connect(port)  # noqa: S311 - samples
        for _ in range(VIEWS):
            time.sleep(chance.uniform(0, 2 * PAUSE))
            path, started = address(chance), time.perf_counter()
            status, _body = get(connection, path, cookie)
            times.append(time.perf_counter() - started)
            if status != 200:
                faults.append(f"{path}: {status}")

    threads = [threading.Thread(target=person, args=(seed,)) for seed in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults, faults[:3]
    assert len(times) == CLIENTS * VIEWS
    return times


def _connect(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=120)


def get(connection: http.client.HTTPConnection, path: str, who: str | dict[str, str]) -> tuple[int, bytes]:
    """A page for the cookie of a session, or for header fields that say who asks.

    A connection that the server has closed meanwhile is opened again, as browsers do.
    """
    headers = {"Cookie": f"{_COOKIE}={who}"} if isinstance(who, str) else who
    for _ in range(3):
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            connection.close()
    raise ConnectionError(path)
