"""A text part made readable: its charset, format=flowed, text/enriched, and what stands wrapped in it."""

import re
from dataclasses import dataclass

from gateway import charset
from gateway.headers import clean_body
from gateway.mime import Limits
from gateway.params import ContentType
from gateway.unpack import pgp, uuencode, yenc

HTML_TYPES = ("text/html", "text/x-amp-html", "text/watch-html", "application/xhtml+xml")
_META_CHARSET = re.compile(rb"""<meta[^>]{1,200}charset\s{0,5}=\s{0,5}["']?([\w-]{1,40})""", re.IGNORECASE)
_MARKUP = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]{0,30})>|<<")
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\x0c\x1b"))
_PARAM = re.compile(r"<param>[^<]{0,500}</param>", re.IGNORECASE)


@dataclass(slots=True)
class Readable:
    """The text of a part, and the files that stood in it, by name."""

    text: str
    files: list[tuple[str, bytes]]
    encrypted: bool = False


def read(data: bytes, kind: ContentType, limits: Limits, defects: list[str], hint: str = "") -> Readable:
    """Bytes of a text part as text; HTML stays HTML. `hint` is a charset that the mail is in elsewhere."""
    files: list[tuple[str, bytes]] = []
    if kind.full == "text/plain":
        data, files = uuencode.taken_out(data)
        data, more = yenc.taken_out(data)
        files += more
    if len(data) > 4 * limits.max_text:
        data = data[: 4 * limits.max_text]
        defects.append("very long text cut")
    text = clean_body(charset.decode(data, _charset(data, kind), hint))
    if kind.subtype in ("enriched", "richtext"):
        text = _MARKUP.sub(lambda match: "<" if match[0] == "<<" else "", _PARAM.sub("", text))
    encrypted = False
    if "-----BEGIN PGP" in text and kind.full not in HTML_TYPES:
        # Before lines are joined: the escaped "- -- " above a signature must stay a line.
        text, signed = pgp.clear_text(text)
        encrypted = pgp.is_encrypted(text)
        if signed:
            defects.append("signed (PGP), not checked")
    if kind.params.get("format", "").lower() == "flowed":
        text = unflowed(text, kind.params.get("delsp", "").lower() == "yes")
    return Readable(text, files, encrypted)


def is_binary(data: bytes, kind: ContentType) -> bool:
    """True for a picture or program under the label of text: many control characters, more than one in ten."""
    head = data[:4096]
    if b"\0" not in head or (charset.codec(kind.params.get("charset", "")) or "").startswith(("utf_16", "utf_32")):
        return False
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return controls > 16 and controls * 10 > len(head)


def _charset(data: bytes, kind: ContentType) -> str:
    declared = kind.params.get("charset", "")
    believed = declared and not charset.claims_ascii(declared)
    if kind.full in HTML_TYPES and not believed and (meta := _META_CHARSET.search(data[:4096])) is not None:
        return meta[1].decode("ascii")
    return declared


def unflowed(text: str, delete_space: bool) -> str:
    """Lines of format=flowed joined again (RFC 3676 section 4.2), within one depth of quoting."""
    out: list[str] = []
    open_depth = -1
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        content = line[depth:]
        content = content[1:] if content.startswith(" ") else content
        flows = content.endswith(" ") and content != "-- "
        joined = content[:-1] if flows and delete_space else content
        if open_depth != depth or content == "-- ":
            out.append("\n" + ">" * depth + (" " if depth else ""))
        out.append(joined)  # joined at the end: a line that grows with every step would take quadratic time
        open_depth = depth if flows else -1
    return "".join(out)[1:]
