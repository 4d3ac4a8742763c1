"""A list as a PDF to print: A4 across, the desk and the title above, the page below; made by WeasyPrint where it is."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any, BinaryIO

from desk.exporting import LONGEST_PDF, Listing, NotPossible, as_text, fitting

_NARROW, _WIDE = 6, 48  # characters by which the width of a column is reckoned
_STYLE = """
@page {{
  size: A4 landscape; margin: 18mm 12mm 16mm;
  @top-left {{ content: string(desk); font: bold 9pt sans-serif; }}
  @top-center {{ content: string(title); font: 9pt sans-serif; }}
  @top-right {{ content: string(made); font: 9pt sans-serif; }}
  @bottom-right {{ content: {page}; font: 9pt sans-serif; }}
}}
body {{ font: {size}pt sans-serif; margin: 0; color: #111; }}
header {{ height: 0; overflow: hidden; }}
#desk {{ string-set: desk content(); }}
#title {{ string-set: title content(); }}
#made {{ string-set: made content(); }}
table {{ border-collapse: collapse; width: 100%; table-layout: fixed; }}
th, td {{ padding: 2pt 4pt; text-align: start; vertical-align: top; overflow-wrap: anywhere; }}
th {{ border-bottom: 1pt solid #111; }}
td {{ border-bottom: .3pt solid #999; }}
tr {{ break-inside: avoid; }}
"""


def is_possible() -> bool:
    """True where WeasyPrint and the libraries below it are installed."""
    try:
        _weasyprint()
    except NotPossible:
        return False
    return True


def write(listing: Listing, out: BinaryIO) -> None:
    """Write the PDF; of more rows than a PDF holds the first ones."""
    page = _weasyprint().HTML(string="".join(_html(fitting(listing))), url_fetcher=_refuse)
    # Untagged: for those who do not see a page there are CSV and Excel, and tags double the time.
    page.write_pdf(out)


def _weasyprint() -> Any:
    try:
        import weasyprint
    except (ImportError, OSError) as error:  # OSError: Pango, which is no Python package, is not there
        raise NotPossible(f"PDF needs WeasyPrint and Pango: pip install 'postdesk[pdf]' ({error})") from error
    return weasyprint


def _refuse(url: str, *_: object, **__: object) -> Any:
    """Nothing is fetched for a list: neither from the net nor from the disk."""
    raise ValueError(f"nothing is fetched for a list: {url[:100]}")


def _html(listing: Listing) -> Iterator[str]:
    style = _STYLE.format(page=_page(listing.page), size=_size(len(listing.headings)))
    yield f'<!doctype html><html lang="{escape(listing.language)}"><meta charset="utf-8">'
    yield f"<title>{_words(listing.title)}</title><style>{style}</style><body><header>"
    made = f"{listing.at.astimezone(listing.zone):%Y-%m-%d %H:%M %Z}"
    for name, words in (("desk", listing.desk), ("title", listing.title), ("made", made)):
        yield f'<div id="{name}">{_words(words)}</div>'
    rows = [[_short(as_text(value, listing)) for value in row] for row in listing.rows]
    yield "</header><table><colgroup>"
    yield from (f'<col style="width:{share:.2f}%">' for share in _shares(listing.headings, rows))
    yield "</colgroup><thead><tr>"
    yield from (f"<th>{_words(heading)}</th>" for heading in listing.headings)
    yield "</tr></thead><tbody>"
    for row in rows:
        yield f"<tr>{''.join(f'<td dir=auto>{_words(text)}</td>' for text in row)}</tr>"
    yield "</tbody></table></body></html>"


def _shares(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[float]:
    """The widths of the columns in percent, by their longest texts. Left to WeasyPrint, it takes five times as long."""
    found = [max(len(heading), _NARROW) for heading in headings]
    for row in rows:
        for place, text in enumerate(row[: len(found)]):
            found[place] = min(max(found[place], len(text)), _WIDE)
    return [100 * width / sum(found) for width in found]


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_PDF else f"{text[:LONGEST_PDF]}…"


def _words(text: str) -> str:
    """Text of anybody's as text of a page: none of it is markup, and none a sign that no page may hold."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return escape(plain)


def _page(words: str) -> str:
    """“Page {page} of {pages}” as CSS counts pages: strings, with the counters between them."""
    found = _quoted(words)
    return found.replace("{pages}", '" counter(pages) "').replace("{page}", '" counter(page) "')


def _quoted(words: str) -> str:
    plain = "".join(letter for letter in words if letter.isprintable() and letter not in '"\\<>')
    return f'"{plain}"'


def _size(columns: int) -> float:
    """Points of the letters, by how many columns must fit."""
    return 9.0 if columns <= 6 else 8.0 if columns <= 9 else 6.5 if columns <= 14 else 5.0
