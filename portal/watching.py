"""Who may see the figures: machines of the networks that are named, and whoever knows the token."""

import hmac
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Ip = IPv4Address | IPv6Address
# A proxy says with these for whom it asks; where it is not trusted, nobody knows who that is.
FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip", "via")


@dataclass(frozen=True, slots=True)
class Access:
    """The rule of [metrics]. Without any network and without a token nobody sees them."""

    networks: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    token: str = ""

    def allows(self, client: Ip | None, authorization: str, *, forwarded: bool = False) -> bool:
        """`forwarded` says that the request names a client that we do not believe: then no address counts."""
        if self.token and hmac.compare_digest(authorization.encode(), f"Bearer {self.token}".encode()):
            return True
        if client is None or forwarded:
            return False
        plain = getattr(client, "ipv4_mapped", None) or client
        return any(plain in ip_network(network) for network in self.networks)


def is_address(host: str) -> bool:
    """True for a Host that is an address and no name: no DNS entry can be rebound to it, so any of ours will do."""
    if host.startswith("["):
        name, _, port = host[1:].partition("]")
        port = port.removeprefix(":")
    else:
        name, _, port = host.partition(":") if host.count(":") == 1 else (host, "", "")
    try:
        ip_address(name)
    except ValueError:
        return False
    return not port or (port.isascii() and port.isdigit())
