"""Builds what sends letters: composer, relay, deliverer."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from gateway.compose import Composer
from gateway.delivery import Deliverer
from gateway.delivery_policy import DeliveryPolicy
from gateway.letter import DeskFacts
from gateway.relay import MaildirRelay, Relay
from postdesk import __version__, bundled, own_letters
from postdesk.answering import answer_facts
from postdesk.languages import catalogues, languages
from store.blobs import BlobStore, FolderBlobs

if TYPE_CHECKING:
    from postdesk.wiring import House


def desk_facts(house: "House") -> DeskFacts:
    """The desk as its letters name it."""
    desk = house.settings.desk
    return DeskFacts(
        name=desk.name,
        base_url=desk.base_url,
        zone=house.zone,
        phone=desk.phone,
        hostname=house.settings.hostname,
        instance=house.instance,
        reopen_days=house.settings.mail.reopen_days,
        levels=house.levels,
        catalogue=house.catalogue,
        version=__version__,
    )


def composer(house: "House", blobs: BlobStore | None = None) -> Composer:
    """What renders letters."""
    templates = bundled.folder("templates") / "mail"
    facts = replace(desk_facts(house), answers=answer_facts(house), languages=languages(house))
    own = own_letters.folder(house)
    return Composer(house.addresses, facts, templates, own, keys=house.keys, blobs=blobs or house.blobs)


def relay(house: "House") -> Relay:
    """One connection's worth of relay, as the settings say."""
    settings = house.settings.relay
    if settings.mode == "maildir":
        return MaildirRelay(settings.folder)
    from gateway.smtp_relay import SmtpConfig, SmtpRelay

    return SmtpRelay(
        SmtpConfig(
            host=settings.host,
            port=settings.port,
            tls=settings.tls,
            tls_ca=str(house.loaded.home / settings.tls_ca) if settings.tls_ca else "",
            user=settings.user,
            password=settings.password.get_secret_value(),
            hostname=house.settings.hostname,
            timeout=settings.timeout_seconds,
        )
    )


def deliverer(house: "House") -> Deliverer:
    """What sends the letters."""
    settings = house.settings
    policy = DeliveryPolicy(
        give_up=timedelta(days=settings.delivery.give_up_days),
        fold_seconds=settings.delivery.fold_seconds,
        connections=settings.relay.connections if settings.relay.mode == "smtp" else 1,
    )
    return Deliverer(house.database, composer(house), lambda: relay(house), policy)


def check_templates(house: "House") -> int:
    """Load every letter's templates and every catalogue of messages; how many letters there are. Raises at a fault."""
    from gateway.header_policy import check_header_injection

    check_header_injection()
    catalogues(house).check()
    composer(house, FolderBlobs(house.settings.blobs.folder, create=False))
    return len(list((bundled.folder("templates") / "mail").glob("*/body.txt")))
