"""Commands about the teams of the desk: `postdesk team …`."""

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from postdesk.cli import app, fail
from postdesk.cli_common import JsonOption, changing, reading, say_json

if TYPE_CHECKING:
    from postdesk.wiring import House

team_app = typer.Typer(no_args_is_help=True, help="The teams of the desk, and their queues.")
app.add_typer(team_app, name="team")

_Name = Annotated[str, typer.Argument(metavar="TEAM", help="Its name.")]
_Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="Of the member of staff.")]
_Queue = Annotated[
    str | None,
    typer.Option("--queue-address", help="Letters to the queue go there, not to each member; “none” ends it."),
]


@team_app.command("add")
def team_add(name: _Name, queue_address: _Queue = None) -> None:
    """Add a team. Which addresses of the desk are its own, the settings say: desk.addresses."""
    from desk import teams

    with changing() as (house, session):
        made = teams.add(session, name, house.database.ids.next, _usable(queue_address or "", house))
        said = made.name
    typer.echo(f"The team {said} is added. Put people into it: postdesk team join {shlex.quote(said)} ADDRESS")


@team_app.command("set")
def team_set(
    name: _Name,
    rename: Annotated[str | None, typer.Option(metavar="NAME", help="Another name.")] = None,
    queue_address: _Queue = None,
) -> None:
    """Change its name, or where letters to its queue go."""
    from desk import audit, teams

    with changing() as (house, session):
        team = teams.find(session, name)
        if queue_address is not None:
            teams.set_queue(team, _usable(queue_address, house))
            audit.note(session, "team.changed", "team", team.id, fields=["queue address"])
        if rename is not None:
            teams.rename(session, team, rename)
        said = f"{team.name}: {f'letters go to {team.queue_address}' if team.queue_address else 'letters go to each'}."
        named = [desk.address for desk in house.addresses.desks if desk.team == name.strip()]
    typer.echo(said)
    if rename is not None and named:
        typer.echo(
            f"The settings still name “{name.strip()}” as the team of {', '.join(named)}: change desk.addresses."
        )


@team_app.command("list")
def team_list(as_json: JsonOption = False) -> None:
    """Every team: who is in it, where its letters go, how many open tickets are in its queue."""
    from desk import teams

    with reading() as (_, session):
        found = teams.all_of(session)
    for team in found:
        if as_json:
            row = {"name": team.name, "queue_address": team.queue_address or None, "members": list(team.members)}
            say_json(row | {"open_tickets": team.open_tickets})
        else:
            letters = f"; letters go to {team.queue_address}" if team.queue_address else ""
            people = ", ".join(team.members) or "nobody"
            typer.echo(f"{team.name}: {people}{letters}; open tickets {team.open_tickets:,}")


@team_app.command("join")
def team_join(name: _Name, address: _Address) -> None:
    """Put somebody into a team."""
    from desk import teams

    with changing() as (_, session):
        team = teams.find(session, name)
        done = teams.join(session, team, teams.member(session, address))
        said = team.name
    typer.echo(f"{address} {'is' if done else 'was'} in the team {said}{'' if done else ' already'}.")


@team_app.command("leave")
def team_leave(name: _Name, address: _Address) -> None:
    """Take somebody out of a team. What they took stays theirs."""
    from desk import teams

    with changing() as (_, session):
        team = teams.find(session, name)
        done = teams.leave(session, team, teams.member(session, address))
        said = team.name
    typer.echo(
        f"{address} {'is not in the team' if done else 'was not in the team'} {said}{' any more' if done else ''}."
    )


@team_app.command("remove")
def team_remove(
    name: _Name,
    to: Annotated[str | None, typer.Option(metavar="TEAM", help="Gets its tickets.")] = None,
) -> None:
    """End a team. The settings must not name it any more."""
    from desk import teams

    with changing() as (house, session):
        team = teams.find(session, name)
        named = [desk.address for desk in house.addresses.desks if desk.team == team.name]
        if named:
            raise fail(f"The settings name it as the team of {', '.join(named)}. Change desk.addresses first.", 65)
        said = team.name
        moved = teams.remove(session, team, teams.find(session, to) if to is not None else None)
    typer.echo(f"The team {said} is gone. Tickets that went elsewhere: {moved:,}.")


def _usable(address: str, house: "House") -> str:
    """A letter to an address of the desk would come back as mail."""
    if address.strip().lower() == "none":
        return ""
    if house.addresses.find(address.strip()):
        raise fail(f"{address} is an address of the desk itself: its letters would come back as mail.", 65)
    return address
