"""A list as an Excel workbook: real dates, text that is never a formula or a link, a heading that stays in sight."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import chain, islice
from typing import Any, BinaryIO

from desk.exporting import Listing, Value, as_text

_LONGEST = 32_767  # characters of a cell (Excel's limits: support.microsoft.com, “specifications and limits”)
_MOST = 1_048_575  # rows below the heading
_LOOKED_AT = 200  # rows by which the widths of the columns are chosen
_NARROW, _WIDE = 8, 60  # characters


def write(listing: Listing, out: BinaryIO) -> None:
    """Write the workbook; its rows go through a temporary file, so that memory holds one of them."""
    import xlsxwriter

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"title": _text(listing.title), "author": _text(listing.desk)})
        sheet = book.add_worksheet()
        rows = iter(listing.rows)
        first = list(islice(rows, _LOOKED_AT))
        bold = book.add_format({"bold": True, "bottom": 1})
        forms: dict[type, Any] = {
            datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
            date: book.add_format({"num_format": "yyyy-mm-dd"}),
        }
        for place, width in enumerate(_widths(listing, first)):
            sheet.set_column(place, place, width)
        for place, heading in enumerate(listing.headings):
            sheet.write_string(0, place, _text(heading), bold)
        sheet.freeze_panes(1, 0)
        last = _fill(sheet, islice(chain(first, rows), _MOST), listing, forms)
        sheet.autofilter(0, 0, last, max(len(listing.headings) - 1, 0))
        sheet.repeat_rows(0)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)


def _fill(sheet: Any, rows: Iterable[Sequence[Value]], listing: Listing, forms: dict[type, Any]) -> int:
    """The rows; returns the number of the last one."""
    number = 0
    for number, row in enumerate(rows, 1):
        for place, value in enumerate(row):
            if isinstance(value, datetime):  # a date is not one, but a datetime is a date
                local = value.astimezone(listing.zone).replace(tzinfo=None)  # Excel knows no zones
                sheet.write_datetime(number, place, local, forms[datetime])
            elif isinstance(value, date):
                sheet.write_datetime(number, place, value, forms[date])
            elif isinstance(value, int | float) and not isinstance(value, bool):
                sheet.write_number(number, place, value)
            elif text := _text(as_text(value, listing)):
                sheet.write_string(number, place, text)
    return number


def _text(text: str) -> str:
    """What can stand in the XML of a workbook, as long as a cell may be."""
    return text.encode("utf-8", "replace").decode()[:_LONGEST]


def _widths(listing: Listing, rows: Sequence[Sequence[Value]]) -> list[int]:
    found = [len(heading) + 3 for heading in listing.headings]  # the arrow of the filter
    for row in rows:
        for place, value in enumerate(row[: len(found)]):
            found[place] = max(found[place], len(as_text(value, listing)) + 1)
    return [min(max(width, _NARROW), _WIDE) for width in found]
