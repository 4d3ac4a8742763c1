"""What lists of tickets can be narrowed by: fields with their operators, and times between two moments."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, false, func, not_, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from store.tables import Contact, ContactAddress, Organisation, Site, Staff, Team, Ticket

Condition = ColumnElement[bool]
# "" is the usual one of a field: “is” where its values are few, “contains” for what people write.
Operator = Literal["", "is", "not", "contains", "lacks", "empty", "filled"]


@dataclass(frozen=True, slots=True)
class Filter:
    """A field must be, or hold, one of these values; or none of them, or nothing, as the operator says."""

    field: str
    values: tuple[str, ...] = ()
    operator: Operator = ""


@dataclass(frozen=True, slots=True)
class Span:
    """A time must lie from `since` on, and before `until`."""

    field: str
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """How a field is compared. `empty` is None for one that always has a value."""

    equals: Callable[[str], Condition]
    contains: Callable[[str], Condition] | None = None  # None for one of few values
    empty: Callable[[], Condition] | None = None
    usual: Callable[[str], Condition] | None = None  # where it is neither of these

    def operators(self) -> tuple[Operator, ...]:
        """Those that it has."""
        words: tuple[Operator, ...] = ("contains", "lacks", "is", "not") if self.contains else ("is", "not")
        return (*words, "empty", "filled") if self.empty else words


def holds(column: Any, words: str) -> Condition:
    """The column holds these words, in any case; `%` and `_` in them are themselves."""
    return _like(column, words, "%{}%")


def equals(column: Any, words: str) -> Condition:
    """The column is this text, in any case."""
    return _like(column, words, "{}")


def _like(column: Any, words: str, pattern: str) -> Condition:
    escaped = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    # SQLite's LIKE knows upper and lower case of ASCII letters only.
    forms = [escaped] if escaped.isascii() else [escaped, escaped.lower(), escaped.upper(), escaped.capitalize()]
    return or_(*(column.ilike(pattern.replace("{}", form), escape="\\") for form in dict.fromkeys(forms)))


TIMES: dict[str, InstrumentedAttribute[Any]] = {
    "created": Ticket.created_at,
    "updated": Ticket.updated_at,
    "completed": Ticket.completed_at,
    "due": Ticket.due_at,
}
MAY_LACK = frozenset({"completed", "due"})  # times that not every ticket has


def _choice(column: Any, *, may_lack: bool = False) -> Field:
    return Field(lambda value: column == value, None, (lambda: column == "") if may_lack else None)


def _text(column: Any, *, may_lack: bool = True) -> Field:
    return Field(
        lambda value: equals(column, value),
        lambda value: holds(column, value),
        (lambda: column == "") if may_lack else None,
    )


def _named(key: Any, found: Callable[[Callable[[Any, str], Condition], str], Condition], *, may_lack: bool) -> Field:
    """A row of another table, found by what it is called."""
    return Field(
        lambda value: found(equals, value),
        lambda value: found(holds, value),
        (lambda: key.is_(None)) if may_lack else None,
    )


def _one(key: Any, table: Any, *parts: Any) -> Callable[[Callable[[Any, str], Condition], str], Condition]:
    return lambda test, value: key.in_(select(table.id).where(or_(*(test(part, value) for part in parts))))


def _contact(test: Callable[[Any, str], Condition], value: str) -> Condition:
    named = select(Contact.id).where(test(Contact.name, value))
    written = select(ContactAddress.contact_id).where(test(ContactAddress.address, value))
    return or_(Ticket.requester_id.in_(named), Ticket.requester_id.in_(written))


_SITE = _one(Ticket.site_id, Site, Site.name, Site.code, Site.place, Site.post_code, Site.account)
FILTERS: dict[str, Field] = {
    "type": _choice(Ticket.type),
    "status": _choice(Ticket.status),
    "priority": _choice(Ticket.priority),
    "source": _choice(Ticket.source),
    "approval": _choice(Ticket.approval, may_lack=True),
    "title": _text(Ticket.title),
    "number": _text(Ticket.number, may_lack=False),
    "ref": Field(
        lambda value: Ticket.reference_key == value.casefold(),
        lambda value: holds(Ticket.customer_reference, value),
        lambda: Ticket.reference_key == "",
        usual=lambda value: Ticket.reference_key == value.casefold(),
    ),
    "item": _text(Ticket.item),
    "site": _named(Ticket.site_id, _SITE, may_lack=True),
    "contact": _named(Ticket.requester_id, _contact, may_lack=False),
    "organisation": _named(
        Ticket.organisation_id, _one(Ticket.organisation_id, Organisation, Organisation.name), may_lack=True
    ),
    "assignee": _named(Ticket.assignee_id, _one(Ticket.assignee_id, Staff, Staff.name), may_lack=True),
    "team": _named(Ticket.team_id, _one(Ticket.team_id, Team, Team.name), may_lack=True),
}
STAFF_FILTERS = frozenset({"organisation", "assignee", "team"})


def conditions(filters: Sequence[Filter | Span]) -> list[Condition]:
    """All of them have to be true."""
    return [_span(one) if isinstance(one, Span) else _filter(one) for one in filters]


def _span(one: Span) -> Condition:
    column = TIMES[one.field]
    bounds = [column >= one.since] if one.since else []
    return and_(true(), *bounds, *([column < one.until] if one.until else []))


def _filter(one: Filter) -> Condition:
    if one.operator in ("empty", "filled"):
        lacking = TIMES[one.field].is_(None) if one.field in TIMES else (FILTERS[one.field].empty or false)()
        return lacking if one.operator == "empty" else not_(lacking)
    field = FILTERS[one.field]
    test = field.usual or field.contains or field.equals
    if one.operator in ("contains", "lacks"):
        test = field.contains or field.equals
    elif one.operator in ("is", "not"):
        test = field.equals
    found = or_(*(test(value) for value in one.values))
    # What has no value is none of them: NULL is not to hide it.
    return not_(func.coalesce(found, false())) if one.operator in ("not", "lacks") else found
