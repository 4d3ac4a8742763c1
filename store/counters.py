"""Counts that only grow, kept in the transaction of what they count: monitoring makes rates of them."""

from collections.abc import Mapping
from functools import lru_cache

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from store.tables import Base, Counter, core

_DELIVERIES = "deliveries_"
_UNDONE = "undone_"


def delivery(result: str) -> str:
    """The counter of attempts to hand a letter over, by what came of them."""
    return _DELIVERIES + result


def undone(kind: str) -> str:
    """The counter of mails that no longer are what the ledger had them as: held, and then taken up again."""
    return _UNDONE + kind


def add(session: Session, counts: Mapping[str, int]) -> None:
    """Count on; a counter begins with its first count. In the order of their names, so that no two wait in a circle."""
    rows = [{"name": name, "value": count} for name, count in sorted(counts.items()) if count]
    if rows:
        connection = session.connection()
        connection.execute(counting_on(connection.dialect.name, Counter, "name", "value"), rows)


@lru_cache
def counting_on(dialect: str, table: type[Base], key: str, value: str) -> postgresql.Insert | sqlite.Insert:
    """Rows of `key` and `value`: where there is one with the key, its value grows. Made once: every batch runs some."""
    own = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = own(core(table))
    grown = {value: core(table).c[value] + statement.excluded[value]}
    return statement.on_conflict_do_update(index_elements=[key], set_=grown)
