"""The people of one organisation with the one who keeps them; whatever is done there becomes one transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from desk import contact_batches, profile, sites
from desk.access import Person
from desk.acting.rules import Desk, NotThere, Refused
from desk.acting.stage import AT_ONCE, author_of, new_writes
from desk.contact_batches import Wish
from desk.contact_run import Access
from desk.keys import Keys
from desk.levels import Levels
from desk.profile import Profile
from desk.state import ContactState, StaffState
from desk.writes import Writes
from store.tables import Contact, Organisation


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose people are kept."""

    id: int
    name: str


@dataclass(slots=True)
class Keeping:
    """What acts on people work with."""

    desk: Desk
    keys: Keys
    session: Session
    writes: Writes
    now: datetime
    author: ContactState | StaffState
    scope: Scope

    @property
    def own_id(self) -> int:
        """The contact who acts; 0 for staff."""
        return self.author.id if isinstance(self.author, ContactState) else 0

    @property
    def by(self) -> str:
        """As letters name the one who acts."""
        return self.author.name or self.author.address

    @property
    def access(self) -> Access:
        """How credentials are made, in their name."""
        return Access(self.keys, self.desk.rules.credentials, self.by)

    def wish(self, *, update: bool) -> Wish:
        """What the rules of an import need to know of the one who acts."""
        return wish_of(self.session, self.desk, self.scope.id, self.own_id, update=update)

    def site(self, wanted: int | None) -> int | None:
        """The site with this id, as far as it is one of the organisation; else the main one."""
        there = sites.of(self.session, self.scope.id)
        found = next((one for one in there if one.id == wanted), None) or sites.main_of(there)
        return found.id if found else None


def wish_of(session: Session, desk: Desk, organisation_id: int, own_id: int, *, update: bool) -> Wish:
    """The same without a transaction to write in. `own_id` is the contact who acts, 0 for staff."""
    ours = contact_batches.our_addresses(session, desk.rules.desk_addresses or (desk.rules.desk_address,))
    return Wish(organisation_id, update, desk.rules.levels.names, ours, own_id, trusted=not own_id)


def scope_of(session: Session, person: Person, level: str, levels: Levels, wanted: int | None) -> Scope:
    """Whose people somebody may keep: staff of the `wanted` organisation, an Admin user of the own one.

    NotThere for everybody else, and for an organisation that is not theirs or is none.
    """
    own = person.organisation_id
    if person.staff_id is None and (not levels.of(level).people or wanted not in (None, own)):
        raise NotThere
    found = session.get(Organisation, (wanted if person.staff_id is not None else own) or 0)
    if found is None:
        raise NotThere
    return Scope(found.id, found.name)


def person_of(session: Session, scope: Scope, contact_id: int) -> Profile:
    """One of them; NotThere for everybody else's."""
    mine = and_(Contact.id == contact_id, Contact.organisation_id == scope.id)
    found = profile.load(session, mine).get(contact_id)
    if found is None:
        raise NotThere
    return found


@contextmanager
def keeping(
    desk: Desk, keys: Keys, person: Person, wanted: int | None, now: datetime, *, contact_id: int | None = None
) -> Iterator[Keeping]:
    """The people of an organisation, and of them `contact_id` locked; rows are written when the block ends.

    Who acts is locked as well: of two Admin users who take each other's level away, one comes too late.
    NotThere as `scope_of`. Refused, raised inside, leaves everything as it was.
    """
    try:
        with desk.database.transaction() as session:
            ids = [one for one in (person.contact_id, contact_id) if one is not None]
            session.execute(select(Contact.id).where(Contact.id.in_(ids)).order_by(Contact.id).with_for_update()).all()
            author = author_of(session, person, desk)
            level = author.level if isinstance(author, ContactState) else ""
            scope = scope_of(session, author.person, level, desk.rules.levels, wanted)
            made = Keeping(desk, keys, session, new_writes(desk), now, author, scope)
            yield made
            made.writes.flush(session)
    except IntegrityError as error:  # the same address, given to two people in the same moment
        raise Refused(AT_ONCE) from error
