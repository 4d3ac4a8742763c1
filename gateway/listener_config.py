"""What a listener is told: where to listen, what to announce, and every bound it keeps."""

import ssl
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal


class Verdict(Enum):
    """What `knows` says about a recipient; the value is the reply to RCPT."""

    ACCEPT = "250 2.1.5 Recipient taken"
    UNKNOWN = "550 5.1.1 No such address here"
    BAD = "501 5.1.3 The address is not a mail address"


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of a session; all times in seconds."""

    connections: int = 200
    per_address: int = 20  # connections; an IPv6 /64 counts as one address
    recipients: int = 100  # RFC 5321 section 4.5.3.1.8 asks for no fewer
    commands: int = 300  # since the last mail that was kept: a relay may send mails on one connection for ever
    mistakes: int = 10  # commands that do not exist or cannot be read
    command_length: int = 4096  # RFC 5321 asks for 512, extensions for a little more
    min_rate: int = 500  # bytes/s within DATA, on average, once `grace` is over
    grace: float = 10.0
    idle: float = 300.0  # RFC 5321 section 4.5.3.2.7: at least five minutes
    session: float = 1800.0
    in_memory: int = 256 * 1024  # a mail above this goes to the blob store as it comes
    flood: int = 4  # a client that sends this many times max_size is cut off


@dataclass(frozen=True, slots=True)
class ListenerConfig:
    """One listener. `host` "" means every address, IPv4 and IPv6; port 0 means any free one."""

    host: str
    port: int
    protocol: Literal["smtp", "lmtp"]
    hostname: str
    max_size: int = 25 * 1024 * 1024  # bytes of one mail, announced as SIZE (RFC 1870)
    limits: Limits = field(default_factory=Limits)
    tls: ssl.SSLContext | None = None
    normalise_line_ends: bool = False  # turn bare CR and LF into CRLF instead of refusing the mail
