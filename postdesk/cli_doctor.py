"""`postdesk doctor`: what is wrong with DNS, TLS, relay, mailbox, disk, clock and the rest, in words."""

from typing import TYPE_CHECKING, Annotated

import typer

from postdesk.cli import app, fail, open_house
from postdesk.cli_common import JsonOption, say_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from postdesk.doctor.findings import Finding

_SIGN = {"ok": "ok     ", "warning": "WARNING", "error": "ERROR  "}


@app.command()
def doctor(
    only: Annotated[str, typer.Option(metavar="TOPICS", help="Only these, with commas: dns,tls,relay …")] = "",
    as_json: JsonOption = False,
) -> None:
    """Look at the world outside: what is wrong, what that means, what to do. Sends nothing, changes nothing.

    The exit code is 0 when all is well, 1 when there are warnings, 2 when there are errors.
    """
    from postdesk.doctor.run import TOPICS, examine, exit_code

    chosen = [word.strip() for word in only.split(",") if word.strip()]
    if unknown := [word for word in chosen if word not in TOPICS]:
        raise fail(f"There is no topic {unknown[0]!r}. Choose from: {', '.join(TOPICS)}.", 64)
    house = open_house(quiet=True)
    if not house.settings.desk.addresses:
        raise fail("desk.addresses: name at least one address, or run: postdesk init", 78)
    _ = house.database  # made here, once for all threads
    found = examine(house, chosen)
    if as_json:
        for finding in found:
            say_json(finding.as_dict())
    else:
        _print(found)
    code = exit_code(found)
    if code:
        raise typer.Exit(code)


def _print(found: "Sequence[Finding]") -> None:
    topic = ""
    for finding in found:
        if finding.topic != topic:
            typer.echo(("\n" if topic else "") + finding.topic)
            topic = finding.topic
        typer.echo(f"  {_SIGN[finding.level]}  {finding.what}")
        for line in (finding.means, finding.do):
            if line:
                typer.echo(f"           {line}")
        if finding.record:
            typer.echo(f"             {finding.record}")
    counts = {level: sum(one.level == level for one in found) for level in ("error", "warning")}
    said = [f"{n} {word}{'' if n == 1 else 's'}" for word, n in counts.items() if n]
    typer.echo(f"\n{' and '.join(said)}." if said else "\nAll is well.")
