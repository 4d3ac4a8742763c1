"""Commands about the people who work at the desk: `postdesk staff …`."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from postdesk.cli import app, fail, ready_house
from postdesk.cli_common import JsonOption, changing, say_json

staff_app = typer.Typer(no_args_is_help=True, help="The people who work at the desk, and their teams.")
app.add_typer(staff_app, name="staff")

_Name = Annotated[str, typer.Option(help="First and last name.")]


@staff_app.command("add")
def staff_add(
    address: str,
    name: _Name,
    team: Annotated[
        str, typer.Option(help="Made when there is none of that name. Default: that of the main address.")
    ] = "",
) -> None:
    """Add a member of staff. They work by mail at once; `postdesk contact activate` gives access to the pages."""
    from desk import people
    from postdesk.settings_kinds import ADDRESS

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
def staff_list(as_json: JsonOption = False) -> None:
    """Everybody at the desk, with their teams."""
    from desk import load

    with ready_house().database.reading() as session:
        staff = load.staff(session)
        teams = load.teams(session, staff)
    for person in staff.values():
        names = [team.name for team in teams.values() if person in team.members]
        if as_json:
            say_json({"name": person.name, "address": person.address, "active": person.active, "teams": names})
        else:
            place = ", ".join(names) or ("no team" if person.active else "left")
            typer.echo(f"{person.name} <{person.address}>: {place}")


@staff_app.command("set")
def staff_set(
    address: str,
    name: Annotated[str | None, typer.Option(help="First and last name.")] = None,
    language: Annotated[str | None, typer.Option(help="Of letters to them: Deutsch or de; usual.")] = None,
    admin: Annotated[bool | None, typer.Option("--admin/--no-admin", help="Sees the running of the desk.")] = None,
    day_sheet: Annotated[
        bool | None, typer.Option("--day-sheet/--no-day-sheet", help="Gets the list of the day every morning.")
    ] = None,
) -> None:
    """Change what is named; all else stays."""
    from desk import audit, languages, teams
    from desk.people import PeopleError

    with changing() as (_, session):
        person = teams.member(session, address)
        if name is not None:
            if not name.strip():
                raise PeopleError("Enter a name: --name “Sam Sample”.")
            person.name = name.strip()
        if language is not None:
            code = "" if language.strip().lower() in ("", "usual") else languages.code_of(language)
            if code is None:
                names = ", ".join(names[0] for names in languages.NAMES.values())
                raise PeopleError(f"There is no language “{language}”. Choose one of: {names}, or usual.")
            person.language = code
        if admin is not None:
            person.admin = admin
        if day_sheet is not None:
            person.day_sheet = day_sheet
        wished = {"name": name, "language": language, "day sheet": day_sheet}
        if changed := [label for label, value in wished.items() if value is not None]:
            audit.note(session, "staff.changed", "staff", person.id, fields=changed)
        if admin is not None:
            audit.note(session, "rights.changed", "staff", person.id, admin=admin)
        said = f"{person.name} <{person.address}> is up to date."
    typer.echo(said)


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


@staff_app.command("return")
def staff_return(address: str) -> None:
    """Somebody who left works here again, under the same name and in the same teams."""
    from sqlalchemy import select

    from desk import audit
    from desk.people import PeopleError
    from store.tables import Staff

    with changing() as (_, session):
        person = session.scalars(select(Staff).where(Staff.address == address.strip().lower())).first()
        if person is None:
            raise PeopleError(f"Nobody with the address {address} worked here. Add them: postdesk staff add {address}")
        if person.deactivated_at is None:
            raise PeopleError(f"{address} is at work already.")
        person.deactivated_at = None
        audit.note(session, "staff.returned", "staff", person.id)
        said = f"{person.name} <{person.address}> works here again."
    typer.echo(said)
