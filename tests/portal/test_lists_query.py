"""Lists as addresses: what is written is read as the same, and what cannot be is named."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from desk.list_pages import Cursor
from desk.lists import Filter, Query, Span
from portal import list_query
from portal.list_query import Reader, Unreadable

LONDON = ZoneInfo("Europe/London")
STAFF = Reader(LONDON, staff=True, usual="queue", names={"neu": "New"})
CUSTOMER = Reader(LONDON, priority=False)


def day(month: int, number: int) -> datetime:
    """Midnight in London."""
    return datetime(2026, month, number, tzinfo=LONDON)


QUERIES = [
    Query("all"),
    Query("queue"),
    Query("due", sort="due", descending=False),
    Query("open", sort="title"),
    Query("all", (Filter("status", ("New", "In Progress")), Filter("site", ("W_AZZURR/0007",)))),
    Query("all", (Filter("title", ("100% & more; =?#",), "lacks"), Filter("due", (), "empty"))),
    Query("all", (Filter("contact", ("Jané",), "is"), Filter("item", ("x",), "not"))),
    Query("all", words=("phones down", "mso")),
    Query("all", (Span("created", day(4, 1), day(5, 1)),)),
    Query("all", (Span("created", until=day(3, 30)),)),
    Query("all", (Span("created", since=day(10, 25)),)),
    Query("all", (Span("due", day(4, 1), day(4, 2)),)),
    Query("all", (Span("updated", day(4, 1), day(4, 9)),)),
    Query("all", (Span("completed", since=day(4, 1)),)),
    Query("all", (Span("due", until=day(4, 1)),)),
    Query("all", (Span("created", day(4, 1), day(5, 1)), Span("created", until=day(4, 20)))),
]


@pytest.mark.feature("F171", "page")
@pytest.mark.feature("F172", "page")
@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_what_is_written_is_read(query: Query) -> None:
    """The same query, by an address that can be kept and mailed."""
    address = list_query.address("/desk", query, STAFF, Cursor(7, datetime(2026, 1, 1, tzinfo=UTC)))
    pairs = list_query.pairs_of(address)
    if query.sort in ("", "due"):
        assert list_query.read(pairs, STAFF).query == query
    assert list_query.read(pairs[:-1], STAFF).query == query
    assert list_query.read(pairs[:-1], STAFF).tidy


@pytest.mark.parametrize(
    "said, query",
    [
        ("", Query("all")),
        ("status=new", Query("all", (Filter("status", ("New",)),))),
        ("status=", Query("all")),
        ("q=“phones down” mso", Query("all", words=("phones down", "mso"))),
        ("f=status&o=is&v=New", Query("all", (Filter("status", ("New",)),))),
        ("f=&o=contains&v=&w=&f=title&o=contains&v=x&w=", Query("all", (Filter("title", ("x",)),))),
        ("from=2026-04-01&to=2026-04-30", Query("all", (Span("created", day(4, 1), day(5, 1)),))),
        ("f=due&o=after&v=2026-04-01", Query("all", (Span("due", since=day(4, 2)),))),
        ("q=a%00b%0d", Query("all", words=("a", "b"))),
        ("unknown=x&done=saved&form_token=x", Query("all")),
    ],
)
def test_reading(said: str, query: Query) -> None:
    """As a form sends it, and as people write it; what is not ours is passed over."""
    reader = Reader(LONDON, names={"new": "New"})
    assert list_query.read(list_query.pairs_of(f"/tickets?{said}"), reader).query == query


@pytest.mark.parametrize(
    "said, field",
    [
        ("view=x", ""), ("view=queue", ""), ("view=open'--", ""), ("sort=id", "sort"),
        ("sort=created;drop table ticket", "sort"), ("sort=--created", "sort"), ("status=Lost", "status"),
        ("priority=High", ""), ("assignee=Sam", ""), ("before=x", ""), ("sort=title&before=1-a%00", ""),
        ("before=1-1;drop", ""),
        ("from=2026-02-30", "from"), ("to=9999-12-31", "to"), ("from=yesterday", "from"),
        ("f=priority&o=is&v=High", ""), ("f=id&o=is&v=1", ""), ("f=title&o=like&v=1", "o1"), ("f=due&o=is&v=1", "o1"),
        ("f=status&o=empty", "o1"), ("f=title&o=is&v=", "v1"), ("f=due&o=between&v=2026-01-01", "w1"),
        ("f=due&o=between&v=x&w=y", "v1"), ("f=due&o=between&v=2026-01-01&w=y", "w1"), ("f=&o=is&v=x", "f1"),
        ("title=" + "x" * 101, "title"), ("q=a b c d e f g h i", "q"), ("&".join(["f=title&o=is&v=x"] * 21), ""),
    ],
)  # fmt: skip
def test_what_cannot_be_read(said: str, field: str) -> None:
    """It is named, at the field where it stands."""
    with pytest.raises(Unreadable) as unreadable:
        list_query.read(list_query.pairs_of(f"/tickets?{said}"), CUSTOMER)
    assert unreadable.value.field == field
    assert unreadable.value.said


def test_names_in_the_language_of_the_reader() -> None:
    """“Neu” is New."""
    query = list_query.read([("f", "status"), ("o", "not"), ("v", "neu")], STAFF).query
    assert query.filters == (Filter("status", ("New",), "not"),)


def test_places_in_a_list_are_kept_letter_for_letter() -> None:
    """Two spaces of a title are two."""
    query, place = Query("all", sort="title"), Cursor(7, " Two  spaces & more ")
    address = list_query.address("/tickets", query, CUSTOMER, place)
    assert list_query.read(list_query.pairs_of(address), CUSTOMER).after == place
