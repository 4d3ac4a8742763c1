"""A real DNS server for each test."""

from collections.abc import Iterator

import pytest

from tests.peers.dns_server import DnsServer


@pytest.fixture
def dns() -> Iterator[DnsServer]:
    """A DNS server that knows nothing yet."""
    with DnsServer() as server:
        yield server
