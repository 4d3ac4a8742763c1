"""Whose address a request came from, through the proxies that are trusted to say so."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.requests import Request


def client_of(request: Request, trusted_proxies: tuple[str, ...]) -> tuple[IPv4Address | IPv6Address | None, bool]:
    """The address of the client, as far as it can be believed; and whether a trusted proxy handed the request on."""
    address = _parse(request.client.host if request.client else "")
    by_proxy = address is not None and _is_trusted(address, trusted_proxies)
    hops = [part for line in request.headers.getlist("x-forwarded-for") for part in line.split(",")]
    # Each proxy appends the address it saw: read from the right, as long as the last speaker is trusted.
    while address is not None and hops and _is_trusted(address, trusted_proxies):
        named = _parse(hops.pop().strip())
        if named is None:
            break
        address = named
    return address, by_proxy


def peer_of(request: Request, trusted_proxies: tuple[str, ...]) -> str:
    """The client as the rate limits count it; of an IPv6 client its /64, since it owns all of that."""
    address, _ = client_of(request, trusted_proxies)
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or IPv6Network((address, 64), strict=False))
    return str(address or "")


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _is_trusted(address: IPv4Address | IPv6Address, trusted: tuple[str, ...]) -> bool:
    return any(address in ip_network(network, strict=False) for network in trusted)
