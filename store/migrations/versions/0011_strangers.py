"""Letters to staff about new tickets of people whom nobody knows are told from the others: few of them go out singly."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward. No row is read: the new column has a default that the database knows."""
    op.add_column("outbox", sa.Column("stranger", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    """Back."""
    op.drop_column("outbox", "stranger")
