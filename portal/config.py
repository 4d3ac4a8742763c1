"""What the portal is handed at start: everything it needs to know, and nothing it reads by itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from desk.acting.rules import Desk, Rules
from desk.keys import Keys
from desk.language import Languages
from desk.levels import Levels
from desk.passwords import Profile
from desk.sessions import Lifetimes
from desk.two_step import Policy
from portal.guide import Guide
from portal.mail_reader import MailReader
from portal.metrics import Metrics
from portal.watching import Access
from store.blobs import BlobStore
from store.database import Database


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class PortalConfig:
    """The portal's settings and the objects it works with."""

    database: Database
    blobs: BlobStore
    keys: Keys
    templates: Path  # the folder templates/pages
    base_url: str
    desk_name: str
    desk_address: str
    desk_phone: str = ""
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    hosts: tuple[str, ...] = ()  # answered to besides the host of base_url and this machine's loopback names
    trusted_proxies: tuple[str, ...] = ()  # addresses or networks
    lifetimes: Lifetimes = field(default_factory=Lifetimes)
    two_step: Policy = "optional"  # who may, or must, sign in with a code too
    levels: Levels = field(default_factory=Levels)
    rules: Rules = field(default_factory=Rules)  # by which visitors act
    languages: Languages = field(default_factory=Languages)
    password_profile: Profile = "modern"
    tells_of_passwords: bool = True  # a changed password is told to its owner by mail
    guide: Callable[[], Guide] = Guide  # what people can do by mail
    version: str = ""
    mail: MailReader | None = None  # reads received mails anew for staff; None where nobody can
    mailboxes: Mapping[str, timedelta] = field(default_factory=dict)  # each, and when it counts as silent
    even_seconds: float = 0.25  # that the answer takes where its time could tell whether an address is known
    status_seconds: float = 1.0  # the status page is computed this often at most
    ready: Callable[[], Mapping[str, str]] = dict  # what keeps this process from its work, by part; "" for nothing
    api_per_minute: int = 300  # requests with one token
    metrics: Metrics | None = None  # None where nobody is to see the figures
    metrics_access: Access = field(default_factory=Access)
    clock: Callable[[], datetime] = _utc_now

    @property
    def acting(self) -> Desk:
        """What acts of visitors work on (desk/acting)."""
        return Desk(self.database, self.blobs, self.rules)

    @property
    def root(self) -> str:
        """What every path begins with: the path of base_url, "" for most."""
        return urlsplit(self.base_url).path.rstrip("/")

    @property
    def origin(self) -> str:
        """base_url as the Origin header says it (RFC 6454 section 7)."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}".lower()

    @property
    def secure(self) -> bool:
        """True behind TLS: cookies are __Host- and Secure, and browsers are told to come back by TLS."""
        return urlsplit(self.base_url).scheme == "https"

    @property
    def may_sign_in(self) -> bool:
        """Passwords travel over TLS, or inside this machine; anything else has the status page only."""
        return self.secure or is_loopback(urlsplit(self.base_url).hostname or "")


def is_loopback(host: str) -> bool:
    """True for names and addresses that never leave this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
