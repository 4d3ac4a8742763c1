"""What the sample desk stands on before the first mail: organisations, sites, people, teams, announcements."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import approvals, people
from postdesk.seed.sample import Organisation, Person, Sample
from store.tables import Account, Announcement, Contact, ContactAddress, Site, Staff
from store.tables import Organisation as OrganisationRow


def lay(session: Session, sample: Sample, now: datetime, days: int, next_id: Callable[[], int]) -> None:
    """All of it, as it was `days` ago; what is there already stays as it is."""
    before = now - timedelta(days=days + 1)
    for name, members in sample.teams.items():
        team = people.team(session, name, next_id())
        for person in members:
            people.join(session, team.id, _staff(session, person, before, next_id))
    for organisation in sample.organisations:
        _organisation(session, organisation, before, now, next_id)
    told = set(session.scalars(select(Announcement.title)))
    for one in sample.announcements:
        if one.title in told:
            continue
        values = {"starts_at": now + one.starts, "ends_at": now + one.ends, "created_at": now + one.starts}
        # Told already: nobody is to get a letter about it.
        session.add(Announcement(id=next_id(), title=one.title, text=one.text, by_mail=False, told_at=now, **values))
    session.flush()


def _staff(session: Session, person: Person, at: datetime, next_id: Callable[[], int]) -> int:
    found = session.scalars(select(Staff).where(Staff.address == person.address)).first()
    if found is None:
        found = people.add_staff(session, staff_id=next_id(), name=person.name, address=person.address, now=at)
    return found.id


def _organisation(session: Session, one: Organisation, at: datetime, now: datetime, next_id: Callable[[], int]) -> None:
    row = people.organisation(session, one.name, next_id(), at)
    if one.parent:
        row.parent_id = people.organisation(session, one.parent, next_id(), at).id
    row.visibility, row.language = one.visibility, one.language
    sites = _sites(session, one, row.id, next_id)
    for place, person in enumerate(one.people):
        contact = _contact(session, person, row, sites[place % len(sites)].id, at, next_id)
        if person.access:
            # Lately, or a while ago; one has never signed in.
            ago = timedelta(days=1 + 3 * place, hours=place % 5, minutes=place * 11)
            _give_access(session, contact, None if place == 4 else now - ago)
        if person in one.board:
            approvals.join_board(session, contact, "cab")


def _sites(session: Session, one: Organisation, organisation_id: int, next_id: Callable[[], int]) -> list[Site]:
    """Those of the sample; by its code, one that is there already."""
    there = {site.code: site for site in session.scalars(select(Site).where(Site.organisation_id == organisation_id))}
    has_main = any(site.main for site in there.values())
    found = []
    for place, site in enumerate(one.sites):
        row = there.get(site.code)
        if row is None:
            row = Site(
                id=next_id(), organisation_id=organisation_id, main=place == 0 and not has_main, name=site.name,
                code=site.code, place=site.place, post_code=site.post_code, account=site.account,
            )  # fmt: skip
            session.add(row)
        found.append(row)
    session.flush()
    return found


def _give_access(session: Session, contact: Contact, signed_in: datetime | None) -> None:
    """Portal access without a letter: there is no password yet, but everything shows them as customers who sign in."""
    if session.scalar(select(Account.id).where(Account.contact_id == contact.id)) is None:
        times = {"created_at": contact.created_at, "last_login_at": signed_in}
        # As desk/granting.py does it, with the id of the person.
        session.add(Account(id=contact.id, username=contact.address.lower(), contact_id=contact.id, **times))


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
        details=dict(person.details),
        created_at=at,
        addresses=[ContactAddress(address=person.address, written=person.address)],
    )
    session.add(contact)
    session.flush()
    return contact
