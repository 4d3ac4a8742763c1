"""Sign-in: accounts of contacts and staff, second factors, sessions, tries."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, false
from sqlalchemy.orm import Mapped, mapped_column

from store.tables.base import Base, Key


class Account(Base):
    """Portal access of one contact or one staff member.

    No secret is kept, only hashes of secrets; but for that of a second factor, which is encrypted (desk/totp.py).
    """

    __tablename__ = "account"

    id: Mapped[Key]
    username: Mapped[str] = mapped_column(String(320), unique=True)  # the primary address, lower case
    contact_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("contact.id"), unique=True)
    staff_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("staff.id"), unique=True)
    active: Mapped[bool] = mapped_column(default=True)
    password_hash: Mapped[str] = mapped_column(String(255), default="")  # Argon2id; "" until chosen
    password_changed_at: Mapped[datetime | None]
    # One-time password or link: derived from the server key and this nonce when the letter is rendered.
    once_nonce: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    once_kind: Mapped[str] = mapped_column(String(10), default="")  # password | link
    once_hash: Mapped[str] = mapped_column(String(64), default="", index=True)
    once_expires_at: Mapped[datetime | None]
    # The second factor: since when it is on, its secret, the step of the last code that was used.
    totp_at: Mapped[datetime | None]
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary(64))
    totp_step: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    last_login_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class RecoveryCode(Base):
    """A code that stands in once for the app of a second factor. It has 120 random bits, of which the hash is kept."""

    __tablename__ = "recovery_code"

    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("account.id"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)  # SHA-256


class HalfSignIn(Base):
    """A browser whose password or link was right, and whose code is still asked for: no session, and opens no page."""

    __tablename__ = "half_sign_in"
    __table_args__ = (Index("ix_half_sign_in_account_id", "account_id"),)

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)  # the hash of its cookie
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("account.id"))
    proof: Mapped[bytes] = mapped_column(LargeBinary(32))  # of the hashes that were right: others end it
    by_once: Mapped[bool]  # by a one-time password or link
    kept: Mapped[bool]  # as WebSession.kept
    expires_at: Mapped[datetime]


class WebSession(Base):
    """A signed-in browser; the cookie holds 256 random bits, the row only their hash."""

    __tablename__ = "web_session"
    __table_args__ = (Index("ix_web_session_account_id", "account_id"),)

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("account.id"))
    csrf: Mapped[str] = mapped_column(String(64))
    must_change: Mapped[bool] = mapped_column(default=False)  # came in by a one-time password
    kept: Mapped[bool] = mapped_column(default=False, server_default=false())  # “keep me logged in on this computer”
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    user_agent: Mapped[str] = mapped_column(String(255), default="")


class LoginTry(Base):
    """Failed sign-ins by account name and by address, for the rate limits."""

    __tablename__ = "login_try"
    __table_args__ = (Index("ix_login_try_subject_at", "subject", "at"),)

    id: Mapped[Key]
    subject: Mapped[str] = mapped_column(String(400))  # "name:jane@example.com" or "peer:192.0.2.1"
    at: Mapped[datetime]
