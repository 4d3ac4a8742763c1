"""The command that shows what runs where: `postdesk processes`."""

from datetime import timedelta
from typing import TYPE_CHECKING

import typer

from postdesk.cli import app
from postdesk.cli_common import JsonOption, say_json
from postdesk.cli_held import open_desk, program

if TYPE_CHECKING:
    from store.processes import Known

_CLOCK_OFF = timedelta(seconds=5)


@app.command()
def processes(as_json: JsonOption = False) -> None:
    """Every process of the desk, on all machines: its roles, its version, when it was last seen."""
    from store.processes import known, missing_roles

    with open_desk() as house:
        with house.database.reading() as session:
            found, missing = known(session), missing_roles(session)
        if as_json:
            for process in found:
                say_json(_as_json(process))
            return
        for process in found:
            typer.echo(_line(process))
        if not found:
            typer.echo(f"Nothing runs. Start it with: {program()} serve")
        for role in missing:
            typer.echo(f"No process with the role {role} lives.")


def _line(process: "Known") -> str:
    from store.identity import short

    seconds = round(process.seen.total_seconds())
    state = f"seen {seconds} s ago" if process.lives else f"GONE, last seen {_span(process.seen)} ago"
    clock = ""
    if abs(process.clock) > _CLOCK_OFF:
        way = "ahead of" if process.clock > timedelta() else "behind"
        clock = f"; its clock is {abs(round(process.clock.total_seconds()))} s {way} the database's"
    roles = ", ".join(process.roles)
    return f"{short(process.name):<30} {roles:<36} {process.version}, schema {process.schema}, {state}{clock}"


def _span(time: timedelta) -> str:
    minutes = round(time.total_seconds() / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"


def _as_json(process: "Known") -> dict[str, object]:
    return {
        "name": process.name,
        "roles": list(process.roles),
        "version": process.version,
        "schema": process.schema,
        "started_at": process.started_at.isoformat(),
        "seen_seconds_ago": round(process.seen.total_seconds(), 1),
        "clock_seconds_ahead": round(process.clock.total_seconds(), 3),
        "lives": process.lives,
    }
