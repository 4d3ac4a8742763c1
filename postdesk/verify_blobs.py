"""Bytes: each that a row names is there, has the size that the row says, and is what its name says."""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import BinaryIO

from desk import retention
from postdesk.verify import NOTED, Finding, Source
from postdesk.verify_names import PARTS, Named, named
from postdesk.verify_where import hints
from store.blobs import BlobStore
from store.s3_client import Damaged

THREADS = 4
_CHUNK = 1024 * 1024
_ALL = 10**9
_WORDS: dict[str, str] = {
    "missing": "{n} that rows name are not there",
    "changed": "{n} are not what their names say: the disk has changed them",
    "size": "{n} have another size than their rows say",
    "unreadable": "{n} could not be read",
}


@dataclass(slots=True)
class _Seen:
    """What was found so far; of faults only the first few are named."""

    count: int = 0
    bytes: int = 0
    orphans: int = 0
    faults: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_WORDS, 0))
    examples: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in _WORDS})


def check(
    source: Source, blobs: BlobStore, *, quick: bool, progress: Callable[[int, int], None] = lambda *_: None
) -> Iterator[Finding]:
    """Every blob that a row names. Bytes that no row names are counted: they are no fault."""
    seen = _Seen()
    with ThreadPoolExecutor(THREADS, thread_name_prefix="verify") as threads:
        for place, part in enumerate(PARTS):
            # First the rows, then the folder: bytes are there before the row that names them.
            with source.reading() as session:
                wanted = [one for one in named(session, part) if one.digest not in source.lost]
            there = set(blobs.names(part, "", _ALL))
            seen.orphans += len(there - {one.digest for one in wanted})
            look = _presence(there) if quick else _content(blobs)
            faults = {one.digest: found for one, found in zip(wanted, threads.map(look, wanted), strict=True) if found}
            _note(seen, wanted, faults, source, blobs)
            progress(place + 1, len(PARTS))
    yield from _findings(seen, quick, source)


def _presence(there: set[str]) -> Callable[[Named], str]:
    return lambda one: "" if one.digest in there else "missing"


def _content(blobs: BlobStore) -> Callable[[Named], str]:
    def look(one: Named) -> str:
        try:
            with blobs.open(one.digest) as stream:
                digest, size = read_through(stream)
        except FileNotFoundError:
            return "missing"
        except Damaged:
            return "changed"
        except OSError:
            return "unreadable"
        if digest != one.digest:
            return "changed"
        return "" if one.least in (None, size) and one.most in (None, size) else "size"

    return look


def read_through(stream: BinaryIO) -> tuple[str, int]:
    """SHA-256 and size of what a stream holds, a piece at a time."""
    digest, size = hashlib.sha256(), 0
    while piece := stream.read(_CHUNK):
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size


def _note(seen: _Seen, wanted: list[Named], faults: dict[str, str], source: Source, blobs: BlobStore) -> None:
    seen.count += len(wanted)
    seen.bytes += sum(one.most or 0 for one in wanted)
    if not faults:
        return
    with source.reading() as session:  # retention may have taken them away since the rows were read
        unnamed = retention.unused(session, list(faults))
    for digest, fault in faults.items():
        if digest in unnamed or (fault == "missing" and _came_back(blobs, digest)):
            continue
        seen.faults[fault] += 1
        if len(seen.examples[fault]) < NOTED:
            seen.examples[fault].append(digest)


def _came_back(blobs: BlobStore, digest: str) -> bool:
    """One that was just being forgotten is put back by whoever opens it."""
    try:
        blobs.open(digest).close()
    except OSError:
        return False
    return True


def _findings(seen: _Seen, quick: bool, source: Source) -> Iterator[Finding]:
    for name, words in _WORDS.items():
        if seen.faults[name]:
            count, examples = seen.faults[name], tuple(seen.examples[name])
            with source.reading() as session:
                more = hints(session, examples, name)
            yield Finding("bytes", words.format(n=f"{count:,}") + ".", count, examples, more)
    if not any(seen.faults.values()):
        how = "are there; they were not read" if quick else "are there, read and right"
        alone = f" {seen.orphans:,} more are named by no row, which is no fault." if seen.orphans else ""
        yield Finding(
            "bytes", f"all {seen.count:,} mails and files with bytes of their own ({seen.bytes:,} bytes) {how}.{alone}"
        )
