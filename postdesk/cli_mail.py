"""Commands about mail: explain, deliver, import, and `postdesk mail …`."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from postdesk.cli import app, chosen_config, fail, mail_app, ready_house
from postdesk.cli_held import open_desk, program  # which adds its commands too

if TYPE_CHECKING:
    from postdesk.wiring import House

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@app.command()
def explain(
    files: Annotated[list[Path], typer.Argument(help="Mails, one in a file.")],
    as_json: JsonOption = False,
    save: Annotated[Path | None, typer.Option(metavar="DIR", help="Write the attachments into this folder.")] = None,
) -> None:
    """Show how mails are read and what they would become, with the evidence. Changes nothing."""
    from postdesk import explaining
    from postdesk.settings import find_file

    # Without a desk a mail can still be read; only the decision is missing.
    explainer = explaining.Explainer(ready_house() if find_file(chosen_config(), os.environ) else None)
    missing = 0
    for place, file in enumerate(files):
        try:
            raw = file.read_bytes()
        except OSError as error:
            typer.echo(f"{file}: {error.strerror}", err=True)
            missing += 1
            continue
        explained = explainer.raw(raw)
        saved = explaining.unsaved(explained.message)
        if save:
            saved = explaining.save_files(explained.message, save, f"{place}-{file.stem[:80]}")
        if as_json:
            typer.echo(json.dumps(explaining.as_json(str(file), explained, saved), ensure_ascii=False))
        else:
            typer.echo(explaining.as_text(str(file), explained) + "\n")
    if missing:
        raise typer.Exit(66)


@app.command()
def deliver(
    to: Annotated[
        list[str] | None, typer.Option(help="Envelope recipient; else ORIGINAL_RECIPIENT or RECIPIENT.")
    ] = None,
    sender: Annotated[str | None, typer.Option("--from", help="Envelope sender; else SENDER.")] = None,
) -> None:
    """Take one mail from standard input, for .forward, procmail and pipes. Exit codes as in sysexits.h."""
    from postdesk.delivering import deliver_stdin

    raise typer.Exit(deliver_stdin(lambda: ready_house(quiet=True), to, sender, os.environ, sys.stdin.buffer))


@app.command(name="import")
def import_(
    sources: Annotated[list[Path], typer.Argument(help="Mail files, Maildir folders, mbox files.")],
) -> None:
    """Take in mail from files. Stopped and started again, it goes on where it was."""
    from desk import audit
    from postdesk.importing import run

    house = ready_house()
    taken, skipped, refused = run(house, sources)
    audit.alone(house.database, "mail.imported", mails=taken)
    typer.echo(f"{taken} taken in, {skipped} were here already, {refused} could not be taken.")
    if refused:
        raise typer.Exit(65)


@mail_app.command("list")
def mail_list(
    kind: Annotated[
        str, typer.Option(help="opened, noted, folded, answered, held, ignored, discarded or waiting.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """What came in lately, and what became of each mail."""
    from desk.mail_log import became, sender_of
    from postdesk.show_mail import mail_rows

    kinds = ("", "opened", "noted", "folded", "answered", "held", "ignored", "discarded", "waiting")
    if kind not in kinds:
        raise fail(f"There is no kind {kind!r}. Choose from: {', '.join(kinds[1:])}.", 64)
    with ready_house().database.reading() as session:
        rows = mail_rows(session, kind, limit)
    if not rows and not as_json:
        typer.echo("No mail has come in yet." if not kind else f"No mail is {kind}.")
    for mail, disposition, number in rows:
        outcome = became(disposition)
        sender = sender_of(mail, disposition)
        subject = disposition.subject if disposition else ""
        if as_json:
            row = {"id": mail.id, "at": mail.received_at.isoformat(), "became": outcome, "ticket": number or None}
            reason = disposition.reason if disposition else ""
            typer.echo(json.dumps({**row, "from": sender, "subject": subject, "reason": reason}, ensure_ascii=False))
        else:
            at = f"{mail.received_at:%Y-%m-%d %H:%M}"
            typer.echo(f"{mail.id:>8}  {at}  {outcome:<9}  {number:<15}  {sender:<30.30}  {subject:.60}")


@mail_app.command("show")
def mail_show(
    mail: Annotated[int, typer.Argument(help="The id from `postdesk mail list`.")],
    raw: Annotated[bool, typer.Option("--raw", help="Print the mail itself, as it came.")] = False,
) -> None:
    """One mail: its way in, what became of it and why, the letters it caused, what is odd about it, and how it came."""
    from postdesk.show_mail import mail_text, whole_text

    house = ready_house()
    text = None
    if 0 < mail < 2**63:  # what the databases take
        with house.database.reading() as session:
            text = mail_text(session, mail)
    if text is None:
        raise fail(f"There is no mail {mail}.", 66)
    if raw:
        sys.stdout.buffer.write(_raw(house, mail))
    else:
        typer.echo(whole_text(house.database, house.blobs, mail, text, program()))


def _raw(house: "House", mail: int) -> bytes:
    from gateway.claimed import load

    try:
        with house.database.reading() as session:
            return load(session, house.blobs, [mail])[0].raw
    except OSError as error:
        raise fail(f"The bytes of mail {mail} cannot be read: {error.strerror or error}", 74) from error


@mail_app.command("replay")
def mail_replay(
    mail: Annotated[int, typer.Argument(help="The id from `postdesk mail list`.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the decision and its evidence.")] = False,
    as_ticket: Annotated[bool, typer.Option("--as-ticket", help="It becomes a new ticket: you decided.")] = False,
    attach: Annotated[str, typer.Option(metavar="NUMBER", help="It becomes a note on this ticket: you decided.")] = "",
) -> None:
    """Handle a held or ignored mail again, for example after the settings were mended; or decide yourself."""
    from desk.held import NotReplayable, release
    from postdesk.explaining import Explainer, as_text
    from postdesk.replaying import wait_for, whoami, wish_of

    with open_desk() as house:
        try:
            wish = wish_of(house, as_ticket, attach)
        except NotReplayable as error:
            raise fail(str(error), 64) from error
        if dry_run:
            explained = Explainer(house).received(mail, wish)
            if explained is None:
                raise fail(f"There is no mail {mail}.", 66)
            typer.echo(as_text(f"Mail {mail}, if it were handled now:", explained))
            return
        try:
            with house.database.transaction() as session:
                release(session, mail, wish or None, by=whoami())
        except NotReplayable as error:
            raise fail(str(error), 65) from error
        typer.echo(wait_for(house, mail))
