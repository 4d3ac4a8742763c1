"""What programs hold and do at the JSON API: access tokens, and answers that are kept for a repeated request."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from store.tables.base import Base, Key


class AccessToken(Base):
    """A personal access token: it acts as the owner of its account. 256 random bits, of which only the hash is kept."""

    __tablename__ = "access_token"
    __table_args__ = (Index("ix_access_token_account_id", "account_id"),)

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("account.id"))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)  # SHA-256
    hint: Mapped[str] = mapped_column(String(12))  # its first letters: people tell their tokens apart by them
    name: Mapped[str] = mapped_column(String(100))
    may_write: Mapped[bool]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]  # to the minute


class ApiAnswer(Base):
    """What a request with an Idempotency-Key was answered; without a status it is being worked on."""

    __tablename__ = "api_answer"
    __table_args__ = (Index("ix_api_answer_at", "at"),)

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)  # of the account and its Idempotency-Key
    request: Mapped[bytes] = mapped_column(LargeBinary(32))  # method, path and body: the same key means the same
    at: Mapped[datetime]
    status: Mapped[int | None]
    location: Mapped[str] = mapped_column(String(500), default="")
    body: Mapped[str] = mapped_column(Text, default="")
