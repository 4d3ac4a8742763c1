"""The audit log: who did what, by which way, to what. The database itself refuses to change or delete its rows.

Triggers of both databases see to that, whoever writes: this code, a program of one's own, a person with a client. There
is one gate, a row in `audit_gate` that one transaction puts there and takes away again: through it rows go that are
older than `retention.audit_days`, and the address on the net where somebody who is erased came from. A row that was
changed all the same, by somebody who took the triggers off, is found by its seal (desk/audit_seal.py).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, Index, LargeBinary, MetaData, String, event, text
from sqlalchemy.orm import Mapped, mapped_column

from store.tables.base import Base, Key

_BY_MAIL = text("received_id IS NOT NULL")


class Audit(Base):
    """One act. People and things are ids without foreign keys: the row stays when they go, and names none of them."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_at", "at"),
        Index("ix_audit_act", "act", "at"),
        Index("ix_audit_staff_id", "staff_id", "at"),
        Index("ix_audit_contact_id", "contact_id", "at"),
        Index("ix_audit_object", "kind", "object_id", "at"),
        # Whether a mail of the ledger has a row here.
        Index("ix_audit_received_id", "received_id", sqlite_where=_BY_MAIL, postgresql_where=_BY_MAIL),
    )

    id: Mapped[Key]
    at: Mapped[datetime]
    way: Mapped[str] = mapped_column(String(10))  # mail | page | api | cli | timer
    staff_id: Mapped[int | None] = mapped_column(BigInteger)
    contact_id: Mapped[int | None] = mapped_column(BigInteger)
    operator: Mapped[str] = mapped_column(String(60), default="")  # of the command line; of a timer its name
    act: Mapped[str] = mapped_column(String(40))  # a word of desk/audit_acts.py
    kind: Mapped[str] = mapped_column(String(20), default="")  # of what it was done to: ticket, contact, mail …
    object_id: Mapped[int | None] = mapped_column(BigInteger)
    event_id: Mapped[int | None] = mapped_column(BigInteger)  # the entry of the ticket that says the rest
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)  # few, and no words of people
    via: Mapped[str] = mapped_column(String(40), default="")  # the session or the token
    received_id: Mapped[int | None] = mapped_column(BigInteger)  # the mail that asked for it
    peer: Mapped[str] = mapped_column(String(45), default="")  # where a page or a program was asked from


class AuditSeal(Base):
    """A closed part of the log: which rows, and a keyed digest over them and over the seal before."""

    __tablename__ = "audit_seal"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    upto: Mapped[datetime]  # the time of its newest row
    rows: Mapped[list[Any]]  # their ids, in order
    key_id: Mapped[int]  # of the master key that its digest is made with
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))


class AuditGate(Base):
    """Open while its one row is there, which no other transaction ever sees: `before` says how old a row must be."""

    __tablename__ = "audit_gate"

    id: Mapped[Key]
    before: Mapped[datetime | None]  # rows older than that may go; none: only addresses are taken out


_TABLES = ("audit", "audit_seal")
_REFUSED = "the audit log is not changed"
# Whatever a row holds but its peer, which may become empty.
_SAME = (
    "id", "at", "way", "staff_id", "contact_id", "operator", "act", "kind", "object_id", "event_id", "via",
    "received_id",
)  # fmt: skip
_OLD = "SELECT 1 FROM audit_gate WHERE before > OLD.at"
_OPEN = "SELECT 1 FROM audit_gate"
_TWICE = "SELECT 1 FROM audit WHERE id = NEW.id"
_SEALED = "SELECT 1 FROM audit_seal WHERE number = NEW.number"


def _sqlite() -> list[str]:
    stop = f"BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
    same = " AND ".join(f"NEW.{name} IS OLD.{name}" for name in (*_SAME, "details"))
    return [
        f"CREATE TRIGGER IF NOT EXISTS audit_kept BEFORE DELETE ON audit WHEN NOT EXISTS ({_OLD}) {stop}",
        f"CREATE TRIGGER IF NOT EXISTS audit_fixed BEFORE UPDATE ON audit "
        f"WHEN NOT (EXISTS ({_OPEN}) AND {same} AND NEW.peer = '') {stop}",
        # INSERT OR REPLACE deletes without asking the trigger above.
        f"CREATE TRIGGER IF NOT EXISTS audit_once BEFORE INSERT ON audit WHEN EXISTS ({_TWICE}) {stop}",
        f"CREATE TRIGGER IF NOT EXISTS audit_seal_kept BEFORE DELETE ON audit_seal {stop}",
        f"CREATE TRIGGER IF NOT EXISTS audit_seal_fixed BEFORE UPDATE ON audit_seal {stop}",
        f"CREATE TRIGGER IF NOT EXISTS audit_seal_once BEFORE INSERT ON audit_seal WHEN EXISTS ({_SEALED}) {stop}",
    ]


def _postgres() -> list[str]:
    same = " AND ".join(f"NEW.{name} IS NOT DISTINCT FROM OLD.{name}" for name in _SAME)
    same += " AND NEW.details::text = OLD.details::text"
    refuse = f"RAISE EXCEPTION '{_REFUSED}' USING ERRCODE = 'insufficient_privilege';"
    return [
        f"CREATE OR REPLACE FUNCTION audit_refused() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {refuse} END $$",
        "CREATE OR REPLACE FUNCTION audit_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF TG_OP = 'DELETE' AND EXISTS ({_OLD}) THEN RETURN OLD; END IF; "
        f"IF TG_OP = 'UPDATE' AND EXISTS ({_OPEN}) AND {same} AND NEW.peer = '' THEN RETURN NEW; END IF; "
        f"{refuse} END $$",
        "CREATE OR REPLACE TRIGGER audit_fixed BEFORE UPDATE OR DELETE ON audit "
        "FOR EACH ROW EXECUTE FUNCTION audit_changed()",
        "CREATE OR REPLACE TRIGGER audit_seal_fixed BEFORE UPDATE OR DELETE ON audit_seal "
        "FOR EACH ROW EXECUTE FUNCTION audit_refused()",
        *(
            f"CREATE OR REPLACE TRIGGER {table}_kept BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_refused()"
            for table in _TABLES
        ),
    ]


def guards(dialect: str) -> list[str]:
    """The statements that make the triggers; those that are there stay."""
    return _sqlite() if dialect == "sqlite" else _postgres()


def without(dialect: str) -> list[str]:
    """Those that take off what does not go with its table."""
    if dialect == "sqlite":
        return []
    return ["DROP FUNCTION IF EXISTS audit_changed()", "DROP FUNCTION IF EXISTS audit_refused()"]


def _with_the_tables(_: MetaData, connection: Connection, **__: Any) -> None:
    for statement in guards(connection.dialect.name):
        connection.execute(text(statement))


event.listen(Base.metadata, "after_create", _with_the_tables)
