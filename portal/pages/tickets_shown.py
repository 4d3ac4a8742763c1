"""A list of tickets as a page: its tabs, its form, what it is narrowed by, its columns, its rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from desk import columns, list_pages, list_words, lists, search, statuses
from desk.access import visible_tickets
from desk.columns import Column, Row
from desk.list_filters import Filter
from desk.lists import Query, View
from desk.said import Said, say
from portal import done, list_query, tickets_form
from portal.list_query import Reader, Unreadable
from portal.tickets_form import Acts, FilterForm
from portal.visit import Portal, Visit
from store.tables import TeamMember, Ticket

# What a list is called: on its tab, and as a heading.
TABS: Mapping[View, Said] = {
    "my": say("My"), "open": say("Open"), "approval": say("Waiting for my approval"),
    "done": say("Recently completed"), "all": say("All"), "queue": say("Unassigned"),
    "unassigned": say("Unassigned, all teams"), "waiting": say("Waiting Customer"), "due": say("Due soon or overdue"),
    "overdue": say("Overdue"),
}  # fmt: skip
HEADINGS: Mapping[View, Said] = {
    "my": say("My tickets"), "open": say("Open tickets"), "approval": say("Waiting for my approval"),
    "done": say("Recently completed"), "all": say("All tickets"), "queue": say("Unassigned tickets of my teams"),
    "unassigned": say("Unassigned tickets"), "waiting": say("Waiting for the customer"),
    "due": say("Due soon or overdue"), "overdue": say("Overdue tickets"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list is shown."""

    path: str
    usual: View
    tabs: tuple[View, ...]

    @property
    def is_queue(self) -> bool:
        """The page of staff, with what they do to several tickets."""
        return self.path == "/desk"


TICKETS = Place("/tickets", "all", ("my", "open", "approval", "done", "all"))
DESK = Place("/desk", "queue", ("queue", "unassigned", "my", "waiting", "due", "open", "all"))


@dataclass(frozen=True, slots=True)
class Link:
    """A text that leads somewhere; `now` where one is already."""

    text: str
    address: str
    now: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """The heading of a column; `sorted` as aria-sort says it."""

    key: str
    label: str
    address: str = ""  # by which the list is sorted by it
    sorted: str = ""


@dataclass(slots=True)
class Shown:
    """All that the template needs to know; nothing of it is the visitor's markup."""

    place: Place
    heading: str
    tabs: list[Link]
    form: FilterForm
    view: View
    back: str = ""  # the address of this very list
    chips: list[Link] = field(default_factory=list)
    clear: str = ""
    edit: str = ""
    heads: list[Head] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    count: int = 0
    nothing: str = ""  # what the list is narrowed by, where that leaves none
    first: str = ""  # the address of the first page, on a later one
    older: str = ""
    by_time: bool = True
    files: list[Link] = field(default_factory=list)
    chooser: list[tuple[Column, int]] = field(default_factory=list)  # each column, and its place; 0 for none
    acts: Acts | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What is looked up of the visitor for any list."""

    reader: Reader
    columns: tuple[Column, ...]
    available: tuple[Column, ...]
    teams: tuple[int, ...] = ()


def reader_of(portal: Portal, visit: Visit, usual: View = "all") -> Reader:
    """By which the visitor's addresses are read."""
    who = visit.who
    priority, catalogue = who.sees_priority, portal.config.rules.catalogue
    named = (*statuses.ALL, *(one.name for one in catalogue.types), *catalogue.priorities, *columns.VALUES)
    names = {said.casefold(): name for name in named for said in (name, visit.language.name(name))}
    return Reader(portal.config.zone, staff=who.is_staff, priority=priority, usual=usual, names=names)


def reading(session: Session, portal: Portal, visit: Visit, place: Place = TICKETS) -> Reading:
    """Their columns, and of staff their teams."""
    person, reader = visit.who.person, reader_of(portal, visit, place.usual)
    available = columns.available(staff=reader.staff, priority=reader.priority)
    usual = columns.STAFF_DEFAULT if reader.staff else columns.CUSTOMER_DEFAULT
    chosen = columns.chosen(
        columns.of_person(session, person), columns.QUEUE_DEFAULT if place.is_queue else usual, available
    )
    if not reader.staff:
        return Reading(reader, chosen, available)
    mine = select(TeamMember.team_id).where(TeamMember.staff_id == person.staff_id)
    return Reading(reader, chosen, available, tuple(session.scalars(mine)))


def show(
    portal: Portal, visit: Visit, place: Place, *, status: int = 200, address: str = "",
    faults: Mapping[str, str] | None = None, **more: Any,
) -> Response:  # fmt: skip
    """The list that the address asks for; or one that says what in it cannot be read."""
    pairs = list_query.pairs_of(address) if address else visit.request.query_params.multi_items()
    with portal.config.database.reading() as session:
        known = reading(session, portal, visit, place)
        try:
            asked = list_query.read(pairs, known.reader)
        except Unreadable as unreadable:
            shown = _bare(session, portal, visit, place, known, pairs)
            return _page(portal, visit, shown, 400, {unreadable.field: unreadable.said})
        if not asked.tidy:
            return portal.redirect(list_query.address(place.path, asked.query, known.reader, asked.after))
        if number := _exact(session, portal, visit, asked.query):
            return portal.redirect(f"/t/{number}")
        shown = _listed(session, portal, visit, place, known, asked, pairs)
    return _page(portal, visit, shown, status, faults or {}, **more)


def _page(portal: Portal, visit: Visit, shown: Shown, status: int, faults: Mapping[str, str], **more: Any) -> Response:
    said = more or {"outcome": None, "chosen": (), "wanted": ""}
    return portal.page(
        visit, "tickets.html", status=status, shown=shown, faults=dict(faults), now=visit.now,
        done=done.said(visit.query) if status == 200 else None, **said,
    )  # fmt: skip


def _exact(session: Session, portal: Portal, visit: Visit, query: Query) -> str | None:
    """The number of a ticket that was written in full, where there is one for this visitor."""
    said = next((one.values[0] for one in query.filters if isinstance(one, Filter) and one.field == "number"), "")
    number = portal.config.rules.numbers.only(said)
    if not number:
        return None
    wanted = select(Ticket.number).where(Ticket.number == number, visible_tickets(visit.who.person))
    return session.scalar(wanted)


def _bare(
    session: Session, portal: Portal, visit: Visit, place: Place, known: Reading, pairs: list_query.Pairs
) -> Shown:
    """The page of an address that cannot be read: its form as it was filled in, and the ways on."""
    tabs = [Link(visit.language.told(TABS[view]), _of_view(place, view, known)) for view in _tabs(place, known)]
    form = tickets_form.form(session, portal, visit, known.reader, pairs)
    return Shown(place, visit.language.told(HEADINGS["all"]), tabs, form, "all", clear=place.path)


def _tabs(place: Place, known: Reading) -> list[View]:
    return [view for view in place.tabs if view in known.reader.views]


def _of_view(place: Place, view: View, known: Reading, query: Query | None = None) -> str:
    """The same filters in another view; it has an order of its own."""
    wanted = replace(query, view=view, sort="", descending=True) if query else Query(view)
    return list_query.address(place.path, wanted, known.reader)


def _listed(
    session: Session, portal: Portal, visit: Visit, place: Place, known: Reading, asked: list_query.Asked,
    pairs: list_query.Pairs,
) -> Shown:  # fmt: skip
    query, reader, said = asked.query, known.reader, visit.language.told
    shown_columns = _columns(place, known)
    person, zone = visit.who.person, portal.config.zone
    also = tuple(columns.BY_KEY[key] for key in ("status", "due") if key not in {one.key for one in shown_columns})
    look = search.look(session, query.words, person) if query.words else None
    page = list_pages.page(
        session, query, person, (*shown_columns, *also), visit.now, after=asked.after, teams=known.teams, look=look
    )
    columns.fill_in(page.rows, shown_columns, portal.config.rules.catalogue)
    is_all = asked.after is None and page.older is None
    count = len(page.rows) if is_all else list_pages.count(session, query, person, visit.now, known.teams, look)
    narrowed = bool(query.filters or query.words)
    tabs = [Link(said(TABS[v]), _of_view(place, v, known, query), v == query.view) for v in _tabs(place, known)]
    address = list_query.address
    shown = Shown(
        place, _heading(query, visit, portal), tabs, tickets_form.form(session, portal, visit, reader, pairs),
        query.view, back=address(place.path, query, reader, asked.after), rows=page.rows, count=count,
        chips=_chips(query, place, known, visit, portal), clear=_of_view(place, query.view, known),
        nothing=list_words.described(replace(query, view="all"), visit.language, zone) if narrowed else "",
        by_time=lists.sorted_by(query).name == "created",
        first=address(place.path, query, reader) if asked.after else "",
        older=address(place.path, query, reader, page.older) if page.older else "",
    )  # fmt: skip
    shown.edit = f"{shown.back}{'&' if '?' in shown.back else '?'}edit=yes#type"
    shown.heads = [_head(one, query, place, known, visit) for one in shown_columns]
    shown.files = _files(portal, visit, query) if page.rows else []
    if place.is_queue:
        shown.acts = tickets_form.acts(session, portal, visit)
    else:
        shown.chooser = _chooser(known)
    return shown


def _columns(place: Place, known: Reading) -> tuple[Column, ...]:
    if not place.is_queue:
        return known.columns
    return tuple(columns.AGE if column.key == "created" else column for column in known.columns)


def _heading(query: Query, visit: Visit, portal: Portal) -> str:
    """What one looks at: the view, a status by itself, or what is looked for."""
    if not query.filters and not query.words:
        return visit.language.told(HEADINGS[query.view])
    one = query.filters[0] if len(query.filters) == 1 and not query.words else None
    if isinstance(one, Filter) and one.field == "status" and not one.operator and len(one.values) == 1:
        return visit.language.say("{status} tickets", status=visit.language.name(one.values[0]))
    what = list_words.described(query, visit.language, portal.config.zone)
    return visit.language.say("Ticket search: {what}", what=what)


def _chips(query: Query, place: Place, known: Reading, visit: Visit, portal: Portal) -> list[Link]:
    """Each word and each filter, with the address of the list without it."""
    found: list[tuple[Any, str]] = [(word, list_words.quoted(word, visit.language)) for word in query.words]
    found += [(one, list_words.part(one, visit.language, portal.config.zone)) for one in query.filters]
    return [
        Link(text, list_query.address(place.path, list_query.without(query, one), known.reader)) for one, text in found
    ]


def _head(column: Column, query: Query, place: Place, known: Reading, visit: Visit) -> Head:
    label, key = visit.language.gettext(column.label), "created" if column.key == "age" else column.key
    if key not in lists.SORTS:
        return Head(column.key, label)
    now = lists.sorted_by(query)
    ways = "descending" if now.descending != (column.key == "age") else "ascending"  # the oldest are the latest created
    address = list_query.address(place.path, list_query.turned(query, key), known.reader)
    return Head(column.key, label, address, ways if now.name == key else "")


def _files(portal: Portal, visit: Visit, query: Query) -> list[Link]:
    reader = reader_of(portal, visit)
    names = {"csv": "CSV", "xlsx": "Excel", "pdf": "PDF"}
    return [Link(name, list_query.address(f"/tickets.{form}", query, reader)) for form, name in names.items()]


def _chooser(known: Reading) -> list[tuple[Column, int]]:
    """Those that one has first, in their order; the number is not among them, it always comes first."""
    places = {column.key: place for place, column in enumerate(known.columns, 1)}
    free = [column for column in known.available if column.key != columns.NUMBER]
    return sorted(((column, places.get(column.key, 0)) for column in free), key=lambda one: one[1] or len(places) + 1)
