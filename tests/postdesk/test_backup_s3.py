"""Bytes in an S3-compatible store: copied down into a backup, put back from it; or left to the bucket's versions."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from postdesk import backup
from postdesk.backup import Options
from postdesk.settings import load
from postdesk.wiring import House
from store.s3_blobs import S3Blobs
from tests.gateway.desk_world import World
from tests.peers.s3 import S3
from tests.postdesk.backup_world import is_well
from tests.postdesk.erasure_world import command, fill, opened


@pytest.fixture(scope="module")
def server() -> Iterator[S3]:
    """One for all tests of this file."""
    with S3() as running:
        yield running


def test_down_and_up_again(server: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A desk with a bucket is restored into an empty bucket, byte for byte."""
    for name, value in server.settings("one/").items():
        monkeypatch.setenv(f"POSTDESK_{name}", value)
    home = tmp_path / "one"
    home.mkdir()
    with opened(home, "", monkeypatch) as (house, world):
        assert isinstance(house.blobs, S3Blobs)
        world = World(house.database, home)
        world.blobs = house.blobs  # type: ignore[assignment]
        world.spool.close()
        world.spool = house.spool()
        world.intake = world.new_intake()
        fill(house, world)
        made = backup.make(house, Options(tmp_path / "out"), lambda _: None)
        assert made.faults == ()
        assert made.manifest.blob_count == 2
        assert not any(path.suffix == ".key" for path in (made.folder / "blobs").rglob("*"))
        bare = backup.make(house, Options(tmp_path / "bare", blobs=False), lambda _: None)
        assert not (bare.folder / "blobs").exists()
        world.spool.close()
        for name, value in server.settings("two/").items():
            monkeypatch.setenv(f"POSTDESK_{name}", value)
        done = command(house, "restore", str(made.folder), "--into", str(tmp_path / "two"))
        assert done.exit_code == 0, done.output
        assert "all is well" in done.output
    other = House(load(tmp_path / "two" / "postdesk.toml"))
    is_well(other)
    assert sum(len(other.blobs.names(f"{n:02x}", "", 10)) for n in range(256)) == 2
    other.database.close()
