"""Builds the objects of the house from the settings; nothing else reads settings."""

import hashlib
import ssl
import stat
from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy.engine import make_url

from desk.catalogue import Catalogue
from desk.files import FilePolicy
from desk.granting import Policy
from desk.hooks import INFO
from desk.keys import Keys
from desk.levels import Level, Levels
from desk.numbers import Form, Numbers, given_out
from gateway.commands.words import Words
from gateway.desk_addresses import Addresses, DeskAddress
from gateway.rules import Caps, Rules
from postdesk import blobs, bundled, watching
from postdesk.readiness import Readiness
from postdesk.settings import Loaded, SettingsError
from store.blobs import BlobStore
from store.database import Database

if TYPE_CHECKING:
    from desk.language import Languages
    from gateway.delivery import Deliverer
    from gateway.intake import Intake
    from gateway.listener_config import ListenerConfig
    from gateway.sender.checker import SenderCheck
    from gateway.spool import Spool
    from portal.config import PortalConfig
    from postdesk.dkim_folder import KeyFolder

MIB = 1024 * 1024


class House:
    """Everything a command or a role needs, made when it is first asked for. `create` allows a new SQLite file."""

    def __init__(self, loaded: Loaded, *, create: bool = False) -> None:
        self.loaded = loaded
        self._create = create
        self.settings = loaded.settings

    @cached_property
    def keys(self) -> Keys:
        """The signing keys; SettingsError when the file is missing, readable by others or broken."""
        file = self.settings.secrets.key_file
        try:
            if stat.S_IMODE(file.stat().st_mode) & 0o077:
                raise SettingsError([f"secrets.key_file: {file} can be read by others; run: chmod 600 {file}"])
            return Keys.parse(file.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise SettingsError([f"secrets.key_file: there is no {file}; make one with: postdesk init"]) from error
        except (OSError, ValueError) as error:
            raise SettingsError([f"secrets.key_file: {file}: {error}"]) from error

    @cached_property
    def database(self) -> Database:
        """The database; not yet connected."""
        from postdesk.hooking import hooks

        settings = self.settings.database
        made = Database(settings.url, pool_size=settings.pool_size, create=self._create)
        if (told := hooks(self)) is not None:
            made.info[INFO] = told  # whatever is written about tickets is told to the webhooks
        return made

    def close(self) -> None:
        """Give back what was opened of the database."""
        if "database" in self.__dict__:
            self.database.close()

    @property
    def missing_database(self) -> str:
        """Says that the SQLite file is not there, and what to do; "" when it is, or on PostgreSQL."""
        file = make_url(self.settings.database.url).database or ""
        if not self.settings.database.url.startswith("sqlite") or Path(file).exists():
            return ""
        return f"There is no database at {file}. Run: postdesk init"

    @cached_property
    def blobs(self) -> BlobStore:
        """The blob store."""
        return blobs.store(self.settings)

    @cached_property
    def addresses(self) -> Addresses:
        """The desk's own addresses; SettingsError when there is none."""
        desks = tuple(DeskAddress(a.address, a.team, a.type) for a in self.settings.desk.addresses)
        if not desks:
            raise SettingsError(["desk.addresses: name at least one address, or run: postdesk init"])
        separator = "+" if self.settings.mail.sub_address == "plus" else "-"
        return Addresses(desks, self.keys, self.settings.hostname, separator, self.catalogue.addressed)

    @property
    def instance(self) -> str:
        """Tells this desk from others; tells nothing of the key."""
        return hashlib.blake2b(self.keys.derive("instance") or b"", digest_size=8).hexdigest()

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the desk."""
        return ZoneInfo(self.settings.desk.time_zone)

    @cached_property
    def catalogue(self) -> Catalogue:
        """Request types, services, items, hours and targets: those beside the settings, else those built in."""
        from postdesk.catalogue import FILE, CatalogueError, load

        try:
            return load(self.loaded.home / FILE, self.zone)
        except CatalogueError as error:
            raise SettingsError(error.faults) from error

    @cached_property
    def numbers(self) -> Numbers:
        """How tickets are numbered. Forms that were set before are known by the numbers that were given out in them."""
        with self.database.reading() as session:
            return Numbers(Form.read(self.settings.tickets.number_format), given_out(session))

    @property
    def levels(self) -> Levels:
        """The security levels of customers."""
        rights = ((one.name, one.people, one.priority, one.create, one.sees) for one in self.settings.people.levels)
        return Levels(tuple(Level(*one) for one in rights))

    @property
    def rules(self) -> Rules:
        """How this desk takes mail."""
        from gateway.letter_headers import instance_mark
        from postdesk.outgoing import desk_facts

        mail = self.settings.mail
        return Rules(
            zone=self.zone,
            instance=instance_mark(desk_facts(self)),
            files=self.file_policy,
            verifies_senders=self.senders.verifies,
            words=self.words,
            reopen_days=mail.reopen_days,
            caps=self.caps,
            fold=timedelta(seconds=self.settings.delivery.fold_seconds),
            max_attempts=self.settings.work.max_attempts,
            levels=self.levels,
            credentials=self.credentials,
            approvals=self.settings.tickets.approvals,
            withdrawal_reasons=self.settings.tickets.withdrawal_reasons,
            private_notes=self.settings.tickets.private_notes,
            copies=self.settings.tickets.copies,
            desk_name=self.settings.desk.name,
            numbers=self.numbers,
            catalogue=self.catalogue,
        )

    @property
    def file_policy(self) -> FilePolicy:
        """Which files are kept."""
        mail = self.settings.mail
        return FilePolicy(
            max_size=int(mail.max_attachment_mb * MIB),
            max_count=mail.max_attachments,
            blocked_extensions=frozenset(name.lower().lstrip(".") for name in mail.blocked_extensions),
        )

    @property
    def credentials(self) -> Policy:
        """What letters with credentials carry."""
        said = self.settings.credentials
        return Policy(said.mode, said.hours, said.letters_per_minute)

    @property
    def caps(self) -> Caps:
        """What one person may cause in a while."""
        caps = self.settings.caps
        return Caps(
            new_tickets_per_sender=caps.new_tickets_per_sender_2h,
            automatic_letters_per_day=caps.automatic_letters_per_address_day,
            receipts_per_ticket=caps.receipts_per_ticket_day,
            first_receipts_per_hour=caps.first_receipts_per_address_hour,
            first_receipts_per_minute=caps.first_receipts_per_minute,
            reopenings_per_day=caps.reopenings_per_ticket_day,
            stranger_letters_per_hour=caps.stranger_letters_per_reader_hour,
        )

    @cached_property
    def words(self) -> Words:
        """The words of commands: those of Postdesk, and the operator's own in a folder words/ beside the settings."""
        from postdesk.words import load

        try:
            known = load(bundled.folder("config") / "words", self.loaded.home / "words")
        except ValueError as error:
            raise SettingsError([str(error)]) from error
        return known.with_labels(self.catalogue.question_labels)

    @cached_property
    def readiness(self) -> Readiness:
        """What keeps this process from its work."""
        return watching.readiness(self)

    @cached_property
    def signing_keys(self) -> "KeyFolder":
        """The DKIM keys that sign letters; not yet read."""
        from postdesk.dkim_folder import KeyFolder

        return KeyFolder(self.settings.dkim.folder)

    @cached_property
    def senders(self) -> "SenderCheck":
        """What says who sent a mail."""
        from postdesk.verifying import sender_check

        return sender_check(self.settings.sender)

    @cached_property
    def languages(self) -> "Languages":
        """The languages that the desk writes; each catalogue is read once for all who write."""
        from postdesk.languages import languages

        return languages(self)

    def spool(self, notify: Callable[[], None] = lambda: None) -> "Spool":
        """Where received mail is kept; starts its writer thread."""
        from gateway.spool import Spool

        return Spool(self.database, self.blobs, room=blobs.room(self.settings, self.database.file), notify=notify)

    def intake(
        self,
        notify: Callable[[], None] = lambda: None,
        on_whole: Callable[[], None] = lambda: None,
        patience: timedelta = timedelta(0),
    ) -> "Intake":
        """What turns received mail into tickets; what it is handed is explained there."""
        from gateway.intake import Intake

        parts, batch = (self.database, self.blobs, self.addresses, self.rules), self.settings.work.batch
        return Intake(*parts, senders=self.senders, batch=batch, notify=notify, on_whole=on_whole, patience=patience)

    def deliverer(self, stopping: Callable[[], bool] = lambda: False, number: int = 0) -> "Deliverer":
        """What sends the letters, until `stopping` says that the process ends. All but number 0 only help out."""
        from postdesk.outgoing import deliverer

        return deliverer(self, stopping, number)

    def listener(self, protocol: str) -> "ListenerConfig | None":
        """The settings of the SMTP or LMTP listener; None when it is switched off."""
        from gateway.listener_config import Limits, ListenerConfig

        smtp, lmtp = self.settings.smtp, self.settings.lmtp
        max_size = int(self.settings.mail.max_mb * MIB)
        if protocol == "smtp" and smtp.enabled:
            return ListenerConfig(
                host=smtp.host,
                port=smtp.port,
                protocol="smtp",
                hostname=self.settings.hostname,
                max_size=max_size,
                limits=Limits(connections=smtp.max_connections, per_address=smtp.max_connections_per_address),
                tls=self._tls(),
                normalise_line_ends=smtp.mend_line_ends,
            )
        if protocol == "lmtp" and lmtp.enabled:
            return ListenerConfig(
                host=lmtp.host,
                port=lmtp.port,
                protocol="lmtp",
                hostname=self.settings.hostname,
                max_size=max_size,
                limits=Limits(connections=lmtp.max_connections, per_address=lmtp.max_connections),
            )
        return None

    def _tls(self) -> ssl.SSLContext | None:
        smtp = self.settings.smtp
        if not smtp.tls_certificate:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        home = self.loaded.home
        try:
            context.load_cert_chain(home / smtp.tls_certificate, home / smtp.tls_key)
        except OSError as error:
            raise SettingsError([f"smtp.tls_certificate, smtp.tls_key: cannot be used: {error}"]) from error
        return context

    def portal(self) -> "PortalConfig":
        """What the portal works with."""
        from postdesk.portal import portal_config

        return portal_config(self)
