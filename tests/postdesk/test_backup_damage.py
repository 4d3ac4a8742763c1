"""What a store no longer gives as it was put: the backup goes on without it, and says so."""

import errno
import hashlib
import io
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from postdesk.backup_files import BLOBS, BlobCopier
from postdesk.verify_blobs import _content
from postdesk.verify_names import Named
from store.blobs import BlobStore, FolderBlobs
from store.s3_client import Damaged, StoreAway


class Broken(io.RawIOBase):
    """A stream that ends in a fault, as a bad sector or a changed object does."""

    def __init__(self, fault: OSError) -> None:
        self._fault, self._given = fault, False

    def readable(self) -> bool:
        """It can be begun."""
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        """A few bytes, and then the fault."""
        if self._given:
            raise self._fault
        self._given = True
        buffer[:4] = b"some"
        return 4


class Failing(FolderBlobs):
    """A folder whose next few readings fail."""

    def fail(self, fault: OSError, times: int) -> None:
        """These."""
        self.fault, self.times = fault, times

    def open(self, digest: str) -> BinaryIO:
        """As the folder does, or not."""
        self.times -= 1
        return super().open(digest) if self.times < 0 else cast(BinaryIO, Broken(self.fault))


@pytest.fixture
def parts(tmp_path: Path) -> tuple[Failing, BlobCopier, str, Path]:
    """A store, who copies from it, what is to be copied, and where to."""
    store, half = Failing(tmp_path / "store"), tmp_path / "half"
    (digest,) = store.put_many([b"a file"])
    (half / BLOBS / digest[:2]).mkdir(parents=True)
    return store, BlobCopier(store, half, []), digest, half / BLOBS / digest[:2] / digest


@pytest.mark.parametrize("fault", [Damaged("other bytes"), OSError(errno.EIO, "Input/output error")])
def test_one_that_is_lost(parts: tuple[Failing, BlobCopier, str, Path], fault: OSError) -> None:
    """It is noted as lost, and nothing of it is in the backup."""
    store, copier, digest, target = parts
    store.fail(fault, 2)
    assert copier.fetch(digest) is None
    assert list(copier.lost) == [digest]
    assert not target.exists()


def test_a_fault_on_the_way(parts: tuple[Failing, BlobCopier, str, Path]) -> None:
    """A second reading may be right."""
    store, copier, digest, target = parts
    store.fail(OSError(errno.EIO, "Input/output error"), 1)
    assert copier.fetch(digest) == 6
    assert target.read_bytes() == b"a file"
    assert copier.lost == {}


@pytest.mark.parametrize("fault", [StoreAway("no answer"), OSError(errno.ENOSPC, "No space left on device")])
def test_a_store_that_is_away(parts: tuple[Failing, BlobCopier, str, Path], fault: OSError) -> None:
    """It has lost nothing: the backup ends, and is made another time."""
    store, copier, digest, _ = parts
    store.fail(fault, 2)
    with pytest.raises(OSError, match=str(fault).rpartition("] ")[2]):
        copier.fetch(digest)
    assert copier.lost == {}


def test_verify_tells_changed_from_unreadable(parts: tuple[Failing, BlobCopier, str, Path]) -> None:
    """An object with other bytes is changed, as a file would be."""
    store, _, digest, _ = parts
    look = _content(cast(BlobStore, store))
    row = Named(digest, None, None)
    store.fail(Damaged("other bytes"), 1)
    assert look(row) == "changed"
    store.fail(OSError(errno.EIO, "Input/output error"), 1)
    assert look(row) == "unreadable"
    assert look(row) == ""
    assert hashlib.sha256(b"a file").hexdigest() == digest
