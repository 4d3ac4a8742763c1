"""What the commands about people and places have in common: refusals in words, and a JSON object a line."""

import contextlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from postdesk.cli import fail
from postdesk.cli_held import open_desk

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from postdesk.wiring import House

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@contextlib.contextmanager
def changing() -> "Iterator[tuple[House, Session]]":
    """The desk, and a transaction that is undone when something cannot be: exit code 65, and why."""
    from desk.people import PeopleError

    with open_desk() as house:
        try:
            with house.database.transaction() as session:
                yield house, session
        except PeopleError as error:
            raise fail(str(error), 65) from error


@contextlib.contextmanager
def reading() -> "Iterator[tuple[House, Session]]":
    """The desk as it is; what is not there is exit code 66, and where to look."""
    from desk.people import PeopleError

    with open_desk() as house, house.database.reading() as session:
        try:
            yield house, session
        except PeopleError as error:
            raise fail(str(error), 66) from error


def new_organisation(session: "Session", name: str) -> str:
    """That there is none of that name yet, and which are called alike; "" when it is there."""
    import difflib

    from sqlalchemy import select

    from desk import organisations
    from store.tables import Organisation

    if organisations.find(session, name) is not None:
        return ""
    names = {one.casefold(): one for one in session.scalars(select(Organisation.name))}
    alike = [
        names[one] for one in difflib.get_close_matches(" ".join(name.split()).casefold(), names, n=3, cutoff=0.75)
    ]
    asked = f" Did you mean {' or '.join(f'“{one}”' for one in alike)}?" if alike else ""
    return f"There is no organisation “{name}” yet: it will be made.{asked}"


def say_json(row: dict[str, Any]) -> None:
    """One object, as one line."""
    typer.echo(json.dumps(row, ensure_ascii=False))


def yes_no(value: bool) -> str:
    """In a list for people."""
    return "yes" if value else "no"
