"""Access tokens of the JSON API, answers kept for repeated requests, and messages to webhooks."""

import sqlalchemy as sa
from alembic import op

from store.tables.base import ROW_ID, UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "access_token",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("hint", sa.String(12), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("may_write", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_access_token_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_access_token"),
        sa.UniqueConstraint("digest", name="uq_access_token_digest"),
    )
    op.create_index("ix_access_token_account_id", "access_token", ["account_id"], unique=False)
    op.create_table(
        "api_answer",
        sa.Column("key", sa.LargeBinary(32), nullable=False),
        sa.Column("request", sa.LargeBinary(32), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("location", sa.String(500), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_api_answer"),
    )
    op.create_index("ix_api_answer_at", "api_answer", ["at"], unique=False)
    _hook_message()


def _hook_message() -> None:
    op.create_table(
        "hook_message",
        sa.Column("id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("hook", sa.String(60), nullable=False),
        sa.Column("event", sa.String(30), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("retried_at", UtcDateTime(), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("holder", sa.String(120), nullable=False),
        sa.Column("reply", sa.String(300), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_hook_message"),
    )
    waiting = sa.text("state = 'waiting'")
    for name, columns in (("due", ["hook", "next_at"]), ("ticket", ["ticket_id", "hook"])):
        op.create_index(
            f"ix_hook_message_{name}",
            "hook_message",
            columns,
            unique=False,
            sqlite_where=waiting,
            postgresql_where=waiting,
        )
    op.create_index("ix_hook_message_created_at", "hook_message", ["created_at"], unique=False)


def downgrade() -> None:
    """Back."""
    for table in ("hook_message", "api_answer", "access_token"):
        op.drop_table(table)
