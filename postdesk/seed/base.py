"""What the sample desk stands on before the first mail: organisations, sites, people, teams, announcements."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import approvals, people
from postdesk.seed.sample import Organisation, Person, Sample
from store.tables import Announcement, Contact, ContactAddress, Site, Staff
from store.tables import Organisation as OrganisationRow


def lay(session: Session, sample: Sample, now: datetime, days: int, next_id: Callable[[], int]) -> None:
    """All of it, as it was `days` ago; what is there already stays as it is."""
    before = now - timedelta(days=days + 1)
    for name, members in sample.teams.items():
        team = people.team(session, name, next_id())
        for person in members:
            people.join(session, team.id, _staff(session, person, before, next_id))
    for organisation in sample.organisations:
        _organisation(session, organisation, before, next_id)
    for one in sample.announcements:
        values = {"starts_at": now + one.starts, "ends_at": now + one.ends, "created_at": now + one.starts}
        # Told already: nobody is to get a letter about it.
        session.add(Announcement(id=next_id(), title=one.title, text=one.text, by_mail=False, told_at=now, **values))
    session.flush()


def _staff(session: Session, person: Person, at: datetime, next_id: Callable[[], int]) -> int:
    found = session.scalars(select(Staff).where(Staff.address == person.address)).first()
    if found is None:
        found = people.add_staff(session, staff_id=next_id(), name=person.name, address=person.address, now=at)
    return found.id


def _organisation(session: Session, one: Organisation, at: datetime, next_id: Callable[[], int]) -> None:
    row = people.organisation(session, one.name, next_id(), at)
    if one.parent:
        row.parent_id = people.organisation(session, one.parent, next_id(), at).id
    row.visibility, row.language = one.visibility, one.language
    sites = [
        Site(
            id=next_id(), organisation_id=row.id, main=place == 0, name=site.name, code=site.code, place=site.place,
            post_code=site.post_code, account=site.account,
        )
        for place, site in enumerate(one.sites)
    ]  # fmt: skip
    session.add_all(sites)
    session.flush()
    for place, person in enumerate(one.people):
        contact = _contact(session, person, row, sites[place % len(sites)].id, at, next_id)
        if person in one.board:
            approvals.join_board(session, contact, "cab")


def _contact(
    session: Session,
    person: Person,
    organisation: OrganisationRow,
    site_id: int,
    at: datetime,
    next_id: Callable[[], int],
) -> Contact:
    if found := people.find_contact(session, person.address):
        return found
    first, _, last = person.name.partition(" ")
    contact = Contact(
        id=next_id(),
        organisation_id=organisation.id,
        site_id=site_id,
        name=person.name,
        first_name=first,
        last_name=last,
        level=person.level,
        language=person.language,
        known=True,
        columns=[],
        details={"Job title": person.title} if person.title else {},
        created_at=at,
        addresses=[ContactAddress(address=person.address, written=person.address)],
    )
    session.add(contact)
    session.flush()
    return contact
