"""Builds from the settings what says who sent a mail."""

import ipaddress
from typing import TYPE_CHECKING

from gateway.sender.checker import SenderCheck
from postdesk.settings_in import Sender
from postdesk.settings_kinds import split_server

if TYPE_CHECKING:
    from gateway.sender.dns_client import DnsResolver


def sender_check(settings: Sender) -> SenderCheck:
    """The check of senders; without any setting it believes nobody."""
    return SenderCheck(
        trusted=settings.trusted_authserv_ids,
        direct=settings.verify,
        relays=tuple(ipaddress.ip_network(network) for network in settings.relays),
        sealers=tuple(domain.lower() for domain in settings.arc_sealers),
        form_relays=settings.form_relays,
        resolver=resolver(settings) if settings.verify or settings.arc_sealers else None,
        seconds=settings.dns_seconds,
    )


def resolver(settings: Sender) -> "DnsResolver":
    """What asks DNS; it does not before the first question."""
    from gateway.sender.dns_client import DnsResolver

    return DnsResolver([split_server(server) for server in settings.dns_servers])
