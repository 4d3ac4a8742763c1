"""`postdesk seed-demo`: a realistic sample desk, to try things out on and to take pictures of."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer

from postdesk.cli import app, fail, ready_house


@app.command("seed-demo")
def seed_demo(
    tickets: Annotated[int, typer.Option(min=1, max=5000, help="How many conversations.")] = 200,
    seed: Annotated[int, typer.Option(help="Another number makes another sample; the same one the same.")] = 1,
    add: Annotated[bool, typer.Option("--add", help="Even where there are tickets already.")] = False,
    send: Annotated[bool, typer.Option("--send", help="Leave the letters waiting, so that they are sent.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The counts as one JSON object.")] = False,
) -> None:
    """Fill an empty desk with sample organisations, people, tickets and conversations. No letter leaves it."""
    from desk import audit
    from postdesk.catalogue import FILE
    from postdesk.seed import plant, sample

    house = ready_house()
    if not add and plant.has_tickets(house.database):
        raise fail(
            "There are tickets here already, and a sample would stand among them. To add it all the same: --add", 73
        )
    catalogue = house.loaded.home / FILE
    made_catalogue = not catalogue.exists()
    if made_catalogue:
        catalogue.write_text(sample.CATALOGUE.read_text(encoding="utf-8"), encoding="utf-8")
        house = ready_house()  # what stands in it counts from the first mail on
    with _progress() as progress:
        wanted = plant.Wanted(tickets, seed, send)
        counts = plant.plant(house, wanted, datetime.now(UTC), progress)
    audit.alone(house.database, "desk.sample", tickets=counts["tickets"])
    if as_json:
        typer.echo(json.dumps(counts))
        return
    typer.echo(
        f"{counts['tickets']} tickets of {counts['contacts']} contacts in {counts['organisations']} organisations, "
        f"from {counts['mails']} mails."
    )
    if made_catalogue:
        typer.echo(f"Services and items are in {catalogue}.")
    waiting = counts["letters waiting"]
    typer.echo(f"{waiting} letters wait to be sent." if send else f"None of the {counts['letters']} letters is sent.")
    typer.echo("To sign in as a customer: postdesk contact activate grace.hill@logistics.test")


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A line that grows, on a terminal; it is told how many stories have ended, and of how many."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("Telling stories"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, transient=True, console=Console(stderr=True)) as shown:
        task = shown.add_task("", total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)
