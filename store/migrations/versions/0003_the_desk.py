"""The desk itself: more of organisations and sites, due times, reminders, who read a ticket, what the timers did."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _text(name: str, length: int, default: str = "") -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, sa.String(length=length), nullable=False, server_default=default)


def _flag(name: str, *, on: bool = False) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.true() if on else sa.false())


def _count(name: str) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, sa.Integer(), nullable=False, server_default="0")


def _moment(name: str) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, sa.DateTime(), nullable=True)


def _columns() -> dict[str, tuple[sa.Column, ...]]:  # type: ignore[type-arg]
    return {
        "organisation": (
            _text("language", 20),
            _text("approvals", 10),
            _text("copies", 10),
            _flag("may_create", on=True),
            _flag("shares", on=True),
        ),
        "site": (
            _text("account", 60),
            _text("address", 200),
            _text("address2", 200),
            _text("city", 100),
            _text("country", 100),
            _text("more_address", 200),
            _flag("main"),
        ),
        "contact": (_flag("digest"), _flag("news", on=True)),
        "staff": (_flag("day_sheet", on=True),),
        "ticket": (
            _moment("first_answer_due_at"),
            _moment("first_answered_at"),
            _moment("waiting_since"),
            _count("reminded"),
            _text("due_told", 10),
            _flag("due_fixed"),
            sa.Column("answers", sa.JSON(), nullable=False, server_default="{}"),
        ),
        "announcement": (
            _flag("by_mail", on=True),
            _moment("told_at"),
            sa.Column("told_up_to", sa.BigInteger(), nullable=False, server_default="0"),
        ),
        "import_run": (_text("by", 320), _count("letters")),
        "outbox": (sa.Column("import_id", sa.BigInteger(), nullable=True),),
    }


_INDEXES = (
    ("ix_ticket_waiting_since", "ticket", "waiting_since", "waiting_since IS NOT NULL AND completed_at IS NULL"),
    (
        "ix_ticket_first_answer_due_at",
        "ticket",
        "first_answer_due_at",
        "first_answer_due_at IS NOT NULL AND first_answered_at IS NULL AND completed_at IS NULL",
    ),
    ("ix_outbox_import_id", "outbox", "import_id", "import_id IS NOT NULL"),
    ("ix_contact_digest", "contact", "id", "digest"),
    # Rows that go with a ticket are found by it; without these each one that is deleted reads whole tables.
    ("ix_ticket_merged_into_id", "ticket", "merged_into_id", "merged_into_id IS NOT NULL"),
    ("ix_outbox_event_id", "outbox", "event_id", "event_id IS NOT NULL"),
    ("ix_pending_ticket_id", "pending", "ticket_id", "ticket_id IS NOT NULL"),
    ("ix_received_mail_blob", "received_mail", "blob", "blob <> ''"),
)


def upgrade() -> None:
    """Forward. Only columns with defaults and new tables: a process of the version before goes on working."""
    for table, columns in _columns().items():
        for column in columns:
            op.add_column(table, column)
    # SQLite adds no constraint later, but takes it with the column; Alembic would write two statements.
    site = "BIGINT CONSTRAINT fk_import_run_site_id REFERENCES site (id)"
    op.execute(f"ALTER TABLE import_run ADD COLUMN site_id {site}")
    for name, table, indexed, where in _INDEXES:
        sqlite = where if where != "digest" else "digest = 1"
        op.create_index(name, table, [indexed], sqlite_where=sa.text(sqlite), postgresql_where=sa.text(where))
    secret = sa.text("kind IN ('credentials', 'sign_in_link')")
    people = ["contact_id", "staff_id"]
    op.create_index("ix_outbox_secret", "outbox", people, sqlite_where=secret, postgresql_where=secret)
    op.create_index("ix_organisation_parent_id", "organisation", ["parent_id"])
    op.create_index("ix_pending_contact_id", "pending", ["contact_id"])
    op.create_index("ix_approval_contact_id", "approval", ["contact_id"])
    op.create_index("ix_known_message_ticket_id", "known_message", ["ticket_id"])
    op.create_table(
        "reading",
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_reading_ticket_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_reading_staff_id"),
        sa.PrimaryKeyConstraint("ticket_id", "staff_id", name="pk_reading"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "job_run",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("done_for", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_job_run"),
    )


def downgrade() -> None:
    """Back."""
    op.drop_table("job_run")
    op.drop_table("reading")
    op.drop_index("ix_known_message_ticket_id", "known_message")
    op.drop_index("ix_approval_contact_id", "approval")
    op.drop_index("ix_pending_contact_id", "pending")
    op.drop_index("ix_organisation_parent_id", "organisation")
    op.drop_index("ix_outbox_secret", "outbox")
    for name, table, _, _ in reversed(_INDEXES):
        op.drop_index(name, table)
    with op.batch_alter_table("import_run") as changed:
        changed.drop_column("site_id")
    for table, columns in reversed(_columns().items()):
        for column in reversed(columns):
            op.drop_column(table, column.name)
