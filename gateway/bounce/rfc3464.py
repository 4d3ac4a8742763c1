"""Delivery reports in the standard's form: the groups of a message/delivery-status (RFC 3464, RFC 6533)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gateway import addresses
from gateway.bounce.status import MAX_DIAGNOSTIC, enhanced
from gateway.envelope import Report
from gateway.headers import Headers, clean

MAX_GROUPS = 400
_MAX_STATUS = 256 * 1024
_ARRIVED = ("delivered", "relayed", "expanded")
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_VAGUE = ("5.0.0", "4.0.0")
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"'@]{1,200}@[^\s<>()\[\],;:\"'@]{1,250}")
_RECIPIENT = re.compile(rb"(final-recipient|original-recipient)[ \t]*:", re.IGNORECASE)
_EMBEDDED = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")  # RFC 6533 section 3
_XTEXT = re.compile(r"\+([0-9A-F]{2})")  # RFC 3461 section 4; Exchange writes it in addresses of its own as well
_EXCHANGE = re.compile(r"IMCEA[A-Z0-9]{0,8}-(.{3,200}\+40.{3,200})@", re.IGNORECASE)
_HEAD = re.compile(rb"\s{0,20}(?:Reporting-MTA|Original-Recipient|Final-Recipient)[ \t]*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Group:
    """What a report says of one recipient."""

    final: str
    original: str  # as the sender of the mail wrote it
    actual: str  # behind an alias (Sendmail)
    action: str  # "failed", "delayed", "delivered", "relayed", "expanded", or ""
    status: str
    diagnostic: str

    @property
    def address(self) -> str:
        """The recipient to report on."""
        return self.final or self.original or self.actual

    @property
    def arrived(self) -> bool:
        """True for a success report."""
        return self.action in _ARRIVED

    @property
    def permanent(self) -> bool:
        """True when the recipient's server has refused the mail for good."""
        return not self.arrived and self.action != "delayed" and not self.status.startswith("4")


def from_text(text: str) -> Iterator[Group]:
    """The groups of a report that was flattened into the text, its part mislabelled or its boundary broken."""
    if "final-recipient" not in text.lower() and "original-recipient" not in text.lower():
        return iter(())
    return groups(text[:_MAX_STATUS].encode("utf-8", "replace"))


def from_parts(parts: Iterable[tuple[str, bytes]]) -> Iterator[Group]:
    """The groups of every part that is a delivery status, or begins like one under another name."""
    for kind, data in parts:
        if kind.endswith("delivery-status") or (not kind.startswith("message/") and _HEAD.match(data[:200])):
            yield from groups(data[:_MAX_STATUS])


def groups(data: bytes) -> Iterator[Group]:
    """The recipient groups of one part; some servers forget the empty line between them."""
    for block in _blocks(data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")):
        fields = Headers(block, 4096)
        found = Group(
            final=_typed(fields.raw("final-recipient")),
            original=_typed(fields.raw("original-recipient")),
            actual=_typed(fields.raw("x-actual-recipient")),
            action=fields.token("action").split(" ")[0],
            status="",
            diagnostic=clean(fields.raw("diagnostic-code").replace("\n", " "), MAX_DIAGNOSTIC),
        )
        if found.address:
            yield _with_status(found, fields.raw("status"))


def failures(found: Iterable[Group]) -> Iterator[Report]:
    """A report on each recipient whom the mail did not reach."""
    for group in found:
        others = tuple(name for name in (group.original, group.actual) if name and name != group.address)
        if not group.arrived:
            given_up = group.action == "failed"
            yield Report(group.address, group.status, group.permanent, group.diagnostic, given_up, others)


def _with_status(group: Group, field: str) -> Group:
    match = _STATUS.search(field[:200])
    status = match.group() if match else ""
    if not status or status in _VAGUE:
        status = enhanced(group.diagnostic) or status
    return Group(group.final, group.original, group.actual, group.action, status, group.diagnostic)


def _blocks(data: bytes) -> Iterator[bytes]:
    """Groups by empty lines, and where a second recipient begins without one."""
    count, lines, seen = 0, list[bytes](), set[bytes]()
    for line in data.split(b"\n"):
        mark = _RECIPIENT.match(line.lstrip())
        name = mark[1].lower() if mark else b""
        if (not line.strip() or name in seen) and lines:
            yield b"\n".join(lines)
            count, lines, seen = count + 1, [], set()
            if count >= MAX_GROUPS:
                return
        if line.strip():
            # A group that is indented as a whole is one all the same.
            lines.append(line.lstrip() if mark or not lines else line)
        if name:
            seen.add(name)
    if lines:
        yield b"\n".join(lines)


def _typed(value: str) -> str:
    """The address of `rfc822; ann@example.com` (section 2.3.1), however it is wrapped."""
    kind, semicolon, rest = value[:1000].partition(";")
    if semicolon and kind.strip().lower() == "x400":
        return ""
    text = _EMBEDDED.sub(_character, rest if semicolon else value[:1000]).replace("\n", "")
    if "@" not in text and "+40" in text:
        text = _xtext(text)
    if (inner := _EXCHANGE.search(text)) is not None:
        text = _xtext(inner[1])
    match = _ADDRESS.search(text)
    return addresses.one(match.group().rstrip(".")) if match else ""


def _character(match: re.Match[str]) -> str:
    number = int(match[1], 16)
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else ""


def _xtext(text: str) -> str:
    return _XTEXT.sub(lambda match: chr(int(match[1], 16)), text)
