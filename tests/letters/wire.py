"""Is a letter right to the byte? A reader of its own, stricter than mail programs, which names each fault."""

import base64
import binascii
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

# A mail has each of these once (RFC 5322 section 3.6); ours has no field twice but signatures.
NEEDED = ("Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type", "Auto-Submitted")
_OFTEN = {"DKIM-Signature"}
_ADDRESSES = {"From", "To", "Reply-To", "List-Unsubscribe"}
_NAME = re.compile(r"[!-9;-~]{1,76}")
_WORD = re.compile(r"=\?([A-Za-z0-9-]+)\?([bBqQ])\?([!->@-~]*)\?=")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_MESSAGE_ID = re.compile(rf"<{_ATOM}(?:\.{_ATOM})*@(?:{_ATOM}(?:\.{_ATOM})*|\[[!-Z^-~]*\])>")
_DATE = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d{1,2}) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{4}) "
    r"(\d\d):(\d\d):(\d\d) ([+-]\d{4})"
)
_TOKEN = r"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+"
_PARAMETER = rf"; {_TOKEN}=(?:{_TOKEN}|\"[ !#-\[\]-~]*\")"
_CONTENT_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}(?:{_PARAMETER})*")
_DISPOSITION = re.compile(
    rf"attachment; filename(?:\*=utf-8''[A-Za-z0-9%._~-]+|=(?:{_TOKEN}|\"(?:[ !#-\[\]-~]|\\.)*\"))"
)
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
_QP = re.compile(rb"(?:[!-<>-~ \t]|=[0-9A-F]{2})*=?")
MOST, FOLDED, WITH_WORDS = 998, 78, 76


@dataclass(frozen=True)
class Entity:
    """A mail, or a part of one: its fields, unfolded, and its body."""

    fields: list[tuple[str, str]]
    lines: list[bytes]  # of the header
    body: bytes

    def get(self, name: str) -> str:
        """The value of a field; "" where there is none."""
        return next((value for field, value in self.fields if field.lower() == name.lower()), "")


def faults(raw: bytes, *, smtputf8: bool = False) -> list[str]:
    """All that is wrong with a letter."""
    found = list(_line_ends(raw))
    mail = entity(raw)
    found += _header(mail, smtputf8=smtputf8)
    found += _values(mail)
    found += _content(mail, top=True)
    return found


def entity(raw: bytes) -> Entity:
    """Header and body, by the rules and nothing else."""
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    fields: list[tuple[str, str]] = []
    for line in lines:
        text = line.decode("utf-8", "surrogateescape")
        if text[:1] in (" ", "\t") and fields:
            fields[-1] = (fields[-1][0], fields[-1][1] + text)
        else:
            name, _, value = text.partition(":")
            fields.append((name, value))
    return Entity([(name, value[1:] if value[:1] == " " else value) for name, value in fields], lines, body)


def parts(of: Entity) -> list[Entity]:
    """The parts of a multipart, recursively: those that hold something."""
    boundary = re.search(r'boundary="([^"]+)"', of.get("Content-Type"))
    if not boundary:
        return [of]
    pieces = (b"\r\n" + of.body).split(b"\r\n--" + boundary[1].encode())[1:-1]
    return [leaf for piece in pieces for leaf in parts(entity(piece.removeprefix(b"\r\n")))]


def decoded(value: str) -> str:
    """Encoded words as text (RFC 2047); blanks between two of them are not part of it."""
    value = re.sub(r"(\?=)[ \t]+(?==\?)", r"\1", value)
    return _WORD.sub(lambda match: _word(match), value)


def _word(match: re.Match[str]) -> str:
    data = base64.b64decode(match[3], validate=True) if match[2] in "bB" else binascii.a2b_qp(match[3], header=True)
    return data.decode(match[1])


def _line_ends(raw: bytes) -> Iterator[str]:
    if raw.replace(b"\r\n", b"").count(b"\r") or raw.replace(b"\r\n", b"").count(b"\n"):
        yield "a line ends in a bare CR or LF"
    if b"\0" in raw:
        yield "it holds NUL"
    if not raw.endswith(b"\r\n"):
        yield "the last line does not end"
    for line in raw.split(b"\r\n"):
        if len(line) > MOST:
            yield f"a line has {len(line)} octets: {line[:60]!r}"


def _header(mail: Entity, *, smtputf8: bool) -> Iterator[str]:
    count = Counter(name for name, _ in mail.fields)
    yield from (f"{name} stands there {n} times" for name, n in count.items() if n > 1 and name not in _OFTEN)
    yield from (f"there is no {name}" for name in NEEDED if not count[name])
    for name, value in mail.fields:
        if not _NAME.fullmatch(name):
            yield f"{name!r} is no name of a field"
        if not value.isascii() and not (smtputf8 and name in _ADDRESSES):
            yield f"{name} is not ASCII: {value!r}"
        if not value.strip():
            yield f"{name} is empty"
        if any((c < " " and c != "\t") or c == "\x7f" for c in value):
            yield f"{name} holds a control character"
    for line in mail.lines:
        text = line.decode("utf-8", "surrogateescape")
        if not text.strip():
            yield "a folded line is blank"
        most = WITH_WORDS if _WORD.search(text) else FOLDED
        if len(text) > most and " " in text.partition(":")[2].strip() + text[1:].strip() * text.startswith(" "):
            yield f"a line of {len(text)} octets could be folded: {text!r}"


def _values(mail: Entity) -> Iterator[str]:
    for name, value in mail.fields:
        for match in _WORD.finditer(value):
            if len(match[0]) > 75:
                yield f"an encoded word in {name} has {len(match[0])} characters"
            try:
                _word(match)
            except (ValueError, LookupError):
                yield f"an encoded word in {name} cannot be read by itself: {match[0]}"
        bare = _WORD.sub("", value)
        if name in ("Subject", "From", "To", "Reply-To", "Thread-Topic") and "=?" in bare:
            yield f"{name} holds what only looks like an encoded word"
        for quoted in re.findall(r'"(?:[^"\\]|\\.)*"', value) if name in _ADDRESSES else ():
            if "=?" in quoted:
                yield f"{name} has an encoded word inside quotation marks"
    if fault := _date(mail.get("Date")):
        yield fault
    ids = [("Message-ID", [mail.get("Message-ID")])]
    ids += [(name, mail.get(name).split()) for name in ("In-Reply-To", "References") if mail.get(name)]
    for name, values in ids:
        yield from (f"{name} is no Message-ID: {value!r}" for value in values if not _MESSAGE_ID.fullmatch(value))
    unsubscribe = mail.get("List-Unsubscribe")
    if unsubscribe and not re.fullmatch(r"<mailto:[^<>\s,]+>(?:, <https://[^<>\s,]+>)?", unsubscribe):
        yield f"List-Unsubscribe is {unsubscribe!r}"
    if mail.get("List-Id") and not re.fullmatch(r"<[a-z0-9.-]+>", mail.get("List-Id")):
        yield f"List-Id is {mail.get('List-Id')!r}"


def _date(value: str) -> str:
    match = _DATE.fullmatch(value)
    if not match:
        return f"Date is {value!r}"
    at = datetime.strptime(value, "%a, %d %b %Y %H:%M:%S %z")
    if at.strftime("%a") != match[1]:
        return f"Date names the wrong day: {value!r}"
    return "" if datetime(2000, 1, 1, tzinfo=UTC) < at < datetime(2100, 1, 1, tzinfo=UTC) else f"Date is {value!r}"


def _content(of: Entity, *, top: bool) -> Iterator[str]:
    kind, encoding = of.get("Content-Type"), of.get("Content-Transfer-Encoding")
    if top and of.get("MIME-Version") != "1.0":
        yield f"MIME-Version is {of.get('MIME-Version')!r}"
    if not _CONTENT_TYPE.fullmatch(kind):
        yield f"Content-Type is {kind!r}"
    if kind.startswith("multipart/"):
        yield from _multipart(of, kind, encoding)
        return
    if top:
        yield "there is one part, so text or HTML is missing"
    if encoding == "7bit":
        if not of.body.isascii():
            yield "a part of 7bit has octets above 127"
    elif encoding == "quoted-printable":
        for line in of.body.split(b"\r\n"):
            if len(line) > 76 or not _QP.fullmatch(line) or line.endswith((b" ", b"\t")):
                yield f"a line is no quoted-printable: {line!r}"
    elif encoding == "base64":
        lines = of.body.removesuffix(b"\r\n").split(b"\r\n")
        if max(map(len, lines)) > 76:
            yield "a line of base64 is too long"
        try:
            base64.b64decode(b"".join(lines), validate=True)
        except binascii.Error:
            yield "a part is no base64"
    else:
        yield f"Content-Transfer-Encoding is {encoding!r}"
    if kind.startswith("text/") and encoding != "base64":
        yield from _text(of, kind, encoding)
    elif not _DISPOSITION.fullmatch(of.get("Content-Disposition")):
        yield f"Content-Disposition is {of.get('Content-Disposition')!r}"


def _text(of: Entity, kind: str, encoding: str) -> Iterator[str]:
    if "charset=utf-8" not in kind:
        yield f"a text has no charset: {kind}"
    data = binascii.a2b_qp(of.body) if encoding == "quoted-printable" else of.body
    try:
        text = data.decode()
    except UnicodeDecodeError:
        yield "a text is no UTF-8"
        return
    if kind.startswith("text/plain"):
        for line in text.split("\r\n"):
            if len(line) > FOLDED and " " in line.strip() and not line.startswith(">"):
                yield f"a line of text could be wrapped: {line!r}"


def _multipart(of: Entity, kind: str, encoding: str) -> Iterator[str]:
    if encoding not in ("", "7bit"):
        yield f"a multipart is encoded as {encoding}"
    boundary = re.search(r'boundary="([^"]+)"', kind)
    if not boundary or not _BOUNDARY.fullmatch(boundary[1]):
        yield f"the boundary cannot be one: {kind!r}"
        return
    mark = b"--" + boundary[1].encode()
    lines = of.body.split(b"\r\n")
    if lines[0] != mark:
        yield "there is something before the first part"
    at = [place for place, line in enumerate(lines) if line.startswith(mark)]
    if [lines[place] for place in at] != [mark] * (len(at) - 1) + [mark + b"--"]:
        yield "a boundary stands where it should not, or the last one does not close"
    if any(lines[at[-1] + 1 :]):
        yield "there is something behind the last part"
    if len(at) < 3:
        yield "a multipart has less than two parts"
    for start, end in itertools.pairwise(at):
        part = b"\r\n".join(lines[start + 1 : end])
        if b"\r\n\r\n" not in part + b"\r\n":
            yield "a part has no blank line below its header"
        yield from _content(entity(part + b"\r\n"), top=False)
