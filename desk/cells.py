"""Cells of a CSV file: written so that no spreadsheet runs or mends them, and read as they were meant."""

import re

# What a spreadsheet takes for a formula (OWASP, “CSV injection”), also behind what it leaves out before it looks;
# the wide signs are formulas where Japanese is written.
_FORMULA = re.compile(r"[ \n\0\u00a0\ufeff\u200b]*[=+\-@\t\r＝＋－＠]")
# Numbers of which it would lose something: zeros in front, or digits beyond the eleven that it shows in full.
_NUMBER = re.compile(r"0\d+|\d{12,}")
_MARKED = re.compile(r"'+(?:[ \n\0\u00a0\ufeff\u200b]*[=+\-@\t\r＝＋－＠]|\d)")


def harmless(cell: str) -> str:
    """The cell with an apostrophe before what a spreadsheet would take for a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def marked(cell: str) -> str:
    """The same also before long numbers and leading zeros, and before other apostrophes: `unmarked` undoes it."""
    return f"'{cell}" if _FORMULA.match(cell) or _NUMBER.fullmatch(cell) or _MARKED.match(cell) else cell


def unmarked(cell: str) -> str:
    """A cell as text: the apostrophe that we and spreadsheets put before a formula or a number is none of it."""
    value = cell.strip()
    return value[1:].strip() if _MARKED.match(value) else value
