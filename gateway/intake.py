"""One received mail becomes one outcome: claim a batch, read it, decide, and write everything in one transaction."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session
from structlog.contextvars import bound_contextvars

from desk import tickets
from desk.writes import Writes
from gateway import handled_log, reading_time, repeats
from gateway.apply import apply, dispose
from gateway.claimed import Claimed, load, read_mail, with_senders
from gateway.decide import decide
from gateway.desk_addresses import Addresses
from gateway.held import hold
from gateway.outage import Outage, is_conflict, is_ours, one_line, pause
from gateway.rules import Rules
from gateway.sender.checker import SenderCheck
from gateway.stored_files import store_early, store_files
from gateway.turns import Turn, Turns
from gateway.view import Incoming, load_view
from store import mail_queue
from store.blobs import BlobStore
from store.claims import Claims
from store.database import Database
from store.points import reached
from store.queue import give_back, put_off
from store.tables import ReceivedMail

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=5)
CHUNK_BYTES = 32 * 1024 * 1024  # raw bytes held in memory at once
RETRY_AFTER = timedelta(seconds=5)
RACES = 5  # that a mail may lose, each later than the last, before they count as attempts


class _OlderFirst(Exception):
    """Older mails, which were in other hands, are free again: the next claim takes them before what we have."""


class Intake:
    """Turns received mail into tickets; any number of these may run, in as many processes.

    One with `patience` only takes mail that has waited for so long, because the others have more than they can do:
    they say so by `on_whole` when a batch is full.
    """

    def __init__(
        self,
        database: Database,
        blobs: BlobStore,
        addresses: Addresses,
        rules: Rules,
        *,
        senders: SenderCheck = SenderCheck(),
        batch: int = 64,
        patience: timedelta = timedelta(0),
        notify: Callable[[], None] = lambda: None,
        on_whole: Callable[[], None] = lambda: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._addresses = addresses
        self._rules = rules
        self._senders = senders
        self._batch = batch
        self._patience = patience
        self._turns = Turns(database, clock)
        self._notify = notify
        self._on_whole = on_whole
        self._clock = clock
        self._open: set[int] = set()  # claimed, and not yet done or put off
        self._open_counts = False  # whether the attempt of those counts
        self._claims = Claims(database, ReceivedMail)
        self._faults: dict[int, int] = {}  # mails that wait for disk or database, and how often they met them
        self._races: dict[int, int] = {}  # and how often another process was quicker, as it seemed
        self._outage = Outage("the storage of mails and tickets")

    def drain_once(self) -> int:
        """Handle one batch; returns how many mails were claimed. What a failed round left claimed is freed first."""
        self._free_open()
        ids = self._claim()
        self._open, self._open_counts = set(ids), False
        try:
            for chunk in self._chunks(ids):
                self._handle(chunk)
        except _OlderFirst:
            self._free_open()
        except Exception as error:
            self._open_counts = not is_ours(error)
            raise
        self._open.clear()
        if ids:
            self._notify()
        return len(ids)

    def _free_open(self) -> None:
        """Without it those mails would lie idle until the lease ends, long after the database is back."""
        if self._open:
            with self._database.transaction() as session:
                give_back(session, ReceivedMail, self._open, attempt=not self._open_counts)
            self._open.clear()
        self._claims.free()

    def _claim(self) -> list[int]:
        now = self._clock()
        waited = [now - self._patience] if self._patience else []
        with self._claims.until(now + LEASE) as session:
            ids = mail_queue.take(session, self._batch, now + LEASE, now, *waited)
            if ids:
                reached("intake.claiming")
        if len(ids) >= self._batch:
            self._on_whole()
        return ids

    def _chunks(self, ids: Sequence[int]) -> Iterator[list[Claimed]]:
        """The mails with their bytes, never more in memory than CHUNK_BYTES and one mail."""
        with self._database.reading() as session:
            rows = session.execute(
                select(ReceivedMail.id, ReceivedMail.size)
                .where(ReceivedMail.id.in_(ids))
                .order_by(ReceivedMail.received_at, ReceivedMail.id)
            ).all()
        part: list[int] = []
        size = 0
        for row in rows:
            if part and size + row.size > CHUNK_BYTES:
                yield self._load(part)
                part, size = [], 0
            part.append(row.id)
            size += row.size
        if part:
            yield self._load(part)

    def _load(self, ids: Sequence[int]) -> list[Claimed]:
        """With their bytes; one that cannot be read is put off, and keeps no other waiting."""
        reached("intake.claimed")
        try:
            with self._database.reading() as session:
                return load(session, self._blobs, ids)
        except Exception as error:
            if len(ids) > 1:
                return [mail for one in ids for mail in self._load([one])]
            with self._database.reading() as session:
                attempts = session.get_one(ReceivedMail, ids[0]).attempts
            self._put_off(ids[0], attempts, error, own_bytes=True)
            return []

    def _handle(self, chunk: Sequence[Claimed]) -> None:
        readable = []
        for mail in chunk:
            try:
                # Attempts were counted when the mail was claimed: one that kills the reader stops here.
                if mail.attempts > self._rules.max_attempts:
                    self._hold(mail.id, "reader-failed", "Reading it failed several times. The mail itself is kept.")
                else:
                    with bound_contextvars(mail=mail.id), reading_time.limited():
                        readable.append((mail, read_mail(mail, self._addresses, self._rules)))
            except Exception as error:
                self._put_off(mail.id, mail.attempts, error)
        reached("intake.read")
        filed = store_early(with_senders(readable, self._senders), self._blobs, self._rules.files)
        self._store(self._in_turn(filed))

    def _in_turn(self, pairs: "Sequence[tuple[Claimed, Incoming]]") -> "Sequence[tuple[Claimed, Incoming]]":
        """All, once it is their turn. If that does not come soon, answers wait on: what they answer may be new."""
        turn = self._turns.wait(pairs[0][0]) if pairs else Turn()
        if turn.freed:
            raise _OlderFirst
        answers = [mail.id for mail, incoming in pairs if incoming.message.answers]
        if turn.ends is None or not answers:
            return pairs
        log.warning("another process takes long with older mails; answers wait for them", mails=len(answers))
        until = min(turn.ends, self._clock() + RETRY_AFTER)
        with self._database.transaction() as session:
            for mail_id in answers:
                put_off(session, mail_id, until, "older mails are in the hands of another process", attempt=False)
        self._open.difference_update(answers)
        return [pair for pair in pairs if not pair[1].message.answers]

    def _store(self, pairs: "Sequence[tuple[Claimed, Incoming]]", *, again: bool = True) -> None:
        """One transaction for all; when it fails, each mail alone, so that one cannot fail the others."""
        if not pairs:
            return
        try:
            kept = store_files([incoming for _, incoming in pairs], self._blobs, self._rules.files)
            reached("intake.filed")
            with self._database.transaction() as session:
                lines = self._write(session, kept)
                reached("intake.written")
        except Exception as error:
            if is_ours(error) and not (pairs := self._undone(pairs)):
                return
            if again and is_conflict(error):
                # Another process was quicker, with the same new sender for one. Read anew, and its rows are there.
                self._store(pairs, again=False)
            elif len(pairs) == 1:
                self._put_off(pairs[0][0].id, pairs[0][0].attempts, error)
            else:
                if not is_ours(error):
                    log.warning("a batch failed; its mails are tried one by one", mails=len(pairs), exc_info=error)
                for pair in pairs:
                    self._store([pair])
        else:
            reached("intake.committed")
            self._stored([mail.id for mail, _ in pairs])
            handled_log.tell(lines)

    def _undone(self, pairs: "Sequence[tuple[Claimed, Incoming]]") -> "Sequence[tuple[Claimed, Incoming]]":
        """Those that still wait: a commit whose answer did not come may have been done all the same."""
        ids = [mail.id for mail, _ in pairs]
        with self._database.reading() as session:
            waiting = set(
                session.scalars(select(ReceivedMail.id).where(ReceivedMail.id.in_(ids), ReceivedMail.waiting))
            )
        self._stored([one for one in ids if one not in waiting])
        return [pair for pair in pairs if pair[0].id in waiting]

    def _stored(self, ids: Sequence[int]) -> None:
        self._open.difference_update(ids)
        met = [mail_id for mail_id in ids if self._faults.pop(mail_id, 0)]
        for mail_id in ids:
            self._races.pop(mail_id, None)
        if met:
            self._outage.worked()

    def _write(self, session: Session, batch: Sequence[Incoming]) -> list[handled_log.Line]:
        # SQLite has one writer at a time; elsewhere another worker may be at the same ticket.
        lock, rules, levels = not self._database.is_sqlite, self._rules, self._rules.levels
        view = load_view(session, batch, self._addresses, self._clock(), levels, lock=lock, numbers=rules.numbers)
        now = self._clock()  # after the wait for whoever was first, so that the history is in the order of the changes
        writes = Writes(self._database.ids.next, self._rules.catalogue.targets)
        done = []
        for mail in batch:
            writes.cause = mail.received_id
            with bound_contextvars(mail=mail.received_id):  # whatever is logged on the way names it
                decision, case = decide(mail, view, self._rules, self._addresses, now)
                done.append((apply(decision, case, writes), case))
            repeats.remember(mail, view)
        reached("intake.decided")
        tickets.number_tickets(session, writes, view.tickets.values(), now, rules.zone, rules.numbers)
        for decision, case in done:
            dispose(decision, case, writes)
        lines = handled_log.lines(done, writes)
        writes.flush(session)
        return lines

    def _put_off(self, mail_id: int, attempts: int, error: Exception, *, own_bytes: bool = False) -> None:
        """The mail stays; after the last attempt a person decides. A fault of disk or database is no attempt."""
        self._races[mail_id] = self._races.get(mail_id, 0) + is_conflict(error)
        its_own = is_conflict(error) and self._races[mail_id] > RACES
        if is_ours(error) and not its_own and not self._is_lost(error, own_bytes):
            self._wait(mail_id, error)
            return
        log.error("a mail could not be handled", mail=mail_id, attempt=attempts, exc_info=error)
        if attempts >= self._rules.max_attempts:
            self._hold(mail_id, "failed", f"Handling it failed {attempts} times: {type(error).__name__}.")
            return
        with self._database.transaction() as session:
            said = f"{type(error).__name__}: {error}"
            put_off(session, mail_id, self._clock() + RETRY_AFTER, said, attempt=True)
        self._open.discard(mail_id)

    def _wait(self, mail_id: int, error: Exception) -> None:
        """Disk or database did not do their part: the attempt is given back, and the mail waits longer each time."""
        faults = self._faults.get(mail_id, 0) + 1
        later = self._clock() + timedelta(seconds=pause(faults))
        with self._database.transaction() as session:
            put_off(session, mail_id, later, one_line(error), attempt=False)
        self._open.discard(mail_id)
        self._faults[mail_id] = faults
        self._outage.failed(error)

    def _is_lost(self, error: Exception, own_bytes: bool) -> bool:
        """True when the store works and still does not give this blob, or damaged: that passes with no waiting."""
        if not isinstance(error, OSError if own_bytes else FileNotFoundError):
            return False
        try:
            self._blobs.check()
        except OSError:
            return False
        return True

    def _hold(self, mail_id: int, rule: str, reason: str) -> None:
        with self._database.transaction() as session:
            hold(session, mail_id, rule, reason, self._clock(), self._database.ids.next)
        log.warning("handled", mail=mail_id, outcome="held", rule=rule)
        self._stored([mail_id])
