"""Where the quotation at the end of an HTML mail begins, so that its display can fold it: the mail in two parts."""

from gateway.html.tree import BLOCKS, INTRO, QUOTE, Item, Node, opening, walk, written
from gateway.quoting import html_marks, html_quotes

OPENS = "<details><summary>Show quoted text</summary>"  # the words of templates/pages/ticket.html
CLOSES = "</details>"
_LOOK_BACK = 8  # what may stand between the parts


def split(source: str) -> tuple[str, str] | None:
    """What the writer wrote and what is quoted below it; None when nothing is, or when something follows it."""
    if source.endswith(CLOSES) and source.count(OPENS) == 1:  # folded before
        above, _, quoted = source.removesuffix(CLOSES).partition(OPENS)
        return above, quoted
    if not html_marks.likely(source):
        return None
    root, found = html_quotes.marked(source)
    if not found:
        return None
    shown = _shown(root)
    direction = ""
    path: list[tuple[list[Item], int]] = []
    place = root
    while place.tag != QUOTE:
        direction = place.get("dir") or direction
        end = _last(place.children, shown)
        last = place.children[end] if end >= 0 else ""
        if isinstance(last, str):
            return None
        path.append((place.children, end))
        place = last
    last_part = _last_part(path, shown)
    below = written(last_part)
    below = f'<div dir="{direction}">{below}</div>' if direction == "rtl" else below
    return written(root.children, without=last_part), below


def _shown(root: Node) -> set[int]:
    """The elements with words or a picture in them, by their id."""
    shown: set[int] = set()
    above: list[Node] = []
    for item, opens in walk(root):
        if isinstance(item, str):
            seen = bool(item.strip())
        elif opens:
            above.append(item)
            seen = item.tag == "img"
        else:
            above.pop()
            continue
        if seen:
            for node in reversed(above):
                if id(node) in shown:
                    break  # and so are all above it
                shown.add(id(node))
    return shown


def _last(items: list[Item], shown: set[int]) -> int:
    """The number of the last item that shows anything; -1 when none does."""
    for number in range(len(items) - 1, -1, -1):
        item = items[number]
        if item.strip() if isinstance(item, str) else id(item) in shown:
            return number
    return -1


def _last_part(path: list[tuple[list[Item], int]], shown: set[int]) -> list[Item]:
    """The quotation that the path leads to, with its parts and the line above it."""
    found: list[Item] = []
    for items, end in reversed(path):
        start = end if found else end + 1
        while (number := _last(items[max(0, start - _LOOK_BACK) : start], shown)) >= 0:
            number += max(0, start - _LOOK_BACK)
            if not _is_part(items[number]):
                return found
            start = number
            found.insert(0, items[start])
        if start > _LOOK_BACK:
            return found
    return found


def _is_part(item: Item) -> bool:
    if isinstance(item, str):
        return False
    return item.tag in (QUOTE, INTRO) or (item.tag in BLOCKS and html_quotes.is_intro(opening([item])))
