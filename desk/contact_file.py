"""The file of a contact import: read by the names of its columns, and written with the contacts that there are."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from desk import csv_text
from desk.cells import marked, unmarked
from desk.csv_text import NotCsv
from desk.profile import ERASE, MANDATORY, Profile
from desk.said import AND, listed, say

# By mail; an operator may take in more at once.
MAX_ROWS, MAX_BYTES = 5_000, 4 * 1024 * 1024
MOST_ROWS, MOST_BYTES = 100_000, 64 * 1024 * 1024
# File names of what may be an import; of the last three a sentence says that they must be saved as CSV.
NAMES = (".csv", ".tsv", ".tab", ".txt", ".xlsx", ".ods", ".xls")
NO_COLUMN = say("The first row of the file names no column {names}. Send #people template for one that does.")
HYPHEN = f"'{ERASE}"  # a cell that says “-”, where `-` alone says that the field is to be empty
_MAX_CELL = 1_000  # characters; what is longer is refused when it is read as a value
USERNAME, PASSWORD = "Username", "Password"
# Columns A to Y: the name in the file, and the label of the field that it fills.
COLUMNS: tuple[tuple[str, str], ...] = (
    ("External ID", "External ID"),
    ("Prefix", "Prefix"),
    ("First Name", "First name"),
    ("Middle Initial", "Middle initial"),
    ("Last Name", "Last name"),
    ("Suffix", "Suffix"),
    ("Title", "Job title"),
    ("Primary Outsourced Contact", "Primary outsourced contact"),
    ("Address 1", "Address"),
    ("Address 2", "Address 2"),
    ("City", "City"),
    ("Post Code", "Post code"),
    ("Country", "Country"),
    ("Additional Address Information", "More address"),
    ("Email Address", "Email"),
    ("Email Address 2", "Email 2"),
    ("Email Address 3", "Email 3"),
    ("Phone", "Phone"),
    ("Extension", "Extension"),
    ("Alternate Phone", "Alternate phone"),
    ("Mobile Phone", "Mobile"),
    ("Fax", "Fax"),
    ("Client Portal Username", USERNAME),
    ("Client Portal Password", PASSWORD),
    ("Client Portal Security Level", "Level"),
)
LABELS = tuple(label for _, label in COLUMNS)
_ALSO = {
    "job title": "Job title",
    "address": "Address",
    "postcode": "Post code",
    "address 1": "Address",
    "email": "Email",
    "email 2": "Email 2",
    "email 3": "Email 3",
    "mobile": "Mobile",
    "fax number": "Fax",
    "username": USERNAME,
    "user name": USERNAME,
    "password": PASSWORD,
    "security level": "Level",
    "level": "Level",
}
_NAMED = {name.lower(): label for name, label in COLUMNS} | {label.lower(): label for label in LABELS} | _ALSO


@dataclass(frozen=True, slots=True)
class Row:
    """One person of the file. Of a password it is kept that there was one, and never which."""

    number: int  # as a spreadsheet counts: the first below the header is row 2
    cells: Mapping[str, str]  # label → value, without empty ones
    password: bool = False

    def as_list(self) -> list[Any]:
        """In a form to keep."""
        return [self.number, dict(self.cells), self.password]

    @classmethod
    def of(cls, kept: Iterable[Any]) -> "Row":
        """From that form."""
        number, cells, password = kept
        return cls(int(number), {str(label): str(value) for label, value in cells.items()}, bool(password))


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a file holds; with `fault`, why it cannot be used."""

    name: str
    rows: tuple[Row, ...] = ()
    unknown: tuple[str, ...] = ()  # columns that are passed over
    fault: str = ""  # a sentence

    @property
    def addresses(self) -> frozenset[str]:
        """Every address in it, in lower case."""
        return addresses_of(self.rows)


@dataclass(slots=True)
class _Header:
    labels: list[str | None] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    fault: str = ""


def addresses_of(rows: Iterable[Row]) -> frozenset[str]:
    """Every address in some rows, in lower case."""
    labels = ("Email", "Email 2", "Email 3", USERNAME)
    return frozenset(row.cells[label].lower()[:320] for row in rows for label in labels if label in row.cells)


@dataclass(frozen=True, slots=True)
class Opened:
    """A file whose header can be used. Its rows are read one by one; NotCsv may come between them."""

    name: str
    rows: Iterator[Row]
    unknown: tuple[str, ...] = ()


def read(name: str, data: bytes, *, most: int = MAX_ROWS, most_bytes: int = MAX_BYTES) -> Sheet:
    """Read a file at once; columns may stand in any order. Never fails: the sheet says what is wrong."""
    if len(data) > most_bytes:
        return Sheet(name, fault=too_large(most_bytes))
    try:
        opened = open_rows(name, io.BytesIO(data), most=most)
        return Sheet(name, tuple(opened.rows), opened.unknown)
    except NotCsv as error:
        return Sheet(name, fault=error.said)


def too_large(most_bytes: int) -> str:
    """A sentence about a file of more bytes than that."""
    return say("The file is larger than {n} MB.", n=most_bytes // 1024 // 1024)


def open_rows(name: str, stream: BinaryIO, *, most: int = MOST_ROWS) -> Opened:
    """Read the header and leave the rows to the caller, so that they need not all be in memory. NotCsv says why not."""
    lines = enumerate(csv_text.rows(stream), 1)
    before, cells = next(((number, cells) for number, cells in lines if _filled(cells)), (0, []))
    header = _header(cells)
    if header.fault:
        raise NotCsv(header.fault)
    # Lines above the header are none of the table: the first row below it is row 2 for everybody.
    numbered = ((number - before + 1, cells) for number, cells in lines)
    return Opened(name, _rows(numbered, header.labels, most), tuple(header.unknown))


def _rows(lines: Iterable[tuple[int, list[str]]], labels: list[str | None], most: int) -> Iterator[Row]:
    count = 0
    for number, cells in lines:
        if _filled(cells):
            count += 1
            if count > most:
                raise NotCsv(say("The file has more than {n} rows. Send it in several parts.", n=f"{most:,}"))
            yield _row(number, cells, labels)
    if not count:
        raise NotCsv(say("The file has a header, and no row below it."))


def _filled(cells: list[str]) -> bool:
    return any(cell.strip() for cell in cells)


def _header(cells: list[str]) -> _Header:
    header = _Header()
    for cell in cells:
        said = " ".join(cell.replace("*", " ").replace("_", " ").split())
        label = _NAMED.get(said.lower().replace("e-mail", "email"))
        if label in header.labels and label is not None:
            header.fault = say("The file has two columns “{name}”.", name=said[:60])
        if label is None and said:
            header.unknown.append(said[:60])
        header.labels.append(label)
    missing = [name for name, label in COLUMNS if label in MANDATORY and label not in header.labels]
    if missing:
        named = listed((say("“{name}”", name=name) for name in missing), AND)
        header.fault = say(NO_COLUMN, names=named)
    return header


def _row(number: int, cells: list[str], labels: list[str | None]) -> Row:
    found: dict[str, str] = {}
    password = False
    for label, cell in zip(labels, cells, strict=False):
        if label == PASSWORD:
            password = password or bool(unmarked(cell))
        elif label is not None and (value := _value(cell)):
            found[label] = value[:_MAX_CELL]
    return Row(number, found, password)


def _value(cell: str) -> str:
    value = unmarked(cell)
    return HYPHEN if value == ERASE and cell.strip() != ERASE else value


def write(profiles: Iterable[Profile]) -> bytes:
    """The template: every column in its order, and a row for each of these contacts. The password column is empty."""
    out = io.BytesIO()
    write_to(out, profiles)
    return out.getvalue()


def write_to(out: BinaryIO, profiles: Iterable[Profile]) -> None:
    """The same row by row: in memory is one of them at a time."""
    text = io.TextIOWrapper(out, "utf-8-sig", errors="replace", newline="", write_through=True)
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow([name for name, _ in COLUMNS])
    lines.writerows([marked(_cell(profile, label)) for label in LABELS] for profile in profiles)
    text.flush()
    text.detach()


def _cell(profile: Profile, label: str) -> str:
    if label == USERNAME:
        return profile.address.lower() if profile.has_access else ""
    # A level in the file gives access: of who has none it is left out, so that the file as it is changes nothing.
    if label == PASSWORD or (label == "Level" and not profile.has_access):
        return ""
    return profile.value(label)
