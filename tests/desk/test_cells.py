"""Cells of a CSV file: nothing in one runs in a spreadsheet, nothing is lost by one, and all is read as it was."""

import pytest

from desk.cells import harmless, marked, unmarked

FORMULAS = ("=1+1", "+44 20", "-1", "@sum", "\t=x", "\r=x", " =1", "\u00a0=1", "\ufeff@x", "＝1", "＠x", "\n=1")
PLAIN = ("", "Ann", "a=b", "020 7946 0000", "O'Neil", "'quoted'", "E14 2AA", "2", "Zoë – x", "12345678901")
NUMBERS = ("02079460000", "00", "447700900000")


@pytest.mark.parametrize("cell", FORMULAS, ids=repr)
def test_a_formula_is_text(cell: str) -> None:
    """An apostrophe stands before what a spreadsheet would run, also behind blanks that it leaves out."""
    assert harmless(cell) == marked(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", PLAIN, ids=repr)
def test_other_cells_stay(cell: str) -> None:
    """Nothing is put before what is harmless."""
    assert harmless(cell) == cell
    assert marked(cell) == cell
    assert unmarked(cell) == cell


@pytest.mark.parametrize("cell", NUMBERS)
def test_numbers_keep_their_zeros_and_digits(cell: str) -> None:
    """A spreadsheet would drop a zero in front, and write long ones as 4.477E+11; in an export they stay numbers."""
    assert marked(cell) == f"'{cell}"
    assert harmless(cell) == cell


@pytest.mark.parametrize("cell", [*FORMULAS, *PLAIN, *NUMBERS, "'=1", "''=1", "'0", "'-"], ids=repr)
def test_what_is_written_is_read(cell: str) -> None:
    """Also where the cell began with an apostrophe of its own; blanks at the ends are nobody's."""
    assert unmarked(marked(cell)) == cell.strip()
