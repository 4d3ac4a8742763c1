"""Lists as files by mail: which format a question asks for, what the file holds, what the letter says of it."""

import csv
import io
import sys
import zipfile

import pytest

from desk import exporting
from desk.access import Person
from gateway.answers import Answer, files
from gateway.answers.question import Asker, Question
from tests.gateway.answers.answer_world import FACTS, add, ask
from tests.gateway.desk_world import ANN, NOW, SAM, WORDS, People, World
from tests.peers.pdf import require_pdf

QUESTION = Question("export", "", None, Asker(Person(contact_id=1), "customer", "Ann"), NOW)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.mark.feature("F174", "mail")
@pytest.mark.parametrize(
    "said, left, form",
    [
        ("open", "open", "csv"),
        ("open excel", "open", "xlsx"),
        ("Excel open", "open", "xlsx"),
        ("open as PDF", "open", "pdf"),
        ("open, pdf.", "open,", "pdf"),
        ("alle als Excel", "alle", "xlsx"),
        ("ouverts en pdf", "ouverts", "pdf"),
        ("todos hoja de cálculo", "todos", "xlsx"),
        ('xlsx status:new,"in progress" sort:created', 'status:new,"in progress" sort:created', "xlsx"),
        ('title:"pdf reader" open', 'title:"pdf reader" open', "csv"),
        ("title:“pdf reader” csv", "title:“pdf reader”", "csv"),
        ("title:pdf", "title:pdf", "csv"),
        ("", "", "csv"),
        ("pdf", "", "pdf"),
    ],
)
def test_the_format_in_an_argument(said: str, left: str, form: str) -> None:
    """Its word may stand anywhere but in a value; the rest is what the list is narrowed by."""
    assert files.format_of(said, WORDS) == (left, form)


def only(answer: Answer) -> tuple[str, str, bytes]:
    """Name, type and bytes of the one file."""
    (file,) = answer.files
    return file.name, file.type, file.data


@pytest.mark.feature("F174", "mail")
def test_a_list_as_excel(world: World, people: People, tickets: dict[str, int]) -> None:
    """The tickets of the list, in the columns of the one who asks."""
    answer = ask(world, people, ANN, "export", "open excel")
    name, kind, data = only(answer)
    assert (name, kind) == ("tickets-open.xlsx", XLSX)
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        page = packed.read("xl/worksheets/sheet1.xml").decode()
    assert "MSO phones" in page
    assert "secret" not in page
    assert "All 5 are in the attached file tickets-open.xlsx." in " ".join(answer.text.split())


@pytest.mark.feature("F174", "mail")
def test_a_list_as_pdf(world: World, people: People, tickets: dict[str, int]) -> None:
    """A file to print."""
    require_pdf()
    name, kind, data = only(ask(world, people, ANN, "export", "pdf my"))
    assert (name, kind, data[:5]) == ("tickets-my.pdf", "application/pdf", b"%PDF-")


def test_where_no_pdf_can_be_made_it_is_csv(
    world: World, people: People, tickets: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence says so."""
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    answer = ask(world, people, ANN, "export", "open pdf")
    assert only(answer)[:2] == ("tickets-open.csv", "text/csv; charset=utf-8")
    said = " ".join(answer.text.split())
    assert said.startswith("PDF files cannot be made here, so this is a CSV file. All 5 are in the attached file")


def test_filters_and_staff(world: World, people: People, tickets: dict[str, int]) -> None:
    """As behind #list, and for staff as well."""
    for who, argument, found in (
        (ANN, "status:new excel", "tickets-all.xlsx"),
        (SAM, "xlsx queue", "tickets-queue.xlsx"),
    ):
        assert only(ask(world, people, who, "export", argument))[0] == found


def test_a_pdf_of_many_says_how_to_get_the_rest(
    world: World, people: People, tickets: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was cut, and the command for all."""
    require_pdf()
    monkeypatch.setattr(files.exporting, "MOST_PDF", 3)
    said = " ".join(ask(world, people, ANN, "export", "open pdf").text.split())
    assert "The first 3 are in the attached file tickets-open.pdf." in said
    assert "For up to 10,000 of them: #export open excel" in said


def test_a_pdf_of_long_rows_holds_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The letter says how many; the same list as CSV or Excel holds them all."""
    require_pdf()
    monkeypatch.setattr(exporting, "ROOM_IN_LETTER", 1_000)
    rows = [["x" * 90] for _ in range(40)]
    file, _ = files.made("x", "pdf", "40", ("Title",), rows, QUESTION, FACTS)
    assert files.about(file, 40, zone="UTC", asked="#export all").startswith(
        "The first 10 are in the attached file x.pdf. Times in it are those of UTC. "
        "For up to 10,000 of them: #export all excel"
    )
    for form in ("csv", "xlsx"):
        file, _ = files.made("x", form, "40", ("Title",), rows, QUESTION, FACTS)  # type: ignore[arg-type]
        assert files.about(file, 40, zone="UTC", asked="#export all").startswith(
            f"All 40 are in the attached file x.{form}"
        )


def test_more_than_a_file_holds(
    world: World, people: People, tickets: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list is to be narrowed."""
    monkeypatch.setattr(files, "MOST", 2)
    file, _ = files.made("x", "csv", "3", ("Number",), [["1"], ["2"], ["3"]], QUESTION, FACTS)
    assert list(csv.reader(io.StringIO(file.data.decode("utf-8-sig")))) == [["Number"], ["1"], ["2"]]
    said = files.about(file, 3, zone="UTC", asked="#export all")
    assert said.startswith("The first 2 are in the attached file x.csv.")
    assert said.endswith("For the rest, narrow the list, as in #export all created<2026-01-01")


def test_csv_is_the_same_in_every_format_of_question(world: World, people: People, tickets: dict[str, int]) -> None:
    """A formula in a title is text in both."""
    add(world, people.contacts[ANN], "T20261123.0009", "=1+1")
    assert b"'=1+1" in only(ask(world, people, ANN, "export", "my csv"))[2]
    with zipfile.ZipFile(io.BytesIO(only(ask(world, people, ANN, "export", "my excel"))[2])) as packed:
        page = packed.read("xl/worksheets/sheet1.xml").decode()
    assert "=1+1" in page
    assert "<f>" not in page
