"""The second factor of signing in: secrets of apps that make codes, recovery codes, and sign-ins that are half done."""

import sqlalchemy as sa
from alembic import op

from store.tables.base import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_COLUMNS = ("totp_at", "totp_secret", "totp_step")


def upgrade() -> None:
    """Forward. No row is read: the new columns are empty, or have a default that the database knows."""
    op.add_column("account", sa.Column("totp_at", UtcDateTime(), nullable=True))
    op.add_column("account", sa.Column("totp_secret", sa.LargeBinary(64), nullable=True))
    op.add_column("account", sa.Column("totp_step", sa.BigInteger(), server_default="0", nullable=False))
    op.create_table(
        "recovery_code",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_recovery_code_account_id"),
        sa.PrimaryKeyConstraint("account_id", "digest", name="pk_recovery_code"),
    )
    op.create_table(
        "half_sign_in",
        sa.Column("key", sa.LargeBinary(32), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("proof", sa.LargeBinary(32), nullable=False),
        sa.Column("by_once", sa.Boolean(), nullable=False),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_half_sign_in_account_id"),
        sa.PrimaryKeyConstraint("key", name="pk_half_sign_in"),
    )
    op.create_index("ix_half_sign_in_account_id", "half_sign_in", ["account_id"], unique=False)


def downgrade() -> None:
    """Back."""
    op.drop_table("half_sign_in")
    op.drop_table("recovery_code")
    for name in reversed(_COLUMNS):
        op.drop_column("account", name)
