"""The command that takes a desk to another database: `postdesk copy-database`."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from postdesk.cli import app, fail, ready_house


@app.command("copy-database")
def copy_database(
    to: Annotated[
        str,
        typer.Argument(
            metavar="URL",
            help="An empty database, as database.url would say it. A password may come from PGPASSWORD or ~/.pgpass.",
        ),
    ],
) -> None:
    """Copy all rows into an empty database, as from SQLite into PostgreSQL. The desk must not run meanwhile."""
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError

    from desk import audit
    from postdesk.copying import CopyError, copy, is_unfinished
    from postdesk.restore_running import at_work
    from store.database import Database

    house = ready_house()
    if names := at_work(house.database, datetime.now(UTC)):
        raise fail(f"The desk is at work ({', '.join(names)}). Stop it, wait a minute, and run this again.", 75)
    try:
        target = Database(to)
        if is_unfinished(target):
            typer.echo("A copy has begun there that did not come to its end. It begins anew.")
        copied = copy(house.database, target, lambda name, rows: typer.echo(f"{name}: {rows:,}") if rows else None)
        target.forget_connections()  # its ids go on where those of the old one ended
        audit.alone(target, "desk.migrated", copied=copied)
        target.close()
    except (ArgumentError, ValueError) as error:
        raise fail("That is not the URL of a database. One is: postgresql+psycopg://desk@localhost/desk", 64) from error
    except (CopyError, SQLAlchemyError, OSError) as error:
        raise fail(f"Nothing was copied. {getattr(error, 'orig', error)}", 74) from error
    typer.echo(
        f"{copied:,} rows are there. Now set database.url to it and start Postdesk; the old database is as it was."
    )
    typer.echo("Mails and files in the blob store stay where they are. To see that all is well: postdesk verify")
