"""An answer put together block by block, as text and as HTML at once: both say the same in the same order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from textwrap import wrap

from markupsafe import Markup, escape

from desk.language import ENGLISH, Language
from gateway import letter_text
from gateway.answers.answer import Answer, GeneratedFile

WIDTH = 70  # of 72: a line that begins with a space is given one more (RFC 3676)
NOTHING = "–"
Layout = list[list[tuple[int, int]]]
_NARROW = 24  # a column up to here stands beside others; a wider one ends its line, and is broken there
_CELL = Markup("<td dir=auto>{}</td>")  # every byte counts: a list has hundreds of them
_LINKED = Markup('<td nowrap><a href="{}">{}</a></td>')  # a number is never broken
_TABLE = Markup('<table cellpadding="4" cellspacing="0" border="0" style="margin:0 0 16px">{}</table>\n')


def line(text: str, limit: int = 500) -> str:
    """A value on one line, cleaned and bounded."""
    return letter_text.one_line(letter_text.clean_text(text[:limit]))


@dataclass(slots=True)
class Page:
    """Blocks of one answer."""

    language: Language = ENGLISH
    text: list[str] = field(default_factory=list)
    html: list[Markup] = field(default_factory=list)

    def say(self, message: str, /, **values: object) -> None:
        """A paragraph, in the language of the page."""
        self.tell(self.language.say(message, **values))

    def tell(self, words: str) -> None:
        """A paragraph of words that are in that language already."""
        self.text.append("\n".join(wrap(words, WIDTH, break_long_words=False, break_on_hyphens=False)))
        self.html.append(Markup("<p>{}</p>\n").format(words))

    def heading(self, words: str) -> None:
        """A line above what belongs to it."""
        self.text.append("\n".join(wrap(words, WIDTH, break_long_words=False, break_on_hyphens=False)))
        self.html.append(Markup("<p><strong>{}</strong></p>\n").format(words))

    def quote(self, words: str) -> None:
        """Somebody's words, with their line ends."""
        self.text.append(words)
        self.html.append(
            Markup('<div dir="auto" style="margin:0 0 16px">{}</div>\n').format(letter_text.as_html(words))
        )

    def facts(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Lines “Label: value”; those without a value are left out."""
        shown = [(label, value) for label, value in pairs if value]
        if shown:
            colon = self.language.gettext(":")
            self.text.append("\n".join(_hanging(f"{label}{colon} {value}") for label, value in shown))
            lines = [Markup("{}{} {}").format(label, colon, value) for label, value in shown]
            self.html.append(Markup("<p>{}</p>\n").format(Markup("<br>\n").join(lines)))

    def link(self, words: str, url: str) -> None:
        """A link, in full, on a line of its own."""
        self.text.append(f"{words}\n{url}")
        self.html.append(Markup('<p>{}<br>\n<a href="{}">{}</a></p>\n').format(words, url, url))

    def table(self, table: "Table") -> None:
        """A table."""
        self.text.append(table.as_text())
        self.html.append(table.as_html())

    def answer(self, title: str, preheader: str = "", files: tuple[GeneratedFile, ...] = ()) -> Answer:
        """What was put together."""
        return Answer(title, "\n\n".join(self.text), str(Markup("").join(self.html)), preheader or title, files)


def _hanging(line: str) -> str:
    return "\n".join(wrap(line, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False))


def plain(title: str, *sentences: str) -> Answer:
    """An answer of a few sentences, in the language of the reader already."""
    page = Page()
    for sentence in sentences:
        page.tell(sentence)
    return page.answer(title)


@dataclass(slots=True)
class Table:
    """Rows of texts below headings. `urls` are what the first cells lead to; they are shown as well if `shows_url`."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]] = ()
    urls: Sequence[str] = ()
    shows_url: bool = False

    def fitting(self, html_bytes: int, text_bytes: int) -> int:
        """How many rows, from the first, fit into so much of a letter."""
        layout = self._layout()
        for place in range(len(self.rows)):
            html_bytes -= len(self._html_row(place).encode())
            text_bytes -= len(str(escape(self._text_row(place, layout))).encode()) + 15
            text_bytes -= len(self.urls[place]) + 110 if self.shows_url else 0
            if html_bytes < 0 or text_bytes < 0:
                return place
        return len(self.rows)

    def as_html(self) -> Markup:
        """With headings that screen readers announce."""
        cells = [Markup('<th scope="col" align="left">{}</th>').format(heading) for heading in self.headings]
        lines = [Markup("<tr>{}</tr>\n").format(Markup("").join(cells))]
        return _TABLE.format(Markup("").join([*lines, *(self._html_row(place) for place in range(len(self.rows)))]))

    def _html_row(self, place: int) -> Markup:
        row = self.rows[place]
        shown = [_CELL.format(cell or NOTHING) for cell in row]
        if self.urls:
            url = self.urls[place]
            shown[0] = _LINKED.format(url, row[0])
            if self.shows_url:
                shown[-1] = _CELL.format(Markup('{}<br><a href="{}">{}</a>').format(row[-1], url, url))
        return Markup('<tr valign="top">{}</tr>\n').format(Markup("").join(shown))

    def as_text(self) -> str:
        """In columns, on as few lines for each row as go into the width."""
        layout = self._layout()
        return "\n".join([_block(self.headings, layout), *(self._text_row(i, layout) for i in range(len(self.rows)))])

    def _text_row(self, place: int, layout: Layout) -> str:
        block = _block([cell or NOTHING for cell in self.rows[place]], layout)
        return f"{block}\n{self.urls[place]}" if self.shows_url else block

    def _layout(self) -> Layout:
        """The lines of a row: columns by their place, each with its width; the last of a line takes what is left."""
        lines: Layout = [[]]
        used, closed = 0, False
        for place in range(len(self.headings)):
            width = max(len(row[place]) for row in (self.headings, *self.rows))
            wide = width > _NARROW
            room = WIDTH - used
            if lines[-1] and (closed or (room < _NARROW if wide else room < width)):
                lines.append([])
                used, closed = 2, False
            width = WIDTH - used if wide else width
            lines[-1].append((place, width))
            used += width + 2
            closed = wide
        return lines


def _block(cells: Sequence[str], layout: Layout) -> str:
    out: list[str] = []
    for number, columns in enumerate(layout):
        indent = "  " if number else ""
        *beside, (last, width) = columns
        head = indent + "".join(f"{cells[place]:<{size}}  " for place, size in beside)
        pieces = wrap(cells[last], max(width, 8), break_on_hyphens=False) or [""]
        out.append((head + pieces[0]).rstrip())
        out += [" " * len(head) + piece for piece in pieces[1:]]
    return "\n".join(out)
