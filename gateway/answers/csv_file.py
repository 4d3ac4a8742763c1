"""A table as a CSV file that opens in a spreadsheet, and runs nothing there."""

import csv
import io
from collections.abc import Iterable, Sequence

from gateway.answers.answer import GeneratedFile

# A cell that begins so is a formula to a spreadsheet (OWASP, “CSV injection”).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
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
    # What a spreadsheet leaves out before it looks at the cell does not hide a formula.
    return (
        f"'{cell}" if cell.lstrip(" \n\0\u00a0\ufeff\u200b").startswith(_FORMULA) or cell.startswith(_FORMULA) else cell
    )
