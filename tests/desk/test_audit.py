"""The audit log: written with the act, read by whoever works here, changed by nobody, and found out where it was."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from desk import audit, audit_log, audit_seal, audit_tickets, walking
from desk.audit import Origin
from desk.audit_acts import ACTS
from desk.audit_log import Wanted
from desk.audit_names import Line
from desk.keys import Keys
from desk.writes import Writes
from store.database import Database
from store.tables import Audit, AuditGate, AuditSeal, Event, Staff, Ticket, core

KEYS = Keys(((1, b"k" * 32),))
NOW = datetime.now(UTC)
LATER = NOW + timedelta(hours=3)
SAM = Origin("page", staff_id=7, via="session abc", peer="192.0.2.1")
TABLE = core(Audit)


def write(database: Database, count: int = 3, origin: Origin = SAM) -> None:
    """Some acts of one person."""
    with database.transaction() as session, audit.acting(origin):
        for number in range(count):
            audit.note(session, "team.joined", "team", number, staff=7)


def seal(database: Database, now: datetime = LATER) -> int:
    """As the timer does it."""
    with database.transaction() as session:
        return audit_seal.seal(session, KEYS, now)


def faults(database: Database, keys: Keys = KEYS) -> list[str]:
    """What `postdesk verify` would say."""
    with database.reading() as session:
        return [fault.what for fault in audit_seal.faults(session, keys)]


def rows(database: Database) -> list[Audit]:
    """All of it, oldest first."""
    with database.reading() as session:
        return list(session.scalars(select(Audit).order_by(Audit.at, Audit.id)))


def without_triggers(database: Database, statement: str) -> None:
    """What somebody does who may do everything with the database."""
    with database.transaction() as session:
        if database.is_sqlite:
            names = session.scalars(text("SELECT name FROM sqlite_master WHERE type='trigger' AND name LIKE 'audit%'"))
            for name in names.all():
                session.execute(text(f"DROP TRIGGER {name}"))
        else:
            session.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
            session.execute(text("ALTER TABLE audit_seal DISABLE TRIGGER USER"))
        session.execute(text(statement))


def test_a_row_says_who_did_what_by_which_way(database: Database) -> None:
    """Who acts is said once, around it; outside it is the desk itself, and of empty details nothing is kept."""
    with database.transaction() as session:
        with audit.acting(SAM):
            audit.note(session, "contact.changed", "contact", 12, fields=["Email"], level=None)
        audit.note(session, "import.begun", "import", 3)
    first, second = rows(database)
    assert (first.way, first.staff_id, first.contact_id, first.act) == ("page", 7, None, "contact.changed")
    assert (first.kind, first.object_id, first.details) == ("contact", 12, {"fields": ["Email"]})
    assert (first.via, first.peer) == ("session abc", "192.0.2.1")
    assert (second.way, second.staff_id, second.operator, second.peer) == ("timer", None, "", "")


def test_it_goes_with_the_act(database: Database) -> None:
    """What is undone has left nothing in the log."""

    def broken_off() -> None:
        with database.transaction() as session:
            audit.note(session, "team.added", "team", 1)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken_off()
    assert rows(database) == []


def test_an_act_without_a_word_is_refused(database: Database) -> None:
    """Whoever reads the log knows what each word means."""
    writes = Writes(database.ids.next)
    with pytest.raises(ValueError, match=r"no word 'team\.lost'"):
        audit.note(writes, "team.lost")
    assert all(means and word.count(".") == 1 and len(word) <= 40 for word, means in ACTS.items())


def test_many_acts_are_one_statement(database: Database) -> None:
    """What is collected with all else of a batch goes in with it."""
    statements: list[str] = []
    writes = Writes(database.ids.next)
    for number in range(50):
        audit.note(writes, "contact.changed", "contact", number)
    with database.transaction() as session:
        from sqlalchemy import event

        connection = session.connection()
        event.listen(connection, "before_cursor_execute", lambda *said: statements.append(said[2]))
        writes.flush(session)
    assert len(rows(database)) == 50
    assert sum("INTO audit" in one for one in statements) == 1


Wrong = Callable[[Session], object]
CHANGES: dict[str, Wrong] = {
    "update": lambda session: session.execute(update(TABLE).values(staff_id=8)),
    "delete": lambda session: session.execute(delete(TABLE)),
    "peer": lambda session: session.execute(update(TABLE).values(peer="")),
    "seal update": lambda session: session.execute(update(core(AuditSeal)).values(number=9)),
    "seal delete": lambda session: session.execute(delete(core(AuditSeal))),
}


@pytest.mark.parametrize("how", CHANGES)
def test_nobody_changes_or_deletes_a_row(database: Database, how: str) -> None:
    """The database refuses, whoever asks: triggers of SQLite and of PostgreSQL."""
    write(database)
    assert seal(database) == 3
    with pytest.raises(DBAPIError, match="the audit log is not changed"), database.transaction() as session:
        CHANGES[how](session)
    assert [row.staff_id for row in rows(database)] == [7, 7, 7]
    assert faults(database) == []


@pytest.mark.parametrize("statement", ["REPLACE INTO audit SELECT * FROM audit", "TRUNCATE audit"])
def test_nor_by_a_way_round(database: Database, statement: str) -> None:
    """REPLACE of SQLite deletes without asking the trigger for it, TRUNCATE of PostgreSQL asks none for rows."""
    if database.is_sqlite != statement.startswith("REPLACE"):
        pytest.skip("the other database knows it")
    write(database)
    with pytest.raises(DBAPIError, match="the audit log is not changed"), database.transaction() as session:
        session.execute(text(statement))


@pytest.mark.parametrize("how", ["delete", "update"])
def test_the_gate_lets_out_what_is_old_and_nothing_else(database: Database, how: str) -> None:
    """Open for rows before a moment, a younger one does not go, and no row becomes another one."""
    write(database)

    def through_the_gate() -> None:
        with database.transaction() as session:
            session.execute(insert(core(AuditGate)).values(id=1, before=NOW - timedelta(days=1)))
            CHANGES[how](session)

    with pytest.raises(DBAPIError, match="not changed"):
        through_the_gate()
    assert len(rows(database)) == 3


def test_rows_that_are_too_old_go(database: Database) -> None:
    """Under whole seals; a row says that they went, the seals stay, and the gate is closed again."""
    write(database)
    assert seal(database) == 3
    with database.transaction() as session:
        assert audit_seal.prune(session, KEYS, NOW - timedelta(days=1)) == 0
    with database.transaction() as session:
        assert audit_seal.prune(session, KEYS, LATER) == 3
    (left,) = rows(database)
    assert (left.act, left.details["rows"]) == ("audit.pruned", 3)
    assert seal(database, LATER + timedelta(hours=2)) == 1
    assert faults(database) == []
    with database.reading() as session:
        assert session.scalars(select(AuditGate)).all() == []


def test_rows_that_were_taken_away_are_missed(database: Database) -> None:
    """Nobody without the key can say that they went by themselves, not even by a row that the next seal closes over."""
    write(database)
    seal(database)
    with database.transaction() as session:
        audit.note(session, "audit.pruned", before="2150-01-01T00:00:00+00:00", rows=3, key_id=1, proof="0" * 32)
    assert seal(database, LATER + timedelta(hours=2)) == 1
    without_triggers(database, "DELETE FROM audit WHERE act = 'team.joined'")
    assert faults(database) == ["3 of its rows are gone"]


@pytest.mark.parametrize(
    "statement, said",
    [
        ("UPDATE audit SET staff_id = 8 WHERE object_id = 1", "its rows are not what they were"),
        ("UPDATE audit SET details = '{}' WHERE object_id = 1", "its rows are not what they were"),
        ("UPDATE audit SET at = '2019-04-09 12:00:00' WHERE object_id = 1", "its rows are not what they were"),
        ("DELETE FROM audit WHERE object_id = 1", "1 of its rows are gone"),
        ("DELETE FROM audit_seal WHERE number = 1", "a seal is missing"),
    ],
)
def test_who_edits_the_database_by_hand_is_found_out(database: Database, statement: str, said: str) -> None:
    """The seals have a key that is not in the database."""
    write(database)
    seal(database)
    write(database)
    seal(database, LATER + timedelta(hours=2))
    assert faults(database) == []
    without_triggers(database, statement)
    assert said in faults(database)


def test_a_row_from_the_past_is_under_no_seal(database: Database) -> None:
    """Somebody puts in by hand what was never done."""
    write(database)
    seal(database)
    old = (
        "INSERT INTO audit (id, at, way, operator, act, kind, details, via, peer) VALUES (999999999, :at, 'page', '', "
    )
    with database.transaction() as session:
        session.execute(text(f"{old}'team.added', '', '{{}}', '', '')"), {"at": datetime(2019, 4, 9)})
    assert faults(database) == ["row 999999999 is under no seal"]


def test_another_key_fits_no_seal(database: Database) -> None:
    """Whoever has the database alone cannot make seals that fit; a new key leaves the old seals right."""
    write(database)
    seal(database)
    assert faults(database, Keys(((1, b"x" * 32),))) == ["its rows are not what they were"]
    assert faults(database, Keys(((2, b"x" * 32), *KEYS.entries))) == []
    assert faults(database, Keys(((2, b"x" * 32),))) == ["the key 1 that it was made with is gone"]


def test_what_comes_late_is_in_the_next_seal(database: Database) -> None:
    """A transaction that began before a seal and ended after it is no fault, and nobody waited for it."""
    write(database, 1)
    with database.transaction() as session:
        audit_seal.seal(session, KEYS, LATER)
        newest = session.scalars(select(AuditSeal)).one().upto
    with database.transaction() as session:
        late = {"at": newest - timedelta(minutes=5), "way": "page", "act": "team.added", "kind": "team", "details": {}}
        session.execute(insert(TABLE), [{"id": database.ids.next(), "operator": "", "via": "", "peer": "", **late}])
    assert seal(database, LATER + timedelta(hours=2)) == 1
    assert faults(database) == []


def test_seals_are_made_by_the_hour_or_by_the_hundred(database: Database) -> None:
    """A quiet desk has one an hour; of what is just being written none has any."""
    write(database, 1)
    assert seal(database, NOW - timedelta(hours=1)) == 0
    assert seal(database) == 1
    write(database, 1)
    assert seal(database, LATER + timedelta(minutes=59)) == 0
    write(database, audit_seal.MOST)
    assert seal(database, LATER + timedelta(minutes=59)) == audit_seal.MOST
    assert seal(database, LATER + timedelta(hours=2)) == 1


@pytest.mark.parametrize("wrong", [timedelta(days=365), timedelta(days=-365)])
def test_a_clock_that_was_wrong_stops_no_seal(database: Database, wrong: timedelta) -> None:
    """It had run ahead by a year, or was set back by one: what is written meanwhile and afterwards is sealed."""
    write(database, 1)
    assert seal(database, NOW + timedelta(minutes=90)) == 1
    then = {"at": NOW + wrong, "way": "page", "act": "team.added", "kind": "team", "details": {}, "operator": ""}
    with database.transaction() as session:
        session.execute(insert(TABLE), [{"id": database.ids.next(), "via": "", "peer": "", **then}])
    assert seal(database, NOW + wrong + timedelta(hours=2)) == 1
    write(database, 1)
    assert seal(database, LATER) == 1
    assert seal(database, LATER + timedelta(hours=2)) == 0
    assert faults(database) == []


def test_whoever_is_erased_came_from_nowhere(database: Database) -> None:
    """Their address on the net goes, that they came stays, and the seals fit as before."""
    write(database, origin=Origin("page", contact_id=5, peer="192.0.2.5"))
    write(database)
    seal(database)
    with database.transaction() as session:
        assert audit_seal.forget_peers(session, 5) == 3
    assert [row.peer for row in rows(database)] == ["", "", "", "192.0.2.1", "192.0.2.1", "192.0.2.1"]
    assert faults(database) == []


def test_nor_where_they_had_not_signed_in(database: Database) -> None:
    """A wrong password, a link asked for: their address goes. That of somebody else who did something to them stays."""
    about = [("sign-in.refused", "account", 50), ("sign-in.link", "contact", 5), ("contact.unsubscribed", "contact", 5)]
    others = [("sign-in.refused", "account", 51), ("sign-in.link", "contact", 6), ("board.joined", "team", 5)]
    with database.transaction() as session:
        with audit.acting(Origin("page", peer="192.0.2.5")):
            for act, kind, number in (*about, *others):
                audit.note(session, act, kind, number)
        with audit.acting(SAM):
            audit.note(session, "contact.changed", "contact", 5)
    with database.transaction() as session:
        assert audit_seal.forget_peers(session, 5, [50]) == 3
    assert [row.object_id for row in rows(database) if row.peer] == [51, 6, 5, 5]


def test_tickets_have_one_row_each(database: Database) -> None:
    """It points to the entry; what is new is told from what was written on, changed, or touched without an entry."""
    writes = Writes(database.ids.next)
    writes.add(Ticket, id=1)
    entries = [(11, 1, "note"), (12, 2, "change"), (13, 2, "note"), (14, 3, "change")]
    for event_id, ticket_id, kind in entries:
        writes.add(Event, id=event_id, ticket_id=ticket_id, kind=kind)
    audit.note(writes, "file.removed", "ticket", 3)
    audit_tickets.note(writes, touched=4)
    said = [(row["act"], row["object_id"], row["event_id"]) for row in writes.added(Audit)]
    assert said == [
        ("file.removed", 3, None), ("ticket.opened", 1, 11), ("ticket.noted", 2, 13), ("ticket.touched", 4, None)
    ]  # fmt: skip


def test_a_later_mail_of_a_batch_has_its_own(database: Database) -> None:
    """What stood in the collection before is somebody else's."""
    writes = Writes(database.ids.next)
    writes.add(Event, id=1, ticket_id=1, kind="note")
    since = audit_tickets.mark(writes)
    writes.add(Event, id=2, ticket_id=2, kind="note")
    audit_tickets.note(writes, since)
    assert [row["object_id"] for row in writes.added(Audit)] == [2]


def test_it_is_read_page_by_page(database: Database) -> None:
    """Newest first, each row once, and narrowed by who, way, act, what and when."""
    with database.transaction() as session:
        session.add(Staff(id=7, name="Sam Sample", address="sam@desk.test", admin=False, created_at=NOW))
    write(database, 120)
    write(database, 5, Origin("cli", operator="root"))
    seen, after, pages = [], None, 0
    while pages < 10:
        with database.reading() as session:
            page = audit_log.page(session, Wanted(), after)
        seen += [line.id for line in page.lines]
        pages, after = pages + 1, page.next
        if after is None:
            break
    assert seen == [row.id for row in reversed(rows(database))]
    assert pages == 3
    counts = {
        Wanted(who="SAM@desk.test"): 50, Wanted(who="root"): 5, Wanted(way="cli"): 5, Wanted(act="team"): 50,
        Wanted(act="team.left"): 0, Wanted(about="team 119"): 1, Wanted(since=NOW - timedelta(days=1)): 50,
        Wanted(until=NOW - timedelta(days=1)): 0, Wanted(who="root", act="team.joined", about="team 4"): 1,
    }  # fmt: skip
    with database.reading() as session:
        assert {wanted: len(audit_log.page(session, wanted, None).lines) for wanted in counts} == counts
        assert audit_log.page(session, Wanted(about="team 119"), None).lines[0].who == "Sam Sample"


def test_a_group_of_acts_is_one_list(database: Database) -> None:
    """Its words are looked for one by one, and come as one list, in order and without a hole, whatever a page takes."""
    words = ["team.added", "team.joined", "team.joined", "team.joined", "contact.added", "team.left", "team.left"]
    for number in range(60):
        with database.transaction() as session, audit.acting(Origin("page" if number % 4 else "cli", operator="root")):
            audit.note(session, words[number % len(words)], "team", number)
    everything = [row for row in reversed(rows(database)) if row.act.startswith("team.")]
    for wanted in (Wanted(act="team"), Wanted(act="team", way="cli"), Wanted(act="team", who="root", way="page")):
        lines: list[Line] = []
        after = None
        for _ in range(40):
            with database.reading() as session:
                page = audit_log.page(session, wanted, after, 4)
            lines, after = [*lines, *page.lines], page.next
            if after is None:
                break
        assert [line.id for line in lines] == [row.id for row in everything if wanted.way in ("", row.way)]


def test_a_long_look_is_broken_off(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no index leads, a page looks through a part and says how far; the next goes on there, and misses none."""
    monkeypatch.setattr(walking, "walk", partial(walking.walk, stretch=5))
    for number in range(40):
        with database.transaction() as session, audit.acting(Origin("page" if number % 9 else "cli")):
            audit.note(session, "team.left" if number % 2 else "team.joined", "team", number)
    found, after, looks = [], None, 0
    while looks < 40:
        with database.reading() as session:
            page = audit_log.page(session, Wanted(act="team", way="cli"), after, 4)
        looks += 1
        found += [line.object_id for line in page.lines]
        assert (page.searched is None) == (page.next is None)
        after = page.next
        if after is None:
            break
    assert found == [36, 27, 18, 9, 0]
    assert looks > 1


@pytest.mark.parametrize(
    "wanted", [Wanted(way="telepathy"), Wanted(act="nonsense"), Wanted(who="nobody@x.test"), Wanted(about="T1")]
)
def test_a_filter_that_cannot_be_is_said(database: Database, wanted: Wanted) -> None:
    """In a sentence, with the field that it is about."""
    with database.reading() as session, pytest.raises(audit_log.NotKnown) as refused:
        audit_log.page(session, wanted, None)
    assert getattr(wanted, refused.value.field)
    assert refused.value.said
