"""`postdesk people`: an import from a file, the file to fill in, and the list."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from desk import people
from desk.writes import Writes
from postdesk import cli_people  # noqa: F401 - it adds its commands
from postdesk.cli import app
from postdesk.wiring import House
from store.tables import Account, Contact, ImportRun, Organisation, Outbox, Site

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HEADER = "First Name,Last Name,Email Address,Client Portal Password,Client Portal Security Level"
ROWS = (
    "Ann,Able,ann@customer.test,,Sample Client Portal Admin User",
    "Bob,Best,bob@customer.test,,",
    "Cy,Cole,cy@customer.test,hunter2,",
    "Lou,Loose,lou@elsewhere.test,,",
)


def run(config: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and output of a command."""
    found = CliRunner().invoke(app, ["--config", str(config), "people", *arguments])
    return found.exit_code, found.output


@pytest.fixture
def file(house: House, tmp_path: Path) -> Path:
    """A file; Lou, who is in it, has written to the desk and belongs to no organisation."""
    writes = Writes(house.database.ids.next)
    with house.database.transaction() as session:
        people.add_contact(writes, name="Lou Loose", address="lou@elsewhere.test", now=NOW)
        writes.flush(session)
    path = tmp_path / "people.csv"
    path.write_text("\n".join([HEADER, *ROWS]))
    return path


def test_import(house: House, config: Path, file: Path) -> None:
    """Tried, done, and done again: each row has its fate; who has a level gets a letter."""
    command = ("import", str(file), "--organisation", "Sample Works")
    code, said = run(config, *command, "--dry-run")
    assert code == 0
    refused = "the column for the password must be empty; we make one"
    assert "Row 2, Ann Able, ann@customer.test: added.\n" in said
    assert f"Row 4, Cy Cole, cy@customer.test: refused, {refused}.\n" in said
    assert "Row 5, Lou Loose, lou@elsewhere.test: added, was a contact without an organisation.\n" in said
    assert f"3 will be added, 1 refused (row 4: {refused}).\n1 person will get a letter with credentials.\n" in said
    with house.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Organisation)) == 1  # that of the sample desk
    assert "3 added, 1 refused (row 4: " in run(config, *command, "--yes")[1]
    assert "Nothing would change: 0 added, 3 skipped, 1 refused (row 4: " in run(config, *command)[1]
    with house.database.reading() as session:
        works = session.scalars(select(Organisation.id).where(Organisation.name == "Sample Works")).one()
        rows = session.execute(select(Contact.name, Contact.level).where(Contact.organisation_id == works)).all()
        assert {tuple(row) for row in rows} == {
            ("Ann Able", "Admin User"), ("Bob Best", "Standard User"), ("Lou Loose", "Standard User")
        }  # fmt: skip
        assert session.scalars(select(Account.username).where(Account.contact_id.is_not(None))).all() == [
            "ann@customer.test"
        ]
        assert session.scalars(select(Outbox.recipient).where(Outbox.kind == "credentials")).all() == [
            "ann@customer.test"
        ]
        (kept,) = session.scalars(select(ImportRun)).all()
        assert (kept.added, kept.skipped, kept.refused, kept.letters) == (3, 0, 1, 1)


def test_import_into_a_site(house: House, config: Path, file: Path) -> None:
    """One that does not exist changes nothing."""
    with house.database.transaction() as session:
        works = people.organisation(session, "Sample Works", house.database.ids.next(), NOW)
        session.add(Site(id=1, organisation_id=works.id, name="North", code="N/1"))
    command = ("import", str(file), "--organisation", "Sample Works", "--site")
    code, said = run(config, *command, "South")
    assert (code, said.strip()) == (65, "Site “South” is not known. There are: North. Nothing was changed.")
    assert run(config, *command, "n/1", "--yes")[0] == 0
    with house.database.reading() as session:
        assert session.scalars(select(Contact.name).where(Contact.site_id == 1).order_by(Contact.name)).all() == [
            "Ann Able",
            "Bob Best",
            "Lou Loose",
        ]


def test_files_that_cannot_be_used(house: House, config: Path, tmp_path: Path) -> None:
    """Not there; no such columns."""
    code, said = run(config, "import", str(tmp_path / "none.csv"), "--organisation", "Sample Works")
    assert (code, "cannot be read: No such file" in said) == (66, True)
    (tmp_path / "odd.csv").write_text("Name\nAnn")
    code, said = run(config, "import", str(tmp_path / "odd.csv"), "--organisation", "Sample Works")
    assert (code, "names no column “First Name”" in said) == (65, True)


def test_template_and_list(house: House, config: Path, file: Path) -> None:
    """Of one organisation; the template alone needs none."""
    assert run(config, "template")[1].lstrip("\ufeff").startswith("External ID,Prefix,First Name")
    assert run(config, "list", "--organisation", "Nobody")[0] == 66
    run(config, "import", str(file), "--organisation", "Sample Works", "--yes")
    assert "ann@customer.test" in run(config, "template", "--organisation", "Sample Works")[1]
    said = run(config, "list", "--organisation", "Sample Works")[1]
    assert "Ann Able, ann@customer.test  Admin User, access\n" in said
    assert "Bob Best, bob@customer.test  Standard User, no access\n" in said
    first = json.loads(run(config, "list", "--organisation", "Sample Works", "--json")[1].splitlines()[0])
    assert first == {
        "name": "Ann Able",
        "address": "ann@customer.test",
        "level": "Admin User",
        "access": True,
        "last_login": None,
    }


def test_a_contact_of_a_new_organisation(house: House, config: Path) -> None:
    """That the organisation is new is said, and which one is called alike."""
    from postdesk import cli_contacts  # noqa: F401 - it adds its commands

    options = ("--no-activate", "--organisation", "Sample Organization")
    command = ["--config", str(config), "contact", "add", "zoe@customer.test", *options]
    assert CliRunner().invoke(app, command).stdout == (
        "There is no organisation “Sample Organization” yet: it will be made. Did you mean “Sample Organisation”?\n"
        "zoe@customer.test is added.\n"
    )
