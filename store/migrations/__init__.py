"""Schema changes, and how to run them."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from store.database import Database


def upgrade(database: Database) -> None:
    """Bring the schema to the newest version; safe to call from several processes at once."""
    # Alembic takes half a second to import, and most commands never need it.
    from alembic import command

    with database.engine.begin() as connection:
        if not database.is_sqlite:
            # One process migrates, the others wait for it.
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7078451)")
        command.upgrade(config_for(connection), "head")


def current(database: Database) -> tuple[str | None, str]:
    """The schema version of the database, and the newest one."""
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    with database.engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        newest = ScriptDirectory.from_config(config_for(connection)).get_current_head()
    return found, newest or ""


def is_current(database: Database) -> bool:
    """True when the schema is the newest; without Alembic, which takes half a second to import."""
    with database.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    newest = max(path.name.partition("_")[0] for path in (Path(__file__).parent / "versions").glob("[0-9]*.py"))
    return list(found) == [newest]


def config_for(connection: Connection):  # type: ignore[no-untyped-def]  # the type would import Alembic
    """What Alembic is told: where the versions are, and the connection to use."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
