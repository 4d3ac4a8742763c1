"""Where a mailbox is, how to get in, and how much to take at once."""

import ipaddress
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class MailboxConfig:
    """Sizes in bytes, times in seconds."""

    name: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    tls: Literal["tls", "starttls", "none"] = "tls"
    folder: str = "INBOX"
    processed: str = "Processed"
    refused: str = "Refused"
    start: Literal["all", "now"] = "all"  # which mails the first visit takes: those that are there, or later ones
    batch: int = 50
    batch_bytes: int = 16 << 20
    poll_seconds: float = 60.0
    idle_seconds: float = 300.0  # the longest wait in IDLE before it is looked in any case; 0: never IDLE
    timeout: float = 30.0  # for one answer of the server
    batch_timeout: float = 300.0  # for one batch, however steadily it drips in
    commit_timeout: float = 60.0  # for the store to keep one batch
    max_size: int = 25 << 20

    def __post_init__(self) -> None:
        if self.tls == "none" and not _loopback(self.host):
            raise ValueError(f"mailbox {self.name}: a password in clear text (tls = none) goes to this machine only")
        if self.folder in (self.processed, self.refused):
            raise ValueError(f"mailbox {self.name}: folder {self.folder!r} cannot be source and target at once")


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
