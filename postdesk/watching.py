"""Builds from the settings what watchers ask: the figures, who may see them, and what this process needs to work."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from postdesk import __version__, blobs
from postdesk.readiness import Part, Readiness
from store.migrations import is_current, newest

if TYPE_CHECKING:
    from portal.metrics import Metrics
    from portal.watching import Access
    from postdesk.wiring import House

_RARELY = 15.0  # seconds between two looks at the blob store: an S3 service wants money for each


def metrics(house: "House") -> "Metrics | None":
    """The figures for Prometheus; None when they are switched off."""
    from portal.metrics import Metrics
    from store.sizes import sizes

    if not house.settings.metrics.enabled:
        return None
    database = house.database
    return Metrics(
        database,
        partial(sizes, database, folders(house)),
        {"version": __version__, "schema": newest(), "database": "sqlite" if database.is_sqlite else "postgresql"},
        reserve=blobs.room(house.settings, database.file).most,
        seconds=house.settings.metrics.seconds,
    )


def access(house: "House") -> "Access":
    """Who may see them."""
    from portal.watching import Access

    settings = house.settings.metrics
    return Access(settings.networks, settings.token.get_secret_value())


def folders(house: "House") -> dict[str, Path]:
    """The folders that must have room, each by what lies in it."""
    found = {}
    if house.database.file is not None:
        found["database"] = house.database.file.parent
    if house.settings.blobs.kind == "folder":
        found["blobs"] = house.settings.blobs.folder
    return found


def readiness(house: "House", *more: Part) -> Readiness:
    """What any role needs: the database with a schema that suits, a place for big mails, and room on the disk."""
    return Readiness(
        [
            Part("database", partial(_database, house), "does not answer"),
            Part("schema", partial(_schema, house), "cannot be told", keeps=5.0),
            Part("blobs", partial(_blobs, house), "cannot be written", keeps=_RARELY),
            Part("disk", partial(_disk, house), "cannot be looked at"),
            *more,
        ]
    )


def _database(house: "House") -> str:
    house.database.check()
    return ""


def _schema(house: "House") -> str:
    return "" if is_current(house.database) else "is not that of this program; run: postdesk migrate"


def _blobs(house: "House") -> str:
    house.blobs.look()
    return ""


def _disk(house: "House") -> str:
    enough = blobs.room(house.settings, house.database.file).is_enough()
    return "" if enough else "less is free than blobs.reserve_mb and the like ask for; mail is refused for now"
