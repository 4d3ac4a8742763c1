"""Commands about the catalogue: `postdesk catalogue …`."""

import json
from typing import Annotated

import typer

from postdesk.cli import app, fail, open_house

catalogue_app = typer.Typer(
    no_args_is_help=True, help="The catalogue: request types, services, items, hours and targets."
)
app.add_typer(catalogue_app, name="catalogue")


@catalogue_app.command("show")
def catalogue_show(
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """What is understood of catalogue.toml, or what is built in where there is none."""
    from postdesk.catalogue import FILE
    from postdesk.catalogue_show import as_dict, lines
    from postdesk.settings import SettingsError

    house = open_house(quiet=True)
    try:
        catalogue = house.catalogue
    except SettingsError as error:
        raise fail("The catalogue cannot be used:\n  " + "\n  ".join(error.faults), 78) from error
    if as_json:
        typer.echo(json.dumps(as_dict(catalogue), ensure_ascii=False, indent=2))
        return
    file = house.loaded.home / FILE
    typer.echo(str(file) if file.is_file() else f"There is no {file}: this is what is built in.")
    for line in lines(catalogue):
        typer.echo(line)
