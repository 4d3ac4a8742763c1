"""Lists of tickets as addresses: what an address asks for, and the address of what somebody wants to see."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import cast
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from desk import list_pages, lists, statuses
from desk.list_filters import FILTERS, MAY_LACK, STAFF_FILTERS, TIMES, Field, Filter, Operator, Span
from desk.list_pages import Cursor
from desk.list_words import NAMED
from desk.lists import SORTS, STAFF_VIEWS, Query, View
from desk.said import Said, listed, say

CUSTOMER_VIEWS: tuple[View, ...] = ("my", "open", "approval", "done", "all")
# Operators as addresses name them, in the order in which the form offers them.
OPERATORS: Mapping[str, Said] = {
    "contains": say("contains"), "lacks": say("does not contain"), "is": say("is"), "not": say("is not"),
    "before": say("before"), "after": say("after"), "between": say("between"), "on": say("on"),
    "empty": say("is empty"), "filled": say("is not empty"),
}  # fmt: skip
_BARE = frozenset({"empty", "filled"})  # they need no value
_WORDS = re.compile(r'"([^"]*)"?|([^\s"]+)')
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "＂": '"'})
MOST_WORDS, MOST_FILTERS, MOST_VALUES, LENGTH = 8, 20, 50, 100
Pairs = Sequence[tuple[str, str]]


class Unreadable(Exception):
    """What an address asks for cannot be; a sentence that says so, and the field of the form that it is about."""

    def __init__(self, said: str, field: str = "") -> None:
        super().__init__(said)
        self.said, self.field = said, field


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks, and where: what their lists can be narrowed by, and which views there are."""

    zone: ZoneInfo
    staff: bool = False
    priority: bool = True
    usual: View = "all"
    names: Mapping[str, str] = field(default_factory=dict)  # of statuses, types and the like, as the reader knows them

    @property
    def filters(self) -> tuple[str, ...]:
        """The fields by which their lists are narrowed."""
        hidden = (frozenset() if self.staff else STAFF_FILTERS) | (frozenset() if self.priority else {"priority"})
        return tuple(name for name in FILTERS if name not in hidden)

    @property
    def views(self) -> tuple[View, ...]:
        """Their views; nothing waits for the approval of staff."""
        customers = tuple(view for view in CUSTOMER_VIEWS if not (self.staff and view == "approval"))
        return (*customers, *sorted(STAFF_VIEWS)) if self.staff else customers


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for; `tidy` is False where a form sent fields that nobody filled in."""

    query: Query
    after: Cursor | None = None
    tidy: bool = True


def read(pairs: Pairs, reader: Reader) -> Asked:
    """What an address asks for; Unreadable names what cannot be read. Parameters that are not ours are passed over."""
    given = [(name, _clean(value)) for name, value in pairs]
    view, sort, descending = _view(_last(given, "view"), reader), *_sort(_last(given, "sort"))
    filters = [*_simple(given, reader), *_created(given, reader.zone), *_advanced(given, reader)]
    if len(filters) > MOST_FILTERS:
        raise Unreadable(say("A list can be narrowed by up to {n} filters.", n=MOST_FILTERS))
    query = Query(view, tuple(filters), _words(_last(given, "q")), sort, descending)
    return Asked(query, _after(_last(pairs, "before"), query), all(value for _, value in given))


def pairs_of(address: str) -> list[tuple[str, str]]:
    """The parameters of an address."""
    return parse_qsl(address.partition("?")[2], keep_blank_values=True)


def _last(given: Pairs, name: str) -> str:
    return next((value for key, value in reversed(given) if key == name), "")


def _clean(value: str) -> str:
    """In one line, without signs that nobody sees; no database takes a NUL."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in value[:1000]).split())


def _view(said: str, reader: Reader) -> View:
    if said and said not in reader.views:
        raise Unreadable(say("There is no list “{name}”.", name=said[:LENGTH]))
    return next((view for view in reader.views if view == said), reader.usual)


def _sort(said: str) -> tuple[str, bool]:
    name = said.removeprefix("-")
    if said and name not in SORTS:
        names = ", ".join(SORTS)
        raise Unreadable(
            say("A list cannot be sorted by “{name}”. It can by {names}.", name=said[:LENGTH], names=names), "sort"
        )
    return name, said.startswith("-") or not said


def _words(said: str) -> tuple[str, ...]:
    found = [(match[1] or match[2] or "").strip() for match in _WORDS.finditer(said.translate(_QUOTES))]
    words = tuple(word[:LENGTH] for word in found if word)
    if len(words) > MOST_WORDS:
        raise Unreadable(say("A search takes up to {most} words; yours has {n}.", most=MOST_WORDS, n=len(words)), "q")
    return words


def _simple(given: Pairs, reader: Reader) -> Iterable[Filter]:
    """status=New&status=Resolved: one of these."""
    for name in FILTERS:
        values = tuple(dict.fromkeys(value for key, value in given if key == name and value))
        if len(values) > MOST_VALUES:  # a database reads each of them
            raise Unreadable(say("A list can be narrowed by up to {n} filters.", n=MOST_VALUES), name)
        if values:
            yield _filter(_allowed(name, reader), "", values, name, reader)


def _allowed(name: str, reader: Reader) -> str:
    if name not in reader.filters and name not in TIMES:
        message = say("A list cannot be narrowed by “{name}”. It can by {filters}, and by the times {times}.")
        filters, times = ", ".join(reader.filters), ", ".join(TIMES)
        raise Unreadable(say(message, name=name[:LENGTH], filters=filters, times=times))
    return name


def _filter(name: str, operator: Operator, values: tuple[str, ...], place: str, reader: Reader) -> Filter:
    if name in NAMED:
        values = tuple(reader.names.get(value.casefold(), value) for value in values)
    if any(len(value) > LENGTH for value in values):
        raise Unreadable(say("Value must be {n} characters or fewer.", n=LENGTH), place)
    unknown = [value for value in values if name == "status" and value not in statuses.ALL]
    if unknown:
        there_are = listed(say(status) for status in statuses.ALL)
        message = say("There is no status “{name}”. There are: {statuses}.", name=unknown[0], statuses=there_are)
        raise Unreadable(message, place)
    return Filter(name, values, operator)


def _created(given: Pairs, zone: ZoneInfo) -> Iterable[Span]:
    since, until = _last(given, "from"), _last(given, "to")
    if since or until:
        first = _start(_day(since, "from"), zone) if since else None
        yield Span("created", first, _start(_day(until, "to") + timedelta(days=1), zone) if until else None)


def _day(said: str, place: str) -> date:
    try:
        day = date.fromisoformat(said)
    except ValueError:
        day = date.min
    if not 1900 <= day.year <= 9000:
        raise Unreadable(say("Date must be a real date, like {example}.", example="2026-04-30"), place)
    return day


def _start(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def filled_rows(given: Pairs) -> list[tuple[str, str, str, str]]:
    """f, o, v and w by turns, of the rows that somebody filled in: column, operator, value, for “between” another."""
    found: list[dict[str, str]] = []
    for key, value in given:
        if key == "f":
            found.append({"f": value})
        elif key in ("o", "v", "w") and found:
            found[-1][key] = value
    rows = [(row["f"], row.get("o", ""), row.get("v", ""), row.get("w", "")) for row in found]
    return [row for row in rows if row[0] or row[2] or row[3]]


def _advanced(given: Pairs, reader: Reader) -> Iterable[Filter | Span]:
    for place, row in enumerate(filled_rows(given), 1):
        if not row[0]:
            raise Unreadable(say("Select a column."), f"f{place}")
        yield _one(*row, reader, f"v{place}")


def _one(name: str, operator: str, value: str, other: str, reader: Reader, place: str) -> Filter | Span:
    _allowed(name, reader)
    if operator not in operators(name):
        among = listed(OPERATORS[one] for one in operators(name))
        message = say("“{column}” is compared by one of: {operators}.", column=name, operators=among)
        raise Unreadable(message, place.replace("v", "o"))
    if operator in _BARE:
        return Filter(name, (), cast(Operator, operator))
    if not value or (operator == "between" and not other):
        raise Unreadable(say("Enter a value to compare with."), place if not value else place.replace("v", "w"))
    if name not in TIMES:
        usual = usual_operator(FILTERS[name])
        return _filter(name, cast(Operator, "" if operator == usual else operator), (value,), place, reader)
    day = _day(value, place)
    after, start = _start(day + timedelta(days=1), reader.zone), _start(day, reader.zone)
    if operator == "between":
        last = _day(other, place.replace("v", "w"))
        return Span(name, start, _start(last + timedelta(days=1), reader.zone))
    return {"before": Span(name, until=start), "after": Span(name, since=after)}.get(operator, Span(name, start, after))


def operators(name: str) -> tuple[str, ...]:
    """The operators of a column, as addresses name them."""
    if name in TIMES:
        return ("before", "after", "between", "on", *(("empty", "filled") if name in MAY_LACK else ()))
    return FILTERS[name].operators()


def usual_operator(field: Field) -> str:
    """What “status=New” means, in the words of “f=status&o=is&v=New”."""
    return "contains" if field.contains and not field.usual else "is"


def _after(said: str, query: Query) -> Cursor | None:
    """Read as it is: a title has its spaces, and a place in the list is where it is letter for letter."""
    try:
        return list_pages.read_cursor(said, lists.sorted_by(query)) if said else None
    except ValueError as error:
        raise Unreadable(say("This place in the list does not exist.")) from error


def written(query: Query, reader: Reader, after: Cursor | None = None) -> list[tuple[str, str]]:
    """The parameters that `read` reads as this query."""
    pairs: list[tuple[str, str]] = [("view", query.view)] if query.view != reader.usual else []
    pairs += [("q", " ".join(f'"{word}"' if " " in word else word for word in query.words))] if query.words else []
    spans = [one for one in query.filters if isinstance(one, Span)]
    created = next((one for one in spans if one.field == "created"), None)
    if created is not None:
        pairs += [(name, day) for name, day in zip(("from", "to"), _days(created, reader.zone), strict=True) if day]
    for one in query.filters:
        if isinstance(one, Filter) and not one.operator:
            pairs += [(one.field, value) for value in one.values]
    for one in query.filters:
        pairs += [pair for row in rows(one, reader.zone) if one is not created for pair in _pairs(row)]
    pairs += [("sort", f"{'-' if query.descending else ''}{query.sort}")] if query.sort else []
    return [*pairs, *([("before", str(after))] if after is not None else [])]


def rows(one: Filter | Span, zone: ZoneInfo) -> list[tuple[str, str, str, str]]:
    """A filter as rows of the form: column, operator, value, other value; none for one that has a field of its own."""
    if isinstance(one, Filter):
        if one.operator in _BARE:
            return [(one.field, one.operator, "", "")]
        return [(one.field, one.operator, value, "") for value in one.values] if one.operator else []
    first, last = _days(one, zone)
    if first and last:
        return [(one.field, "on", first, "") if first == last else (one.field, "between", first, last)]
    if first:
        return [(one.field, "after", (date.fromisoformat(first) - timedelta(days=1)).isoformat(), "")]
    return [(one.field, "before", (date.fromisoformat(last) + timedelta(days=1)).isoformat(), "")] if last else []


def _pairs(row: tuple[str, str, str, str]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in zip("fovw", row, strict=True) if value]


def _days(span: Span, zone: ZoneInfo) -> tuple[str, str]:
    """The first and the last day of it."""
    last = (span.until.astimezone(zone) - timedelta(microseconds=1)).date().isoformat() if span.until else ""
    return span.since.astimezone(zone).date().isoformat() if span.since else "", last


def address(path: str, query: Query, reader: Reader, after: Cursor | None = None) -> str:
    """The address of a list."""
    said = urlencode(written(query, reader, after))
    return f"{path}?{said}" if said else path


def without(query: Query, one: Filter | Span | str) -> Query:
    """The query less a filter, or a word."""
    if isinstance(one, str):
        return replace(query, words=tuple(word for word in query.words if word != one))
    return replace(query, filters=tuple(other for other in query.filters if other is not one))


def turned(query: Query, name: str) -> Query:
    """The query sorted by a column; by the same again the other way round. Times begin with the latest."""
    now = lists.sorted_by(query)
    descending = not now.descending if now.name == name else name in TIMES
    return replace(query, sort=name, descending=descending)
