"""What travels through the mail path: frozen values, made once and handed on."""

from dataclasses import dataclass, field
from datetime import date as Day  # the field "date" below would hide the name
from datetime import datetime
from typing import Literal

Automatic = Literal[
    "auto-reply", "bulk", "list", "delivery-report", "feedback-report", "read-receipt", "calendar-answer"
]
Source = Literal["smtp", "lmtp", "imap", "pipe", "file"]


@dataclass(frozen=True, slots=True)
class Envelope:
    """The SMTP envelope (RFC 5321 section 2.3.1) and where the mail came in."""

    reverse_path: str  # "" is the null reverse path <>
    recipients: tuple[str, ...]
    source: Source
    peer: str = ""  # address of the client, or name of the mailbox or file
    helo: str = ""
    received_at: datetime | None = None  # aware; None means now


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A display name and an addr-spec (RFC 5322 section 3.4), both decoded and cleaned of control characters."""

    name: str
    address: str  # "" when the field held none; domain in lower case, local part as written

    @property
    def key(self) -> str:
        """The form under which people are looked up: all in lower case."""
        return self.address.lower()


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file of a mail. `data` is decoded; `name` is safe for every file system."""

    name: str
    original_name: str  # as the sender named it, cleaned for display only
    declared_type: str  # the Content-Type of the part
    type: str  # by content where it can be told, else the declared one
    data: bytes
    inline: bool = False
    content_id: str = ""  # without < >

    @property
    def size(self) -> int:
        """Decoded size in bytes."""
        return len(self.data)


@dataclass(frozen=True, slots=True)
class Report:
    """One recipient's line of a delivery report (RFC 3464 section 2.3)."""

    address: str
    status: str = ""  # enhanced status code, "5.1.1"
    permanent: bool = True
    diagnostic: str = ""
    given_up: bool = False  # not tried any more, although the fault itself may pass: "4.4.7 expired" (Action: failed)
    other_names: tuple[str, ...] = ()  # of this recipient: as the sender wrote it, behind an alias or forwarding rule


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A mail that somebody passed on: who wrote it first. What it says of its sender is proven by nothing."""

    sender: Mailbox
    subject: str
    date: str  # as written
    attached: bool  # whole, as message/rfc822; else quoted in the text
    message_id: str = ""  # of an attached one
    text: str = ""  # what it says; of an attached one the new text
    above: str = ""  # of one that is quoted: the words of whoever passed it on
    quoted: str = ""  # and all below them, with the header that the program wrote


@dataclass(frozen=True, slots=True)
class Message:
    """A mail as read: the parts of it that Postdesk decides by, all bounded and cleaned."""

    subject: str
    sender: Mailbox  # From; empty address when there was none, or more than one
    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    reply_to: tuple[Mailbox, ...] = ()
    date: datetime | None = None
    message_id: str = ""  # with < >
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()  # oldest first, as in the header
    delivered_to: tuple[str, ...] = ()  # Delivered-To, X-Original-To, Envelope-To
    authentication_results: tuple[str, ...] = ()  # topmost first, unread
    text: str = ""  # the whole text
    reply: str = ""  # the new text of a reply: quotes and signature folded away
    answers: bool = False  # by its threading fields or its subject: what it quotes is known here
    foreign: bool = False  # the text is that of an attached mail, and no word of the sender's: never read for commands
    invitation: str = ""  # when, where and who of a calendar part, in words
    remark: str = ""  # a sentence for people: the content is encrypted
    html: str = ""  # sanitised; "" when there was none
    attachments: tuple[Attachment, ...] = ()
    file_texts: tuple[tuple[str, bytes], ...] = ()  # names and beginnings of attached texts and mails
    forwarded: Forwarded | None = None
    automatic: Automatic | None = None  # what the mail looks like
    certain: bool = True  # False: `automatic` rests on words alone, which a person may write as well
    return_date: Day | None = None  # of an out-of-office answer
    reports: tuple[Report, ...] = ()  # of a delivery report
    reported_ids: tuple[str, ...] = ()  # Message-IDs of the mail that a report is about
    instances: tuple[str, ...] = ()  # X-Postdesk-Instance header values: our own mail coming back
    hops: int = 0  # Received headers
    language: str = ""  # Content-Language or ""
    defects: tuple[str, ...] = ()  # in words, for people
    over_limit: str = ""  # the limit that was passed, in words: the mail is held
    extra: dict[str, str] = field(default_factory=dict)  # spam verdict header and the like
    body_digest: bytes = b""  # BLAKE2b-256 of the body with line ends normalised
    shown_sender: Mailbox = Mailbox("", "")  # whom to name to people; gives no rights and may not even be an address

    @property
    def machine(self) -> Automatic | None:
        """`automatic` where it is beyond doubt: only such a mail may go unanswered, be held or be ignored for it."""
        return self.automatic if self.certain else None
