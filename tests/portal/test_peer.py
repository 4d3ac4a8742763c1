"""Whose address a request came from."""

import pytest
from starlette.requests import Request

from portal.peer import peer_of


def request(client: str | None, forwarded: list[str]) -> Request:
    """As the server hands it over."""
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded]
    return Request({"type": "http", "headers": headers, "client": (client, 1) if client else None})


@pytest.mark.parametrize(
    "client, forwarded, trusted, peer",
    [
        ("192.0.2.1", [], (), "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.9"], (), "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.9"], ("192.0.2.1",), "198.51.100.9"),
        ("192.0.2.1", ["203.0.113.1, 198.51.100.9"], ("192.0.2.1",), "198.51.100.9"),
        ("192.0.2.1", ["203.0.113.1", "198.51.100.9"], ("192.0.2.1",), "198.51.100.9"),
        ("192.0.2.1", ["203.0.113.1, 192.0.2.7"], ("192.0.2.0/24",), "203.0.113.1"),
        ("192.0.2.1", ["unknown"], ("192.0.2.1",), "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.9, "], ("192.0.2.1",), "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", [], (), "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", [], (), "192.0.2.1"),
        ("127.0.0.1", ["2001:db8::9"], ("127.0.0.1", "::1"), "2001:db8::/64"),
        (None, [], (), ""),
        ("testclient", [], (), ""),
    ],
)
def test_a_client_is_named_by_the_last_proxy_that_is_trusted(
    client: str | None, forwarded: list[str], trusted: tuple[str, ...], peer: str
) -> None:
    """What a client writes into X-Forwarded-For by itself is never believed."""
    assert peer_of(request(client, forwarded), trusted) == peer
