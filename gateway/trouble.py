"""Telling staff that a letter did not arrive (S5): one letter to each of them for all that went wrong together."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import canary
from desk.said import kept_in, say, say_many
from store.tables import Outbox, Staff, TeamMember, Ticket

KIND = "mail_trouble"
_MAX_LINES = 20


@dataclass(frozen=True, slots=True)
class Trouble:
    """One letter that did not arrive, and what was done about it."""

    row: Outbox
    words: str  # goes on from “To jane@customer.test: ”


def tell(session: Session, troubles: Sequence[Trouble], now: datetime, next_id: Callable[[], int]) -> int:
    """Queue the letters; returns how many. A lost letter about lost letters is told to nobody, so nothing loops.

    Of a canary that is lost staff hear by a letter of its own, once (desk/canary.py).
    """
    told = [trouble for trouble in troubles if trouble.row.kind not in (KIND, canary.KIND)]
    if not told:
        return 0
    staff = {person.id: person for person in session.scalars(select(Staff).where(Staff.deactivated_at.is_(None)))}
    numbers, teams = _tickets(session, [trouble.row.ticket_id for trouble in told if trouble.row.ticket_id])
    lines: dict[int, list[Trouble]] = defaultdict(list)
    for trouble in told:
        members = [i for i in teams.get(trouble.row.ticket_id or 0, ()) if i in staff]
        people = [i for i in members if staff[i].address != trouble.row.recipient.lower()]
        for person_id in people or [i for i in staff if staff[i].address != trouble.row.recipient.lower()]:
            lines[person_id].append(trouble)
    for person_id, mine in lines.items():
        session.add(_letter(staff[person_id], mine, numbers, now, next_id()))
    return len(lines)


def _tickets(session: Session, ids: list[int]) -> tuple[dict[int, str], dict[int, list[int]]]:
    """Numbers of tickets, and the members of the teams they belong to."""
    rows = session.execute(select(Ticket.id, Ticket.number, Ticket.team_id).where(Ticket.id.in_(ids))).all()
    members: dict[int, list[int]] = defaultdict(list)
    teams = {row.team_id for row in rows if row.team_id}
    for team_id, staff_id in session.execute(
        select(TeamMember.team_id, TeamMember.staff_id).where(TeamMember.team_id.in_(teams))
    ):
        members[team_id].append(staff_id)
    return {row.id: row.number for row in rows}, {row.id: members.get(row.team_id or 0, []) for row in rows}


def _letter(person: Staff, troubles: list[Trouble], numbers: dict[int, str], now: datetime, row_id: int) -> Outbox:
    addresses = list(dict.fromkeys(trouble.row.recipient for trouble in troubles))
    subject = say("A letter to {address} did not arrive", address=addresses[0])
    if len(troubles) > 1:
        subject = say_many("{n} letter did not arrive", "{n} letters did not arrive", len(troubles))
    lines = [_line(trouble, numbers) for trouble in troubles[:_MAX_LINES]]
    if len(troubles) > _MAX_LINES:
        lines.append(say("And {n} more.", n=len(troubles) - _MAX_LINES))
    return Outbox(
        id=row_id,
        kind=KIND,
        recipient=person.address,
        recipient_name=person.name,
        staff_id=person.id,
        received_id=next((trouble.row.received_id for trouble in troubles if trouble.row.received_id), None),
        context=kept_in({"subject": subject, "lines": lines}),
        automatic=True,
        next_at=now,
        created_at=now,
    )


def _line(trouble: Trouble, numbers: dict[int, str]) -> str:
    number = numbers.get(trouble.row.ticket_id or 0)
    address, words = trouble.row.recipient, trouble.words
    if number:
        return say("To {address} about {number}: {words}", address=address, number=number, words=words)
    return say("To {address}: {words}", address=address, words=words)
