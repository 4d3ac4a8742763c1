"""Marks of quotations in HTML: what each mail program writes around the mail that is answered."""

import re
from enum import Enum, auto

from gateway.html.tree import Item, Node

_LEVELS = 6  # elements around one and the same thing
_FEW = 8

# Names as programs write them; "x_" is put before them by Outlook on the web, "ydp…" by Yahoo, "m_…" by Gmail.
_BEFORE = r"(?:\A|\s)(?:x_|m_-?\d{1,20})*"
_QUOTE_CLASS = re.compile(
    rf"{_BEFORE}(?:gmail_quote|protonmail_quote|tutanota_quote|front-blockquote|spark_quote|skiff_quote|iosymail|"
    r"mozquote)(?:\s|\Z)"
)
_ALL_CLASS = re.compile(rf"{_BEFORE}(?:(?:ydp\w{{1,20}}?)?yahoo_quoted|ms-outlook-mobile-reference-message)(?:\s|\Z)")
_INSIDE_CLASS = re.compile(rf"{_BEFORE}(?:gmail_quote(?:_container)?|protonmail_quote|zmail_extra)(?:\s|\Z)")
# Zoho, NetEase, Outlook for telephones and for the Mac, Yahoo.
_ALL_ID = re.compile(
    r"(?:x_)*(?:blockquote_zmail|isreplycontent|mail-editor-reference-message-container|olk_src_body_section|"
    r"(?:ydp\w{1,20}?)?yahoo_quoted_\d+)\Z"
)
_RULE_ID = re.compile(r"(?:x_)*(?:stopspelling|zwchr|replysplit)\Z")  # Hotmail, Zimbra
_INTRO_NAME = re.compile(rf"{_BEFORE}(?:gmail_attr|moz-cite-prefix|reply-intro)(?:\s|\Z)")
# Outlook: Word writes "border-top:solid #E1E1E1 1.0pt" or, until 2010, #B5C4DF; others turn the order round.
_OUTLOOK_LINE = re.compile(
    r"border-top\s{0,3}:[^;]{0,60}(?:#e1e1e1|#b5c4df|rgb\(225, ?225, ?225\)|rgb\(181, ?196, ?223\))"
)
_TOP_LINE = re.compile(r"border-top(?:-style)?\s{0,3}:[^;]{0,60}(?:solid|pt|px)")
_LEFT_LINE = re.compile(r"border-left(?:-style)?\s{0,3}:[^;]{0,60}(?:solid|px|pt|thin|medium|thick)")
# Outlook 2007: all that is quoted stands right of a blue line.
_BLUE_LINE = re.compile(r"border-left\s{0,3}:\s{0,3}solid (?:blue|#0000ff) 1\.5pt")
_HINTS = (
    "quote",
    "border-top",
    "border-left",
    "<hr",
    "rplyfwdmsg",
    "appendonsend",
    "reference-message",
    "isreplycontent",
    "zmail_extra",
    "olk_src",
)


class Kind(Enum):
    """How much of the mail a mark makes a quotation."""

    ALL = auto()  # the element is a quotation
    INSIDE = auto()  # it holds one, or is one when it holds none
    AFTER = auto()  # it and all that follows beside it
    BELOW = auto()  # it is one if the line above says so


def likely(source: str) -> bool:
    """False when nothing in the source can be a quotation, so that no tree is needed to look for one."""
    lowered = source.lower()
    return any(hint in lowered for hint in _HINTS)


def kind_of(node: Node, levels: int = _LEVELS) -> Kind | None:
    """What an element may be, by its name, its attributes or, where it only wraps another, by that one."""
    if node.tag == "blockquote":
        marked = node.get("type") == "cite" or node.get("data-marker") == "__quoted_text__"
        marked = marked or _QUOTE_CLASS.search(node.get("class")) is not None
        return Kind.ALL if marked or _ALL_ID.match(node.get("id")) else Kind.BELOW
    if node.tag == "hr":
        ruled = node.get("tabindex") == "-1" or node.get("data-marker") == "__divider__"
        return Kind.AFTER if ruled or _RULE_ID.match(node.get("id")) else None
    kind = _named(node) if node.attributes else None
    if kind is None and levels and node.tag == "div" and len(node.children) < _FEW:
        shown = [item for item in node.children if not isinstance(item, str) or item.strip()]
        if len(shown) == 1 and not isinstance(shown[0], str) and kind_of(shown[0], levels - 1) is Kind.AFTER:
            return Kind.AFTER
    return kind


def _named(node: Node) -> Kind | None:
    attributes = node.attributes
    if attributes.get("id"):
        name = node.get("id")
        if name.endswith(("divrplyfwdmsg", "appendonsend")):  # Zoho puts more than "x_" before it
            return Kind.AFTER
        if _ALL_ID.match(name):
            return Kind.ALL
    # Zimbra; GMX and web.de.
    if node.get("data-marker") == "__quoted_text__" or (node.tag == "div" and node.get("name") == "quote"):
        return Kind.ALL
    group = attributes.get("class")
    if group and ("quote" in group or "zmail" in group or "reference" in group):
        if _ALL_CLASS.search(group):
            return Kind.ALL
        if _INSIDE_CLASS.search(group):
            return Kind.INSIDE
    style = attributes.get("style")
    return _lined(style.lower()) if style and ("border" in style or "BORDER" in style) else None


def _lined(style: str) -> Kind | None:
    if _BLUE_LINE.search(style):
        return Kind.ALL
    if _TOP_LINE.search(style):
        return Kind.AFTER
    return Kind.BELOW if _LEFT_LINE.search(style) else None


def is_named_intro(item: Item) -> bool:
    """True for the line above a quotation where a program marks it as such."""
    if isinstance(item, str):
        return False
    return _INTRO_NAME.search(item.get("class")) is not None or _INTRO_NAME.search(item.get("id")) is not None


def has_left_line(node: Node) -> bool:
    """True when a line is drawn left of it."""
    return _LEFT_LINE.search(node.get("style")) is not None


def begins_reply(node: Node) -> bool:
    """True for a ruler or a header that a program writes above nothing but a quotation."""
    return node.tag == "hr" or node.get("id").endswith("divrplyfwdmsg")


def has_outlook_line(node: Node) -> bool:
    """True for the line that Outlook draws above the header of the mail that is answered."""
    return _OUTLOOK_LINE.search(node.get("style")) is not None
