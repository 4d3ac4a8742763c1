"""`postdesk audit`: who did what, by which way, newest first."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from postdesk.cli import app, fail
from postdesk.cli_common import JsonOption, say_json
from postdesk.cli_held import open_desk


@app.command("audit")
def audit(
    who: Annotated[
        str, typer.Option(metavar="ADDRESS", help="A colleague, a contact, or a user of this machine.")
    ] = "",
    way: Annotated[str, typer.Option(help="mail, page, api, cli or timer.")] = "",
    act: Annotated[str, typer.Option(metavar="WORD", help="As “access.granted”, or all of a kind: “access”.")] = "",
    about: Annotated[str, typer.Option(metavar="WHAT", help="A ticket's number, or like “contact 12”.")] = "",
    since: Annotated[str, typer.Option(metavar="DATE", help="From then on, as 2019-04-09.")] = "",
    until: Annotated[str, typer.Option(metavar="DATE", help="Until the end of that day.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 100,
    words: Annotated[bool, typer.Option("--acts", help="Which words there are, and what each means.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Who did what: by mail, page, API, command line or by the clock. Nobody can change it. Times are UTC."""
    from desk import audit_log
    from desk.audit_acts import ACTS, OF_MAILS

    if words:
        for word, means in {**ACTS, **OF_MAILS}.items():
            say_json({"act": word, "means": means}) if as_json else typer.echo(f"{word:<24}{means}")
        return
    wanted = audit_log.Wanted(who, way, act, about, _day(since), _day(until, end=True))
    with open_desk() as house:
        try:
            count = 0
            for line in audit_log.every(house.database, wanted, limit + 1):
                count += 1
                if count <= limit:
                    say_json(line.as_json()) if as_json else typer.echo(line.text)
        except audit_log.NotKnown as error:
            raise fail(str(error), 64) from error
    if not count and not as_json:
        typer.echo("Nothing like that is noted.")
    if count > limit:
        typer.echo(f"There is more; --limit shows more than {limit:,}.", err=True)


def _day(text: str, *, end: bool = False) -> datetime | None:
    from datetime import timedelta

    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise fail(f"“{text}” is no date; write it as 2019-04-09.", 64) from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return at + timedelta(days=1) if end and len(text) <= 10 else at
