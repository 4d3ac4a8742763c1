"""Delivery reports read: which addresses failed and why (RFC 3464, then the forms that servers made up)."""

import re
from collections.abc import Iterable, Iterator, Sequence

from gateway import addresses
from gateway.envelope import Report
from gateway.headers import Headers, clean

MAX_REPORTS = 200
_MAX_TEXT = 64 * 1024
_MAX_STATUS = 256 * 1024

_ID = re.compile(
    r"^[> \t]{0,8}message-id[ \t]{0,4}:\s{0,8}(<[^<>\s\x00-\x1f\x7f]{1,250}>)", re.IGNORECASE | re.MULTILINE
)
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.])([45]\d\d)(?=[\s-])")
_ADDRESS = r"[A-Za-z0-9!#$%&'*+/=?^_{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?"
_LATER = re.compile(
    r"^[ \t>]*(?:-{2,}[^\n]{0,60}(?:original message|returned message|message follows|unsent message|"
    r"copy of|header|message header|"
    r"below this line)[^\n]{0,80}|received:\s|return-path:\s|(?:original message|message headers?|"
    r"received message) follows?|"
    r"-{5,} ?begin of|the original message|--- (?:below|the (?:header|message))|your message (?:reads|"
    r"follows))",
    re.IGNORECASE | re.MULTILINE,
)
# One address on a line of its own, or where a server reports on it.
_LINES = (
    re.compile(rf"[<\[(\"' \t]({_ADDRESS})[>\])\"']*[ \t]*:?\s{{1,3}}[\[(]?[45]\d\d[ -]"),
    re.compile(rf"^[ \t>]*<({_ADDRESS})>\s*(?:\([^)\n]{{0,100}}\))?\s*[:.,;]?", re.MULTILINE),
    re.compile(rf"^[ \t]*(?:smtp;|rfc822;)?\s?({_ADDRESS})[ \t]*[:;,]?[ \t]*$", re.MULTILINE),
    re.compile(
        rf"^[ \t]*(?:'|\")?({_ADDRESS})(?![\w.-])(?:'|\")?[ \t]*(?:[(:\[-]|\.\.\.|[a-z]+ )",
        re.IGNORECASE | re.MULTILINE,
    ),
    re.compile(
        rf"\b(?:recipients?|user(?:id)?|address(?:ed to)?|mailbox|account|to|deliver(?:ing|ed|y)?|"
        rf"empf[^\s]{{2,10}}|destinataire|a)(?:\s{{0,3}}[:=]\s{{0,4}}|"
        rf"\s{{1,4}})[<'\"(\[]?({_ADDRESS})(?![\w.-]|[ \t]?<)",  # before "<" it is a name
        re.IGNORECASE,
    ),
    re.compile(rf"[<'\"(\[]({_ADDRESS})[>'\")\]]"),
)
# Sendmail's alias above the address that failed: the one that the mail was sent to, and known by.
_EXPANDED = re.compile(rf"^[ \t]*\(expanded from: <?({_ADDRESS})>?\)", re.MULTILINE)
# Amazon SES through its notification service: JSON, perhaps inside a JSON string, cut by the relay where it likes.
_SES_LIST = re.compile(r'\\?"bouncedRecipients\\?"\s?:\s?\[([^\]]{1,20000})\]')
_SES_ONE = re.compile(r'emailAddress\\?"\s?:\s?\\?"([^"\\]{3,320})([^}]{0,2000})')
_SES_STATUS = re.compile(r'status\\?"\s?:\s?\\?"([245]\.\d{1,3}\.\d{1,3})')
_LATE = re.compile(
    r"not yet been delivered|still undelivered|(?:keep|continue|be) (?:on )?(?:trying|retried|retrying)|"
    r"warning message only|delivery (?:has been|is) delayed|message delayed|delay reason",
    re.IGNORECASE,
)
_NOT_RECIPIENTS = re.compile(
    r"(?:postmaster|mailer-daemon|abuse|support|helpdesk|help|noreply|no-reply|admin|webmaster)@", re.IGNORECASE
)


def reports(parts: Sequence[tuple[str, bytes]], headers: Headers, text: str, raw: bytes) -> tuple[Report, ...]:
    """The failed recipients of a delivery report; `parts` are types and decoded bodies."""
    found: dict[str, Report] = {}
    for kind, data in parts:
        if kind.endswith("delivery-status"):
            _merge(found, _from_status(data[:_MAX_STATUS]))
    if not found and "final-recipient:" in text.lower():  # the report was flattened into the text
        _merge(found, _from_status(text[:_MAX_STATUS].encode()))
    if not found:
        _merge(found, _from_ses(text))
    if not found:
        _merge(found, _from_field(headers, text))
    if not found:
        _merge(found, _from_text(text, headers))
    if not found:
        _merge(found, _from_flufl(raw, headers.raw("from")))
    if not found:
        _merge(found, _from_returned(parts, text))
    return tuple(list(found.values())[:MAX_REPORTS])


def reported_ids(parts: Iterable[tuple[str, bytes]], text: str) -> tuple[str, ...]:
    """Message-IDs of the mail that a report is about: from the returned mail, or from what is quoted of it."""
    ids: dict[str, None] = {}
    for kind, data in parts:
        if kind in (
            "message/rfc822",
            "text/rfc822-headers",
            "message/global",
            "message/global-headers",
            "message/partial",
        ):
            ids.update(dict.fromkeys(_ID.findall(data[:_MAX_TEXT].decode("latin-1").replace("\r\n", "\n"))))
    if not ids:
        ids.update(dict.fromkeys(_ID.findall(text[:_MAX_TEXT])))
    return tuple(list(ids)[:20])


def _merge(found: dict[str, Report], more: Iterable[Report]) -> None:
    for report in more:
        key = report.address.lower()
        if key not in found and len(found) < MAX_REPORTS:
            found[key] = report


def _from_status(data: bytes) -> Iterator[Report]:
    """The recipient groups of a message/delivery-status."""
    blocks = re.split(rb"\n[ \t]*\n", data.replace(b"\r\n", b"\n").strip(), maxsplit=MAX_REPORTS * 2)
    for block in blocks:
        fields = Headers(block.lstrip(), 4096)
        action = fields.token("action")
        address = (
            _typed(fields.raw("final-recipient"))
            or _typed(fields.raw("original-recipient"))
            or _typed(fields.raw("x-actual-recipient"))
        )
        if not address or action in ("delivered", "relayed", "expanded"):
            continue
        diagnostic = clean(fields.raw("diagnostic-code"), 500)
        status = fields.token("status").split(" ")[0]
        if not _STATUS.fullmatch(status) or status in ("5.0.0", "4.0.0"):
            status = _status(diagnostic) or (status if _STATUS.fullmatch(status) else "")
        yield Report(address, status, action != "delayed" and not status.startswith("4"), diagnostic)


def _typed(value: str) -> str:
    """The address of `rfc822; ann@example.com` (RFC 3464 section 2.3.1), however it is wrapped."""
    kind, semicolon, rest = value.partition(";")
    if semicolon and kind.strip().lower() == "x400":
        return ""
    match = re.search(_ADDRESS, (rest if semicolon else value)[:400])
    return addresses.one(match.group()) if match else ""


def _status(text: str) -> str:
    """The enhanced status code (RFC 3463) in a server's words."""
    match = _STATUS.search(text[:2000])
    return match.group() if match else ""


def _from_field(headers: Headers, text: str) -> Iterator[Report]:
    """Exim's X-Failed-Recipients."""
    for value in headers.all("x-failed-recipients"):
        for address in re.findall(_ADDRESS, value[:8000]):
            if fine := addresses.one(address):
                yield _report(fine, text)


def _from_ses(text: str) -> Iterator[Report]:
    """The recipients in a notification of Amazon SES; "Transient" is the service's word for later."""
    listed = _SES_LIST.search(text[:_MAX_TEXT])
    if listed is None:
        return
    transient = re.search(r'bounceType\\?"\s?:\s?\\?"Transient', text[:_MAX_TEXT]) is not None
    for match in list(_SES_ONE.finditer(listed[1]))[:MAX_REPORTS]:
        status = _SES_STATUS.search(match[2])
        if fine := addresses.one(match[1]):
            yield Report(fine, status[1] if status else "", not transient, clean(match[2], 500))


def _from_text(text: str, headers: Headers) -> list[Report]:
    """The first form of address line that yields anything, above the returned mail."""
    own = set(
        re.findall(
            _ADDRESS, " ".join(headers.raw(name) for name in ("from", "to", "reply-to", "sender"))[:4000].lower()
        )
    )
    text = text[:_MAX_TEXT]
    stop = _LATER.search(text, min(len(text), 40))
    for area in (text[: stop.start()] if stop else text, text[:4000]):
        for pattern in _LINES:
            seen = dict.fromkeys(m for m in pattern.findall(area)[:MAX_REPORTS] if m.lower() not in own)
            chosen = [fine for m in seen if not _NOT_RECIPIENTS.match(m) and (fine := addresses.one(m.rstrip(".")))]
            if chosen:
                chosen += [fine for m in _EXPANDED.findall(area)[:MAX_REPORTS] if (fine := addresses.one(m))]
                return [_report(address, area) for address in dict.fromkeys(chosen)]
    return []


def _report(address: str, text: str) -> Report:
    """A report with the status that stands near the address."""
    place = text.lower().find(address.lower())
    near = text[max(0, place) : max(0, place) + 600]
    status = _status(near) or _status(text)
    code = _REPLY.search(near)
    line = next((line.strip() for line in near.split("\n")[1:6] if _REPLY.search(line) or _STATUS.search(line)), "")
    late = code[1].startswith("4") if code is not None else _LATE.search(text[:4000]) is not None
    permanent = not (status.startswith("4") or (not status and late))
    return Report(address, status, permanent, clean(line, 500))


def _from_returned(parts: Iterable[tuple[str, bytes]], text: str) -> Iterator[Report]:
    """The one recipient of the returned mail, where the report itself names nobody."""
    for kind, data in parts:
        if kind in ("message/rfc822", "text/rfc822-headers"):
            block = data[:_MAX_TEXT].lstrip().replace(b"\r\n", b"\n").split(b"\n\n")[0]
            boxes, _ = addresses.parse(Headers(block, 4096).raw("to"))
            if len(boxes) == 1 and boxes[0].address:
                yield _report(boxes[0].address, text)
            return


def _from_flufl(raw: bytes, sender: str) -> Iterator[Report]:
    """Forty more forms, known to flufl.bounce; it stumbles over a From that is empty or not ASCII."""
    boxes, _ = addresses.parse(sender)
    if not boxes or not sender.isascii():
        return
    import email

    from flufl.bounce import scan_message

    try:
        found = sorted(scan_message(email.message_from_bytes(raw[:_MAX_STATUS])))
    except Exception:  # any fault of the library means only that it knows no better
        return
    for item in found:
        if fine := addresses.one(item.decode("ascii", "replace") if isinstance(item, bytes) else str(item)):
            yield Report(fine)
