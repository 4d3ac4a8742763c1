"""Tickets: who takes part, what happened, what was attached."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from store.tables.base import Base, Key

_UNANSWERED = "first_answer_due_at IS NOT NULL AND first_answered_at IS NULL AND completed_at IS NULL"


class Ticket(Base):
    """A request with a number, a status and a history of events."""

    __tablename__ = "ticket"
    __table_args__ = (
        Index("ix_ticket_requester_id_created_at", "requester_id", "created_at"),
        Index("ix_ticket_organisation_id_updated_at", "organisation_id", "updated_at"),
        Index("ix_ticket_status_updated_at", "status", "updated_at"),
        # What lists are sorted by; whose columns go on are read without the tickets where they are counted by month.
        Index("ix_ticket_status_created_at", "status", "created_at"),
        Index("ix_ticket_updated_at", "updated_at"),
        Index("ix_ticket_created_at", "created_at", "spam"),
        Index("ix_ticket_organisation_id_created_at", "organisation_id", "created_at", "shared", "spam"),
        Index(
            "ix_ticket_completed_at",
            "completed_at",
            "spam",
            sqlite_where=text("completed_at IS NOT NULL"),
            postgresql_where=text("completed_at IS NOT NULL"),
        ),
        Index(
            "ix_ticket_organisation_id_completed_at",
            "organisation_id",
            "completed_at",
            "shared",
            "spam",
            sqlite_where=text("completed_at IS NOT NULL"),
            postgresql_where=text("completed_at IS NOT NULL"),
        ),
        # Open tickets, as they are counted by type and status.
        Index(
            "ix_ticket_open",
            "organisation_id",
            "type",
            "status",
            "shared",
            "spam",
            "completed_at",
            sqlite_where=text("completed_at IS NULL"),
            postgresql_where=text("completed_at IS NULL"),
        ),
        Index(
            "ix_ticket_site_id",
            "site_id",
            sqlite_where=text("site_id IS NOT NULL"),
            postgresql_where=text("site_id IS NOT NULL"),
        ),
        Index("ix_ticket_assignee_id_status", "assignee_id", "status"),
        Index("ix_ticket_parent_id", "parent_id"),
        Index(
            "ix_ticket_merged_into_id",
            "merged_into_id",
            sqlite_where=text("merged_into_id IS NOT NULL"),
            postgresql_where=text("merged_into_id IS NOT NULL"),
        ),
        # A subject may quote the customer's own number (E5); few tickets have one.
        Index(
            "ix_ticket_reference_key",
            "reference_key",
            sqlite_where=text("reference_key <> ''"),
            postgresql_where=text("reference_key <> ''"),
        ),
        # What the timers look for: a due time on an open ticket, and what was resolved some time ago.
        Index(
            "ix_ticket_due_at",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL AND completed_at IS NULL"),
            postgresql_where=text("due_at IS NOT NULL AND completed_at IS NULL"),
        ),
        Index(
            "ix_ticket_waiting_since",
            "waiting_since",
            sqlite_where=text("waiting_since IS NOT NULL AND completed_at IS NULL"),
            postgresql_where=text("waiting_since IS NOT NULL AND completed_at IS NULL"),
        ),
        Index(
            "ix_ticket_first_answer_due_at",
            "first_answer_due_at",
            sqlite_where=text(_UNANSWERED),
            postgresql_where=text(_UNANSWERED),
        ),
        Index(
            "ix_ticket_resolved",
            "completed_at",
            sqlite_where=text("status = 'Resolved'"),
            postgresql_where=text("status = 'Resolved'"),
        ),
    )

    id: Mapped[Key]
    number: Mapped[str] = mapped_column(String(30), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    letter_subject: Mapped[str] = mapped_column(String(300))  # frozen: mail programs thread by it
    status: Mapped[str] = mapped_column(String(30))
    type: Mapped[str] = mapped_column(String(30), default="Query")
    priority: Mapped[str] = mapped_column(String(20), default="Low")
    source: Mapped[str] = mapped_column(String(20), default="E-mail")
    desk_address: Mapped[str] = mapped_column(String(320))
    organisation_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("organisation.id"))
    site_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("site.id"))
    requester_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("contact.id"))
    assignee_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("staff.id"))
    team_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("team.id"))
    merged_into_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("ticket.id"))
    shared: Mapped[bool] = mapped_column(default=True)  # with the requester's organisation
    resolution: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    urgency: Mapped[str] = mapped_column(String(20), default="Low")
    impact: Mapped[str] = mapped_column(String(20), default="Only Me")
    service: Mapped[str] = mapped_column(String(200), default="")  # as it was named
    item: Mapped[str] = mapped_column(String(200), default="")  # the configuration item, as it was named
    customer_reference: Mapped[str] = mapped_column(String(100), default="")  # the customer's own number
    reference_key: Mapped[str] = mapped_column(String(100), default="")  # the same in lower case, to be looked up
    needed_by: Mapped[date | None]  # when the customer wants it; overrides no target
    due_at: Mapped[datetime | None]
    parent_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("ticket.id"))
    minutes: Mapped[int] = mapped_column(default=0)  # time that staff noted
    spam: Mapped[bool] = mapped_column(default=False)  # a number that is not followed any more
    approval: Mapped[str] = mapped_column(String(20), default="")  # "" | Requested | Approved | Rejected
    withdrawal: Mapped[str] = mapped_column(String(200), default="")  # the reason
    requester_muted: Mapped[bool] = mapped_column(default=False)  # the requester wants no letters about it
    first_answer_due_at: Mapped[datetime | None]
    first_answered_at: Mapped[datetime | None]  # the desk's first public words
    waiting_since: Mapped[datetime | None]  # for the customer; due times stand still meanwhile
    reminded: Mapped[int] = mapped_column(default=0)  # how often since then
    due_told: Mapped[str] = mapped_column(
        String(10), default=""
    )  # what staff heard of these times (desk/due_letters.py)
    due_fixed: Mapped[bool] = mapped_column(default=False)  # set by hand: targets leave it alone
    answers: Mapped[dict[str, Any]] = mapped_column(default=dict)  # follow-up questions of its type, and what was said
    reopened_on: Mapped[date | None]  # the last day on which it was opened again …
    reopened: Mapped[int] = mapped_column(default=0)  # … and how often on that day


class Participant(Base):
    """An additional contact of a ticket; `removed_at` ends what their tokens may do."""

    __tablename__ = "participant"
    __table_args__ = (Index("ix_participant_contact_id", "contact_id"), {"sqlite_with_rowid": False})

    ticket_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("ticket.id"), primary_key=True)
    contact_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("contact.id"), primary_key=True)
    muted: Mapped[bool] = mapped_column(default=False)
    role: Mapped[str] = mapped_column(String(12), default="added")  # added | watching | approver
    added_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class TicketLink(Base):
    """Two tickets that have to do with each other, and why."""

    __tablename__ = "ticket_link"
    __table_args__ = (Index("ix_ticket_link_other_id", "other_id"), {"sqlite_with_rowid": False})

    ticket_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("ticket.id"), primary_key=True)
    other_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("ticket.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))  # continues | mentions | related | split
    created_at: Mapped[datetime]


class Event(Base):
    """One entry of a ticket's history: a note, or a change. The words a person wrote are never edited."""

    __tablename__ = "event"
    __table_args__ = (Index("ix_event_ticket_id_at", "ticket_id", "at"),)

    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("ticket.id"))
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(20))  # note | change | automatic
    visibility: Mapped[str] = mapped_column(String(10))  # public | internal | pending
    contact_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("contact.id"))
    staff_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("staff.id"))
    author: Mapped[str] = mapped_column(String(200), default="")  # the name at that time
    verified: Mapped[bool] = mapped_column(default=True)
    title: Mapped[str] = mapped_column(
        String(200), default="", server_default=""
    )  # what a note is about, where its author said
    text: Mapped[str] = mapped_column(Text, default="")  # the new text, what people read first
    folded: Mapped[str] = mapped_column(Text, default="")  # what that leaves out: quotes, a signature (desk/folding.py)
    html: Mapped[str] = mapped_column(Text, default="")  # sanitised
    changes: Mapped[dict[str, Any]] = mapped_column(default=dict)  # {"status": ["New", "In Progress"]}
    received_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("received_mail.id"))


class Alert(Base):
    """A stage of a ticket that somebody wants to hear about."""

    __tablename__ = "alert"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy reads it as a class attribute

    ticket_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("ticket.id"), primary_key=True)
    contact_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("contact.id"), primary_key=True)
    stage: Mapped[str] = mapped_column(String(20), primary_key=True)  # due | overdue | completed | in process | tasks
    sent_at: Mapped[datetime | None]  # the stage was reached, and they were told


class Approval(Base):
    """One approver's answer to a ticket that waits for it."""

    __tablename__ = "approval"
    __table_args__ = (Index("ix_approval_contact_id", "contact_id"), {"sqlite_with_rowid": False})

    ticket_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("ticket.id"), primary_key=True)
    contact_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("contact.id"), primary_key=True)
    asked_at: Mapped[datetime]
    answer: Mapped[str] = mapped_column(String(10), default="")  # "" | approve | reject
    answered_at: Mapped[datetime | None]


class Reading(Base):
    """When a member of staff last read a ticket: by an answer, a command or its page. Customers are not watched."""

    __tablename__ = "reading"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy reads it as a class attribute

    ticket_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("ticket.id"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("staff.id"), primary_key=True)
    at: Mapped[datetime]


class Attachment(Base):
    """One file; its bytes lie in the blob store under `digest` (SHA-256)."""

    __tablename__ = "attachment"

    id: Mapped[Key]
    ticket_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("ticket.id"), index=True)
    event_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("event.id"), index=True)
    name: Mapped[str] = mapped_column(String(255))
    original_name: Mapped[str] = mapped_column(String(500), default="")
    declared_type: Mapped[str] = mapped_column(String(200), default="")
    type: Mapped[str] = mapped_column(String(200))
    size: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str] = mapped_column(String(64), index=True)
    inline: Mapped[bool] = mapped_column(default=False)
    content_id: Mapped[str] = mapped_column(String(255), default="")
    hidden_at: Mapped[datetime | None]
