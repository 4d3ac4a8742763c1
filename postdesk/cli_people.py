"""Commands about the people of an organisation: `postdesk people list`, `postdesk people template`."""

import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from postdesk import cli_exports, cli_imports  # noqa: F401 - they add their commands
from postdesk.cli import fail, people_app
from postdesk.cli_held import open_desk

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from desk.profile import Profile

OrganisationOption = Annotated[str, typer.Option(help="The name of the organisation.")]


@people_app.command("template")
def people_template(
    organisation: Annotated[str, typer.Option(help="Whose people it holds; else it is the header alone.")] = "",
) -> None:
    """Write the file for an import to standard output: every column, and the people who are there."""
    from desk import contact_file

    found: Iterable[Profile] = ()
    if organisation:
        with open_desk() as house, house.database.reading() as session:
            found = people_of(session, organisation)
    contact_file.write_to(sys.stdout.buffer, found)


@people_app.command("list")
def people_list(
    organisation: OrganisationOption,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Everybody of an organisation: name, address, security level, whether they have access, their last sign-in."""
    with open_desk() as house, house.database.reading() as session:
        found = people_of(session, organisation)
    if not found and not as_json:
        typer.echo("Nobody yet.")
    for one in found:
        typer.echo(json.dumps(_as_json(one), ensure_ascii=False) if as_json else _line(one))


def people_of(session: "Session", organisation: str) -> "list[Profile]":
    """Everybody of an organisation, by name; exit code 66 when there is none of that name."""
    from desk import profile
    from store.tables import Contact

    people = profile.load(session, Contact.organisation_id == organisation_id(session, organisation)).values()
    return sorted(people, key=lambda one: (one.name.casefold(), one.address.casefold()))


def organisation_id(session: "Session", name: str) -> int:
    """The id of the organisation of that name, in any case; exit code 66 when there is none."""
    from desk import organisations
    from desk.people import PeopleError

    try:
        return organisations.the_one(session, name).id
    except PeopleError as error:
        raise fail(str(error), 66) from error


def _line(one: "Profile") -> str:
    seen = one.account.last_login_at if one.account else None
    access = "access" if one.has_access else "no access"
    return f"{one.shown}  {one.level}, {access}{f', last sign-in {seen:%Y-%m-%d %H:%M} UTC' if seen else ''}"


def _as_json(one: "Profile") -> dict[str, Any]:
    seen = one.account.last_login_at if one.account else None
    return {
        "name": one.name,
        "address": one.address,
        "level": one.level,
        "access": one.has_access,
        "last_login": seen.isoformat() if seen else None,
    }
