"""Commands about the places of customers: `postdesk site …`."""

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from postdesk.cli import app
from postdesk.cli_common import JsonOption, changing, reading, say_json

if TYPE_CHECKING:
    from store.tables import Site

site_app = typer.Typer(no_args_is_help=True, help="The places of customers.")
app.add_typer(site_app, name="site")

_Organisation = Annotated[str, typer.Argument(metavar="ORGANISATION", help="Whose place it is.")]
_Code = Annotated[str | None, typer.Option(help="The code it is known by, like W_SAMPLE/0007.")]
_Place = Annotated[str | None, typer.Option(help="Where it is, like Telehouse North.")]
_PostCode = Annotated[str | None, typer.Option("--post-code", help="Its post code.")]
_Account = Annotated[str | None, typer.Option(help="The account it is billed to.")]
_Address = Annotated[str | None, typer.Option(help="Street and number.")]
_Address2 = Annotated[str | None, typer.Option(help="Second line of the address.")]
_City = Annotated[str | None, typer.Option(help="Town.")]
_Country = Annotated[str | None, typer.Option(help="Country.")]
_More = Annotated[str | None, typer.Option("--more-address", help="Additional address information.")]


@site_app.command("add")
def site_add(
    organisation: _Organisation,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name.")],
    code: _Code = None,
    place: _Place = None,
    post_code: _PostCode = None,
    account: _Account = None,
    address: _Address = None,
    address2: _Address2 = None,
    city: _City = None,
    country: _Country = None,
    more_address: _More = None,
    main: Annotated[bool, typer.Option("--main", help="The main location; the first one is in any case.")] = False,
) -> None:
    """Add a place. The label that people see is made of its name, code, place, post code and account."""
    from desk import organisations, sites

    given = _given(code, place, post_code, account, address, address2, city, country, more_address)
    with changing() as (house, session):
        whose = organisations.the_one(session, organisation)
        site = sites.add(session, whose.id, house.database.ids.next, main=main, name=name.strip(), **given)
        said = f"{sites.label(site)} is a site of “{whose.name}”."
    typer.echo(said)


@site_app.command("set")
def site_set(
    organisation: _Organisation,
    site: Annotated[str, typer.Argument(metavar="SITE", help="Any part of its label that is no other's.")],
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    code: _Code = None,
    place: _Place = None,
    post_code: _PostCode = None,
    account: _Account = None,
    address: _Address = None,
    address2: _Address2 = None,
    city: _City = None,
    country: _Country = None,
    more_address: _More = None,
    main: Annotated[bool | None, typer.Option("--main/--not-main", help="The main location.")] = None,
) -> None:
    """Change what is named; an empty text empties a field."""
    from desk import organisations, sites

    given = _given(code, place, post_code, account, address, address2, city, country, more_address)
    given |= {"name": name.strip()} if name is not None else {}
    with changing() as (_, session):
        whose = organisations.the_one(session, organisation)
        found = sites.the_one(site, sites.of(session, whose.id))
        sites.change(session, found, main=main, **given)
        said = sites.label(found)
    typer.echo(said)


@site_app.command("list")
def site_list(organisation: _Organisation, as_json: JsonOption = False) -> None:
    """The places of a customer, the main one marked."""
    from desk import organisations, sites

    with reading() as (_, session):
        whose = organisations.the_one(session, organisation)
        found = sites.of(session, whose.id)
    if not found and not as_json:
        typer.echo(f"“{whose.name}” has no sites yet. Add one: postdesk site add {shlex.quote(whose.name)} NAME")
    for site in found:
        if as_json:
            say_json(_as_json(site))
        else:
            typer.echo(f"{sites.label(site)}{'  (main)' if site.main else ''}")


def _given(*values: str | None) -> dict[str, str]:
    from desk.sites import FIELDS

    names = list(FIELDS)[1:]  # but the name, which is asked for by itself
    return {name: value.strip() for name, value in zip(names, values, strict=True) if value is not None}


def _as_json(site: "Site") -> dict[str, str | bool]:
    from desk.sites import FIELDS, label

    return {"label": label(site), **{name: getattr(site, name) for name in FIELDS}, "main": site.main}
