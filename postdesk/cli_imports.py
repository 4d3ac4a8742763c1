"""Commands about contact imports: `postdesk people import`, `postdesk people imports`."""

import json
from collections.abc import Sequence
from gettext import NullTranslations
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from postdesk.cli import fail, people_app
from postdesk.cli_held import open_desk, program

if TYPE_CHECKING:
    from desk.contact_batches import Progress
    from desk.contact_history import Letters
    from desk.contact_import import Plan, Step
    from desk.contact_tally import Tally
    from postdesk.taking_people import Importer
    from store.tables import ImportRun

_EACH = 50  # rows up to which the fate of every one is told


@people_app.command("import")
def people_import(
    file: Annotated[Path, typer.Argument(help="A CSV file; `postdesk people template` writes one to fill in.")],
    organisation: Annotated[str, typer.Option(help="Into which organisation; made when there is none of that name.")],
    update: Annotated[bool, typer.Option("--update", help="Update people who are there already.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would become of each row.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    site: Annotated[str, typer.Option(help="Site of who is added, by any part of its label; else the main one.")] = "",
    by: Annotated[str, typer.Option(help="Who gives access, as the letters with credentials say it.")] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line: of each row, then of the whole.")
    ] = False,
) -> None:
    """Add people from a file. Those with a user name or a security level get a letter with credentials."""
    from postdesk.taking_people import Importer, NotTaken, shown

    with open_desk() as house:
        importer = Importer(house, file, organisation, site, update, by)
        try:
            with shown("Trying", None) as count:
                telling = _Telling(count, as_json)
                tried = importer.try_out(telling)
        except NotTaken as error:
            raise fail(str(error), error.code) from error
        telling.end(importer.unknown)
        if importer.new:
            typer.echo(importer.new, err=as_json)
        if dry_run or not tried.changes:
            _say(tried, done=False, as_json=as_json)
            return
        if not yes:
            _say(tried, done=False, as_json=False)
            _agree(tried.total)
        _take_in(importer, tried.total, as_json)


class _Telling:
    """Tells the fates of rows as they are decided, and counts them where one sees it."""

    def __init__(self, count: "Progress", as_json: bool) -> None:
        self._count, self._as_json = count, as_json
        self._first: list[Step] = []
        self._refused: list[str] = []
        self._rows = 0

    def __call__(self, done: int, made: "Plan") -> None:
        """Another part of the file is decided."""
        self._count(done, made)
        self._rows = done
        if self._as_json:
            for step in made.steps:
                typer.echo(json.dumps(_row(step), ensure_ascii=False))
            return
        if done <= _EACH:
            self._first += made.steps
        refused = (step for step in made.steps if step.fate == "refused")
        self._refused += [step.fate_said for step in refused][: _EACH - len(self._refused)]

    def end(self, unknown: Sequence[str]) -> None:
        """Say what was gathered: every row of a short file, the refused ones of a long one."""
        if self._as_json:
            return
        for line in [step.fate_said for step in self._first] if self._rows <= _EACH else self._refused:
            typer.echo(line)
        if self._rows > _EACH:
            typer.echo("The fate of every row: add --dry-run --json.")
        if unknown:
            typer.echo(f"These columns are passed over: {', '.join(unknown)}.")


def _row(step: "Step") -> dict[str, Any]:
    return {"row": step.number, "fate": step.fate, "why": str(step.why), "who": step.who, "letter": step.access}


def _say(tally: "Tally", *, done: bool, as_json: bool, run_id: int | None = None) -> None:
    if as_json:
        typer.echo(json.dumps({"import": run_id, "done": done, **tally.figures}))
        return
    typer.echo(
        tally.summary(done=done) if done or tally.changes else f"Nothing would change: {tally.summary(done=True)}"
    )
    if said := tally.letters_said(done=done):
        typer.echo(said)


def _agree(rows: int) -> None:
    try:
        agreed = typer.confirm("Import it?" if rows == 1 else f"Import these {rows:,} rows?")
    except typer.Abort:
        raise fail("\nNothing was changed. To do it without being asked, add --yes.", 64) from None
    if not agreed:
        raise fail("Nothing was changed.")


def _take_in(importer: "Importer", total: int, as_json: bool) -> None:
    from postdesk.taking_people import NotTaken, shown

    rows = 0

    def count(done: int, made: "Plan") -> None:
        nonlocal rows
        rows = done
        bar(done, made)

    try:
        with shown("Importing", total) as bar:
            tally = importer.take_in(count)
    except KeyboardInterrupt:
        went = f"Stopped after {rows:,} of {total:,} rows; what is done stays."
        raise fail(f"{went} The same command goes on: who is there already is passed over.", 130) from None
    except NotTaken as error:
        raise fail(str(error), error.code) from error
    _say(tally, done=True, as_json=as_json, run_id=importer.run_id)
    if tally.letters and not as_json:
        typer.echo(f"How far they have got: {program()} people imports {importer.run_id}")


@people_app.command("imports")
def people_imports(
    run_id: Annotated[int | None, typer.Argument(metavar="ID", help="One of them, with the fate of its rows.")] = None,
    organisation: Annotated[str, typer.Option(help="Of this organisation alone.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Which contact imports there were, and how far the welcome letters have got."""
    from sqlalchemy import select

    from desk import contact_history
    from postdesk.cli_people import organisation_id
    from store.tables import ImportRun, Organisation

    with open_desk() as house, house.database.reading() as session:
        whose = organisation_id(session, organisation) if organisation else None
        if run_id is not None:
            found: Sequence[ImportRun] = [run for run in (session.get(ImportRun, run_id),) if run is not None]
            if not found:
                raise fail(f"There is no import {run_id}. `{program()} people imports` lists them.", 66)
        else:
            found = contact_history.runs(session, whose, limit, rows=False)
        letters = contact_history.letters(session, found)
        wanted = Organisation.id.in_([run.organisation_id for run in found])
        names = {row.id: row.name for row in session.execute(select(Organisation.id, Organisation.name).where(wanted))}
    if not found and not as_json:
        typer.echo("No imports yet.")
    for run in found:
        _tell(run, names.get(run.organisation_id or 0, ""), letters[run.id], as_json=as_json, each=run_id is not None)


def _tell(run: "ImportRun", whose: str, letters: "Letters", *, as_json: bool, each: bool) -> None:
    from desk.said import spoken

    rows = [(row[0], row[1], spoken(row[2], NullTranslations())) for row in run.rows] if each else []
    if as_json:
        typer.echo(json.dumps(_run_as_json(run, whose, letters, rows if each else None), ensure_ascii=False))
        return
    counts = f"{run.added:,} added, {run.updated:,} updated, {run.skipped:,} skipped, {run.refused:,} refused"
    typer.echo(f"{run.id}  {run.at:%Y-%m-%d %H:%M} UTC  {run.file_name}{f' into “{whose}”' if whose else ''}: {counts}")
    if letters.said:
        typer.echo(f"  {letters.said}" if not each else letters.said)
    if each and run.by:
        typer.echo(f"By {run.by}.")
    for number, fate, why in rows:
        typer.echo(f"Row {number}: {fate}{f', {why}' if why else ''}.")
    total = run.added + run.updated + run.skipped + run.refused
    if each and len(rows) < total:
        typer.echo(f"Of {total:,} rows the history keeps {len(rows):,}.")


def _run_as_json(
    run: "ImportRun", whose: str, letters: "Letters", rows: list[tuple[int, str, str]] | None
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "import": run.id,
        "at": run.at.isoformat(),
        "organisation": whose or None,
        "file": run.file_name,
        "by": run.by,
        "update": run.update,
        "added": run.added,
        "updated": run.updated,
        "skipped": run.skipped,
        "refused": run.refused,
        "letters": {"total": letters.total, "sent": letters.sent, "waiting": letters.waiting, "failed": letters.failed},
    }
    if rows is not None:
        found["rows"] = [{"row": number, "fate": fate, "why": why} for number, fate, why in rows]
    return found
