"""Write a migration from the difference between the tables and the newest schema: `python -m tools.migration "why"`."""

import sys
import tempfile
from pathlib import Path

from store.database import Database
from store.migrations import config_for, upgrade


def main(why: str) -> None:
    """Make the newest schema in a temporary file, compare, and write the next version; read it before committing."""
    from alembic import command

    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/desk.db")
        upgrade(database)
        versions = sorted(Path("store/migrations/versions").glob("[0-9]*.py"))
        number = f"{int(versions[-1].name.partition('_')[0]) + 1:04d}"
        with database.engine.begin() as connection:
            command.revision(config_for(connection), message=why, autogenerate=True, rev_id=number)
        database.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(sys.argv[1])
