"""A tree of HTML written as lines of text: paragraphs, lists, tables, links and pictures as a person types them."""

import re

from gateway.html import inline
from gateway.html.table import Line, Table
from gateway.html.tree import BLOCKS, QUOTE, Node, opening, walk

_MAX_MARKS = 20
_MAX_INDENT = 5  # levels of lists
_MAX_TABLES = 20  # tables in each other; further in they are running text
_SPACED = frozenset("p h1 h2 h3 h4 h5 h6 ul ol dl pre listing figure hr menu".split())  # with a margin of their own
_SPACES = re.compile(r"[ \t\r\n\f\xa0]+")
_NO_MARGIN = re.compile(r"(?<![\w-])margin(?:-top)?\s{0,3}:\s{0,3}0(?![.\d]*[1-9])", re.IGNORECASE)
_WORD_STYLE = re.compile(r"(?:x_)*mso(?:normal|plaintext|listparagraph|nospacing)", re.IGNORECASE)  # no margin either
_KEPT_SPACE = re.compile(r"white-space\s{0,3}:\s{0,3}(?:pre|break-spaces)", re.IGNORECASE)
# Word writes the bullet of a list as text of its own: <span style="mso-list:Ignore">·<span>&nbsp;&nbsp; </span></span>
_WORD_BULLET = re.compile(r"mso-list\s{0,3}:\s{0,3}ignore", re.IGNORECASE)
_WORD_LEVEL = re.compile(r"mso-list\s{0,3}:[^;]{0,40}?level(\d)", re.IGNORECASE)
_BULLETS = frozenset("·•§o○■▪–-üØvqw➢")
_LISTS = frozenset(("ul", "ol", "menu"))


def lines(root: Node) -> list[Line]:
    """Each line with the depth of the quotation that it stands in."""
    writer = _Writer()
    writer.write(root)
    return writer.lines


def joined(found: list[Line], less: int = 0) -> str:
    """The text, with `>` before what is quoted; `less` levels of quotation are left out."""
    out = []
    for depth, text in found:
        marks = ">" * min(max(depth - less, 0), _MAX_MARKS)
        out.append(f"{marks} {text}".rstrip() if marks else text)
    while out and out[-1].strip("> ") == "":
        out.pop()
    return "\n".join(out).strip("\n")


class _Writer:
    """Where the text stands: the line being written, and what is open around it."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._parts: list[str] = []
        self._gap = self._space = self._empty = False  # a blank line, a space, a line with nothing on it is due
        self._depth = self._kept = 0  # of quotations, of elements that keep their white space
        self._lists: list[tuple[str, int]] = []  # kind and number of the next item
        self._mark = ""  # of the list item that begins with the next line
        self._levels = 0  # of a list made by Word
        self._frames: list[tuple[list[Line], bool]] = []  # the lines around the table cells that are open
        self._tables: list[Table] = []
        self._flat = 0  # tables that are too deep inside others
        self._links: list[tuple[str, list[str]]] = []
        self._shown: set[str] = set()  # targets that have been written out

    def write(self, root: Node) -> None:
        """All of the tree, in its order."""
        skipped: Node | None = None
        for item, opens in walk(root):
            if skipped is not None:
                skipped = None if item is skipped else skipped
            elif isinstance(item, str):
                self._text(item)
            elif not opens:
                self._close(item)
            elif item.attributes and (item.hidden or self._is_word_bullet(item)):
                skipped = item
            else:
                self._open(item)
        self._end_line()

    def _text(self, text: str) -> None:
        if self._kept:
            for number, piece in enumerate(text.replace("\xa0", " ").split("\n")):
                if number:
                    self._end_line(force=True)
                if piece:
                    self._add(piece.rstrip("\r"))
            return
        words = _SPACES.sub(" ", text)
        if words == " ":
            self._space = True
            self._empty = self._empty or "\xa0" in text
        elif words:
            self._space = self._space or words[0] == " "
            bare = words.strip(" ")
            self._add(" " + bare if self._space and self._parts else bare)
            self._space = words[-1] == " "

    def _add(self, words: str) -> None:
        self._parts.append(words)
        if self._links:
            self._links[-1][1].append(words)

    def _end_line(self, *, force: bool = False) -> None:
        """What was collected becomes a line; with nothing collected there is one only where HTML shows one."""
        if self._parts:
            text = "".join(self._parts)
            # "-- " parts the signature from the text (RFC 3676 section 4.3), and its space does not show in HTML.
            text = "-- " if text == "--" and self._space else text.rstrip()
            self._put(self._depth, self._indented(text))
            self._parts.clear()
        elif force or self._empty:
            self._gap = self._gap or bool(self.lines)
        self._space = self._empty = False

    def _put(self, depth: int, text: str) -> None:
        if self._gap and self.lines:
            self.lines.append((min(self.lines[-1][0], depth), ""))
        self._gap = False
        self.lines.append((depth, text))

    def _indented(self, text: str) -> str:
        level = min(len(self._lists) or self._levels, _MAX_INDENT)
        if not level:
            return text
        mark, self._mark = self._mark, ""
        return "    " * (level - 1) + (mark or "    ") + text

    def _open(self, node: Node) -> None:
        tag = node.tag
        if tag == "br":
            self._end_line(force=True)
        elif tag == "a":
            self._links.append((node.attributes.get("href") or "", []))
        elif tag == "img":
            self._picture(node)
        elif tag in BLOCKS:
            self._end_line()
            self._gap = self._gap or self._has_margin(node, within=0)
            self._open_block(node)
        if "style" in node.attributes or tag in ("pre", "listing"):
            self._kept += _keeps_space(node)

    def _close(self, node: Node) -> None:
        tag = node.tag
        if "style" in node.attributes or tag in ("pre", "listing"):
            self._kept -= _keeps_space(node)
        if tag == "a":
            self._close_link()
        elif tag in BLOCKS:
            self._end_line()
            self._gap = self._gap or self._has_margin(node, within=1)
            self._close_block(node)

    def _has_margin(self, node: Node, within: int) -> bool:
        if node.tag not in _SPACED:
            return False
        if node.tag in _LISTS:
            return len(self._lists) == within  # only the outermost
        style = node.attributes.get("style")
        if style and _NO_MARGIN.search(style):
            return False
        name = node.attributes.get("class")
        return not (name and _WORD_STYLE.match(name))

    def _open_block(self, node: Node) -> None:
        tag = node.tag
        if tag == QUOTE:
            self._depth += 1
        elif tag in _LISTS:
            self._lists.append((_kind(node), _number(node.get("start"), 1)))
        elif tag == "li":
            self._mark = self._item_mark(node)
        elif tag == "p" and "mso-list" in node.get("style"):
            level = _WORD_LEVEL.search(node.get("style"))
            self._levels = int(level[1]) if level is not None else 1
        elif tag == "table":
            self._flat += len(self._tables) >= _MAX_TABLES
            if not self._flat:
                self._tables.append(Table())
        elif tag in ("td", "th") and self._tables and not self._flat:
            self._frames.append((self.lines, self._gap))
            self.lines, self._gap = [], False

    def _close_block(self, node: Node) -> None:
        tag = node.tag
        if tag == QUOTE:
            self._depth -= 1
            self._gap = True
        elif tag in _LISTS:
            self._lists.pop()
            self._mark = ""
        elif tag == "p" and self._levels:
            self._levels, self._mark = 0, ""
        elif self._tables and self._flat:
            self._flat -= tag == "table"
        elif self._tables and tag in ("td", "th", "tr", "table"):
            self._close_table_part(tag)

    def _close_table_part(self, tag: str) -> None:
        table = self._tables[-1]
        if tag == "tr":
            table.end_row()
        elif tag == "table":
            self._tables.pop()
            for apart, block in table.blocks():
                self._gap = self._gap or apart
                for depth, text in block:
                    self._put(depth, text)
                self._gap = apart
        else:
            cell = self.lines
            self.lines, self._gap = self._frames.pop()
            table.add(cell, heading=tag == "th")

    def _is_word_bullet(self, node: Node) -> bool:
        style = node.attributes.get("style")
        if node.tag != "span" or not style or _WORD_BULLET.search(style) is None:
            return False
        mark = " ".join(opening([node], 40))
        self._mark = "  * " if mark in _BULLETS else f"  {mark} "
        self._levels = self._levels or 1
        return True

    def _item_mark(self, node: Node) -> str:
        if not self._lists or self._lists[-1][0] == "*":
            return "  * "
        kind, following = self._lists[-1]
        number = _number(node.get("value"), following)
        self._lists[-1] = kind, number + 1
        return f"  {_counted(kind, number)}. "

    def _picture(self, node: Node) -> None:
        words = inline.picture(node)
        if words:
            self._parts.append(" " + words if self._space and self._parts else words)
            self._space = False

    def _close_link(self) -> None:
        if not self._links:
            return
        href, words = self._links.pop()
        target = inline.target(href, "".join(words))
        if not target or target in self._shown:
            return
        self._shown.add(target)
        if self._parts:
            self._parts.append(f" <{target}>")
        elif self.lines:  # a button: the block inside the link has ended its line
            self.lines[-1] = (self.lines[-1][0], f"{self.lines[-1][1]} <{target}>")


def _keeps_space(node: Node) -> bool:
    if node.tag in ("pre", "listing"):
        return True
    style = node.attributes.get("style")
    return bool(style) and _KEPT_SPACE.search(style or "") is not None


def _kind(node: Node) -> str:
    if node.tag != "ol":
        return "*"
    kind = node.attributes.get("type") or "1"
    return kind if kind in ("a", "A") else "1"


def _number(written: str, default: int) -> int:
    return int(written) if re.fullmatch(r"-?[0-9]{1,6}", written) else default


def _counted(kind: str, number: int) -> str:
    if kind == "1" or not 1 <= number <= 26:
        return str(number)
    return chr(ord(kind) + number - 1)
