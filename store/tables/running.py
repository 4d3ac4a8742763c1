"""What runs and how it does: processes, mailboxes, the pace of each domain, the canary, counters, who was erased."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from store.tables.base import ROW_ID, Base, Key


class Process(Base):
    """A running process; it renews `seen_at` while it lives."""

    __tablename__ = "process"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)  # as in the leases, see store/identity.py
    roles: Mapped[list[Any]]
    version: Mapped[str] = mapped_column(String(40))
    schema: Mapped[str] = mapped_column(String(10))  # the newest schema that this process knows
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    clock_ms: Mapped[int] = mapped_column(default=0)  # how much the clock of its machine is ahead of the database's


class SchemaState(Base):
    """What a process must know to work with this database; no row as long as all may."""

    __tablename__ = "schema_state"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)  # "desk"
    oldest: Mapped[str] = mapped_column(String(10))  # the oldest schema that a process may know


class MailboxState(Base):
    """How a mailbox that is read over IMAP does, written by whoever reads it. Errors are in words, without secrets."""

    __tablename__ = "mailbox_state"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    mode: Mapped[str] = mapped_column(String(10), default="")  # idle | poll
    seen_at: Mapped[datetime]  # the reader was alive
    last_success: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(Text, default="")
    last_error_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)  # visits in a row that did not come to their end
    failing_since: Mapped[datetime | None]  # the first of these
    unfetchable: Mapped[int] = mapped_column(default=0)  # mails that its server does not hand out
    unmovable: Mapped[int] = mapped_column(default=0)  # mails that are decided about, and that its server does not move
    refused: Mapped[int] = mapped_column(default=0)  # mails that went to its folder for refused mail, ever
    refused_why: Mapped[str] = mapped_column(Text, default="")  # of the last one
    refused_at: Mapped[datetime | None]
    refused_told: Mapped[int] = mapped_column(default=0)  # staff know of so many
    refused_told_at: Mapped[datetime | None]
    waiting: Mapped[int] = mapped_column(default=0)  # mails that this visit has still before it
    taken: Mapped[int] = mapped_column(default=0)  # mails that this visit has taken
    start_known: Mapped[bool] = mapped_column(default=False)  # the next three are decided, though all may be empty
    uid_validity: Mapped[int] = mapped_column(BigInteger, default=0)
    start_uid: Mapped[int] = mapped_column(BigInteger, default=0)  # mails below it were there before, and stay
    start_at: Mapped[datetime | None]  # the same as a moment, for when UIDs mean other mails; none: all are taken
    token_ends_at: Mapped[datetime | None]  # OAuth2: when the right to read ends, as far as it is known
    told_at: Mapped[datetime | None]  # staff know that it fails
    token_told: Mapped[int] = mapped_column(default=0)  # staff know that the right ends within so many days; 0: not yet


class Pace(Base):
    """When the next letter to a domain may go out, where its pace is bounded: by the settings, or by its servers."""

    __tablename__ = "pace"
    __table_args__ = (
        # The few that are slow, whose servers asked for it.
        Index("ix_pace_slow", "slow_at", sqlite_where=text("slow_ms > 0"), postgresql_where=text("slow_ms > 0")),
    )

    domain: Mapped[str] = mapped_column(String(255), primary_key=True)
    # Milliseconds since 1970: both databases reckon with numbers alike, and not with dates.
    free_ms: Mapped[int] = mapped_column(BigInteger, default=0)  # every turn before it is given away
    slow_ms: Mapped[int] = mapped_column(default=0)  # its servers asked for this much between two letters; 0: never
    slow_at: Mapped[datetime | None]  # when they asked last
    reply: Mapped[str] = mapped_column(Text, default="")  # in their words


class Canary(Base):
    """A mail that Postdesk sent to itself by the real way, to see that it arrives and how long that takes."""

    __tablename__ = "canary"

    id: Mapped[Key]
    address: Mapped[str] = mapped_column(String(320))  # the desk address it went to
    sent_at: Mapped[datetime]
    outbox_id: Mapped[int | None] = mapped_column(BigInteger)  # its row of the outbox: when the relay took it
    arrived_at: Mapped[datetime | None]  # it came in …
    handled_at: Mapped[datetime | None]  # … and was recognised
    received_id: Mapped[int | None] = mapped_column(BigInteger)  # its row of received mail
    told_at: Mapped[datetime | None]  # staff know that it is missing
    mended_at: Mapped[datetime | None]  # staff know that mail comes through again


class MoveIn(Base):
    """One run that moved old mail in: what it took, and when it came to its end."""

    __tablename__ = "move_in"

    id: Mapped[Key]
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(60), default="")
    source: Mapped[str] = mapped_column(Text, default="")  # folders, files or a mailbox, as they were named
    done_at: Mapped[datetime | None]
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)  # fates of its mails, and the tickets it opened


class MovedMail(Base):
    """Which run moved a mail in, and what it left on its ticket beside its entry, for undo."""

    __tablename__ = "moved_mail"

    received_id: Mapped[int] = mapped_column(ROW_ID, primary_key=True, autoincrement=False)
    move_in_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("move_in.id"), index=True)
    message_key: Mapped[bytes | None] = mapped_column(LargeBinary(16))  # in KnownMessage; none: it was there before
    numbers: Mapped[list[Any]] = mapped_column(default=list)  # in OldNumber, the new ones


class OldNumber(Base):
    """The number that a ticket had in another system, as its subjects quote it: an answer to it finds the ticket."""

    __tablename__ = "old_number"
    __table_args__ = (Index("ix_old_number_ticket_id", "ticket_id"), {"sqlite_with_rowid": False})

    key: Mapped[str] = mapped_column(String(120), primary_key=True)  # in small letters: “example.com #123”
    ticket_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("ticket.id"), primary_key=True)


class Erasure(Base):
    """That somebody's data was erased, when and how much; nothing of whom."""

    __tablename__ = "erasure"

    id: Mapped[Key]
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(320), default="")
    report: Mapped[dict[str, Any]]  # what was erased: counts by kind


class Counter(Base):
    """A count that only grows, for those who watch rates; in the ledger, `Tally`, a mail can change its outcome."""

    __tablename__ = "counter"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)
