"""The line of the log that says what became of a mail: its id, the ticket, the rule and the letters, nobody's words."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import structlog

from desk.writes import Writes
from gateway.case import Case, Decision
from store.tables import Outbox

log = structlog.get_logger(__name__)

Line = dict[str, Any]


def lines(done: Iterable[tuple[Decision, Case]], writes: Writes) -> list[Line]:
    """A line for each mail; to be made while `writes` still holds the letters, and told once all is committed."""
    letters: dict[int, list[int]] = defaultdict(list)
    for row in writes.added(Outbox):
        letters[row["received_id"]].append(row["id"])
    return [_line(decision, case, letters) for decision, case in done]


def tell(found: Iterable[Line]) -> None:
    """Write them: each mail has its outcome now."""
    for line in found:
        log.info("handled", **line)


def _line(decision: Decision, case: Case, letters: dict[int, list[int]]) -> Line:
    mail_id = case.mail.received_id
    line: Line = {"mail": mail_id, "outcome": decision.kind, "rule": decision.rule}
    ticket = case.view.ticket(decision.ticket_id) if decision.ticket_id else None
    if ticket is not None:
        line["ticket"] = ticket.number
    if mail_id in letters:
        line["letters"] = letters[mail_id]
    if decision.letters:
        line["about_letters"] = list(decision.letters)  # a report: which letters of ours it speaks of
    if received := case.mail.envelope.received_at:
        line["seconds"] = round((case.now - received).total_seconds(), 3)
    return line
