"""`postdesk people import` and `imports`: asked first, in JSON, large files, stopped and started again."""

import json
from pathlib import Path

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from desk import contact_batches, contact_file
from postdesk import cli_people  # noqa: F401 - it adds its commands
from postdesk.cli import app
from postdesk.taking_people import Importer
from postdesk.wiring import House
from store.tables import Contact, ImportRun, Organisation

HEADER = "First Name,Last Name,Email Address,Client Portal Username,Client Portal Password"
WORKS = ("--organisation", "Sample Works")


def run(config: Path, *arguments: str, typed: str = "") -> tuple[int, str]:
    """Exit code and output of a command, with what a person types."""
    found = CliRunner().invoke(app, ["--config", str(config), "people", *arguments], input=typed or None)
    return found.exit_code, found.stdout


@pytest.fixture
def file(tmp_path: Path, house: House) -> Path:
    """Sixty people, of whom one gets access; then one with a password."""
    lines = [f"Ann {n},Able,ann{n}@customer.test,{'' if n else 'ann0@customer.test'}," for n in range(60)]
    path = tmp_path / "people.csv"
    path.write_text("\n".join([HEADER, *lines, "Cy,Cole,cy@customer.test,,hunter2-secret"]))
    return path


def people(house: House) -> int:
    """How many of them are there."""
    with house.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Contact).where(Contact.last_name == "Able")) or 0


def objects(said: str) -> list[dict[str, object]]:
    """The lines of an output as JSON."""
    return [json.loads(line) for line in said.splitlines() if line.strip()]


def test_it_asks_first(house: House, config: Path, file: Path) -> None:
    """“No” and nothing at all change nothing; “yes” does it."""
    for typed, code in (("n\n", 1), ("", 64)):
        found, said = run(config, "import", str(file), *WORKS, typed=typed)
        assert (found, people(house)) == (code, 0)
        assert "60 will be added, 1 refused (row 62: the column for the password must be empty" in said
    found, said = run(config, "import", str(file), *WORKS, typed="y\n")
    assert (found, people(house)) == (0, 60)
    assert "Import these 61 rows?" in said
    assert "60 added, 1 refused" in said


def test_a_dry_run_makes_nothing(house: House, config: Path, file: Path) -> None:
    """Not even the organisation."""
    assert run(config, "import", str(file), "--organisation", "Never", "--dry-run")[0] == 0
    with house.database.reading() as session:
        assert session.scalars(select(Organisation.id).where(Organisation.name == "Never")).all() == []


@pytest.mark.feature("F193", "mail")
def test_in_json(house: House, config: Path, file: Path) -> None:
    """Each row with its fate, then the whole; the password is in neither."""
    code, said = run(config, "import", str(file), *WORKS, "--json", "--yes")
    *rows, whole = objects(said)
    assert (code, len(rows)) == (0, 61)
    assert rows[0] == {"row": 2, "fate": "added", "why": "", "who": "Ann 0 Able, ann0@customer.test", "letter": True}
    assert rows[-1]["fate"] == "refused"
    figures = {"added": 60, "updated": 0, "skipped": 0, "refused": 1, "letters": 1}
    assert whole == {"import": whole["import"], "done": True, **figures}
    assert "hunter2" not in said
    again = objects(run(config, "import", str(file), *WORKS, "--json", "--yes")[1])[-1]
    assert again == {"import": None, "done": False, **figures, "added": 0, "skipped": 60, "letters": 0}


@pytest.mark.feature("F190", "mail")
@pytest.mark.feature("F194", "mail")
def test_the_history(house: House, config: Path, file: Path) -> None:
    """A line for each; one of them with its rows and how far its letters are."""
    assert run(config, "imports")[1].strip() == "No imports yet."
    run(config, "import", str(file), *WORKS, "--yes", "--by", "Olga Operator")
    (found,) = objects(run(config, "imports", "--json")[1])
    assert (found["added"], found["refused"], found["letters"]) == (
        60, 1, {"total": 1, "sent": 0, "waiting": 1, "failed": 0},
    )  # fmt: skip
    assert "rows" not in found
    said = run(config, "imports", str(found["import"]))[1]
    assert "people.csv into “Sample Works”: 60 added, 0 updated, 0 skipped, 1 refused" in said
    assert "0 of 1 welcome letter sent." in said
    assert "By Olga Operator." in said
    assert "Row 62: refused, the column for the password must be empty; we make one." in said
    (whole,) = objects(run(config, "imports", str(found["import"]), "--json")[1])
    assert isinstance(whole["rows"], list)
    assert whole["rows"][0] == {"row": 2, "fate": "added", "why": ""}
    assert run(config, "imports", "1")[0] == 66
    assert run(config, "imports", "--organisation", "Nobody")[0] == 66


def test_a_large_file_and_a_stop(house: House, config: Path, tmp_path: Path) -> None:
    """Stopped between two parts it says how to go on; then the rest comes in."""
    path = tmp_path / "many.csv"
    count = contact_batches.PART + 20
    path.write_text("\n".join([HEADER, *(f"A{n},Able,a{n}@customer.test,," for n in range(count))]))
    importer = Importer(house, path, "Sample Works")

    def stop(done: int, made: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        importer.take_in(stop)
    assert people(house) == contact_batches.PART
    code, said = run(config, "import", str(path), *WORKS, "--yes")
    assert (code, people(house)) == (0, count)
    assert f"20 added, {contact_batches.PART:,} skipped." in said
    with house.database.reading() as session:
        assert session.scalars(select(ImportRun.added).order_by(ImportRun.at)).all() == [contact_batches.PART, 20]


def test_files_that_are_too_large(house: House, config: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By their bytes before they are read, by their rows before anything is done."""
    monkeypatch.setattr(contact_file, "MOST_BYTES", 1_000)
    assert run(config, "import", str(file), *WORKS, "--yes")[0] == 65
    monkeypatch.undo()
    assert (contact_file.MOST_ROWS, contact_file.MOST_BYTES) == (100_000, 64 * 1024 * 1024)
    assert people(house) == 0


def test_a_fault_in_the_middle_changes_nothing(house: House, config: Path, file: Path) -> None:
    """The whole file is tried first."""
    file.write_text(file.read_text() + '\n"Open,Quote,open@customer.test,,')
    code, _ = run(config, "import", str(file), *WORKS, "--yes")
    assert (code, people(house)) == (65, 0)


def test_a_new_organisation_is_told(house: House, config: Path, file: Path) -> None:
    """A name that is not there yet is said, with one that is alike; in any case it is the same organisation."""
    command = ("import", str(file))
    said = run(config, *command, *WORKS, "--yes")[1]
    assert "There is no organisation “Sample Works” yet: it will be made.\n" in said
    said = run(config, *command, "--organisation", "Sample Wroks", "--dry-run")[1]
    assert "There is no organisation “Sample Wroks” yet: it will be made. Did you mean “Sample Works”?" in said
    said = run(config, *command, "--organisation", "sample WORKS", "--yes")[1]
    assert "will be made" not in said
    with house.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Organisation)) == 2  # with that of the sample desk
    assert "ann0@customer.test" in run(config, "list", "--organisation", "sample works")[1]
    assert "people.csv into “Sample Works”: 60 added" in run(config, "imports")[1]
    assert objects(run(config, "imports", "--json")[1])[0]["organisation"] == "Sample Works"
