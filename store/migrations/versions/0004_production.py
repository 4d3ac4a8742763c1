"""Running in production: processes, mailboxes, paces, the canary, erasures; which mail caused a letter."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _text(name: str, length: int, default: str | None = "") -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, sa.String(length=length), nullable=False, server_default=default)


def _moment(name: str, *, null: bool = True) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, sa.DateTime(), nullable=null)


def _count(name: str, kind: type[sa.Integer] = sa.Integer) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, kind(), nullable=False, server_default="0")


def _id() -> sa.Column:  # type: ignore[type-arg]
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("id", key, autoincrement=False, nullable=False)


def upgrade() -> None:
    """Forward. Only columns with defaults and new tables: a process of the version before goes on working."""
    op.add_column("outbox", sa.Column("received_id", sa.BigInteger(), nullable=True))
    op.add_column("delivery", _text("relay", 60))
    op.create_table(
        "process",
        _text("name", 120, None),
        sa.Column("roles", sa.JSON(), nullable=False),
        _text("version", 40, None),
        _text("schema", 10, None),
        _moment("started_at", null=False),
        _moment("seen_at", null=False),
        sa.PrimaryKeyConstraint("name", name="pk_process"),
    )
    op.create_table(
        "mailbox_state",
        _text("name", 60, None),
        _text("mode", 10),
        _moment("seen_at", null=False),
        _moment("last_success"),
        sa.Column("last_error", sa.Text(), nullable=False, server_default=""),
        _moment("last_error_at"),
        *(_count(name) for name in ("failures", "unfetchable", "waiting", "taken")),
        *(_count(name, sa.BigInteger) for name in ("uid_validity", "start_uid")),
        _moment("token_ends_at"),
        _moment("told_at"),
        sa.PrimaryKeyConstraint("name", name="pk_mailbox_state"),
    )
    op.create_table(
        "pace",
        _text("domain", 255, None),
        _moment("free_at", null=False),
        sa.PrimaryKeyConstraint("domain", name="pk_pace"),
    )
    op.create_table(
        "canary",
        _id(),
        _text("address", 320, None),
        _moment("sent_at", null=False),
        _moment("arrived_at"),
        _moment("told_at"),
        sa.PrimaryKeyConstraint("id", name="pk_canary"),
    )
    op.create_table(
        "erasure",
        _id(),
        _moment("at", null=False),
        _text("by", 320),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_erasure"),
    )


def downgrade() -> None:
    """Back."""
    for table in ("erasure", "canary", "pace", "mailbox_state", "process"):
        op.drop_table(table)
    op.drop_column("delivery", "relay")
    op.drop_column("outbox", "received_id")
