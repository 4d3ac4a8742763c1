"""The database: version, schema, whether what it holds can be read, and how its server is set up."""

import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from postdesk.doctor.findings import Finding, Notes, Probe
from store.damage import damage, in_words

if TYPE_CHECKING:
    from postdesk.wiring import House

_BIG_LOG = 512 * 1024 * 1024
_OVERFLOW = 20  # connections of a process beyond its pool, for a moment (store/database.py)
_OLD_SERVER = 13  # PostgreSQL; older ones get no security updates
_STEPS = 10_000  # of SQLite's machine between two looks at the clock


def probes(house: "House", seconds: float) -> list[Probe]:
    """What both kinds have; then what each has of its own."""
    if house.database.file is not None:
        return [Probe("database", "the database", lambda: _file(house, seconds))]
    return [
        Probe("database", "the database", lambda: _both(house)),
        Probe("database", "the settings of PostgreSQL", lambda: _postgres(house)),
    ]


def damaged(said: str, topic: str = "database") -> Finding:
    """SQLite found that its file is not whole."""
    means = "Some of what it holds is lost or wrong. Stop Postdesk before it grows, and keep the file."
    return Finding(
        topic,
        "error",
        f"The database is damaged. SQLite says: {said}.",
        means,
        "Restore the last backup:",
        "postdesk restore",
    )


def _file(house: "House", seconds: float) -> Iterable[Finding]:
    """A file that is damaged may answer all the same: that it does would only mislead."""
    found = list(_sqlite(house, seconds))
    return found if any(one.level == "error" for one in found) else [*_both(house), *found]


def _both(house: "House") -> Iterable[Finding]:
    from store.migrations.state import fit
    from store.tables import search

    notes = Notes("database")
    if house.missing_database:
        notes.error(house.missing_database, "There is no desk yet.", "Run:", "postdesk init")
        return notes.found
    version = house.database.check()
    state = fit(house.database)
    if state.works:
        notes.ok(f"{version} answers, with {state.value}.")
        with house.database.reading() as session:
            _search(notes, search.how(session.connection()))
    else:
        means = "Postdesk does not start."
        notes.error(f"{version} answers, but has {state.value}.", means, "Run:", "postdesk migrate")
    return notes.found


def _search(notes: Notes, how: str) -> None:
    """How words in tickets are found."""
    if "pg_trgm would" in how:
        means = "Searches take seconds where there are many tickets."
        notes.warning(f"Search: {how}.", means, "As a superuser of the database, run:", "CREATE EXTENSION pg_trgm")
    else:
        notes.ok(f"Search: {how}.")


def _sqlite(house: "House", seconds: float) -> Iterable[Finding]:
    notes = Notes("database")
    file = house.database.file
    if file is None or house.missing_database:
        return notes.found
    log = Path(f"{file}-wal")
    if log.exists() and log.stat().st_size > _BIG_LOG:
        size = log.stat().st_size // 1024**2
        means = "Something reads for so long that the log cannot be put into the database."
        notes.warning(f"The write-ahead log holds {size:,} MiB.", means, "End what reads it, then restart Postdesk.")
    said = _quick_check(file, seconds * 0.8)
    if said is None:
        notes.ok(f"The database is too large to be read through in {seconds:g} seconds; postdesk verify does that.")
    elif said == "ok":
        notes.ok("All pages of the database can be read.")
    else:
        notes.found.append(damaged(in_words(said)))
    return notes.found


def _quick_check(file: Path, seconds: float) -> str | None:
    """ "ok", the first fault, or None when it takes longer than that."""
    end = time.monotonic() + seconds
    connection = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=seconds)
    try:
        connection.set_progress_handler(lambda: int(time.monotonic() > end), _STEPS)
        return str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError as error:
        if "interrupted" in str(error):
            return None
        raise
    except sqlite3.DatabaseError as error:
        if said := damage(error):
            return said
        raise
    finally:
        connection.close()


def _postgres(house: "House") -> Iterable[Finding]:
    from store.processes import known

    notes = Notes("database")
    names = ("fsync", "full_page_writes", "synchronous_commit", "max_connections", "server_version_num")
    with house.database.reading() as session:
        found = {name: str(session.scalar(text(f"SHOW {name}"))) for name in names}
        used = int(session.scalar(text("SELECT count(*) FROM pg_stat_activity")) or 0)
        processes = sum(process.lives for process in known(session))
    for name in ("fsync", "full_page_writes"):
        if found[name] != "on":
            means = "A power cut can destroy the whole database, with every mail in it."
            notes.error(f"{name} is off in PostgreSQL.", means, "Set it on in postgresql.conf, and reload.")
    # synchronous_commit is set by each connection of ours: what the server says here is what holds for us.
    if found["synchronous_commit"] in ("off", "local"):
        means = "Mail could be lost that was answered with “250” already."
        what = f"synchronous_commit is {found['synchronous_commit']} for our connections."
        notes.error(what, means, "Take the setting away from the user and the database.")
    if int(found["server_version_num"]) < _OLD_SERVER * 10_000:
        notes.warning("The PostgreSQL server is old.", "It gets no security updates.", "Move to a newer one.")
    _connections(notes, house, int(found["max_connections"]), used, processes)
    if not notes.found:
        notes.ok("PostgreSQL keeps what it has confirmed, and has connections enough.")
    return notes.found


def _connections(notes: Notes, house: "House", most: int, used: int, processes: int) -> None:
    wanted = max(1, processes) * (house.settings.database.pool_size + _OVERFLOW)
    if wanted > most:
        count = max(1, processes)
        what = f"{count} processes may want {wanted} connections, and PostgreSQL gives {most} ({used} are used now)."
        means = "Under load some of them wait, or fail."
        notes.warning(what, means, "Raise max_connections in postgresql.conf, or lower database.pool_size.")
