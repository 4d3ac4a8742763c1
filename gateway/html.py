"""HTML of a mail: sanitised here and nowhere else, and turned into text."""

import html as entities
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import nh3

MAX_HTML = 512 * 1024
_MAX_CLEAN = 4 * MAX_HTML
_MAX_DEPTH = 500  # open elements at one time; the tree builder takes quadratic time beyond
_MAX_AMPERSANDS = 60_000
_MAX_TAG = 16_384  # characters of one tag

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
_GONE = {
    "script",
    "style",
    "title",
    "noscript",
    "template",
    "svg",
    "math",
    "iframe",
    "object",
    "embed",
    "applet",
    "textarea",
    "select",
    "head",
    "noframes",
    "xmp",
    "noembed",
}

_DATA_URI = re.compile(r"""(\ssrc\s{0,5}=\s{0,5})("data:[^">]*"|'data:[^'>]*')""", re.IGNORECASE)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]{0,30})")
_CLOSES_ITSELF = set(
    "p li td th tr dd dt option thead tbody tfoot colgroup br img hr meta link input col wbr area base "
    "embed source track param html head body".split()
)
_LONG_TAG = re.compile(rf"<[a-zA-Z/!][^<>]{{{_MAX_TAG}}}")
_UNSEEN = re.compile(r"<(/?)(script|style|head|title)\b", re.IGNORECASE)
_BREAK = re.compile(r"<(?:br|/?p|/?div|/?tr|/?li|/?h[1-6]|/?blockquote|/?table|/?ul|/?ol|hr)\b[^<>]*>", re.IGNORECASE)
_ANY_TAG = re.compile(r"<[a-zA-Z/!?][^<>]*>")
_BLOCKQUOTE = re.compile(r"<(/?)blockquote\b([^<>]{0,2000})>", re.IGNORECASE)
_CITED = re.compile(
    r"type\s*=\s*[\"']?cite|gmail_quote|protonmail_quote|tutanota_quote|zmail_|border-left", re.IGNORECASE
)
_OPEN, _CLOSE = "\ue010", "\ue011"  # private use: stripped from what comes in
_MAX_MARKS = 20
_BLANKS = re.compile(r"[ \t\xa0]+")
_SPACE_END = re.compile(r"(?<![ \t])[ \t]+\n")
_EMPTY_LINES = re.compile(r"\n{3,}")


def trim(source: str) -> str:
    """Without the pictures written into the tags, which are large and never shown."""
    source = source.replace(_OPEN, "").replace(_CLOSE, "")
    return _DATA_URI.sub(r'\1""', source) if "data:" in source else source


def bearable(source: str, limit: int = MAX_HTML) -> bool:
    """True when the tree builders are known to be quick with it: size, nesting, entities, length of a tag."""
    if len(source) > limit or source.count("&") > _MAX_AMPERSANDS:
        return False
    if len(source) > _MAX_TAG and _LONG_TAG.search(source):
        return False
    if source.count("<") <= _MAX_DEPTH:
        return True
    depth: dict[str, int] = {}
    unclosed = total = 0
    for match in _TAG.finditer(source):
        name = match[2].lower()
        if name in _CLOSES_ITSELF:
            unclosed += name == "option"
        elif match[1]:
            if depth.get(name, 0) > 0:
                depth[name] -= 1
                total -= 1
        else:
            depth[name] = depth.get(name, 0) + 1
            total += 1
        if total > _MAX_DEPTH or unclosed > 2_000:
            return False
    return True


@lru_cache(maxsize=1)
def _cleaner() -> "nh3.Cleaner":
    import nh3

    return nh3.Cleaner(
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        clean_content_tags=_GONE,
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
    """HTML that neither runs, loads, hides nor covers anything; "" when it is too much to handle."""
    if not bearable(source):
        return ""
    cleaned = _cleaner().clean(source).strip()
    return cleaned if len(cleaned) <= _MAX_CLEAN else ""


def to_text(source: str) -> str:
    """The words of HTML in lines."""
    if not bearable(source):
        return _stripped(source[: 4 * MAX_HTML])
    source, quoted = _marked_quotes(source)
    text = _laid_out(source) or _structure(source) or _stripped(source)
    return _with_quote_marks(text) if quoted else text


def _marked_quotes(source: str) -> tuple[str, bool]:
    """Quotations get a character at each end, because text has no other way to tell them from the answer."""
    if "blockquote" not in source and "BLOCKQUOTE" not in source:
        return source, False
    out: list[str] = []
    open_tags: list[bool] = []
    position, found = 0, False
    for match in _BLOCKQUOTE.finditer(source):
        out.append(source[position : match.start()])
        position = match.end()
        if not match[1]:
            open_tags.append(_CITED.search(match[2]) is not None)
            found = found or open_tags[-1]
            out.append(match[0] + (f"<div>{_OPEN}</div>" if open_tags[-1] else ""))
        else:
            cited = open_tags.pop() if open_tags else False
            out.append((f"<div>{_CLOSE}</div>" if cited else "") + match[0])
    out.append(source[position:])
    return "".join(out), found


def _with_quote_marks(text: str) -> str:
    """Lines between the two characters, each with its `>`."""
    out: list[str] = []
    depth = 0
    for line in text.split("\n"):
        opened, closed = line.count(_OPEN), line.count(_CLOSE)
        bare = line.replace(_OPEN, "").replace(_CLOSE, "")
        depth += opened
        if bare.strip() or not (opened or closed):
            marks = ">" * min(depth, _MAX_MARKS)
            out.append(f"{marks} {bare.strip()}".rstrip() if depth else bare)
        depth = max(0, depth - closed)
    return _tidy("\n".join(out))


def _laid_out(source: str) -> str:
    from inscriptis import get_text
    from inscriptis.css_profiles import CSS_PROFILES
    from inscriptis.model.config import ParserConfig

    try:
        text = get_text(source, ParserConfig(css=CSS_PROFILES["strict"]))
    except Exception:  # lxml and inscriptis raise many kinds on broken markup; the next reader takes over
        return ""
    return _tidy(text)


def _structure(source: str) -> str:
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(_BREAK.sub("\n", source))
    tree.strip_tags(["script", "style", "head", "title"])
    return _tidy(tree.text()) if tree.body is not None else ""


def _stripped(source: str) -> str:
    """Tags cut out by pattern: crude, linear, for HTML that no tree builder should see."""
    source = _BREAK.sub("\n", "".join(_seen(source)))
    return _tidy(entities.unescape(_ANY_TAG.sub("", source)))


def _seen(source: str) -> Iterator[str]:
    """The stretches outside of scripts, style sheets and titles."""
    position, inside = 0, ""
    for match in _UNSEEN.finditer(source):
        closing, name = bool(match[1]), match[2].lower()
        if inside and closing and name == inside:
            position, inside = match.start(), ""
        elif not inside and not closing:
            yield source[position : match.start()]
            position, inside = match.start(), name
    if not inside:
        yield source[position:]


def _tidy(text: str) -> str:
    text = _BLANKS.sub(" ", text.replace("\r", "")) if "\xa0" in text else text
    return _EMPTY_LINES.sub("\n\n", _SPACE_END.sub("\n", text)).strip("\n ")


def from_text(text: str) -> str:
    """Plain text as HTML, for a mail that mixes both."""
    return "<div>" + entities.escape(text, quote=False).replace("\n", "<br>\n") + "</div>"
