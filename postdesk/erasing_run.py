"""Erases a person step by step, each a short transaction, and says what became of their data and what stays."""

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from desk import erasing, erasing_mails, erasing_rows, erasing_tickets, retention
from desk.erasing import Person, Wish
from desk.retention import Gone
from postdesk import backup, backup_erased, erasing_stays
from postdesk.wiring import House

_PATIENCE = 10  # seconds that a mail or letter which somebody is at may take to end
_JUST_NOW = timedelta(seconds=10)  # bytes that were put later may belong to a row that is not committed yet


@dataclass(frozen=True, slots=True)
class Erased:
    """The end: the report that is kept, and what is only told."""

    report: dict[str, Any]
    busy: int  # mails and letters that somebody is at: then it has not ended, and is to be run again
    told: tuple[str, ...]


def run(
    house: House, address: str, wish: Wish, say: Callable[[str], None], *, also: Collection[str] = (), by: str = "",
    vacuum: bool = True, just_now: timedelta = _JUST_NOW,
) -> Erased:  # fmt: skip
    """Erase whoever has this address; PeopleError when that cannot be, BackupError while a backup is being made."""
    with backup.held(house, what="A backup, or another erasure, is being made"):
        now = datetime.now(UTC)
        with house.database.transaction() as session:
            _forget_better(session, house)
            person = erasing.begin(session, address, wish, house.keys, now, house.database.ids.next, also=also, by=by)
        say(f"From now on this is “{person.name}”: nobody writes to them, and nobody can sign in as them.")
        counts: Counter[str] = Counter()
        _steps(house, person, counts, say)
        if busy := _busy(house, person):
            return Erased({}, busy, ())
        say("Looking at everything else …")
        _everywhere(house, person, counts)
        counts["bytes"] = _forget(house, person, just_now)
        stays = erasing_stays.kept(house, person, counts)
        with house.database.transaction() as session:
            _forget_better(session, house)
            report = erasing.finish(session, person, dict(counts), stays)
        told = _clean(house, vacuum, say)
        _list(house)
        return Erased(report, 0, (*told, *erasing_stays.outside(house, now)))


def _forget_better(session: Session, house: House) -> None:
    """On SQLite what is deleted is overwritten, too."""
    if house.database.is_sqlite:
        session.connection().exec_driver_sql("PRAGMA secure_delete=ON")


@dataclass(frozen=True, slots=True)
class _Step:
    """One kind of rows: what it is called, which there are, what becomes of some of them, and of how many at once."""

    name: str
    words: str
    find: Callable[[Session], Sequence[int]]
    act: Callable[[Session, Sequence[int]], Gone]
    at_once: int = erasing_mails.AT_ONCE


def _plan(person: Person, counts: Counter[str]) -> list[_Step]:
    """In an order in which an interruption leaves nothing that the next run does not find."""
    now = datetime.now(UTC)

    def near(session: Session, ids: Sequence[int]) -> Gone:
        done = erasing_tickets.pseudonymise(session, person, ids)
        counts["tickets_changed"] += done.tickets
        counts["entries"] += done.entries
        return done.gone

    mails, tickets, some = erasing_mails, erasing_tickets, erasing_tickets.AT_ONCE
    steps = [
        _Step(
            "letters", "letters to them",
            lambda session: mails.find_letters(session, person), lambda session, ids: mails.letters(session, now, ids),
        ),
        _Step(
            "tickets_deleted", "tickets that they asked for", lambda session: tickets.find_own(session, person),
            lambda session, ids: tickets.forget(session, now, ids), some,
        ),
        _Step(
            "mails_beside", "tickets where they took part",
            lambda session: tickets.find_near(session, person), near, some,
        ),
        _Step(
            "mails", "mails from them",
            lambda session: mails.find_theirs(session, person), lambda session, ids: mails.theirs(session, now, ids),
        ),
        _Step("mails_beside", "mails that name them", lambda session: mails.find_naming(session, person), mails.strip),
    ]  # fmt: skip
    return [step for step in steps if step.name != "tickets_deleted" or person.wish.delete_tickets]


def _steps(house: House, person: Person, counts: Counter[str], say: Callable[[str], None]) -> None:
    for step in _plan(person, counts):
        say(f"Looking at {step.words} …")
        with house.database.reading() as session:
            found = step.find(session)
        for ids in _parts(found, step.at_once):
            with house.database.transaction() as session:
                _forget_better(session, house)
                gone = step.act(session, ids)
                erasing.remember(session, person, gone.digests)
            counts[step.name] += gone.count


T = TypeVar("T")


def _parts(found: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(found), most):
        yield found[start : start + most]


def _everywhere(house: House, person: Person, counts: Counter[str]) -> None:
    for table in erasing_rows.tables():
        with house.database.reading() as session:
            found = erasing_rows.find(session, table, person)
        for keys in _parts(found, erasing_rows.AT_ONCE):
            with house.database.transaction() as session:
                _forget_better(session, house)
                counts["rows"] += erasing_rows.replace(session, table, person, keys)


def _forget(house: House, person: Person, just_now: timedelta) -> int:
    """The bytes that nobody names any more. What was put a moment ago is waited for."""
    gone = 0
    with house.database.reading() as session:
        left = erasing.remembered(session, person)
    for last in (False, True):
        with house.database.reading() as session:
            unused = sorted(retention.unused(session, left))
        young = []
        for digest in unused:
            if house.blobs.forget(digest, datetime.now(UTC) - just_now):
                gone += 1
            else:
                young.append(digest)
        if last or not young:
            break
        left = young
        time.sleep(just_now.total_seconds())
    return gone


def _busy(house: House, person: Person) -> int:
    """Waits a little for what somebody is at."""
    count = 0
    for _ in range(_PATIENCE):
        with house.database.reading() as session:
            count = erasing_mails.busy(session, person, datetime.now(UTC))
        if not count:
            break
        time.sleep(1)
    return count


def _clean(house: House, vacuum: bool, say: Callable[[str], None]) -> tuple[str, ...]:
    """What was deleted earlier may still stand in free space of the database."""
    if not vacuum:
        return (
            "The free space of the database was not cleaned; what was deleted before may stand in it (--no-vacuum).",
        )
    say("Cleaning the free space of the database …")
    raw = house.database.engine.raw_connection()
    try:
        connection: Any = raw.driver_connection
        if house.database.is_sqlite:
            connection.execute("PRAGMA temp_store=FILE")  # the whole database goes through it
            connection.execute("VACUUM")
            connection.execute("PRAGMA temp_store=MEMORY")
            busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            return ("The journal desk.db-wal is cleaned when the readers of this moment are done.",) if busy else ()
        connection.autocommit = True
        connection.execute("VACUUM")
        connection.autocommit = False
        return ("PostgreSQL keeps what was written in its write-ahead log and its replicas as long as you told it to.",)
    finally:
        raw.close()


def _list(house: House) -> None:
    """Restoring a backup must not bring them back."""
    if folder := house.settings.backup.folder:
        with contextlib.suppress(FileNotFoundError):  # there is no backup yet
            backup_erased.write(house, Path(folder))
