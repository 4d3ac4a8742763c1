"""What Home shows of the tickets that a visitor may see: figures, each with the list of what it counts."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import columns, list_pages, report, statuses
from desk.access import Person
from desk.columns import Row
from desk.list_filters import Filter, Span
from desk.lists import Counts, Query, View
from desk.report import Report
from desk.said import Said, say
from portal import list_query
from portal.board import FiguresBoard
from portal.list_query import Reader
from store.tables import Site

LATEST = 6
MOST_SITES = 200  # of more, the name is typed
_SHOWN = tuple(columns.BY_KEY[key] for key in ("number", "title", "status", "contact", "updated"))
_COUNTED: dict[View, str] = {"open": "open", "my": "mine", "approval": "approval"}
SWITCHES: dict[View, Said] = {"open": say("All"), "my": say("My"), "approval": say("Waiting for my approval")}


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, and the list of exactly what it counts."""

    label: str  # a name, or a sentence of desk/said.py
    count: int
    path: str


@dataclass(frozen=True, slots=True)
class Month:
    """What a month brought."""

    first_day: datetime
    created: Figure
    completed: Figure


@dataclass(frozen=True, slots=True)
class Overview:
    """All of it, of one site alone where one was chosen."""

    site: str
    sites: tuple[str, ...] | None  # to choose from; None for too many
    site_pairs: list[tuple[str, str]]  # what a list takes for the site
    counts: list[Figure]
    view: View
    switches: list[View]
    latest: list[Row]
    all_of_it: Figure  # the list that the latest are of
    is_new: bool  # there is no ticket at all
    months: list[Month]
    types: list[Figure]


@dataclass(frozen=True, slots=True)
class _Common:
    """What is the same for all staff."""

    done: int
    sites: tuple[str, ...] | None


def read(
    session: Session, person: Person, now: datetime, reader: Reader, board: FiguresBoard, site: str, view: View
) -> Overview:
    """A dozen small queries, none of which looks at more than an index of the tickets that are counted.

    What is counted for one serves others who see the same tickets as well, for a moment.
    """
    chosen = Filter("site", (site,), "is") if site else None

    def count() -> _Common:
        return _Common(report.done_lately(session, person, now, chosen), _sites(session, person))

    common = board.read(("staff", site), count) if reader.staff else count()
    found = report.report(session, person, now, reader.zone, chosen, board.read)
    counted = report.counts(session, person, now, found, common.done, chosen)
    narrow = _Narrowed(reader, chosen)
    latest = list_pages.page(session, narrow.query(view), person, _SHOWN, now, limit=LATEST).rows
    is_new = not latest and not any(m.created for m in found.months) and not _any(session, person, now)
    return Overview(
        site=site,
        sites=common.sites,
        site_pairs=list_query.written(narrow.query("all"), reader) if site else [],
        counts=_figures(counted, narrow),
        view=view,
        switches=[one for one in SWITCHES if one in reader.views],
        latest=latest,
        all_of_it=narrow.figure("", int(getattr(counted, _COUNTED[view])), Query(view)),
        is_new=is_new,
        months=_months(found, narrow),
        types=[narrow.figure(kind, n, Query("open", (Filter("type", (kind,)),))) for kind, n in found.by_type],
    )


@dataclass(frozen=True, slots=True)
class _Narrowed:
    """Lists of the chosen site."""

    reader: Reader
    site: Filter | None

    def query(self, view: View) -> Query:
        """A view of it."""
        return self._of_site(Query(view))

    def figure(self, label: str, count: int, query: Query) -> Figure:
        """A number with its list."""
        return Figure(label, count, list_query.address("/tickets", self._of_site(query), self.reader))

    def _of_site(self, query: Query) -> Query:
        return replace(query, filters=(*query.filters, *((self.site,) if self.site else ())))


def _figures(counted: Counts, narrow: _Narrowed) -> list[Figure]:
    figures = [
        narrow.figure(say("Open"), counted.open, Query("open")),
        narrow.figure(say("My"), counted.mine, Query("my")),
        narrow.figure(
            say("Waiting for the customer") if narrow.reader.staff else say("Waiting for you"),
            counted.waiting_for_you,
            Query("my", (Filter("status", statuses.WAITING_ON_CUSTOMER),)),
        ),
        narrow.figure(say("Waiting for your approval"), counted.approval, Query("approval")),
        narrow.figure(say("Completed in the last 7 days"), counted.done, Query("done")),
    ]
    if narrow.reader.staff:  # nothing waits for their approval
        del figures[3]
    return figures


def _months(found: Report, narrow: _Narrowed) -> list[Month]:
    ends = [*(month.first_day for month in found.months[1:]), None]
    return [
        Month(
            month.first_day,
            narrow.figure("", month.created, Query("all", (Span("created", month.first_day, end),))),
            narrow.figure("", month.completed, Query("all", (Span("completed", month.first_day, end),))),
        )
        for month, end in zip(found.months, ends, strict=True)
    ]


def _any(session: Session, person: Person, now: datetime) -> bool:
    return bool(list_pages.page(session, Query("all"), person, _SHOWN[:1], now, limit=1).rows)


def _sites(session: Session, person: Person) -> tuple[str, ...] | None:
    """The names of the places that their tickets can be about."""
    names = select(Site.name).distinct().order_by(Site.name).limit(MOST_SITES + 1)
    if person.staff_id is None:
        seen = person.organisations | ({person.organisation_id} if person.organisation_id else frozenset())
        names = names.where(Site.organisation_id.in_(sorted(seen)))
    found = tuple(session.scalars(names))
    return found if len(found) <= MOST_SITES else None
