"""The file of a contact import: read by the names of its columns, and written with the contacts that there are."""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from desk.profile import MANDATORY, Profile

MAX_ROWS = 5_000
MAX_BYTES = 4 * 1024 * 1024
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
    "email": "Email",
    "e-mail": "Email",
    "e-mail address": "Email",
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
_FORMULA = re.compile(r"[=+\-@\t\r\n]")  # what a spreadsheet would take for a formula, at the start of a cell


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
    fault: str = ""

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


def read(name: str, data: bytes) -> Sheet:
    """Read a CSV file: comma, semicolon or tab; UTF-8, UTF-16 or Windows-1252; columns in any order. Never fails."""
    if len(data) > MAX_BYTES:
        return Sheet(name, fault=f"The file is larger than {MAX_BYTES // 1024 // 1024} MB.")
    text = _decoded(data).replace("\0", "")
    if not text.strip():
        return Sheet(name, fault="The file is empty.")
    first = text.lstrip().split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    lines = csv.reader(io.StringIO(text.lstrip(), newline=""), delimiter=delimiter)
    rows: list[Row] = []
    try:
        header = _header(next(lines, []))
        if header.fault:
            return Sheet(name, fault=header.fault)
        for number, cells in enumerate(lines, 2):
            if any(cell.strip() for cell in cells):
                rows.append(_row(number, cells, header.labels))
            if len(rows) > MAX_ROWS:
                return Sheet(name, fault=f"The file has more than {MAX_ROWS:,} rows. Send it in several parts.")
    except csv.Error:
        return Sheet(name, fault="The file is no CSV: a quotation mark is not closed, or a cell is too long.")
    if not rows:
        return Sheet(name, fault="The file has a header, and no row below it.")
    return Sheet(name, tuple(rows), tuple(header.unknown))


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _header(cells: list[str]) -> _Header:
    header = _Header()
    for cell in cells:
        said = " ".join(cell.replace("*", " ").replace("_", " ").split())
        label = _NAMED.get(said.lower())
        if label in header.labels and label is not None:
            header.fault = f"The file has two columns “{said[:60]}”."
        if label is None and said:
            header.unknown.append(said[:60])
        header.labels.append(label)
    missing = [name for name, label in COLUMNS if label in MANDATORY and label not in header.labels]
    if missing:
        named = " and ".join(f"“{name}”" for name in missing)
        header.fault = f"The first row of the file names no column {named}. Send #people template for one that does."
    return header


def _row(number: int, cells: list[str], labels: list[str | None]) -> Row:
    found: dict[str, str] = {}
    password = False
    for label, cell in zip(labels, cells, strict=False):
        value = _plain(cell)
        if label == PASSWORD:
            password = bool(value)
        elif label is not None and value:
            found[label] = value[:_MAX_CELL]
    return Row(number, found, password)


def _plain(cell: str) -> str:
    """A cell as text: the apostrophe that we and spreadsheets put before a formula is none of it."""
    value = cell.strip()
    return value[1:] if value[:1] == "'" and _FORMULA.match(value[1:2]) else value


def write(profiles: Iterable[Profile]) -> bytes:
    """The template: every column in its order, and a row for each of these contacts. The password column is empty."""
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow([name for name, _ in COLUMNS])
    for profile in profiles:
        lines.writerow([harmless(_cell(profile, label)) for label in LABELS])
    return text.getvalue().encode("utf-8-sig")


def _cell(profile: Profile, label: str) -> str:
    if label == USERNAME:
        return profile.address.lower() if profile.has_access else ""
    # A level in the file gives access: of who has none it is left out, so that the file as it is changes nothing.
    if label == PASSWORD or (label == "Level" and not profile.has_access):
        return ""
    return profile.value(label)


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell
