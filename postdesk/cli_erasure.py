"""Commands about the rights of a person in their data: `postdesk contact export-data`, `postdesk contact erase`."""

import contextlib
import getpass
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from postdesk.amounts import amount
from postdesk.cli import contact_app, fail
from postdesk.cli_held import open_desk, program

if TYPE_CHECKING:
    from desk.erasing import Wish
    from postdesk.erasing_run import Erased
    from postdesk.wiring import House

_LABELS = {
    "mails": "Mails from them, as they came",
    "mails_beside": "Mails of others that quote or name them, as they came",
    "letters": "Letters to them",
    "tickets_deleted": "Tickets that were theirs",
    "tickets_changed": "Tickets where name and addresses were replaced",
    "entries": "Entries of theirs that bear another name",
    "rows": "Other rows where an address was replaced",
    "bytes": "Files and big mails",
}


@contact_app.command("export-data")
def contact_export_data(
    address: str,
    out: Annotated[Path | None, typer.Option(help="The ZIP file to write; else ADDRESS.zip in this folder.")] = None,
    internal: Annotated[bool, typer.Option("--internal", help="Also notes of staff on their own tickets.")] = False,
) -> None:
    """Everything that is kept of a person, as a ZIP file with a page to read (GDPR, articles 15 and 20)."""
    from desk import audit, contacts, personal_data
    from desk.people import PeopleError
    from postdesk import personal_zip

    out = out or Path(address.replace("/", "_").lstrip(".") + ".zip")
    if out.exists():
        raise fail(f"{out} is there already.", 73)
    with open_desk() as house:
        try:
            with house.database.reading() as session:
                subject = personal_data.of(contacts.find(session, address), internal=internal)
        except PeopleError as error:
            raise fail(str(error), 66) from error
        try:
            counts = personal_zip.write(house, subject, out.absolute(), datetime.now(UTC))
        except OSError as error:
            raise fail(f"{out} could not be written: {error}", 73) from error
        audit.alone(house.database, "export.person", "contact", subject.contact_id, internal=internal)
    typer.echo(
        f"{out}: {amount(counts.tickets, 'ticket', 'tickets')} with {amount(counts.entries, 'entry', 'entries')}, "
        f"{amount(counts.mails, 'mail', 'mails')}, {amount(counts.letters, 'letter', 'letters')}, "
        f"{amount(counts.files, 'file', 'files')}."
    )
    typer.echo("It holds words of other people too: read it before you hand it on.")
    if counts.lost:
        raise fail(f"{len(counts.lost)} of them are lost: {', '.join(counts.lost[:5])}. See: {program()} verify")


@contact_app.command("erase")
def contact_erase(
    address: str,
    tickets: Annotated[str, typer.Option(help="Their tickets: keep, without name and addresses; or delete.")] = "keep",
    words: Annotated[bool, typer.Option("--words", help="Also the text and the files of what they wrote.")] = False,
    also: Annotated[list[str] | None, typer.Option(help="One more address of theirs, from before.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what there is; change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write the report here too, as JSON.")] = None,
    vacuum: Annotated[bool, typer.Option("--vacuum/--no-vacuum", help="Clean the free space of the database.")] = True,
) -> None:
    """Erase a person from the desk, with a report of what went and what stays (GDPR, article 17)."""
    from desk.erasing import Wish
    from postdesk import erasing_run

    if tickets not in ("keep", "delete"):
        raise fail("Choose --tickets keep or --tickets delete.", 64)
    if report is not None and report.exists():
        raise fail(f"{report} is there already.", 73)
    wish = Wish(delete_tickets=tickets == "delete", words=words)
    with open_desk() as house, _faults_in_words():
        _show(house, address, also or [], wish)
        if vacuum and (cleaning := erasing_run.cleaning(house)):
            typer.echo(cleaning)
        if dry_run:
            typer.echo("Nothing was changed.")
            return
        if not yes and not typer.confirm(f"Erase {address}? Nobody can undo that"):
            raise fail("Nothing was changed.")
        done = erasing_run.run(house, address, wish, typer.echo, also=also or [], by=getpass.getuser(), vacuum=vacuum)
    _tell(done, report)


@contextlib.contextmanager
def _faults_in_words() -> Iterator[None]:
    """Why nobody is erased, and the exit code that says so."""
    from desk.people import PeopleError
    from postdesk.backup_manifest import BackupError

    try:
        yield
    except typer.Abort:
        raise fail("\nNothing was changed. To do it without being asked, add --yes.", 64) from None
    except PeopleError as error:
        raise fail(str(error), 65) from error
    except BackupError as error:
        raise fail(str(error), error.code) from error


def _show(house: "House", address: str, also: list[str], wish: "Wish") -> None:
    """What there is now, so that a person can say yes to it."""
    from desk import erasing_count

    with house.database.reading() as session:
        found = erasing_count.counts(session, address, also)
    if found.begun:
        typer.echo("An erasure of this person was begun and goes on, as it was asked for then.")
        return
    if not found.named:
        raise fail(f"Nothing in the desk names {' or '.join([address, *also])}. Nothing was changed.", 66)
    typer.echo(f"{address} is {'a contact' if found.is_contact else 'no contact; mails and letters may name it'}.")
    for words, count in (
        ("tickets that they asked for", found.tickets),
        ("entries that they wrote", found.entries),
        ("mails from them", found.mails),
        ("letters to them", found.letters),
    ):
        typer.echo(f"  {count:,} {words}")
    typer.echo(f"Their tickets {'go' if wish.delete_tickets else 'stay, without name and addresses'}.")
    if not wish.delete_tickets:
        typer.echo(f"Their words {'and files go' if wish.words else 'and files stay in the tickets'}.")


def _tell(done: "Erased", report: Path | None) -> None:
    if done.busy:
        raise fail(
            f"{done.busy:,} mails or letters of this person are being handled at this moment. All else is erased. "
            "Run the same command again, to finish.", 75,
        )  # fmt: skip
    kept: dict[str, Any] = done.report
    typer.echo(f"\nErased; what is left is called “Erased person {kept['person']}”.")
    for name, words in _LABELS.items():
        if kept["counts"].get(name):
            typer.echo(f"  {kept['counts'][name]:>8,}  {words}")
    typer.echo("What stays in the desk, and why:" if kept["stays"] else "Nothing of them stays in the desk.")
    for line in kept["stays"]:
        typer.echo(f"- {line}")
    typer.echo("Outside of the database:")
    for line in done.told:
        typer.echo(f"- {line}")
    typer.echo("A mail from this address is from now on of a new, unknown person.")
    if report is not None:
        text = json.dumps({**kept, "outside": done.told}, ensure_ascii=False, indent=1)
        report.write_text(text + "\n", encoding="utf-8")
