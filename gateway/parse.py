"""Raw bytes to a Message: never fails, takes linear time and bounded memory, and loses nothing."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import mktime_tz, parsedate_tz

from gateway import addresses, body, bounce, charset, forwarded, screen, subject
from gateway.away import return_date
from gateway.envelope import Attachment, Mailbox, Message
from gateway.headers import MAX_TEXT, Headers, clean, decode, message_id, message_ids, unfold
from gateway.mime import Limits, Part, Splitter
from gateway.quoting import quotes
from gateway.screen import auto_reply, delivery_report

__all__ = ["Limits", "read"]

_MAX_REFERENCES = 50  # the newest
_MAX_DEFECTS = 30
_REPORTS = ("delivery-report", "feedback-report")
_IN_DOUBT = {"delivery-report": delivery_report.certain, "auto-reply": auto_reply.certain}
_MAX_FILE_TEXTS, _MAX_FILE_TEXT = 20, 256 * 1024  # bytes of each
_CHUNK = 1 << 16
_WHITE = b" \t\r\n\x0b\x0c"
_DELIVERED = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to")
_EXTRA = (
    "x-spam-flag",
    "x-spam-status",
    "x-spam-level",
    "x-spam-score",
    "x-spam",
    "x-rspamd-action",
    "x-rspamd-score",
    "x-ms-exchange-organization-scl",
    "return-path",
    "list-id",
    "auto-submitted",
    "x-auto-response-suppress",
    "sender",
    "importance",
    "x-priority",
    "x-loop",
    "x-postdesk-canary",
)


def read(raw: bytes, limits: Limits = Limits(), reverse_path: str | None = None) -> Message:  # noqa: B008  frozen
    """A mail as read. `reverse_path` is the envelope's, "" for the null one, None when there is none to know."""
    try:
        return read_or_raise(raw, limits, reverse_path)
    except Exception as fault:  # whatever a mail does to us, it is held for a person with its bytes whole
        reason = f"the mail could not be read ({type(fault).__name__})"
        whole = Attachment("mail.eml", "", "message/rfc822", "message/rfc822", raw)
        return Message(
            "", Mailbox("", ""), attachments=(whole,), defects=(reason,), over_limit=reason, body_digest=_digest(raw, 0)
        )


def head(raw: bytes, limits: Limits = Limits()) -> Message:  # noqa: B008
    """What the header fields alone tell, and the digest of all below: quick, and enough to know the mail again."""
    source = _with_line_ends(raw)
    root = Splitter(source.removeprefix(b"\xef\xbb\xbf"), replace(limits, max_depth=0)).split()
    return replace(_from_fields(root.headers, []), body_digest=_digest(source, root.body))


def read_or_raise(raw: bytes, limits: Limits = Limits(), reverse_path: str | None = None) -> Message:  # noqa: B008
    """As `read`, but a fault of ours comes out as it is: for the fuzzer."""
    source = _with_line_ends(raw)
    splitter = Splitter(source.removeprefix(b"\xef\xbb\xbf"), limits)  # an editor's mark before the first field
    root = splitter.split()
    headers, defects = root.headers, splitter.defects
    content = body.Reader(limits, defects, headers.charset_hint()).read(root)
    mail = _from_fields(headers, defects)
    view = _view(root, mail, headers, reverse_path, content)
    automatic = screen.classify(view)
    own_text = "" if content.foreign else content.text
    folded = quotes.fold(own_text)
    parts = [(item.declared_type, item.data) for item in content.attachments] if automatic else []
    return replace(
        mail,
        text=content.text,
        reply=folded.reply,
        answers=bool(mail.in_reply_to or mail.references or subject.is_answer(mail.subject))
        and not subject.is_forward(mail.subject),
        foreign=content.foreign,
        invitation=content.invitation,
        remark=content.remark,
        html=content.html,
        attachments=content.attachments,
        file_texts=_file_texts(content.attachments),
        forwarded=None
        if automatic
        else forwarded.find(mail.subject, own_text, content.attachments, limits, begins=folded.forwards),
        automatic=automatic,
        certain=automatic not in _IN_DOUBT or _IN_DOUBT[automatic](view),
        return_date=return_date(mail.subject, content.text, mail.date) if automatic == "auto-reply" else None,
        reports=bounce.reports(parts, headers, content.text, source) if automatic == "delivery-report" else (),
        reported_ids=bounce.reported_ids(parts, content.text) if automatic in _REPORTS else (),
        defects=tuple(dict.fromkeys(defects))[:_MAX_DEFECTS],
        over_limit=splitter.over_limit,
        body_digest=_digest(source, root.body),
    )


def _with_line_ends(raw: bytes) -> bytes:
    if b"\n" not in raw[:65_536] and b"\r" in raw[:65_536]:  # the line ends of an old Macintosh
        return raw.replace(b"\r", b"\n")
    return raw


def _from_fields(headers: Headers, defects: list[str]) -> Message:
    """What the header fields alone tell."""
    _missing(headers, defects)
    sender = _sender(headers, defects)
    return Message(
        subject=_subject(headers, defects),
        sender=sender,
        shown_sender=sender if sender.address else _shown_sender(headers),
        to=_mailboxes(headers, "to", defects),
        cc=_mailboxes(headers, "cc", defects),
        reply_to=_mailboxes(headers, "reply-to", defects),
        date=_date(headers.raw("date"), defects),
        message_id=message_id(headers),
        in_reply_to=message_ids(unfold(headers.raw("in-reply-to")))[:10],
        references=message_ids(headers.raw("references"))[-_MAX_REFERENCES:],
        delivered_to=_delivered_to(headers),
        authentication_results=tuple(
            clean(unfold(value), 4000) for value in headers.all("authentication-results")[:20]
        ),
        instances=tuple(clean(value, 200) for value in headers.all("x-postdesk-instance")[:20]),
        hops=len(headers.all("received")),
        language=clean(headers.raw("content-language")[:100], 35).split(",")[0],
        extra={name: headers.text(name) for name in _EXTRA if name in headers},
    )


def _subject(headers: Headers, defects: list[str]) -> str:
    """The subject; in UTF-7 where the mail says that all of it is (RFC 2152): no address may hide in this field."""
    text = headers.text("subject")
    raw = headers.raw("subject")
    if len(raw) > MAX_TEXT and len(decode(raw, 2 * MAX_TEXT)) > MAX_TEXT:
        defects.append(f"a Subject of more than {MAX_TEXT} characters: cut")
    if "+" in text and "utf-7" in headers.raw("content-type")[:1000].lower():
        return clean(charset.decode(text.encode("ascii", "replace"), "utf-7"))
    return text


def _view(root: Part, mail: Message, headers: Headers, reverse_path: str | None, content: body.Content) -> screen.View:
    """What screening decides by."""
    kinds = set()
    for part in root.walk():
        kinds.add(part.type.full)
        if part.type.full == "text/calendar":
            kinds.add(f"text/calendar; method={part.type.params.get('method', '').lower()}")
    sender = mail.sender.key or mail.sender.name.lower()

    def words() -> str:
        return "" if content.foreign else content.text

    return screen.View(headers, root.type, frozenset(kinds), mail.subject, sender, reverse_path, words)


def _sender(headers: Headers, defects: list[str]) -> Mailbox:
    """The one mailbox of the one From field; more of either belong to nobody (RFC 5322 section 3.6)."""
    fields = list(
        dict.fromkeys(value.strip(" \t\n") for value in headers.all("from"))
    )  # the very same twice says nothing new
    if len(fields) != 1:
        if fields:
            defects.append("more than one From field")
        return Mailbox("", "")
    boxes, faults = addresses.parse(fields[0])
    defects.extend(f"From: {fault}" for fault in faults)
    if len(boxes) == 1:
        if not boxes[0].address:
            defects.append("no address in From")
        return boxes[0]
    if boxes:
        defects.append("more than one mailbox in From")
    return Mailbox("", "")


def _shown_sender(headers: Headers) -> Mailbox:
    """Whom to name where From names nobody, or more than one: for the eyes of the person who decides."""
    shown = addresses.shown(headers.all("from")[:20])
    if shown.address:
        return shown
    answer = addresses.shown(headers.all("sender")[:1] + headers.all("reply-to")[:1])
    return Mailbox(shown.name or answer.name, answer.address)


def _mailboxes(headers: Headers, name: str, defects: list[str]) -> tuple[Mailbox, ...]:
    found: list[Mailbox] = []
    for value in headers.all(name)[:20]:
        boxes, _ = addresses.parse(value)
        found.extend(box for box in boxes if box.address)
        if len(found) >= addresses.MAX_MAILBOXES:
            defects.append(f"too many addresses in {name.title()}: the first {addresses.MAX_MAILBOXES} count")
            break
    return tuple(found[: addresses.MAX_MAILBOXES])


def _delivered_to(headers: Headers) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for name in _DELIVERED:
        for value in headers.all(name)[:20]:
            if address := addresses.one(unfold(value)[:400].strip("<> \t")):
                found[address] = None
    return tuple(found)


def _date(value: str, defects: list[str]) -> datetime | None:
    """The Date field in UTC, or None when no day of the calendar is meant."""
    if not value:
        return None
    try:
        parsed = parsedate_tz(unfold(value[:120]))
        if parsed is not None:
            return datetime.fromtimestamp(mktime_tz(parsed), UTC)
    except (ValueError, OverflowError, TypeError, IndexError, OSError):
        pass  # parsedate_tz itself raises on some of the worst: the same as unreadable
    defects.append("unreadable Date")
    return None


def _missing(headers: Headers, defects: list[str]) -> None:
    """What every mail ought to have (RFC 5322 section 3.6)."""
    if not len(headers):
        return
    defects.extend(f"no {name.title()} field" for name in ("from", "date") if name not in headers)
    if "message-id" not in headers:
        defects.append("no Message-ID")


def _file_texts(files: tuple[Attachment, ...]) -> tuple[tuple[str, bytes], ...]:
    """What attached texts and mails say, for rules that ask whose words they are."""
    texts = [file for file in files if file.declared_type.startswith(("text/", "message/")) or file.type == "text/html"]
    return tuple((file.name, file.data[:_MAX_FILE_TEXT]) for file in texts[:_MAX_FILE_TEXTS])


def _digest(raw: bytes, start: int) -> bytes:
    """BLAKE2b-256 of the body with line ends as LF and without white space at its end: relays change both."""
    end = len(raw)
    while end > start and raw[end - 1] in _WHITE:
        end -= 1
    digest = hashlib.blake2b(digest_size=32)
    while start < end:
        stop = min(start + _CHUNK, end)
        if raw[stop - 1 : stop + 1] == b"\r\n" and stop < end:
            stop += 1
        chunk = raw[start:stop]
        lines = chunk.replace(b"\r", b"")
        if len(chunk) - len(lines) != chunk.count(b"\r\n"):  # a CR that stands alone ends a line as well
            lines = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        digest.update(lines)
        start = stop
    return digest.digest()
