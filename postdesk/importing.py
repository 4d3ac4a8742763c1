"""`postdesk import`: mail from files, Maildir folders and mbox files, with progress, and resumable."""

import hashlib
import mailbox
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog
from sqlalchemy import select

from gateway.envelope import Envelope
from gateway.outage import one_line
from postdesk.wiring import House
from store.tables import ReceivedMail

log = structlog.get_logger(__name__)

AT_ONCE = 64  # mails handed to the spool before the first is waited for: they share an fsync


@dataclass(frozen=True, slots=True)
class Item:
    """One mail in a file: `marker` names it for good, so that a second run knows it."""

    marker: str
    read: Callable[[], bytes]


def run(house: House, sources: Sequence[Path]) -> tuple[int, int, int]:
    """Take everything in; returns how many were taken, were here already, and could not be taken."""
    with ExitStack() as opened:
        return _take_in(house, [item for source in sources for item in _items(source, opened)])


def _take_in(house: House, items: Sequence[Item]) -> tuple[int, int, int]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    known = _known(house)
    fresh = [item for item in items if item.marker not in known]
    refused = 0
    limit = int(house.settings.mail.max_mb * 1024 * 1024)
    spool = house.spool()
    columns = (TextColumn("Taking in"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, transient=True) as progress:
            task = progress.add_task("", total=len(fresh))
            for start in range(0, len(fresh), AT_ONCE):
                part = fresh[start : start + AT_ONCE]
                refused += _hand_over(part, spool.submit, limit)
                progress.advance(task, len(part))
    finally:
        spool.close()
    return len(fresh) - refused, len(items) - len(fresh), refused


def _hand_over(part: Sequence[Item], submit: "Callable[[Envelope, bytes], Future[int]]", limit: int) -> int:
    waiting: list[tuple[Item, Future[int]]] = []
    failed = 0
    for item in part:
        try:
            raw = item.read()
        except OSError as error:
            log.error("a mail could not be read; it stays in its file", source=item.marker, error=type(error).__name__)
            failed += 1
            continue
        if len(raw) > limit:
            log.error("a mail is larger than mail.max_mb; it stays in its file", source=item.marker, size=len(raw))
            failed += 1
            continue
        waiting.append((item, submit(Envelope("", (), "file", peer=item.marker, received_at=datetime.now(UTC)), raw)))
    for item, future in waiting:
        if fault := future.exception():
            log.error("a mail could not be stored; it stays in its file", source=item.marker, error=one_line(fault))
            failed += 1
    return failed


def _known(house: House) -> set[str]:
    with house.database.reading() as session:
        return set(session.scalars(select(ReceivedMail.peer).where(ReceivedMail.source == "file")))


def _items(source: Path, opened: ExitStack) -> Iterator[Item]:
    if source.is_dir():
        folders = [source / name for name in ("cur", "new") if (source / name).is_dir()]
        for file in sorted(file for folder in folders or [source] for file in folder.iterdir() if file.is_file()):
            # The part before ":" is unique for ever; what follows are flags, which change (maildir(5)).
            yield Item(marker(f"{source.resolve()}/{file.name.partition(':')[0]}"), file.read_bytes)
    elif not source.is_file():
        log.error("there is no such file or folder", source=str(source))
        yield Item(marker(str(source.resolve())), source.read_bytes)
    elif _is_mbox(source):
        yield from _mbox_items(source, opened)
    else:
        yield Item(marker(str(source.resolve())), source.read_bytes)


def _mbox_items(source: Path, opened: ExitStack) -> Iterator[Item]:
    box = opened.enter_context(closing(mailbox.mbox(source, create=False)))
    for key in box.iterkeys():
        # By content: an mbox grows and is rewritten, so a place in it means nothing for long.
        digest = hashlib.blake2b(box.get_bytes(key), digest_size=16).hexdigest()
        yield Item(marker(f"{source.resolve()}#{digest}"), lambda key=key: box.get_bytes(key))  # type: ignore[misc]


def _is_mbox(source: Path) -> bool:
    with source.open("rb") as file:
        return file.read(5) == b"From "


def marker(name: str) -> str:
    """Short enough for the column, and still telling a person which file it was."""
    return f"{hashlib.blake2b(name.encode('utf-8', 'replace'), digest_size=12).hexdigest()} {name[-200:]}"
