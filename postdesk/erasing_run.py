"""Erases a person step by step, each a short transaction, and says what became of their data and what stays."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from desk import erasing, erasing_mails, erasing_rows, erasing_tickets
from desk.erasing import Person, Wish
from desk.retention import Gone
from postdesk import backup, backup_erased, erasing_stays, forgetting
from postdesk.erasing_young import JUST_NOW
from postdesk.wiring import House

_UNFINISHED = timedelta(hours=1)  # a blob that is being written grows within that; one that does not has no writer
_EACH_SECOND = 100_000_000  # bytes of a database that are written anew, about
_PATIENCE = 10  # seconds that a mail or letter which somebody is at may take to end


@dataclass(frozen=True, slots=True)
class Erased:
    """The end: the report that is kept, and what is only told."""

    report: dict[str, Any]
    busy: int  # mails and letters that somebody is at: then it has not ended, and is to be run again
    told: tuple[str, ...]


def run(
    house: House, address: str, wish: Wish, say: Callable[[str], None], *, also: Collection[str] = (), by: str = "",
    vacuum: bool = True, just_now: timedelta = JUST_NOW,
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
        with house.database.reading() as session:
            digests = erasing.noted(session, person, "digests")
        counts["bytes"], young = forgetting.forget(house, digests, datetime.now(UTC) - just_now)
        house.blobs.drop_unfinished(now - _UNFINISHED)
        stays = erasing_stays.kept(house, person, counts)
        with house.database.transaction() as session:
            _forget_better(session, house)
            report = erasing.finish(session, person, dict(counts), stays, datetime.now(UTC), young)
        told = (*_clean(house, vacuum, say), *backup_erased.write_all(house))
        return Erased(report, 0, (*told, *erasing_stays.outside(house, now, len(young))))


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
        done = erasing_tickets.pseudonymise(session, person, ids, now)
        if done.sending:  # what is written of these holds the name
            erasing.note(session, person, "near", ids)
            erasing.note(session, person, "sending", done.sending)
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
                erasing.note(session, person, "digests", gone.digests)
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


def _busy(house: House, person: Person) -> int:
    """Waits a little for what somebody is at."""
    count = 0
    for _ in range(_PATIENCE):
        with house.database.transaction() as session:
            now = datetime.now(UTC)
            count = erasing_mails.busy(session, person, now) + erasing_tickets.still_sending(session, person, now)
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
    with house.database.alone() as connection:
        if house.database.is_sqlite:
            connection.execute("PRAGMA temp_store=FILE")  # the whole database goes through it
            connection.execute("VACUUM")
            connection.execute("PRAGMA temp_store=MEMORY")
            busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            return ("The journal desk.db-wal is cleaned when the readers of this moment are done.",) if busy else ()
        connection.autocommit = True
        try:
            connection.execute("VACUUM")
        finally:
            connection.autocommit = False
        return ("PostgreSQL keeps what was written in its write-ahead log and its replicas as long as you told it to.",)


def cleaning(house: House) -> str:
    """How long nobody else can write while the free space is cleaned, in a sentence; "" where all go on working."""
    if not house.database.file:
        return ""
    size = house.database.file.stat().st_size
    seconds = max(1, round(size / _EACH_SECOND))
    wait = f"{seconds} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"
    return (
        f"At the end the database of {size / 1e6:,.0f} MB is written anew. That may take {wait}, in which mails wait "
        "and nobody can write; --no-vacuum leaves it."
    )
