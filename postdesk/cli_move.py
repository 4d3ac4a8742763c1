"""Commands about moving in: `postdesk move in`, `move list`, `move undo`. New mail from files is `postdesk import`."""

import contextlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from postdesk.amounts import amount
from postdesk.cli import app, fail
from postdesk.cli_held import open_desk

if TYPE_CHECKING:
    from gateway.moving import State
    from postdesk.moving import Plan, Summary
    from postdesk.moving_source import Found, LeftOut
    from postdesk.wiring import House

move_app = typer.Typer(no_args_is_help=True, help="Old mail from elsewhere, moved in as tickets with their history.")
app.add_typer(move_app, name="move")
_STATES = ("auto", "complete", "resolved", "open")
_WORDS = {
    "opened": "opened a ticket",
    "noted": "became notes",
    "folded": "automatic, shown as events",
    "ignored": "ignored: automatic mail alone, or copies",
    "held": "held for a person",
    "here already": "were here already",
    "copy": "copies, the same to the letter",
    "not taken": "not taken; they stay where they are",
    "left out": "files left out, because they are no mail",
}


_Sources = Annotated[
    list[Path] | None, typer.Argument(help="Maildirs, mbox files, folders of mail files; also packed by gzip.")
]
_Imap = Annotated[str, typer.Option(metavar="NAME", help="A mailbox of the settings, instead of files.")]
_Folder = Annotated[str, typer.Option(help="The folder of that mailbox.")]
_State = Annotated[
    str, typer.Option(help="complete, resolved or open; auto: by the age of the last mail of each ticket.")
]
_ClosedAfter = Annotated[
    int, typer.Option(min=0, metavar="DAYS", help="With auto: older tickets are complete, the others open.")
]
_Ours = Annotated[
    list[str] | None, typer.Option(metavar="ADDRESS", help="An old address of the desk or a colleague; @domain: all.")
]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would become of it.")]
_Report = Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Write the fate of every mail into this file.")]


@move_app.command("in")
def move_in(
    sources: _Sources = None,
    imap: _Imap = "",
    folder: _Folder = "INBOX",
    state: _State = "auto",
    closed_after: _ClosedAfter = 30,
    ours: _Ours = None,
    dry_run: _DryRun = False,
    report: _Report = None,
) -> None:
    """Move old mail in: threads become tickets, at their true times. Nobody is written to. Begun again, it goes on."""
    from imapclient.exceptions import IMAPClientError

    from gateway.imap_wire import OverBudget
    from postdesk.moving import Move, Plan
    from postdesk.replaying import whoami

    _check(sources or [], imap, state)
    with open_desk() as house, tempfile.TemporaryDirectory(prefix="postdesk-move-") as work:
        plan = Plan(
            origin=_origin(sources or [], imap, folder),
            find=_finder(house, sources or [], imap, folder),
            by=whoami(),
            ours=frozenset(address.strip().lower() for address in ours or ()),
            state=cast("State", state),
            closed_after_days=closed_after,
            dry=dry_run,
            source="imap" if imap else "file",
        )
        try:
            summary = Move(house, plan, Path(work), _showing, datetime.now(UTC)).run(report)
        except (OSError, IMAPClientError, OverBudget) as error:
            raise fail(f"It stopped: {error}. What was written stays; start it again to go on.", 74) from error
        _say(summary, plan, report)
        _note(house, summary, plan)
        if summary.failed:
            raise typer.Exit(65)


def _check(sources: list[Path], imap: str, state: str) -> None:
    if state not in _STATES:
        raise fail(f"There is no state {state!r}. Choose from: {', '.join(_STATES)}.", 64)
    if bool(sources) == bool(imap):
        raise fail("Name files or folders, or a mailbox with --imap.", 64)


def _origin(sources: list[Path], imap: str, folder: str) -> str:
    """Where it comes from, as staff read it in the tickets."""
    if imap:
        return f"{folder} of the mailbox {imap}"
    return ", ".join(path.resolve().name or str(path) for path in sources)[:500]


def _finder(
    house: "House", sources: list[Path], imap: str, folder: str
) -> "Callable[[Path], Iterable[Found | LeftOut]]":
    from postdesk import mailboxes, moving_imap, moving_source
    from postdesk.oauth import token_source

    if missing := [str(path) for path in sources if not path.exists()]:
        raise fail(f"There is no such file or folder: {', '.join(missing)}. Nothing was changed.", 66)
    if not imap:
        return lambda work: moving_source.find(sources, work)
    known = {box.name: box for box in house.settings.mailbox}
    if imap not in known:
        names = ", ".join(sorted(known)) or "there is none"
        raise fail(f"The settings have no mailbox {imap!r}. Those in [[mailbox]]: {names}.", 64)
    config = mailboxes.config(known[imap], house.settings)
    return lambda work: moving_imap.find(config, token_source(known[imap]), folder, work)


@contextlib.contextmanager
def _showing(words: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar with a count, on a terminal only."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    if not sys.stdout.isatty():
        yield lambda _done: None
        return
    columns = (TextColumn(f"{words} mails"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, transient=True) as progress:
        task = progress.add_task("", total=total)
        yield lambda done: progress.update(task, completed=done)


def _note(house: "House", summary: "Summary", plan: "Plan") -> None:
    from desk import audit

    if not plan.dry:
        audit.alone(house.database, "move.done", "move", summary.move_in or None, mails=summary.mails)


def _say(summary: "Summary", plan: "Plan", report: Path | None) -> None:
    would = "would be " if plan.dry else ""
    typer.echo(
        f"{summary.mails:,} mails in {summary.threads:,} threads: {summary.tickets:,} {would}new tickets, "
        f"{summary.contacts:,} {would}new contacts."
    )
    for fate, words in _WORDS.items():
        if count := summary.fates[fate]:
            typer.echo(f"{count:>9,}  {words}")
    if summary.largest:
        typer.echo("The largest threads:")
        for count, number, title in summary.largest:
            typer.echo(f"{count:>9,}  {number:<15}  {title or 'No subject'}")
    if report is not None:
        typer.echo(f"The fate of every mail is in {report}.")
    if plan.dry:
        typer.echo("Nothing was changed.")
    elif summary.move_in:
        typer.echo(f"To take it back: postdesk move undo {summary.move_in}")


@move_app.command("list")
def move_list(as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False) -> None:
    """What was moved in: when, by whom, from where, and how much."""
    from sqlalchemy import select

    from store.tables import MoveIn

    with open_desk() as house:
        with house.database.reading() as session:
            rows = session.scalars(select(MoveIn).order_by(MoveIn.at, MoveIn.id)).all()
        if not rows and not as_json:
            typer.echo("Nothing was moved in yet.")
        for row in rows:
            if as_json:
                done = row.done_at.isoformat() if row.done_at else None
                about = {"id": row.id, "at": row.at.isoformat(), "done_at": done, "by": row.by, "from": row.source}
                typer.echo(json.dumps({**about, "counts": row.counts}, ensure_ascii=False))
                continue
            tickets = amount(row.counts.get("tickets", 0), "ticket", "tickets")
            tickets = tickets if row.done_at else "did not come to its end"
            if "taken back" in row.counts:
                tickets += f", {row.counts['taken back']:,} more taken back"
            typer.echo(
                f"{row.id:>8}  {row.at.astimezone(house.zone):%Y-%m-%d %H:%M}  {row.by}  {tickets}  {row.source}"
            )


@move_app.command("undo")
def move_undo(
    move: Annotated[int, typer.Argument(metavar="NUMBER", help="As “postdesk move list” shows it.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Take back what was moved in. Tickets in which something has happened since stay."""
    from desk import audit
    from postdesk.backup_manifest import BackupError
    from postdesk.moving_undo import NoSuchMove, look_up, undo

    with open_desk() as house:
        try:
            look_up(house, move)
            if not yes:
                typer.confirm(f"Take back move {move}, with its tickets and mails?", abort=True)
            with _showing("Taking back", None) as progress:
                undone = undo(house, move, progress)
            audit.alone(house.database, "move.undone", "move", move, tickets=undone.tickets, mails=undone.mails)
        except NoSuchMove as error:
            raise fail(f"There is no move {move}. See: postdesk move list", 66) from error
        except BackupError as error:
            raise fail(str(error), error.code) from error
    typer.echo(f"Gone: {undone.tickets:,} tickets, {undone.mails:,} mails, {undone.contacts:,} contacts.")
    if undone.kept:
        shown = ", ".join(undone.kept[:20]) + (f" and {len(undone.kept) - 20:,} more" if len(undone.kept) > 20 else "")
        typer.echo(f"Something has happened since in {shown}: they stay, with their mails.")
