"""The schema before anything runs: brought up to date where that may be, else what is in the way, in words."""

from collections.abc import Sequence
from pathlib import Path

from store.database import Database
from store.identity import short
from store.migrations.state import Fit, fit, found, newest

UNFINISHED = "restore-unfinished"  # a file beside the settings, while a desk is restored there


def unfinished(home: Path) -> str:
    """Why nobody may work with a desk whose restore was broken off, and what to do; "" where none was."""
    if not (home / UNFINISHED).exists():
        return ""
    return (
        f"A restore of this desk did not come to its end: {home / UNFINISHED} says so. Restore again, with --replace, "
        "which puts aside what is there. With PostgreSQL, into an empty database."
    )


def prepare(database: Database) -> None:
    """Do what is pending; what would take something away from living older processes stays for later."""
    from store.migrations import upgrade

    if fit(database) in (Fit.OLD, Fit.UNTIDY):
        upgrade(database)


def obstacle(database: Database) -> str:
    """Why this version cannot work with the database, and what to do; "" when it can."""
    state = fit(database)
    if state.works:
        return ""
    version, oldest = found(database)
    if state is Fit.TOO_NEW:
        return (
            f"The database has schema {version}, which wants a Postdesk that knows {oldest} or newer; this one knows "
            f"{newest()}. Install the version that the other machines run."
        )
    if not version:
        return "The database has no tables yet. For a new desk run: postdesk init"
    return f"The database is at {version}, this version needs {newest()}. Run: postdesk migrate"


def names(processes: Sequence[str]) -> str:
    """Some processes, for a sentence."""
    shown = [short(name) for name in processes[:5]]
    return ", ".join([*shown, f"{len(processes) - 5} more"] if len(processes) > 5 else shown)
