"""Where a mailbox is, how to get in, and how much to take at once."""

import base64
from dataclasses import dataclass, field
from typing import Literal

from gateway.loopback import is_loopback


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
        if self.tls == "none" and not is_loopback(self.host):
            raise ValueError(f"mailbox {self.name}: a password in clear text (tls = none) goes to this machine only")
        if self.folder in (self.processed, self.refused):
            raise ValueError(f"mailbox {self.name}: folder {self.folder!r} cannot be source and target at once")

    @property
    def secrets(self) -> tuple[str, ...]:
        """The password in each form in which a server hears it, and may repeat it: nobody is to read any of them."""
        if not self.password:
            return ()
        raw = self.password.encode()
        whole = base64.b64encode(f"\0{self.user}\0{self.password}".encode()).decode()  # AUTHENTICATE PLAIN (RFC 4616)
        # The last but one is how bytes are written in the words of an exception.
        return whole, base64.b64encode(raw).decode(), repr(raw)[2:-1], self.password
