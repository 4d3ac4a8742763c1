"""What people do about themselves on a page: their profile, address and language, and the letters that they get."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import audit, languages, notices, own_address, profile, profile_values, taking_part
from desk.access import Person
from desk.acting.rules import Desk, NotThere, Refused
from desk.acting.stage import new_writes
from desk.people import PeopleError
from desk.profile import Changes, Profile
from desk.said import say
from desk.writes import Writes
from store.tables import Contact, Participant, Staff, Ticket

FIELDS = tuple(label for label in profile.OWN if label != "Email")  # an address changes by a letter of its own
WATCHED = 50  # tickets that a page lists, those with the latest changes
_MISSING = {"First name": say("Enter a first name"), "Last name": say("Enter a last name")}


@dataclass(frozen=True, slots=True)
class Letters:
    """Which letters somebody wants; of staff only the day sheet."""

    all: bool = True  # False: none but those that everybody gets
    digest: bool = False
    news: bool = True
    day_sheet: bool = True


@dataclass(frozen=True, slots=True)
class Followed:
    """A ticket of others about which somebody gets letters."""

    number: str
    title: str
    status: str
    role: str  # added, watching or approver


@dataclass(frozen=True, slots=True)
class Member:
    """What a member of staff sees of themselves."""

    name: str
    address: str
    language: str  # its code
    admin: bool
    day_sheet: bool


def read(session: Session, person: Person) -> Profile:
    """The profile of a contact."""
    found = profile.load(session, Contact.id == person.contact_id).get(person.contact_id or 0)
    if found is None or not found.active:
        raise NotThere
    return found


def member(session: Session, person: Person) -> Member:
    """The same of staff."""
    columns = (Staff.name, Staff.address, Staff.language, Staff.admin, Staff.day_sheet)
    row = session.execute(select(*columns).where(Staff.id == person.staff_id)).one_or_none()
    if row is None:
        raise NotThere
    return Member(*row)


def letters(session: Session, person: Person) -> Letters:
    """Which letters a contact wants."""
    wanted = select(Contact.muted, Contact.digest, Contact.news).where(Contact.id == person.contact_id)
    muted, digest, news = session.execute(wanted).one()
    return Letters(not muted, digest, news)


def followed(session: Session, person: Person, limit: int = WATCHED) -> list[Followed]:
    """The tickets of others about which a contact hears."""
    rows = session.execute(
        select(Ticket.number, Ticket.title, Ticket.status, Participant.role)
        .join(Participant, Participant.ticket_id == Ticket.id)
        .where(Participant.contact_id == person.contact_id, Participant.removed_at.is_(None), ~Participant.muted)
        .order_by(Ticket.updated_at.desc(), Ticket.id.desc())
        .limit(limit)
    )
    return [Followed(*row) for row in rows]


def check(own: Profile, values: Mapping[str, str], desk: Desk) -> tuple[Changes, dict[str, str]]:
    """What filled-in fields, by label, come to; and what is wrong with which of them."""
    changed: Changes = {}
    faults: dict[str, str] = {}
    for label, written in values.items():
        if label in _MISSING and not written.strip():
            faults[label] = _MISSING[label]
            continue
        try:
            changed |= profile.changes(own, [(label, written)], FIELDS, desk.rules.levels.names)
        except PeopleError as error:
            faults[label] = error.said
    return changed, faults


def change(desk: Desk, person: Person, values: Mapping[str, str]) -> dict[str, str]:
    """Change a contact's own fields; what is wrong, by label, and then nothing is changed."""
    with desk.database.transaction() as session:
        own = _held(session, person)
        changed, faults = check(own, values, desk)
        if changed and not faults:
            writes = new_writes(desk)
            profile.apply(writes, own, changed)
            writes.flush(session)
    return faults


def ask_for_address(desk: Desk, person: Person, address: str, now: datetime) -> None:
    """Ask at a new address whether it is theirs, and tell the old one. It counts once that letter is answered."""
    new = address.strip()
    if not profile_values.is_address(new):
        raise Refused(_not_an_address(new), "email")
    with desk.database.transaction() as session:
        own = _held(session, person)
        if new.lower() == own.address.lower():
            raise Refused(say("That is your address already"), "email")
        if not own_address.is_free(session, new, own, desk.rules.is_ours):
            raise Refused(say("That address cannot be used."), "email")
        # Or one could have us write to anybody, all day.
        if own_address.asked_today(session, own.id, now) >= own_address.PER_DAY:
            raise Refused(
                say("You had too many letters today to be asked about a new address. Nothing was changed."), "email"
            )
        if why := own_address.why_not(own, new, own_address.asked(session, [new.lower()], now)):
            raise Refused(why, "email")
        writes = new_writes(desk)
        audit.note(writes, "address.asked", "contact", own.id)
        own_address.ask(writes, own, new, now)
        _tell_old(writes, own, new, now)
        writes.flush(session)


def _not_an_address(new: str) -> str:
    if not new:
        return say("Enter an e-mail address")
    if "@" in new:
        return say("“{value}” is not a complete e-mail address", value=new[:320])
    return say("Enter an e-mail address in the correct format, like name@example.com")


def _tell_old(writes: Writes, own: Profile, new: str, now: datetime) -> None:
    line = say("In the portal you asked for {new} as your address. We wrote there: it counts once answered.", new=new)
    about = {"lines": [line], "subject": say("Your profile")}  # not “Your mail”: there was none
    notices.letter(writes, "done", own.state, now, context=about, automatic=False)


def choose_letters(desk: Desk, person: Person, wanted: Letters) -> None:
    """Which letters they want from now on."""
    with desk.database.transaction() as session:
        writes = new_writes(desk)
        kind = "staff" if person.staff_id is not None else "contact"
        audit.note(writes, "letters.chosen", kind, person.staff_id or person.contact_id)
        if person.staff_id is not None:
            writes.change(Staff, person.staff_id, day_sheet=wanted.day_sheet)
        else:
            own = _held(session, person)
            taking_part.stop_all(writes, own.state, stop=not wanted.all)
            writes.change(Contact, own.id, digest=wanted.digest, news=wanted.news)
        writes.flush(session)


def choose_language(desk: Desk, person: Person, code: str) -> None:
    """The language in which a member of staff reads pages and letters; "" is that of the desk."""
    known = languages.code_of(code) if code else ""
    if known is None:
        raise Refused(say("Select a language"), "language")
    with desk.database.transaction() as session:
        writes = new_writes(desk)
        writes.change(Staff, person.staff_id or 0, language=known)
        audit.note(writes, "staff.changed", "staff", person.staff_id, fields=["language"])
        writes.flush(session)


def _held(session: Session, person: Person) -> Profile:
    """The profile, which nobody else changes meanwhile."""
    session.execute(select(Contact.id).where(Contact.id == person.contact_id).with_for_update())
    return read(session, person)
