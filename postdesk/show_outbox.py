"""Letters on their way out, as plain text and as JSON: in a list, and one with all that was tried."""

import textwrap
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from desk.letter_list import AGAIN, Attempt, OutLetter
from desk.letter_names import words_for
from desk.letters_by_hand import DROPPED
from gateway.delivery_pace import SlowDomain

_WIDTH = 100
# What each state means, and what one can do about it.
_MEANS = {
    "waiting": "it has not been tried yet",
    "deferred": "not taken yet; it is tried again",
    "sent": "the relay has taken it",
    "refused": "the other side will not take it; it is not tried again",
    "expired": "not taken for days; it is not tried any more",
    "suppressed": "its address was muted: it was not sent",
    "folded": "another letter says the same, or it was not needed any more",
    "failed": "it could not be written",
    "gathered": "new tickets of strangers come too fast: it is told with others in one letter",
    "held": "a restore put it aside until a person decides",
    "dropped": "a person decided that it is not sent",
}
_RESULTS = {"again": "sent again", "bounced": "came back"}


def line(letter: OutLetter) -> str:
    """One letter in a list."""
    last = letter.last
    said = f"  {_said(last)}" if last and letter.state != "sent" and last.reply else ""
    when = _at(letter.created_at)
    return f"{letter.id:>8}  {when}  {letter.state:<10}  {letter.ticket:<15}  {letter.recipient:<32.64}{said}".rstrip()


def block(letter: OutLetter, called: str) -> Iterator[str]:
    """All that is known of a letter but its words."""
    whom = f"{letter.name} <{letter.recipient}>" if letter.name else letter.recipient
    about = f", about {letter.ticket}" if letter.ticket else ""
    yield f"Letter {letter.id}: {words_for(letter.kind)} to {whom}{about}"
    yield f"  State:       {letter.state}: {_means(letter)}"
    cause = f", because of mail {letter.received_id}" if letter.received_id else ""
    yield f"  Written:     {_at(letter.created_at)} UTC{cause}"
    if letter.next_at:
        yield "  Next try:    now, by a process that has it" if letter.sending else _next(letter.next_at)
    if letter.done_at:
        yield f"  Done:        {_at(letter.done_at)} UTC"
    yield f"  Kind:        {letter.kind}"
    yield f"  Message-ID:  {letter.message_id or 'none yet: it has not been rendered'}"
    if letter.attempts:
        yield "  What happened:"
    for attempt in letter.attempts:
        yield from _attempt(attempt)
    if todo := list(_todo(letter, called)):
        yield "  What you can do:"
        yield from (f"    {command}" for command in todo)


def as_json(letter: OutLetter) -> dict[str, Any]:
    """The same for programs."""
    return {
        "id": letter.id,
        "kind": letter.kind,
        "to": letter.recipient,
        "name": letter.name,
        "ticket": letter.ticket or None,
        "state": letter.state,
        "done": letter.done,
        "created_at": letter.created_at.isoformat(),
        "next_at": _iso(letter.next_at),
        "done_at": _iso(letter.done_at),
        "sending": letter.sending,
        "message_id": letter.message_id or None,
        "mail": letter.received_id,
        "attempts": [
            {"at": one.at.isoformat(), "result": one.result, "relay": one.relay or None, "reply": one.reply}
            for one in letter.attempts
        ],
    }


def slow_line(domain: SlowDomain) -> str:
    """A domain that gets letters slowly at this moment."""
    seconds = f"{domain.between.total_seconds():g}"
    return (
        f"{domain.domain} gets one letter in {seconds} s since {_at(domain.since)} UTC: it said “{domain.reply:.200}”"
    )


def counted(counts: dict[str, int]) -> str:
    """How many letters are in which state."""
    return ", ".join(f"{count:,} {state}" for state, count in counts.items())


def _means(letter: OutLetter) -> str:
    if letter.sending:
        return "it is being sent at this moment"
    if letter.state == "waiting" and letter.attempts:
        again = letter.attempts[-1].result == AGAIN
        return "it goes out once more, and has not been tried since" if again else "it is tried again"
    if letter.state == "uncertain":
        ending = "it is not tried again" if letter.done else "it is tried again, as the same mail"
        return f"the connection was lost before the answer, so it may have arrived or not; {ending}"
    if letter.state == "sent" and letter.last and letter.last.result == "sent":
        return f"{_MEANS['sent']}{f' ({letter.last.relay})' if letter.last.relay else ''}"
    return _MEANS[letter.state]


def _said(attempt: Attempt) -> str:
    """In quotation marks what a server said; what a person did is our own sentence."""
    if attempt.result in (AGAIN, DROPPED):
        return f"({_RESULTS.get(attempt.result, attempt.result)} {attempt.reply:.60})"
    return f"“{attempt.reply:.60}”"


def _attempt(attempt: Attempt) -> Iterator[str]:
    relay = f" by relay {attempt.relay}" if attempt.relay else ""
    yield f"    {_at(attempt.at)} UTC  {_RESULTS.get(attempt.result, attempt.result)}{relay}"
    if attempt.reply:
        yield from textwrap.wrap(attempt.reply, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)


def _todo(letter: OutLetter, called: str) -> Iterator[str]:
    if letter.sending or letter.state == "gathered":
        return
    if letter.state == "held":
        yield f"{called} restored {letter.id} --send"
        yield f"{called} restored {letter.id} --drop"
    elif not letter.done:
        yield f"{called} outbox retry {letter.id}"
        yield f"{called} outbox drop {letter.id} --why TEXT"
    elif letter.state == "suppressed":
        yield f"{called} mail unmute {letter.recipient}"
        yield f"{called} outbox send-again {letter.id}"
    elif letter.state in ("uncertain", "refused", "expired", "failed", "dropped"):
        yield f"{called} outbox send-again {letter.id}"


def _next(at: datetime) -> str:
    return f"  Next try:    {_at(at)} UTC"


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _at(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
