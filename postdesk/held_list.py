"""What waits for a person, oldest first: asked of the database, and as text; many mails of one reason are a group."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from desk import held_reasons
from desk.mail_log import named_ticket, sender_of
from postdesk.show_mail import choice_lines
from store.tables import Disposition, ReceivedMail

EXAMPLES = 3  # mails of a group that are shown
_WIDTH = 100

Row = tuple[ReceivedMail, Disposition]


@dataclass(frozen=True, slots=True)
class Group:
    """The mails that one rule holds."""

    rule: str
    count: int
    oldest: tuple[Row, ...]


def counts(session: Session) -> dict[str, int]:
    """How many mails each rule holds; the rule with the oldest mail first."""
    since = func.min(ReceivedMail.received_at)
    statement = (
        select(Disposition.rule, func.count().label("mails"))
        .join(ReceivedMail, ReceivedMail.id == Disposition.received_id)
        .where(Disposition.kind == "held")
        .group_by(Disposition.rule)
        .order_by(since, Disposition.rule)
    )
    return {row.rule: row.mails for row in session.execute(statement)}


def held_rows(session: Session, rule: str = "", limit: int | None = None) -> list[Row]:
    """Held mails, of one rule or all, oldest first."""
    statement = (
        select(ReceivedMail, Disposition)
        .join(Disposition, Disposition.received_id == ReceivedMail.id)
        .where(Disposition.kind == "held")
        .order_by(ReceivedMail.received_at, ReceivedMail.id)
        .limit(limit)
    )
    if rule:
        statement = statement.where(Disposition.rule == rule)
    return [(mail, disposition) for mail, disposition in session.execute(statement)]


def held_ids(session: Session, rule: str) -> list[int]:
    """The ids of all mails that one rule holds, oldest first."""
    statement = (
        select(ReceivedMail.id)
        .join(Disposition, Disposition.received_id == ReceivedMail.id)
        .where(Disposition.kind == "held", Disposition.rule == rule)
        .order_by(ReceivedMail.received_at, ReceivedMail.id)
    )
    return list(session.scalars(statement))


def groups(session: Session, counted: dict[str, int], limit: int) -> list[Group]:
    """The groups with their oldest mails, as many of each as there is room for."""
    found = []
    for rule, count in counted.items():
        most = min(limit, count if count <= EXAMPLES + 1 else EXAMPLES)  # "and 1 more" would take as much room
        if rows := held_rows(session, rule, most):
            found.append(Group(rule, count, tuple(rows)))
        limit -= len(rows)
        if limit <= 0:
            break
    return found


def group_lines(group: Group, program: str) -> Iterator[str]:
    """One reason, its oldest mails, and what one can do about them."""
    if group.count == 1:
        yield from mail_lines(group.oldest[0], program)
        return
    known = held_reasons.of(group.rule)
    yield f"{group.count:,} mails (rule {group.rule})"
    yield from _worded("Why:", f"{known.why} {known.behind}")
    for mail, disposition in group.oldest:
        subject = disposition.subject or "(no subject)"
        yield f"  {mail.id:>8}  {mail.received_at:%Y-%m-%d %H:%M}  {_sender(mail, disposition):<30.30}  {subject:.50}"
    if group.count > len(group.oldest):
        more = f"{program} mail held --rule {group.rule} --all"
        yield f"  {'…':>8}  {group.count - len(group.oldest):,} more. To see them: {more}"
    ids = [mail.id for mail, _ in group.oldest]
    yield f"  What you can do, the recommended first; with one id or several, or with --rule for all {group.count:,}:"
    for command in held_reasons.commands(group.rule, ids[:1], _common_ticket(group), program):
        yield f"    {command.purpose}:"
        yield f"      {command.line}"
        if command.action != "replay":
            to = f" --to {_common_ticket(group) or held_reasons.NUMBER}" if command.action == "attach" else ""
            yield f"      {program} mail {command.action} --rule {group.rule}{to}"


def mail_lines(row: Row, program: str) -> Iterator[str]:
    """One mail, why it waits, and what one can do about it."""
    mail, disposition = row
    why, behind = held_reasons.sentences(disposition.rule, disposition.reason)
    yield f"Mail {mail.id}, {mail.received_at:%Y-%m-%d %H:%M} UTC (rule {disposition.rule})"
    yield f"  From:     {_sender(mail, disposition)}"
    yield f"  Subject:  {disposition.subject or '(none)'}"
    yield from _worded("Why:", f"{why} {behind}")
    yield from (f"  {line}" for line in choice_lines(disposition, program))


def as_json(row: Row, program: str) -> dict[str, Any]:
    """One object of `mail held --json`."""
    mail, disposition = row
    why, behind = held_reasons.sentences(disposition.rule, disposition.reason)
    commands = held_reasons.commands(disposition.rule, [mail.id], named_ticket(disposition.evidence), program)
    return {
        "id": mail.id,
        "at": mail.received_at.isoformat(),
        "from": sender_of(mail, disposition),
        "subject": disposition.subject,
        "rule": disposition.rule,
        "reason": why,
        "behind": behind,
        "recommended": commands[0].action,
        "actions": [{"action": item.action, "purpose": item.purpose, "command": item.line} for item in commands],
    }


def _sender(mail: ReceivedMail, disposition: Disposition) -> str:
    return sender_of(mail, disposition) or "nobody that can be read"


def _common_ticket(group: Group) -> str:
    """The ticket that all the mails of a group name, where all of them are known."""
    named = {named_ticket(disposition.evidence) for _, disposition in group.oldest}
    return named.pop() if len(named) == 1 and len(group.oldest) == group.count else ""


def _worded(label: str, text: str) -> Sequence[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=f"  {label:<10}", subsequent_indent=" " * 12)
