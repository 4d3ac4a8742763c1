"""How much HTML the tree builders may be given: size, nesting, and what else makes them slow."""

import re

MAX_HTML = 512 * 1024
_MAX_DEPTH = 500  # open elements at one time; the tree builder takes quadratic time beyond
_MAX_AMPERSANDS = 60_000
_MAX_TAG = 16_384  # characters of one tag
_MAX_REPEATED = 400_000  # elements that a tree builder may have to open again

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]{0,30})")
_CLOSES_ITSELF = set(
    "p li td th tr dd dt option thead tbody tfoot colgroup br img hr meta link input col wbr area base "
    "embed source track param html head body".split()
)
# Left open, they are opened again in every block that follows (WHATWG HTML, "reconstruct the active formatting
# elements"): 400 of them and 20,000 paragraphs make 8 million elements out of 160 KB.
_FORMATTING = set("a b big code em font i nobr s small strike strong tt u".split())
_LONG_TAG = re.compile(rf"<[a-zA-Z/!][^<>]{{{_MAX_TAG}}}")


def bearable(source: str, limit: int = MAX_HTML) -> bool:
    """True when the tree builders are known to be quick with it: size, nesting, entities, length of a tag."""
    if len(source) > limit or source.count("&") > _MAX_AMPERSANDS:
        return False
    if len(source) > _MAX_TAG and _LONG_TAG.search(source):
        return False
    return source.count("<") <= _MAX_DEPTH or _shallow(source)


def _shallow(source: str) -> bool:
    """True when few elements are open at any time, and few formatting ones stay open over many blocks."""
    depth: dict[str, int] = {}
    unclosed = total = formats = repeated = 0
    for match in _TAG.finditer(source):
        name = match[2].lower()
        if name in _CLOSES_ITSELF:
            unclosed += name == "option"
            repeated += formats
        else:
            change = 1 if not match[1] else -(depth.get(name, 0) > 0)
            depth[name] = depth.get(name, 0) + change
            total += change
            formats += change if name in _FORMATTING else 0
            repeated += formats if name not in _FORMATTING else 0
        if total > _MAX_DEPTH or unclosed > 2_000 or repeated > _MAX_REPEATED:
            return False
    return True
