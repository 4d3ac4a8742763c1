"""Who stands behind a session or an access token: the person of its account, with the rights of today."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from desk import access, nesting
from desk.access import Person
from desk.levels import Level, Levels
from store.tables import AccessToken, Account, Contact, Organisation, Staff, WebSession

_NOBODYS = Level("")  # of staff a level says nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Somebody who was let in, as pages and the API need them."""

    account_id: int
    username: str
    name: str
    person: Person
    level: Level  # what a contact may do
    languages: tuple[str, ...]  # of the person, then of their organisation

    @property
    def is_staff(self) -> bool:
        """True for people who work at the desk."""
        return self.person.staff_id is not None

    @property
    def keeps_people(self) -> bool:
        """True for contacts who may manage those of their organisation."""
        return self.level.people and self.person.contact_id is not None and self.person.organisation_id is not None

    @property
    def sees_priority(self) -> bool:
        """Staff, and contacts whose level says so."""
        return self.is_staff or self.level.priority


def selected(table: type[WebSession] | type[AccessToken], *columns: Any) -> Select[Any]:
    """These columns of a session or a token, and those of its holder: one statement, because every request asks it."""
    return (
        select(
            *columns,
            Account.id, Account.username, Account.active, Account.contact_id, Account.staff_id, Account.totp_at,
            Staff.name.label("staff_name"), Staff.deactivated_at.label("staff_left"),
            Contact.name, Contact.first_name, Contact.organisation_id, Contact.deactivated_at.label("contact_left"),
            Contact.level, Contact.sees, Contact.language, Staff.language.label("staff_language"),
            Organisation.visibility, Organisation.language.label("organisation_language"),
        )
        .join(Account, Account.id == table.account_id)
        .outerjoin(Staff, Staff.id == Account.staff_id)
        .outerjoin(Contact, Contact.id == Account.contact_id)
        .outerjoin(Organisation, Organisation.id == Contact.organisation_id)
    )  # fmt: skip


def holder_of(session: Session, row: Any, levels: Levels) -> dict[str, Any]:
    """The fields of a Holder, from a row of `selected`."""
    return {
        "account_id": row.id,
        "username": row.username,
        "name": row.staff_name or row.name or row.first_name or row.username,
        "person": _person(session, row, levels),
        "level": levels.of(row.level) if row.contact_id is not None else _NOBODYS,
        "languages": tuple(filter(None, (row.staff_language, row.language, row.organisation_language))),
    }


def lives(row: Any) -> bool:
    """True as long as the account has access and its owner is active."""
    return bool(row.active) and row.staff_left is None and row.contact_left is None


def _person(session: Session, row: Any, levels: Levels) -> Person:
    """Only for who sees the organisations below their own another query."""
    own = row.organisation_id
    seen = access.sees(row.sees, levels.of(row.level), row.visibility) if row.contact_id is not None else "own"
    below = nesting.below(session, [own])[own] if own is not None and seen == "sub-organisations" else frozenset()
    return Person(
        contact_id=row.contact_id,
        staff_id=row.staff_id,
        organisation_id=own,
        organisations=access.organisations(own, seen, below),
    )
