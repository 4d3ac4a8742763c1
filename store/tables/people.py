"""Customers and staff: organisations, sites, contacts with their addresses, staff, teams."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from store.tables.base import Base, Key


class Organisation(Base):
    """A customer; organisations can nest."""

    __tablename__ = "organisation"

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(200), unique=True)
    parent_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("organisation.id"), index=True)
    # What its contacts see: own | organisation | sub-organisations (the organisation with those below it)
    visibility: Mapped[str] = mapped_column(String(20), default="organisation")
    language: Mapped[str] = mapped_column(String(20), default="")  # of letters; "" as the desk writes
    approvals: Mapped[str] = mapped_column(String(10), default="")  # any | all; "" as the settings say
    copies: Mapped[str] = mapped_column(String(10), default="")  # notes to outsiders: yes | no; "" as the settings say
    may_create: Mapped[bool] = mapped_column(default=True)  # its contacts open tickets; else a person looks first
    shares: Mapped[bool] = mapped_column(default=True)  # new tickets are shared with the organisation
    created_at: Mapped[datetime]


class Site(Base):
    """A place of an organisation; in full “name – code – place – post code – account” (features.md, row 67)."""

    __tablename__ = "site"

    id: Mapped[Key]
    organisation_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisation.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    code: Mapped[str] = mapped_column(String(60), default="")
    place: Mapped[str] = mapped_column(String(200), default="")
    post_code: Mapped[str] = mapped_column(String(20), default="")
    account: Mapped[str] = mapped_column(String(60), default="")
    address: Mapped[str] = mapped_column(String(200), default="")
    address2: Mapped[str] = mapped_column(String(200), default="")
    city: Mapped[str] = mapped_column(String(100), default="")
    country: Mapped[str] = mapped_column(String(100), default="")
    more_address: Mapped[str] = mapped_column(String(200), default="")
    main: Mapped[bool] = mapped_column(default=False)  # the main location of its organisation


class Contact(Base):
    """Somebody who writes to the desk. `known` once staff added them: a mail alone makes an unverified contact."""

    __tablename__ = "contact"
    __table_args__ = (
        Index("ix_contact_digest", "id", sqlite_where=text("digest = 1"), postgresql_where=text("digest")),
    )

    id: Mapped[Key]
    organisation_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("organisation.id"), index=True)
    site_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("site.id"))
    name: Mapped[str] = mapped_column(String(200), default="")
    first_name: Mapped[str] = mapped_column(String(100), default="")
    last_name: Mapped[str] = mapped_column(String(100), default="")
    level: Mapped[str] = mapped_column(String(60), default="Standard User")
    language: Mapped[str] = mapped_column(String(20), default="")
    known: Mapped[bool] = mapped_column(default=False)
    muted: Mapped[bool] = mapped_column(default=False)  # wants no letters but those that everybody gets
    sees: Mapped[str] = mapped_column(String(20), default="")  # as Organisation.visibility; "" as the organisation says
    digest: Mapped[bool] = mapped_column(default=False)  # wants a list of their tickets every working day
    news: Mapped[bool] = mapped_column(default=True)  # wants announcements
    columns: Mapped[list[Any]] = mapped_column(default=list)  # of lists of tickets; empty: the usual ones
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)  # telephone, job title and the like (desk/profile.py)
    created_at: Mapped[datetime]
    deactivated_at: Mapped[datetime | None]

    addresses: Mapped[list["ContactAddress"]] = relationship(
        back_populates="contact", order_by="ContactAddress.position", lazy="selectin"
    )

    @property
    def address(self) -> str:
        """The primary address, as written."""
        return self.addresses[0].written if self.addresses else ""

    @property
    def greeting(self) -> str:
        """How a letter begins: the first name, the whole name, or the local part."""
        return self.first_name or self.name or self.address.partition("@")[0]


class ContactAddress(Base):
    """One mail address of a contact; `address` is in lower case and belongs to one contact only."""

    __tablename__ = "contact_address"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy reads it as a class attribute

    address: Mapped[str] = mapped_column(String(320), primary_key=True)
    contact_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("contact.id"), index=True)
    written: Mapped[str] = mapped_column(String(320))
    position: Mapped[int] = mapped_column(default=0)  # 0 is the primary one

    contact: Mapped[Contact] = relationship(back_populates="addresses")


class Approver(Base):
    """Who of an organisation is asked to approve, and on which board."""

    __tablename__ = "approver"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy reads it as a class attribute

    organisation_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisation.id"), primary_key=True)
    board: Mapped[str] = mapped_column(String(60), primary_key=True)  # "cab"
    contact_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("contact.id"), primary_key=True)


class ImportRun(Base):
    """A contact import: what was read, and the fate of each row."""

    __tablename__ = "import_run"

    id: Mapped[Key]
    organisation_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("organisation.id"), index=True)
    site_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("site.id"))
    contact_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("contact.id"))  # who asked for it …
    by: Mapped[str] = mapped_column(String(320), default="")  # … in words, an operator too
    file_name: Mapped[str] = mapped_column(String(255))
    update: Mapped[bool] = mapped_column(default=False)
    added: Mapped[int] = mapped_column(default=0)
    updated: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    letters: Mapped[int] = mapped_column(
        default=0
    )  # with credentials; how many of them went out, Outbox.import_id says
    rows: Mapped[list[Any]] = mapped_column(default=list)  # [row, fate, why]
    at: Mapped[datetime]


class Staff(Base):
    """Somebody who works at the desk; `address` is in lower case."""

    __tablename__ = "staff"

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(String(320), unique=True)
    language: Mapped[str] = mapped_column(String(20), default="")
    admin: Mapped[bool] = mapped_column(default=False)
    day_sheet: Mapped[bool] = mapped_column(default=True)  # wants the list of the day every working morning
    columns: Mapped[list[Any]] = mapped_column(default=list)
    created_at: Mapped[datetime]
    deactivated_at: Mapped[datetime | None]


class Team(Base):
    """A group of staff with a queue; letters to the queue go to its address, or to each member."""

    __tablename__ = "team"

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(String(100), unique=True)
    desk_address: Mapped[str] = mapped_column(String(320), default="")
    queue_address: Mapped[str] = mapped_column(String(320), default="")


class TeamMember(Base):
    """Who is in which team."""

    __tablename__ = "team_member"
    __table_args__ = (Index("ix_team_member_staff_id", "staff_id"), {"sqlite_with_rowid": False})

    team_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("team.id"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("staff.id"), primary_key=True)
