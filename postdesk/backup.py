"""`postdesk backup`: a copy of everything while the desk works on, restored once to see that it can be."""

import contextlib
import fcntl
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from postdesk import __version__, backup_database, backup_erased, backup_trial
from postdesk import backup_manifest as manifests
from postdesk.amounts import amount
from postdesk.backup_due import JOB, LEASE
from postdesk.backup_files import BlobCopier, copy_files
from postdesk.backup_manifest import BLOB_LIST, BackupError, Kept, Manifest
from postdesk.verify import Finding
from postdesk.wiring import House
from store.disk import sync_folder
from store.identity import name_of
from store.leases import free_dead, hold_lease
from store.migrations import current
from store.tables import JobRun, Tally

TERM = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Options:
    """What is wanted."""

    out: Path
    keep: int = 0  # complete backups that stay; 0 keeps all
    secrets: bool = True
    blobs: bool = True
    check: bool = True


@dataclass(frozen=True, slots=True)
class Made:
    """A complete backup, and what is wrong with the desk that it was made of."""

    folder: Path
    manifest: Manifest
    left_out: tuple[str, ...]
    removed: tuple[str, ...]
    faults: tuple[Finding, ...]


def make(
    house: House, options: Options, say: Callable[[str], None], tick: Callable[[int, int], None] = lambda *_: None
) -> Made:
    """One backup. BackupError when there is none in the end; then nothing that looks like one is left either."""
    out = options.out
    _outside(house, out)
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(out), held(house):
        for left in manifests.leftovers(out):
            shutil.rmtree(left)
            say(f"What an earlier run left half done is removed: {left.name}")
        for name in backup_trial.drop_leftovers(house):
            say(f"The database of a trial that did not come to its end is removed: {name}")
        started = datetime.now(UTC)
        name = manifests.name_of(started)
        if (out / name).exists():
            raise BackupError(f"{out / name} is there already. Try again in a second.")
        half = manifests.half(out, name)
        half.mkdir(mode=0o700)
        try:
            made = _fill(house, options, half, name, say, tick)
        except BaseException:
            if half.exists():
                shutil.rmtree(half)
            raise
        os.rename(half, out / name)
        sync_folder(out)
        _note(house, name, out)
        backup_erased.write(house, out)
        removed = _thin(out, options.keep)
        return replace(made, folder=out / name, removed=removed)


def _outside(house: House, out: Path) -> None:
    """What lies among the desk's own bytes is lost with them, and would be taken for some of them."""
    root = getattr(house.blobs, "root", None)
    if isinstance(root, Path) and out.resolve().is_relative_to(root.resolve()):
        raise BackupError(f"{out} is inside of the folder of mails and attachments, {root}. Choose another.", 64)


def _fill(
    house: House, options: Options, half: Path, name: str, say: Callable[[str], None], tick: Callable[[int, int], None]
) -> Made:
    say("Copying the database …")
    moment = datetime.now(UTC)
    with backup_database.copied(house.database, half, house.settings.backup.pg_bin) as copy:
        rows, tally = backup_database.counted(copy.session), _tally(copy)
        files: dict[str, Kept] = {copy.file.name: manifests.kept(copy.file)}
        copier = BlobCopier(house.blobs, half, manifests.complete(options.out))
        if options.blobs:
            say("Copying mails and attachments …")
            files[BLOB_LIST] = copier.copy(copy.session, half, tick)
    inside, left, settings = copy_files(house.loaded, half, secrets=options.secrets)
    manifest = Manifest(
        name=name,
        made_at=moment,
        finished_at=datetime.now(UTC),
        version=__version__,
        schema=current(house.database)[0] or "",
        database="sqlite" if house.database.is_sqlite else "postgresql",
        server=house.database.check(),
        settings=settings,
        secrets=options.secrets,
        blobs=options.blobs,
        blob_count=copier.count,
        blob_bytes=copier.bytes,
        linked=copier.linked,
        lost=tuple(sorted(copier.lost)),
        tally=tally,
        rows=rows,
        files=files | inside,
    )
    faults: tuple[Finding, ...] = ()
    if options.check:
        say("Restoring it into a place of its own, to see that it can be …")
        tried = backup_trial.tried(house, half, manifest, copier, tick)
        manifest, faults = replace(manifest, checked=tried.how), tried.faults
    manifest.write(half)
    return Made(half, manifest, tuple(left), (), (*_only_earlier(copier), *faults))


def _only_earlier(copier: BlobCopier) -> Iterator[Finding]:
    """The desk has lost them; this backup has them, for an earlier one had."""
    if lost := [one for one in copier.only_earlier if one not in copier.lost]:
        words = f"{amount(len(lost), 'is', 'are')} lost in the desk, and in this backup only from an earlier one."
        remedy = "Copy them back: from blobs in this backup into the blob store of the desk."
        yield Finding("bytes", words, len(lost), tuple(lost), (remedy,))


def _tally(copy: backup_database.Copied) -> dict[str, int]:
    return {row.name: row.value for row in copy.session.scalars(select(Tally).order_by(Tally.name))}


@contextlib.contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Two backups into one folder would take each other for leftovers."""
    handle = os.open(out / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BackupError(f"Another backup into {out} is being made right now.", 75) from error
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def held(house: House, name: str = LEASE, what: str = "Another backup is being made") -> Iterator[None]:
    """Hold a lease and renew it: whoever forgets bytes looks at it, and so does another machine."""
    holder = f"{name_of()}.{secrets.token_hex(4)}"
    end = threading.Event()

    def take(term: timedelta) -> bool:
        with house.database.transaction(durable=False) as session:
            free_dead(session, name)
            return hold_lease(session, name, holder, datetime.now(UTC), term)

    def renew() -> None:
        while not end.wait(TERM.total_seconds() / 5):
            with contextlib.suppress(Exception):  # the database is away for a moment: the term is five times as long
                take(TERM)

    if not take(TERM):
        raise BackupError(f"{what} right now, maybe on another machine. Try again later.", 75)
    thread = threading.Thread(target=renew, name=f"lease-{name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()
        take(timedelta())


def _note(house: House, name: str, out: Path) -> None:
    with house.database.transaction() as session:
        session.merge(JobRun(name=JOB, done_for=name, at=datetime.now(UTC), place=str(out)))


def _thin(out: Path, keep: int) -> tuple[str, ...]:
    """The oldest go; what others share with them stays, for it has a name there too."""
    too_many = manifests.complete(out)[:-keep] if keep else []
    for old in too_many:
        going = manifests.half(out, old.name)  # from here on it is no backup any more
        os.rename(old, going)
        shutil.rmtree(going)
    return tuple(old.name for old in too_many)
