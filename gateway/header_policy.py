"""Header fields of our own letters: values cleaned and encoded here, so that no Python release can inject a field.

Python 3.11.7 and 3.12.1 turn an encoded CRLF set through `EmailMessage["Subject"]` into a second header field, and
several releases fold long Message-IDs into encoded words. So the stdlib neither decodes nor folds anything here.
"""

import base64
import re
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import Any

from gateway import headers, letter_text

MAX_LINE = 78  # RFC 5322 section 2.1.1
_MAX_WITH_WORDS = 76  # of a line with an encoded word (RFC 2047 section 2)
_WORD_BYTES = 42  # with "=?utf-8?b?" and "?=" an encoded word stays below 75 characters (RFC 2047 section 2)
_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
_FIELD_NAME = re.compile(r"[A-Za-z0-9-]{1,60}")
_FIELD_START = re.compile(r"^[^ \t]", re.MULTILINE)


def clean_header(text: str, limit: int = 300) -> str:
    """One line of printable text; controls and characters that turn the direction of writing become spaces."""
    return letter_text.one_line(headers.clean(text, limit))


def unstructured(text: str) -> str:
    """A text for a field like Subject: as it is, or in encoded words (RFC 2047)."""
    text = clean_header(text)
    # What merely looks like an encoded word is encoded too: a reader then sees it as it was typed.
    return text if text.isascii() and "=?" not in text else _encoded_words(text)


def mailbox(name: str, address: str) -> str:
    """A display name and an address for From, To or Reply-To. `address` is checked where it is sent, by the relay."""
    address = wire_address(clean_header(address, 320).replace(" ", ""))
    name = clean_header(name, 200)
    if not name:
        return f"<{address}>" if address.startswith('"') else address
    if name.isascii() and "=?" not in name:
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}" <{address}>'
    return f"{_encoded_words(name)} <{address}>"


def wire_address(address: str) -> str:
    """An address with its domain in ASCII (RFC 5891), which every server takes; the local part stays.

    By IDNA of 2008: the codec of Python knows that of 2003, for which faß.example is fass.example, somebody else's.
    """
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    import idna  # only here: few addresses need it, and its tables are large

    try:
        return local + at + idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return address


def _encoded_words(text: str) -> str:
    words, piece = [], b""
    for character in text:
        encoded = character.encode("utf-8", "replace")
        if len(piece) + len(encoded) > _WORD_BYTES:
            words.append(piece)
            piece = b""
        piece += encoded  # a character is never cut in two: RFC 2047 section 5
    words.append(piece)
    return " ".join(f"=?utf-8?b?{base64.b64encode(word).decode()}?=" for word in words)


class LetterPolicy(EmailPolicy):
    """Takes values that are ready for the wire, refuses all others, and folds at spaces only."""

    def header_max_count(self, name: str) -> None:
        """Not counted: fields come from a dict, and the stdlib would walk all of them for each one set."""

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        """Keep a ready value; ValueError for one that could end its line."""
        if not _FIELD_NAME.fullmatch(name) or _FORBIDDEN.search(str(value)):
            raise ValueError(f"header field {name!r} is not ready for the wire")
        return name, str(value)

    def header_fetch_parse(self, name: str, value: str) -> Any:
        """The value as it was set."""
        return value

    def fold(self, name: str, value: str) -> str:
        """The field with its line end, folded at spaces where it is long."""
        line = f"{name}: {value}"
        most = _MAX_WITH_WORDS if "=?" in value else MAX_LINE
        if len(line) <= most:
            return line + self.linesep
        lines, current = [], f"{name}:"
        for word in value.split(" "):
            if len(current) + 1 + len(word) > most and current.strip() not in ("", f"{name}:"):
                lines.append(current)
                current = ""
            current += " " + word
        return self.linesep.join((*lines, current)) + self.linesep

    def fold_binary(self, name: str, value: str) -> bytes:
        """As `fold`; UTF-8 only where an address holds it (RFC 6532)."""
        return self.fold(name, value).encode("utf-8")


POLICY = LetterPolicy(linesep="\r\n", max_line_length=MAX_LINE)


def wire(message: EmailMessage) -> bytes:
    """A message of ours as it goes out: what `as_bytes` gives, in a third of its time.

    Its fields were taken by the policy one by one, and its payload is ASCII with CRLF line ends. ValueError where the
    finished header has another number of fields than were set, or where a line ends with half of a line end: whoever
    relays the letter may take that for a whole one, and a dot behind it for the end of the letter.
    """
    fields = [POLICY.fold(name, value) for name, value in message.raw_items()]
    head, payload = "".join(fields), str(message.get_payload())
    if len(_FIELD_START.findall(head)) != len(fields) or not _ends_whole(head):
        raise ValueError("a header field is not ready for the wire")
    if not _ends_whole(payload):
        raise ValueError("the text of a letter is not ready for the wire")
    return f"{head}\r\n".encode() + payload.encode("ascii")


def _ends_whole(text: str) -> bool:
    return text.count("\r\n") == text.count("\n") == text.count("\r")


_HOSTILE = (
    "hi\r\nBcc: victim@example.test",
    "hi\nBcc: victim@example.test",
    "hi\rBcc: victim@example.test",
    "hi\x0bBcc: v\x0cBcc: v\x1cBcc: v\x85Bcc: v\u2028Bcc: v",
    "=?utf-8?q?hi=0D=0ABcc=3A_victim=40example=2Etest?=",
    "hi\x00\udcff\u202egpj",
    "\u00e9" * 3000,
)


def check_header_injection() -> None:
    """At start-up: RuntimeError when hostile values reach the wire as anything but one field each."""
    for value in _HOSTILE:
        message = EmailMessage(policy=POLICY)
        message["From"] = mailbox(value, "desk@example.test")
        message["Subject"] = unstructured(value)
        message["X-Ticket"] = clean_header(value).encode("ascii", "replace").decode()
        message.set_payload("")
        if not _has_three_fields(message):
            raise RuntimeError("this Python lets a mail header be injected; use another patch release")


def _has_three_fields(message: EmailMessage) -> bool:
    """Both as letters are written, and as the library itself writes: it does for the heads of files in them."""
    try:
        written = (wire(message), message.as_bytes())
    except ValueError:
        return False
    for content in written:
        lines = content.split(b"\r\n\r\n")[0].split(b"\r\n")
        names = [line.split(b":")[0] for line in lines if not line.startswith(b" ")]
        broken = any(b"\r" in line or b"\n" in line or b"\x00" in line or len(line) > 998 for line in lines)
        if names != [b"From", b"Subject", b"X-Ticket"] or broken:
            return False
    return True
