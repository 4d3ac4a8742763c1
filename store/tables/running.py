"""What runs and how it does: processes, mailboxes, the pace of each domain, the canary, who was erased."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from store.tables.base import Base, Key


class Process(Base):
    """A running process; it renews `seen_at` while it lives."""

    __tablename__ = "process"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)  # "host:pid", as in the leases
    roles: Mapped[list[Any]]
    version: Mapped[str] = mapped_column(String(40))
    schema: Mapped[str] = mapped_column(String(10))  # the newest schema that this process knows
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class MailboxState(Base):
    """How a mailbox that is read over IMAP does, written by whoever reads it. Errors are in words, without secrets."""

    __tablename__ = "mailbox_state"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    mode: Mapped[str] = mapped_column(String(10), default="")  # idle | poll
    seen_at: Mapped[datetime]  # the reader was alive
    last_success: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(Text, default="")
    last_error_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)  # polls in a row that did not come to their end
    unfetchable: Mapped[int] = mapped_column(default=0)
    waiting: Mapped[int] = mapped_column(default=0)  # mails that this visit has still before it
    taken: Mapped[int] = mapped_column(default=0)  # mails that this visit has taken
    uid_validity: Mapped[int] = mapped_column(BigInteger, default=0)
    start_uid: Mapped[int] = mapped_column(BigInteger, default=0)  # mails below it were there before, and stay
    token_ends_at: Mapped[datetime | None]  # OAuth2: when the right to read ends, as far as it is known
    told_at: Mapped[datetime | None]  # staff know that it fails


class Pace(Base):
    """When the next letter to a domain may go out, where its pace is bounded."""

    __tablename__ = "pace"

    domain: Mapped[str] = mapped_column(String(255), primary_key=True)
    free_at: Mapped[datetime]


class Canary(Base):
    """A mail that Postdesk sent to itself by the real way, to see that it arrives and how long that takes."""

    __tablename__ = "canary"

    id: Mapped[Key]
    address: Mapped[str] = mapped_column(String(320))  # the desk address it went to
    sent_at: Mapped[datetime]
    arrived_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]  # staff know that it is missing


class Erasure(Base):
    """That somebody's data was erased, when and how much; nothing of whom."""

    __tablename__ = "erasure"

    id: Mapped[Key]
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(320), default="")
    report: Mapped[dict[str, Any]]  # what was erased: counts by kind
