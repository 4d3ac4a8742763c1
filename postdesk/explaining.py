"""What a mail would become, and why: reads and decides, changes nothing.

Its sender is verified anew: the keys of an old mail may be gone, and what was found at the time stands with the mail.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway import explain
from gateway.case import Decision
from gateway.claimed import Claimed, load, read_mail, with_senders
from gateway.decide import decide
from gateway.desk_addresses import Addresses
from gateway.envelope import Envelope, Message
from gateway.rules import Rules
from gateway.view import load_view
from postdesk.show import evidence_line, same_id_line
from postdesk.wiring import House


@dataclass(frozen=True, slots=True)
class Explained:
    """A mail as read, and the decision it would get; None where there is no desk to decide for."""

    message: Message
    decision: Decision | None
    ticket: str = ""  # number of the ticket the decision names


class Explainer:
    """Explains mails against the desk as it is now; without a desk it only reads them."""

    def __init__(self, house: House | None) -> None:
        self._house = house
        self._rules: Rules | None = house.rules if house else None
        self._addresses: Addresses | None = house.addresses if house else None

    def raw(self, raw: bytes) -> Explained:
        """Bytes of a mail that did not come in."""
        envelope = Envelope("", (), "file", received_at=datetime.now(UTC))
        return self._explain(Claimed(0, envelope, raw, 0))

    def received(self, received_id: int, wish: str = "") -> Explained | None:
        """A mail that came in, and what a person would have it become; None when there is none of that id."""
        if self._house is None:
            return None
        with self._house.database.reading() as session:
            found = load(session, self._house.blobs, [received_id])
        return self._explain(replace(found[0], wish=wish)) if found else None

    def _explain(self, mail: Claimed) -> Explained:
        if self._house is None or self._rules is None or self._addresses is None:
            from gateway.parse import read

            return Explained(read(mail.raw), None)
        read_only, now = read_mail(mail, self._addresses, self._rules), datetime.now(UTC)
        ((_, incoming),) = with_senders([(mail, read_only)], self._house.senders)
        with self._house.database.reading() as session:
            rules = self._rules
            view = load_view(session, [incoming], self._addresses, now, rules.levels, numbers=rules.numbers)
        decision, _ = decide(incoming, view, self._rules, self._addresses, now)
        ticket = view.ticket(decision.ticket_id) if decision.ticket_id else None
        return Explained(incoming.message, decision, ticket.number if ticket else "")


def as_json(path: str, explained: Explained, saved: list[str | None]) -> dict[str, Any]:
    """One object of `explain --json`."""
    answer = explain.as_json(path, explained.message, saved)
    if explained.decision:
        answer["decision"] = {
            "kind": explained.decision.kind,
            "rule": explained.decision.rule,
            "reason": explained.decision.reason,
            "ticket": explained.ticket or None,
            **explained.decision.evidence(),
        }
    return answer


def as_text(path: str, explained: Explained) -> str:
    """The same for people."""
    message = explained.message
    doubt = "" if message.certain else ", but only by its words: taken for a person's mail"
    lines = [
        path,
        f"  From:        {message.sender.name} <{message.sender.address}>"
        if message.sender.address
        else "  From:        nobody that can be read",
        f"  Subject:     {message.subject or '(none)'}",
        f"  Automatic:   {message.automatic or 'no'}{doubt}",
    ]
    lines += [f"  File:        {f.original_name or f.name}, {f.type}, {f.size:,} bytes" for f in message.attachments]
    if message.forwarded:
        origin, way = message.forwarded, "attached" if message.forwarded.attached else "quoted"
        lines.append(f"  Passed on:   {origin.sender.name} <{origin.sender.address}>: {origin.subject} ({way})")
    lines += [f"  {line}" for line in message.invitation.splitlines()]
    lines += [f"  Note:        {message.remark}"] if message.remark else []
    lines += [f"  Odd:         {defect}" for defect in message.defects]
    lines += [f"  Failed:      {r.address} {r.status} {r.diagnostic}".rstrip() for r in message.reports]
    lines += ["  New text:", *(f"    {line}" for line in (message.reply or message.text or "(none)").splitlines())]
    if explained.decision:
        lines += decision_lines(explained.decision, explained.ticket)
    return "\n".join(lines)


def decision_lines(decision: Decision, ticket: str) -> list[str]:
    """The decision and all that led to it."""
    sender, *rest = evidence_lines(decision)
    checks = len(decision.verified.checks)
    return [
        sender,
        *rest[:checks],
        f"  Would be:    {decision.kind}{f' on {ticket}' if ticket else ''} (rule {decision.rule})",
        f"  Because:     {decision.reason}",
        *rest[checks:],
    ]


def evidence_lines(decision: Decision) -> list[str]:
    """Who sent it and how that was checked, then what names which ticket."""
    lines = [
        f"  Sender:      {decision.verified.verdict}. {decision.verified.reason}",
        *(f"  Checked:     {line}" for line in decision.verified.checks),
    ]
    lines += [f"  Evidence:    {evidence_line(piece.as_dict())}" for piece in decision.match.evidence]
    if decision.match.conflict:
        lines.append("  Conflict:    the evidence names more than one ticket")
    lines += [f"  Unknown:     {number} is no ticket here" for number in decision.match.unknown_numbers]
    lines += [f"  Same ID:     {same_id_line(number)}" for number in decision.match.same_id]
    return lines


def save_files(message: Message, folder: Path, prefix: str) -> list[str | None]:
    """Write the attachments of a mail into a folder, under names that cannot collide; returns where."""
    folder.mkdir(parents=True, exist_ok=True)
    saved: list[str | None] = []
    for place, item in enumerate(message.attachments):
        target = folder / f"{prefix}-{place}-{item.name}"[:200]
        target.write_bytes(item.data)
        saved.append(str(target))
    return saved


def unsaved(message: Message) -> list[str | None]:
    """For `as_json`, when nothing is to be saved."""
    return [None] * len(message.attachments)
