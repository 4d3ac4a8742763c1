"""Blobs: whole or not there, under their SHA-256."""

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.blobs import FolderBlobs


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    """An empty folder."""
    return FolderBlobs(tmp_path / "blobs")


def files(blobs: FolderBlobs) -> set[str]:
    """The names of all files in it."""
    return {path.name for path in blobs.root.rglob("*") if path.is_file()}


@pytest.mark.feature("F114", "mail")
def test_put_many(blobs: FolderBlobs) -> None:
    """Each under its SHA-256, in order; the same bytes once."""
    items = [b"", b"one", b"two", b"one", bytes(range(256)) * 5000]
    digests = blobs.put_many(items)
    assert digests == [hashlib.sha256(item).hexdigest() for item in items]
    assert [blobs.read(digest) for digest in digests] == items
    assert files(blobs) == set(digests)
    assert blobs.put_many(iter([b"one"])) == [digests[1]]
    assert blobs.put_many([]) == []


@pytest.mark.parametrize("broken", ["nothing", "a file", "a folder"])
def test_many_are_on_disk(blobs: FolderBlobs, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    """Each file and each folder with a new name is synced; where that fails for one of them, none counts as kept."""
    items = [bytes([n]) for n in range(40)]
    folders = [str(blobs.root / hashlib.sha256(item).hexdigest()[:2]) for item in items]
    synced: list[str] = []
    really = os.fsync

    def fsync(handle: int) -> None:
        path = os.readlink(f"/proc/self/fd/{handle}")
        synced.append(path)
        if (broken == "a folder" and path == folders[20]) or (broken == "a file" and len(synced) == 1):
            raise OSError("the disk fails")
        really(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    if broken != "nothing":
        with pytest.raises(OSError, match="the disk fails"):
            blobs.put_many(items)
        broken = "nothing"
        synced.clear()
        blobs.put_many(items)  # what has its name by now, though nobody knows whether that is on disk, is synced again
        assert {*folders, str(blobs.root)} <= set(synced)
        return
    blobs.put_many(items)
    assert len(set(synced[:40])) == 40
    assert all(path.startswith(str(blobs.root / "incoming")) for path in synced[:40])
    assert set(synced[40:]) == {*folders, str(blobs.root)}  # after the files, and after they have their names


@given(st.lists(st.binary(max_size=1000), max_size=20))
def test_a_writer_and_put_many_agree(tmp_path_factory: pytest.TempPathFactory, blocks: list[bytes]) -> None:
    """Written in any blocks: the digest of the whole."""
    blobs = FolderBlobs(tmp_path_factory.mktemp("blobs"))
    writer = blobs.writer()
    for block in blocks:
        writer.write(memoryview(block))
    assert writer.size == len(b"".join(blocks))
    assert [writer.seal()] == blobs.put_many([b"".join(blocks)])
    assert len(files(blobs)) == 1


def test_a_writer_that_is_given_up_leaves_nothing(blobs: FolderBlobs) -> None:
    """Also when it is given up twice, or after it was sealed."""
    writer = blobs.writer()
    writer.write(b"half")
    writer.abort()
    writer.abort()
    assert files(blobs) == set()
    sealed = blobs.writer()
    sealed.write(b"whole")
    digest = sealed.seal()
    sealed.abort()
    assert files(blobs) == {digest}
    for step in (sealed.seal, lambda: sealed.write(b"more"), writer.seal):
        with pytest.raises(ValueError, match="sealed"):
            step()


def test_what_fails_in_the_middle_leaves_nothing(blobs: FolderBlobs) -> None:
    """The third item cannot be read: none of the others is published, no half file stays."""

    def items() -> Iterator[bytes]:
        yield b"one"
        yield b"two"
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        blobs.put_many(items())
    assert files(blobs) == set()


def test_one_that_is_not_there(blobs: FolderBlobs) -> None:
    """FileNotFoundError."""
    for read in (blobs.read, blobs.open):
        with pytest.raises(FileNotFoundError):
            read("0" * 64)


def test_open(blobs: FolderBlobs) -> None:
    """As a stream."""
    (digest,) = blobs.put_many([b"words"])
    with blobs.open(digest) as stream:
        assert stream.read(2) == b"wo"


def test_eight_threads_put_the_same(blobs: FolderBlobs) -> None:
    """Whoever comes second finds it, or writes the very same."""
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda n: blobs.put_many([b"%d" % (n % 5), b"same"]), range(80)))
    assert {digest for pair in found for digest in pair} == files(blobs)
    assert len(files(blobs)) == 6


def test_check(blobs: FolderBlobs) -> None:
    """Leaves nothing when all is well; says what does not work when it is not."""
    blobs.check()
    assert files(blobs) == set()
    (blobs.root / "incoming").rmdir()
    with pytest.raises(OSError):  # noqa: PT011 - the text is that of the operating system
        blobs.check()


def test_look(blobs: FolderBlobs) -> None:
    """Writes nothing, and sees that the folder is gone, or may not be written."""
    before = (blobs.root / "incoming").stat().st_mtime_ns
    blobs.look()
    assert (blobs.root / "incoming").stat().st_mtime_ns == before
    (blobs.root / "incoming").rmdir()
    with pytest.raises(FileNotFoundError):
        blobs.look()


def test_what_a_dead_writer_left_goes(blobs: FolderBlobs) -> None:
    """A day later at the next start, or sooner where somebody asks; what is being written stays."""
    left, writing = blobs.writer(), blobs.writer()
    left.write(b"the beginning of a mail")
    writing.write(b"one that comes just now")
    os.utime(left._temporary, (0, 0))
    now = datetime.now(UTC)
    assert len(files(FolderBlobs(blobs.root, create=False))) == 2
    FolderBlobs(blobs.root)
    assert files(blobs) == {writing._temporary.name}
    assert blobs.drop_unfinished(now - timedelta(hours=1)) == 0
    os.utime(writing._temporary, (0, 0))
    assert blobs.drop_unfinished(now - timedelta(hours=1)) == 1
    assert files(blobs) == set()


def test_forgotten(blobs: FolderBlobs) -> None:
    """Only what was last put before; the same bytes can be put again afterwards."""
    (digest,) = blobs.put_many([b"one"])
    now = datetime.now(UTC)
    assert not blobs.forget(digest, now - timedelta(hours=1))
    assert blobs.read(digest) == b"one"
    os.utime(blobs.path(digest), (0, 0))
    assert blobs.put_many([b"one"]) == [digest]  # wanted again: it counts as new
    assert not blobs.forget(digest, now - timedelta(hours=1))
    os.utime(blobs.path(digest), (0, 0))
    assert blobs.forget(digest, now - timedelta(hours=1))
    assert files(blobs) == set()
    assert not blobs.forget(digest, now)
    blobs.put_many([b"one"])
    assert blobs.read(digest) == b"one"


class Killed(BaseException):
    """The process ends here."""


def die_while_forgetting(blobs: FolderBlobs, digest: str, monkeypatch: pytest.MonkeyPatch, *, wanted: bool) -> None:
    """Moved aside, and then nothing more; `wanted` by somebody who put it again just before that."""
    os.utime(blobs.path(digest), (0, 0))
    move, moves = os.rename, list[Path]()

    def moved(source: Path, target: Path) -> None:
        if moves:
            raise Killed
        moves.append(target)
        move(source, target)
        if wanted:
            os.utime(target)

    def dead(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", moved)
        patch.setattr(Path, "unlink", dead)
        with pytest.raises(Killed):
            blobs.forget(digest, datetime.now(UTC) - timedelta(hours=1))
    (left,) = files(blobs)
    assert left.startswith(digest)
    assert left.endswith(".forgotten")


@pytest.mark.parametrize("wanted", [True, False])
def test_a_process_dies_while_it_forgets(blobs: FolderBlobs, monkeypatch: pytest.MonkeyPatch, *, wanted: bool) -> None:
    """Whoever reads the blob next has it; it counts as new, and can be forgotten later."""
    (digest,) = blobs.put_many([b"one"])
    die_while_forgetting(blobs, digest, monkeypatch, wanted=wanted)
    assert blobs.read(digest) == b"one"
    with blobs.open(digest) as stream:
        assert stream.read() == b"one"
    assert files(blobs) == {digest}
    assert not blobs.forget(digest, datetime.now(UTC) - timedelta(hours=1))
    os.utime(blobs.path(digest), (0, 0))
    assert blobs.forget(digest, datetime.now(UTC) - timedelta(hours=1))
    assert files(blobs) == set()


def test_what_was_left_is_tidied_when_the_store_is_opened(blobs: FolderBlobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing comes back; what was put again meanwhile is there once."""
    one, two = blobs.put_many([b"one", b"two"])
    blobs.path(two).unlink()
    die_while_forgetting(blobs, one, monkeypatch, wanted=False)
    opened = FolderBlobs(blobs.root)
    assert files(opened) == {one}
    assert opened.path(one).read_bytes() == b"one"
    die_while_forgetting(blobs, one, monkeypatch, wanted=True)
    blobs.put_many([b"one"])
    assert len(files(blobs)) == 2
    assert files(FolderBlobs(blobs.root)) == {one}


def test_a_young_one_is_not_moved(blobs: FolderBlobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads it at that moment finds it."""
    (digest,) = blobs.put_many([b"one"])
    monkeypatch.delattr(os, "rename")
    assert not blobs.forget(digest, datetime.now(UTC) - timedelta(hours=1))


def test_names(blobs: FolderBlobs) -> None:
    """A part of a folder at a time, in order; none of a folder that is not there."""
    digests = sorted(blobs.put_many(b"%d" % n for n in range(3000)))
    folder = [digest for digest in digests if digest.startswith("7f")]
    assert len(folder) > 4
    assert blobs.names("7f", "", 1000) == folder
    assert blobs.names("7f", "", 3) == folder[:3]
    assert blobs.names("7f", folder[2][:24], 1) == [folder[3]]
    assert blobs.names("7f", folder[-1], 3) == []
    assert FolderBlobs(blobs.root / "other").names("7f", "", 3) == []
