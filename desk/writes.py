"""What a change writes: rows collected first, then inserted and updated in bulk, in one transaction."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence, Set
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Update, bindparam, delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from desk import hooks, targets
from desk.targets import Targets
from store import counters, ledger
from store.bulk import insert_rows
from store.tables import (
    Account,
    Alert,
    Announcement,
    Approval,
    Attachment,
    Audit,
    Base,
    Canary,
    Contact,
    ContactAddress,
    Delivery,
    Disposition,
    Event,
    ImportRun,
    KnownMessage,
    MailKey,
    Outbox,
    Participant,
    Pending,
    Reading,
    Suppression,
    Ticket,
    TicketLink,
    core,
)

Row = dict[str, Any]

# Parents before children, as the foreign keys want it.
_ORDER: tuple[type[Base], ...] = (
    Contact,
    ContactAddress,
    Account,
    Ticket,
    TicketLink,
    Participant,
    Alert,
    Approval,
    Reading,
    Event,
    Attachment,
    Pending,
    ImportRun,
    Announcement,
    Outbox,
    Delivery,
    Suppression,
    KnownMessage,
    MailKey,
    Disposition,
    Canary,
    Audit,
)


class Writes:
    """Collects rows as plain dicts; `flush` sends each table's rows in one statement.

    All rows of one table have the same keys: SQLAlchemy then compiles one statement and hands the driver a list.
    """

    def __init__(self, next_id: Callable[[], int], targets: Targets = targets.NONE) -> None:
        self.next_id = next_id
        self.targets = targets  # by which due times follow what is changed (desk/due.py)
        self.tally: Counter[str] = Counter()
        self.counted: Counter[str] = Counter()  # what only grows, beside the ledger (store/counters.py)
        self.cause: int | None = None  # the received mail that all of this follows from: its letters name it
        self._inserts: dict[type[Base], list[Row]] = defaultdict(list)
        self._updates: dict[type[Base], dict[int, Row]] = defaultdict(dict)
        self._fresh: dict[tuple[type[Base], int], Row] = {}
        self._by_key: list[tuple[type[Base], Row, Row]] = []
        self._drops: list[tuple[type[Base], Row]] = []
        self._puts: dict[type[Base], dict[tuple[Any, ...], tuple[Row, Row]]] = defaultdict(dict)

    def add(self, table: type[Base], **values: Any) -> Row:
        """Insert a row; the dict may still be changed until `flush`."""
        self._inserts[table].append(values)
        if "id" in values:
            self._fresh[table, values["id"]] = values
        return values

    def change(self, table: type[Base], row_id: int, **values: Any) -> None:
        """Update a row by its id, with plain values; several changes of one row become one, those of a new row none."""
        if fresh := self._fresh.get((table, row_id)):
            fresh.update(values)
            return
        self._updates[table].setdefault(row_id, {}).update(values)

    def set(self, table: type[Base], key: Row, **values: Any) -> None:
        """Update the row with this (composite) key, inserted or waiting to be; where there is none, nothing happens."""
        for row in self._inserts[table]:
            if key.items() <= row.items():
                row.update(values)
                return
        self._by_key.append((table, key, values))

    def put(self, table: type[Base], key: Row, **values: Any) -> None:
        """Insert a row, or where there is one with this primary key, update it: one statement for all of a table."""
        self._puts[table][tuple(key.values())] = key, values

    def drop(self, table: type[Base], key: Row) -> None:
        """Delete the rows with this key, those that wait to be inserted too, and what was to be set in them."""
        if table in self._inserts:
            self._inserts[table] = [row for row in self._inserts[table] if not key.items() <= row.items()]
        # A row that is added again under the same key is a new one: nothing set before is meant for it.
        self._by_key = [
            (named, other, values)
            for named, other, values in self._by_key
            if named is not table or not key.items() <= other.items()
        ]
        self._drops.append((table, key))

    def added(self, table: type[Base]) -> list[Row]:
        """The rows that wait to be inserted into a table."""
        return self._inserts[table]

    @property
    def tables(self) -> Set[type[Base]]:
        """Those that something is written to."""
        found = {table for table, rows in self._inserts.items() if rows}
        found |= {table for table, _ in self._drops} | {table for table, _, _ in self._by_key}
        return found | self._updates.keys() | self._puts.keys()

    def flush(self, session: Session) -> None:
        """Write everything; the transaction is the caller's."""
        for table, key in self._drops:  # first: what is dropped and added again stays
            session.execute(delete(core(table)).where(*_is(table, key)))
        for letter in self._inserts.get(Outbox, ()):
            letter["timer"] = session.info.get("timer", "")  # set by whoever runs one (postdesk/schedule.py)
        tickets, entries = self._inserts.get(Ticket, ()), self._inserts.get(Event, ())
        for table in _ORDER:
            if rows := self._inserts.pop(table, None):
                insert_rows(session.connection(), table, rows)
        if self._inserts:
            raise RuntimeError(f"no place in the order for {[table.__name__ for table in self._inserts]}")
        for table, changes in self._updates.items():
            _update_rows(session, table, changes)
        for table, put in self._puts.items():
            _put_rows(session, table, [put[key] for key in sorted(put)])
        for table, key, values in self._by_key:
            session.execute(update(core(table)).where(*_is(table, key)).values(values))
        for name, count in sorted(self.tally.items()):
            ledger.count(session.connection(), name, count)
        counters.add(session, self.counted)
        hooks.queue(session, self.next_id, tickets, entries, self._updates.get(Event, {}))
        self._updates.clear()
        self._by_key.clear()
        self._drops.clear()
        self._puts.clear()
        self._fresh.clear()
        self.tally.clear()
        self.counted.clear()


def _is(table: type[Base], key: Row) -> list[ColumnElement[bool]]:
    columns = core(table).c
    return [columns[name] == value for name, value in key.items()]


def _put_rows(session: Session, table: type[Base], rows: Sequence[tuple[Row, Row]]) -> None:
    """In the order of their keys, like updates. Each database has its own insert with ON CONFLICT."""
    own = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    key, values = rows[0]
    statement = own(core(table))
    new = {name: statement.excluded[name] for name in values}
    statement = statement.on_conflict_do_update(index_elements=list(key), set_=new)
    session.execute(statement, [key | values for key, values in rows])


def _update_rows(session: Session, table: type[Base], changes: dict[int, Row]) -> None:
    """One statement for all rows that get the same values, else one executemany for each set of columns."""
    same: dict[tuple[tuple[str, Any], ...], list[int]] = defaultdict(list)
    # In the order of their ids: two processes then lock the same rows in the same order.
    for row_id, changed in sorted(changes.items()):
        # Lists and tables, of JSON columns, cannot be keys; their text can.
        alike = {name: repr(value) if isinstance(value, list | dict) else value for name, value in changed.items()}
        same[tuple(sorted(alike.items()))].append(row_id)
    alone: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    connection = session.connection()
    for ids in same.values():
        changed = changes[ids[0]]
        names, new = tuple(sorted(changed)), {f"new_{name}": value for name, value in changed.items()}
        if len(ids) > 1:
            connection.execute(_setting(table, names, several=True), {"row_ids": ids, **new})
        else:
            alone[names].append({"row_id": ids[0], **new})
    for names, rows in alone.items():
        connection.execute(_setting(table, names, several=False), rows)


@lru_cache(maxsize=256)
def _setting(table: type[Base], names: tuple[str, ...], *, several: bool) -> Update:
    """Sets these columns in one row, or the same values in several. Made once: every batch of mails runs some."""
    row_id = core(table).c.id
    which = row_id.in_(bindparam("row_ids", expanding=True)) if several else row_id == bindparam("row_id")
    return update(core(table)).where(which).values({name: bindparam(f"new_{name}") for name in names})
