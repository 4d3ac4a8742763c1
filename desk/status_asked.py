"""The status of a ticket for somebody who is not signed in: it goes by mail to who takes part, and to nobody else."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from desk import access, load, notices, sign_in, tries
from desk.levels import Levels
from desk.writes import Writes
from store.database import Database
from store.tables import LoginTry, Ticket

LETTERS = 3  # to one address in an hour, whoever asks
_HOUR = timedelta(hours=1)


def ask(database: Database, number: str, address: str, peer: str, *, now: datetime, levels: Levels) -> timedelta:
    """Write the letter that `#status` gets, or say how long to wait before the next try.

    Whether there is such a ticket, and whether the address takes part in it, the answer does not tell.
    """
    name = sign_in.clean_name(address)
    with database.transaction() as session:
        wait = tries.begin(session, f"status {name}", peer, now, database.ids.next)
        if not wait:
            _send(session, Writes(database.ids.next), number.upper(), name, now, levels)
    return wait


def _send(session: Session, writes: Writes, number: str, name: str, now: datetime, levels: Levels) -> None:
    contact = load.contacts_by_address(session, [name], levels).get(name)
    ticket_id = session.scalar(select(Ticket.id).where(Ticket.number == number)) or 0
    ticket = load.tickets(session, [ticket_id], levels=levels).get(ticket_id)
    subject = f"status letter:{name[:320]}"
    tries.one_by_one(session, subject)
    sent = session.scalar(select(func.count()).where(LoginTry.subject == subject, LoginTry.at > now - _HOUR)) or 0
    if contact is None or ticket is None or ticket.number != number or sent >= LETTERS:
        return
    if access.role_of(contact.person, ticket.view) != "participant":
        return
    context = {"ask": "status", "argument": number, "subject": f"#status {number}"}
    # The address that was given is one of theirs, and the one at which they wait.
    notices.letter(writes, "answer", replace(contact, address=name), now, ticket=ticket, context=context)
    session.add(LoginTry(id=writes.next_id(), subject=subject, at=now))
    writes.flush(session)
