"""What a delivery report changes: the state of the very letter, and whether we go on writing to the address."""

from desk.writes import Writes
from gateway.decide import Case, Decision
from store.tables import Delivery, Outbox, Suppression


def record(decision: Decision, case: Case, writes: Writes) -> None:
    """Note the report at each letter it is about; a permanent failure mutes the address, visibly and reversibly."""
    if case.mail.message.automatic != "delivery-report":
        return
    reports = case.mail.message.reports
    permanent = any(report.permanent for report in reports)
    said = "; ".join(f"{r.address} {r.status} {r.diagnostic}".strip() for r in reports)[:2000]
    for letter_id in decision.letters:
        letter = case.view.letters[letter_id]
        writes.add(
            Delivery,
            id=writes.next_id(),
            outbox_id=letter.id,
            at=case.now,
            result="bounced" if permanent else "deferred",
            reply=said or decision.reason,
        )
        if permanent:
            writes.change(Outbox, letter.id, state="refused")
            _mute(letter.recipient, said or "A delivery report says so.", case, writes)


def _mute(address: str, reason: str, case: Case, writes: Writes) -> None:
    key = address.lower()
    if key not in case.view.muted:
        case.view.muted.add(key)
        writes.add(Suppression, id=writes.next_id(), address=key, reason=reason, since=case.now, lifted_at=None)
