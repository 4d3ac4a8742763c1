"""HTML as a small tree, built by the rules that browsers follow; read, rearranged and written again."""

import html as entities
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

# Never shown, in the text as in the sanitised HTML.
GONE = frozenset(
    "script style title noscript template svg math iframe object embed applet textarea select head noframes xmp "
    "noembed".split()
)
# Elements of our own: a quotation, and the line above it that says whose words they are.
QUOTE, INTRO = "#quote", "#intro"

BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hr legend li listing main menu nav ol p pre section summary table tbody td "
    "tfoot th thead tr ul".split()
) | {QUOTE, INTRO}
_WIDE, _MANY = 50, 200  # children of one element, and elements in all, that are looked at for first or last lines
_MARGIN = 1_000  # white space around a text
_NAME = re.compile(r"[a-zA-Z][\w:-]{0,60}\Z")
_SPACES = re.compile(r"[ \t\r\n\f\xa0]+")
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
_HIDDEN = re.compile(
    r"display\s{0,3}:\s{0,3}none|visibility\s{0,3}:\s{0,3}hidden|"
    r"(?<![\w-])max-height\s{0,3}:\s{0,3}0(?:px)?\s{0,3}(?:;|!|\Z)(?=[^\n]{0,300}overflow\s{0,3}:\s{0,3}hidden)",
    re.IGNORECASE,
)


@dataclass(slots=True, eq=False)
class Node:
    """One element with what it holds."""

    tag: str
    attributes: dict[str, str | None] = field(default_factory=dict)
    children: list["Node | str"] = field(default_factory=list)
    holds_quote: bool = False  # a blockquote stands somewhere in it

    def get(self, name: str) -> str:
        """An attribute in lower case; "" where there is none."""
        value = self.attributes.get(name)
        return value.lower() if value else ""

    @property
    def hidden(self) -> bool:
        """True for what the mail itself keeps out of sight, such as the preview line of a newsletter."""
        style = self.attributes.get("style")
        return "hidden" in self.attributes or (style is not None and _HIDDEN.search(style) is not None)


Item: TypeAlias = Node | str
_LINE_END = Node("br")


def parse(source: str) -> Node:
    """The body of a document. The caller keeps to what bounds.bearable lets pass."""
    from selectolax.lexbor import LexborHTMLParser

    root = Node("body")
    body = LexborHTMLParser(source.encode("utf-8", "replace").decode()).body
    found = body.first_child if body is not None else None
    above = [root]
    while found is not None:
        child = None
        tag = found.tag or ""
        if tag == "-text":
            above[-1].children.append(found.text_content or "")
        elif tag[:1] not in ("", "-") and tag not in GONE:  # "-comment"; "" is `<?xml:namespace … />` of Word
            made = Node(tag, found.attributes)
            above[-1].children.append(made)
            if tag == "blockquote":
                _tell(above)
            if (child := found.first_child) is not None:
                above.append(made)
        following = child or found.next
        while following is None and len(above) > 1:
            above.pop()
            found = found.parent if found is not None else None
            following = found.next if found is not None else None
        found = following
    return root


def _tell(above: list[Node]) -> None:
    for node in reversed(above):
        if node.holds_quote:
            break  # and so do all above it
        node.holds_quote = True


def walk(root: Node) -> Iterator[tuple[Item, bool]]:
    """All that stands in `root`, in its order: every text once, every element as it opens (True) and closes."""
    ways = [(root, iter(root.children))]
    while ways:
        node, children = ways[-1]
        for child in children:
            yield child, True
            if not isinstance(child, str):
                ways.append((child, iter(child.children)))
                break
        else:
            ways.pop()
            if ways:
                yield node, False


def hidden_length(root: Node) -> int:
    """How many characters the mail itself keeps out of sight."""
    return sum(
        len(inner)
        for node, opens in walk(root)
        if not isinstance(node, str) and opens and node.hidden
        for inner, _ in walk(node)
        if isinstance(inner, str)
    )


def opening(items: Sequence[Item], limit: int = 600) -> list[str]:
    """The first lines of text, as far as `limit` characters or some elements go."""
    return _lines(_collected(list(reversed(items[:_WIDE])), limit, step=-1))


def ending(items: Sequence[Item], limit: int = 600) -> list[str]:
    """The last lines of text, as far back as `limit` characters or some elements go."""
    return _lines(reversed(_collected(list(items[-_WIDE:]), limit, step=1)))


def _collected(waiting: list[Item], limit: int, step: int) -> list[str]:
    parts: list[str] = []
    length = seen = 0
    while waiting and length < limit and seen < _MANY:
        item = waiting.pop()
        seen += 1
        if isinstance(item, str):
            parts.append(_SPACES.sub(" ", item[: limit + _MARGIN] if step < 0 else item[-limit - _MARGIN :]))
            length += len(parts[-1].strip())
            continue
        block = item.tag in BLOCKS
        if block or item.tag == "br":
            parts.append("\n")
        if block:
            waiting.append(_LINE_END)
        waiting.extend((item.children[:_WIDE] if step < 0 else item.children[-_WIDE:])[::step])
    return parts


def _lines(parts: Iterable[str]) -> list[str]:
    found = (line.strip() for line in "".join(parts).split("\n"))
    return [line for line in found if line]


def written(items: Sequence[Item], without: Sequence[Item] = ()) -> str:
    """The source of a piece of the tree, for the sanitiser; some elements can be left out."""
    left_out = set(map(id, without))
    out: list[str] = []
    holder = Node("", children=list(items))
    ways: list[tuple[Node, Iterator[Item]]] = [(holder, iter(holder.children))]
    while ways:
        node, children = ways[-1]
        for child in children:
            if isinstance(child, str):
                out.append(entities.escape(child, quote=False))
                continue
            if left_out and id(child) in left_out:
                continue
            if child.tag[0] != "#":
                out.append(_start(child))
            if child.tag not in _VOID:
                ways.append((child, iter(child.children)))
                break
        else:
            ways.pop()
            if node.tag and node.tag[0] != "#":
                out.append(f"</{node.tag}>")
    return "".join(out)


def _start(node: Node) -> str:
    attributes = "".join(
        f' {name}="{entities.escape(value or "")}"' for name, value in node.attributes.items() if _NAME.match(name)
    )
    # The first line break in it is not part of a text (WHATWG HTML, "pre").
    return f"<{node.tag}{attributes}>" + ("\n" if node.tag in ("pre", "listing") else "")
