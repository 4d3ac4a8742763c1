"""Telling staff that a mail waits for them (S5): once for each rule and sender in an hour, and few in a day."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.orm import Session

from desk import held_reasons, notices
from desk.said import say
from desk.state import AtDesk
from desk.writes import Writes
from gateway.rules import Caps
from gateway.trouble import KIND
from store.tables import Disposition, Outbox, core

AGAIN = timedelta(hours=1)
# Word for word as in the partial indexes: SQLite uses one only when it sees the same condition, not a parameter.
_HELD = text("disposition.kind = 'held'")
_TROUBLE = text("outbox.kind = 'mail_trouble'")
_OUTCOME, _LETTER = core(Disposition).c, core(Outbox).c
_RULES = (
    select(_OUTCOME.rule, _OUTCOME.sender)
    .where(_HELD, _OUTCOME.sender.in_(bindparam("senders", expanding=True)), _OUTCOME.at > bindparam("since"))
    .distinct()
)
_LETTERS = (
    select(_LETTER.recipient, func.count().label("letters"))
    .where(_TROUBLE, _LETTER.created_at > bindparam("since"))
    .group_by(_LETTER.recipient)
)


@dataclass(frozen=True, slots=True)
class Held:
    """A mail that was held, in the words for staff."""

    id: int
    rule: str
    reason: str
    sender: str  # "" when it names nobody
    subject: str = ""


@dataclass(slots=True)
class Lately:
    """What staff know already; what is told is noted here."""

    rules: set[tuple[str, str]] = field(default_factory=set)  # rule and sender of mails held within the hour
    letters: Counter[str] = field(default_factory=Counter)  # recipient → letters about trouble within a day


def lately(session: Session, senders: Collection[str], now: datetime) -> Lately:
    """Load it for the senders of a batch."""
    connection = session.connection()
    rules = connection.execute(_RULES, {"senders": list(senders), "since": now - AGAIN})
    letters = connection.execute(_LETTERS, {"since": now - timedelta(days=1)})
    return Lately({(rule, sender) for rule, sender in rules}, Counter({row.recipient: row.letters for row in letters}))


def tell(
    writes: Writes,
    mail: Held,
    people: Iterable[AtDesk],
    known: Lately,
    now: datetime,
    most: int = Caps().automatic_letters_per_day,
) -> None:
    """Queue the letters, unless staff were told of such a mail within the hour."""
    if (mail.rule, mail.sender) in known.rules:
        return
    known.rules.add((mail.rule, mail.sender))
    for person in people:
        known.letters[person.address] += 1
        if known.letters[person.address] > most:
            continue
        lines = _lines(mail)
        if known.letters[person.address] == most:
            lines.append(say("It is the last such letter for a day. The page goes on counting what is held."))
        subject = say("A mail from {sender} is held", sender=mail.sender or say("nobody that can be read"))
        notices.letter(writes, KIND, person, now, context={"subject": subject, "lines": lines})


def _lines(mail: Held) -> list[str]:
    sender = mail.sender or say("somebody that cannot be read")
    first = say(
        "A mail from {sender} without a subject that could be read waits for a person to decide.", sender=sender
    )
    if mail.subject:
        first = say(
            "A mail from {sender} with the subject “{subject}” waits for a person to decide.",
            sender=sender,
            subject=mail.subject,
        )
    why, behind = held_reasons.sentences(mail.rule, mail.reason)
    return [
        first,
        say("Why: {why}", why=why),
        behind,
        say("To see it: {command}", command=f"postdesk mail show {mail.id}"),
        # A command has a line of its own: wrapped in the middle it cannot be pasted.
        *(
            line
            for command in held_reasons.commands(mail.rule, [mail.id])
            for line in (say("{purpose}:", purpose=command.purpose), command.line)
        ),
        say("More mail of this sender that is held for the same reason within an hour is not told again."),
        say("To see all that waits: {command}", command="postdesk mail held"),
    ]
