"""The shape of the settings: every section, every key, what each may be. Defaults stand in config/default.toml."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr
from sqlalchemy.engine import make_url

from postdesk.settings_backup import Backup
from postdesk.settings_canary import Canary
from postdesk.settings_desk import Credentials, Letters, People, Reminders, Retention, Tickets
from postdesk.settings_dkim import Dkim
from postdesk.settings_hooks import Webhook, webhook_faults
from postdesk.settings_in import Lmtp, Mail, Mailbox, Sender, Smtp
from postdesk.settings_kinds import Address, BaseUrl, DatabaseUrl, Port, Positive, Section, TimeZone
from postdesk.settings_out import Delivery, NamedRelay, Relay, relay_faults
from postdesk.settings_store import Blobs
from postdesk.settings_watch import Health, Metrics


class DeskAddress(Section):
    """One address that people write to."""

    address: Address
    team: str = "Service Desk"
    type: str = "Query"


class Link(Section):
    """A page that helps."""

    name: str = Field(min_length=1, max_length=60)
    url: BaseUrl


class Desk(Section):
    """[desk]"""

    name: str = Field(min_length=1, max_length=100)
    base_url: BaseUrl
    time_zone: TimeZone
    language: str = Field(min_length=2, max_length=20)
    phone: str
    links: tuple[Link, ...]
    addresses: tuple[DeskAddress, ...]


class DatabaseSettings(Section):
    """[database]"""

    url: DatabaseUrl
    password: SecretStr
    password_file: str
    auto_migrate: bool
    pool_size: Annotated[int, Field(ge=1, le=200)]
    reserve_file_mb: Annotated[int, Field(ge=0)]


class Secrets(Section):
    """[secrets]"""

    key_file: Path


class Caps(Section):
    """[caps]"""

    new_tickets_per_sender_2h: Positive
    automatic_letters_per_address_day: Positive
    receipts_per_ticket_day: Positive
    first_receipts_per_address_hour: Positive
    first_receipts_per_minute: Positive
    reopenings_per_ticket_day: Positive
    stranger_letters_per_reader_hour: Positive
    stranger_letter_minutes: Positive


class Work(Section):
    """[work]"""

    workers: Annotated[int, Field(ge=0, le=64)]
    batch: Annotated[int, Field(ge=1, le=500)]
    poll_seconds: Annotated[float, Field(gt=0, le=60)]
    max_attempts: Positive


class Portal(Section):
    """[portal]"""

    enabled: bool
    host: str
    port: Port
    hosts: tuple[str, ...]
    trusted_proxies: tuple[str, ...]
    customer_idle_hours: Annotated[float, Field(gt=0, le=720)]
    staff_idle_minutes: Annotated[float, Field(gt=0, le=1440)]
    two_step: Literal["off", "optional", "staff", "admins", "everybody"]


class Log(Section):
    """[log]"""

    level: Literal["debug", "info", "warning", "error"]
    format: Literal["text", "json"]


class Settings(Section):
    """All settings; frozen."""

    desk: Desk
    database: DatabaseSettings
    blobs: Blobs
    secrets: Secrets
    smtp: Smtp
    lmtp: Lmtp
    mailbox: tuple[Mailbox, ...] = ()
    mail: Mail
    sender: Sender
    tickets: Tickets
    people: People
    reminders: Reminders
    letters: Letters
    retention: Retention
    backup: Backup
    caps: Caps
    work: Work
    relay: Relay
    relays: tuple[NamedRelay, ...] = ()
    delivery: Delivery
    dkim: Dkim
    credentials: Credentials
    canary: Canary
    portal: Portal
    webhooks: tuple[Webhook, ...] = ()
    metrics: Metrics
    health: Health
    log: Log

    def at(self, home: Path) -> "Settings":
        """The same settings with every path made absolute."""
        url = make_url(self.database.url)
        if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).is_absolute():
            url = url.set(database=str(home / url.database))
        elif self.database.password.get_secret_value():
            url = url.set(password=self.database.password.get_secret_value())
        sections: dict[str, Any] = {
            "database": self.database.model_copy(update={"url": url.render_as_string(hide_password=False)}),
            "blobs": self.blobs.at(home),
            "secrets": self.secrets.model_copy(update={"key_file": home / self.secrets.key_file}),
            "relay": self.relay.model_copy(update={"folder": home / self.relay.folder}),
            "backup": self.backup.at_home(home),
            "dkim": self.dkim.model_copy(update={"folder": home / self.dkim.folder}),
        }
        return self.model_copy(update=sections)

    def conflicts(self) -> list[str]:
        """Faults that only show when settings are seen together."""
        faults = self.blobs.faults()
        if bool(self.smtp.tls_certificate) != bool(self.smtp.tls_key):
            faults.append("smtp.tls_certificate, smtp.tls_key: set both, or neither")
        faults += relay_faults(self.relay, self.relays)
        faults += webhook_faults(self.webhooks)
        for index, box in enumerate(self.mailbox):
            faults += box.faults(f"mailbox.{index}")
        if len({box.name for box in self.mailbox}) < len(self.mailbox):
            faults.append("mailbox: names two of them alike")
        if len({level.name.casefold() for level in self.people.levels}) < len(self.people.levels):
            faults.append("people.levels: names a security level twice")
        if len({entry.address for entry in self.desk.addresses}) < len(self.desk.addresses):
            faults.append("desk.addresses: names an address twice")
        if self.canary.address and self.canary.address not in {entry.address for entry in self.desk.addresses}:
            faults.append("canary.address: must be one of desk.addresses")
        return faults

    @property
    def hostname(self) -> str:
        """The name this machine gives itself in SMTP greetings and Message-IDs."""
        if self.smtp.hostname:
            return self.smtp.hostname
        return self.desk.addresses[0].address.partition("@")[2] if self.desk.addresses else "localhost"
