"""Signatures and the footers of mailing lists, told from a section of the text that stands below dashes as well."""

import re

DASHES = re.compile(r"\s?(?:--|---|—|__|-- ?=20)[ \t\xa0]*\Z")
_RFC = "-- "  # RFC 3676 section 4.3; many programs lose its space
_MAX_LINES = 25
_MAX_DASHES = 10
_MAX_NAME_LINES = 4
_POSTSCRIPT = re.compile(r"\s{0,3}P\.?\s?S\.?\s?[:.\s]", re.IGNORECASE)
_LIST_ITEM = re.compile(r"\s{0,3}(?:\d|[-*•+–]\s|\w[).]\s|[^\n:]{1,30}:(?:\s|\Z))")
_SENTENCE = re.compile(r"(?:\S+\s+){4,}\S|[.!?;:,]\s*\Z")
_LIST_FOOTER = re.compile(r"[_=-]{10,}\s*\Z")


def ends_text(lines: list[str], kinds: str, i: int) -> bool:
    """True when line `i`, dashes, begins a signature; kinds are those of quotes.py."""
    if kinds.count("d") > _MAX_DASHES:
        return False  # they part sections
    block, said = _block(lines, kinds, i)
    if any(_POSTSCRIPT.match(line) for line in said) or block.count("t") > _MAX_LINES:
        return False
    if "q" in block and block.rfind("t") > block.find("q"):
        return False  # answers among quoted lines
    if lines[i] == _RFC:
        return True
    words = [line.strip() for line in said if line.strip()]
    above = next((line.rstrip() for line in reversed(lines[:i]) if line.strip()), "")
    # "Please order:", dashes, "10 mice": what is announced, or counted, is no signature.
    if above.endswith((":", "：")) or (words and _LIST_ITEM.match(words[0])):
        return False
    if lines[i].strip() == "--":
        return kinds.count("d") <= 1 and not _is_prose(block, said)
    # Other dashes part one section from the next as well: only a name or two is a signature.
    return "e" not in block.strip("e") and 0 < len(words) <= _MAX_NAME_LINES and not _SENTENCE.search(words[0])


def folded(lines: list[str], kinds: str) -> str:
    """A signature above a quotation with answers in it is folded by itself, and the reading goes on."""
    for match in list(re.finditer("d", kinds))[:_MAX_DASHES]:
        i = match.start()
        block, said = _block(lines, kinds, i)
        below = kinds[i + 1 + len(said) :]
        if "t" in kinds[:i] and "t" in block and _is_answered(below) and ends_text(lines, kinds, i):
            kinds = kinds[:i] + "s" * (len(said) + 1) + below
    return kinds


def _is_answered(below: str) -> bool:
    """True for a marked quotation with words behind its first lines, before anything that ends the reading."""
    stop = min((below.find(kind) for kind in "ohf" if kind in below), default=len(below))
    quoted = below[:stop].lstrip("be")
    return quoted.startswith("q") and "t" in quoted


def is_list_footer(lines: list[str], kinds: str, i: int) -> bool:
    """The few lines that a mailing list adds below a rule."""
    rest = kinds[i + 1 :]
    return (
        bool(_LIST_FOOTER.match(lines[i].strip()))
        and 1 <= rest.count("t") <= 5
        and not rest.strip("etr")
        and any(
            "mailing list" in line.lower() or "unsubscribe" in line.lower() or "/listinfo" in line
            for line in lines[i + 1 :]
        )
    )


def without(text: str) -> str:
    """A text that quotes nothing, without the signature below its last `-- `."""
    above, dashes, below = text.rpartition(f"\n{_RFC}\n")
    short = below.count("\n") < _MAX_LINES and "\n>" not in f"\n{below}"
    return above.strip("\n") if dashes and short and above.strip() and not _postscript(below) else text


def _postscript(text: str) -> bool:
    return any(_POSTSCRIPT.match(line) for line in text.split("\n"))


def _block(lines: list[str], kinds: str, i: int) -> tuple[str, list[str]]:
    """What stands below the dashes, down to the next quotation."""
    rest = kinds[i + 1 :]
    stop = min((rest.find(kind) for kind in "bohf" if kind in rest), default=len(rest))
    return rest[:stop], lines[i + 1 : i + 1 + stop]


def _is_prose(block: str, said: list[str]) -> bool:
    """Paragraphs, of which one has a line of a length that signatures do not have."""
    several = "e" in block.strip("e")
    return block.count("t") > _MAX_LINES // 2 or (several and any(len(line.split()) > 8 for line in said))
