"""Drains the outbox: claim, render, send, record. At least once, and each time the same mail."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import structlog

from gateway import delivery_batch
from gateway import delivery_outcome as outcome
from gateway.compose import Composer
from gateway.delivery_batch import Batch
from gateway.delivery_policy import DeliveryPolicy
from gateway.letter import Letter, Unsent
from gateway.outage import is_ours
from gateway.relay import Relay, Result, Uncertain
from store.database import Database
from store.queue import give_back
from store.tables import Outbox

log = structlog.get_logger(__name__)

_MIN_SHARE = 8  # letters that are worth a connection of their own


class Deliverer:
    """One of these works in one thread; several processes may each have one."""

    def __init__(
        self,
        database: Database,
        composer: Composer,
        relays: Callable[[], Relay],
        policy: DeliveryPolicy,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database, self._composer, self._policy, self._clock = database, composer, policy, clock
        self._relays = [relays() for _ in range(policy.connections)]
        self._threads = ThreadPoolExecutor(policy.connections, thread_name_prefix="relay")
        self._open: list[int] = []  # claimed and not sent; freed when the database is back
        self._open_counts = False  # whether the attempt of those counts
        self._unrecorded: tuple[Batch, Sequence[tuple[Letter, Result]]] | None = None  # sent, and nobody knows yet

    def drain_once(self) -> int:
        """Handle one batch of due rows; returns how many rows it took, 0 when nothing was due.

        What a failed round left behind comes first: letters that went out are recorded, the others are freed.
        """
        self._settle()
        try:
            return self._round()
        except Exception as error:
            self._open_counts = not is_ours(error)
            raise

    def _settle(self) -> None:
        if self._unrecorded is not None:
            try:
                self._record(*self._unrecorded)
            except Exception as error:
                if not is_ours(error):
                    self._unrecorded = None  # no second try helps: the letters go out again when the lease ends
                raise
        if self._open:
            with self._database.transaction() as session:
                give_back(session, Outbox, self._open, attempt=not self._open_counts)
            self._open = []

    def _round(self) -> int:
        now, policy = self._clock(), self._policy
        with self._database.reading() as session:
            if not delivery_batch.is_due(session, now):
                return 0
        with self._database.transaction(durable=False) as session:
            ids = delivery_batch.claim(session, policy.batch, policy.lease, now)
        if not ids:
            return 0
        self._open = ids
        # Rendering takes its time: outside of any write, so that nobody waits for it.
        with self._database.reading() as session:
            batch = delivery_batch.load(session, ids, now)
            kept = [letter for row in batch.rows if (letter := self._composer.stored(row))]
            known = {letter.outbox_id for letter in kept}
            fresh = self._composer.render_many(session, [row for row in batch.rows if row.id not in known])
        letters = [letter for letter in fresh.values() if isinstance(letter, Letter)]
        unsent = {i: letter for i, letter in fresh.items() if isinstance(letter, Unsent)}
        if fresh or batch.suppressed or batch.quiet:
            with self._database.transaction() as session:
                outcome.keep(session, batch, letters, now)
                outcome.unsent(session, batch, unsent, policy, now, self._database.ids.next)
        # Rows that were left out, because of the memory they would take, are freed at the start of the next round.
        left = [row.id for row in batch.rows if row.id not in known and row.id not in fresh]
        self._open = [i for row_id in left for i in (row_id, *batch.folded.get(row_id, ()))]
        self._deliver(batch, [*kept, *letters])
        return len(ids)

    def close(self) -> None:
        """Give connections and threads back."""
        self._threads.shutdown()
        for relay in self._relays:
            relay.close()

    def _deliver(self, batch: Batch, letters: Sequence[Letter]) -> None:
        """Send over as many connections as the letters are worth, then record what came of it."""
        if not letters:
            return
        shares = max(1, min(len(self._relays), len(letters) // _MIN_SHARE))
        parts = [letters[start::shares] for start in range(shares)]
        futures = [self._threads.submit(relay.send, part) for relay, part in zip(self._relays, parts, strict=False)]
        results: list[tuple[Letter, Result]] = []
        for part, future in zip(parts, futures, strict=True):
            try:
                results += zip(part, future.result(), strict=True)
            except Exception as error:  # a fault of ours: nobody knows how far it came, and the other letters go on
                log.exception("a relay connection failed")
                results += [(letter, Uncertain(f"a fault of this program: {type(error).__name__}")) for letter in part]
        self._record(batch, results)

    def _record(self, batch: Batch, results: Sequence[tuple[Letter, Result]]) -> None:
        self._unrecorded = (batch, results)
        with self._database.transaction() as session:
            outcome.record(session, batch, results, self._policy, self._clock(), self._database.ids.next)
        self._unrecorded = None
