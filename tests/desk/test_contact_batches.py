"""A file of contacts taken in part by part: what is written, what a stop leaves, what the history keeps."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from gettext import NullTranslations
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import event, func, select, update

from desk import contact_batches, contact_history, people
from desk.contact_batches import PART, Wish
from desk.contact_file import Row
from desk.contact_import import Plan, Step
from desk.contact_run import About, Access, Run
from desk.contact_tally import KEPT, Tally
from desk.granting import Policy
from desk.keys import Keys
from desk.said import spoken
from store.database import Database
from store.tables import Account, Contact, ContactAddress, ImportRun, Outbox, Site

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
KEYS = Keys(((1, bytes(range(32))),))
ABOUT = About("people.csv", update=False, by="Olga Operator")


def row(number: int, *, access: bool = False, **more: str) -> Row:
    """A row of the file."""
    address = f"person{number}@customer.test"
    cells = {"First name": f"Ann {number}", "Last name": "Sample", "Email": address} | more
    return Row(number, cells | ({"Username": address} if access else {}))


def rows(count: int, *, access: bool = False) -> list[Row]:
    """So many of them."""
    return [row(number, access=access) for number in range(2, count + 2)]


def quiet(done: int, made: Plan) -> None:
    """Progress that nobody sees."""


@pytest.fixture
def works(database: Database) -> int:
    """An organisation with a site."""
    with database.transaction() as session:
        made = people.organisation(session, "Sample Works", database.ids.next(), NOW)
        session.add(Site(id=1, organisation_id=made.id, name="North"))
        return made.id


def take(database: Database, works: int, found: list[Row], progress: Any = quiet, **more: Any) -> Tally:
    """Take rows in, as an operator does."""
    wish = Wish(works, more.get("update", False), ("Standard User", "Admin User"), frozenset({"sam@desk.test"}))
    run = Run(Access(KEYS, Policy(letters_per_minute=more.get("pace", 30)), "Olga"), works, 1)
    return contact_batches.take_in(database, found, wish, run, ABOUT, more.get("now", NOW), progress)


def everything(database: Database, query: Any) -> list[Any]:
    """All that a query finds."""
    with database.reading() as session:
        found = session.execute(query)
        return list(found.all() if len(query.column_descriptions) > 1 else found.scalars())


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """What is sent to the database meanwhile."""
    found: list[str] = []

    def note(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        found.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield found
    event.remove(database.engine, "before_cursor_execute", note)


def test_a_file_of_several_parts(database: Database, works: int) -> None:
    """Everybody is there, with their site; one entry of the history has exact counts."""
    tally = take(database, works, rows(2 * PART + 10))
    assert tally.figures == {"added": 2 * PART + 10, "updated": 0, "skipped": 0, "refused": 0, "letters": 0}
    assert everything(database, select(func.count()).select_from(Contact).where(Contact.site_id == 1)) == [
        2 * PART + 10
    ]
    (run,) = everything(database, select(ImportRun))
    assert (run.added, run.by, run.file_name, run.organisation_id) == (
        2 * PART + 10,
        "Olga Operator",
        "people.csv",
        works,
    )


def test_statements_do_not_grow_with_the_rows(database: Database, works: int) -> None:
    """As many for a part of a thousand as for one of ten."""
    counts = []
    for start, size in ((2, 10), (5_000, PART)):
        with statements(database) as sent:
            take(database, works, [row(start + place, access=True) for place in range(size)])
        counts.append(len(sent))
    assert counts[1] <= counts[0] + 2, counts  # ids come in blocks


def test_stopped_and_started_again(database: Database, works: int) -> None:
    """Whole parts stay, with their history; the second run passes over them, and its letters queue behind theirs."""

    def stop(done: int, made: Plan) -> None:
        if done >= PART:
            raise KeyboardInterrupt

    found = rows(PART + 500, access=True)
    with pytest.raises(KeyboardInterrupt):
        take(database, works, found, stop)
    (first,) = everything(database, select(ImportRun))
    assert (first.added, first.letters, len(first.rows)) == (PART, PART, PART)
    assert everything(database, select(func.count()).select_from(Contact)) == [PART]
    tally = take(database, works, found, now=NOW + timedelta(minutes=1))
    assert (tally.counts["skipped"], tally.counts["added"]) == (PART, 500)
    assert everything(database, select(func.count()).select_from(Contact)) == [PART + 500]
    times = everything(database, select(Outbox.next_at).order_by(Outbox.next_at))
    assert len(times) == PART + 500
    assert min(later - sooner for sooner, later in pairwise(times)) == timedelta(seconds=2)


def test_addresses_are_seen_across_parts(database: Database, works: int) -> None:
    """Of a first and of a second address: the later row is refused, and names the earlier one."""
    found = rows(PART + 2)
    found[0] = row(2, **{"Email 2": "both@customer.test"})
    found[-1] = row(PART + 3, Email="Person2@customer.test")
    found[-2] = row(PART + 2, Email="BOTH@customer.test")
    tally = take(database, works, found)
    assert (tally.counts["added"], tally.counts["refused"]) == (PART, 2)
    assert {said.partition(": ")[2] for said in tally.refused} == {"it has the same address as row 2"}


def test_all_addresses_of_new_people(database: Database, works: int) -> None:
    """In their order; the same one twice is one."""
    take(database, works, [row(2, **{"Email 2": "Second@customer.test", "Email 3": "PERSON2@customer.test"})])
    found = select(ContactAddress.position, ContactAddress.address).order_by(ContactAddress.position)
    assert [tuple(one) for one in everything(database, found)] == [
        (0, "person2@customer.test"), (1, "second@customer.test"),
    ]  # fmt: skip


@pytest.mark.feature("F194", "mail")
@pytest.mark.parametrize("pace, apart", [(30, 2), (60, 1), (1, 60)])
def test_welcome_letters_are_throttled(database: Database, works: int, pace: int, apart: int) -> None:
    """So many a minute; what a letter carries works for its hours from when it goes out."""
    take(database, works, rows(4, access=True), pace=pace)
    letters = everything(database, select(Outbox.next_at, Account.once_expires_at).join(
        Account, Account.contact_id == Outbox.contact_id).order_by(Outbox.next_at))  # fmt: skip
    assert [(at - NOW).total_seconds() for at, _ in letters] == [0, apart, 2 * apart, 3 * apart]
    assert {until - at for at, until in letters} == {timedelta(hours=72)}


@pytest.mark.feature("F194", "mail")
def test_progress_of_the_letters(database: Database, works: int) -> None:
    """Sent, waiting, given up; of letters whose record is gone it is known that they went out."""
    take(database, works, rows(5, access=True))
    ids = everything(database, select(Outbox.id).order_by(Outbox.id))
    with database.transaction() as session:
        session.execute(update(Outbox).where(Outbox.id.in_(ids[:2])).values(state="sent"))
        session.execute(update(Outbox).where(Outbox.id == ids[2]).values(state="refused"))
    with database.reading() as session:
        runs = contact_history.runs(session, works, 10)
        (found,) = contact_history.letters(session, runs).values()
    assert (found.total, found.sent, found.waiting, found.failed) == (5, 2, 2, 1)
    assert found.said == "2 of 5 welcome letters sent. 1 could not be sent."


@pytest.mark.feature("F190", "mail")
def test_the_history_is_of_one_organisation(database: Database, works: int) -> None:
    """The newest first; without rows where only the counts are wanted."""
    take(database, works, rows(1))
    take(database, works, rows(2), now=NOW + timedelta(hours=1))
    with database.reading() as session:
        assert [run.added for run in contact_history.runs(session, works, 10, rows=False)] == [1, 1]
        assert contact_history.runs(session, works + 1, 10) == []
        newest = contact_history.runs(session, works, 1)[0]
    assert [(n, fate, spoken(why, NullTranslations())) for n, fate, why in newest.rows] == [
        (2, "skipped", "is there already"), (3, "added", ""),
    ]  # fmt: skip


def test_the_history_keeps_some_rows_and_counts_all() -> None:
    """Refused ones first, however late they come; in the order of the file."""
    tally = Tally()
    tally.add(Step(Row(number, {}), "skipped", "is there already") for number in range(2, KEPT + 1_000))
    tally.add([Step(Row(KEPT + 1_000, {}), "refused", "no")])
    assert (len(tally.rows), tally.counts["skipped"], tally.total) == (KEPT, KEPT + 998, KEPT + 999)
    assert tally.rows[-1] == [KEPT + 1_000, "refused", "no"]
    assert tally.rows == sorted(tally.rows)


def test_nothing_is_written_when_it_is_tried(database: Database, works: int) -> None:
    """The counts are those of the import."""
    wish = Wish(works, False, ("Standard User",), frozenset())
    with database.reading() as session:
        tried = contact_batches.try_out(session, rows(5, access=True), wish, quiet)
    assert everything(database, select(func.count()).select_from(Contact)) == [0]
    assert tried.figures == take(database, works, rows(5, access=True)).figures


def test_an_update_of_people_in_several_parts(database: Database, works: int) -> None:
    """Found by name and address, changed where the file says something else."""
    take(database, works, rows(PART + 5))
    tally = take(database, works, [row(n, City="York") for n in range(2, PART + 7)], update=True)
    assert tally.counts["updated"] == PART + 5
    details = everything(database, select(Contact.details))
    assert {str(found) for found in details} == {"{'City': 'York'}"}
