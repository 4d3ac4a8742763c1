"""Spool: a mail is durable or refused; those that come together share a transaction, one that fails fails alone."""

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, text, update
from sqlalchemy.exc import OperationalError

from gateway.claimed import load
from gateway.envelope import Envelope
from gateway.errors import ShuttingDown, StorageFailed, StorageFull, Temporary
from gateway.spool import GROUP, INLINE, Spool
from store.blobs import FolderBlobs
from store.database import Database
from store.room import Room
from store.tables import RawMail, ReceivedMail, Tally
from tests.servers import wait_for

ENVELOPE = Envelope("ann@customer.test", ("service@desk.test",), "smtp", peer="192.0.2.1", helo="mx.customer.test")


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    """An empty blob store."""
    return FolderBlobs(tmp_path / "blobs")


@pytest.fixture
def spool(database: Database, blobs: FolderBlobs) -> Iterator[Spool]:
    """A spool that is closed at the end."""
    made = Spool(database, blobs)
    made.accept(ENVELOPE, b"the first one reserves ids")
    yield made
    made.close()


@contextmanager
def commits(database: Database) -> Iterator[list[Any]]:
    """Every commit that reaches the database while this is open."""
    seen: list[Any] = []
    note = seen.append  # one object: it is found again by its identity
    event.listen(database.engine, "commit", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "commit", note)


@contextmanager
def writer_held_up(database: Database) -> Iterator[None]:
    """While this is open, nobody else can count an accepted mail: the spool waits in its commit."""
    with database.transaction() as session:
        session.execute(update(Tally).where(Tally.name == "accepted").values(value=Tally.value))
        yield


def kept(database: Database) -> dict[int, bytes]:
    """What is kept in the database, by id."""
    with database.reading() as session:
        return {row.id: bytes(row.data) for row in session.scalars(select(RawMail))}


def accepted(database: Database) -> tuple[int, int]:
    """By the tally, and by the rows."""
    with database.reading() as session:
        tally = session.scalars(select(Tally.value).where(Tally.name == "accepted")).one()
        return tally, len(session.scalars(select(ReceivedMail.id)).all())


def test_a_lone_mail_waits_for_nobody(database: Database, spool: Spool) -> None:
    """One mail, one commit, nothing else needed; envelope and bytes are as they came."""
    begun = datetime.now(UTC)
    with commits(database) as seen:
        mail_id = spool.accept(ENVELOPE, b"From: ann\r\n\r\n\x00\xff")
    assert len(seen) == 1
    with database.reading() as session:
        row = session.get_one(ReceivedMail, mail_id)
    assert (row.reverse_path, row.recipients, row.source, row.peer, row.helo, row.size) == (
        "ann@customer.test", ["service@desk.test"], "smtp", "192.0.2.1", "mx.customer.test", 15,
    )  # fmt: skip
    assert begun <= row.received_at <= datetime.now(UTC)
    assert (row.waiting, row.attempts, row.lease_until) == (True, 0, None)
    assert kept(database)[mail_id] == b"From: ann\r\n\r\n\x00\xff"


def test_mails_that_arrive_together_share_a_transaction(database: Database, spool: Spool) -> None:
    """What comes in while the writer is busy is the next group: 60 mails in two commits."""
    with commits(database) as seen:
        with writer_held_up(database):
            futures = [spool.submit(ENVELOPE, b"mail %d" % n) for n in range(60)]
            assert not any(future.done() for future in futures)
            seen.clear()
        ids = [future.result() for future in futures]
    assert len(set(ids)) == 60
    assert len(seen) - 1 <= 2  # one is our own
    assert [kept(database)[i] for i in ids] == [b"mail %d" % n for n in range(60)]


def test_a_group_has_a_bound(database: Database, spool: Spool) -> None:
    """More than GROUP mails at once are several transactions."""
    with commits(database) as seen:
        with writer_held_up(database):
            futures = [spool.submit(ENVELOPE, b"x") for _ in range(2 * GROUP + 10)]
            seen.clear()
        for future in futures:
            future.result()
    assert 3 <= len(seen) - 1 <= 4
    assert accepted(database) == (2 * GROUP + 11, 2 * GROUP + 11)


def test_a_bad_row_fails_alone(database: Database, spool: Spool) -> None:
    """One envelope that no table takes: its sender is told to try again, the others of its group are kept."""
    bad = Envelope("", (), "file", received_at=datetime(2026, 11, 23))
    with writer_held_up(database):
        first = [spool.submit(ENVELOPE, b"before") for _ in range(3)]
        worst = spool.submit(bad, b"bad")
        last = [spool.submit(ENVELOPE, b"after") for _ in range(3)]
    with pytest.raises(StorageFailed):
        worst.result()
    assert len({future.result() for future in (*first, *last)}) == 6
    assert b"bad" not in kept(database).values()
    assert accepted(database) == (7, 7)


def test_an_outage_is_waited_for_once(database: Database, spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of a group hear it at once: the database may have taken a minute to say that it is not there."""
    tried: list[int] = []
    insert = spool._insert

    def once(group: list[Any]) -> list[int]:
        tried.append(len(group))
        if len(tried) == 1:
            return insert(group)
        raise OperationalError("INSERT", {}, Exception("no answer"))

    monkeypatch.setattr(spool, "_insert", once)
    with writer_held_up(database):
        futures = [spool.submit(ENVELOPE, b"first")]
        wait_for(lambda: tried == [1], "the first to be written")
        futures += [spool.submit(ENVELOPE, b"mail %d" % n) for n in range(30)]
    assert futures[0].result() > 0
    for future in futures[1:]:
        with pytest.raises(StorageFailed):
            future.result()
    assert tried == [1, 30]


def test_big_mails_alone_need_the_blob_store(
    database: Database, spool: Spool, blobs: FolderBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is away: small mails of the same group are kept all the same."""

    def away(items: Iterable[bytes]) -> list[str]:
        if list(items):
            raise OSError("the store is away")
        return []

    monkeypatch.setattr(blobs, "put_many", away)
    with writer_held_up(database):
        small = [spool.submit(ENVELOPE, b"small %d" % n) for n in range(5)]
        big = [spool.submit(ENVELOPE, b"x" * (INLINE + 1)) for _ in range(2)]
        small += [spool.submit(ENVELOPE, b"small %d" % n) for n in range(5, 9)]
    assert len({future.result() for future in small}) == 9
    for future in big:
        with pytest.raises(StorageFailed):
            future.result()


@pytest.mark.parametrize("size", [10, INLINE + 1])
def test_a_storage_failure_keeps_nothing(database: Database, spool: Spool, size: int) -> None:
    """The database does not take it: StorageFailed, a temporary reply without a word about why, and no row."""
    before = accepted(database)
    with database.transaction() as session:
        session.execute(text("ALTER TABLE raw_mail RENAME TO away"))
        session.execute(text("ALTER TABLE tally RENAME TO gone"))
    with pytest.raises(StorageFailed) as caught:
        spool.accept(ENVELOPE, b"x" * size)
    assert caught.value.temporary
    assert caught.value.reply == "451 4.3.0 The mail could not be stored, try again later"
    assert caught.value.exit_code == 75
    with database.transaction() as session:
        session.execute(text("ALTER TABLE away RENAME TO raw_mail"))
        session.execute(text("ALTER TABLE gone RENAME TO tally"))
    assert accepted(database) == before
    assert spool.accept(ENVELOPE, b"again") > 0


def test_a_big_mail_lies_in_the_blob_store(database: Database, spool: Spool, blobs: FolderBlobs) -> None:
    """Above INLINE: the row names the blob, the table of small ones has nothing."""
    data = b"x" * (INLINE + 1)
    mail_id = spool.accept(ENVELOPE, data)
    assert mail_id not in kept(database)
    with database.reading() as session:
        (found,) = load(session, blobs, [mail_id])
    assert found.raw == data
    assert found.envelope.recipients == ENVELOPE.recipients


def test_a_writer_is_sealed(database: Database, spool: Spool, blobs: FolderBlobs) -> None:
    """A mail written block by block is durable before it is answered for."""
    writer = blobs.writer()
    for block in (b"one ", b"two"):
        writer.write(block)
    mail_id = spool.accept(ENVELOPE, writer)
    with database.reading() as session:
        (found,) = load(session, blobs, [mail_id])
    assert found.raw == b"one two"
    assert list((blobs.root / "incoming").iterdir()) == []


def test_a_writer_that_cannot_be_sealed(database: Database, spool: Spool, blobs: FolderBlobs) -> None:
    """The file is gone: StorageFailed, and no row."""
    before = accepted(database)
    writer = blobs.writer()
    writer.write(b"words")
    for file in (blobs.root / "incoming").iterdir():
        file.unlink()
    with pytest.raises(StorageFailed):
        spool.accept(ENVELOPE, writer)
    assert accepted(database) == before


def test_below_the_reserve_nothing_is_taken(database: Database, blobs: FolderBlobs, tmp_path: Path) -> None:
    """Too little room: 452 before anything is written; a half blob is removed."""
    spool = Spool(database, blobs, room=Room((tmp_path,), 1 << 62))
    try:
        writer = blobs.writer()
        writer.write(b"words")
        for raw in (b"small", writer):
            with pytest.raises(StorageFull) as caught:
                spool.accept(ENVELOPE, raw)
            assert caught.value.reply.startswith("452 4.3.1")
    finally:
        spool.close()
    assert accepted(database) == (0, 0)
    assert list((blobs.root / "incoming").iterdir()) == []


def test_close_writes_what_was_handed_in(database: Database, blobs: FolderBlobs) -> None:
    """Mails that wait when the process ends are kept; later ones are refused for now; closing twice does no harm."""
    spool = Spool(database, blobs)
    spool.accept(ENVELOPE, b"first")
    writer = blobs.writer()
    writer.write(b"big")
    with ThreadPoolExecutor(1) as other:
        with writer_held_up(database):
            futures = [spool.submit(ENVELOPE, b"%d" % n) for n in range(20)] + [spool.submit(ENVELOPE, writer)]
            closing = other.submit(spool.close)
        closing.result()
    assert len({future.result(timeout=0) for future in futures}) == 21
    late = blobs.writer()
    for raw in (b"late", late):
        with pytest.raises(ShuttingDown):
            spool.accept(ENVELOPE, raw)
    spool.close()
    assert accepted(database) == (22, 22)
    assert issubclass(ShuttingDown, Temporary)


def test_eight_threads_at_once(database: Database, spool: Spool) -> None:
    """Each mail once, under an id of its own, whoever hands it in; and somebody is told of each group."""
    told = threading.Event()
    busy = Spool(database, spool._blobs, notify=told.set)
    with ThreadPoolExecutor(8) as threads:
        ids = list(threads.map(lambda n: (busy if n % 2 else spool).accept(ENVELOPE, b"mail %d" % n), range(200)))
    busy.close()
    assert len(set(ids)) == 200
    assert [kept(database)[i] for i in ids] == [b"mail %d" % n for n in range(200)]
    assert told.is_set()
    assert accepted(database) == (201, 201)


def test_the_envelope_is_cleaned(database: Database, spool: Spool) -> None:
    """NUL, lone surrogates and overlong words of a client fit into both databases."""
    worst = Envelope("a\0b\udcff" + "x" * 500, ("r\0@x", "y" * 900), "smtp", peer="p" * 900, helo="h\0\udc80" * 400)
    mail_id = spool.accept(worst, b"")
    with database.reading() as session:
        row = session.get_one(ReceivedMail, mail_id)
    assert row.reverse_path.startswith("a?b?")
    assert [len(recipient) for recipient in row.recipients] == [4, 320]
    assert (len(row.helo), len(row.peer)) == (255, 255)
