"""Commands that write lists to files: `postdesk ticket export`, `postdesk people export`."""

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from postdesk import ticket_lists
from postdesk.cli import fail, people_app, ticket_app
from postdesk.cli_held import open_desk
from postdesk.ticket_lists import FilterOption, StaffOption, ViewOption

if TYPE_CHECKING:
    from desk.columns import Column
    from desk.exporting import Format, Listing, Value
    from postdesk.wiring import House

_FormatOption = Annotated[
    str, typer.Option("--format", metavar="FORMAT", help="csv, xlsx or pdf; else as the name of the file ends, or csv.")
]
_OutputOption = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE", help="Where to; - is the standard output.")
]


@ticket_app.command("export")
def ticket_export(
    output: _OutputOption,
    form: _FormatOption = "",
    view: ViewOption = "all",
    narrowed: FilterOption = None,
    staff: StaffOption = "",
    columns: Annotated[str, typer.Option(help="Their names, with commas between; else the usual ones of staff.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many at most; a PDF holds up to 1,000.")] = 100_000,
) -> None:
    """Write a list of tickets to a file, as staff see it."""
    from desk import audit
    from desk.columns import fill_in
    from postdesk.answering import answer_facts

    chosen = _format(form, output)
    with open_desk() as house:
        facts, now = answer_facts(house), datetime.now(UTC)
        query = ticket_lists.ask(view, narrowed or (), staff, facts, now)
        shown = _columns(columns)
        with house.database.reading() as session:
            found = ticket_lists.found(session, query, staff, shown, now, limit + 1)
        fill_in(found, shown, facts.catalogue)
        headings = [column.label for column in shown]
        rows = ([row[column.key] for column in shown] for row in found[:limit])
        title = f"{min(len(found), limit):,} {'ticket' if len(found) == 1 else 'tickets'}"
        _write(chosen, output, _listing(house, title, headings, rows, now), len(found[:limit]))
        audit.alone(house.database, "export.tickets", form=chosen, rows=len(found[:limit]))
    if not found:
        typer.echo("No ticket is in this list; the file holds the headings alone.", err=True)
    if len(found) > limit:
        typer.echo(f"There are more; --limit writes more than {limit:,}.", err=True)


@people_app.command("export")
def people_export(
    organisation: Annotated[str, typer.Option(help="The name of the organisation.")],
    output: _OutputOption,
    form: _FormatOption = "",
) -> None:
    """Write everybody of an organisation to a file: name, job, site, level, address, telephones, last sign-in."""
    from desk import audit, contact_lists
    from postdesk.cli_people import people_of

    chosen = _format(form, output)
    with open_desk() as house:
        with house.database.reading() as session:
            found = people_of(session, organisation)
        title = f"{len(found):,} {'person' if len(found) == 1 else 'people'} of {organisation}"
        rows = (contact_lists.cells(one) for one in found)
        listing = _listing(house, title, contact_lists.HEADINGS, rows, datetime.now(UTC))
        _write(chosen, output, listing, len(found))
        audit.alone(house.database, "export.people", form=chosen, rows=len(found))


def _format(named: str, output: Path) -> "Format":
    from desk.exporting import FORMATS

    said = (named or output.suffix.lstrip(".") or "csv").lower()
    found = next((form for form in FORMATS if form == {"excel": "xlsx"}.get(said, said)), None)
    if found is None:
        raise fail(f"There is no format “{said}”. Choose from: {', '.join(FORMATS)}.", 64)
    return found


def _columns(named: str) -> "Sequence[Column]":
    from desk.columns import NUMBER, STAFF_DEFAULT, available, chosen, find

    there = available(staff=True, priority=True)
    wanted = [find(name, there) for name in named.split(",") if name.strip()]
    if None in wanted:
        raise fail(f"Not every one of these is a column. There are: {', '.join(one.label for one in there)}.", 64)
    return chosen([one.key for one in wanted if one and one.key != NUMBER], STAFF_DEFAULT, there)


def _listing(
    house: "House", title: str, headings: "Sequence[str]", rows: "Iterator[Sequence[Value]]", now: datetime
) -> "Listing":
    from desk.exporting import Listing

    return Listing(title, headings, rows, house.zone, now, house.settings.desk.name)


def _write(form: "Format", output: Path, listing: "Listing", count: int) -> None:
    from desk import exporting

    held = count
    if form == "pdf":
        listing = exporting.fitting(listing)
        held = len(list(listing.rows))
    try:
        with _opened(output) as out:
            exporting.write(form, listing, out)
    except exporting.NotPossible as error:
        raise fail(f"{error}. Nothing was written; --format csv needs nothing more.", 69) from error
    except OSError as error:
        raise fail(f"{output} cannot be written: {error.strerror}.", 73) from error
    if count > held:
        typer.echo(f"The PDF holds the first {held:,}; --format xlsx holds all {count:,}.", err=True)


@contextlib.contextmanager
def _opened(output: Path) -> "Iterator[BinaryIO]":
    """The file, under its name once all of it is there."""
    if str(output) == "-":
        yield sys.stdout.buffer
        return
    part = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as out:
            yield out
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)
