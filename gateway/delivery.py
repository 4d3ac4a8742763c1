"""Drains the outbox: claim, render, send, record. At least once, and each time the same mail."""

import threading
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
from gateway.relay import Relay, Result, Uncertain
from store.database import Database

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

    def drain_once(self) -> int:
        """Handle one batch of due rows; returns how many rows it took, 0 when nothing was due."""
        now, policy = self._clock(), self._policy
        with self._database.reading() as session:
            if not delivery_batch.is_due(session, now):
                return 0
        with self._database.transaction(durable=False) as session:
            ids = delivery_batch.claim(session, policy.batch, policy.lease, now)
        if not ids:
            return 0
        # Rendering takes its time: outside of any write, so that nobody waits for it.
        with self._database.reading() as session:
            batch = delivery_batch.load(session, ids)
            kept = [letter for row in batch.rows if (letter := self._composer.stored(row))]
            known = {letter.outbox_id for letter in kept}
            fresh = self._composer.render_many(session, [row for row in batch.rows if row.id not in known])
        letters = [letter for letter in fresh.values() if isinstance(letter, Letter)]
        unsent = {i: letter for i, letter in fresh.items() if isinstance(letter, Unsent)}
        if fresh or batch.suppressed:
            with self._database.transaction() as session:
                outcome.keep(session, batch, letters, now)
                outcome.unsent(session, batch, unsent, policy, now, self._database.ids.next)
        self._deliver(batch, [*kept, *letters])
        return len(ids)

    def run(self, stop: threading.Event, wake: Callable[[float], None]) -> None:
        """Drain until `stop` is set. `wake` waits so many seconds, or less when something new is there."""
        trouble_seconds = 0.0
        while not stop.is_set():
            try:
                handled = self.drain_once()
                trouble_seconds = 0.0
            except Exception:
                # The database is away, or a fault of ours: what was claimed comes back when its lease ends.
                log.exception("delivery cannot work")
                handled, trouble_seconds = 0, min(60.0, trouble_seconds * 2 or 1.0)
            if trouble_seconds:
                stop.wait(trouble_seconds)
            elif not handled and not stop.is_set():
                wake(self._policy.poll_seconds)
        self.close()

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
        with self._database.transaction() as session:
            outcome.record(session, batch, results, self._policy, self._clock(), self._database.ids.next)
