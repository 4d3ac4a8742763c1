"""Commands about tickets: `postdesk ticket …`."""

import json
from typing import Annotated

import typer

from postdesk.cli import fail, ready_house, ticket_app

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@ticket_app.command("list")
def ticket_list(
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 50, as_json: JsonOption = False
) -> None:
    """The newest tickets."""
    from sqlalchemy import select

    from store.tables import Ticket

    with ready_house().database.reading() as session:
        rows = session.scalars(select(Ticket).order_by(Ticket.created_at.desc(), Ticket.id.desc()).limit(limit)).all()
    if not rows and not as_json:
        typer.echo("There are no tickets yet.")
    for row in rows:
        if as_json:
            typer.echo(json.dumps({"number": row.number, "status": row.status, "title": row.title}, ensure_ascii=False))
        else:
            typer.echo(f"{row.number}  {row.status:<16}  {row.title}")


@ticket_app.command("show")
def ticket_show(
    number: str,
    quoted: Annotated[bool, typer.Option("--quoted", help="Show what is folded too: quotations, signatures.")] = False,
) -> None:
    """One ticket with its whole history, internal notes included."""
    from postdesk.show import ticket_text

    with ready_house().database.reading() as session:
        text = ticket_text(session, number.strip("[]").upper(), quoted=quoted)
    if text is None:
        raise fail(f"There is no ticket {number}.", 66)
    typer.echo(text)
