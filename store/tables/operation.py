"""Small tables the machinery runs on: id blocks, number series, tallies, leases."""

from datetime import datetime

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from store.tables.base import Base


class IdBlock(Base):
    """The next free id; processes take them in blocks."""

    __tablename__ = "id_block"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    next: Mapped[int] = mapped_column(BigInteger)


class NumberSeries(Base):
    """The last ticket number given out on a day of the desk's time zone."""

    __tablename__ = "number_series"

    day: Mapped[str] = mapped_column(String(8), primary_key=True)  # 20190409
    last: Mapped[int]


class Tally(Base):
    """The ledger: `accepted`, and one row for each kind of disposition, changed with the rows they count."""

    __tablename__ = "tally"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)


class Lease(Base):
    """Who may do a thing that only one process does, until when."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    holder: Mapped[str] = mapped_column(String(120))
    until: Mapped[datetime]
