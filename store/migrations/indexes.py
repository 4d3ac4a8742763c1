"""Indexes of tables that may be big: built beside the work where the database can do that."""

from alembic import op


def add_index(name: str, table: str, columns: list[str], **options: object) -> None:
    """In a step that says `concurrently = True`; what is left of an attempt that was broken off goes first."""
    context = op.get_context()
    beside = context.dialect.name == "postgresql" and not context.as_sql and _outside_of_a_transaction()
    if beside:
        op.execute(f'DROP INDEX CONCURRENTLY IF EXISTS "{name}"')
    op.create_index(name, table, columns, postgresql_concurrently=beside, **options)  # type: ignore[arg-type]


def _outside_of_a_transaction() -> bool:
    """False when all steps are done at once, for a desk that is new."""
    connection = op.get_bind()
    return bool(connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT")
