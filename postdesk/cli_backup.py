"""Commands about safety: `postdesk backup`, `restore`, `restored`, `verify`."""

import contextlib
import json
import signal
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from postdesk.amounts import amount
from postdesk.cli import app, as_operator, chosen_config, fail
from postdesk.cli_held import open_desk, program

if TYPE_CHECKING:
    from postdesk.backup import Made, Options
    from postdesk.restore import Restored
    from postdesk.wiring import House

_Json = Annotated[bool, typer.Option("--json", help="One JSON object.")]

_UNFINISHED = (
    "The desk is restored, but what has to follow failed: {}\nDo not start it: letters that have gone already could "
    "go again. Put right what failed, and restore once more, into an empty place or with --replace; for PostgreSQL "
    "into an empty database."
)


@app.command("backup")
def backup(
    out: Annotated[Path | None, typer.Option(help="The folder of backups; else backup.folder of the settings.")] = None,
    keep: Annotated[
        int | None, typer.Option(min=1, help="Complete backups that stay; else backup.keep with backup.folder, or all.")
    ] = None,
    secrets: Annotated[bool, typer.Option("--secrets/--without-secrets", help="Keys and passwords too.")] = True,
    blobs: Annotated[bool | None, typer.Option("--blobs/--without-blobs", help="Mails and attachments too.")] = None,
    check: Annotated[
        bool, typer.Option("--verify/--no-verify", help="Restore and verify it, which takes longest.")
    ] = True,
) -> None:
    """Copy everything into a folder of its own, while the desk works on, and restore it once to see that it can be."""
    from desk import audit
    from postdesk import backup as backups
    from postdesk.backup_manifest import BackupError

    with open_desk() as house:
        options = _options(house, out, keep, secrets, blobs, check)
        try:
            with _ended_in_order():
                made = backups.make(house, options, typer.echo, _progress())
        except BackupError as error:
            raise fail(f"There is no new backup. {error}", error.code) from error
        except OSError as error:
            raise fail(f"There is no new backup. {error}", 73) from error
        audit.alone(house.database, "backup.made", secrets=options.secrets)
    _tell_backup(made, options)


@contextlib.contextmanager
def _ended_in_order() -> Iterator[None]:
    """SIGTERM and SIGHUP end us as Control-C does: what was begun is taken away. A second one does not disturb that."""

    def end(number: int, _: object) -> None:
        for one in before:
            signal.signal(one, signal.SIG_IGN)
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _options(
    house: "House", out: Path | None, keep: int | None, secrets: bool, blobs: bool | None, check: bool
) -> "Options":
    from postdesk.backup import Options

    settings = house.settings.backup
    if out is None and not settings.folder:
        raise fail("Name a folder: postdesk backup --out FOLDER, or set backup.folder.", 64)
    usual = settings.keep if out is None else 0
    return Options(
        out=(out or Path(settings.folder)).absolute(),
        keep=usual if keep is None else keep,
        secrets=secrets,
        blobs=settings.blobs if blobs is None else blobs,
        check=check,
    )


def _tell_backup(made: "Made", options: "Options") -> None:
    manifest = made.manifest
    typer.echo(f"The backup is in {made.folder}.")
    typer.echo(f"It is of {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC: {sum(manifest.rows.values()):,} rows.")
    if manifest.blobs:
        shared = f", {manifest.linked:,} of them shared with an earlier backup" if manifest.linked else ""
        typer.echo(f"Mails and attachments: {manifest.blob_count:,} ({manifest.blob_bytes:,} bytes){shared}.")
    else:
        typer.echo("Big mails and attachments are not in it: keep the versions of the blob store.")
    typer.echo(f"Verified: {manifest.checked}." if manifest.checked else "It was not verified.")
    if options.secrets:
        typer.echo("It holds your keys and passwords: keep it where only you can read it.")
    else:
        left = ", ".join(made.left_out) or "there were none"
        typer.echo(
            f"Keys and passwords are not in it. Keep them elsewhere, or replies to old letters are lost: {left}."
        )
    if made.removed:
        typer.echo(f"Removed, as {options.keep} stay: {', '.join(made.removed)}.")
    if manifest.lost or made.faults:
        mended = not manifest.lost and all(one.part == "bytes" for one in made.faults)
        and_so = "" if mended else ", and so has the backup"
        typer.echo(f"\nThe backup is complete. The desk that it was made of has faults{and_so}:", err=True)
        for digest in manifest.lost[:10]:
            typer.echo(f"FAULT bytes: {digest} is lost or changed.", err=True)
        for fault in made.faults:
            typer.echo(fault.line, err=True)
        raise typer.Exit(1)


@app.command("verify")
def verify(
    quick: Annotated[bool, typer.Option("--quick", help="Look for mails and attachments; do not read them.")] = False,
    as_json: _Json = False,
) -> None:
    """Look whether everything is there and right: mails, attachments, ledger, letters, numbers. Changes nothing."""
    from postdesk.verify import Source
    from postdesk.verify import verify as look

    found, tick = [], _progress(quiet=as_json)
    with open_desk() as house:
        source = Source(house.database.reading, house.database.is_sqlite, house.blobs, keys=house.keys)
        for one in look(source, datetime.now(UTC), quick=quick, progress=tick):
            found.append(one)
            if not as_json:
                typer.echo(one.line)
    faults = sum(one.faults for one in found)
    if as_json:
        rows = [{"part": f.part, "text": f.text, "faults": f.faults, "examples": f.examples} for f in found]
        typer.echo(json.dumps({"faults": faults, "quick": quick, "findings": rows}, ensure_ascii=False))
    else:
        unread = " No bytes of mails and files were read: without --quick they are." if quick else ""
        typer.echo(("All is well." if not faults else amount(faults, "fault.", "faults.")) + unread)
    if faults:
        raise typer.Exit(1)


@app.command("restore")
def restore(
    folder: Annotated[Path, typer.Argument(help="One backup: the folder with a manifest.json.")],
    into: Annotated[Path, typer.Option(help="The folder of the settings; nothing of the desk may be there yet.")],
    replace: Annotated[bool, typer.Option("--replace", help="Put aside what is there.")] = False,
    send_waiting: Annotated[
        bool, typer.Option("--send-waiting", help="Send the letters that waited; else they wait for you.")
    ] = False,
    erased: Annotated[
        Path | None, typer.Option(help="The list of erasures; else erased.json beside the backup.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, with --replace.")] = False,
) -> None:
    """Make a desk of a backup, and say what differs from the desk that was."""
    from postdesk import restore as restores
    from postdesk.backup_manifest import BackupError

    as_operator()
    wish = restores.Wish(
        folder.absolute(), into.absolute(), chosen_config(), replace, send_waiting, erased and erased.absolute()
    )
    try:
        typer.echo("Checking the backup …")
        manifest = restores.check(wish, _progress())
        restores.not_running(wish, manifest, datetime.now(UTC))
        if replace and not yes and not typer.confirm(f"Put aside the desk in {into}, and put this backup there?"):
            raise fail("Nothing was changed.")
        with _ended_in_order():
            done = restores.run(wish, manifest, typer.echo, _progress())
    except typer.Abort:
        raise fail("\nNothing was changed. To do it without being asked, add --yes.", 64) from None
    except BackupError as error:
        raise fail(f"Nothing was restored. {error}", error.code) from error
    except restores.Unfinished as error:
        raise fail(_UNFINISHED.format(error), error.code) from error
    except OSError as error:
        raise fail(f"Nothing was restored. {error}", 73) from error
    _tell_restored(done, wish.send_waiting)


def _tell_restored(done: "Restored", sent: bool) -> None:
    from postdesk.restore_words import lines

    for line in lines(done, sent):
        typer.echo(line)
    if done.faults:
        raise typer.Exit(1)


@app.command("restored")
def restored(
    ids: Annotated[list[int] | None, typer.Argument(metavar="ID...", help="Letters from this list.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them, instead of ids.")] = False,
    send: Annotated[bool, typer.Option("--send", help="Let them go out now.")] = False,
    drop: Annotated[bool, typer.Option("--drop", help="Give them up: they stay on record as uncertain.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Letters that waited when the backup was made, and may have gone out since: list them, send or drop them."""
    from desk import audit
    from postdesk import restore_after

    if send and drop:
        raise fail("Choose --send or --drop.", 64)
    if (send or drop) and bool(ids) == every:
        raise fail("Name the ids of letters, or --all.", 64)
    with open_desk() as house:
        if not (send or drop):
            _list_held(house, as_json)
            return
        chosen = ids or _all_held(house)
        with house.database.transaction() as session:
            done = restore_after.settle(session, chosen, datetime.now(UTC), send=send)
            audit.note(session, "letter.decided", letters=done, send=send)
    letters = "1 letter" if done == 1 else f"{done:,} letters"
    typer.echo(f"{letters} {'will go out' if send else 'will not go out'}.")
    if ids and done < len(set(ids)):
        raise fail("The others do not wait for this.", 65)


def _all_held(house: "House") -> list[int]:
    from postdesk import restore_after

    with house.database.reading() as session:
        return [row.id for row in restore_after.held(session)]


def _list_held(house: "House", as_json: bool) -> None:
    from postdesk import restore_after

    count = 0
    with house.database.reading() as session:
        for row in restore_after.held(session):
            count += 1
            if as_json:
                typer.echo(json.dumps(_held_json(row), ensure_ascii=False))
            else:
                tried = ", was tried" if row.attempts else ""
                typer.echo(f"{row.id}  {row.created_at:%Y-%m-%d %H:%M} UTC  {row.kind} to {row.recipient}{tried}")
    if not as_json:
        typer.echo(
            f"{count:,} letters wait for you. Send them: {program()} restored --send --all" if count else "None wait."
        )


def _held_json(row: Any) -> dict[str, Any]:
    at = row.created_at.isoformat()
    return {"id": row.id, "at": at, "kind": row.kind, "recipient": row.recipient, "attempts": row.attempts}


def _progress(*, quiet: bool = False) -> Callable[[int, int], None]:
    """A line that counts, on a terminal only."""
    if quiet or not sys.stderr.isatty():
        return lambda *_: None

    def tick(done: int, total: int) -> None:
        end = "\r" if done < total else "\r\033[K"
        sys.stderr.write(f"  {done:,} of {total:,}{end}")
        sys.stderr.flush()

    return tick
