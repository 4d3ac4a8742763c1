"""What becomes of outbox rows: rendered, put off, done; told to staff where a letter did not arrive."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from desk import canary
from desk.said import say
from gateway import delivery_batch, delivery_muting, trouble
from gateway.delivery_batch import Batch
from gateway.delivery_policy import DeliveryPolicy, back_off
from gateway.letter import Letter, Unsent
from gateway.relay import Deferred, NotTried, Refused, Result, Sent, Uncertain
from gateway.trouble import Trouble
from store.queue import give_back
from store.tables import Outbox

NextId = Callable[[], int]
_NAMES: dict[type[Result], str] = {Sent: "sent", Deferred: "deferred", Refused: "refused", Uncertain: "uncertain"}
_MAX_REPLY = 500


def keep(session: Session, batch: Batch, letters: Iterable[Letter], now: datetime) -> None:
    """Before sending: the rendered bytes, the rows that go along in them, those nobody is to get or not yet."""
    delivery_batch.keep_rendered(session, letters, batch, now)
    delivery_batch.close(session, [row.id for row in batch.suppressed], "suppressed", now)
    delivery_batch.put_off(session, batch.quiet, attempt=False)


def unsent(
    session: Session,
    batch: Batch,
    reasons: Mapping[int, Unsent],
    policy: DeliveryPolicy,
    now: datetime,
    next_id: NextId,
) -> None:
    """Rows that yielded no letter: superseded ones are done, others are tried again a few times."""
    rows = {row.id: row for row in batch.rows}
    deliveries: list[dict[str, Any]] = []
    troubles = []
    later: dict[int, datetime] = {}
    for row_id, found in reasons.items():
        ids = [row_id, *batch.folded.get(row_id, [])]
        if found.final:
            delivery_batch.close(session, ids, "folded", now)
            result = "folded"
        elif rows[row_id].attempts >= policy.max_render_tries:
            delivery_batch.close(session, ids, "failed", now)
            troubles.append(Trouble(rows[row_id], say("{reason}. It was given up.", reason=found.reason)))
            result = "failed"
        else:
            later |= dict.fromkeys(ids, now + back_off(rows[row_id].attempts))
            result = "deferred"
        deliveries.append(_delivery(next_id(), row_id, now, result, found.reason))
    delivery_batch.put_off(session, later)
    delivery_batch.record(session, deliveries)
    trouble.tell(session, troubles, now, next_id)


def record(
    session: Session,
    batch: Batch,
    results: Sequence[tuple[Letter, Result]],
    policy: DeliveryPolicy,
    now: datetime,
    next_id: NextId,
    relay: str = "",
) -> None:
    """After sending: what the other side said, and what follows from it, in one transaction."""
    rows = {row.id: row for row in batch.rows}
    deliveries: list[dict[str, Any]] = []
    done: dict[str, list[int]] = {}
    troubles, later, untried = [], {}, []
    refused = {row.recipient.lower(): reply for row, reply in _refusals(rows, results) if row.kind != canary.KIND}
    muted = delivery_muting.to_mute(session, refused, now)
    for letter, result in results:
        row = rows[letter.outbox_id]
        if isinstance(result, NotTried):
            untried.append(row.id)
            continue
        deliveries.append(_delivery(next_id(), row.id, now, _NAMES[type(result)], result.reply, relay))
        if isinstance(result, Sent):
            done.setdefault("sent", []).append(row.id)
        elif isinstance(result, Refused):
            done.setdefault("refused", []).append(row.id)
            troubles.append(Trouble(row, _refused(result.reply, row.recipient, muted)))
        elif now - (row.retried_at or row.created_at) > policy.give_up:
            done.setdefault("uncertain" if isinstance(result, Uncertain) else "expired", []).append(row.id)
            troubles.append(Trouble(row, _given_up(result)))
        else:
            later[row.id] = now + back_off(row.attempts)
    for state, ids in done.items():
        delivery_batch.close(session, ids, state, now)
    delivery_batch.put_off(session, later)
    give_back(session, Outbox, untried)
    delivery_batch.suppress(session, muted, now, next_id)
    delivery_batch.record(session, deliveries)
    trouble.tell(session, troubles, now, next_id)


def _delivery(row_id: int, outbox_id: int, now: datetime, result: str, reply: str, relay: str = "") -> dict[str, Any]:
    attempt = {"id": row_id, "outbox_id": outbox_id, "at": now, "result": result, "reply": reply[:_MAX_REPLY]}
    return attempt | {"relay": relay}


def _refusals(rows: Mapping[int, Outbox], results: Sequence[tuple[Letter, Result]]) -> Iterator[tuple[Outbox, str]]:
    for letter, result in results:
        if isinstance(result, Refused):
            yield rows[letter.outbox_id], result.reply[:_MAX_REPLY]


def _refused(reply: str, address: str, muted: Collection[str]) -> str:
    if address.lower() not in muted:
        return say("refused with “{reply}”. It is not tried again.", reply=reply)
    return say(
        "refused with “{reply}”. We do not write to this address any more, until a mail comes from it or somebody "
        "lifts it with {command}",
        reply=reply,
        command=f"postdesk mail unmute {address}",
    )


def _given_up(result: Result) -> str:
    if isinstance(result, Uncertain):
        return say("it may have arrived or not: “{reply}”. It is not tried again.", reply=result.reply)
    return say("not taken for days, last with “{reply}”. It is not tried again.", reply=result.reply)
