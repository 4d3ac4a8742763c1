"""`postdesk ticket export` and `postdesk people export`: lists as files, in three formats."""

import csv
import io
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from desk import people
from desk.writes import Writes
from postdesk import cli_people  # noqa: F401 - it adds its commands
from postdesk.cli import app
from postdesk.wiring import House
from store.tables import Ticket
from tests.peers.pdf import require_pdf

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def filled(house: House) -> None:
    """Three tickets of Ann's, one of them done."""
    writes = Writes(house.database.ids.next)
    with house.database.transaction() as session:
        works = people.organisation(session, "Sample Works", house.database.ids.next(), NOW)
        ann = people.add_contact(
            writes, name="Ann Able", address="ann@customer.test", now=NOW, organisation_id=works.id
        )
        writes.flush(session)
        for n, status in enumerate(("New", "In Progress", "Complete")):
            at = NOW - timedelta(days=n)
            session.add(
                Ticket(
                    id=house.database.ids.next(),
                    number=f"T2026112{n}.0001",
                    title=f"=Phones {n}",
                    letter_subject="x",
                    requester_id=ann.id,
                    organisation_id=works.id,
                    status=status,
                    desk_address="service@desk.test",
                    created_at=at,
                    updated_at=at,
                    completed_at=at if status == "Complete" else None,
                )
            )


def run(config: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and output of a command."""
    found = CliRunner().invoke(app, ["--config", str(config), *arguments])
    return found.exit_code, found.output


def table(data: bytes) -> list[list[str]]:
    """The rows of a CSV file."""
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


@pytest.mark.usefixtures("filled")
def test_tickets_as_csv(config: Path, tmp_path: Path) -> None:
    """All, or a view of them; narrowed, sorted, with chosen columns."""
    out = tmp_path / "out.csv"
    assert run(config, "ticket", "export", "-o", str(out)) == (0, "")
    head, *rows = table(out.read_bytes())
    assert head[:3] == ["Number", "Status", "Title"]
    assert [row[0] for row in rows] == ["T20261120.0001", "T20261121.0001", "T20261122.0001"]
    assert rows[0][2] == "'=Phones 0"
    command = (
        "ticket",
        "export",
        "-o",
        str(out),
        "--view",
        "open",
        "--filter",
        "status:new",
        "--columns",
        "title, status",
    )
    assert run(config, *command)[0] == 0
    assert table(out.read_bytes()) == [["Number", "Title", "Status"], ["T20261120.0001", "'=Phones 0", "New"]]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.usefixtures("filled")
def test_the_format_is_in_the_name_or_said(config: Path, tmp_path: Path) -> None:
    """xlsx by the name, PDF by the option."""
    assert run(config, "ticket", "export", "-o", str(tmp_path / "x.xlsx"))[0] == 0
    with zipfile.ZipFile(tmp_path / "x.xlsx") as packed:
        assert "=Phones 0" in packed.read("xl/worksheets/sheet1.xml").decode()
    require_pdf()
    assert run(config, "ticket", "export", "-o", str(tmp_path / "x"), "--format", "pdf")[0] == 0
    assert (tmp_path / "x").read_bytes().startswith(b"%PDF-")


@pytest.mark.usefixtures("filled")
def test_to_standard_output(config: Path) -> None:
    """For a pipe."""
    found = CliRunner().invoke(app, ["--config", str(config), "ticket", "export", "-o", "-", "--view", "done"])
    assert "T20261122.0001" in found.stdout


@pytest.mark.usefixtures("filled")
def test_limits_are_told(config: Path, tmp_path: Path) -> None:
    """One more ticket than was written is told of."""
    code, said = run(config, "ticket", "export", "-o", str(tmp_path / "x.csv"), "--limit", "2")
    assert (code, len(table((tmp_path / "x.csv").read_bytes()))) == (0, 3)
    assert said.strip() == "There are more; --limit writes more than 2."


@pytest.mark.usefixtures("filled")
def test_an_empty_list_is_told(config: Path, tmp_path: Path) -> None:
    """The file has its headings, and the operator hears why it has no more."""
    code, said = run(config, "ticket", "export", "-o", str(tmp_path / "x.csv"), "--view", "overdue")
    assert (code, len(table((tmp_path / "x.csv").read_bytes()))) == (0, 1)
    assert said.strip() == "No ticket is in this list; the file holds the headings alone."


@pytest.mark.usefixtures("filled")
def test_people_as_a_file(config: Path, tmp_path: Path) -> None:
    """Everybody of one organisation."""
    out = tmp_path / "people.csv"
    assert run(config, "people", "export", "--organisation", "Sample Works", "-o", str(out))[0] == 0
    (head, row) = table(out.read_bytes())
    assert (head[0], head[-1], row[0], row[4]) == ("Name", "Active", "Ann Able", "ann@customer.test")
    assert run(config, "people", "export", "--organisation", "Nobody", "-o", str(out))[0] == 66


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    "options, code, words",
    [
        (("-o", "x.doc"), 64, "There is no format “doc”. Choose from: csv, xlsx, pdf."),
        (("-o", "x.csv", "--view", "nonsense"), 64, "There is no view “nonsense”. Choose from: all, open, done"),
        (("-o", "x.csv", "--view", "mine"), 64, "needs to know whose: add --staff"),
        (("-o", "x.csv", "--view", "my", "--staff", "no@desk.test"), 66, "There is no member of staff"),
        (("-o", "x.csv", "--filter", "new"), 64, "I did not understand “new”"),
        (("-o", "x.csv", "--filter", "colour:red"), 64, "cannot be narrowed by “colour”"),
        (("-o", "x.csv", "--columns", "title,colour"), 64, "There are: Number, Status, Title"),
        (("-o", "nowhere/x.csv"), 73, "cannot be written: No such file or directory"),
    ],
)
def test_mistakes(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], code: int, words: str
) -> None:
    """Each is named, with what there is; no file is left."""
    monkeypatch.chdir(tmp_path)
    found, said = run(config, "ticket", "export", *options)
    assert (found, words in said) == (code, True), said
    assert not (tmp_path / options[1]).exists()


@pytest.mark.usefixtures("filled")
def test_without_weasyprint(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator is told what to install."""
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    code, said = run(config, "ticket", "export", "-o", str(tmp_path / "x.pdf"))
    assert (code, "pip install 'postdesk[pdf]'" in said) == (69, True)
    assert not (tmp_path / "x.pdf").exists()
