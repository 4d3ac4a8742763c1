"""Commands about tickets: `postdesk ticket list`, `postdesk ticket show`."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from postdesk import ticket_lists
from postdesk.cli import fail, ticket_app
from postdesk.cli_held import open_desk
from postdesk.ticket_lists import FilterOption, StaffOption, ViewOption

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
_COLUMNS = ("number", "status", "priority", "due", "organisation", "title")
_WIDEST = 28  # of an organisation


@ticket_app.command("list")
def ticket_list(
    view: ViewOption = "all",
    narrowed: FilterOption = None,
    staff: StaffOption = "",
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Tickets, the newest first; a view of them, narrowed by filters. With --json all their fields."""
    from desk.columns import BY_KEY
    from postdesk.answering import answer_facts

    columns = ticket_lists.all_fields() if as_json else tuple(BY_KEY[key] for key in _COLUMNS)
    now = datetime.now(UTC)
    with open_desk() as house:
        query = ticket_lists.ask(view, narrowed or (), staff, answer_facts(house), now)
        with house.database.reading() as session:
            rows = ticket_lists.found(session, query, staff, columns, now, limit + 1)
        zone = house.zone
    shown = rows[:limit]
    if as_json:
        for row in shown:
            typer.echo(json.dumps(ticket_lists.as_json(row), ensure_ascii=False))
    else:
        typer.echo("\n".join(_table(shown, zone)) if shown else _nothing(view, narrowed or ()))
    if len(rows) > limit:
        typer.echo(f"There are more; --limit shows more than {limit:,}.", err=True)


def _nothing(view: str, narrowed: Sequence[str]) -> str:
    return "No ticket is in this list." if narrowed or view != "all" else "There are no tickets yet."


def _table(rows: Sequence[dict[str, Any]], zone: "ZoneInfo") -> list[str]:
    """A heading, and a line for each ticket; the title, which may be long, is last."""
    from desk.columns import BY_KEY

    lines = [[BY_KEY[key].label for key in _COLUMNS]]
    for row in rows:
        due = row["due"]
        when = f"{due.astimezone(zone):%Y-%m-%d %H:%M}" if due else ""
        whose = row["organisation"] or ""
        whose = whose if len(whose) <= _WIDEST else f"{whose[: _WIDEST - 1]}…"
        lines.append([row["number"], row["status"], row["priority"], when, whose, row["title"]])
    widths = [max(len(line[place]) for line in lines) for place in range(len(_COLUMNS) - 1)]
    return ["  ".join([*(f"{cell:<{n}}" for cell, n in zip(line, widths, strict=False)), line[-1]]) for line in lines]


@ticket_app.command("show")
def ticket_show(
    number: str,
    quoted: Annotated[bool, typer.Option("--quoted", help="Show what is folded too: quotations, signatures.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, with every entry.")] = False,
) -> None:
    """One ticket with all its fields and its whole history, internal notes included."""
    from postdesk import show

    with open_desk() as house, house.database.reading() as session:
        read = show.read(session, number.strip("[]").upper())
        if read is None:
            raise fail(f"There is no ticket {number}.", 66)
        if as_json:
            typer.echo(json.dumps(show.ticket_json(read), ensure_ascii=False))
        else:
            typer.echo(show.ticket_text(read, house.zone, quoted=quoted))
