"""The error tree: what can go wrong with a mail, and how each fault is told to the outside.

Error
├── Temporary                try again later; nothing was taken over
│   ├── StorageFailed        disk, database or blob store did not keep the mail
│   ├── StorageFull          free space is below the reserve
│   └── ShuttingDown         this process is ending
└── Permanent                trying again will not help
    ├── UnknownRecipient     no such desk address here
    ├── BadAddress           an address that is not one
    ├── TooLarge             above the announced SIZE
    └── BadContent           bare CR or LF in the mail
"""

from typing import ClassVar


class Error(Exception):
    """Base of all mail errors. `reply` is the SMTP reply, `exit_code` one of sysexits.h.

    The text of `reply` is public: it never holds a path, a statement or a person's words.
    """

    reply: ClassVar[str] = "451 4.3.0 Temporary failure, try again later"
    exit_code: ClassVar[int] = 75  # EX_TEMPFAIL

    @property
    def temporary(self) -> bool:
        """True when the same mail may be accepted later (RFC 5321 section 4.2.1)."""
        return self.reply.startswith("4")


class Temporary(Error):
    """Try again later; nothing was taken over."""


class StorageFailed(Temporary):
    """The mail could not be made durable."""

    reply = "451 4.3.0 The mail could not be stored, try again later"


class StorageFull(Temporary):
    """Free space is below the reserve."""

    reply = "452 4.3.1 Not enough room to store the mail, try again later"


class ShuttingDown(Temporary):
    """This process is ending; another one will answer."""

    reply = "421 4.3.2 The service is restarting, try again later"


class Permanent(Error):
    """Trying again will not help."""

    reply = "554 5.0.0 The mail was not accepted"
    exit_code = 65  # EX_DATAERR


class UnknownRecipient(Permanent):
    """No such desk address here."""

    reply = "550 5.1.1 No such address here"
    exit_code = 67  # EX_NOUSER


class BadAddress(Permanent):
    """An address that is not one."""

    reply = "501 5.1.3 The address is not a mail address"


class TooLarge(Permanent):
    """Above the announced SIZE (RFC 1870)."""

    reply = "552 5.3.4 The mail is larger than this server takes"


class BadContent(Permanent):
    """Bare CR or LF in the mail: the usual carrier of smuggled messages (RFC 5321 section 2.3.8)."""

    reply = "550 5.6.11 Lines must end in CRLF; bare CR or LF found"
