"""A table as a CSV file that opens in a spreadsheet, and runs nothing there."""

import csv
import io
from collections.abc import Iterable, Sequence

from desk.cells import harmless
from gateway.answers.answer import GeneratedFile

TYPE = "text/csv; charset=utf-8"


def csv_file(name: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> GeneratedFile:
    """UTF-8 with the mark by which spreadsheets know it; CRLF line ends (RFC 4180)."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([safe(heading) for heading in headings])
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return GeneratedFile(name, TYPE, out.getvalue().encode("utf-8-sig", "replace"))


def safe(cell: str) -> str:
    """The cell as text, whatever it begins with."""
    return harmless(cell)
