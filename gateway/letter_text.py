"""Text for letters: cleaned, cut, wrapped, and notes as HTML."""

import re

from markupsafe import Markup, escape

from desk.clean import clean_text as clean_text
from desk.clean import one_line as one_line
from desk.clean import single_gaps

WIDTH = 72
NOTE_BYTES = 8_000  # what is shown of the notes of one letter, counted as HTML: it stays below 20 KB, its text below 10
_URL = re.compile(r"https?://[^\s<>\"'\u00a0]{1,2000}")


def cut(text: str, budget: int = NOTE_BYTES) -> tuple[str, bool]:
    """As much of a text as fits the budget of HTML bytes, and whether something is missing."""
    # Each line is followed by the five bytes of "<br>\n"; the line end itself is among those of the whole.
    if _cost(text) + 4 * text.count("\n") <= budget:
        return text, False
    kept: list[str] = []
    for line in text.split("\n"):
        cost = _cost(line)
        if cost > budget:
            start = _cut_line(line, budget)
            return "\n".join((*kept, start)).rstrip(), True
        budget -= cost
        kept.append(line)
    return text, False


def _cost(line: str) -> int:
    """Bytes of a line in the HTML part; a link stands there twice, with its style."""
    links = _URL.findall(line) if "://" in line else ()
    return len(str(escape(line)).encode()) + 5 + sum(len(link) + 100 for link in links)


def _cut_line(line: str, budget: int) -> str:
    """The beginning of a line that is too long, up to a space."""
    while line and _cost(line) > budget:
        line = line[: len(line) * 3 // 4]
    head, _, _ = line.rpartition(" ")
    return head if len(head) > len(line) // 2 else line


def first_words(text: str, limit: int = 100) -> str:
    """The beginning of a note on one line, for the preview of mail programs."""
    text = " ".join(text[: limit * 3].split())
    if len(text) <= limit:
        return text
    return text[: limit - 1].rsplit(" ", 1)[0].rstrip(" .,;:") + "…"


def as_html(text: str) -> Markup:
    """A person's words as HTML: escaped, lines kept, addresses of pages made links that show themselves."""
    out, position = [], 0
    for match in _URL.finditer(text):
        url = match.group().rstrip(".,;:!?)]}")
        out.append(escape(text[position : match.start()]))
        out.append(Markup('<a href="{}">{}</a>').format(url, url))
        position = match.start() + len(url)
    out.append(escape(text[position:]))
    return Markup("").join(out).replace("\n", Markup("<br>\n"))


def tidy(text: str) -> str:
    """A rendered text part with single blank lines between its blocks."""
    return single_gaps(text).strip("\n")


def flowed(text: str) -> str:
    """Wrap at 72 in format=flowed (RFC 3676): a space before a line end says that the line goes on."""
    lines: list[str] = []
    for line in text.split("\n"):
        line = line if line == "-- " else line.rstrip()
        if len(line) <= WIDTH or line.startswith(">"):  # a quoted line would lose its mark when broken
            lines.append(_stuffed(line))
        else:
            lines += _broken(line)
    return "\n".join(lines)


def _stuffed(line: str) -> str:
    """Space-stuffing (RFC 3676 section 4.4), and for mbox files that know no better, "From "."""
    return " " + line if line.startswith((" ", "From ")) else line


def _broken(line: str) -> list[str]:
    lines, current = [], ""
    for word in line.split(" "):
        if current and len(current) + 1 + len(word) > WIDTH:
            lines.append(_stuffed(current) + " ")
            current = word
        else:
            current = f"{current} {word}" if current else word
    # A line that begins with ">" by chance would read as a quotation.
    return [" " + part if part.startswith(">") else part for part in (*lines, _stuffed(current))]
