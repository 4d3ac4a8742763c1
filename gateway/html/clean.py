"""HTML of a mail: sanitised here and nowhere else, and turned into text."""

import html as entities
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from desk.clean import clean_body
from gateway.html import fold, layout, strip, tree
from gateway.html.bounds import MAX_HTML, bearable
from gateway.quoting import html_quotes

if TYPE_CHECKING:
    import nh3

_MAX_CLEAN = 4 * MAX_HTML
_LOST = 2  # with so many times more words between the tags than were read, some were lost

_TAGS = set(
    "a abbr b bdi bdo big blockquote br caption center cite code col colgroup dd del div dl dt em font h1 h2 h3 h4 h5 "
    "h6 hr i img ins kbd li ol p pre q s samp small span strike strong sub sup table tbody td tfoot th thead tr tt u "
    "ul var".split()
)
_CELL = {"colspan", "rowspan", "align", "valign", "width", "height", "bgcolor"}
_ATTRIBUTES = {
    "*": {"style", "dir", "lang", "title", "align"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "table": {"border", "cellpadding", "cellspacing", "width", "bgcolor"},
    "td": _CELL,
    "th": _CELL,
    "tr": {"valign", "bgcolor"},
    "font": {"color", "face", "size"},
    "ol": {"start", "type"},
}
_STYLES = set(
    "color background-color font-weight font-style font-size font-family text-align text-decoration vertical-align "
    "padding padding-left padding-right padding-top padding-bottom border border-left border-right border-top "
    "border-bottom border-collapse white-space list-style-type line-height".split()
)
_DATA_URI = re.compile(r"""(\ssrc\s{0,5}=\s{0,5})("data:[^">]*"|'data:[^'>]*')""", re.IGNORECASE)
_SWALLOWS = re.compile(r"<(?:textarea|select|xmp|iframe|no(?:script|frames|embed)|object|template|svg|math)\b", re.I)
_TAG = re.compile(r"<(?!img)[^<>]*>")  # a picture is something to see


def trim(source: str) -> str:
    """Without the pictures written into the tags, which are large and never shown."""
    return _DATA_URI.sub(r'\1""', source) if "data:" in source else source


@lru_cache(maxsize=1)
def _cleaner() -> "nh3.Cleaner":
    import nh3

    return nh3.Cleaner(
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        clean_content_tags=set(tree.GONE),
        url_schemes={"http", "https", "mailto", "cid"},
        attribute_filter=_attribute,
        filter_style_properties=_STYLES,
        link_rel="noopener noreferrer nofollow",
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    """Nothing is ever fetched: pictures only from the mail itself, links only with a scheme of their own."""
    if name == "src":
        return value if re.fullmatch(r"cid:[\w.@$%+=!#~-]{1,250}", value) and ".." not in value else None
    if name == "href":
        return value if re.match(r"(?:https?://[^/\\\s]|mailto:)", value.strip(), re.IGNORECASE) else None
    if name == "style" and re.search(r"url|expression|image-set|@import|\\|--", value, re.IGNORECASE):
        return None
    return value


def sanitise(source: str) -> str:
    """HTML that neither runs, loads, hides nor covers anything; "" when it is too much to handle.

    The quotation at its end is folded, unless that would leave nothing above it.
    """
    if not bearable(source):
        return ""
    cleaned = clean_body(_folded(source) or _cleaner().clean(source)).strip()
    return cleaned if len(cleaned) <= _MAX_CLEAN else ""


def _folded(source: str) -> str:
    parts = fold.split(source)
    if parts is None:
        return ""
    # Each part is cleaned by itself, so neither can close or open what is around it.
    above, quoted = (_cleaner().clean(part).strip() for part in parts)
    if not html_quotes.is_own(_words(above)) or not _words(quoted):
        return ""
    return f"{above}{fold.OPENS}{quoted}{fold.CLOSES}"


def _words(cleaned: str) -> str:
    return " ".join(entities.unescape(_TAG.sub(" ", cleaned)).split())


def to_text(source: str) -> str:
    """The words of HTML in lines, those that are quoted with `>` before them; clean, whatever `&#2;` stands for."""
    return clean_body(_worded(source))


def _worded(source: str) -> str:
    if not bearable(source):
        return strip.stripped(source[: 4 * MAX_HTML])
    root, quoted = html_quotes.marked(source)
    lines = layout.lines(root)
    text = layout.joined(lines, less=int(quoted and html_quotes.is_passed_on(lines)))
    if len(text) < len(source) // 10 or _SWALLOWS.search(source) or source.rfind("<!--") > source.rfind("-->"):
        crude = strip.stripped(source)
        if not text or len(crude) > _LOST * (len(text) + tree.hidden_length(root)):
            return crude  # a tag that was never closed took the words with it
    return text


def from_text(text: str) -> str:
    """Plain text as HTML, for a mail that mixes both."""
    return "<div>" + entities.escape(text, quote=False).replace("\n", "<br>\n") + "</div>"
