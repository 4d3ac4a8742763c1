"""Those letters are counted by the hour, and the ones that wait to be told together are found."""

import sqlalchemy as sa
from alembic import op

from store.migrations.indexes import add_index

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None
concurrently = True

_INDEXES = {
    "ix_outbox_stranger": {"sqlite_where": sa.text("stranger = 1"), "postgresql_where": sa.text("stranger")},
    "ix_outbox_gathered": dict.fromkeys(("sqlite_where", "postgresql_where"), sa.text("state = 'gathered'")),
}


def upgrade() -> None:
    """Forward."""
    for name, where in _INDEXES.items():
        add_index(name, "outbox", ["created_at"], **where)


def downgrade() -> None:
    """Back."""
    for name in reversed(_INDEXES):
        op.drop_index(name, "outbox")
