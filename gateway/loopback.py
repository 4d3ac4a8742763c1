"""Whether a host is this very machine, so that nobody listens between."""

import ipaddress


def is_loopback(host: str) -> bool:
    """True for names and addresses that never leave this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
