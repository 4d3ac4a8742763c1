"""Commands about the people of an organisation: `postdesk people import`, `template`, `list`."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from postdesk.cli import fail, people_app
from postdesk.cli_held import open_desk

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from desk.contact_file import Sheet
    from desk.contact_import import Directory, Plan
    from desk.profile import Profile
    from postdesk.wiring import House

OrganisationOption = Annotated[str, typer.Option(help="The name of the organisation.")]


@people_app.command("import")
def people_import(
    file: Annotated[Path, typer.Argument(help="A CSV file; `postdesk people template` writes one to fill in.")],
    organisation: Annotated[str, typer.Option(help="Into which organisation; made when there is none of that name.")],
    update: Annotated[bool, typer.Option("--update", help="Update people who are there already.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would become of each row.")] = False,
    site: Annotated[str, typer.Option(help="Site of who is added; else the first of the organisation.")] = "",
    by: Annotated[str, typer.Option(help="Who gives access, as the letters with credentials say it.")] = "",
) -> None:
    """Add people from a file. Those with a user name or a security level get a letter with credentials."""
    from desk import people
    from desk.contact_import import Access, carry_out, keep_run, plan
    from desk.writes import Writes

    sheet = _read(file)
    now = datetime.now(UTC)
    with open_desk() as house, house.database.transaction() as session:
        found = _organisation_id(session, organisation)
        if found is None and not dry_run:
            found = people.organisation(session, organisation, house.database.ids.next(), now).id
        known = _directory(session, house, sheet, found or 0)
        made, site_id = plan(sheet.rows, known, update=update), _site_id(session, site, known.organisation_id)
        if not dry_run:
            writes = Writes(house.database.ids.next)
            access = Access(house.keys, house.rules.credentials, by)
            carry_out(writes, made, known, access, now, site_id=site_id)
            keep_run(writes, made, now, organisation_id=known.organisation_id, contact_id=None,
                     file_name=sheet.name, update=update)  # fmt: skip
            writes.flush(session)
    _say(made, sheet, done=not dry_run)


@people_app.command("template")
def people_template(
    organisation: Annotated[str, typer.Option(help="Whose people it holds; else it is the header alone.")] = "",
) -> None:
    """Write the file for an import to standard output: every column, and the people who are there."""
    from desk import contact_file

    found: list[Profile] = []
    if organisation:
        with open_desk() as house, house.database.reading() as session:
            found = _people(session, organisation)
    sys.stdout.buffer.write(contact_file.write(found))


@people_app.command("list")
def people_list(
    organisation: OrganisationOption,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Everybody of an organisation: name, address, security level, whether they have access, their last sign-in."""
    with open_desk() as house, house.database.reading() as session:
        found = _people(session, organisation)
    if not found and not as_json:
        typer.echo("Nobody yet.")
    for one in found:
        typer.echo(json.dumps(_as_json(one), ensure_ascii=False) if as_json else _line(one))


def _read(file: Path) -> "Sheet":
    from desk import contact_file

    try:
        data = file.read_bytes()
    except OSError as error:
        raise fail(f"{file} cannot be read: {error.strerror}.", 66) from error
    sheet = contact_file.read(file.name, data)
    if sheet.fault:
        raise fail(f"{file}: {sheet.fault}", 65)
    return sheet


def _organisation_id(session: "Session", name: str) -> int | None:
    from sqlalchemy import select

    from store.tables import Organisation

    return session.scalar(select(Organisation.id).where(Organisation.name == name))


def _site_id(session: "Session", name: str, organisation_id: int) -> int | None:
    from sqlalchemy import select

    from store.tables import Site

    sites = session.execute(select(Site.id, Site.name, Site.code).where(Site.organisation_id == organisation_id)).all()
    if not name:
        return min((row.id for row in sites), default=None)
    found = next((row.id for row in sites if name.casefold() in (row.name.casefold(), row.code.casefold())), None)
    if found is None:
        there = f" There are: {', '.join(row.name for row in sites)}." if sites else ""
        raise fail(f"There is no site “{name}”.{there} Nothing was changed.", 65)
    return int(found)


def _directory(session: "Session", house: "House", sheet: "Sheet", organisation_id: int) -> "Directory":
    """Whom the desk knows. An operator may take in people who belong to no organisation yet."""
    from sqlalchemy import or_, select

    from desk import profile
    from desk.contact_import import Directory
    from store.tables import Contact, Staff

    owners = profile.owners(session, sheet.addresses)
    whose = or_(Contact.organisation_id == organisation_id, Contact.id.in_(set(owners.values())))
    ours = {*session.scalars(select(Staff.address)), *(desk.address for desk in house.addresses.desks)}
    levels = house.rules.levels
    return Directory(profile.load(session, whose), owners, organisation_id, levels, ours=ours, trusted=True)


def _say(made: "Plan", sheet: "Sheet", *, done: bool) -> None:
    for step in made.steps:
        if step.why:
            typer.echo(f"Row {step.number} {'is' if done else 'would be'} {step.fate}: {step.why}.")
    if sheet.unknown:
        typer.echo(f"These columns are passed over: {', '.join(sheet.unknown)}.")
    typer.echo(made.counts(done=done))
    if made.letters:
        typer.echo(f"{made.letters:,} letters with credentials {'are on their way' if done else 'would go out'}.")


def _people(session: "Session", organisation: str) -> "list[Profile]":
    from desk import profile
    from store.tables import Contact

    found = _organisation_id(session, organisation)
    if found is None:
        raise fail(f"There is no organisation “{organisation}”.", 66)
    people = profile.load(session, Contact.organisation_id == found).values()
    return sorted(people, key=lambda one: (one.name.casefold(), one.address.casefold()))


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
