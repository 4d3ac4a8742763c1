"""Pages of lists: every ticket once, in any order, no more than a person may see, and how many there are."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest

from desk import list_pages, lists, search
from desk.access import Person
from desk.columns import BY_KEY
from desk.list_pages import Cursor
from desk.lists import SORTS, Filter, Query, SortKey, View
from store.database import Database
from store.tables import Contact, Event, Organisation, Participant, Staff, Ticket

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ANN, PAT, SAM, WORKS, OTHER = range(1, 6)
NUMBER = (BY_KEY["number"],)
PEOPLE = {
    "own": Person(contact_id=ANN, organisation_id=WORKS),
    "colleague": Person(contact_id=ANN, organisation_id=WORKS, organisations=frozenset({WORKS})),
    "both": Person(contact_id=ANN, organisation_id=WORKS, organisations=frozenset({WORKS, OTHER})),
    "gone": Person(contact_id=ANN, organisations=frozenset({WORKS}), active=False),
    "staff": Person(staff_id=SAM),
}
STATUSES = ("New", "In Progress", "Waiting Customer", "Resolved", "Complete")


@pytest.fixture
def filled(database: Database) -> Database:
    """Sixty tickets; of each three two changed at the same moment, some have no due time, some are not shared."""
    with database.transaction() as session:
        session.add_all(Organisation(id=i, name=f"O{i}", created_at=NOW) for i in (WORKS, OTHER))
        session.add(Staff(id=SAM, name="Sam", address="sam@desk.test", created_at=NOW))
        session.flush()
        session.add_all(
            Contact(id=i, name=f"C{i}", organisation_id=of, created_at=NOW) for i, of in ((ANN, WORKS), (PAT, OTHER))
        )
        session.flush()
        session.add_all(ticket(i) for i in range(100, 160))
        session.flush()
        session.add(Participant(ticket_id=101, contact_id=ANN, added_at=NOW))
        session.add(Participant(ticket_id=103, contact_id=ANN, added_at=NOW, removed_at=NOW))
        session.add(Event(id=1, ticket_id=104, at=NOW, kind="note", visibility="public", text="A zebra"))
    return database


def ticket(i: int) -> Ticket:
    """One of them, by its number."""
    at = NOW - timedelta(hours=i // 3)
    status = STATUSES[i % 5]
    done = status in ("Resolved", "Complete")
    return Ticket(
        id=i, number=f"T{i}", title=["Printer", "door", "Äpfel", ""][i % 4], letter_subject="t", status=status,
        desk_address="d", organisation_id=WORKS if i % 2 else OTHER, requester_id=PAT if i % 3 else ANN,
        shared=i % 7 != 0, created_at=at, updated_at=at, completed_at=at if done else None,
        due_at=NOW + timedelta(hours=i % 4) if i % 5 else None, needed_by=date(2026, 12, 1 + i % 9) if i % 2 else None,
        assignee_id=SAM if i % 4 == 0 else None,
    )  # fmt: skip


def turned(database: Database, query: Query, person: Person, limit: int = 7) -> list[str]:
    """The numbers of all pages, one after another."""
    found: list[str] = []
    after = None
    with database.reading() as session:
        while True:
            page = list_pages.page(session, query, person, NUMBER, NOW, after=after, limit=limit)
            found += [str(row["number"]) for row in page.rows]
            if page.older is None:
                return found
            assert len(page.rows) == limit
            # An address keeps it as text.
            after = list_pages.read_cursor(str(page.older), lists.sorted_by(query))
            assert after == page.older


def at_once(database: Database, query: Query, person: Person) -> list[str]:
    """The same list as letters have it."""
    with database.reading() as session:
        return [str(row["number"]) for row in lists.rows(session, query, person, NUMBER, NOW, limit=1000)]


@pytest.mark.feature("F173", "page")
@pytest.mark.parametrize("descending", [False, True])
def test_every_order_is_turned_page_by_page(filled: Database, descending: bool) -> None:
    """Every ticket once, in the order of the whole list; what has no value comes last."""
    for sort, who in itertools.product(("", *SORTS), ("colleague", "staff")):
        query = Query("all", sort=sort, descending=descending)
        found = turned(filled, query, PEOPLE[who])
        assert found == at_once(filled, query, PEOPLE[who]), (sort, who)
        assert len(found) == len(set(found)) > 30
    last = turned(filled, Query("all", sort="due", descending=descending), PEOPLE["staff"])[-12:]
    assert all(int(number[1:]) % 5 == 0 for number in last)


@pytest.mark.parametrize("who", PEOPLE)
def test_pages_and_letters_show_the_same(filled: Database, who: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the view, and by whichever way tickets are looked for."""
    person = PEOPLE[who]
    views: tuple[View, ...] = ("my", "open", "done", "all", "approval")
    if person.staff_id:
        views = (*views, "queue", "unassigned", "waiting", "due", "overdue")
    queries = [Query(view) for view in views]
    queries += [Query("all", (Filter("status", ("New",)),)), Query("all", words=("zebra",))]
    for most in (list_pages.MOST_WAYS, 1):
        monkeypatch.setattr(list_pages, "MOST_WAYS", most)
        for query in queries:
            assert turned(filled, query, person) == at_once(filled, query, person), query


@pytest.mark.parametrize("rare, less_rare, read, few", [(99, 99, 9, 9), (0, 99, 1, 9), (0, 0, 1, 0), (0, 0, 99, 99)])
def test_words_are_found_alike_however_common(
    filled: Database, monkeypatch: pytest.MonkeyPatch, rare: int, less_rare: int, read: int, few: int
) -> None:
    """By the index, or by reading one ticket after another; some of them are not in the index yet."""
    search.catch_up(filled, 60)
    with filled.transaction() as session:
        session.add(Event(id=2, ticket_id=108, at=NOW, kind="note", visibility="internal", text="Hidden printer zebra"))
        session.add(Event(id=3, ticket_id=109, at=NOW, kind="note", visibility="public", text="PRINTER zebra zebra"))
    for name, value in {"MOST_READ": read, "_FEW": few, "PAGE": 1}.items():
        monkeypatch.setattr(list_pages, name, value)
    monkeypatch.setattr(search, "RARE", rare)
    monkeypatch.setattr(search, "LESS_RARE", less_rare)
    some = (
        ("printer",),
        ("printer", "zebra"),
        ("zebra", "zebra"),
        ("door", "äpfel"),
        ("o", "door"),
        ("t107",),
        ("no",),
    )
    for words, who in itertools.product(some, ("colleague", "own", "staff")):
        for query in (Query("all", words=words), Query("open", words=words), Query("all", (), words, "title")):
            expected = at_once(filled, query, PEOPLE[who])
            assert turned(filled, query, PEOPLE[who], limit=3) == expected, (query, who)
            with filled.reading() as session:
                assert list_pages.count(session, query, PEOPLE[who], NOW) == len(expected), (query, who)


def test_more_organisations_than_open_statuses(filled: Database) -> None:
    """What is open is then looked for by status."""
    many = Person(contact_id=ANN, organisation_id=WORKS, organisations=frozenset({WORKS, OTHER, *range(1000, 1010)}))
    assert turned(filled, Query("open"), many) == at_once(filled, Query("open"), PEOPLE["both"])


def test_a_list_stays_right_while_it_grows(filled: Database) -> None:
    """What comes in later is before the page, and nothing is shown twice or passed over."""
    before = turned(filled, Query("all"), PEOPLE["staff"])
    with filled.reading() as session:
        first = list_pages.page(session, Query("all"), PEOPLE["staff"], NUMBER, NOW, limit=20)
    with filled.transaction() as session:
        new = ticket(200)
        new.created_at = NOW + timedelta(hours=1)
        session.add(new)
    with filled.reading() as session:
        second = list_pages.page(session, Query("all"), PEOPLE["staff"], NUMBER, NOW, after=first.older, limit=20)
    assert [row["number"] for row in (*first.rows, *second.rows)] == before[:40]


def test_how_many_there_are(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exactly, up to a bound; beyond it that there are more."""
    with filled.reading() as session:
        assert list_pages.count(session, Query("all"), PEOPLE["staff"], NOW) == 60
        mine = Query("all", (Filter("contact", ("C1",)),))
        assert list_pages.count(session, mine, PEOPLE["own"], NOW) == 20
        for who, person in PEOPLE.items():
            shown = lists.rows(session, Query("open"), person, NUMBER, NOW, limit=1000)
            assert list_pages.count(session, Query("open"), person, NOW) == len(shown), who
        monkeypatch.setattr(list_pages, "MOST_COUNTED", 10)
        assert list_pages.count(session, Query("all"), PEOPLE["staff"], NOW) == 11
        assert list_pages.count(session, Query("open"), PEOPLE["staff"], NOW) == 11


def test_files_are_read_in_batches(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of a list, or as much of it as is wanted, and not a row twice."""
    monkeypatch.setattr(list_pages, "BATCH", 13)
    person, query = PEOPLE["staff"], Query("all", sort="title", descending=False)
    for most, expected in ((1000, 60), (20, 20), (26, 26), (0, 0)):
        batches = list(list_pages.every(filled, query, person, NUMBER, NOW, most=most))
        rows = [str(row["number"]) for batch in batches for row in batch]
        assert rows == at_once(filled, query, person)[:expected]
        assert all(len(batch) <= 13 for batch in batches)


@pytest.mark.parametrize(
    "text, sort",
    [
        ("", "created"), ("1", "created"), ("1-", "created"), ("-1-1", "created"), ("1-x", "created"),
        ("1-1;drop table ticket", "created"), ("1-99999999999999999999999", "created"), ("x-1", "title"),
        ("1-2026-13-01", "needed"), ("٣-1", "created"), ("1" * 19 + "-1", "created"), ("1-" + "x" * 201, "title"),
    ],
)  # fmt: skip
def test_what_is_no_cursor(text: str, sort: str) -> None:
    """Said, not guessed."""
    with pytest.raises(ValueError, match=r".*"):
        list_pages.read_cursor(text, SortKey(sort, descending=True))


def test_cursors_of_tickets_without_a_value() -> None:
    """A due time may lack; a title may be empty, or hold anything."""
    assert list_pages.read_cursor("7-", SortKey("due", descending=True)) == Cursor(7, None)
    assert list_pages.read_cursor("7-", SortKey("title", descending=True)) == Cursor(7, "")
    assert list_pages.read_cursor("7-a-b\n", SortKey("title", descending=True)) == Cursor(7, "a-b\n")
