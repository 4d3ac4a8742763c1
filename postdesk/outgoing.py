"""Builds what sends letters: composer, relay, deliverer."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from gateway.compose import Composer
from gateway.delivery import Deliverer
from gateway.delivery_lanes import Lanes, Route
from gateway.delivery_pace import PaceRules
from gateway.delivery_policy import DeliveryPolicy
from gateway.letter import DeskFacts
from gateway.relay import MaildirRelay
from postdesk import __version__, blobs, bundled, own_letters, sending
from postdesk.answering import answer_facts
from postdesk.check_words import of_relay
from postdesk.languages import catalogues
from postdesk.oauth import token_source
from store.blobs import BlobStore

if TYPE_CHECKING:
    from gateway.smtp_relay import SmtpConfig
    from postdesk.settings_out import RelayServer
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
        letter_bytes=int(house.settings.letters.max_mb * 1024 * 1024),
        link_days=house.settings.letters.link_days,
        version=__version__,
    )


def composer(house: "House", files: BlobStore | None = None) -> Composer:
    """What renders letters."""
    templates = bundled.folder("templates") / "mail"
    facts = replace(desk_facts(house), answers=answer_facts(house), languages=house.languages)
    own = own_letters.folder(house)
    return Composer(
        house.addresses,
        facts,
        templates,
        own,
        keys=house.keys,
        blobs=files or house.blobs,
        signers=house.signing_keys.signers,
    )


def lanes(house: "House", stopping: Callable[[], bool] = lambda: False, number: int = 0) -> Lanes:
    """The relays, as the settings say; no letter is begun once `stopping` says so."""
    settings, main = house.settings, house.addresses.main.address
    if settings.relay.mode == "maildir":  # nothing leaves the machine, whatever other relays there are
        return Lanes([Route(lambda: MaildirRelay(settings.relay.folder), connections=1)], main, stopping)
    named = [
        replace(_route(house, one, stopping, number), name=one.name, addresses=frozenset(one.addresses))
        for one in settings.relays
    ]
    return Lanes([_route(house, settings.relay, stopping, number), *named], main, stopping)


def try_relays(house: "House") -> dict[str, str]:
    """Each relay by its place in the settings: connected to, and signed in at; "", or what is wrong."""
    from gateway.smtp_relay import SmtpRelay

    servers = {"relay": house.settings.relay} | {
        f"relays.{index}": server for index, server in enumerate(house.settings.relays)
    }
    said = {place: SmtpRelay(relay_config(house, server, 10.0)).try_out() for place, server in servers.items()}
    return {place: fault and of_relay(servers[place], fault) for place, fault in said.items()}


def _route(house: "House", server: "RelayServer", stopping: Callable[[], bool], number: int) -> Route:
    from gateway.smtp_relay import SmtpRelay

    config = relay_config(house, server)
    idle = timedelta(seconds=server.idle_seconds) if server.idle_seconds else None
    connections = sending.share(server.connections, sending.processes(house), number)
    return Route(lambda: SmtpRelay(config, stopping), connections=connections, idle=idle)


def relay_config(house: "House", server: "RelayServer", most: float = 600.0) -> "SmtpConfig":
    """How a relay is spoken to; no answer may take longer than `most` seconds."""
    from gateway.smtp_relay import SmtpConfig

    return SmtpConfig(
        host=server.host,
        port=server.port,
        tls=server.tls,
        tls_ca=str(house.loaded.home / server.tls_ca) if server.tls_ca else "",
        tls_fingerprint=server.tls_fingerprint,
        user=server.user,
        password=server.password.get_secret_value(),
        tokens=token_source(server),
        hostname=house.settings.hostname,
        timeout=min(server.timeout_seconds, most),
        letters_per_connection=server.letters_per_connection,
        plain_return_path=server.return_path == "plain",
    )


def deliverer(house: "House", stopping: Callable[[], bool] = lambda: False, number: int = 0) -> Deliverer:
    """What sends the letters, until `stopping` says that the process ends. All but number 0 only help out."""
    settings = house.settings.delivery
    policy = DeliveryPolicy(
        give_up=timedelta(days=settings.give_up_days),
        fold_seconds=settings.fold_seconds,
        paces=PaceRules(settings.paces, settings.per_domain_minute),
    )
    policy = replace(policy, least=policy.batch) if number else policy
    return Deliverer(house.database, composer(house), lanes(house, stopping, number), policy)


def check_templates(house: "House") -> int:
    """Load every letter's templates and every catalogue of messages; how many letters there are. Raises at a fault."""
    from gateway.header_policy import check_header_injection

    check_header_injection()
    catalogues(house).check()
    composer(house, blobs.store(house.settings, create=False))
    return len(list((bundled.folder("templates") / "mail").glob("*/body.txt")))
