"""Words are found by an index; what lists are sorted by, and what Home counts, has indexes too."""

import sqlalchemy as sa
from alembic import op

from store.migrations.indexes import add_index
from store.tables import search

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None
concurrently = True

_INDEXES: tuple[tuple[str, list[str], str], ...] = (
    ("ix_ticket_status_created_at", ["status", "created_at"], ""),
    ("ix_ticket_updated_at", ["updated_at"], ""),
    ("ix_ticket_created_at", ["created_at", "spam"], ""),
    ("ix_ticket_organisation_id_created_at", ["organisation_id", "created_at", "shared", "spam"], ""),
    ("ix_ticket_completed_at", ["completed_at", "spam"], "completed_at IS NOT NULL"),
    (
        "ix_ticket_organisation_id_completed_at",
        ["organisation_id", "completed_at", "shared", "spam"],
        "completed_at IS NOT NULL",
    ),
    (
        "ix_ticket_open",
        ["organisation_id", "type", "status", "shared", "spam", "completed_at"],
        "completed_at IS NULL",
    ),
    ("ix_ticket_site_id", ["site_id"], "site_id IS NOT NULL"),
)


def upgrade() -> None:
    """Forward. On SQLite every text is only put down to be indexed: the timer “search” does that, a part at a time."""
    for name, columns, condition in _INDEXES:
        where = sa.text(condition) if condition else None
        add_index(name, "ticket", columns, sqlite_where=where, postgresql_where=where)
    if op.get_context().as_sql:  # what it does depends on what the database lets us
        return
    connection = op.get_bind()
    beside = connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"
    search.make(connection, beside=beside)
    search.fill(connection)


def downgrade() -> None:
    """Back."""
    search.drop(op.get_bind())
    for name, _, _ in reversed(_INDEXES):
        op.drop_index(name, "ticket")
