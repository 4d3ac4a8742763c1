"""A table as text: rows of short cells become lines with the cells kept apart, all else is read cell by cell."""

from typing import TypeAlias

Line: TypeAlias = tuple[int, str]  # depth of quotation, text

_MAX_ROW = 120  # characters that still read as one row
_MAX_COLUMN = 40
_APART = "  "


class Table:
    """The cells of one table, as they are read."""

    def __init__(self) -> None:
        self._rows: list[tuple[list[str], list[Line]]] = []  # as one line each, or as many
        self._cells: list[list[Line]] = []
        self._headed = False

    def add(self, cell: list[Line], *, heading: bool) -> None:
        """The next cell of the row."""
        self._cells.append(cell)
        self._headed = self._headed or heading

    def end_row(self) -> None:
        """The row is complete."""
        cells, self._cells = self._cells, []
        filled = [cell for cell in cells if cell]
        if not filled:
            return
        if all(len(cell) == 1 for cell in filled) and len({cell[0][0] for cell in filled}) == 1:
            words = [cell[0][1] if cell else "" for cell in cells]
            length = sum(len(word) for word in words)
            if len(filled) == 1 or length <= _MAX_ROW or self._headed:
                self._rows.append((words if self._headed or len(filled) > 1 else [filled[0][0][1]], [filled[0][0]]))
                return
        self._rows.append(([], [line for cell in filled for line in cell]))

    def blocks(self) -> list[tuple[bool, list[Line]]]:
        """What to write: lines, and whether a blank one goes before and after them."""
        self.end_row()
        widths = self._widths()
        found: list[tuple[bool, list[Line]]] = []
        for words, several in self._rows:
            if not words:
                found.append((len(several) > 1, several))
                continue
            if widths and len(words) > 1:
                words = [word.ljust(width) for word, width in zip(words, widths, strict=False)]
                text = _APART.join(words).rstrip()
            else:
                text = _APART.join(word for word in words if word)
            found.append((False, [(several[0][0], text)]))
        return found

    def _widths(self) -> list[int]:
        """Widths of the columns where all rows have the same ones and they fit on a line; else none."""
        rows = [words for words, _ in self._rows if len(words) > 1]
        if len(rows) < 2 or len({len(words) for words in rows}) != 1:
            return []
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return widths if max(widths) <= _MAX_COLUMN and sum(widths) <= _MAX_ROW else []
