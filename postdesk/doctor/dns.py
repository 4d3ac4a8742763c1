"""DNS: where mail to the desk goes, and whether receivers can tell that its letters are its own."""

import ipaddress
from collections.abc import Iterable
from typing import TYPE_CHECKING

from gateway.loopback import is_loopback
from gateway.sender.resolver import Questions, Resolver, Unanswered
from postdesk import dkim_state
from postdesk.doctor import dns_in, dns_out
from postdesk.doctor.findings import Finding, Notes, Probe
from postdesk.verifying import resolver

if TYPE_CHECKING:
    from postdesk.wiring import House

# RFC 2606, RFC 6761: these are never in the DNS of the Internet.
_RESERVED = (".test", ".example", ".invalid", ".localhost", ".local", ".internal")


def probes(house: "House", seconds: float) -> list[Probe]:
    """One for each domain of the desk, and one for the name of this machine."""
    asker = resolver(house.settings.sender)
    found = [Probe("dns", f"DNS of {name}", _domain(house, asker, name, seconds)) for name in dkim_state.domains(house)]
    if house.settings.hostname.endswith(_RESERVED) and not house.settings.sender.dns_servers:
        return found  # said of the domains already
    return [*found, Probe("dns", "the name of this machine", _machine(house, asker, seconds))]


class _Look:
    """Looks at one thing, once DNS answers at all."""

    def __init__(self, house: "House", asker: Resolver, name: str, seconds: float) -> None:
        self._house, self._asker, self._name, self._seconds = house, asker, name, seconds

    def __call__(self) -> Iterable[Finding]:
        notes = Notes("dns")
        if not self._house.settings.sender.dns_servers and self._name.endswith(_RESERVED):
            means = "Nobody outside can write to it, and no letter from it is believed."
            what = f"{self._name} is a name for trying things out: it is not in the DNS of the Internet."
            notes.warning(what, means, "Name a domain of yours in desk.addresses before you open the desk.")
            return notes.found
        try:
            self._look(notes, Questions(self._asker, self._seconds))
        except Unanswered as error:
            means = "Senders cannot be verified, and nothing can be said of your own records."
            do = "Look whether this machine has a network, and at sender.dns_servers or /etc/resolv.conf."
            notes.error(f"{self._name}: {error}.", means, do)
        return notes.found

    def _look(self, notes: Notes, questions: Questions) -> None:
        raise NotImplementedError


class _Domain(_Look):
    def _look(self, notes: Notes, questions: Questions) -> None:
        dns_in.look(notes, self._house, self._name, questions)
        if self._house.settings.relay.mode == "maildir":
            notes.ok(f"Letters from {self._name} stay in a folder: SPF, DKIM and DMARC do not matter yet.")
            return
        dns_out.look(notes, self._house, self._name, questions)


class _Machine(_Look):
    """The name in our greeting, and the name that our address has, where we send by ourselves."""

    def _look(self, notes: Notes, questions: Questions) -> None:
        addresses = dns_in.addresses_of(self._name, questions)
        if not addresses:
            means = "It stands in greetings and Received lines; some servers refuse who greets with a name of nowhere."
            do = "Set smtp.hostname to the name of this machine, or publish:"
            notes.warning(f"{self._name} has no address in DNS.", means, do, f"{self._name}. IN A 192.0.2.25")
            return
        notes.ok(f"{self._name} is {', '.join(addresses)}.")
        relay = self._house.settings.relay
        if relay.mode != "smtp" or not is_loopback(relay.host):
            return  # the addresses that others see are those of the relay: their names are its matter
        for address in addresses:
            if not ipaddress.ip_address(address).is_private:
                self._name_of(notes, address, questions)

    def _name_of(self, notes: Notes, address: str, questions: Questions) -> None:
        pointer = ipaddress.ip_address(address).reverse_pointer
        names = [str(name).rstrip(".").lower() for name in questions.ask(pointer, "PTR")]
        if any(address in dns_in.addresses_of(name, questions) for name in names[:5]):
            notes.ok(f"{address} has the name {names[0]}, and that name leads back to it.")
            return
        said = f"{address} has no name"
        if names:
            said = f"{address} has the name {names[0]}, which does not lead back to it"
        means = "Many servers refuse mail from an address without a name that leads back."
        do = "Ask whoever gives you the address to set its PTR record:"
        notes.error(f"{said}.", means, do, f"{pointer}. IN PTR {self._name}.")


def _domain(house: "House", asker: Resolver, name: str, seconds: float) -> _Look:
    return _Domain(house, asker, name, seconds)


def _machine(house: "House", asker: Resolver, seconds: float) -> _Look:
    return _Machine(house, asker, house.settings.hostname, seconds)
