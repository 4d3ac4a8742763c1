"""The returned mail in a delivery report: which mail it was, and whom it went to."""

import re
from collections.abc import Iterable, Iterator, Sequence

from gateway import addresses
from gateway.bounce.status import report
from gateway.envelope import Report
from gateway.headers import Headers

Parts = Sequence[tuple[str, bytes]]

_MAX_TEXT = 64 * 1024
_MAX_IDS = 20
_MAILS = {
    "message/rfc822",
    "text/rfc822-headers",
    "text/rfc822-header",  # written so by some
    "message/rfc822-headers",
    "message/global",
    "message/global-headers",
    "message/partial",
}
_ID = re.compile(r"<[^<>\s\x00-\x1f\x7f]{1,250}>")
_STATUS_FIELDS = ("x-original-message-id", "original-message-id")  # Gmail, Mail.ru; RFC 8098 has the second
_FOR = re.compile(r"\bfor\s{1,4}<([^<>\s]{3,320})>")
_QUOTED_ID = re.compile(
    r"^[> \t|]{0,8}message-id[ \t]{0,4}:\s{0,8}(<[^<>\s\x00-\x1f\x7f]{1,250}>)[ \t]*$", re.IGNORECASE | re.MULTILINE
)
_QUOTED_FIELD = re.compile(
    r"^[> \t|]{0,8}(?:from|to|subject|date|received|return-path|mime-version|content-type|x-[a-z-]{1,40})[ \t]{0,4}:",
    re.IGNORECASE | re.MULTILINE,
)
_QUOTED_TO = re.compile(r"^[> \t|]{0,8}to[ \t]{0,4}:[ \t]{0,8}([^\n]{3,1000})$", re.IGNORECASE | re.MULTILINE)
_NEIGHBOURHOOD = 600  # characters to each side of a Message-ID in which its header goes on


def message_ids(parts: Parts) -> tuple[str, ...]:
    """Message-IDs in the headers of returned mails, never in their bodies: anybody may write one there."""
    ids: dict[str, None] = {}
    for fields in _headers(parts):
        ids.update(dict.fromkeys(_ID.findall(" ".join(fields.all("message-id")[:5])[:2000])))
    for kind, data in parts:
        if kind.endswith("delivery-status"):
            fields = Headers(data[:8192].replace(b"\r\n", b"\n").strip(), 4096)
            for name in _STATUS_FIELDS:
                ids.update(dict.fromkeys(_ID.findall(fields.raw(name)[:1000])))
    return tuple(ids)[:_MAX_IDS]


def quoted_ids(text: str) -> tuple[str, ...]:
    """Message-IDs in headers that stand in the text; one that is only mentioned there is none."""
    text = text[:_MAX_TEXT]
    ids: dict[str, None] = {}
    for match in list(_QUOTED_ID.finditer(text))[:_MAX_IDS]:
        before = text[max(0, match.start() - _NEIGHBOURHOOD) : match.start()]
        after = text[match.end() : match.end() + _NEIGHBOURHOOD]
        if _QUOTED_FIELD.search(before) or _QUOTED_FIELD.search(after):
            ids[match[1]] = None
    return tuple(ids)


def reports(parts: Parts, text: str) -> Iterator[Report]:
    """The one recipient of the returned mail, where the report itself names nobody."""
    for fields in _headers(parts):
        if address := _only(fields.raw("to")) or _envelope(fields):
            yield report(address, text)
        return
    quoted = _QUOTED_TO.findall(text[:_MAX_TEXT])
    if len(quoted) == 1 and (address := _only(quoted[0])):
        yield report(address, text)


def _headers(parts: Iterable[tuple[str, bytes]]) -> Iterator[Headers]:
    """The header blocks of returned mails."""
    for kind, data in parts:
        if kind in _MAILS:
            block = data[:_MAX_TEXT].replace(b"\r\n", b"\n").replace(b"\r", b"\n").lstrip(b"\n")
            yield Headers(block.split(b"\n\n", maxsplit=1)[0], 4096)


def _only(value: str) -> str:
    boxes, _ = addresses.parse(value)
    return boxes[0].address if len(boxes) == 1 else ""


def _envelope(fields: Headers) -> str:
    """The recipient that the servers wrote down on the way (RFC 5321 section 4.4), if they agree on one."""
    named = {match[1].lower() for value in fields.all("received")[:20] if (match := _FOR.search(value[:2000]))}
    return addresses.one(named.pop()) if len(named) == 1 else ""
