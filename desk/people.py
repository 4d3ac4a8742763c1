"""Contacts, staff and teams: make them, find them, change them."""

from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from desk import audit
from desk.state import ContactState
from desk.writes import Writes
from store.tables import (
    AccessToken,
    Account,
    Contact,
    ContactAddress,
    Organisation,
    Staff,
    Team,
    TeamMember,
    Ticket,
    WebSession,
)


class PeopleError(Exception):
    """A wish that cannot be fulfilled, in words for the one who wished it."""

    @property
    def said(self) -> str:
        """Those words as they were said: `str` of an error forgets what they were made of."""
        return self.args[0] if self.args and isinstance(self.args[0], str) else str(self)


def add_contact(
    writes: Writes,
    *,
    name: str,
    address: str,
    now: datetime,
    organisation_id: int | None = None,
    known: bool = False,
    language: str = "",
) -> ContactState:
    """A new contact; the address must not belong to another. The one with the address "" cannot be written to."""
    name = name.strip()[:200]
    first, _, last = name.partition(" ")
    state = ContactState(
        writes.next_id(), name, address[:320], known=known, organisation_id=organisation_id, fresh=True,
        language=language,
    )  # fmt: skip
    writes.add(
        Contact,
        id=state.id,
        organisation_id=organisation_id,
        site_id=None,
        name=name,
        first_name=first[:100] if last else "",
        last_name=last.rpartition(" ")[2][:100] if last else "",
        level="Standard User",
        language=language,
        known=known,
        muted=False,
        sees="",
        columns=[],
        details={},
        created_at=now,
        deactivated_at=None,
    )
    writes.add(ContactAddress, address=state.address.lower(), contact_id=state.id, written=state.address, position=0)
    return state


def confirm(writes: Writes, contact: ContactState) -> None:
    """They answered a letter that we sent to their address: it is theirs."""
    if not contact.known:
        contact.known = True
        writes.change(Contact, contact.id, known=True)


def find_contact(session: Session, address: str) -> Contact | None:
    """By any of their addresses, in any case."""
    found = session.get(ContactAddress, address.strip().lower())
    return found.contact if found else None


def organisation(session: Session, name: str, next_id: int, now: datetime) -> Organisation:
    """The organisation of that name, made when there is none."""
    found = session.scalars(select(Organisation).where(Organisation.name == name)).first()
    if found is None:
        found = Organisation(id=next_id, name=name, visibility="organisation", created_at=now)
        session.add(found)
        session.flush()
        audit.note(session, "organisation.added", "organisation", found.id)
    return found


def add_staff(session: Session, *, staff_id: int, name: str, address: str, now: datetime, admin: bool = False) -> Staff:
    """A new member of staff, or one who comes back; PeopleError when the address is taken."""
    address = address.strip().lower()
    before = session.scalars(select(Staff).where(Staff.address == address)).first()
    if before is not None and before.deactivated_at is None:
        raise PeopleError(f"{address} is a member of staff already")
    if before is not None:  # somebody comes back: what they wrote stays theirs
        before.name, before.deactivated_at = name.strip(), None
        audit.note(session, "staff.returned", "staff", before.id)
        return before
    person = Staff(id=staff_id, name=name.strip(), address=address, language="", admin=admin, created_at=now)
    session.add(person)
    session.flush()
    audit.note(session, "staff.added", "staff", person.id, admin=admin or None)
    return person


def team(session: Session, name: str, next_id: int) -> Team:
    """The team of that name, made when there is none."""
    found = session.scalars(select(Team).where(Team.name == name)).first()
    if found is None:
        found = Team(id=next_id, name=name, desk_address="", queue_address="")
        session.add(found)
        session.flush()
        audit.note(session, "team.added", "team", found.id)
    return found


def join(session: Session, team_id: int, staff_id: int) -> None:
    """Put a member of staff into a team; nothing happens when they are in it."""
    if session.get(TeamMember, (team_id, staff_id)) is None:
        session.execute(insert(TeamMember).values(team_id=team_id, staff_id=staff_id))
        audit.note(session, "team.joined", "team", team_id, staff=staff_id)


def leave(session: Session, address: str, now: datetime) -> int | None:
    """A member of staff goes: their open tickets lose their assignee. How many; None when nobody has that address."""
    person = session.scalars(
        select(Staff).where(Staff.address == address.strip().lower(), Staff.deactivated_at.is_(None))
    ).first()
    if person is None:
        return None
    person.deactivated_at = now
    theirs = select(Account.id).where(Account.staff_id == person.id)
    for table in (WebSession, AccessToken):  # or a browser would be signed in again when they come back
        session.execute(delete(table).where(table.account_id.in_(theirs)))
    open_ones = update(Ticket).where(Ticket.assignee_id == person.id, Ticket.completed_at.is_(None))
    count = len(session.execute(open_ones.values(assignee_id=None).returning(Ticket.id)).all())
    audit.note(session, "staff.left", "staff", person.id, tickets=count)
    return count
