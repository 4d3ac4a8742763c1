"""Room on the disks: how much must be free, and the file that is given up and made again."""

import shutil
from pathlib import Path

from store.room import ReserveFile, Room

MIB = 1024 * 1024


def sparse(path: Path, size: int) -> ReserveFile:
    """A file that looks as large, and takes nothing."""
    with path.open("wb") as file:
        file.truncate(size)
    return ReserveFile(path, size)


def test_so_many_bytes_or_a_share_of_the_disk(tmp_path: Path) -> None:
    """Whichever is more; where there is no folder on this machine, there is always room."""
    total = shutil.disk_usage(tmp_path).total
    assert Room((tmp_path,), 5, 0).needed(tmp_path) == 5
    assert Room((tmp_path,), 5, 10).needed(tmp_path) == total // 10
    assert Room((tmp_path,), total, 10).needed(tmp_path) == total
    assert Room((tmp_path,)).is_enough()
    assert not Room((tmp_path,), total).is_enough()
    assert Room((), total).is_enough()
    assert Room((tmp_path, tmp_path / "missing"), 7).most() == 7


def test_without_the_reserve_file_so_much_more_must_be_free(tmp_path: Path) -> None:
    """Else mail would take what was given up for its outcomes; a half file is none."""
    file = ReserveFile(tmp_path / "reserve", 2 * MIB)
    room = Room((tmp_path,), 5, 0, file)
    assert room.needed(tmp_path) == 5 + 2 * MIB
    (tmp_path / "reserve").write_bytes(b"broken off")
    assert room.needed(tmp_path) == 5 + 2 * MIB
    assert room.tend() == "made"
    assert room.needed(tmp_path) == 5
    assert (tmp_path / "reserve").stat().st_blocks * 512 >= 2 * MIB
    assert room.tend() == ""


def test_given_up_when_little_is_free_and_not_before(tmp_path: Path) -> None:
    """Less than a quarter of it; made again once it fits beside what mail needs."""
    free = shutil.disk_usage(tmp_path).free
    file = sparse(tmp_path / "reserve", free // 2)
    assert file.tend(0) == ""
    file = sparse(tmp_path / "reserve", free * 8)
    assert file.tend(0) == "given up"
    assert not file.is_there
    assert file.tend(0) == "no room"
    assert ReserveFile(tmp_path / "reserve", MIB).tend(free * 2) == "no room"
    assert ReserveFile(tmp_path / "reserve", MIB).tend(0) == "made"
    assert Room((tmp_path,), 5).tend() == ""
