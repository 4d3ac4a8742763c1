"""The audit log, the seals over its closed parts, and triggers that refuse to change either."""

import sqlalchemy as sa
from alembic import op

from store.tables import audit
from store.tables.base import ROW_ID, UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_INDEXES = (
    ("ix_audit_at", ["at"]),
    ("ix_audit_act", ["act", "at"]),
    ("ix_audit_staff_id", ["staff_id", "at"]),
    ("ix_audit_contact_id", ["contact_id", "at"]),
    ("ix_audit_object", ["kind", "object_id", "at"]),
)


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "audit",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("way", sa.String(10), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=True),
        sa.Column("contact_id", sa.BigInteger(), nullable=True),
        sa.Column("operator", sa.String(60), nullable=False),
        sa.Column("act", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("object_id", sa.BigInteger(), nullable=True),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("via", sa.String(40), nullable=False),
        sa.Column("received_id", sa.BigInteger(), nullable=True),
        sa.Column("peer", sa.String(45), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    for name, columns in _INDEXES:
        op.create_index(name, "audit", columns, unique=False)
    by_mail = sa.text("received_id IS NOT NULL")
    op.create_index("ix_audit_received_id", "audit", ["received_id"], sqlite_where=by_mail, postgresql_where=by_mail)
    op.create_table(
        "audit_seal",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("upto", UtcDateTime(), nullable=False),
        sa.Column("rows", sa.JSON(), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit_seal"),
    )
    op.create_table(
        "audit_gate",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("before", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit_gate"),
    )
    for statement in audit.guards(op.get_context().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    """Back."""
    for table in ("audit", "audit_seal", "audit_gate"):
        op.drop_table(table)
    for statement in audit.without(op.get_context().dialect.name):
        op.execute(statement)
