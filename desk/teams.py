"""Teams as operators keep them: who is in which, and where letters to its queue go."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from desk import audit
from desk.people import PeopleError
from desk.profile_values import is_address
from store.tables import Staff, Team, TeamMember, Ticket

NAME_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Listed:
    """A team as a list shows it."""

    name: str
    queue_address: str
    members: tuple[str, ...]  # addresses of those who are at work
    open_tickets: int


def find(session: Session, name: str) -> Team:
    """By its name, in any case; PeopleError that names all when there is none."""
    teams = session.scalars(select(Team).order_by(Team.name)).all()
    found = next((team for team in teams if team.name.casefold() == name.strip().casefold()), None)
    if found is None:
        names = ", ".join(team.name for team in teams)
        raise PeopleError(f"There is no team “{name}”. {f'There are: {names}.' if names else 'There are none yet.'}")
    return found


def add(session: Session, name: str, next_id: Callable[[], int], queue_address: str = "") -> Team:
    """A new team; PeopleError when there is one of that name."""
    made = Team(id=next_id(), name=_free(session, name, None), desk_address="", queue_address=_queue(queue_address))
    session.add(made)
    session.flush()
    audit.note(session, "team.added", "team", made.id)
    return made


def rename(session: Session, team: Team, name: str) -> None:
    """Another name. The settings name the teams of the desk's addresses, and the catalogue those of its items."""
    team.name = _free(session, name, team)
    session.flush()
    audit.note(session, "team.changed", "team", team.id, fields=["name"])


def _free(session: Session, name: str, own: Team | None) -> str:
    name = " ".join(name.split())
    if not name or len(name) > NAME_LENGTH:
        raise PeopleError(f"A team needs a name of up to {NAME_LENGTH} characters.")
    for team in session.scalars(select(Team)):
        if team is not own and team.name.casefold() == name.casefold():
            raise PeopleError(f"There is a team “{team.name}” already.")
    return name


def set_queue(team: Team, address: str) -> None:
    """Letters to the queue go there, and to nobody else; "" for each member by themselves."""
    team.queue_address = _queue(address)


def _queue(address: str) -> str:
    address = address.strip()
    if address and not is_address(address):
        raise PeopleError(f"“{address}” is not a complete e-mail address.")
    return address


def member(session: Session, address: str) -> Staff:
    """Somebody at the desk; PeopleError when nobody with that address works here."""
    mine = (Staff.address == address.strip().lower(), Staff.deactivated_at.is_(None))
    found = session.scalars(select(Staff).where(*mine)).first()
    if found is None:
        raise PeopleError(f"Nobody with the address {address} works here. Add them: postdesk staff add {address}")
    return found


def join(session: Session, team: Team, person: Staff) -> bool:
    """Put somebody into a team; False when they are in it."""
    if session.get(TeamMember, (team.id, person.id)) is not None:
        return False
    session.add(TeamMember(team_id=team.id, staff_id=person.id))
    session.flush()
    audit.note(session, "team.joined", "team", team.id, staff=person.id)
    return True


def leave(session: Session, team: Team, person: Staff) -> bool:
    """Take somebody out; what they took stays theirs. False when they were not in it."""
    found = session.get(TeamMember, (team.id, person.id))
    if found is None:
        return False
    session.delete(found)
    session.flush()
    audit.note(session, "team.left", "team", team.id, staff=person.id)
    return True


def remove(session: Session, team: Team, to: Team | None) -> int:
    """End a team: its tickets go to another one. Returns how many; PeopleError for open ones with nowhere to go."""
    if to is not None and to.id == team.id:
        raise PeopleError("Its tickets need another team than itself.")
    open_ones = _open(session).get(team.id, 0)
    if open_ones and to is None:
        many = "1 open ticket is" if open_ones == 1 else f"{open_ones:,} open tickets are"
        raise PeopleError(f"{many} in the queue of “{team.name}”. Name the team that gets them: --to TEAM")
    moved = update(Ticket).where(Ticket.team_id == team.id).values(team_id=to.id if to else None)
    count = len(session.execute(moved.returning(Ticket.id)).all())
    session.execute(delete(TeamMember).where(TeamMember.team_id == team.id))
    audit.note(session, "team.removed", "team", team.id, to=to.id if to else None, tickets=count)
    session.delete(team)
    session.flush()
    return count


def _open(session: Session) -> dict[int, int]:
    """How many open tickets are in the queue of each."""
    rows = select(Ticket.team_id, func.count()).where(Ticket.completed_at.is_(None), Ticket.team_id.is_not(None))
    found = session.execute(rows.group_by(Ticket.team_id))
    return {team_id: count for team_id, count in found if team_id is not None}


def all_of(session: Session) -> list[Listed]:
    """Every team, by name."""
    members: dict[int, list[str]] = {}
    at_work = select(TeamMember.team_id, Staff.address).join(Staff, Staff.id == TeamMember.staff_id)
    rows = session.execute(at_work.where(Staff.deactivated_at.is_(None)).order_by(Staff.address))
    for team_id, address in rows:
        members.setdefault(team_id, []).append(address)
    waiting = _open(session)
    return [
        Listed(team.name, team.queue_address, tuple(members.get(team.id, ())), waiting.get(team.id, 0))
        for team in session.scalars(select(Team).order_by(Team.name))
    ]
