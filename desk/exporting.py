"""Lists as files: CSV, Excel or PDF, from columns and rows, written to a stream. The one home of these formats."""

import codecs
import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import islice
from typing import BinaryIO, Literal
from zoneinfo import ZoneInfo

from desk.cells import harmless

Format = Literal["csv", "xlsx", "pdf"]
FORMATS: tuple[Format, ...] = ("csv", "xlsx", "pdf")
TYPES: Mapping[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}
MOST_PDF = 1_000  # rows: a page is laid out as a whole, and nobody reads more of them
LONGEST_PDF = 100  # characters of a cell: more of them is no table any more
# How much a PDF holds, in characters and what each cell costs beside them: of one that a letter waits for, which takes
# a few seconds and about 150 MB at most, and of any.
ROOM_IN_LETTER, ROOM = 60_000, 240_000
_CELL = 10
_BLOCK = 200  # rows of a CSV file that are written at a time
_COLUMNS = 12  # of more, each is so narrow that the same text takes more lines, and lines are what takes the time
Value = str | int | float | bool | date | datetime | None


@dataclass(frozen=True, slots=True)
class Listing:
    """A list to write. Its rows are read once, one after another, and may come from anywhere."""

    title: str
    headings: Sequence[str]
    rows: Iterable[Sequence[Value]]
    zone: ZoneInfo
    at: datetime  # when it was made
    desk: str = ""  # the name that stands above it
    page: str = "Page {page} of {pages}"
    yes: str = "yes"  # what stands for True; nothing stands for False
    language: str = "en"


class NotPossible(Exception):
    """A file of this format cannot be made here; the text is for an operator."""


def write(form: Format, listing: Listing, out: BinaryIO) -> None:
    """Write the list in that format. CSV and Excel hold one row at a time in memory; NotPossible where PDF is not."""
    _writers()[form](listing, out)


def in_bytes(form: Format, listing: Listing) -> bytes:
    """The same for a letter."""
    out = io.BytesIO()
    write(form, listing, out)
    return out.getvalue()


def fitting(listing: Listing, room: int = ROOM) -> Listing:
    """The list with as many of its first rows as a PDF of that room holds; what is behind them is not read."""
    rows: list[Sequence[Value]] = []
    for row in islice(listing.rows, MOST_PDF):
        written = sum(min(len(as_text(value, listing)), LONGEST_PDF) for value in row)
        room -= len(row) * _CELL + written * max(len(row), _COLUMNS) // _COLUMNS
        if rows and room < 0:
            break
        rows.append(row)
    return replace(listing, rows=rows)


def pdf_is_possible() -> bool:
    """True where WeasyPrint is installed, and the libraries that it needs."""
    from desk import export_pdf

    return export_pdf.is_possible()


def _writers() -> Mapping[Format, Callable[[Listing, BinaryIO], None]]:
    # Only when one is needed: an Excel or PDF library takes a while to import, and most processes never do.
    from desk import export_pdf, export_xlsx

    return {"csv": write_csv, "xlsx": export_xlsx.write, "pdf": export_pdf.write}


def write_csv(listing: Listing, out: BinaryIO) -> None:
    """UTF-8 with the mark by which spreadsheets know it, CRLF (RFC 4180), ISO dates, no formulas."""
    for block in csv_blocks(listing):
        out.write(block)


def csv_blocks(listing: Listing) -> Iterator[bytes]:
    """The same a block at a time, for whoever sends it while rows are still being read."""
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow([harmless(heading) for heading in listing.headings])
    yield codecs.BOM_UTF8 + text.getvalue().encode("utf-8", "replace")
    rows = iter(listing.rows)
    while some := list(islice(rows, _BLOCK)):
        text.seek(0)
        text.truncate()
        lines.writerows([as_cell(value, listing) for value in row] for row in some)
        yield text.getvalue().encode("utf-8", "replace")


def as_cell(value: Value, listing: Listing) -> str:
    """A value as CSV has it: 2026-11-23 12:00 in the zone of the list; a number is one, whatever sign it has."""
    return harmless(value) if isinstance(value, str) else as_text(value, listing)


def as_text(value: Value, listing: Listing) -> str:
    """A value as text, times in the zone of the list."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return listing.yes if value else ""
    if isinstance(value, datetime):
        return f"{value.astimezone(listing.zone):%Y-%m-%d %H:%M}"
    return value.isoformat() if isinstance(value, date) else str(value)
