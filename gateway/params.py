"""Content-Type and Content-Disposition with their parameters (RFC 2045, RFC 2183, RFC 2231), as mailers write them."""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from gateway import charset
from gateway.headers import clean, unfold

_MAX = 16_384  # characters of a field that are looked at
_MAX_PARAMS = 300
_TYPE = re.compile(r"\s*([A-Za-z0-9!#$&^_.+-]{1,80})\s*/\s*([A-Za-z0-9!#$&^_.+-]{1,80})")
_PARAM = re.compile(
    r"""[;\s]\s{0,20}([^\s=;"]{1,120})\s{0,20}=\s{0,20}("(?:[^"\\]|\\.)*"|'[^'";]*'(?=\s{0,20}(?:;|\Z))|[^;"]*"?[^;]*)""",
    re.DOTALL,
)
_SECTION = re.compile(r"(.+?)(?:\*(\d{1,3}))?(\*)?\Z", re.DOTALL)
_CLEAN_PARAMS = {"boundary", "charset", "format", "delsp", "report-type", "type", "start", "method", "smime-type"}


@dataclass(frozen=True, slots=True)
class ContentType:
    """A media type in lower case and its parameters, decoded."""

    maintype: str
    subtype: str
    params: dict[str, str] = field(default_factory=dict)

    @property
    def full(self) -> str:
        """`text/plain`"""
        return f"{self.maintype}/{self.subtype}"


_PLAIN: dict[str, ContentType] = {}


def content_type(value: str, default: str, defects: list[str]) -> ContentType:
    """Read a Content-Type field; an unreadable one counts as the default of its place."""
    known = _PLAIN.get(value)
    if known is not None and value:
        return known
    match = _TYPE.match(unfold(value[:_MAX]))
    if match is None:
        maintype, _, subtype = default.partition("/")
        if value.strip():
            defects.append("unreadable Content-Type")
        return ContentType(maintype, subtype, parameters(";" + value.partition(";")[2], defects))
    maintype, subtype, before = match[1].lower(), match[2].lower(), len(defects)
    made = ContentType(maintype, subtype, parameters(unfold(value[:_MAX])[match.end() :], defects))
    fine = len(defects) == before  # what is wrong with a value is said of every mail that has it
    if fine and len(value) < 60 and len(_PLAIN) < 64 and "boundary" not in made.params:
        _PLAIN[value] = made  # a handful of values covers nearly all mail
    return made


def disposition(value: str, defects: list[str]) -> tuple[str, dict[str, str]]:
    """Kind ("attachment", "inline", "") and parameters of a Content-Disposition (RFC 2183)."""
    value = unfold(value[:_MAX])
    kind, _, rest = value.partition(";")
    kind = kind.strip().lower()
    if "=" in kind:  # the kind itself was left out
        return "attachment", parameters(";" + value, defects)
    return kind.split(" ")[0], parameters(";" + rest, defects) if rest else {}


def parameters(text: str, defects: list[str]) -> dict[str, str]:
    """Parameters by name in lower case; of two with one name the first counts, and `name*` beats `name`."""
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[bool, str]]] = {}
    for count, match in enumerate(_PARAM.finditer(text[:_MAX])):
        if count >= _MAX_PARAMS:
            defects.append("more parameters than can be meant")
            break
        name, value = match[1].lower(), match[2].strip()
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
        if quoted:
            value = re.sub(r'\\(["\\])', r"\1", value[1:-1])
        if "*" not in name:
            plain.setdefault(name, value if quoted else _token(name, value))
            continue
        section = _SECTION.match(name)
        if section is None or "*" in section[1]:
            defects.append("bad parameter name")
            continue
        index = int(section[2]) if section[2] else 0
        sections.setdefault(section[1], {}).setdefault(index, (section[3] is not None, value))
    for name, found in sections.items():
        plain[name] = _joined(found)
    return plain


def _token(name: str, value: str) -> str:
    """An unquoted value; comments and rubbish after it are dropped where a token is the rule."""
    if name in _CLEAN_PARAMS:
        value = re.split(r"[\s(]", value, maxsplit=1)[0] if name != "boundary" else value
        return value.strip("\"' ") if name != "boundary" else value.strip('" ')
    return value.strip('" ')


def _joined(sections: dict[int, tuple[bool, str]]) -> str:
    """RFC 2231: sections in order, the first may name a charset, percent signs count where a star says so."""
    name, pieces, packed = "", [], ""
    for position, (_, (encoded, value)) in enumerate(sorted(sections.items())):
        if encoded and position == 0 and value.count("'") >= 2:
            name, _, value = value.split("'", 2)
        if encoded:
            packed += value  # joined before they are decoded: some programs cut in the middle of "%C3"
            continue
        pieces += [unquote_to_bytes(packed), value.encode("utf-8", "replace")]
        packed = ""
    return charset.decode(b"".join([*pieces, unquote_to_bytes(packed)]), name)


def clean_id(value: str) -> str:
    """A Content-ID without its brackets."""
    return clean(unfold(value), 250).strip("<> \t")
