"""One signed-in visit to a mailbox: list, fetch and move mails by UID."""

import contextlib
import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

from gateway.imap_wire import CONTROL_BYTES, BoundedClient

LISTED = 100_000  # mails looked at in one visit; the rest waits for the next
WINDOW = 5_000  # mails asked for in one SEARCH: all of a big mailbox in one answer is a line of megabytes


@dataclass(frozen=True, slots=True)
class MailboxConfig:
    """Where a mailbox is, how to get in, and how much to take at once. Sizes in bytes, times in seconds."""

    name: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    tls: Literal["tls", "starttls", "none"] = "tls"
    folder: str = "INBOX"
    processed: str = "Processed"
    refused: str = "Refused"
    batch: int = 50
    batch_bytes: int = 16 << 20
    poll_seconds: float = 60.0
    timeout: float = 30.0  # for one answer of the server
    batch_timeout: float = 300.0  # for one batch, however steadily it drips in
    commit_timeout: float = 60.0  # for the store to keep one batch
    max_size: int = 25 << 20

    def __post_init__(self) -> None:
        if self.tls == "none" and not _loopback(self.host):
            raise ValueError(f"mailbox {self.name}: a password in clear text (tls = none) goes to this machine only")
        if self.folder in (self.processed, self.refused):
            raise ValueError(f"mailbox {self.name}: folder {self.folder!r} cannot be source and target at once")


class ImapSession:
    """A context manager; every command it sends has a deadline and a bound."""

    def __init__(self, config: MailboxConfig, context: ssl.SSLContext | None = None) -> None:
        self.config = config
        self.uid_validity = 0
        self._context = context or ssl.create_default_context()
        self._exists = 0
        self._folders: dict[str, str] = {}

    def __enter__(self) -> Self:
        config = self.config
        first = self._context if config.tls == "tls" else None
        self._client = BoundedClient(config.host, config.port, config.timeout, first)
        try:
            if config.tls == "starttls":
                self._client.starttls(self._context)  # raises where it is not offered: never go on in clear text
            self._sign_in()
            self._select()
        except BaseException:
            self._drop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None:
            self._drop()  # in the middle of an answer there is nobody to say goodbye to
            return
        try:
            self._step()
            self._client.logout()
        except Exception:
            # All is done by now: a server that hangs up without BYE has lost nothing.
            self._drop()

    def uids(self) -> list[int]:
        """The UIDs of the mails in the folder, whatever their flags; the oldest first."""
        found: set[int] = set()
        last = min(self._exists, LISTED)
        for first in range(1, last + 1, WINDOW):
            self._step()
            found.update(self._client.search(f"{first}:{min(first + WINDOW - 1, last)}"))
        return sorted(found)

    def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """RFC822.SIZE of each mail that is still there. Some servers only estimate it."""
        self._step()
        found = self._client.fetch(uids, ["RFC822.SIZE"])
        sizes = {uid: item.get(b"RFC822.SIZE") for uid, item in found.items()}
        return {uid: size for uid, size in sizes.items() if isinstance(size, int)}

    def fetch(self, uids: Sequence[int], expected: int) -> dict[int, bytes]:
        """The mails, unread flags untouched; OverBudget when they are far bigger than `expected` bytes."""
        self._client.allow(self.config.batch_timeout, 2 * expected + CONTROL_BYTES)
        found = self._client.fetch(uids, ["BODY.PEEK[]"])
        mails = {uid: item.get(b"BODY[]") for uid, item in found.items()}
        return {uid: raw for uid, raw in mails.items() if isinstance(raw, bytes)}

    def move(self, uids: Sequence[int], folder: str) -> None:
        """Move mails into a folder, which is made when missing."""
        target = self._target(folder)
        self._step()
        if self._client.has_capability("MOVE"):
            self._client.move(uids, target)
            return
        self._client.copy(uids, target)
        self._client.add_flags(uids, [b"\\Deleted"], silent=True)
        if self._client.has_capability("UIDPLUS"):
            self._client.uid_expunge(uids)
        else:
            self._expunge_only(uids)

    def _expunge_only(self, uids: Sequence[int]) -> None:
        """Plain EXPUNGE removes all that is marked: take the mark off mails we have not kept while it runs."""
        others = sorted(set(self._client.search("DELETED")) - set(uids))
        if others:
            self._client.remove_flags(others, [b"\\Deleted"], silent=True)
        self._client.expunge()
        if others:
            self._client.add_flags(others, [b"\\Deleted"], silent=True)

    def _sign_in(self) -> None:
        self._step()
        if self._client.has_capability("AUTH=PLAIN"):
            # LOGIN cannot carry every user name, and nothing outside of ASCII.
            self._client.plain_login(self.config.user, self.config.password)
        else:
            self._client.login(self.config.user, self.config.password)

    def _select(self) -> None:
        self._step()
        answer = self._client.select_folder(self._find(self.config.folder) or self.config.folder)
        self._exists = int(answer[b"EXISTS"])
        self.uid_validity = int(answer.get(b"UIDVALIDITY", 0))

    def _target(self, name: str) -> str:
        if name not in self._folders:
            found = self._find(name)
            if found is None:
                found = self._prefix() + name
                self._client.create_folder(found)
                self._client.subscribe_folder(found)
            self._folders[name] = found
        return self._folders[name]

    def _find(self, name: str) -> str | None:
        """The full name of a folder: Courier, Cyrus and many Dovecots keep all folders below "INBOX."."""
        self._step()
        if name.upper() == "INBOX":
            return name
        names = [name, self._prefix() + name]
        return next((full for full in names if self._client.folder_exists(full)), None)

    def _prefix(self) -> str:
        """The prefix of the personal namespace (RFC 2342)."""
        if not self._client.has_capability("NAMESPACE"):
            return ""
        personal = self._client.namespace().personal
        return str(personal[0][0]) if personal else ""

    def _step(self) -> None:
        self._client.allow(2 * self.config.timeout)

    def _drop(self) -> None:
        with contextlib.suppress(OSError):
            self._client.shutdown()


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
