"""Quotations in HTML, found by the structure that mail programs write around them.

Only what a program marks, or what stands below a line such as "On Monday, Ann wrote:", is a quotation: a plain
`blockquote` is a sentence that the writer quotes, and stays. Where answers stand between the parts of a quotation,
programs split it, and each part is a quotation of its own.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from gateway.html.tree import BLOCKS, INTRO, QUOTE, Item, Node, ending, opening, parse
from gateway.quoting import phrases, reply_header
from gateway.quoting.html_marks import (
    Kind,
    begins_reply,
    has_left_line,
    has_outlook_line,
    is_named_intro,
    kind_of,
    likely,
)

_LEVELS = 6  # elements around one and the same thing
_MAX_EXAMINED = 1_000  # elements that may be quotations
_LOOK_AHEAD = 50
_LOOK_BACK = 8  # what may stand between a quotation and the line that announces it
_MAX_INTRO = 400

_TIME_OR_ADDRESS = re.compile(r"\d{1,2}[:.h]\d\d|@")


@lru_cache(maxsize=1)
def marked(source: str) -> tuple[Node, bool]:
    """The tree of a mail, and whether it has quotations. It is not to be changed: text and display share it."""
    root = parse(source)
    return root, likely(source) and mark(root)


def mark(root: Node) -> bool:
    """Put every quotation into an element of its own (QUOTE); True when there is one."""
    found = False
    left = _MAX_EXAMINED
    waiting = [_Place(root)]
    while waiting:
        place = waiting.pop()
        kinds = [None if isinstance(child, str) else kind_of(child) for child in place.node.children]
        examined = len(kinds) - kinds.count(None)
        if examined and left > 0:
            left -= examined
            kept = _marked(place, kinds)
            found = found or kept is not place.node.children
            place.node.children = kept
        waiting.extend(_inner(place.node.children, top=place.top))
    return found


def _marked(place: "_Place", kinds: list[Kind | None]) -> list[Item]:
    """The children of an element, with the quotations among them set apart."""
    kept: list[Item] = []
    styles: set[str] = set()  # of quotations found here: the next one that looks the same is one too
    found = False
    tried = 0
    for number, (child, kind) in enumerate(zip(place.node.children, kinds, strict=True)):
        if kind is None or isinstance(child, str) or tried > _MAX_EXAMINED:
            kept.append(child)
            continue
        tried += 1
        following = place.node.children[number : number + _LOOK_AHEAD]
        old = place.top and (kind is Kind.AFTER or not opening(kept, 1))
        if old or not _holds(child, kind, following, [*place.before, *kept[-_LOOK_BACK:]], styles):
            kept.append(child)
            continue
        found = True
        if kind is Kind.AFTER:
            kept.append(Node(QUOTE, {}, place.node.children[number:]))
            break
        styles.add(child.get("style"))
        kept.extend(_parted(kept, child))
    return kept if found else place.node.children


def _parted(kept: list[Item], child: Node) -> list[Node]:
    """A quotation, behind the line that announces it if that stands in it."""
    child.children[:0] = _announced(kept)
    quote = Node(QUOTE, {}, [child])
    intro = _intro_inside(child.children)
    return [intro, quote] if intro is not None else [quote]


class _Place(NamedTuple):
    """An element whose children are looked at next."""

    node: Node
    before: Sequence[Item] = ()
    top: bool = False  # of a quotation: what begins here is the one that was found already


def _inner(kept: list[Item], *, top: bool) -> Iterator[_Place]:
    for number, child in enumerate(kept):
        if isinstance(child, str) or (len(child.children) < 2 and not _has_element(child)):
            continue
        if child.tag != QUOTE:
            yield _Place(child, kept[max(0, number - _LOOK_BACK) : number], top)
            top = False
            continue
        first = child.children[0]
        if len(child.children) > 1:
            yield _Place(child, top=True)
        elif isinstance(first, Node):
            yield _Place(first, top=first.tag != "blockquote")


def _has_element(node: Node) -> bool:
    return any(not isinstance(item, str) for item in node.children)


def _holds(node: Node, kind: Kind, following: list[Item], before: list[Item], styles: set[str]) -> bool:
    """True when the element is what it may be."""
    if kind is Kind.BELOW:
        return _is_announced(node, before, styles)
    if kind is Kind.AFTER:
        return _follows(node, following)
    if node.tag == "blockquote":
        return True
    if kind is Kind.INSIDE and node.holds_quote:
        return False
    lines = opening([node])
    if kind is Kind.INSIDE and lines and phrases.FORWARD_LINE.match(lines[0]):
        return False
    # Someone who marks with `>` in HTML answers between the lines.
    by_hand = any(line[0] == ">" for line in lines[1:6]) and is_intro(lines[:1])
    return bool(lines) and not by_hand


def _follows(node: Node, following: list[Item]) -> bool:
    """True when a quoted header begins here, in any language, or a program's own mark says so."""
    if begins_reply(node):
        return bool(opening(following, 1))
    lines = opening(following)
    if _is_header(lines):
        return True
    inner = node
    for _ in range(_LEVELS):
        if has_outlook_line(inner):
            return sum(":" in line for line in opening([node])) >= 2
        inner = next((item for item in inner.children if isinstance(item, Node)), inner)
        if begins_reply(inner):
            return bool(lines)
    return False


def _is_announced(node: Node, before: list[Item], styles: set[str]) -> bool:
    """True for what stands below a line such as "On Monday, Ann wrote:", or begins with one or with a header."""
    lined = has_left_line(node)
    if lined and node.get("style") in styles:
        return True
    inside = opening([node])
    if _is_header(inside):
        return True
    above = ending(before[-_LOOK_BACK:])
    if any(is_intro(above[-count:]) for count in (1, 2, 3) if count <= len(above)):
        return True
    return lined and (is_intro(inside[:1]) or _is_like_intro(inside[:1]) or _is_like_intro(above[-1:]))


def is_intro(lines: list[str]) -> bool:
    """True for the line, or the few lines, that say who wrote what is quoted below."""
    while lines and phrases.ORIGINAL_LINE.match(lines[0]):
        lines = lines[1:]
        if not lines:
            return True
    if not lines or len(lines) > 4 or sum(map(len, lines)) > _MAX_INTRO:
        return False
    if not reply_header.ends_as_one(lines[-1]):
        return False
    return reply_header.span([*lines, "> "], 0) == len(lines)


def _is_like_intro(lines: list[str]) -> bool:
    """The same in a language that the phrases do not cover."""
    return bool(lines) and lines[0].endswith((":", "：")) and _TIME_OR_ADDRESS.search(lines[0]) is not None


def _is_header(lines: list[str]) -> bool:
    """True when "From:", "Sent:", "To:" and the like stand in the first lines, in a language that is known."""
    found = {match.lastgroup for line in lines[:8] if (match := phrases.HEADER_LINE.match(line)) is not None}
    return len(found - {None, "other"}) >= 3


def _announced(kept: list[Item]) -> list[Item]:
    """The line above the quotation set apart; it goes into the quotation when its language is not known."""
    start = len(kept) - 1
    while start >= max(0, len(kept) - _LOOK_BACK) and _is_blank(kept[start]):
        start -= 1
    if start < 0:
        return []
    above = kept[start]
    if not isinstance(above, str) and above.tag in (QUOTE, INTRO):
        return []
    if not _ends_line(above):
        while start > max(0, len(kept) - 12) and not _ends_line(kept[start - 1]):
            start -= 1
    lines = opening(kept[start:])
    if is_intro(lines):
        kept[start:] = [Node(INTRO, {}, kept[start:])]
    elif is_named_intro(above) and lines and phrases.FORWARD_LINE.match(lines[0]) is None:
        moved = kept[start:]
        del kept[start:]
        return moved
    return []


def _intro_inside(items: list[Item]) -> Node | None:
    """The line taken out of the top of a quotation, where Apple Mail and Yahoo write it."""
    lines = opening(items, _MAX_INTRO)
    if not any(is_intro(lines[:count]) for count in (1, 2, 3, 4) if count < len(lines)):
        return None
    for _ in range(_LEVELS):
        start = next((n for n, item in enumerate(items[:_LOOK_BACK]) if not _is_blank(item)), -1)
        if start < 0:
            return None
        first = items[start]
        stop = start + 1
        if not _ends_line(first):
            while stop < min(len(items), start + 12) and not _ends_line(items[stop]):
                stop += 1
        if is_intro(opening(items[start:stop])):
            intro = Node(INTRO, {}, items[start:stop])
            del items[start:stop]
            return intro
        if isinstance(first, str) or not _ends_line(first):
            return None
        items = first.children
    return None


def _ends_line(item: Item) -> bool:
    return not isinstance(item, str) and (item.tag == "br" or item.tag in BLOCKS)


def _is_blank(item: Item) -> bool:
    return not opening([item], 1) and (isinstance(item, str) or item.tag != QUOTE)


def is_passed_on(lines: list[tuple[int, str]]) -> bool:
    """True when somebody passes a mail on and writes nothing above it: it reads better without marks."""
    above = [text.strip() for depth, text in lines if not depth and text.strip()]
    quoted = [text for depth, text in lines if depth and text][:8]
    if len(above) > 12 or not (_is_header(quoted) or any(phrases.FORWARD_LINE.match(line) for line in above)):
        return False
    return not any(is_own(line) for line in above)


def is_own(line: str) -> bool:
    """False for nothing at all, and for the lines that programs write above the mail they quote."""
    if not line or len(line) > _MAX_INTRO:
        return bool(line)
    written = phrases.FORWARD_LINE.match(line) or phrases.MOBILE_SIGNATURE.match(line) or is_intro([line])
    return not written
