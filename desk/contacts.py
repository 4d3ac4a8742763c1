"""Contacts as operators keep them: made with all their fields, moved, deactivated, and brought back."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from desk import audit, people, profile, sites
from desk.levels import SEES
from desk.people import PeopleError
from desk.profile import PERSON, Changes, Profile
from desk.writes import Writes
from store.tables import AccessToken, Account, Approver, Contact, Organisation, Staff, WebSession

Lines = Sequence[tuple[str, str]]  # label and value


def add(
    session: Session,
    writes: Writes,
    address: str,
    lines: Lines,
    levels: Collection[str],
    now: datetime,
    *,
    name: str = "",
    organisation: Organisation | None = None,
    ours: Collection[str] = (),
) -> Profile:
    """A new contact, whom the desk knows; PeopleError when the address is somebody's, or a line cannot be."""
    blank = Profile(0, name.strip(), addresses=[address])
    changed = _changed(session, blank, lines, levels, ours)
    if address.lower() in profile.owners(session, [address.lower()]):
        raise PeopleError(
            f"A person with the address {address} already exists. Use: postdesk contact activate {address}"
        )
    _not_ours(session, [address], ours)
    state = people.add_contact(
        writes, name=name, address=address, now=now, known=True,
        organisation_id=organisation.id if organisation else None,
    )  # fmt: skip
    made = Profile.of(state)
    profile.apply(writes, made, changed, noted=False)
    audit.note(writes, "contact.added", "contact", made.id)
    return made


def change(
    session: Session, writes: Writes, person: Profile, lines: Lines, levels: Collection[str], now: datetime,
    *, ours: Collection[str] = (),
) -> Changes:  # fmt: skip
    """Fill in lines of a profile; with another primary address both hear of it. Returns what changed."""
    changed = _changed(session, person, lines, levels, ours)
    before = person.state
    profile.apply(writes, person, changed)
    if "Email" in changed:
        kept = before.address.lower() in {address.lower() for address in person.addresses}
        profile.tell_of_address(writes, before, person.state, now, kept=kept, portal=person.has_access)
    return changed


def _changed(
    session: Session, person: Profile, lines: Lines, levels: Collection[str], ours: Collection[str]
) -> Changes:
    labels = {label.casefold(): label for label in PERSON}
    known = [(labels.get(" ".join(label.split()).casefold(), ""), value) for label, value in lines]
    for (label, _), (found, _) in zip(lines, known, strict=True):
        if not found:
            raise PeopleError(f"There is no field “{label}”. Choose one of: {', '.join(PERSON)}.")
    changed = profile.changes(person, known, PERSON, levels)
    new = [changed[label][1] for label in profile.ADDRESSES if label in changed and changed[label][1]]
    for address, owner in profile.owners(session, [one.lower() for one in new]).items():
        if owner != person.id:
            raise PeopleError(f"{address} is the address of another contact.")
    _not_ours(session, new, ours)
    return changed


def _not_ours(session: Session, addresses: Collection[str], ours: Collection[str]) -> None:
    """A contact with an address of the desk would write to itself; that of a colleague belongs to them."""
    keys = [address.lower() for address in addresses]
    taken = {*session.scalars(select(Staff.address).where(Staff.address.in_(keys)))} | (set(keys) & set(ours))
    if taken:
        raise PeopleError(f"{min(taken)} is an address of the desk or of its staff.")


def sees(contact: Contact, value: str) -> None:
    """Which tickets they see, whatever their level and organisation say; “usual” takes that back."""
    said = value.strip().lower()
    if said not in (*SEES, "usual"):
        choices = ", ".join((*SEES, "usual"))
        raise PeopleError(f"“{value}” is not known. Choose one of: {choices}.")
    contact.sees = "" if said == "usual" else said


def move(session: Session, contact: Contact, organisation: Organisation | None) -> None:
    """To another organisation, or to none: site and boards stay behind, and their tickets where they are."""
    if contact.organisation_id == (organisation.id if organisation else None):
        return
    contact.organisation_id = organisation.id if organisation else None
    contact.site_id = None
    session.execute(delete(Approver).where(Approver.contact_id == contact.id))
    session.flush()


def place(session: Session, contact: Contact, named: str) -> None:
    """Their site, by any part of its label; “none” for no site."""
    if named.strip().casefold() == "none":
        contact.site_id = None
        return
    if contact.organisation_id is None:
        raise PeopleError(f"{contact.address} belongs to no organisation, and a site is one's.")
    contact.site_id = sites.the_one(named, sites.of(session, contact.organisation_id)).id


def deactivate(session: Session, contact: Contact, now: datetime) -> bool:
    """They see nothing and get no letters any more, sessions and access tokens end; False when it was so already."""
    if contact.deactivated_at is not None:
        return False
    contact.deactivated_at = now
    accounts = select(Account.id).where(Account.contact_id == contact.id)
    for table in (WebSession, AccessToken):
        session.execute(delete(table).where(table.account_id.in_(accounts)))
    gone: Mapping[str, Any] = {"once_nonce": None, "once_kind": "", "once_hash": "", "once_expires_at": None}
    session.execute(update(Account).where(Account.contact_id == contact.id).values(active=False, **gone))
    session.flush()
    audit.note(session, "contact.deactivated", "contact", contact.id)
    return True


def reactivate(session: Session, contact: Contact) -> bool:
    """They take part again; access to the portal is given anew. False when they were active."""
    was = contact.deactivated_at is not None
    contact.deactivated_at = None
    if was:
        audit.note(session, "contact.reactivated", "contact", contact.id)
    return was


def find(session: Session, address: str) -> Contact:
    """By any of their addresses; PeopleError when there is nobody."""
    found = people.find_contact(session, address)
    if found is None:
        raise PeopleError(f"There is no contact with the address {address}. Add one: postdesk contact add {address}")
    return found
