"""Lists of tickets: each holds what a person may see and no more, with exact bounds, in one query."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, select

from desk import columns, lists, load
from desk.access import Person, may_see
from desk.lists import Filter, Query, Span, View
from desk.report import month_starts, report
from store.database import Database
from store.tables import Approval, Contact, ContactAddress, Event, Organisation, Participant, Staff, Ticket

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ANN, KIM, PAT, SAM, WORKS, OTHER = range(1, 7)
SHOWN = (columns.BY_KEY["number"],)
PEOPLE = {
    "ann": Person(contact_id=ANN, organisation_id=WORKS, organisations=frozenset({WORKS})),
    "ann, own": Person(contact_id=ANN, organisation_id=WORKS),
    "pat": Person(contact_id=PAT, organisation_id=OTHER, organisations=frozenset({OTHER})),
    "pat, gone": Person(contact_id=PAT, organisation_id=OTHER, organisations=frozenset({OTHER}), active=False),
    "alone": Person(contact_id=PAT),
    "sam": Person(staff_id=SAM),
    "sam, gone": Person(staff_id=SAM, active=False),
    "nobody": Person(),
}


def ticket(ticket_id: int, requester: int, **values: object) -> Ticket:
    """A ticket whose number says its id."""
    row: dict[str, object] = {"title": "A ticket", "status": "New", "organisation_id": WORKS, "created_at": NOW}
    row = row | {"updated_at": NOW} | values
    return Ticket(id=ticket_id, number=f"T{ticket_id}", letter_subject="A ticket", desk_address="service@desk.test",
                  requester_id=requester, **row)  # fmt: skip


def done(ticket_id: int, ago: timedelta, **values: object) -> Ticket:
    """A ticket that was completed so long ago."""
    at = NOW - ago
    values = {"status": "Complete", "completed_at": at, "updated_at": at, "created_at": at} | values
    return ticket(ticket_id, ANN, **values)


@pytest.fixture
def filled(database: Database) -> Database:
    """Two organisations, three contacts, one member of staff, and tickets of every sort."""
    week, second = timedelta(days=7), timedelta(seconds=1)
    rows: list[list[Any]] = [
        [Organisation(id=WORKS, name="Works", created_at=NOW), Organisation(id=OTHER, name="Other", created_at=NOW)],
        [Staff(id=SAM, name="Sam", address="sam@desk.test", created_at=NOW)],
        [Contact(id=i, name=name, organisation_id=of, created_at=NOW,
                 addresses=[ContactAddress(address=f"{i}@x.test", written=f"{i}@x.test")])
         for i, name, of in ((ANN, "Ann", WORKS), (KIM, "", WORKS), (PAT, "Pat", OTHER))],
        [
            ticket(10, ANN, title="100% of ÄRGER\\ here", assignee_id=SAM),
            ticket(11, KIM, status="In Progress"),
            ticket(12, KIM, shared=False, title="1000 things"),
            ticket(13, PAT, organisation_id=OTHER, due_at=NOW - second),
            ticket(14, KIM, shared=False, status="Waiting Approval"),
            ticket(15, ANN, spam=True),
            ticket(16, KIM, shared=False, due_at=NOW + second),
            done(20, week - second), done(21, week), done(22, timedelta(days=1), merged_into_id=10),
        ],
        [Participant(ticket_id=14, contact_id=ANN, added_at=NOW),
         Participant(ticket_id=16, contact_id=ANN, added_at=NOW, removed_at=NOW),
         Approval(ticket_id=14, contact_id=ANN, asked_at=NOW), Approval(ticket_id=12, contact_id=ANN, asked_at=NOW),
         Approval(ticket_id=10, contact_id=ANN, asked_at=NOW, answer="approve")],
        [Event(id=40, ticket_id=11, at=NOW, kind="note", visibility="public", text="A zebra, 50_50"),
         Event(id=41, ticket_id=11, at=NOW, kind="note", visibility="internal", text="A giraffe")],
    ]  # fmt: skip
    with database.transaction() as session:
        for group in rows:
            session.add_all(group)
            session.flush()
    return database


def found(database: Database, query: Query, person: Person, **more: object) -> set[int]:
    """The ids of the tickets that a query shows to somebody."""
    values = {"limit": 100} | more
    with database.reading() as session:
        rows = lists.rows(session, query, person, SHOWN, NOW, **values)  # type: ignore[arg-type]
    return {int(str(row["number"])[1:]) for row in rows}


@pytest.mark.parametrize("who", PEOPLE)
def test_lists_and_single_tickets_agree(filled: Database, who: str) -> None:
    """Whatever the view: nothing that `may_see` denies; and all of it in the list of all, spam aside."""
    person = PEOPLE[who]
    with filled.reading() as session:
        every = load.tickets(session, range(10, 30))
    seen = {i for i, state in every.items() if may_see(person, state.view)}
    views: tuple[View, ...] = ("my", "open", "done", "all", "approval", "queue", "overdue")
    for view in views:
        assert found(filled, Query(view), person) <= seen
    assert found(filled, Query("all"), person) == (seen if person.staff_id else seen - {15})


@pytest.mark.parametrize(
    "view, expected",
    [("my", {10, 14}), ("open", {10, 11, 14}), ("done", {20}), ("all", {10, 11, 14, 20, 21, 22}), ("approval", {14})],
)
def test_views_of_a_customer(filled: Database, view: View, expected: set[int]) -> None:
    """Open ones, those of seven days less a second, and those to approve that one may see."""
    assert found(filled, Query(view), PEOPLE["ann"]) == expected


@pytest.mark.parametrize(
    "view, expected",
    [("my", {10}), ("open", {10, 11, 12, 13, 14, 16}), ("queue", {11, 12, 13, 14, 16}), ("overdue", {13})],
)
def test_views_of_staff(filled: Database, view: View, expected: set[int]) -> None:
    """What is taken, what is not, what is late: the very second counts."""
    assert found(filled, Query(view), PEOPLE["sam"]) == expected


@pytest.mark.parametrize(
    "words, expected",
    [
        (("100%",), {10}),
        (("ärger\\",), {10}),
        (("Ärger",), {10}),
        (("zebra",), {11}),
        (("50_50",), {11}),
        (("5__5",), set()),
        (("zebra", "ticket"), {11}),
        (("zebra", "100"), set()),
        (("giraffe",), set()),
        (("things",), set()),
        (("t11",), {11}),
    ],
)
def test_words(filled: Database, words: tuple[str, ...], expected: set[int]) -> None:
    """Each stands there as it is written, in any case; internal notes and others' tickets are not looked at."""
    assert found(filled, Query("all", words=words), PEOPLE["ann"]) == expected


def test_staff_find_internal_words(filled: Database) -> None:
    """They may read them."""
    assert found(filled, Query("all", words=("giraffe",)), PEOPLE["sam"]) == {11}


def test_spans(filled: Database) -> None:
    """From a moment on, and before one."""
    before = NOW - timedelta(days=3)
    assert found(filled, Query("all", (Span("created", until=before),)), PEOPLE["ann"]) == {20, 21}
    assert found(filled, Query("all", (Span("created", before, NOW),)), PEOPLE["ann"]) == {22}
    assert found(filled, Query("all", (Span("created", since=NOW),)), PEOPLE["ann"]) == {10, 11, 14}


OPERATORS = [
    (Filter("title", ("100",), "contains"), {10}),
    (Filter("title", ("a ticket",), "is"), {11, 14, 20, 21, 22}),
    (Filter("title", ("a tick",), "is"), set()),
    (Filter("title", ("a ticket",), "not"), {10}),
    (Filter("title", ("ticket",), "lacks"), {10}),
    (Filter("status", ("New",), "is"), {10}),
    (Filter("status", ("New", "Complete"), "not"), {11, 14}),
    (Filter("due", (), "empty"), {10, 11, 14, 20, 21, 22}),
    (Filter("due", (), "filled"), set()),
    (Filter("completed", (), "filled"), {20, 21, 22}),
    (Filter("site", (), "empty"), {10, 11, 14, 20, 21, 22}),
    # What has no site is at no other one either.
    (Filter("site", ("Main",), "not"), {10, 11, 14, 20, 21, 22}),
    (Filter("contact", ("Ann",), "is"), {10, 20, 21, 22}),
    (Filter("contact", ("An",), "is"), set()),
    (Filter("contact", ("Ann",), "not"), {11, 14}),
    (Filter("contact", ("2@x.test",), "contains"), {11, 14}),
    (Filter("ref", (), "empty"), {10, 11, 14, 20, 21, 22}),
    (Filter("approval", (), "filled"), set()),
    (Filter("source", ("E-mail",)), {10, 11, 14, 20, 21, 22}),
    (Filter("contact", (), "empty"), set()),
]


@pytest.mark.parametrize("one, expected", OPERATORS, ids=[f"{one.field} {one.operator}" for one, _ in OPERATORS])
def test_operators(filled: Database, one: Filter, expected: set[int]) -> None:
    """Each compares as it is called, in any case of letters."""
    assert found(filled, Query("all", (one,)), PEOPLE["ann"]) == expected


def test_queues_of_staff(filled: Database) -> None:
    """Nobody’s of any team, what waits for a customer, what is due within a day."""
    sam = PEOPLE["sam"]
    assert found(filled, Query("unassigned"), sam, teams=(99,)) == {11, 12, 13, 14, 16}
    assert found(filled, Query("waiting"), sam) == set()
    assert found(filled, Query("due"), sam) == {13, 16}


def test_filters_have_all_to_match(filled: Database) -> None:
    """Several filters narrow, several values of one widen."""
    person = PEOPLE["ann"]
    assert found(filled, Query("all", (Filter("status", ("New", "In Progress")),)), person) == {10, 11}
    both = (Filter("status", ("New", "In Progress")), Filter("contact", ("ann",)))
    assert found(filled, Query("all", both), person) == {10}


def test_counts(filled: Database) -> None:
    """The same figures as the lists have."""
    for who in ("ann", "ann, own", "pat", "pat, gone", "sam", "nobody"):
        person = PEOPLE[who]
        with filled.reading() as session:
            counts = lists.counts(session, person, NOW)
        views: tuple[View, ...] = ("open", "my", "approval", "done")
        listed = tuple(len(found(filled, Query(view), person)) for view in views)
        assert (counts.open, counts.mine, counts.approval, counts.done) == listed


def test_every_column(filled: Database) -> None:
    """Each has a value that can be read, in one query for all of them and all tickets."""
    seen: list[str] = []
    event.listen(filled.engine, "before_cursor_execute", lambda _c, _cur, sql, *_: seen.append(sql))
    shown = columns.available(staff=True, priority=True)
    with filled.reading() as session:
        rows = lists.rows(session, Query("all"), PEOPLE["sam"], shown, NOW, limit=100)
    assert len(rows) == 10
    assert len([sql for sql in seen if "ticket" in sql]) == 1
    one = next(row for row in rows if row["number"] == "T14")
    assert (one["contact"], one["people"], one["organisation"]) == ("2@x.test", "Ann", "Works")
    assert next(row for row in rows if row["number"] == "T10")["assignee"] == "Sam"


def test_a_limit(filled: Database) -> None:
    """No more than so many, the newest ones."""
    assert len(found(filled, Query("all"), PEOPLE["sam"], limit=3)) == 3


def test_chosen_columns() -> None:
    """The number first, whatever was chosen; what is not for this person is left out."""
    for_customers = columns.available(staff=False, priority=False)
    keys = [c.key for c in columns.chosen(["title", "assignee", "priority", "title", None], ("status",), for_customers)]
    assert keys == ["number", "title"]
    assert [c.key for c in columns.chosen(["assignee"], ("status",), for_customers)] == ["number", "status"]
    labels = [column.label for column in columns.available(staff=True, priority=True)]
    assert len(set(labels)) == len(labels)


def test_months_are_those_of_the_desk(filled: Database) -> None:
    """A month begins at midnight there, in summer as in winter."""
    zone = ZoneInfo("Europe/London")
    starts = month_starts(datetime(2026, 3, 31, 23, 30, tzinfo=UTC), zone)  # 1 April there
    assert (starts[-1].month, starts[0].year, starts[0].month) == (4, 2025, 5)
    edge = datetime(2026, 9, 30, 23, 0, tzinfo=UTC)  # midnight of 1 October
    with filled.transaction() as session:
        for ticket_id, at in ((50, edge), (51, edge - timedelta(seconds=1))):
            session.add(ticket(ticket_id, ANN, created_at=at))
    with filled.reading() as session:
        months = {m.first_day.month: m for m in report(session, PEOPLE["ann"], NOW, zone).months}
        assert len(session.scalars(select(Ticket.id)).all()) == 12
    assert (months[10].created, months[9].created) == (1, 1)
    assert (months[11].created, months[11].completed) == (6, 3)
