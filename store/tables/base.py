"""What all tables share: naming of constraints, column types, the key."""

from datetime import UTC, datetime
from typing import Annotated, Any, cast

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, MetaData, Table
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in, aware UTC datetimes out; kept without a zone, which both databases sort alike."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To naive UTC; a naive value is a fault of the caller."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To aware UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """Base of the mapped classes."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it as a class attribute
        datetime: UtcDateTime,
        dict[str, Any]: JSON,
        list[Any]: JSON,
    }


def core(mapped: type[Base]) -> Table:
    """The table below a mapped class: statements on it skip the unit of work, which the hot path does without."""
    return cast(Table, mapped.__table__)


# Ids come from store.ids, in blocks reserved by each process: rows can be inserted in bulk without
# asking the database for the keys it gave.
# SQLite: only INTEGER PRIMARY KEY is the row's own key; BIGINT would be a second index beside it.
ROW_ID = BigInteger().with_variant(Integer, "sqlite")
Key = Annotated[int, mapped_column(ROW_ID, primary_key=True, autoincrement=False)]
