"""Commands about tickets and contacts: `postdesk ticket …`, `postdesk contact …`."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from postdesk.cli import contact_app, fail, ready_house, ticket_app
from postdesk.cli_held import open_desk

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


@contact_app.command("add")
def contact_add(
    address: str,
    name: Annotated[str, typer.Option(help="First and last name.")] = "",
    organisation: Annotated[str, typer.Option(help="Made when there is none of that name.")] = "",
    activate: Annotated[bool, typer.Option(help="Give portal access, and send the credentials.")] = True,
) -> None:
    """Add a contact; with portal access they get a letter with their user name and a one-time password."""
    from desk import people
    from desk.writes import Writes
    from postdesk.settings_model import ADDRESS

    if not ADDRESS.fullmatch(address):
        raise fail(f"“{address}” is not a complete e-mail address.", 65)
    house = ready_house()
    now, ids = datetime.now(UTC), house.database.ids
    with house.database.transaction() as session:
        if people.find_contact(session, address):
            raise fail(
                f"A person with the address {address} already exists. Use: postdesk contact activate {address}", 65
            )
        customer = people.organisation(session, organisation, ids.next(), now) if organisation else None
        writes = Writes(ids.next)
        people.add_contact(
            writes, name=name, address=address, now=now, organisation_id=customer.id if customer else None, known=True
        )
        writes.flush(session)
    typer.echo(f"{address} is added.")
    if activate:
        contact_activate(address)


@contact_app.command("activate")
def contact_activate(
    address: str,
    by: Annotated[str, typer.Option(help="Who gives access, as the letter says it.")] = "",
) -> None:
    """Send a contact (or a member of staff) their user name and a new one-time password; an earlier one ends."""
    from sqlalchemy import select

    from desk import credentials, people
    from store.tables import Staff

    house = ready_house()
    settings = house.settings.credentials
    with house.database.transaction() as session:
        found = people.find_contact(session, address)
        person = found or session.scalars(select(Staff).where(Staff.address == address.lower())).first()
        if person is None:
            raise fail(f"There is nobody with the address {address}. Add them with: postdesk contact add {address}", 66)
        credentials.activate(
            session,
            house.keys,
            person,
            kind=settings.mode,
            hours=settings.hours,
            now=datetime.now(UTC),
            by=by,
            next_id=house.database.ids.next,
        )
    typer.echo(f"The letter with the credentials is on its way to {address}. It works for {settings.hours:g} hours.")


@contact_app.command("approver")
def contact_approver(
    address: str,
    board: Annotated[str, typer.Option(help="The board, as staff name it: #ask approval cab.")] = "cab",
    remove: Annotated[bool, typer.Option("--remove", help="Take them off the board.")] = False,
) -> None:
    """Put a contact on a board of their organisation: they are asked when staff ask that board to approve."""
    from desk import approvals, people

    if not (name := approvals.board_name(board)):
        raise fail("A board needs a name.", 65)
    with open_desk() as house, house.database.transaction() as session:
        person = people.find_contact(session, address)
        if person is None:
            raise fail(f"There is no contact with the address {address}.", 66)
        if remove:
            done = approvals.leave_board(session, person, name)
            said = f"is off the board “{name}”" if done else f"was not on the board “{name}”"
        elif person.organisation_id is None:
            raise fail(f"{address} belongs to no organisation, and a board is an organisation's.", 65)
        else:
            done = approvals.join_board(session, person, name)
            said = f"is on the board “{name}”" if done else f"was on the board “{name}” already"
    typer.echo(f"{address} {said}.")
