"""accept(): a mail is durable before anybody is told that it was taken; mails that arrive together share one fsync."""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic

import structlog

from gateway.envelope import Envelope
from gateway.errors import Error, ShuttingDown, StorageFailed, StorageFull
from gateway.outage import Outage, is_conflict, is_ours
from store import ledger
from store.blobs import BlobStore, BlobWriter
from store.bulk import insert_rows
from store.database import Database
from store.points import reached
from store.room import Room
from store.tables import RawMail, ReceivedMail

log = structlog.get_logger(__name__)

GROUP = 256  # mails in one transaction
GROUP_BYTES = 16 * 1024 * 1024
INLINE = 256 * 1024  # up to here the bytes lie in the database, beyond it in the blob store


@dataclass(slots=True)
class _Waiting:
    envelope: Envelope
    data: bytes
    blob: str
    size: int
    future: "Future[int]" = field(default_factory=Future)


class Spool:
    """Writes received mail from one thread: whatever has come in while the last group was written is the next one."""

    def __init__(
        self,
        database: Database,
        blobs: BlobStore,
        *,
        room: Room = Room(),  # noqa: B008 - a value that cannot change
        notify: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._space = _FreeSpace(room)
        self._notify = notify
        self._outage = Outage("the storage of received mail")
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        # Sealing a big mail waits for the disk; small ones do not queue behind it.
        self._sealers = ThreadPoolExecutor(2, thread_name_prefix="spool-seal")
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
        self._thread.start()

    def accept(self, envelope: Envelope, raw: "bytes | BlobWriter") -> int:
        """Keep a mail; returns its id when it is durable, raises gateway.errors.Error when it is not."""
        return self.submit(envelope, raw).result()

    def submit(self, envelope: Envelope, raw: "bytes | BlobWriter") -> "Future[int]":
        """The same without waiting. A BlobWriter is taken over: it is sealed, or removed when that fails."""
        refusal = self._refusal()
        if refusal is not None:
            if not isinstance(raw, bytes):
                raw.abort()
            return _failed(refusal)
        if isinstance(raw, bytes):
            waiting = _Waiting(envelope, raw, "", len(raw))
            self._queue.put(waiting)
            return waiting.future
        waiting = _Waiting(envelope, b"", "", raw.size)
        self._sealers.submit(self._seal, waiting, raw)
        return waiting.future

    def close(self) -> None:
        """Write what has been handed in, then stop; later mails are refused for now."""
        if not self._closed:
            self._closed = True
            self._sealers.shutdown(wait=True)
            self._queue.put(None)
            self._thread.join()

    def _refusal(self) -> Error | None:
        if self._closed:
            return ShuttingDown()
        return None if self._space.enough() else StorageFull()

    def _seal(self, waiting: _Waiting, writer: BlobWriter) -> None:
        try:
            waiting.blob = writer.seal()
        except Exception as error:
            self._tell(error)
            writer.abort()
            waiting.future.set_exception(_storage_error(error))
        else:
            self._queue.put(waiting)

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            group, size = [first], first.size
            while len(group) < GROUP and size < GROUP_BYTES and not self._queue.empty():
                more = self._queue.get()
                if more is None:
                    self._write(group)
                    return
                group.append(more)
                size += more.size
            self._write(group)

    def _write(self, group: list[_Waiting]) -> None:
        """One transaction for the group. Where one mail may have failed it, each goes alone: it cannot fail the others.

        Where disk or database fail, all are refused at once: to wait anew with each of them would take minutes.
        """
        if not (group := self._filed(group)):
            return
        try:
            ids = self._insert(group)
        except Exception as error:
            if len(group) == 1 or (is_ours(error) and not is_conflict(error)):
                self._refuse(group, error)
                return
            for waiting in group:
                self._write([waiting])
            return
        self._outage.worked()
        for waiting, mail_id in zip(group, ids, strict=True):
            waiting.future.set_result(mail_id)
        self._notify()
        for waiting, mail_id in zip(group, ids, strict=True):  # last: nobody waits for a log
            log.info("accepted", mail=mail_id, size=waiting.size, **_way(waiting.envelope))

    def _filed(self, group: list[_Waiting]) -> list[_Waiting]:
        """The group with its big mails in the blob store; without them where that does not work."""
        large = [waiting for waiting in group if not waiting.blob and waiting.size > INLINE]
        try:
            for waiting, digest in zip(large, self._blobs.put_many(w.data for w in large), strict=True):
                waiting.blob = digest
        except Exception as error:
            self._refuse(large, error)
            return [waiting for waiting in group if waiting.blob or waiting.size <= INLINE]
        return group

    def _refuse(self, group: list[_Waiting], error: Exception) -> None:
        self._tell(error)
        for waiting in group:
            waiting.future.set_exception(_storage_error(error))

    def _tell(self, error: Exception) -> None:
        """A full disk or a database that is away is logged once, not for each mail that comes meanwhile."""
        if is_ours(error):
            self._outage.failed(error)
        else:
            log.error("a mail could not be stored; the client keeps it", exc_info=error)

    def _insert(self, group: Sequence[_Waiting]) -> list[int]:
        reached("spool.writing")
        with self._database.rows() as connection:
            ids = [self._database.ids.next() for _ in group]
            insert_rows(connection, ReceivedMail, [_row(i, waiting) for i, waiting in zip(ids, group, strict=True)])
            inline = [{"id": i, "data": w.data} for i, w in zip(ids, group, strict=True) if not w.blob]
            if inline:
                insert_rows(connection, RawMail, inline)
            ledger.count(connection, "accepted", len(group))
            reached("spool.written")
        reached("spool.committed")
        return ids


def _row(mail_id: int, waiting: _Waiting) -> dict[str, object]:
    envelope = waiting.envelope
    return {
        "id": mail_id,
        "received_at": envelope.received_at or datetime.now(UTC),
        "source": envelope.source,
        "peer": _clean(envelope.peer, 255),
        "helo": _clean(envelope.helo, 255),
        "reverse_path": _clean(envelope.reverse_path, 320),
        "recipients": [_clean(recipient, 320) for recipient in envelope.recipients],
        "size": waiting.size,
        "blob": waiting.blob,
        "waiting": True,
        "attempts": 0,
        "lease_until": None,
        "last_error": "",
        "earlier": [],
    }


def _way(envelope: Envelope) -> dict[str, str]:
    """By what way it came, for the log: the address of a server or the name of a mailbox, never of a file."""
    named = envelope.source in ("smtp", "lmtp", "imap") and envelope.peer
    return {"source": envelope.source, "peer": _clean(envelope.peer, 255)} if named else {"source": envelope.source}


def _clean(text: str, length: int) -> str:
    """What both databases take: no NUL, no lone surrogates."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")[:length]


def _failed(error: Error) -> "Future[int]":
    future: Future[int] = Future()
    future.set_exception(error)
    return future


def _storage_error(error: Exception) -> Error:
    if isinstance(error, Error):
        return error
    full = isinstance(error, OSError) and error.errno in (28, 122)  # ENOSPC, EDQUOT
    result: Error = StorageFull() if full or "disk is full" in str(error) else StorageFailed()
    result.__cause__ = error
    return result


class _FreeSpace:
    """Asks the file systems at most once a second."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._asked = -10.0
        self._enough = True

    def enough(self) -> bool:
        now = monotonic()
        if now - self._asked > 1:
            self._asked = now
            self._enough = self._room.is_enough()
        return self._enough
