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
    op.add_column("outbox", _text("timer", 20))
    op.add_column("outbox", _moment("turn_at"))
    op.add_column("outbox", _moment("retried_at"))
    op.add_column("delivery", _text("relay", 60))
    op.add_column("job_run", sa.Column("place", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "counter",
        _text("name", 40, None),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counter"),
    )
    op.create_table(
        "process",
        _text("name", 120, None),
        sa.Column("roles", sa.JSON(), nullable=False),
        _text("version", 40, None),
        _text("schema", 10, None),
        _moment("started_at", null=False),
        _moment("seen_at", null=False),
        _count("clock_ms"),
        sa.PrimaryKeyConstraint("name", name="pk_process"),
    )
    op.create_table(
        "schema_state",
        _text("name", 20, None),
        _text("oldest", 10, None),
        sa.PrimaryKeyConstraint("name", name="pk_schema_state"),
    )
    op.create_table(
        "mailbox_state",
        _text("name", 60, None),
        _text("mode", 10),
        _moment("seen_at", null=False),
        _moment("last_success"),
        sa.Column("last_error", sa.Text(), nullable=False, server_default=""),
        _moment("last_error_at"),
        *(_count(name) for name in ("failures", "unfetchable", "unmovable", "waiting", "taken")),
        *(_count(name) for name in ("refused", "refused_told")),
        sa.Column("refused_why", sa.Text(), nullable=False, server_default=""),
        _moment("refused_at"),
        _moment("refused_told_at"),
        sa.Column("start_known", sa.Boolean(), nullable=False, server_default=sa.false()),
        *(_count(name, sa.BigInteger) for name in ("uid_validity", "start_uid")),
        *(_moment(name) for name in ("failing_since", "start_at", "token_ends_at", "told_at")),
        _count("token_told"),
        sa.PrimaryKeyConstraint("name", name="pk_mailbox_state"),
    )
    op.create_table(
        "pace",
        _text("domain", 255, None),
        _count("free_ms", sa.BigInteger),
        _count("slow_ms"),
        _moment("slow_at"),
        sa.Column("reply", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("domain", name="pk_pace"),
    )
    op.create_index(
        "ix_pace_slow",
        "pace",
        ["slow_at"],
        sqlite_where=sa.text("slow_ms > 0"),
        postgresql_where=sa.text("slow_ms > 0"),
    )
    op.create_table(
        "canary",
        _id(),
        _text("address", 320, None),
        _moment("sent_at", null=False),
        sa.Column("outbox_id", sa.BigInteger(), nullable=True),
        _moment("arrived_at"),
        _moment("handled_at"),
        sa.Column("received_id", sa.BigInteger(), nullable=True),
        _moment("told_at"),
        _moment("mended_at"),
        sa.PrimaryKeyConstraint("id", name="pk_canary"),
    )
    _moving_in()
    op.create_table(
        "erasure",
        _id(),
        _moment("at", null=False),
        _text("by", 320),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_erasure"),
    )


def _moving_in() -> None:
    op.create_table(
        "move_in",
        _id(),
        _moment("at", null=False),
        _text("by", 60),
        sa.Column("source", sa.Text(), nullable=False, server_default=""),
        _moment("done_at"),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_move_in"),
    )
    op.create_table(
        "moved_mail",
        sa.Column("received_id", _id().type, autoincrement=False, nullable=False),
        sa.Column("move_in_id", sa.BigInteger(), nullable=False),
        sa.Column("message_key", sa.LargeBinary(length=16), nullable=True),
        sa.Column("numbers", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("received_id", name="pk_moved_mail"),
        sa.ForeignKeyConstraint(["move_in_id"], ["move_in.id"], name="fk_moved_mail_move_in_id"),
    )
    op.create_index("ix_moved_mail_move_in_id", "moved_mail", ["move_in_id"])
    op.create_table(
        "old_number",
        _text("key", 120, None),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", "ticket_id", name="pk_old_number"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_old_number_ticket_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_old_number_ticket_id", "old_number", ["ticket_id"])


def downgrade() -> None:
    """Back."""
    for table in (
        "old_number",
        "moved_mail",
        "move_in",
        "erasure",
        "canary",
        "pace",
        "mailbox_state",
        "schema_state",
        "process",
        "counter",
    ):
        op.drop_table(table)
    op.drop_column("job_run", "place")
    op.drop_column("delivery", "relay")
    op.drop_column("outbox", "retried_at")
    op.drop_column("outbox", "turn_at")
    op.drop_column("outbox", "timer")
    op.drop_column("outbox", "received_id")
