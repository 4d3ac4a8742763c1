"""Commands about what happens by the clock: `postdesk timers …`."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from postdesk.cli import app, fail
from postdesk.cli_held import open_desk

timers_app = typer.Typer(no_args_is_help=True, help="What happens by the clock: reminders, digests, and the like.")
app.add_typer(timers_app, name="timers")


@timers_app.command("list")
def timers_list(as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False) -> None:
    """Every timer: what it does, when it ran last, and for what."""
    from sqlalchemy import select

    from postdesk.timers import TIMERS
    from store.tables import JobRun

    with open_desk() as house:
        with house.database.reading() as session:
            runs = {row.name: row for row in session.scalars(select(JobRun))}
        for name, timer in TIMERS.items():
            last = runs.get(name)
            if as_json:
                at, done_for = (last.at.isoformat(), last.done_for) if last else (None, "")
                typer.echo(json.dumps({"name": name, "what": timer.what, "at": at, "done_for": done_for}))
                continue
            when = f"{last.at.astimezone(house.zone):%Y-%m-%d %H:%M %Z}" if last else "not yet"
            done_for = f", for {last.done_for}" if last and last.done_for else ""
            typer.echo(f"{name:<12}  {when}{done_for}\n{'':<12}  {timer.what}")


@timers_app.command("run")
def timers_run(name: Annotated[str, typer.Argument(metavar="NAME", help="As “timers list” shows it.")]) -> None:
    """Run one timer now, one batch of it, while the desk goes on working."""
    from desk import audit
    from postdesk import schedule
    from postdesk.timers import TIMERS

    if name not in TIMERS:
        raise fail(f"There is no timer “{name}”. Choose from: {', '.join(TIMERS)}.", 64)
    with open_desk() as house:
        done = schedule.run_now(house, name, datetime.now(UTC))
        audit.alone(house.database, "timer.run", timer=name, done=done.count or None)
    typer.echo(f"{name}: {done.count:,} done." if done.count else f"{name}: there was nothing to do.")
