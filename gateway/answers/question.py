"""Who asks, and what: loaded for a batch of letters at once, with the rights of this moment."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import load
from desk.access import Person
from desk.columns import CUSTOMER_DEFAULT, STAFF_DEFAULT, Column, available, chosen
from desk.state import Ways
from gateway.answers.facts import AnswerFacts
from gateway.commands.spec import Who
from store.tables import Contact, Organisation, Outbox, Staff, TeamMember


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody who asks: what they may see, what they may do, how they like their lists."""

    person: Person
    who: Who
    name: str
    level: str = ""
    languages: tuple[str, ...] = ()  # codes: their own, then that of their organisation
    known: bool = True  # to the desk; strangers learn nothing but how to ask for help
    organisation: str = ""
    columns: tuple[Any, ...] = ()
    teams: tuple[int, ...] = ()
    ways: Ways = field(default_factory=Ways)  # of their organisation

    @property
    def is_staff(self) -> bool:
        """Somebody at the desk."""
        return self.who == "staff"

    def sees_priority(self, facts: AnswerFacts) -> bool:
        """Priorities are not for everybody (features.md, row 170)."""
        return self.is_staff or facts.levels.of(self.level).priority

    def available_columns(self, facts: AnswerFacts) -> tuple[Column, ...]:
        """The columns that they may choose."""
        return available(staff=self.is_staff, priority=self.sees_priority(facts))

    def chosen_columns(self, facts: AnswerFacts) -> tuple[Column, ...]:
        """The columns of their lists."""
        usual = STAFF_DEFAULT if self.is_staff else CUSTOMER_DEFAULT
        return chosen(self.columns, usual, self.available_columns(facts))


@dataclass(frozen=True, slots=True)
class Question:
    """One question, as a row of the outbox keeps it."""

    ask: str
    argument: str
    ticket_id: int | None
    asker: Asker
    now: datetime
    lines: tuple[tuple[str, str], ...] = ()  # label and value, of a form that is filled in so far


def load_askers(session: Session, rows: Sequence[Outbox], facts: AnswerFacts) -> dict[int, Asker]:
    """Who asked, by the id of the outbox row: a few queries, however many rows there are."""
    contacts = _contacts(session, {row.contact_id for row in rows if row.contact_id}, facts)
    staff = _staff(session, {row.staff_id for row in rows if row.staff_id})
    found = {row.id: contacts.get(row.contact_id or 0) or staff.get(row.staff_id or 0) for row in rows}
    return {row_id: asker for row_id, asker in found.items() if asker is not None}


def _contacts(session: Session, ids: Collection[int], facts: AnswerFacts) -> dict[int, Asker]:
    if not ids:
        return {}
    states = load.contacts_by_id(session, ids, facts.levels)
    load.see_below(session, states.values())
    more = select(Contact.id, Contact.columns, Contact.language, Organisation.name, Organisation.language).outerjoin(
        Organisation, Organisation.id == Contact.organisation_id
    )
    found: dict[int, Asker] = {}
    for contact_id, wanted, own, organisation, theirs in session.execute(more.where(Contact.id.in_(ids))):
        if state := states.get(contact_id):
            who: Who = "admin" if state.known and facts.levels.of(state.level).people else "customer"
            name = state.name or state.address
            parts = (state.level, (own, theirs or ""), state.known, organisation or "", tuple(wanted or ()))
            found[contact_id] = Asker(state.person, who, name, *parts, ways=state.ways)
    return found


def _staff(session: Session, ids: Collection[int]) -> dict[int, Asker]:
    if not ids:
        return {}
    teams: dict[int, list[int]] = {}
    for staff_id, team_id in session.execute(
        select(TeamMember.staff_id, TeamMember.team_id).where(TeamMember.staff_id.in_(ids))
    ):
        teams.setdefault(staff_id, []).append(team_id)
    rows = session.execute(
        select(Staff.id, Staff.name, Staff.columns, Staff.language, Staff.deactivated_at).where(Staff.id.in_(ids))
    )
    return {
        row.id: Asker(
            Person(staff_id=row.id, active=row.deactivated_at is None),
            "staff",
            row.name,
            languages=(row.language,),
            columns=tuple(row.columns or ()),
            teams=tuple(teams.get(row.id, ())),
        )
        for row in rows
    }
