"""Commands about customers: `postdesk organisation …`."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from postdesk.cli import app
from postdesk.cli_common import JsonOption, changing, reading, say_json, yes_no

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from postdesk.wiring import House
    from store.tables import Organisation

_PLACES = 10  # of a file that a warning names
organisation_app = typer.Typer(no_args_is_help=True, help="Customers: what they see, and how they want things.")
app.add_typer(organisation_app, name="organisation")

ParentOption = Annotated[str | None, typer.Option(metavar="NAME", help="The organisation above it; “none” for none.")]
VisibilityOption = Annotated[
    str | None, typer.Option(help="What its contacts see: own, organisation or sub-organisations.")
]
LanguageOption = Annotated[str | None, typer.Option(help="Of letters to its contacts: Deutsch or de; usual.")]
ApprovalsOption = Annotated[str | None, typer.Option(help="Whose answer decides: any or all; usual.")]
CopiesOption = Annotated[str | None, typer.Option(help="Notes may go to outsiders (#copy): yes or no; usual.")]
CreateOption = Annotated[
    bool | None, typer.Option("--create/--no-create", help="Its contacts open tickets; else a person looks first.")
]
ShareOption = Annotated[
    bool | None, typer.Option("--share/--no-share", help="New tickets are shared with everybody of it.")
]


@organisation_app.command("add")
def organisation_add(
    name: str,
    parent: ParentOption = None,
    visibility: VisibilityOption = None,
    language: LanguageOption = None,
    approvals: ApprovalsOption = None,
    copies: CopiesOption = None,
    create: CreateOption = None,
    share: ShareOption = None,
) -> None:
    """Add a customer."""
    from desk import organisations

    wishes = organisations.Wishes(parent, visibility, language, approvals, copies, create, share)
    with changing() as (house, session):
        made = organisations.add(session, name, wishes, house.database.ids.next, datetime.now(UTC))
        said = made.name
    typer.echo(f"“{said}” is added.")


@organisation_app.command("set")
def organisation_set(
    name: str,
    rename: Annotated[str | None, typer.Option(metavar="NAME", help="Another name.")] = None,
    parent: ParentOption = None,
    visibility: VisibilityOption = None,
    language: LanguageOption = None,
    approvals: ApprovalsOption = None,
    copies: CopiesOption = None,
    create: CreateOption = None,
    share: ShareOption = None,
) -> None:
    """Change what is named; all else stays."""
    from desk import organisations

    wishes = organisations.Wishes(parent, visibility, language, approvals, copies, create, share)
    with changing() as (house, session):
        found = organisations.the_one(session, name)
        before = found.name
        organisations.change(session, found, wishes)
        if rename is not None:
            organisations.rename(session, found, rename)
        lines = _lines(session, found)
        if found.name != before:
            lines += _still_named(house, before, found.name)
    typer.echo("\n".join(lines))


@organisation_app.command("list")
def organisation_list(as_json: JsonOption = False) -> None:
    """All of them, each followed by those below it."""
    from desk import organisations

    with reading() as (_, session):
        tree = organisations.tree(session)
        people = organisations.people_in(session)
        names = {one.id: one.name for _, one in tree}
        rows = [(depth, _as_json(one, names) | {"contacts": people.get(one.id, 0)}) for depth, one in tree]
    if not rows and not as_json:
        typer.echo("There are no organisations yet. Add one: postdesk organisation add NAME")
    for depth, row in rows:
        if as_json:
            say_json(row)
        else:
            count = "1 contact" if row["contacts"] == 1 else f"{row['contacts']:,} contacts"
            typer.echo(f"{'  ' * depth}{row['name']}: sees {row['visibility']}, {count}")


@organisation_app.command("show")
def organisation_show(name: str, as_json: JsonOption = False) -> None:
    """One of them, with its sites."""
    from desk import organisations, sites

    with reading() as (_, session):
        found = organisations.the_one(session, name)
        labels = [sites.label(site) for site in sites.of(session, found.id)]
        row = _as_json(found, _above(session, found)) | {"sites": labels}
        lines = [*_lines(session, found), *(f"Site: {label}" for label in labels)]
    if as_json:
        say_json(row)
    else:
        typer.echo("\n".join(lines))


@organisation_app.command("merge")
def organisation_merge(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What is to end.")],
    into: Annotated[str, typer.Argument(metavar="INTO", help="What goes on.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Everything of one becomes the other's: contacts, sites, tickets, approvers. It cannot be undone."""
    from desk import organisations

    if not yes:
        typer.confirm(f"Move all of “{name}” to “{into}”, and remove “{name}”?", abort=True)
    with changing() as (house, session):
        ending, goes_on = organisations.the_one(session, name), organisations.the_one(session, into)
        said = ending.name, goes_on.name
        moved = organisations.merge(session, ending, goes_on)
        warning = _still_named(house, *said)
    typer.echo(
        f"“{said[0]}” is part of “{said[1]}” now: contacts {moved.contacts:,}, sites {moved.sites:,}, "
        f"tickets {moved.tickets:,}."
    )
    for line in warning:
        typer.echo(line)


def _still_named(house: "House", before: str, now: str) -> list[str]:
    """What of catalogue.toml is for nobody any more, because it names an organisation as it was called before."""
    from postdesk.catalogue import FILE, CatalogueError, raw, read
    from postdesk.catalogue_check import naming

    path = house.loaded.home / FILE
    try:
        found = naming(read(raw(path)).rows, before)
    except CatalogueError as error:
        return [f"Whether it names “{before}” is not known: {fault}" for fault in error.faults]
    if not found:
        return []
    entries = "1 entry names" if len(found) == 1 else f"{len(found):,} entries name"
    places = ", ".join(found[:_PLACES]) + (" …" if len(found) > _PLACES else "")
    return [f"{path}: {entries} “{before}” still ({places}). Write “{now}” there, and restart Postdesk."]


def _above(session: "Session", found: "Organisation") -> dict[int, str]:
    from store.tables import Organisation

    above = session.get(Organisation, found.parent_id) if found.parent_id is not None else None
    return {above.id: above.name} if above is not None else {}


def _as_json(one: "Organisation", names: dict[int, str]) -> dict[str, Any]:
    return {
        "name": one.name,
        "parent": names.get(one.parent_id or 0),
        "visibility": one.visibility,
        "language": one.language or None,
        "approvals": one.approvals or None,
        "copies": one.copies or None,
        "create": one.may_create,
        "share": one.shares,
    }


def _lines(session: "Session", one: "Organisation") -> list[str]:
    from desk import languages
    from desk.organisations import USUAL

    above = _above(session, one).get(one.parent_id or 0)
    return [
        one.name,
        *([f"Below: {above}"] if above else []),
        f"Its contacts see: {one.visibility}",
        f"Language: {languages.shown(one.language) or USUAL}",
        f"Approvals: {one.approvals or USUAL}",
        f"Copies to outsiders: {one.copies or USUAL}",
        f"Its contacts open tickets: {yes_no(one.may_create)}",
        f"New tickets are shared with it: {yes_no(one.shares)}",
    ]
