"""Commands about the people who work at the desk: `postdesk staff …`."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from postdesk.cli import app, fail, ready_house

staff_app = typer.Typer(no_args_is_help=True, help="The people who work at the desk, and their teams.")
app.add_typer(staff_app, name="staff")


@staff_app.command("add")
def staff_add(
    address: str,
    name: Annotated[str, typer.Option(help="First and last name.")],
    team: Annotated[
        str, typer.Option(help="Made when there is none of that name. Default: that of the main address.")
    ] = "",
) -> None:
    """Add a member of staff. They work by mail at once; `postdesk contact activate` gives access to the pages."""
    from desk import people
    from postdesk.settings_model import ADDRESS

    if not ADDRESS.fullmatch(address):
        raise fail(f"“{address}” is not a complete e-mail address.", 65)
    if not name.strip():
        raise fail("Enter a name: --name “Sam Sample”.", 65)
    house = ready_house()
    if house.addresses.find(address):
        raise fail(f"{address} is an address of the desk itself. Staff need their own.", 65)
    team = team or house.addresses.main.team
    new, refusal = house.database.ids.next, ""
    try:
        with house.database.transaction() as session:
            person = people.add_staff(session, staff_id=new(), name=name, address=address, now=datetime.now(UTC))
            people.join(session, people.team(session, team, new()).id, person.id)
    except people.PeopleError as error:
        refusal = str(error)
    if refusal:
        raise fail(f"{refusal}.", 65)
    typer.echo(f"{name.strip()} <{address.lower()}> works in the team {team}.")


@staff_app.command("list")
def staff_list() -> None:
    """Everybody at the desk, with their teams."""
    from desk import load

    with ready_house().database.reading() as session:
        staff = load.staff(session)
        teams = load.teams(session, staff)
    for person in staff.values():
        names = [team.name for team in teams.values() if person in team.members]
        place = ", ".join(names) or ("no team" if person.active else "left")
        typer.echo(f"{person.name} <{person.address}>: {place}")


@staff_app.command("leave")
def staff_leave(address: str) -> None:
    """Somebody works here no more: their letters give no rights, and what they took is for their team again."""
    from desk import people

    house = ready_house()
    with house.database.transaction() as session:
        given_back = people.leave(session, address, datetime.now(UTC))
    if given_back is None:
        raise fail(f"Nobody with the address {address} works here.", 66)
    many = "1 open ticket is" if given_back == 1 else f"{given_back} open tickets are"
    typer.echo(f"{address} works here no more. {many} for the team again.")
