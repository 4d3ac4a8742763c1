"""Commands about the canary, the mail that the desk sends to itself: `postdesk canary send`, `postdesk canary list`."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from postdesk.cli import app, fail
from postdesk.cli_held import open_desk

if TYPE_CHECKING:
    from desk.canary import Flight
    from postdesk.wiring import House

canary_app = typer.Typer(
    invoke_without_command=True, help="The mail that the desk sends to itself, to see that mail comes through."
)
app.add_typer(canary_app, name="canary")
_WAIT = 60.0
_MISSING = 69  # EX_UNAVAILABLE

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
WaitOption = Annotated[float, typer.Option(min=0, metavar="SECONDS", help="How long to wait for it to come back.")]


@canary_app.callback()
def _bare(context: typer.Context, wait: WaitOption = _WAIT) -> None:
    if context.invoked_subcommand is None:
        canary_send(wait)


@canary_app.command("send")
def canary_send(wait: WaitOption = _WAIT, as_json: JsonOption = False) -> None:
    """Send one now, and say how long each part of its way took, or where it seems to be (then exit code 69)."""
    from desk import audit
    from desk.canary import advice
    from postdesk import canaries

    with open_desk() as house:
        with house.database.transaction() as session:
            canary_id = canaries.send(house, session, datetime.now(UTC))
            audit.note(session, "canary.sent", "canary", canary_id)
        legs = _Legs(as_json)
        flight = canaries.follow(house, canary_id, wait, legs)
        if flight is None:
            raise fail(f"Canary {canary_id} is gone: somebody has forgotten it meanwhile.", 70)
        if as_json:
            typer.echo(json.dumps(_as_dict(flight) | {"advice": "" if flight.handled_at else str(advice(flight))}))
        elif flight.handled_at is None:
            typer.echo(f"Not back after {wait:g} seconds. {advice(flight)}{_late(house)}")
        else:
            typer.echo(f"Mail comes through. The whole way took {_seconds(flight.seconds)}.")
        if flight.handled_at is None:
            raise typer.Exit(_MISSING)


class _Legs:
    """Prints each leg once, as it is flown."""

    def __init__(self, silent: bool) -> None:
        self._silent, self._told = silent, set[str]()

    def __call__(self, flight: "Flight") -> None:
        """It may have come further."""
        if self._silent:
            return
        self._leg("sent", f"Sent to {flight.address}", flight.sent_at, None)
        self._leg("handed", "The relay took it", flight.handed_at, flight.sent_at)
        came_from = flight.handed_at or flight.sent_at
        self._leg("in", "It came in", flight.arrived_at, came_from)
        self._leg("handled", "It was recognised", flight.handled_at, flight.arrived_at)

    def _leg(self, name: str, words: str, at: "datetime | None", since: "datetime | None") -> None:
        if at is None or name in self._told:
            return
        self._told.add(name)
        # A relay may answer after it has passed a mail on: what came in before that took no time of its own.
        after = f", after {_seconds(max(0.0, (at - since).total_seconds()))}" if since else ""
        typer.echo(f"{words}{after}.")


@canary_app.command("list")
def canary_list(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """The latest ones: when each was sent, and how long it took."""
    from desk import canary

    with open_desk() as house:
        with house.database.reading() as session:
            flights = canary.flights(session, limit)
        if not flights and not as_json:
            typer.echo("None was sent yet. Send one with: postdesk canary send")
        for flight in flights:
            if as_json:
                typer.echo(json.dumps(_as_dict(flight)))
                continue
            at = f"{flight.sent_at.astimezone(house.zone):%Y-%m-%d %H:%M:%S %Z}"
            typer.echo(f"{flight.id:>8}  {at}  {_outcome(flight)}")


def _outcome(flight: "Flight") -> str:
    if flight.seconds is not None:
        return f"back after {_seconds(flight.seconds)}"
    if flight.handed_at:
        return "the relay took it; not back"
    return "not taken by the relay yet" if flight.state == "waiting" else f"not taken by the relay: {flight.state}"


def _late(house: "House") -> str:
    settings = house.settings.canary
    if not settings.every_minutes:
        return ""
    return f" If none comes back within {settings.late_minutes} minutes, staff get a letter."


def _seconds(seconds: float | None) -> str:
    return f"{seconds or 0:.1f} seconds"


def _as_dict(flight: "Flight") -> dict[str, object]:
    times = ("sent_at", "handed_at", "arrived_at", "handled_at")
    stamps = {name: at.isoformat() if (at := getattr(flight, name)) else None for name in times}
    return {"id": flight.id, "address": flight.address, **stamps, "seconds": flight.seconds, "state": flight.state}
