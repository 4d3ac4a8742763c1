"""Commands about webhooks: `postdesk hooks list`, `retry`."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from postdesk.cli import app, fail
from postdesk.cli_common import JsonOption, say_json
from postdesk.cli_held import open_desk

hooks_app = typer.Typer(no_args_is_help=True, help="Webhooks: what other programs were told, and what came of it.")
app.add_typer(hooks_app, name="hooks")

_Hook = Annotated[str, typer.Option(metavar="NAME", help="Only messages to this webhook.")]


@hooks_app.command("list")
def hooks_list(
    hook: _Hook = "",
    state: Annotated[str, typer.Option(help="waiting, sent, or “given up”.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Messages to webhooks and the state of each, newest first. Never what they say."""
    from gateway import hook_queue

    if state and state not in hook_queue.STATES:
        raise fail(f"There is no state “{state}”. Choose from: {', '.join(hook_queue.STATES)}.", 64)
    with open_desk() as house, house.database.reading() as session:
        rows = hook_queue.listed(session, hook=hook, state=state, limit=limit)
        counts = hook_queue.counts(session)
        named = [one.name for one in house.settings.webhooks]
    for row in rows:
        if as_json:
            say_json(
                {
                    "id": row.id,
                    "hook": row.hook,
                    "event": row.event,
                    "state": row.state,
                    "created_at": row.created_at.isoformat(),
                    "next_at": row.next_at.isoformat() if row.state == "waiting" else None,
                    "attempts": row.attempts,
                    "reply": row.reply,
                }
            )
            continue
        tried = f", tried {row.attempts} times: {row.reply}" if row.reply and row.state != "sent" else ""
        typer.echo(f"{row.id:>8}  {row.created_at:%Y-%m-%d %H:%M}  {row.hook}  {row.event}  {row.state}{tried}")
    if not as_json:
        if not rows:
            typer.echo("There is no such message." if hook or state else "There are no messages yet.")
        for (name, kind), count in sorted(counts.items()):
            gone = "" if name in named else " (no webhook of that name is set any more)"
            typer.echo(f"{name}: {count:,} {kind}{gone}.")


@hooks_app.command("retry")
def hooks_retry(
    ids: Annotated[list[int] | None, typer.Argument(metavar="ID...", help="Ids from `postdesk hooks list`.")] = None,
    hook: _Hook = "",
) -> None:
    """Send messages now that wait or were given up: by ids, or all of a webhook."""
    from gateway import hook_queue

    if bool(ids) == bool(hook):
        raise fail("Name the ids of messages, or --hook; `postdesk hooks list` shows them.", 64)
    with open_desk() as house, house.database.transaction() as session:
        count = hook_queue.retry(session, datetime.now(UTC), ids=ids or (), hook=hook)
    if not count:
        raise fail("No such message waits or was given up.", 66)
    typer.echo("1 message is sent now." if count == 1 else f"{count:,} messages are sent now.")
