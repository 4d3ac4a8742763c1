"""What a delivery report changes: the state of the very letter, and whether we go on writing to the address."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from desk import canary, muting, notices
from desk.letter_names import words_for
from desk.said import say
from desk.state import AtDesk
from desk.writes import Writes
from gateway import bounce, match
from gateway.case import Case, Decision
from gateway.sent_letter import Letter
from gateway.trouble import KIND
from store import counters
from store.tables import Delivery, Outbox

_RESULTS = {"failed": "bounced", "late": "deferred", "arrived": "sent", "unknown": "uncertain"}
_MAX_TOLD = 5  # letters that one entry speaks of
_MAX_SAID = 500  # characters of a server's words in it
_MAX_REASON = 500


@dataclass(frozen=True, slots=True)
class _Finding:
    """What a report says of one letter of ours."""

    letter: Letter
    outcome: Literal["failed", "late", "arrived", "unknown"]
    said: str
    proven: bool  # it came to the letter's own return path
    mutes: bool


def record(decision: Decision, case: Case, writes: Writes) -> None:
    """Note the report at each letter to whose return path it came; where nobody is at the address, mute it.

    The address is always the one that the letter went to; of another one that the report names, nothing follows.
    Nor does anything of a report that only knows a Message-ID: that stands in every answer to the letter.
    """
    if case.mail.message.automatic != "delivery-report":
        return
    for found in _findings(decision, case):
        if not found.proven:
            continue
        writes.add(
            Delivery,
            id=writes.next_id(),
            outbox_id=found.letter.id,
            at=case.now,
            result=_RESULTS[found.outcome],
            reply=found.said or decision.reason,
        )
        writes.counted[counters.delivery(_RESULTS[found.outcome])] += 1
        if found.outcome == "failed":
            writes.change(Outbox, found.letter.id, state="refused", done_at=case.now)
        if found.mutes:
            _mute(found, case, writes)


def heard(decision: Decision, case: Case, writes: Writes) -> None:
    """An address from which a person writes lives: what mutes it is lifted, and the next letter goes out.

    A forged sender, a machine, and mail from before, imported or handled late, say nothing of that.
    """
    mail, view = case.mail, case.view
    if mail.sender not in view.muted or decision.kind not in ("opened", "noted", "answered"):
        return
    if mail.message.machine or case.verified.verdict == "fail" or mail.envelope.source == "file":
        return
    received = mail.envelope.received_at or case.now
    ended = [mute for mute in view.muted[mail.sender] if mute.since <= received]
    muting.lift(writes, ended, case.now)
    view.muted[mail.sender] = [mute for mute in view.muted[mail.sender] if mute not in ended]


def told(decision: Decision, case: Case) -> str:
    """The report in our words, for its entry on the ticket: which letter, what became of it, what follows.

    To be asked after `record`, so that it knows whether the address is muted. "" for a mail that is no report.
    """
    if case.mail.message.automatic not in ("delivery-report", "feedback-report"):
        return ""
    found = _findings(decision, case)
    parts = [_paragraph(finding, case) for finding in found[:_MAX_TOLD]]
    if len(found) > _MAX_TOLD:
        parts.append(f"It speaks of {len(found) - _MAX_TOLD} more of our letters.")
    return "\n\n".join(parts)


def _findings(decision: Decision, case: Case) -> list[_Finding]:
    proven = set(match.returned_to(case.mail, case.view))
    found = []
    for letter_id in decision.letters:
        letter = case.view.letters[letter_id]
        verdict = bounce.verdict(case.mail.message, letter.recipient)
        sure = letter_id in proven
        mutes = verdict.mutes and sure and letter.kind != canary.KIND  # its address is never used again
        found.append(_Finding(letter, verdict.outcome, verdict.said, sure, mutes))
    return found


def _paragraph(found: _Finding, case: Case) -> str:
    said = found.said if len(found.said) <= _MAX_SAID else found.said[: _MAX_SAID - 1] + "…"
    if case.mail.message.automatic == "feedback-report":
        first = f"Complaint: somebody says that our {_named(found.letter)} was unwanted. Nothing follows by itself."
        return first if found.proven else f"{first} It did not come to the letter's return path: it may be forged."
    if not found.proven:
        lines = [
            f"Proves nothing: this mail looks like a delivery report on our {_named(found.letter)}, but it did not "
            "come to that letter's return path. Whoever has seen the letter can write such a mail. It changes nothing.",
            f"It says: “{said}”." if said else "",
        ]
    else:
        lines = [_outcome(found), f"The server said: “{said}”." if said else ""]
    return "\n".join(filter(None, [*lines, _mute_line(found, case)]))


def _outcome(found: _Finding) -> str:
    named = _named(found.letter)
    if found.outcome == "failed":
        return f"Not delivered: our {named} did not arrive. It is not tried again."
    if found.outcome == "late":
        return f"Late: our {named} has not arrived yet. The server goes on trying."
    if found.outcome == "arrived":
        return f"Delivered: our {named} has arrived."
    return f"Unclear: this report on our {named} does not say what became of it there."


def _mute_line(found: _Finding, case: Case) -> str:
    address = found.letter.recipient
    if not case.view.muted.get(address.lower()):
        return f"We go on writing to {address}." if found.outcome != "arrived" else ""
    if not found.proven:
        return f"{address} is muted, but not because of this mail."
    return (
        f"{address} is muted: it gets no letters from us until a mail comes from there, or somebody lifts it with "
        f"postdesk mail unmute {address}"
    )


def _named(letter: Letter) -> str:
    return f"{words_for(letter.kind)} to {_whom(letter)}"


def _whom(letter: Letter) -> str:
    return f"{letter.name} ({letter.recipient})" if letter.name else letter.recipient


def _mute(found: _Finding, case: Case, writes: Writes) -> None:
    key, view = found.letter.recipient.lower(), case.view
    if view.muted.get(key):
        return
    reason = found.said[:_MAX_REASON] or "A delivery report says so."
    view.muted[key] = [muting.mute(writes, key, reason, case.now)]
    most = case.rules.caps.automatic_letters_per_day
    for person in _to_tell(found.letter, case):
        view.held.letters[person.address] += 1
        if view.held.letters[person.address] > most:
            continue
        lines = _lines(found.letter, reason, case)
        if view.held.letters[person.address] == most:
            last = say("It is the last such letter for a day. {command} lists all.", command="postdesk mail muted")
            lines.append(last)
        subject = say("{address} gets no more letters", address=found.letter.recipient)
        notices.letter(writes, KIND, person, case.now, context={"subject": subject, "lines": lines})


def _to_tell(letter: Letter, case: Case) -> Sequence[AtDesk]:
    """Who works on the ticket; where that is nobody who can be reached, or a colleague is muted, everybody else."""
    view = case.view
    ticket = view.ticket(letter.ticket_id) if letter.ticket_id else None
    first = notices.staff_of(ticket, view.teams, view.staff) if ticket and letter.staff_id is None else []
    everybody: list[AtDesk] = [person for person in view.staff.values() if person.active]
    for people in (first, everybody):
        if reachable := [person for person in people if not view.muted.get(person.address)]:
            return reachable
    return []


def _lines(letter: Letter, reason: str, case: Case) -> list[str]:
    ticket = case.view.ticket(letter.ticket_id) if letter.ticket_id else None
    kind, whom, address = words_for(letter.kind), _whom(letter), letter.recipient
    first = say(
        "Our {letter} to {whom} did not arrive: a mail server says that nobody is at this address.",
        letter=say(kind),
        whom=whom,
    )
    if ticket:
        first = say(
            "Our {letter} to {whom} about {number} did not arrive: a mail server says that nobody is at this address.",
            letter=say(kind),
            whom=whom,
            number=ticket.number,
        )
    means = say(
        "It means that the address {address} is muted: no letter goes there, whatever happens on a ticket.",
        address=address,
    )
    if letter.staff_id is not None:
        means = say(
            "It means that a colleague's address {address} is muted: no letter goes there, whatever happens on "
            "a ticket.",
            address=address,
        )
    return [
        first,
        say("The server said: “{reply}”.", reply=reason),
        means,
        say("The mute ends by itself when a mail comes from this address. If the address is right, lift the mute:"),
        # A command has a line of its own: wrapped in the middle it cannot be pasted.
        f"postdesk mail unmute {letter.recipient}",
        say("To see all muted addresses:"),
        "postdesk mail muted",
    ]
