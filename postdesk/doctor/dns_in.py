"""MX: does mail to the desk come here, or to where it is fetched from?"""

import contextlib
import ipaddress
import socket
from typing import TYPE_CHECKING

from gateway.sender.resolver import Questions
from postdesk.doctor.findings import Notes

if TYPE_CHECKING:
    from postdesk.wiring import House

_MOST = 10  # servers that are looked at


def addresses_of(name: str, questions: Questions) -> list[str]:
    """IPv4 and IPv6 addresses of a name. Raises Unanswered."""
    return [str(found) for kind in ("A", "AAAA") for found in questions.ask(name, "A" if kind == "A" else "AAAA")]


def look(notes: Notes, house: "House", domain: str, questions: Questions) -> None:
    """The servers that take mail for a domain. Raises Unanswered."""
    servers = sorted(found for found in questions.ask(domain, "MX") if isinstance(found, tuple))
    names = [name.rstrip(".").lower() for _, name in servers][:_MOST]
    record = f"{domain}. IN MX 10 {house.settings.hostname}."
    if names == [""]:
        means = "The domain says that it takes no mail (RFC 7505): senders do not even try."
        notes.error(f"The MX record of {domain} is “.”.", means, "Publish instead:", record)
        return
    if not names:
        _without(notes, domain, record, questions)
        return
    found = {name: addresses_of(name, questions) for name in names}
    for name, addresses in found.items():
        if not addresses:
            means = "Senders that choose it cannot deliver; if it is the only one, no mail comes."
            do = "Give it an address record, or take it out of the MX records."
            notes.error(f"{name}, which takes mail for {domain}, has no address in DNS.", means, do)
    _where(notes, house, domain, found)


def _without(notes: Notes, domain: str, record: str, questions: Questions) -> None:
    if addresses_of(domain, questions):
        means = "Senders fall back to its address record; some do not."
        notes.warning(f"{domain} has no MX record.", means, "Publish:", record)
    else:
        means = "Mail to the desk goes back to its sender."
        notes.error(f"{domain} has neither an MX nor an address record.", means, "Publish:", record)


def _where(notes: Notes, house: "House", domain: str, found: dict[str, list[str]]) -> None:
    """Whether those servers are this machine, a relay of ours, or the place where a mailbox is read."""
    ours = own_addresses() | set(found.get(house.settings.hostname, ()))
    networks = [ipaddress.ip_network(network) for network in house.settings.sender.relays]
    here = {name for name, addresses in found.items() if ours & set(addresses)}
    relays = {
        name
        for name, addresses in found.items()
        if any(ipaddress.ip_address(address) in network for address in addresses for network in networks)
    }
    named = ", ".join(found)
    if len(here | relays) == len(found):
        what = "this machine" if here == set(found) else "this machine, or relays of yours"
        notes.ok(f"Mail to {domain} goes to {named}: {what}.")
    elif house.settings.mailbox:
        boxes = ", ".join(box.name for box in house.settings.mailbox)
        notes.ok(f"Mail to {domain} goes to {named}. It is fetched from: {boxes}.")
    else:
        means = "Mail reaches the desk only if that server hands it on, and nothing in the settings says that it does."
        do = "If it does, name its address in sender.relays; if it holds a mailbox, set [[mailbox]]; else publish:"
        what = f"Mail to {domain} goes to {named}, which is not this machine."
        notes.warning(what, means, do, f"{domain}. IN MX 10 {house.settings.hostname}.")


def own_addresses() -> set[str]:
    """Addresses of this machine, as far as it knows them: behind NAT the world sees others."""
    found: set[str] = set()
    with contextlib.suppress(OSError):
        found |= {str(entry[4][0]) for entry in socket.getaddrinfo(socket.gethostname(), None)}
    # "Connecting" a datagram socket chooses the address that would be used, and sends nothing.
    for family, there in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((there, 9))
            found.add(str(probe.getsockname()[0]))
    return found - {"127.0.0.1", "::1"}
