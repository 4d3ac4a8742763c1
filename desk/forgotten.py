"""A forgotten password: a sign-in link goes to whoever has access, and nobody else learns whether somebody has."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import granting, load, sign_in, tries
from desk.granting import AccountState
from desk.keys import Keys
from desk.levels import Levels
from desk.state import ContactState, StaffState
from desk.writes import Writes
from store.database import Database
from store.tables import Account, Staff


def send_link(database: Database, keys: Keys, address: str, peer: str, *, now: datetime, levels: Levels) -> timedelta:
    """Write a letter with a sign-in link (E2) to whom an address belongs, or say how long to wait before the next try.

    Known and unknown addresses cost the same queries and one commit, so that the time it takes tells nothing.
    """
    name = sign_in.clean_name(address)
    with database.transaction() as session:
        wait = tries.begin(session, f"link {name}", peer, now, database.ids.next)
        if not wait:
            _send(session, Writes(database.ids.next), keys, name, now, levels)
    return wait


def _send(session: Session, writes: Writes, keys: Keys, name: str, now: datetime, levels: Levels) -> None:
    person, account = _whose(session, name, levels)
    to = person.address if person is not None else name
    sent = granting.links_sent(session, [to], now)[to]
    if person is not None:
        granting.send_link(writes, keys, person, account, now, sent=sent)
        writes.flush(session)


def _whose(session: Session, name: str, levels: Levels) -> tuple[ContactState | StaffState | None, AccountState | None]:
    """The person behind an address, with the primary one of theirs, and their account; who works here comes first."""
    member = session.execute(select(Staff.id, Staff.name, Staff.address, Staff.deactivated_at).where(
        Staff.address == name
    )).one_or_none()  # fmt: skip
    named = load.contacts_by_address(session, [name], levels).get(name)
    contact = load.contacts_by_id(session, [named.id if named else 0], levels).get(named.id if named else 0)
    person: ContactState | StaffState | None = contact
    if member is not None and member.deactivated_at is None:
        person = StaffState(member.id, member.name, member.address)
    is_staff = isinstance(person, StaffState)
    of_staff, of_contact = (person.id if person and is_staff else 0), (person.id if person and not is_staff else 0)
    # Locked, so that two requests at once do not both count the letters before they write theirs.
    mine = (Account.staff_id == of_staff) if is_staff else (Account.contact_id == of_contact)
    session.execute(select(Account.id).where(mine).with_for_update())
    found = granting.accounts(session, [of_contact], [of_staff])
    return person, found[0] if found else None
