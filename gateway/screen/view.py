"""What the screening rules see of a mail."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from gateway.headers import Headers
from gateway.params import ContentType

# What mail programs put before the subject of an answer or of a mail passed on.
_ANSWERED = re.compile(
    r"\s*(?:re|aw|antw?|sv|vs|odp|rif|r|res|ref|回复|回覆|答复|返信|fwd?|wg|tr|rv|enc|i|pd|doorst|vb|vl|转发|轉寄)"
    r"\s?(?:\[\d{1,3}\]|\(\d{1,3}\))?\s?[:：]",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class View:
    """Header fields, the types of the parts, and the beginning of the text if a rule asks for it."""

    headers: Headers
    type: ContentType
    part_types: frozenset[str]
    subject: str
    sender: str  # address in From in lower case, or the name when there is no address
    reverse_path: str | None  # of the envelope; None when it is not known
    read_text: Callable[[], str]

    @cached_property
    def text(self) -> str:
        """The first 4,000 characters of the text."""
        return self.read_text()[:4000]

    @cached_property
    def null_sender(self) -> bool:
        """True for the null reverse path (RFC 5321 section 4.5.5), by envelope or by Return-Path."""
        if self.reverse_path is not None:
            return self.reverse_path.strip("<> ") == ""
        path = self.headers.raw("return-path").strip()
        # Some servers write their own address for it.
        return bool(path) and path.strip("<> \t").lower().partition("@")[0] in ("", "mailer-daemon")

    @cached_property
    def local_part(self) -> str:
        """The local part of the sender."""
        return re.split(r"[@\\]", self.sender, maxsplit=1)[0]

    @cached_property
    def sender_name(self) -> str:
        """The name in From, in lower case: before the address, or in brackets behind it as it was done once."""
        shown = self.headers.text("from")[:300]
        name, bracket, _ = shown.partition("<")
        if not bracket and "(" in shown:
            name = shown.partition("(")[2].rpartition(")")[0]
        return name.strip(" \t\"'").lower()

    @cached_property
    def answered(self) -> bool:
        """True when the subject says that this is an answer, or a mail passed on."""
        return _ANSWERED.match(self.subject) is not None

    @cached_property
    def report_type(self) -> str:
        """The report-type of a multipart/report (RFC 6522) in lower case, or ""."""
        return self.type.params.get("report-type", "").strip().lower()

    @cached_property
    def by_machine(self) -> bool:
        """True when a header field or the null reverse path says that no person sent it (RFC 3834 section 5)."""
        submitted = self.headers.token("auto-submitted")
        return (self.null_sender and submitted != "auto-forwarded") or submitted.startswith(
            ("auto-generated", "auto-replied", "auto-notified")
        )
