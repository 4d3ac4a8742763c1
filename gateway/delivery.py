"""Drains the outbox: claim, render, send, record. At least once, and each time the same mail."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import structlog

from gateway import delivered_log, delivery_batch, delivery_pace, delivery_record
from gateway import delivery_outcome as outcome
from gateway.compose import Composer
from gateway.delivery_batch import Batch
from gateway.delivery_lanes import Lanes, Route
from gateway.delivery_pace import Paces
from gateway.delivery_policy import DeliveryPolicy
from gateway.delivery_record import Unrecorded
from gateway.letter import Letter, Unsent
from gateway.outage import is_ours
from gateway.relay import Relay
from store.claims import Claims
from store.database import Database
from store.points import reached
from store.queue import give_back
from store.tables import Outbox

log = structlog.get_logger(__name__)

_AWHILE = timedelta(seconds=10)  # for letters whose relay turned out to be busy, or to rest


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
        self._claims = Claims(database, Outbox)
        self._batches: dict[int, Batch] = {}  # by row: the batch that a letter on its way belongs to
        self._unrecorded: list[Unrecorded] = []  # sent, and nobody knows yet

    @property
    def batch(self) -> int:
        """Rows that one round takes at most, besides those that go along in their letters."""
        return self._policy.batch

    def drain_once(self, most: int = 0, on_whole: Callable[[], None] = lambda: None) -> int:
        """Handle one batch of due rows, or `most` of them; returns how many rows it took, 0 when nothing was due.

        `on_whole` is called as soon as it has a whole batch in hand: there may be work for others.
        What a failed round left behind comes first: letters that went out are recorded, the others are freed.
        """
        self._settle()
        try:
            return self._round(most or self._policy.batch, on_whole)
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
        self._claims.free()

    def _round(self, most: int, on_whole: Callable[[], None]) -> int:
        now, policy = self._clock(), self._policy
        self._lanes.close_idle(now)
        if not self._lanes.any_free(now):
            return self._wait_for_letters()
        claimable = self._lanes.claimable(now)
        with self._database.reading() as session:
            if not delivery_batch.is_due(session, now, claimable, policy.least):
                return self._wait_for_letters()
        with self._claims.until(now + policy.lease) as session:
            ids = delivery_batch.claim(session, most, policy.lease, now, claimable)
        if not ids:
            return self._wait_for_letters()
        self._open = ids
        if len(ids) >= policy.batch:
            on_whole()
        reached("delivery.claimed")
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
        reached("delivery.rendered")
        if fresh or batch.suppressed or batch.quiet:
            with self._database.transaction() as session:
                outcome.keep(session, batch, letters, now)
                outcome.unsent(session, batch, unsent, policy, now, self._database.ids.next)
            delivered_log.tell_unsent(batch, unsent)
        # Rows that were left out, because of the memory they would take, are freed at the start of the next round.
        left = [row.id for row in batch.rows if row.id not in known and row.id not in fresh]
        self._open = [i for row_id in left for i in (row_id, *batch.folded.get(row_id, ()))]
        reached("delivery.kept")
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
                delivery_batch.put_off_to_turns(session, batch.paced)
        return batch

    def close(self) -> None:
        """Let letters that are on their way come to their end, if they do soon; give connections and threads back."""
        self._lanes.close(self._policy.stop_seconds)
        try:
            self._settle()
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
                if lane.is_free(now):
                    self._batches |= dict.fromkeys((letter.outbox_id for letter in mine), batch)
                    lane.start(mine)
                else:  # not claimed for it: the ticket is with another desk address since
                    self._put_off([letter.outbox_id for letter in mine], now + _AWHILE)
        for _ in self._lanes.moments():
            self._record_finished()

    def _put_off(self, ids: Sequence[int], until: datetime) -> None:
        """For later, and no attempt. What goes along in these letters was folded into them."""
        self._open += ids  # if that fails
        with self._database.transaction() as session:
            delivery_batch.put_off(session, dict.fromkeys(ids, until), attempt=False)

    def _wait_for_letters(self) -> int:
        """With nothing else to do: letters on their way, for a moment; how many came to their end."""
        for _ in self._lanes.moments():
            if count := self._record_finished():
                return count
        return 0

    def _record_finished(self) -> int:
        """Record what came of letters since the last time; how many they are."""
        count = 0
        for lane in self._lanes:
            results = lane.finished(self._clock())
            if results:
                count += len(results)
                batch = self._batches[results[0][0].outbox_id]
                for letter, _ in results:
                    del self._batches[letter.outbox_id]
                self._unrecorded.append(Unrecorded(batch, results, lane.route.name))
        while self._unrecorded:
            # What fails for several is done one by one; what fails because the database is away stays for later.
            first, now = self._unrecorded[0], self._clock()
            self._unrecorded[:1] = delivery_record.record(self._database, first, self._policy, self._paces, now)
        return count
