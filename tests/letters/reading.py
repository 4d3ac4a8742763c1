"""Reads a letter as a mail program does: flowed text joined, HTML as words, style rules one by one."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

_VOID = frozenset({"br", "hr", "meta", "img", "input", "link"})
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_MARKS = re.compile(r"\w+|[^\w\s]")


def unflowed(text: str) -> str:
    """Undo format=flowed, as RFC 3676 section 4 tells readers to."""
    out = ""
    for line in text.split("\n"):
        line = line[1:] if line.startswith(" ") else line
        out += line if line.endswith(" ") and line != "-- " else line + "\n"
    return out


def words(text: str) -> list[str]:
    """Words and marks in their order, without the rules and the signature mark that only text has."""
    return [word for word in _MARKS.findall(text.replace("\n-- \n", "\n")) if word != "—"]


class Page(HTMLParser):
    """What a person sees of an HTML part, and what it is made of."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.shown, self.preview, self.title, self.style = "", "", "", ""
        self.tags: list[tuple[str, dict[str, str]]] = []
        self._open: list[tuple[str, str]] = []  # tag and class
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it; a block ends the word before it."""
        found = {name: value or "" for name, value in attrs}
        self.tags.append((tag, found))
        self.shown += " "
        if tag not in _VOID:
            self._open.append((tag, found.get("class", "")))

    def handle_endtag(self, tag: str) -> None:
        """Close it and whatever stands open in it."""
        self.shown += " "
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Text belongs to whatever is open."""
        tags = {tag for tag, _ in self._open}
        if "title" in tags:
            self.title += data
        elif "style" in tags:
            self.style += data
        elif any("preview" in classes.split() for _, classes in self._open):
            self.preview += data
        elif "head" not in tags:
            self.shown += data

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of every such tag."""
        return [attributes for name, attributes in self.tags if name == tag]

    def declarations(self) -> Iterator[dict[str, str]]:
        """What each rule of the style sheet and each style attribute declares."""
        for _, body in _RULE.findall(self.style):
            yield _declared(body)
        yield from (_declared(attributes["style"]) for _, attributes in self.tags if "style" in attributes)


def _declared(body: str) -> dict[str, str]:
    pairs = (part.partition(":") for part in body.split(";") if ":" in part)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
