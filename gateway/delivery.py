"""Drains the outbox: claim, render, send, record. At least once, and each time the same mail."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import structlog

from gateway import delivered_log, delivery_batch, delivery_pace
from gateway import delivery_outcome as outcome
from gateway.compose import Composer
from gateway.delivery_batch import Batch
from gateway.delivery_lanes import Lanes, Results, Route
from gateway.delivery_pace import Paces
from gateway.delivery_policy import DeliveryPolicy
from gateway.letter import Letter, Unsent
from gateway.outage import is_ours
from gateway.relay import Relay
from store.database import Database
from store.queue import give_back
from store.tables import Outbox

log = structlog.get_logger(__name__)


class Deliverer:
    """One of these works in one thread; several processes may each have one."""

    def __init__(
        self,
        database: Database,
        composer: Composer,
        relays: Callable[[], Relay] | Lanes,  # one relay, or several by desk address
        policy: DeliveryPolicy,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database, self._composer, self._policy, self._clock = database, composer, policy, clock
        lanes = relays if isinstance(relays, Lanes) else Lanes([Route(relays, connections=policy.connections)])
        self._lanes = lanes
        self._paces = Paces(policy.paces)
        self._open: list[int] = []  # claimed and not sent; freed when the database is back
        self._open_counts = False  # whether the attempt of those counts
        self._batches: dict[int, Batch] = {}  # by row: the batch that a letter on its way belongs to
        self._unrecorded: list[tuple[Batch, Results, str]] = []  # sent, and nobody knows yet; by which relay

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
        """Record what came of letters, and free what was not sent."""
        self._record_finished()
        if self._open:
            with self._database.transaction() as session:
                give_back(session, Outbox, self._open, attempt=not self._open_counts)
            self._open = []

    def _round(self) -> int:
        now, policy = self._clock(), self._policy
        self._lanes.close_idle(now)
        if not self._lanes.any_free(now):
            return self._wait_for_letters()
        claimable = self._lanes.claimable(now)
        with self._database.reading() as session:
            if not delivery_batch.is_due(session, now, claimable):
                return self._wait_for_letters()
        with self._database.transaction(durable=False) as session:
            ids = delivery_batch.claim(session, policy.batch, policy.lease, now, claimable)
        if not ids:
            return self._wait_for_letters()
        self._open = ids
        batch = self._load(ids, now)
        # Rendering takes its time: outside of any write, so that nobody waits for it.
        with self._database.reading() as session:
            known = delivery_batch.load_stored(session, batch)
            kept = [letter for row in batch.rows if row.id in known and (letter := self._composer.stored(row))]
            new = [row for row in batch.rows if row.id not in batch.stored]
            fresh = self._composer.render_many(session, new) if new else {}
            batch.numbers = delivered_log.numbers(session, [*batch.rows, *batch.suppressed])
        letters = [letter for letter in fresh.values() if isinstance(letter, Letter)]
        unsent = {i: letter for i, letter in fresh.items() if isinstance(letter, Unsent)}
        if fresh or batch.suppressed or batch.quiet or batch.paced:
            with self._database.transaction() as session:
                outcome.keep(session, batch, letters, now)
                outcome.unsent(session, batch, unsent, policy, now, self._database.ids.next)
            delivered_log.tell_unsent(batch, unsent)
        # Rows that were left out, because of the memory they would take, are freed at the start of the next round.
        left = [row.id for row in batch.rows if row.id not in known and row.id not in fresh]
        self._open = [i for row_id in left for i in (row_id, *batch.folded.get(row_id, ()))]
        self._deliver(batch, [*kept, *letters])
        return len(ids)

    def _load(self, ids: Sequence[int], now: datetime) -> Batch:
        """The claimed rows, without those whose turn in the pace of their domain has not come."""
        with self._database.reading() as session:
            batch = delivery_batch.load(session, ids, now)
            between = self._paces.between(session, batch.rows, now)
        if between:
            with self._database.transaction(durable=False) as session:
                batch.wait_for(delivery_pace.turns(session, batch.rows, between, now))
        return batch

    def close(self) -> None:
        """Let letters that are on their way come to their end, and give connections and threads back."""
        self._lanes.close()
        try:
            self._record_finished()
        except Exception as error:
            # They go out again when their lease ends; who started us learns why.
            log.error("letters went out, and that could not be noted", exc_info=error)

    def _deliver(self, batch: Batch, letters: Sequence[Letter]) -> None:
        """Send each letter by the relay of its desk address, then record what came of it.

        Letters of a relay that is slow go on their way while the others are recorded; its next ones wait.
        """
        now = self._clock()
        parts: dict[str, list[Letter]] = {}
        for letter in letters:
            parts.setdefault(self._lanes.of(letter.sender).route.name, []).append(letter)
        for lane in self._lanes:
            if mine := parts.get(lane.route.name):
                if not lane.is_free(now):  # not claimed for it: the ticket is with another desk address since
                    self._open += [i for one in mine for i in (one.outbox_id, *batch.folded.get(one.outbox_id, ()))]
                    continue
                self._batches |= dict.fromkeys((letter.outbox_id for letter in mine), batch)
                lane.start(mine)
        self._lanes.wait()
        self._record_finished()

    def _wait_for_letters(self) -> int:
        """With nothing else to do: letters on their way, for a moment; how many came to their end."""
        if not self._lanes.at_work:
            return 0
        self._lanes.wait()
        return self._record_finished()

    def _record_finished(self) -> int:
        """Record the letters of each relay that is through with them; how many they are."""
        for lane in self._lanes:
            results = lane.finished(self._clock())
            if results:
                batch = self._batches[results[0][0].outbox_id]
                for letter, _ in results:
                    del self._batches[letter.outbox_id]
                self._unrecorded.append((batch, results, lane.route.name))
        count = 0
        while self._unrecorded:
            count += len(self._unrecorded[0][1])
            self._record(*self._unrecorded[0])
            del self._unrecorded[0]
        return count

    def _record(self, batch: Batch, results: Results, relay: str) -> None:
        now = self._clock()
        try:
            with self._database.transaction() as session:
                outcome.record(session, batch, results, self._policy, now, self._database.ids.next, relay)
                sent_to = [(letter.recipient, result) for letter, result in results]
                self._paces.take_note(session, sent_to, now)
        except Exception as error:
            if not is_ours(error):
                del self._unrecorded[0]  # no second try helps: the letters go out again when the lease ends
            raise
        delivered_log.tell(batch, results, now, self._policy.give_up)
