"""Tickets: who takes part, what happened, what was attached."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from store.tables.base import Base, Key


class Ticket(Base):
    """A request with a number, a status and a history of events."""

    __tablename__ = "ticket"
    __table_args__ = (
        Index("ix_ticket_requester_id_created_at", "requester_id", "created_at"),
        Index("ix_ticket_organisation_id_updated_at", "organisation_id", "updated_at"),
        Index("ix_ticket_status_updated_at", "status", "updated_at"),
        Index("ix_ticket_assignee_id_status", "assignee_id", "status"),
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


class Participant(Base):
    """An additional contact of a ticket; `removed_at` ends what their tokens may do."""

    __tablename__ = "participant"
    __table_args__ = (Index("ix_participant_contact_id", "contact_id"), {"sqlite_with_rowid": False})

    ticket_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("ticket.id"), primary_key=True)
    contact_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("contact.id"), primary_key=True)
    muted: Mapped[bool] = mapped_column(default=False)
    added_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class TicketLink(Base):
    """Two tickets that have to do with each other, and why."""

    __tablename__ = "ticket_link"
    __table_args__ = (Index("ix_ticket_link_other_id", "other_id"), {"sqlite_with_rowid": False})

    ticket_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("ticket.id"), primary_key=True)
    other_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("ticket.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))  # continues | mentions
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
    text: Mapped[str] = mapped_column(Text, default="")  # the new text, what people read first
    folded: Mapped[str] = mapped_column(Text, default="")  # what that leaves out: quotes, a signature (desk/folding.py)
    html: Mapped[str] = mapped_column(Text, default="")  # sanitised
    changes: Mapped[dict[str, Any]] = mapped_column(default=dict)  # {"status": ["New", "In Progress"]}
    received_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("received_mail.id"))


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
