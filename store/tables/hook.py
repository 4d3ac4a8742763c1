"""Webhooks: what other programs are told of tickets, in the transaction of its cause."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from store.tables.base import Base, Key

_WAITING = text("state = 'waiting'")


class HookMessage(Base):
    """One message to one webhook. Its body is made once, so that each try says the same under the same id."""

    __tablename__ = "hook_message"
    __table_args__ = (
        # Two partial indexes: few rows wait, and the others are kept to be looked at.
        Index("ix_hook_message_due", "hook", "next_at", sqlite_where=_WAITING, postgresql_where=_WAITING),
        Index("ix_hook_message_ticket", "ticket_id", "hook", sqlite_where=_WAITING, postgresql_where=_WAITING),
        Index("ix_hook_message_created_at", "created_at"),
    )

    id: Mapped[Key]
    hook: Mapped[str] = mapped_column(String(60))  # its name in the settings
    event: Mapped[str] = mapped_column(String(30))  # ticket.opened, …
    ticket_id: Mapped[int] = mapped_column(BigInteger)  # no foreign key: what was sent stays when the ticket goes
    body: Mapped[str] = mapped_column(Text)  # JSON; "" once it is done
    state: Mapped[str] = mapped_column(String(12), default="waiting")  # waiting | sent | given up
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    next_at: Mapped[datetime]
    retried_at: Mapped[datetime | None]  # a person had it tried again: the days until it is given up begin anew
    lease_until: Mapped[datetime | None]
    holder: Mapped[str] = mapped_column(String(120), default="")  # the process that claimed it: "host:pid"
    reply: Mapped[str] = mapped_column(String(300), default="")  # what came of the last try
    done_at: Mapped[datetime | None]
