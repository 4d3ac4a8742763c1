"""Work by mail: what tickets and people know of commands, alerts, approvals, and what waits to be confirmed."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str, length: int, default: str = "") -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, sa.String(length=length), nullable=False, server_default=default)


def _json(name: str, default: str) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, sa.JSON(), nullable=False, server_default=default)


def _flag(name: str) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())


def _count(name: str) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, sa.Integer(), nullable=False, server_default="0")


def _to(name: str, target: str, *, nullable: bool = True, table: str) -> tuple[sa.Column, sa.ForeignKeyConstraint]:  # type: ignore[type-arg]
    column = sa.Column(name, sa.BigInteger(), nullable=nullable)
    return column, sa.ForeignKeyConstraint([name], [f"{target}.id"], name=f"fk_{table}_{name}")


def upgrade() -> None:
    """Forward. Only columns with defaults and new tables: a process of the version before goes on working."""
    _ticket()
    for column in (_text("sees", 20), _json("columns", "[]"), _json("details", "{}")):
        op.add_column("contact", column)
    op.add_column("staff", _json("columns", "[]"))
    op.add_column("participant", _text("role", 12, "added"))
    _of_tickets()
    _of_people()
    _of_the_desk()


def _ticket() -> None:
    for column in (
        _text("urgency", 20, "Low"),
        _text("impact", 20, "Only Me"),
        _text("service", 200),
        _text("item", 200),
        _text("customer_reference", 100),
        _text("reference_key", 100),
        sa.Column("needed_by", sa.Date(), nullable=True),
        sa.Column("due_at", sa.DateTime(), nullable=True),
        _count("minutes"),
        _flag("spam"),
        _text("approval", 20),
        _text("withdrawal", 200),
        _flag("requester_muted"),
        sa.Column("reopened_on", sa.Date(), nullable=True),
        _count("reopened"),
    ):
        op.add_column("ticket", column)
    # SQLite adds no constraint later, but takes it with the column; Alembic would write two statements.
    op.execute("ALTER TABLE ticket ADD COLUMN parent_id BIGINT CONSTRAINT fk_ticket_parent_id REFERENCES ticket (id)")
    op.create_index("ix_ticket_parent_id", "ticket", ["parent_id"])
    for name, indexed, where in (
        ("ix_ticket_reference_key", "reference_key", "reference_key <> ''"),
        ("ix_ticket_due_at", "due_at", "due_at IS NOT NULL AND completed_at IS NULL"),
        ("ix_ticket_resolved", "completed_at", "status = 'Resolved'"),
    ):
        op.create_index(name, "ticket", [indexed], sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _of_tickets() -> None:
    op.create_table(
        "alert",
        *_to("ticket_id", "ticket", nullable=False, table="alert"),
        *_to("contact_id", "contact", nullable=False, table="alert"),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("sent_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("ticket_id", "contact_id", "stage", name="pk_alert"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "approval",
        *_to("ticket_id", "ticket", nullable=False, table="approval"),
        *_to("contact_id", "contact", nullable=False, table="approval"),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.Column("answer", sa.String(length=10), nullable=False),
        sa.Column("answered_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("ticket_id", "contact_id", name="pk_approval"),
        sqlite_with_rowid=False,
    )


def _of_people() -> None:
    op.create_table(
        "approver",
        *_to("organisation_id", "organisation", nullable=False, table="approver"),
        sa.Column("board", sa.String(length=60), nullable=False),
        *_to("contact_id", "contact", nullable=False, table="approver"),
        sa.PrimaryKeyConstraint("organisation_id", "board", "contact_id", name="pk_approver"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "import_run",
        sa.Column("id", _KEY, autoincrement=False, nullable=False),
        *_to("organisation_id", "organisation", table="import_run"),
        *_to("contact_id", "contact", table="import_run"),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("update", sa.Boolean(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("rows", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_import_run"),
    )
    op.create_index("ix_import_run_organisation_id", "import_run", ["organisation_id"])


def _of_the_desk() -> None:
    op.create_table(
        "pending",
        sa.Column("id", _KEY, autoincrement=False, nullable=False),
        *_to("contact_id", "contact", table="pending"),
        *_to("staff_id", "staff", table="pending"),
        *_to("ticket_id", "ticket", table="pending"),
        *_to("received_id", "received_mail", table="pending"),
        sa.Column("commands", sa.JSON(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("done_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_pending"),
    )
    op.create_table(
        "announcement",
        sa.Column("id", _KEY, autoincrement=False, nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(), nullable=False),
        sa.Column("ends_at", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_announcement"),
    )


def downgrade() -> None:
    """Back."""
    for table in ("announcement", "pending", "import_run", "approver", "approval", "alert"):
        op.drop_table(table)
    op.drop_column("participant", "role")
    op.drop_column("staff", "columns")
    for name in ("details", "columns", "sees"):
        op.drop_column("contact", name)
    for name in ("ix_ticket_resolved", "ix_ticket_due_at", "ix_ticket_reference_key", "ix_ticket_parent_id"):
        op.drop_index(name, "ticket")
    names = (
        "urgency impact service item customer_reference reference_key needed_by due_at minutes spam approval "
        "withdrawal requester_muted reopened_on reopened parent_id"
    )
    with op.batch_alter_table("ticket") as changed:
        for name in names.split():
            changed.drop_column(name)
