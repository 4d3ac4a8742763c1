"""A desk with a past, a folder for backups of it, and an empty place for another desk; on each kind of database."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from postdesk import backup
from postdesk.backup import Made, Options
from postdesk.settings import load
from postdesk.verify import Source, verify
from postdesk.wiring import House
from tests.gateway.desk_world import World
from tests.peers.postgres import Postgres
from tests.postdesk.erasure_world import command, fill, opened


class Two:
    """A desk with a past, and a place for another one."""

    def __init__(self, house: House, world: World, tmp_path: Path, url: str) -> None:
        self.house, self.world, self.out, self.into, self.url = house, world, tmp_path / "out", tmp_path / "two", url

    def backup(self, **options: Any) -> Made:
        """Make one."""
        return backup.make(self.house, Options(self.out, **options), lambda _: None)

    def restore(self, made: Made, *words: str, code: int = 0) -> str:
        """As typed, on an empty place; what it said."""
        done = command(self.house, "restore", str(made.folder), "--into", str(self.into), *words)
        assert done.exit_code == code, done.output
        return done.output

    def other(self) -> House:
        """The restored desk."""
        return House(load(self.into / "postdesk.toml"))


@contextmanager
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres: Postgres | None) -> Iterator[Two]:
    """Whatever is restored goes into an empty one."""
    home = tmp_path / "one"
    home.mkdir()
    with opened(home, postgres.fresh_database() if postgres else "", monkeypatch) as (house, world):
        fill(house, world)
        url = postgres.fresh_database() if postgres else ""
        if url:
            monkeypatch.setenv("POSTDESK_DATABASE__URL", url)
        yield Two(house, world, tmp_path, url)


def is_well(house: House) -> None:
    """Everything is there and right."""
    source = Source(house.database.reading, house.database.is_sqlite, house.blobs)
    assert [one.line for one in verify(source, datetime.now(UTC)) if one.faults] == []
