"""Where old mail is moved in from: Maildirs with their sub-folders, mbox files, single mails; packed by gzip or not."""

import gzip
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import mktime_tz, parsedate_tz
from pathlib import Path
from typing import BinaryIO

from gateway.headers import looks_like_fields

# “From ann@customer.test Mon Nov 23 12:00:00 2026”: with a time and a year, which a sentence seldom has.
_FROM = re.compile(
    rb"From [^\n]{0,320}[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?[^\n]{0,40}\b(?:19|20)[0-9]{2}\b[^\n]{0,40}\r?\n"
)
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_GZIP = b"\x1f\x8b"
_LINE = 65_536  # bytes of a line read at once
# What mail programs keep beside the mails.
_NO_MAIL = re.compile(
    r"\.|dovecot|subscriptions$|courier|maildir|cyrus\.|.*\.(?:msf|dat|lock|log|index|cache|sqlite|db|json|xml|html?|css)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Found:
    """One mail: where its bytes lie, and how a person finds it there."""

    place: str  # the file, and behind # which mail of it
    file: str
    offset: int = 0
    length: int = -1  # all of the file
    quoted: bool = False  # lines that begin with “From ” are written with a > before them
    at: float | None = None  # when the mailbox says that it came
    peer: str = ""  # the name of a mailbox; "" of files


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that is no mail, or a mail that cannot be had, and why it is left out."""

    place: str
    why: str
    mail: bool = False  # it is one, and stays where it is


def find(sources: list[Path], workspace: Path) -> Iterator[Found | LeftOut]:
    """Everything in these sources, in order. Packed mailboxes are unpacked into the workspace."""
    for source in sources:
        if source.is_dir():
            yield from _folder(source, workspace)
        elif source.is_file():
            yield from _file(source, workspace, named=True)
        else:
            yield LeftOut(str(source), "there is no such file or folder")


def read(found: Found, limit: int) -> bytes:
    """The bytes of a mail, at most `limit` and one; OSError when they cannot be read."""
    with Path(found.file).open("rb") as file:
        file.seek(found.offset)
        raw = file.read(limit + 1 if found.length < 0 else min(found.length, limit + 1))
    if found.length < 0 and raw[:2] == _GZIP:  # Dovecot may pack each mail
        with gzip.open(found.file) as packed:
            try:
                raw = packed.read(limit + 1)
            except (EOFError, gzip.BadGzipFile) as error:
                raise OSError(f"broken gzip: {error}") from error
    return _QUOTED.sub(rb"\1", raw) if found.quoted else raw


def _folder(folder: Path, workspace: Path) -> Iterator[Found | LeftOut]:
    """A Maildir, a folder of Maildirs, or a folder of files; sub-folders too, in the order of their names."""
    for here, names, files in os.walk(folder):
        names.sort()
        place = Path(here)
        if "cur" in names or "new" in names:
            for part in ("cur", "new"):
                if part in names:
                    yield from _maildir(place / part)
            names[:] = [name for name in names if name not in ("cur", "new", "tmp")]
            continue
        for name in sorted(files):
            yield from _file(place / name, workspace)


def _maildir(folder: Path) -> Iterator[Found]:
    """The name of a mail begins with the time at which it was delivered (maildir(5))."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_file() and not entry.name.startswith("."):
            stamp = entry.name.partition(".")[0]
            at = float(stamp) if stamp.isascii() and stamp.isdigit() and len(stamp) < 12 else entry.stat().st_mtime
            yield Found(entry.path.partition(":2,")[0], entry.path, at=at)


def _file(file: Path, workspace: Path, *, named: bool = False) -> Iterator[Found | LeftOut]:
    if not named and _NO_MAIL.match(file.name):
        yield LeftOut(str(file), "no mail: a mail program keeps it beside the mails")
        return
    try:
        with file.open("rb") as opened:
            start = opened.read(8192)
        if start[:2] == _GZIP:
            yield from _packed(file, workspace)
        elif start[:5] == b"From ":
            yield from _mbox(file, str(file))
        elif named or file.suffix.lower() == ".eml" or looks_like_fields(start):
            yield Found(str(file), str(file), at=file.stat().st_mtime)
        else:
            yield LeftOut(str(file), "no mail: it does not begin with header fields" if start else "empty")
    except OSError as error:
        yield LeftOut(str(file), f"cannot be read: {error.strerror or error}")


def _packed(file: Path, workspace: Path) -> Iterator[Found | LeftOut]:
    plain = workspace / f"{len(list(workspace.iterdir()))}.unpacked"
    try:
        with gzip.open(file) as packed, plain.open("wb") as target:
            shutil.copyfileobj(packed, target, 1 << 20)
    except (EOFError, gzip.BadGzipFile) as error:
        yield LeftOut(str(file), f"broken gzip: {error}")
        return
    with plain.open("rb") as opened:
        is_mbox = opened.read(5) == b"From "
    if is_mbox:
        yield from _mbox(plain, str(file))
    else:
        yield Found(str(file), str(plain), at=file.stat().st_mtime)


def _mbox(file: Path, place: str) -> Iterator[Found]:
    """The mails of an mbox: each begins with a “From ” line at the start, or behind an empty line (RFC 4155)."""
    with file.open("rb") as opened:
        start, at, count = -1, None, 0
        for offset, line in _from_lines(opened):
            if start >= 0:
                count += 1
                yield Found(f"{place}#{count}", str(file), start, offset - start, quoted=True, at=at)
            start, at = offset + len(line), _time_of(line)
        end = opened.seek(0, os.SEEK_END)
        if start >= 0:
            yield Found(f"{place}#{count + 1}", str(file), start, end - start, quoted=True, at=at)


def _from_lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    offset, empty, whole = 0, True, True
    while line := file.readline(_LINE):
        if whole and empty and line[:5] == b"From " and (offset == 0 or _FROM.match(line)):
            yield offset, line
        offset += len(line)
        empty = whole and line in (b"\n", b"\r\n")
        whole = line.endswith(b"\n")


def _time_of(line: bytes) -> float | None:
    with suppress(ValueError, OverflowError, TypeError, IndexError, OSError):
        words = line.decode("ascii", "replace").split()
        for start in range(1, min(len(words), 4)):
            parsed = parsedate_tz(" ".join(words[start:]))
            if parsed is not None:
                return datetime.fromtimestamp(mktime_tz(parsed), UTC).timestamp()
    return None
