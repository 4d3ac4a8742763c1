"""The words of HTML by pattern alone: crude, linear, for what no tree builder should see."""

import html as entities
import re
from collections.abc import Iterator

_UNSEEN = re.compile(r"<(/?)(script|style|head|title)\b|<!--", re.IGNORECASE)
_CLOSING = {
    kind: re.compile(rf"</{kind}\b[^<>]{{0,100}}>?", re.IGNORECASE) for kind in ("script", "style", "head", "title")
}
_COMMENT_END = re.compile("-->")
_BREAK = re.compile(r"<(?:br|/?p|/?div|/?tr|/?li|/?h[1-6]|/?blockquote|/?table|/?ul|/?ol|hr)\b[^<>]*>", re.IGNORECASE)
_ANY_TAG = re.compile(r"<[a-zA-Z/!?][^<>]*>")
_BLANKS = re.compile(r"[ \t\xa0]+")
_SPACE_END = re.compile(r"(?<![ \t])[ \t]+\n")
_EMPTY_LINES = re.compile(r"\n{3,}")


def stripped(source: str) -> str:
    """The text with its tags cut out, a line for each block."""
    source = _BREAK.sub("\n", "".join(_seen(source)))
    return _tidy(entities.unescape(_ANY_TAG.sub("", source)))


def _seen(source: str) -> Iterator[str]:
    """The stretches outside of comments, scripts, style sheets and titles; what is never closed hides nothing."""
    shown = place = 0
    unclosed: set[str] = set()
    while (match := _UNSEEN.search(source, place)) is not None:
        kind = (match[2] or "").lower()
        place = match.end()
        if match[1] or kind in unclosed:
            continue
        end = _end(source, kind, place)
        if end < 0:
            unclosed.add(kind)
        else:
            yield source[shown : match.start()]
            shown = place = end
    yield source[shown:]


def _end(source: str, kind: str, start: int) -> int:
    """Where the hidden stretch ends; -1 when nothing ends it."""
    closing = (_CLOSING[kind] if kind else _COMMENT_END).search(source, start)
    return closing.end() if closing is not None else -1


def _tidy(text: str) -> str:
    text = _BLANKS.sub(" ", text.replace("\r", "")) if "\xa0" in text else text
    return _EMPTY_LINES.sub("\n\n", _SPACE_END.sub("\n", text)).strip("\n ")
