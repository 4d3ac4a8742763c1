"""What a delivery report changes: the state of the very letter, and whether we go on writing to the address."""

from desk.writes import Writes
from gateway import bounce
from gateway.decide import Case, Decision
from store.tables import Delivery, Outbox, Suppression

_RESULTS = {"failed": "bounced", "late": "deferred", "arrived": "sent", "unknown": "uncertain"}


def record(decision: Decision, case: Case, writes: Writes) -> None:
    """Note the report at each letter it is about; a permanent failure mutes the address, visibly and reversibly.

    The address is always the one that the letter went to; of another one that the report names, nothing follows.
    """
    message = case.mail.message
    if message.automatic != "delivery-report":
        return
    for letter_id in decision.letters:
        letter = case.view.letters[letter_id]
        found = bounce.verdict(message, letter.recipient)
        writes.add(
            Delivery,
            id=writes.next_id(),
            outbox_id=letter.id,
            at=case.now,
            result=_RESULTS[found.outcome],
            reply=found.said or decision.reason,
        )
        if found.outcome == "failed":
            writes.change(Outbox, letter.id, state="refused")
        if found.mutes:
            _mute(letter.recipient, found.said or "A delivery report says so.", case, writes)


def _mute(address: str, reason: str, case: Case, writes: Writes) -> None:
    key = address.lower()
    if key not in case.view.muted:
        case.view.muted.add(key)
        writes.add(Suppression, id=writes.next_id(), address=key, reason=reason, since=case.now, lifted_at=None)
