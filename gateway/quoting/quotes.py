"""The new words of a reply: what the writer quoted, and the signature, folded away.

Every line gets one kind; the kinds, not the words, decide where to cut. Languages: English, German, French,
Spanish, Italian, Portuguese, Dutch, Danish, Swedish, Norwegian, Finnish, Polish, Czech, Russian, Turkish,
Japanese, Chinese, Hebrew. Cutting too little is a blemish, losing a line that somebody wrote is a fault:
in doubt a line stays, and where nothing would be left nothing is cut.
"""

import re
from dataclasses import dataclass

from gateway.quoting import phrases, reply_header, signature

MAX_LINES = 5_000  # what stands below is quoted if something above says so, else it is kept
_OPENING = 600  # characters in which a writer points to what follows
_LONG_ANSWER = 3  # lines below a quotation that make it their context

_RULE = re.compile(r"[\s>]*(?:[^\w\s`>]\s*){2,}\Z|[\s>]*[_]{2,}\s*\Z|\s*\u1427\s*\Z")
_QUOTE = re.compile(r"\s{0,3}(?:>|\|\s(?![^\n]{0,300}\|)|[A-Z][\w.-]{0,15}>(?:\s|\Z))")
_FENCE = re.compile(r"\s{0,3}(?:```|~~~)")
_DECORATED = re.compile(r"[\s>]*[-_=*#]|[^\n]*[-_=*#:>]\s*\Z")

_MAIL_DATE = re.compile(r"\b\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d(?::\d\d)? [+-]\d{4}\b")
_DAY_AND_TIME = re.compile(r"\d{4}.{0,20}?\b\d{1,2}[:.h]\d\d|\d{1,2}[:.]\d\d.{0,20}?\d{4}|\d[/.-]\d{1,2}[/.-]\d\d")
_ADDRESS_END = re.compile(r"[^\s<>@]@[^\s<>@]+>?\s*\Z")

_BLANKS = " \t\xa0\u200b\u200c\u200e\u200f\ufeff"

_ANY_WORD = re.compile(r"\w")
_LINE_END = re.compile(r"(?<![ \t])[ \t]+\n")
_GAP = re.compile(r"\n{4,}")

# The kinds of lines.
_EMPTY, _TEXT, _QUOTED, _REPLY, _HEADER, _MOBILE, _DASHES, _RULER, _ORIGINAL, _FORWARD = "etqbhsdrof"
_MAY_END = re.compile(f"[{_HEADER}{_ORIGINAL}{_FORWARD}{_REPLY}{_DASHES}{_RULER}]")
_NEIGHBOURS = frozenset((_QUOTED, _HEADER, _ORIGINAL, _FORWARD))  # what they are depends on the lines around them


@dataclass(frozen=True, slots=True)
class Folded:
    """The part of a text that its writer wrote for this mail, and whether a line says that a mail is passed on."""

    reply: str
    forwards: bool = False


def new_text(text: str) -> str:
    """The part of `text` that its writer wrote for this mail."""
    return fold(text).reply


def fold(text: str) -> Folded:
    """Read a text line by line."""
    if not text or len(text) < 4:
        return Folded(text.strip())
    if "--" in text:
        text = phrases.SHARED_LINE.sub("\n", text)
    lines = text.split("\n")
    lines, beyond = lines[:MAX_LINES], lines[MAX_LINES:]
    kinds = _classify(lines, fences="```" in text or "~~~" in text)
    if kinds.strip("et") == "":
        return Folded(_tidy(text))
    kinds = signature.folded(lines, kinds)
    end = _hard_end(lines, kinds)
    kept = [lines[i] for i in _cut(kinds[:end])]
    answer = _tidy("\n".join(kept + beyond if end == len(lines) else kept))
    return Folded(answer if _ANY_WORD.search(answer) else _tidy(text), _FORWARD in kinds)


def points_below(reply: str, text: str) -> bool:
    """True when the writer says that there are answers further down, between lines that nobody can tell from them."""
    if len(reply) >= len(text) or text[text.rfind("\n") + 1 :].lstrip().startswith(">"):
        return False  # nothing is folded, or all of it is marked
    return phrases.POINTS_BELOW.search(reply, 0, _OPENING) is not None


def _tidy(text: str) -> str:
    if " \n" in text or "\t\n" in text:
        text = _LINE_END.sub("\n", text)
    if "\n\n\n\n" in text:
        text = _GAP.sub("\n\n\n", text)
    return text.strip("\n \t\u1427")


def _classify(lines: list[str], *, fences: bool) -> str:
    """One letter a line."""
    kinds: list[str] = []
    # Most lines are plain text: this and the like below spare them the dear patterns.
    may_end = [not line[-1:].isalnum() and reply_header.ends_as_one(line) for line in lines]
    any_end = True in may_end
    fenced = False
    i = 0
    while i < len(lines):
        if fences and _FENCE.match(lines[i]) and (fenced or any(_FENCE.match(x) for x in lines[i + 1 : i + 200])):
            fenced = not fenced
            kinds.append(_TEXT)
        elif fenced:
            kinds.append(_TEXT)
        elif lines[i].startswith(">From ") and kinds[-1:] != [_QUOTED]:
            kinds.append(_TEXT)  # a mailbox file has marked it, so that it begins no mail (RFC 4155)
        elif any_end and True in may_end[i : i + 4] and (span := reply_header.span(lines, i)):
            kinds.extend(_REPLY * span)
            i += span
            continue
        else:
            # The signature of a telephone stands at an end of its paragraph.
            edge = not kinds or kinds[-1] == _EMPTY or i + 1 >= len(lines) or not lines[i + 1].strip(_BLANKS)
            kinds.append(_kind(lines[i], mobile=edge))
        i += 1
    found = "".join(kinds)
    if _NEIGHBOURS.isdisjoint(found):
        return found
    return _bare_titles(lines, _header_blocks(lines, _introduced(lines, _wrapped(lines, found))))


def _bare_titles(lines: list[str], kinds: str) -> str:
    """ "Original message" without dashes and without a header below it is what somebody wrote."""
    for match in re.finditer(r"[of](?!e*[hbq])", kinds):
        if not _DECORATED.match(lines[match.start()]):
            kinds = kinds[: match.start()] + _TEXT + kinds[match.end() :]
    return kinds


def _introduced(lines: list[str], kinds: str) -> str:
    """The last marked lines, right below "The log says:", are shown by the writer, and quoted from no mail."""
    for match in re.finditer(r"(?<=t)(e?)(q+)(?!e*[qt]*[bq])", kinds):
        if lines[match.start() - 1].rstrip().endswith((":", "：")):
            kinds = kinds[: match.start()] + match[1] + _TEXT * len(match[2]) + kinds[match.end() :]
    return kinds


def _wrapped(lines: list[str], kinds: str) -> str:
    """A quoted link that was broken in two leaves its end on a line without a mark."""
    for match in re.finditer(r"q(?=tq)", kinds):
        i = match.start()
        quoted, after = lines[i].lstrip("> "), lines[i + 1].strip()
        for opening, closing in ("()", "<>"):
            if quoted.rfind(opening) > quoted.rfind(closing) and closing in after and " " not in after:
                kinds = kinds[: i + 1] + _QUOTED + kinds[i + 2 :]
    return kinds


def _kind(line: str, *, mobile: bool) -> str:
    bare = line.strip(_BLANKS)
    if not bare:
        return _EMPTY
    plain = bare[0].isalnum()
    if line[0] == ">" and not bare.endswith(" >>>"):
        return _QUOTED
    if (not plain or ">" in bare[:18]) and _QUOTE.match(line):
        return _ORIGINAL if bare.endswith(" >>>") and phrases.GROUPWISE_LINE.match(bare) else _QUOTED
    if len(bare) > 250:
        return _TEXT
    if not plain:
        if signature.DASHES.match(line):
            return _DASHES
        if _RULE.match(line):
            return _RULER
    if (":" in bare[:30] or "：" in bare[:30]) and phrases.HEADER_LINE.match(bare):
        return _HEADER
    if not plain or (len(bare) < 70 and phrases.may_part(bare)):
        if phrases.ORIGINAL_LINE.match(bare):
            return _ORIGINAL
        if phrases.FORWARD_LINE.match(bare):
            return _FORWARD
    return _MOBILE if mobile and len(bare) < 120 and phrases.MOBILE_SIGNATURE.match(bare) else _TEXT


def _header_blocks(lines: list[str], kinds: str) -> str:
    """Only several header lines together are a quoted header: "To: be done" alone is text."""
    out = list(kinds)
    i = 0
    while i < len(kinds):
        if kinds[i] != _HEADER:
            i += 1
            continue
        end, found = i, set()
        while end < len(kinds) and (kinds[end] == _HEADER or _continues(lines, kinds, end)):
            match = phrases.HEADER_LINE.match(lines[end].strip())
            if match is not None and match.lastgroup:
                found.add(match.lastgroup)
            end += 1
        # "From: Berlin, To: Rome, Date: Monday" is what a traveller writes: a mail's has addresses, or day and time.
        addressed = any("@" in line or _DAY_AND_TIME.search(line) for line in lines[i:end])
        block = len(found) >= 3 and addressed and ("from" in found or {"date", "to", "subject"} <= found)
        # Two fields are enough when the date is written as only mail programs write it.
        block = block or (len(found) == 2 and found <= {"date", "from", "to"} and _is_sent(lines[i:end]))
        for j in range(i, end):
            out[j] = _HEADER if block else (_TEXT if kinds[j] == _HEADER else kinds[j])
        i = max(end, i + 1)
    return "".join(out)


def _is_sent(fields: list[str]) -> bool:
    """True for an address and a date with zone, both as RFC 5322 has them."""
    return any(_MAIL_DATE.search(line) for line in fields) and any(_ADDRESS_END.search(line) for line in fields)


def _continues(lines: list[str], kinds: str, i: int) -> bool:
    """A long To line runs on over several lines; blank lines stand between the fields of some programs."""
    following = kinds[i + 1 : i + 4]
    if _HEADER not in following:
        return False
    if kinds[i] == _EMPTY:
        return following[0] == _HEADER
    return (
        kinds[i] == _TEXT
        and ("@" in lines[i] or ";" in lines[i] or lines[i][:1] in " \t")
        and _EMPTY not in (following[: following.index(_HEADER)])
    )


def _cut(kinds: str) -> list[int]:
    """The indexes of the lines to keep."""
    kept = [i for i in _without_quotes(kinds) if kinds[i] != _MOBILE]
    while kept and kinds[kept[-1]] in "erd":
        kept.pop()
    return kept


def _hard_end(lines: list[str], kinds: str) -> int:
    """Where everything after is quoted or signature: an unmarked quotation, a forwarded mail, `-- `."""
    own = re.search("[tq]", kinds)
    # When the mail begins with a quotation, only lines marked as such can be told from the answer.
    for found in _MAY_END.finditer(kinds, own.end() if own is not None else len(kinds)):
        i, kind = found.start(), found[0]
        if kind in _HEADER + _ORIGINAL + _FORWARD:
            return _with_rule(kinds, i)
        if kind == _REPLY and not _marked(kinds, i):
            return _with_rule(kinds, i)
        if kind == _DASHES and signature.ends_text(lines, kinds, i):
            return i
        if kind == _RULER and signature.is_list_footer(lines, kinds, i):
            return i
    return len(kinds)


def _with_rule(kinds: str, i: int) -> int:
    """Rules and blanks above a quoted header belong to it."""
    j = i
    while j > 0 and kinds[j - 1] in "erd":
        j -= 1
    return j if "t" in kinds[:j] else i


def _marked(kinds: str, i: int) -> bool:
    """True when the quotation after a reply header is marked line by line with `>`."""
    rest = kinds[i:].lstrip("b").lstrip("e")
    return rest.startswith("q")


def _without_quotes(kinds: str) -> list[int]:
    """Drop marked quotations, unless answers stand among them: then the quotation is their context."""
    body = kinds.rstrip("eqbrs")
    # Where nothing is quoted, "In 2026 at 10:30 the system wrote:" introduces words of the writer's own.
    own = [i for i in range(len(body)) if kinds[i] != _REPLY or _QUOTED not in kinds]
    runs = list(re.finditer(r"q[qe]*q|q", body))
    if "t" not in body or len(runs) != 1:
        return own if "t" in body else list(range(len(kinds)))
    start, stop = runs[0].span()
    header = start
    while header > 0 and kinds[header - 1] in "eb":
        header -= 1
    if "b" not in kinds[header:start]:
        return own
    if "t" in kinds[:header] and body[stop:].count("t") >= _LONG_ANSWER:
        return own
    return [i for i in own if not start <= i < stop]
