"""What somebody can choose from who opens a ticket: for whom, where, of which type, for which service and item."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import known, load
from desk.access import Person
from desk.acting import stage
from desk.acting.rules import Desk, Refused, Rules
from desk.catalogue import Catalogue, Item, Service
from desk.known import Known
from desk.profile_values import is_address
from desk.said import say
from desk.sites import SiteState, main_of
from desk.state import ContactState, StaffState
from store.tables import Contact, ContactAddress

MOST_ITEMS = 100  # that a form lists; of more, one is named
MOST_COLLEAGUES = 50  # that a form proposes
NOT_SURE = "not sure"  # as an item: an answer as well


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who may be named as the contact."""

    name: str
    address: str
    phone: str


@dataclass(frozen=True, slots=True)
class Offer:
    """All of it. A requester of whom only the address is known is None: staff open tickets for strangers as well."""

    rules: Rules
    author: ContactState | StaffState | None  # None: a visitor who has not signed in
    requester: ContactState | None
    organisations: tuple[str, ...]  # names: the requester's own, then those below it that the author sees
    sites: Sequence[SiteState]
    services: Sequence[Service]
    phone: str = ""  # the requester's

    @property
    def catalogue(self) -> Catalogue:
        """The desk's own."""
        return self.rules.catalogue

    @property
    def is_staff(self) -> bool:
        """True where somebody at the desk opens a ticket for a customer."""
        return isinstance(self.author, StaffState)

    @property
    def may_create(self) -> bool:
        """False for contacts who leave that to others, by their level or their organisation."""
        return not isinstance(self.author, ContactState) or self.author.may_create

    @property
    def adds_people(self) -> bool:
        """True for Admin users: they may name somebody new."""
        author = self.author
        if not isinstance(author, ContactState) or author.organisation_id is None:
            return False
        return self.rules.levels.of(author.level).people

    def site(self, site_id: int | None) -> SiteState | None:
        """The site of that id; None for one that is not the requester's."""
        return next((site for site in self.sites if site.id == site_id), None)

    @property
    def usual_site(self) -> SiteState | None:
        """The requester's own one, else the main location."""
        own = self.site(self.requester.site_id) if self.requester else None
        return own or main_of(self.sites)

    def service(self, label: str) -> Service | None:
        """The service of that label; None for one that is not offered."""
        found = self.catalogue.service(label) if label else None
        return found if found in self.services else None

    def items(self, site: SiteState | None) -> list[Item]:
        """What the desk looks after there: at the site, or where none is known at all (features.md, row 76)."""
        if not self.organisations or not self.catalogue.items:
            return []
        return self.catalogue.items_of(self.organisations, (site.name, site.code) if site else ())

    def item_names(self, site: SiteState | None) -> tuple[str, ...]:
        """To choose from; empty where there is nothing, or too much, to list."""
        names = tuple(dict.fromkeys(item.name for item in self.items(site)))
        return names if len(names) <= MOST_ITEMS else ()


def of(session: Session, desk: Desk, person: Person, for_address: str = "") -> Offer:
    """What this person can choose from; for staff with the address of the customer, for others in their own name.

    NotThere for somebody who may not act any more; Refused, field `contact`, for an address that nobody can be.
    """
    author = stage.author_of(session, person, desk)
    requester: ContactState | None
    if isinstance(author, StaffState):
        requester = _customer(session, desk, for_address) if for_address else None
    else:
        requester = author
    people, more = [requester] if requester else [], Known()
    known.sites(session, people, (), more)
    known.organisations(session, people, (), more)
    wide = isinstance(author, StaffState) or author.sees == "sub-organisations"
    own = requester.organisation_id if requester else None
    names = more.organisations.get(own or 0, ())[: None if wide else 1]
    is_known = isinstance(author, StaffState) or author.known
    return Offer(
        rules=desk.rules,
        author=author,
        requester=requester,
        organisations=names,
        sites=more.sites.get(own or 0, ()),
        services=desk.rules.catalogue.services_for(names[0] if names else "", known=is_known),
        phone=_phone(session, requester) if requester else "",
    )


def public(desk: Desk) -> Offer:
    """What somebody can ask for of whom nothing is known: the services that are public (features.md, row 27)."""
    services = desk.rules.catalogue.services_for("", known=False)
    return Offer(desk.rules, author=None, requester=None, organisations=(), sites=(), services=services)


def _customer(session: Session, desk: Desk, address: str) -> ContactState | None:
    """Whom staff name; None where nobody has that address yet."""
    key = address.strip().lower()
    if not is_address(key):
        raise Refused(say("Enter an e-mail address in the correct format, like name@example.com"), "contact")
    staff = load.staff(session)
    ours = key == desk.rules.desk_address.lower() or desk.rules.is_ours(key)
    if ours or any(member.address == key for member in staff.values()):
        raise Refused(say("Contact “{address}” is an address of the desk.", address=address), "contact")
    found = load.contacts_by_address(session, [key], desk.rules.levels).get(key)
    if found is not None and not found.active:
        raise Refused(say("Contact “{address}”: this person is not active.", address=address), "contact")
    return found


def _phone(session: Session, contact: ContactState) -> str:
    details = session.scalar(select(Contact.details).where(Contact.id == contact.id)) or {}
    return _phone_in(details)


def _phone_in(details: dict[str, object]) -> str:
    return str(details.get("Phone") or details.get("Mobile") or "")


def colleagues(session: Session, offer: Offer) -> list[Colleague]:
    """Others of the organisation, for whoever sees what is theirs; the first ones by name."""
    author = offer.author
    if not isinstance(author, ContactState) or author.organisation_id not in author.organisations:
        return []
    found = (
        select(Contact.name, Contact.details, ContactAddress.written)
        .join(ContactAddress, ContactAddress.contact_id == Contact.id)
        .where(
            Contact.organisation_id == author.organisation_id,
            Contact.deactivated_at.is_(None),
            Contact.id != author.id,
            ContactAddress.position == 0,
        )
        .order_by(Contact.name, Contact.id)
        .limit(MOST_COLLEAGUES)
    )
    return [Colleague(row.name, row.written, _phone_in(row.details)) for row in session.execute(found)]


def named(session: Session, desk: Desk, offer: Offer, address: str) -> Colleague | None:
    """Whom a form names now, with their telephone; None for nobody that this visitor may name."""
    requester, author = offer.requester, offer.author
    if requester is not None and (offer.is_staff or address.strip().lower() in ("", requester.address.lower())):
        return Colleague(requester.name, requester.address, offer.phone)
    if not isinstance(author, ContactState) or author.organisation_id is None:
        return None
    found = load.contacts_by_address(session, [address.strip().lower()], desk.rules.levels).get(address.strip().lower())
    if found is None or not found.active or found.organisation_id != author.organisation_id:
        return None
    return Colleague(found.name, found.address, _phone(session, found))
