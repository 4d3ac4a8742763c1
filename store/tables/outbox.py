"""Outgoing mail: what is to be sent, what happened to each attempt, who is not written to."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from store.tables.base import Base, Key

# Word for word also in queries: SQLite uses a partial index only when it sees the same condition.
SECRET_LETTERS = "kind IN ('credentials', 'sign_in_link')"


class Outbox(Base):
    """One letter to one recipient. Written in the transaction of its cause, rendered when first sent."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "ix_outbox_due",
            "next_at",
            "id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        # Letters that were given up, for the status page.
        Index(
            "ix_outbox_given_up",
            "done_at",
            sqlite_where=text("state IN ('refused', 'expired', 'uncertain', 'failed')"),
            postgresql_where=text("state IN ('refused', 'expired', 'uncertain', 'failed')"),
        ),
        Index(
            "ix_outbox_first_receipt",
            "created_at",
            sqlite_where=text("first_receipt = 1"),
            postgresql_where=text("first_receipt"),
        ),
        Index(
            "ix_outbox_automatic",
            "recipient",
            "created_at",
            sqlite_where=text("automatic = 1"),
            postgresql_where=text("automatic"),
        ),
        Index("ix_outbox_ticket_id", "ticket_id"),
        # The letters that a mail caused.
        Index(
            "ix_outbox_received_id",
            "received_id",
            sqlite_where=text("received_id IS NOT NULL"),
            postgresql_where=text("received_id IS NOT NULL"),
        ),
        Index(
            "ix_outbox_event_id",
            "event_id",
            sqlite_where=text("event_id IS NOT NULL"),
            postgresql_where=text("event_id IS NOT NULL"),
        ),
        # Of the letters with a secret to one person only the newest goes out.
        Index(
            "ix_outbox_secret",
            "contact_id",
            "staff_id",
            sqlite_where=text(SECRET_LETTERS),
            postgresql_where=text(SECRET_LETTERS),
        ),
        Index(
            "ix_outbox_import_id",
            "import_id",
            sqlite_where=text("import_id IS NOT NULL"),
            postgresql_where=text("import_id IS NOT NULL"),
        ),
        # Letters about new tickets of people whom nobody knows: those that go singly, and those that wait for company.
        Index(
            "ix_outbox_stranger",
            "created_at",
            sqlite_where=text("stranger = 1"),
            postgresql_where=text("stranger"),
        ),
        Index(
            "ix_outbox_gathered",
            "created_at",
            sqlite_where=text("state = 'gathered'"),
            postgresql_where=text("state = 'gathered'"),
        ),
        # Letters about trouble, few of which are sent in an hour.
        Index(
            "ix_outbox_trouble",
            "created_at",
            "recipient",
            sqlite_where=text("kind = 'mail_trouble'"),
            postgresql_where=text("kind = 'mail_trouble'"),
        ),
    )

    id: Mapped[Key]
    kind: Mapped[str] = mapped_column(String(30))  # folder under templates/mail
    recipient: Mapped[str] = mapped_column(String(320))
    recipient_name: Mapped[str] = mapped_column(String(200), default="")
    contact_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("contact.id"))
    staff_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("staff.id"))
    ticket_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("ticket.id"))
    event_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("event.id"))
    import_id: Mapped[int | None] = mapped_column(BigInteger)  # the contact import that it welcomes somebody of
    received_id: Mapped[int | None] = mapped_column(BigInteger)  # the mail that caused it: its log lines name both
    timer: Mapped[str] = mapped_column(String(20), default="")  # the timer that caused it; "" when something else did
    context: Mapped[dict[str, Any]] = mapped_column(default=dict)
    automatic: Mapped[bool] = mapped_column(default=True)  # nobody wrote it: counts towards the cap per address
    first_receipt: Mapped[bool] = mapped_column(default=False)  # to a sender nobody knows: few of these in a minute
    # To staff, about one new ticket of somebody nobody knows: few of these in an hour (desk/gathering.py).
    stranger: Mapped[bool] = mapped_column(default=False, server_default=false())
    state: Mapped[str] = mapped_column(String(12), default="waiting")
    # waiting | sent | refused | expired | suppressed | uncertain | folded | dropped (by a person)
    # | gathered (to be told with others) | failed (could not be rendered)
    # | held (by a restore, until a person has decided)
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime]
    turn_at: Mapped[datetime | None]  # its turn in the pace of the domain that it goes to
    retried_at: Mapped[datetime | None]  # a person had it sent again: the days until it is given up begin anew
    lease_until: Mapped[datetime | None]
    holder: Mapped[str] = mapped_column(String(120), default="")  # the process that claimed it: "host:pid"
    message_id: Mapped[str] = mapped_column(String(255), default="")
    rendered: Mapped[bytes | None] = mapped_column(LargeBinary)  # kept until done; never for sensitive kinds
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class Delivery(Base):
    """One attempt to hand a letter over, and what the other side said."""

    __tablename__ = "delivery"

    id: Mapped[Key]
    outbox_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("outbox.id"), index=True)
    at: Mapped[datetime]
    # sent | deferred | refused | uncertain | bounced | expired | folded | failed | dropped
    result: Mapped[str] = mapped_column(String(12))
    reply: Mapped[str] = mapped_column(Text, default="")
    relay: Mapped[str] = mapped_column(String(60), default="")  # by its name in the settings; "" for the usual one


class Suppression(Base):
    """A time during which an address is not written to, and why; `lifted_at` ends it, the row stays."""

    __tablename__ = "suppression"

    id: Mapped[Key]
    address: Mapped[str] = mapped_column(String(320), index=True)  # lower case
    reason: Mapped[str] = mapped_column(Text)
    since: Mapped[datetime]
    lifted_at: Mapped[datetime | None]
