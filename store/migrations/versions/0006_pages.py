"""Notes have titles, and a browser may be kept signed in."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.add_column("event", sa.Column("title", sa.String(200), nullable=False, server_default=""))
    op.add_column("web_session", sa.Column("kept", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Back."""
    op.drop_column("web_session", "kept")
    op.drop_column("event", "title")
