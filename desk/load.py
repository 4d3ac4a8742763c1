"""Loads people and tickets for a batch of mails: one query for each kind of thing, whatever the batch's size."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, case, func, select
from sqlalchemy.orm import Session

from desk import access, nesting
from desk.levels import USUAL, Levels
from desk.state import ContactState, QueueState, StaffState, TeamState, TicketState, Ways
from store import tables as stored
from store.tables import core

# The columns of the tables, not of the objects mapped to them, and statements made once, not with each question: every
# batch of mails asks all of this, and to make a statement takes longer than to run it.
Contact, ContactAddress, Organisation = (
    core(table).c for table in (stored.Contact, stored.ContactAddress, stored.Organisation)
)
Participant, Site, Ticket = (core(table).c for table in (stored.Participant, stored.Site, stored.Ticket))
Staff, Team, TeamMember = (core(table).c for table in (stored.Staff, stored.Team, stored.TeamMember))

# Where an organisation has one site, nobody is asked which one (features.md, row 75).
_ONLY_SITE = (
    select(case((func.min(Site.id) == func.max(Site.id), func.min(Site.id))))
    .where(Site.organisation_id == Contact.organisation_id)
    .scalar_subquery()
)

_CONTACT: tuple[Any, ...] = (
    Contact.id,
    Contact.name,
    Contact.known,
    Contact.muted,
    Contact.deactivated_at,
    Contact.organisation_id,
    Contact.sees,
    Contact.level,
    Contact.language,
    Organisation.visibility,
    Organisation.may_create,
    Organisation.shares,
    Organisation.approvals,
    Organisation.copies,
    func.coalesce(Contact.site_id, _ONLY_SITE).label("site_id"),
    ContactAddress.written,
)
_TICKET: tuple[Any, ...] = (
    Ticket.id,
    Ticket.number,
    Ticket.title,
    Ticket.status,
    Ticket.requester_id,
    Ticket.desk_address,
    Ticket.organisation_id,
    Ticket.shared,
    Ticket.assignee_id,
    Ticket.team_id,
    Ticket.merged_into_id,
    Ticket.completed_at,
    Ticket.resolution,
    Ticket.type,
    Ticket.priority,
    Ticket.urgency,
    Ticket.impact,
    Ticket.source,
    Ticket.service,
    Ticket.item,
    Ticket.site_id,
    Ticket.customer_reference,
    Ticket.needed_by,
    Ticket.due_at,
    Ticket.created_at,
    Ticket.parent_id,
    Ticket.minutes,
    Ticket.spam,
    Ticket.approval,
    Ticket.withdrawal,
    Ticket.requester_muted,
    Ticket.reopened_on,
    Ticket.reopened,
    Ticket.first_answer_due_at,
    Ticket.first_answered_at,
    Ticket.waiting_since,
    Ticket.reminded,
    Ticket.due_told,
    Ticket.due_fixed,
    Ticket.answers,
)
_TICKET_KEYS = tuple(column.key for column in _TICKET)
MERGE_STEPS = 10


def _contacts(condition: Any, *more: Any) -> Select[Any]:
    return (
        select(*_CONTACT, *more)
        .select_from(core(stored.Contact))
        .join(core(stored.ContactAddress), ContactAddress.contact_id == Contact.id)
        .outerjoin(core(stored.Organisation), Organisation.id == Contact.organisation_id)
        .where(condition)
    )


_BY_ADDRESS = _contacts(ContactAddress.address.in_(bindparam("addresses", expanding=True)), ContactAddress.address)
_BY_ID = _contacts(and_(Contact.id.in_(bindparam("ids", expanding=True)), ContactAddress.position == 0))
_STAFF = select(Staff.id, Staff.name, Staff.address, Staff.deactivated_at).order_by(Staff.id)
_MEMBERS = select(TeamMember.team_id, TeamMember.staff_id)
_TEAMS = select(Team.id, Team.name, Team.queue_address).order_by(Team.id)
_TICKETS = select(*_TICKET).where(Ticket.id.in_(bindparam("ids", expanding=True)))
_NUMBERED = select(*_TICKET).where(Ticket.number.in_(bindparam("numbers", expanding=True)))
_LOCKED = (  # in the order of ids, so that two batches never wait for each other
    select(Ticket.id)
    .where(Ticket.id.in_(bindparam("ids", expanding=True)))
    .order_by(Ticket.id)
    .with_for_update(key_share=True)
)
_TAKING_PART = select(
    Participant.ticket_id, Participant.contact_id, Participant.muted, Participant.role, Participant.removed_at
).where(Participant.ticket_id.in_(bindparam("ids", expanding=True)))


def _contact(row: Row[Any], levels: Levels) -> ContactState:
    level = levels.of(row.level)
    sees = access.sees(row.sees, level, row.visibility)
    return ContactState(
        id=row.id,
        name=row.name,
        address=row.written,
        known=row.known,
        muted=row.muted,
        active=row.deactivated_at is None,
        organisation_id=row.organisation_id,
        organisations=access.organisations(row.organisation_id, sees),
        level=row.level,
        language=row.language,
        sees=sees,
        may_create=level.create and row.may_create is not False,
        site_id=row.site_id,
        ways=Ways() if row.shares is None else Ways(row.shares, row.approvals, row.copies),
    )


def contacts_by_address(session: Session, addresses: Collection[str], levels: Levels) -> dict[str, ContactState]:
    """By any of their addresses, in lower case; `address` of the state is the one asked for.

    Who sees organisations below their own sees those once `see_below` was called, for the whole batch.
    """
    if not addresses:
        return {}
    rows = session.connection().execute(_BY_ADDRESS, {"addresses": list(addresses)})
    return {row.address: _contact(row, levels) for row in rows}


def contacts_by_id(session: Session, ids: Collection[int], levels: Levels) -> dict[int, ContactState]:
    """With their primary address; see `contacts_by_address`."""
    if not ids:
        return {}
    rows = session.connection().execute(_BY_ID, {"ids": list(ids)})
    return {row.id: _contact(row, levels) for row in rows}


def see_below(session: Session, contacts: Iterable[ContactState], tickets: Iterable[TicketState] = ()) -> None:
    """Let those who see the organisations below their own see them: one query for all, none where there is nobody.

    They are these contacts, and the people of these tickets.
    """
    people = (person for ticket in tickets for person in (ticket.requester, *ticket.people.values()))
    wide = [contact for contact in (*contacts, *people) if contact.sees == "sub-organisations"]
    below = nesting.below(session, {contact.organisation_id for contact in wide if contact.organisation_id})
    for contact in wide:
        lower = below.get(contact.organisation_id or 0, ())
        contact.organisations = access.organisations(contact.organisation_id, contact.sees, lower)


def staff(session: Session) -> dict[int, StaffState]:
    """Everybody at the desk, those who left too: their letters are still out there."""
    rows = session.connection().execute(_STAFF)
    return {row.id: StaffState(row.id, row.name, row.address, row.deactivated_at is None) for row in rows}


def teams(session: Session, people: dict[int, StaffState]) -> dict[str, TeamState]:
    """All teams by name, with their active members."""
    members: dict[int, list[StaffState]] = {}
    for team_id, staff_id in session.connection().execute(_MEMBERS):
        if people[staff_id].active:
            members.setdefault(team_id, []).append(people[staff_id])
    rows = session.connection().execute(_TEAMS)
    return {
        row.name: TeamState(
            row.id,
            row.name,
            tuple(members.get(row.id, ())),
            QueueState(row.name, row.queue_address) if row.queue_address else None,
        )
        for row in rows
    }


def tickets(
    session: Session,
    ids: Collection[int] = (),
    numbers: Collection[str] = (),
    *,
    levels: Levels = USUAL,
    lock: bool = False,
) -> dict[int, TicketState]:
    """By id or number, with requester and participants; and the tickets that these live on in, or are tasks of.

    Of the rights of these people what `levels` say counts; those who take part need none.
    With `lock` nobody else writes to these tickets until the end of the transaction: what is read here stays true.
    """
    found = _rows(session, ids, numbers)
    if lock and found:
        session.connection().execute(_LOCKED, {"ids": list(found)}).all()
        found = _rows(session, found)  # what the rows say is read after that
    return _with_people(session, list(found.values()), levels)


def _rows(session: Session, ids: Collection[int], numbers: Collection[str] = ()) -> dict[int, Row[Any]]:
    rows: list[Row[Any]] = []
    connection = session.connection()
    if ids:
        rows += connection.execute(_TICKETS, {"ids": list(ids)})
    if numbers:
        rows += connection.execute(_NUMBERED, {"numbers": list(numbers)})
    found = {row.id: row for row in rows}
    for _ in range(MERGE_STEPS):
        named = {i for row in found.values() for i in (row.merged_into_id, row.parent_id) if i}
        missing = named - found.keys()
        if not missing:
            break
        found |= {row.id: row for row in connection.execute(_TICKETS, {"ids": list(missing)})}
    return found


def _with_people(session: Session, rows: Sequence[Row[Any]], levels: Levels) -> dict[int, TicketState]:
    if not rows:
        return {}
    taking_part = session.connection().execute(_TAKING_PART, {"ids": [row.id for row in rows]}).all()
    wanted = {row.requester_id for row in rows} | {row.contact_id for row in taking_part if not row.removed_at}
    people = contacts_by_id(session, wanted, levels)
    states = {row.id: _ticket(row, people) for row in rows}
    for ticket_id, contact_id, muted, role, removed_at in taking_part:
        state = states[ticket_id]
        if muted:
            state.muted.add(contact_id)
        if removed_at is not None:
            state.left.add(contact_id)
        elif contact := people.get(contact_id):
            state.people[contact_id] = contact
            state.roles[contact_id] = role
    return states


def _ticket(row: Row[Any], people: dict[int, ContactState]) -> TicketState:
    # A contact without any address is still a requester: nobody can be written to, the ticket stands.
    requester = people.get(row.requester_id) or ContactState(row.requester_id, "", "")
    fields = dict(zip(_TICKET_KEYS, row, strict=True))
    del fields["requester_id"]
    return TicketState(requester=requester, **fields)


def survivor(ticket_id: int, loaded: dict[int, TicketState]) -> TicketState | None:
    """The ticket that a merged one lives on in; None when there is no such ticket or the merges run in a circle."""
    seen: set[int] = set()
    state = loaded.get(ticket_id)
    while state is not None and state.merged_into_id is not None:
        if state.id in seen:
            return None
        seen.add(state.id)
        state = loaded.get(state.merged_into_id)
    return state
