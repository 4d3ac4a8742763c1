"""`postdesk verify`: whether all that the rows speak of is there, and the ledger adds up; told in words."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from desk.keys import Keys
from store.blobs import BlobStore

SHOWN = 5  # faults that are named to people …
NOTED = 1000  # … and to programs


@dataclass(frozen=True, slots=True)
class Finding:
    """One part that was looked at: what was found in a sentence, how many faults, some of them by name."""

    part: str
    text: str
    faults: int = 0
    examples: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()  # lines of their own: what is concerned, what is to be done

    @property
    def line(self) -> str:
        """For people."""
        if not self.faults:
            return f"ok    {self.part}: {self.text}"
        more = ", …" if self.faults > SHOWN else ""
        named = f" ({', '.join(self.examples[:SHOWN])}{more})" if self.examples else ""
        return "\n      ".join((f"FAULT {self.part}: {self.text}{named}", *self.hints))


@dataclass(frozen=True, slots=True)
class Source:
    """What is looked at. `blobs` is None where the bytes are kept elsewhere and not looked for; nor are the `lost`."""

    reading: Callable[[], AbstractContextManager[Session]]
    is_sqlite: bool
    blobs: BlobStore | None
    lost: frozenset[str] = frozenset()
    keys: Keys | None = None  # by which the audit log is sealed; None where they are kept elsewhere


def verify(
    source: Source, now: datetime, *, quick: bool = False, progress: Callable[[int, int], None] = lambda *_: None
) -> Iterator[Finding]:
    """Look at everything; each finding comes as soon as it is known.

    The rows are those of one moment, so a desk that works on meanwhile causes no false alarm. The bytes are looked for
    after that, in 256 parts; whatever is missing is asked for once more, for it may have been forgotten in between.
    With `quick` bytes are looked for and not read, and SQLite's own check of its file is the short one.
    """
    from postdesk import verify_audit, verify_blobs, verify_rows

    with source.reading() as session:
        for check in verify_rows.CHECKS:
            yield from check(session, now)
        yield from verify_audit.check(session, source.keys)
        if source.is_sqlite:
            yield from verify_rows.file(session, quick=quick)
    if source.blobs is not None:
        yield from verify_blobs.check(source, source.blobs, quick=quick, progress=progress)
