"""Small tables the machinery runs on: id blocks, number series, tallies, leases, what waits for a “confirm”."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from store.tables.base import Base, Key


class IdBlock(Base):
    """The next free id; processes take them in blocks."""

    __tablename__ = "id_block"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    next: Mapped[int] = mapped_column(BigInteger)


class NumberSeries(Base):
    """The last ticket number given out on a day of the desk's time zone, or in a form of the desk's own."""

    __tablename__ = "number_series"

    day: Mapped[str] = mapped_column(String(8), primary_key=True)  # 20190409, or R-
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


class JobRun(Base):
    """What a timer did last, and for which day or stretch: by it nothing is done twice, and nothing left out."""

    __tablename__ = "job_run"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    done_for: Mapped[str] = mapped_column(String(40))  # "2019-04-09"
    at: Mapped[datetime]
    place: Mapped[str] = mapped_column(Text, default="")  # of the last backup: the folder that it is in


class Pending(Base):
    """What somebody asked for by mail and must confirm: commands that wait for the one word “confirm”."""

    __tablename__ = "pending"
    __table_args__ = (
        Index(
            "ix_pending_ticket_id",
            "ticket_id",
            sqlite_where=text("ticket_id IS NOT NULL"),
            postgresql_where=text("ticket_id IS NOT NULL"),
        ),
    )

    id: Mapped[Key]
    contact_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("contact.id"), index=True)
    staff_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("staff.id"))
    ticket_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("ticket.id"))
    received_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("received_mail.id"))
    commands: Mapped[list[Any]]  # [word, argument] each, as the grammar read them
    body: Mapped[dict[str, Any]] = mapped_column(
        default=dict
    )  # what the commands need of the mail: lines, a file's digest
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class Announcement(Base):
    """Something that everybody should know: maintenance, an outage."""

    __tablename__ = "announcement"

    id: Mapped[Key]
    title: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text, default="")
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    by_mail: Mapped[bool] = mapped_column(default=True)  # goes out as a letter
    told_at: Mapped[datetime | None]  # every letter about it is on its way
    told_up_to: Mapped[int] = mapped_column(BigInteger, default=0)  # the contact with whom the last batch ended
    created_at: Mapped[datetime]
