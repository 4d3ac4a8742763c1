"""The file of an import as programs write it: separators, encodings, quoting, odd headers; and our own, read again."""

import io
import tracemalloc
import zipfile
from collections.abc import Callable

import pytest

from desk import contact_file, csv_text
from desk.contact_file import COLUMNS, HYPHEN, Row
from desk.csv_text import NotCsv
from desk.profile import Profile

HEADER = "First Name,Last Name,Email Address,City"
LINE = "Zoë,Müller,zoe@customer.test,Köln"
ZOE = {"First name": "Zoë", "Last name": "Müller", "Email": "zoe@customer.test", "City": "Köln"}


def read(data: bytes | str) -> tuple[Row, ...]:
    """The rows of a file that can be read."""
    sheet = contact_file.read("people.csv", data.encode() if isinstance(data, str) else data)
    assert sheet.fault == ""
    return sheet.rows


@pytest.mark.feature("F187", "mail")
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize("separator", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode(),
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.encode("utf-16-be"),
        lambda text: text.encode("latin-1"),
        lambda text: text.encode("cp1252"),
    ],
    ids=["utf-8", "bom", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "windows"],
)
def test_separators_encodings_and_line_ends(encode: Callable[[str], bytes], separator: str, end: str) -> None:
    """Each with each."""
    text = f"{HEADER}{end}{LINE}{end}".replace(",", separator)
    assert [dict(row.cells) for row in read(encode(text))] == [ZOE]


@pytest.mark.parametrize("said", ["sep=;", '"sep=;"', "SEP=;", "sep=|", "sep=,"])
def test_a_first_line_that_names_the_separator(said: str) -> None:
    """As Excel writes and reads it; it is no row of the table."""
    separator = said.strip('"')[-1]
    (row,) = read(f"{said}\r\n{HEADER}\r\n{LINE}\r\n".replace(",", separator))
    assert (row.number, dict(row.cells)) == (2, ZOE)


def test_line_breaks_quotes_and_separators_in_cells() -> None:
    """Quoted as spreadsheets do it; a row is one row, however many lines it has."""
    text = (
        f'{HEADER}\r\n"Zoë ""Z""","Müller, B.",zoe@customer.test,"Köln\r\nam Rhein"\r\nAnn,Able,ann@customer.test,\r\n'
    )
    first, second = read(text)
    assert first.cells["First name"] == 'Zoë "Z"'
    assert first.cells["Last name"] == "Müller, B."
    assert first.cells["City"].split() == ["Köln", "am", "Rhein"]
    assert second.number == 3


def test_empty_columns_and_rows_at_the_end() -> None:
    """A spreadsheet saves what was touched once; rows keep the numbers that it shows."""
    (row,) = read(f"{HEADER},,,\r\n,,,,,,\r\n{LINE},,,\r\n,,,,,,\r\n\r\n")
    assert (row.number, dict(row.cells)) == (3, ZOE)


@pytest.mark.parametrize(
    "header",
    [
        "first name,LAST NAME,Email Address,city",
        "First Name*,Last Name *,*Email Address,City",
        "First_Name,Last_Name,E-mail Address, City ",
        '"First Name","Last Name","E-Mail","City"',
        "First\u00a0Name,Last  Name,Email,City",
        "First name, Last name, Email, City",
    ],
)
def test_names_of_columns(header: str) -> None:
    """In any case, with the asterisk of a mandatory field, with blanks that one does not see."""
    (row,) = read(f"{header}\n{LINE}\n")
    assert dict(row.cells) == ZOE


@pytest.mark.feature("F193", "mail")
def test_columns_in_any_order() -> None:
    """X is found by its name wherever it stands, and what stands in it is not kept."""
    text = "Client Portal Password,City,Email Address,Last Name,First Name\nhunter2,Köln,zoe@customer.test,Müller,Zoë\n"
    (row,) = read(text)
    assert (dict(row.cells), row.password) == (ZOE, True)
    assert "hunter2" not in repr(row)


@pytest.mark.parametrize("name", ["people.xlsx", "people.ods", "people.csv"])
def test_a_workbook_says_what_to_do(name: str) -> None:
    """It is known by its bytes, whatever it is called."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    assert contact_file.read(name, out.getvalue()).fault == (
        "The file is a workbook of a spreadsheet. Save it as CSV, and send that."
    )


def test_an_open_quotation_mark_loses_no_rows_silently() -> None:
    """Everything behind it would be one cell: the file is refused, and the row named."""
    text = f'{HEADER}\n{LINE}\n"Ann,Able,ann@customer.test,\nBob,Best,bob@customer.test,\n'
    assert "no CSV from row 3 on: a quotation mark is not closed" in contact_file.read("x.csv", text.encode()).fault


@pytest.mark.feature("F188", "mail")
def test_a_hyphen_erases_and_one_with_an_apostrophe_is_a_hyphen() -> None:
    """In the template, what is “-” stands as '-, so that it erases nothing when it comes back."""
    (row,) = read(f"{HEADER}\nZoë,Müller,zoe@customer.test,-\n")
    assert row.cells["City"] == "-"
    person = Profile(1, first_name="Zoë", last_name="-", addresses=["zoe@customer.test"])
    (row,) = read(contact_file.write([person]))
    assert row.cells["Last name"] == HYPHEN


@pytest.mark.feature("F186", "mail")
@pytest.mark.parametrize(
    "value", ["+44 20 7946 0000", "02079460000", "=1+1", "@x", "447700900000", "'0", "a\tb", "Ærø"]
)
def test_the_template_gives_values_back_as_they_were(value: str) -> None:
    """Formulas, zeros in front, long numbers: also through a spreadsheet, for which each is a text."""
    person = Profile(1, first_name="Zoë", last_name="Müller", addresses=["zoe@customer.test"], details={"Phone": value})
    (row,) = read(contact_file.write([person]))
    assert row.cells["Phone"] == value


@pytest.mark.feature("F186", "mail")
def test_the_template_holds_columns_a_to_y() -> None:
    """In this order, whatever the guide names and what lies between."""
    data = contact_file.write([])
    assert data.startswith(b"\xef\xbb\xbfExternal ID,Prefix,First Name,")
    assert data.endswith(b"Client Portal Username,Client Portal Password,Client Portal Security Level\r\n")
    assert [chr(ord("A") + place) for place, (name, _) in enumerate(COLUMNS) if "Portal" in name] == ["W", "X", "Y"]


def test_rows_are_read_one_by_one() -> None:
    """A hundred thousand rows take no more memory than a hundred."""
    line = f"{LINE}{'x' * 100}\n".encode()
    tracemalloc.start()
    opened = contact_file.open_rows("people.csv", io.BytesIO(f"{HEADER}\n".encode() + line * 20_000))
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    assert sum(1 for _ in opened.rows) == 20_000
    grown = tracemalloc.get_traced_memory()[1] - held
    tracemalloc.stop()
    assert grown < 1_000_000


def test_a_file_with_too_many_rows_says_so_when_they_come() -> None:
    """The reader stops there."""
    opened = contact_file.open_rows("people.csv", io.BytesIO(f"{HEADER}\n{LINE}\n{LINE}\n".encode()), most=1)
    assert next(opened.rows).number == 2
    with pytest.raises(NotCsv, match="more than 1 rows"):
        next(opened.rows)


def test_the_stream_stays_open() -> None:
    """Whose it is closes it."""
    stream = io.BytesIO(b"a,b\n1,2\n")
    assert list(csv_text.rows(stream)) == [["a", "b"], ["1", "2"]]
    assert not stream.closed
