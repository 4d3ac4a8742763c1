"""The sections of the settings about mail that comes in: listeners, mailboxes, what is taken, who sent it."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr

from gateway.loopback import is_loopback
from postdesk.settings_kinds import Address, Network, Port, Positive, Section, Server
from postdesk.settings_oauth import OAuth


class Smtp(Section):
    """[smtp]"""

    enabled: bool
    host: str
    port: Port
    hostname: str
    tls_certificate: str
    tls_key: str
    max_connections: Positive
    max_connections_per_address: Positive
    mend_line_ends: bool


class Lmtp(Section):
    """[lmtp]"""

    enabled: bool
    host: str
    port: Port
    max_connections: Positive


class Mailbox(OAuth):
    """[[mailbox]]"""

    name: str = Field(min_length=1, max_length=60)
    host: str = Field(min_length=1)
    port: Port = 993
    tls: Literal["tls", "starttls", "none"] = "tls"
    user: str
    password: SecretStr = SecretStr("")
    password_file: str = ""
    folder: str = "INBOX"
    processed: str = "Processed"
    refused: str = "Refused"
    start: Literal["all", "now"] = "all"
    idle_minutes: Annotated[float, Field(ge=0, le=28)] = 5
    poll_seconds: Annotated[float, Field(gt=0)] = 30
    silent_minutes: Annotated[float, Field(ge=1, le=1440)] = 15
    batch: Annotated[int, Field(ge=1, le=500)] = 50

    def faults(self, place: str) -> list[str]:
        """Faults that only show when its settings are seen together."""
        found = self.oauth_faults(place)
        if self.tls == "none" and not is_loopback(self.host):
            found.append(f'{place}.tls: "none" is allowed only to this machine; use "tls"')
        if self.silent_minutes * 60 <= max(self.idle_minutes * 60, self.poll_seconds):
            found.append(f"{place}.silent_minutes: must be more than idle_minutes, and than poll_seconds")
        if self.folder in (self.processed, self.refused):
            found.append(f"{place}.folder: must be another one than processed and refused")
        return found


class Mail(Section):
    """[mail]"""

    max_mb: Annotated[float, Field(gt=0, le=200)]
    max_attachment_mb: Annotated[float, Field(gt=0, le=200)]
    max_attachments: Positive
    blocked_extensions: tuple[str, ...]
    sub_address: Literal["plus", "dash"]
    reopen_days: Annotated[int, Field(ge=0)]


class Sender(Section):
    """[sender]"""

    verify: bool
    relays: tuple[Network, ...]
    trusted_authserv_ids: tuple[str, ...]
    arc_sealers: tuple[str, ...]
    form_relays: tuple[Address, ...]
    dns_servers: tuple[Server, ...]
    dns_seconds: Annotated[float, Field(gt=0, le=60)]
