"""The command that changes the schema of the database: `postdesk migrate`."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from postdesk.cli import app, fail, open_house

if TYPE_CHECKING:
    from store.database import Database
    from store.migrations import Blocked

_LOOK_EVERY = 2.0  # seconds
_PHASES = {"expand": "adds", "move": "moves data", "contract": "takes away"}


@app.command()
def migrate(
    show: Annotated[bool, typer.Option("--show", help="Say what would be done, and do nothing.")] = False,
    wait: Annotated[
        int, typer.Option(min=0, metavar="SECONDS", help="Wait so long for older processes, before something goes.")
    ] = 0,
    force: Annotated[
        bool, typer.Option("--force", help="Take away what older processes use, though some live. They will fail.")
    ] = False,
    later: Annotated[
        bool, typer.Option("--later", help="What waits for older processes stays for later; the exit code is 0 then.")
    ] = False,
) -> None:
    """Bring the database to the newest schema, while the desk runs."""
    from desk import audit
    from store.migrations.state import Fit, fit, found

    house = open_house(create=not show)
    database = house.database
    if show:
        if house.missing_database:
            raise fail(house.missing_database, 78)
        _show(database)
        return
    if fit(database) in (Fit.NEWER, Fit.TOO_NEW):
        typer.echo(f"The schema is at {found(database)[0]}, which is newer than this Postdesk: nothing to do here.")
        return

    before = found(database)[0]
    _upgrade(database, wait, force=force, later=later)
    after = found(database)[0]
    if before != after and fit(database) is Fit.NEWEST:
        audit.alone(database, "desk.migrated", before=before, after=after)
    typer.echo(
        f"The schema is at {after}." if before == after else f"The schema went from {before or 'nothing'} to {after}."
    )


def _upgrade(database: "Database", wait: int, *, force: bool, later: bool) -> None:
    """Step by step; what is in the way of one is waited for, so many seconds."""
    from store.migrations import upgrade
    from store.migrations.state import Step

    def tell(step: Step) -> None:
        typer.echo(f"{step.revision} {_PHASES[step.phase]}: {step.what}")

    end = time.monotonic() + wait
    while blocked := upgrade(database, force=force, tell=tell):
        if time.monotonic() < end:
            time.sleep(_LOOK_EVERY)
        elif later:
            typer.echo(_in_the_way(blocked))
            return
        else:
            raise fail(_in_the_way(blocked), 75)


def _show(database: "Database") -> None:
    from postdesk.preparing import names
    from store.migrations import older_processes
    from store.migrations.state import Fit, fit, found, pending

    version, _ = found(database)
    state, left = fit(database), pending(database)
    typer.echo(f"The database has {state.value}: {version or 'nothing'}.")
    for step in left:
        typer.echo(f"{step.revision} {_PHASES[step.phase]}: {step.what}")
        old = older_processes(database, step) if step.phase == "contract" else ()
        if old:
            typer.echo(f"     waits for processes that know only older schemas: {names(old)}")
    if not left and state is Fit.NEWEST:
        typer.echo("There is nothing to do.")


def _in_the_way(blocked: "Blocked") -> str:
    from postdesk.preparing import names

    return (
        f"{blocked.step.revision} takes away what older processes still use, and these live: "
        f"{names(blocked.processes)}. Everything before it is done. Stop or upgrade them, and run this again; "
        "--wait SECONDS waits for them, --force does not."
    )
