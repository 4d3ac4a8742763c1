"""Organisations: made, nested, changed and merged; what each wants of the desk."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import delete, func, insert, literal, select, update
from sqlalchemy.orm import Session, aliased

from desk import audit, languages, nesting
from desk.levels import SEES
from desk.people import PeopleError
from store.tables import Approver, Contact, ImportRun, Organisation, Site, Ticket

NAME_LENGTH = 200
USUAL = "usual"  # as a wish: as the settings say
TOP = "none"  # as the one above: there is none
_CHOICES: dict[str, tuple[str, ...]] = {"visibility": SEES, "approvals": ("any", "all"), "copies": ("yes", "no")}
_ALIKE = 5
_TOO_DEEP = f"Organisations can be nested {nesting.DEPTH} deep, and no deeper."


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is to be changed of an organisation; None leaves it as it is."""

    parent: str | None = None  # its name; TOP for none
    visibility: str | None = None
    language: str | None = None
    approvals: str | None = None
    copies: str | None = None
    may_create: bool | None = None
    shares: bool | None = None


@dataclass(frozen=True, slots=True)
class Merged:
    """What moved to the organisation that goes on."""

    contacts: int
    sites: int
    tickets: int


def find(session: Session, name: str) -> Organisation | None:
    """By its name: as it is written, else in whatever case."""
    wanted = " ".join(name.split())
    exact = session.scalars(select(Organisation).where(Organisation.name == wanted)).first()
    if exact is not None or not wanted:
        return exact
    folded = wanted.casefold()  # SQLite's lower() knows ASCII alone: names are few, and compared here
    names = session.execute(select(Organisation.id, Organisation.name)).all()
    found = [row.id for row in names if row.name.casefold() == folded]
    return session.get(Organisation, found[0]) if len(found) == 1 else None


def the_one(session: Session, name: str) -> Organisation:
    """By its name; PeopleError that names some alike when there is none."""
    found = find(session, name)
    if found is None:
        alike = _alike(session, name)
        hint = f"There are: {', '.join(alike)}." if alike else "To see all: postdesk organisation list"
        raise PeopleError(f"There is no organisation “{name[:60]}”. {hint}")
    return found


def _alike(session: Session, name: str) -> list[str]:
    part = name.strip().casefold()[:4]
    names = session.scalars(select(Organisation.name).order_by(Organisation.name))
    return [one for one in names if part and part in one.casefold()][:_ALIKE]


def add(session: Session, name: str, wishes: Wishes, next_id: Callable[[], int], now: datetime) -> Organisation:
    """A new organisation; PeopleError when one of that name is there, or a wish cannot be."""
    name = _name(session, name, None)
    made = Organisation(id=next_id(), name=name, visibility="organisation", created_at=now)
    session.add(made)
    session.flush()
    _fill_in(session, made, wishes)
    audit.note(session, "organisation.added", "organisation", made.id)
    return made


def rename(session: Session, organisation: Organisation, name: str) -> None:
    """Another name; PeopleError when it is taken. The catalogue names organisations too."""
    organisation.name = _name(session, name, organisation)
    session.flush()
    audit.note(session, "organisation.changed", "organisation", organisation.id, fields=["name"])


def _name(session: Session, name: str, own: Organisation | None) -> str:
    name = " ".join(name.split())
    if not name or len(name) > NAME_LENGTH:
        raise PeopleError(f"An organisation needs a name of up to {NAME_LENGTH} characters.")
    if name.casefold() == TOP:
        raise PeopleError(f"“{name}” cannot be the name of an organisation.")
    there = find(session, name)
    if there is not None and there is not own:
        raise PeopleError(f"There is an organisation “{there.name}” already.")
    return name


def change(session: Session, organisation: Organisation, wishes: Wishes) -> None:
    """Fill in what is wished; PeopleError for what cannot be, and nothing is to be kept then."""
    _fill_in(session, organisation, wishes)
    if changed := sorted(one.name for one in fields(wishes) if getattr(wishes, one.name) is not None):
        audit.note(session, "organisation.changed", "organisation", organisation.id, fields=changed)


def _fill_in(session: Session, organisation: Organisation, wishes: Wishes) -> None:
    for field, choices in _CHOICES.items():
        value = getattr(wishes, field)
        if value is not None:
            setattr(organisation, field, _chosen(field, value.strip().lower(), choices))
    if wishes.language is not None:
        organisation.language = _language(wishes.language)
    if wishes.may_create is not None:
        organisation.may_create = wishes.may_create
    if wishes.shares is not None:
        organisation.shares = wishes.shares
    if wishes.parent is not None:
        _put_below(session, organisation, wishes.parent)
    session.flush()


def _chosen(field: str, value: str, choices: tuple[str, ...]) -> str:
    if value in choices:
        return value
    usual = field != "visibility"
    if usual and value == USUAL:
        return ""
    named = ", ".join((*choices, USUAL) if usual else choices)
    raise PeopleError(f"{field.capitalize()} “{value}” is not known. Choose one of: {named}.")


def _language(text: str) -> str:
    if text.strip().lower() in ("", USUAL):
        return ""
    code = languages.code_of(text)
    if code is None:
        names = ", ".join(names[0] for names in languages.NAMES.values())
        raise PeopleError(f"There is no language “{text[:60]}”. Choose one of: {names}, or {USUAL}.")
    return code


def _put_below(session: Session, organisation: Organisation, name: str) -> None:
    if name.strip().casefold() in ("", TOP):
        organisation.parent_id = None
        return
    parent = the_one(session, name)
    above = nesting.above(session, parent.id)
    if organisation.id in above:
        what = "itself" if parent.id == organisation.id else f"“{parent.name}”, which lies below it"
        raise PeopleError(f"“{organisation.name}” cannot be put below {what}.")
    if len(above) + nesting.height(session, organisation.id) > nesting.DEPTH:
        raise PeopleError(_TOO_DEEP)
    organisation.parent_id = parent.id


def tree(session: Session) -> list[tuple[int, Organisation]]:
    """All organisations with their depth, each followed by those below it, by name."""
    below: dict[int | None, list[Organisation]] = {}
    everything = session.scalars(select(Organisation).order_by(Organisation.name)).all()
    ids = {one.id for one in everything}
    for one in everything:
        below.setdefault(one.parent_id if one.parent_id in ids else None, []).append(one)
    found: list[tuple[int, Organisation]] = []
    waiting = [(0, one) for one in reversed(below.get(None, []))]
    while waiting:
        depth, one = waiting.pop()
        found.append((depth, one))
        waiting += [(depth + 1, lower) for lower in reversed(below.get(one.id, []))]
    seen = {one.id for _, one in found}
    return [*found, *((0, one) for one in everything if one.id not in seen)]  # a circle, made by hand


def people_in(session: Session) -> dict[int, int]:
    """How many active contacts each organisation has."""
    rows = select(Contact.organisation_id, func.count()).where(Contact.deactivated_at.is_(None))
    found = session.execute(rows.group_by(Contact.organisation_id))
    return {organisation_id: count for organisation_id, count in found if organisation_id is not None}


def merge(session: Session, ending: Organisation, goes_on: Organisation) -> Merged:
    """Everything of one becomes the other's, and the first is gone. PeopleError where one lies below the other."""
    if ending.id == goes_on.id:
        raise PeopleError("That is one and the same organisation.")
    if ending.id in nesting.above(session, goes_on.id):
        raise PeopleError(f"“{goes_on.name}” lies below “{ending.name}”. Put it elsewhere first.")
    if len(nesting.above(session, goes_on.id)) + nesting.height(session, ending.id) > nesting.DEPTH + 1:
        raise PeopleError(_TOO_DEEP)
    _merge_boards(session, ending.id, goes_on.id)
    if session.scalar(select(Site.id).where(Site.organisation_id == goes_on.id, Site.main).limit(1)) is not None:
        session.execute(update(Site).where(Site.organisation_id == ending.id).values(main=False))
    session.execute(update(Organisation).where(Organisation.parent_id == ending.id).values(parent_id=goes_on.id))
    session.execute(update(ImportRun).where(ImportRun.organisation_id == ending.id).values(organisation_id=goes_on.id))
    moved = []
    for table in (Contact, Site, Ticket):
        mine = table.organisation_id == ending.id
        moved.append(session.scalar(select(func.count()).select_from(table).where(mine)) or 0)
        session.execute(update(table).where(mine).values(organisation_id=goes_on.id))
    ended = ending.id
    session.delete(ending)
    session.flush()
    audit.note(session, "organisation.merged", "organisation", ended, into=goes_on.id)
    return Merged(*moved)


def _merge_boards(session: Session, ending: int, goes_on: int) -> None:
    there = aliased(Approver)
    same = select(there.contact_id).where(
        there.organisation_id == goes_on, there.board == Approver.board, there.contact_id == Approver.contact_id
    )
    missing = select(literal(goes_on), Approver.board, Approver.contact_id).where(
        Approver.organisation_id == ending, ~same.exists()
    )
    session.execute(insert(Approver).from_select(["organisation_id", "board", "contact_id"], missing))
    session.execute(delete(Approver).where(Approver.organisation_id == ending))
