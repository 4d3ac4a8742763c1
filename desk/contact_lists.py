"""The people of an organisation as a list: searched, sorted, a page at a time; and as the rows of a file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from desk import profile
from desk.exporting import Value
from desk.profile import Profile
from desk.said import say
from store.tables import Account, Contact, ContactAddress

HEADINGS = (
    say("Name"), say("Job title"), say("Site"), say("Security level"), say("E-mail address"), say("Phone"),
    say("Mobile"), say("Last login"), say("Active"),
)  # fmt: skip
PAGE = 50  # people on one page
_WORDS = 5  # of a search that are looked for
_AT_ONCE = 1_000  # profiles in memory when all are written

_last = func.lower(func.coalesce(func.nullif(Contact.last_name, ""), Contact.name))
_BY_NAME: tuple[Any, ...] = (_last, func.lower(Contact.first_name), Contact.id)
# What a list can be sorted by; who has the same value there is sorted by name.
SORTS: Mapping[str, Any] = {
    "name": None,
    "level": Contact.level,
    "address": ContactAddress.address,
    "login": Account.last_login_at,
    "active": func.coalesce(Account.active, False),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """Which people, and in what order: “-login” is by the last login, newest first."""

    organisation_id: int
    words: str = ""
    sort: str = "name"

    @property
    def by(self) -> str:
        """What it is sorted by."""
        name = self.sort.removeprefix("-")
        return name if name in SORTS else "name"

    @property
    def falling(self) -> bool:
        """True for the largest first."""
        return self.sort.startswith("-")


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the people, and how many there are."""

    people: Sequence[Profile]
    total: int
    number: int  # from 1

    @property
    def last(self) -> int:
        """The number of the last page."""
        return max(1, -(-self.total // PAGE))


def page(session: Session, wish: Wish, number: int) -> Page:
    """One page; of a number that is too large the last one. Five queries, however many people there are."""
    which = _which(wish)
    total = session.scalar(select(func.count()).select_from(Contact).where(which)) or 0
    number = min(max(number, 1), max(1, -(-total // PAGE)))
    ids = session.scalars(_ordered(wish, which).limit(PAGE).offset((number - 1) * PAGE)).all()
    return Page(_profiles(session, ids), total, number)


def everybody(session: Session, wish: Wish) -> Iterator[Profile]:
    """All of them, so many in memory at a time."""
    ids = session.scalars(_ordered(wish, _which(wish))).all()
    for start in range(0, len(ids), _AT_ONCE):
        yield from _profiles(session, ids[start : start + _AT_ONCE])


def cells(one: Profile) -> list[Value]:
    """A row of a file, below HEADINGS."""
    seen = one.account.last_login_at if one.account else None
    own = [one.value(label) for label in ("Job title", "Phone", "Mobile")]
    return [one.name, own[0], one.site, one.level, one.address, own[1], own[2], seen, one.has_access]


def turned(one: Profile) -> str:
    """Doe, Jane; a name that nobody has taken apart as it is, and where there is none the address."""
    if one.first_name and one.last_name:
        return f"{one.last_name}, {one.first_name}"
    return one.name or one.address


def _profiles(session: Session, ids: Sequence[int]) -> list[Profile]:
    found = profile.load(session, Contact.id.in_(ids)) if ids else {}
    return [found[contact_id] for contact_id in ids]


def _ordered(wish: Wish, which: ColumnElement[bool]) -> Any:
    primary = and_(ContactAddress.contact_id == Contact.id, ContactAddress.position == 0)
    column = SORTS[wish.by]
    order = _BY_NAME if column is None else (column, *_BY_NAME)
    first = order[0].desc() if wish.falling else order[0].asc()
    # Who never signed in comes last whichever way: on each database, empty values have another end.
    first = first.nulls_last() if wish.by == "login" else first
    rest = [part.desc() for part in order[1:]] if wish.falling and column is None else list(order[1:])
    found = select(Contact.id).outerjoin(ContactAddress, primary).outerjoin(Account, Account.contact_id == Contact.id)
    return found.where(which).order_by(first, *rest)


def _which(wish: Wish) -> ColumnElement[bool]:
    there = aliased(ContactAddress)  # beside the primary one, by which a list is sorted
    parts: list[ColumnElement[bool]] = [Contact.organisation_id == wish.organisation_id]
    for word in wish.words.split()[:_WORDS]:
        named = [column.icontains(word, autoescape=True) for column in (Contact.name, Contact.last_name)]
        has = select(there.contact_id).where(
            there.contact_id == Contact.id, there.address.contains(word.lower(), autoescape=True)
        )
        parts.append(or_(*named, has.correlate(Contact).exists()))
    return and_(*parts)
