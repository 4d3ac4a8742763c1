"""Received mail: the raw bytes, the queue of what waits, and what became of each mail."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from store.tables.base import ROW_ID, Base, Key


class ReceivedMail(Base):
    """One accepted mail: its envelope, and its place in the queue until it has a disposition."""

    __tablename__ = "received_mail"
    __table_args__ = (
        Index(
            "ix_received_mail_waiting",
            "received_at",
            "id",
            sqlite_where=text("waiting = 1"),
            postgresql_where=text("waiting"),
        ),
        Index("ix_received_mail_received_at", "received_at", "id"),
        # Bytes that several mails may share.
        Index(
            "ix_received_mail_blob",
            "blob",
            sqlite_where=text("blob <> ''"),
            postgresql_where=text("blob <> ''"),
        ),
        # What an import has taken in already.
        Index(
            "ix_received_mail_file",
            "peer",
            sqlite_where=text("source = 'file'"),
            postgresql_where=text("source = 'file'"),
        ),
    )

    id: Mapped[Key]
    received_at: Mapped[datetime]
    source: Mapped[str] = mapped_column(String(10))
    peer: Mapped[str] = mapped_column(String(255), default="")
    helo: Mapped[str] = mapped_column(String(255), default="")
    reverse_path: Mapped[str] = mapped_column(String(320), default="")
    recipients: Mapped[list[Any]]
    size: Mapped[int] = mapped_column(BigInteger)
    blob: Mapped[str] = mapped_column(String(64), default="")  # digest; "" when the bytes are in raw_mail
    waiting: Mapped[bool] = mapped_column(default=True)
    attempts: Mapped[int] = mapped_column(default=0)  # counted when claimed, so that a poisonous mail stops
    lease_until: Mapped[datetime | None]
    holder: Mapped[str] = mapped_column(String(120), default="")  # the process that claimed it: "host:pid"
    last_error: Mapped[str] = mapped_column(Text, default="")
    earlier: Mapped[list[Any]] = mapped_column(default=list)  # dispositions that a replay replaced
    wish: Mapped[str | None] = mapped_column(Text)  # by hand: "ticket", or the number of the ticket it belongs to


class RawMail(Base):
    """The bytes of a small mail, as they came; big ones are in the blob store."""

    __tablename__ = "raw_mail"

    id: Mapped[int] = mapped_column(ROW_ID, ForeignKey("received_mail.id"), primary_key=True, autoincrement=False)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class Disposition(Base):
    """What became of a received mail, and why: exactly one for each that does not wait."""

    __tablename__ = "disposition"
    __table_args__ = (
        Index("ix_disposition_at", "at"),
        Index("ix_disposition_kind_at", "kind", "at"),
        Index("ix_disposition_ticket_id", "ticket_id"),
        # What was held of a sender lately: staff are told once.
        Index(
            "ix_disposition_held",
            "sender",
            "at",
            "rule",
            sqlite_where=text("kind = 'held'"),
            postgresql_where=text("kind = 'held'"),
        ),
    )

    received_id: Mapped[int] = mapped_column(
        ROW_ID, ForeignKey("received_mail.id"), primary_key=True, autoincrement=False
    )
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(10))  # opened | noted | folded | answered | held | ignored
    rule: Mapped[str] = mapped_column(String(60))  # the name of the rule that decided
    reason: Mapped[str] = mapped_column(Text)  # a sentence for people
    ticket_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("ticket.id"))
    sender: Mapped[str] = mapped_column(String(320), default="")
    subject: Mapped[str] = mapped_column(String(300), default="")
    evidence: Mapped[dict[str, Any]] = mapped_column(default=dict)


class MailKey(Base):
    """The fingerprint of a mail that was handled: the same mail again is a duplicate."""

    __tablename__ = "mail_key"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy reads it as a class attribute

    key: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    received_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("received_mail.id"), index=True)


class KnownMessage(Base):
    """Message-IDs of inbound mail of a ticket, by their digest (a Message-ID can be longer than an index takes); and
    the form of a page that opened it, so that one sent twice opens no second ticket."""

    __tablename__ = "known_message"
    __table_args__ = (Index("ix_known_message_ticket_id", "ticket_id"), {"sqlite_with_rowid": False})

    key: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("ticket.id"), primary_key=True)
