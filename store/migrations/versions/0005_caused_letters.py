"""The letters that a mail has caused are found by it."""

import sqlalchemy as sa
from alembic import op

from store.migrations.indexes import add_index

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None
concurrently = True


def upgrade() -> None:
    """Forward."""
    there = sa.text("received_id IS NOT NULL")
    add_index("ix_outbox_received_id", "outbox", ["received_id"], sqlite_where=there, postgresql_where=there)


def downgrade() -> None:
    """Back."""
    op.drop_index("ix_outbox_received_id", "outbox")
