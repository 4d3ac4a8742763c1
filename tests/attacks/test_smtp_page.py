"""Crowds and slow clients at the page: they are bounded there, and no mail is kept out by them."""

import resource
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.attacks.service import cost
from tests.attacks.smtp_world import HastyDesk, many_files, works
from tests.attacks.smtpraw import Raw
from tests.peers.common import wait_for
from tests.peers.desk import Desk

FILES = 1024  # what a service may open where nobody says otherwise
CROWD = 1500
HEAD = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.fixture(scope="module")
def hasty() -> Iterator[Desk]:
    """A service that may open few files and loses its patience after seconds."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, hard))  # the service takes it over when it starts
    with ExitStack() as stack:
        try:
            desk = stack.enter_context(HastyDesk(("smtp", "portal")))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        yield desk


def status(client: Raw, request: bytes = HEAD + b"\r\n") -> bytes:
    """The first line of the response; b"" when there was none."""
    client.send(request)
    return client.line()


@pytest.mark.attack(12)
def test_a_crowd_at_the_page_keeps_no_mail_out(hasty: Desk) -> None:
    """Of 1,500 silent connections the page keeps half of its files and turns away the rest; mail comes in as before."""
    listener = hasty.processes()[1]  # the supervisor's first child
    with many_files(CROWD + 1000), ExitStack() as crowd, cost(hasty, cpu=10, memory=64):
        clients = [crowd.enter_context(Raw(hasty.page, 60)) for _ in range(CROWD)]
        works(hasty, b"during@customer.test")
        assert len(list(Path(f"/proc/{listener}/fd").iterdir())) < FILES // 2 + 100
        # Nothing is said to those that were kept and never asked; on a slow machine others took their places.
        assert {client.line() for client in clients} == {b"", b"HTTP/1.1 503 Service Unavailable\r\n"}

    def served() -> bool:
        with Raw(hasty.page, 60) as client:
            return status(client).startswith(b"HTTP/1.1 200 ")

    wait_for(served, "the page after the crowd has left", 60)


@pytest.mark.attack(13)
def test_slow_clients_of_the_page(hasty: Desk) -> None:
    """Half a request, one in drops, one whose body never comes, silence after a response: each is cut off."""
    with ExitStack() as stack:
        half, drops, body, again = (stack.enter_context(Raw(hasty.page, 60)) for _ in range(4))
        half.send(HEAD)
        body.send(b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10000\r\n\r\nhalf")
        assert status(again).startswith(b"HTTP/1.1 200 ")
        drops.send(HEAD + b"X-Drops: ")
        drops.sock.settimeout(0.1)
        assert cut_off(drops)
        for client in (half, body, again):
            while client.line():
                pass  # what is left of a response; the time-out of the socket ends a wait for ever
        works(hasty, b"after@customer.test")


def cut_off(client: Raw) -> bool:
    """Drip until the connection is closed, or a thousand drops are gone."""
    for _ in range(1000):
        try:
            client.send(b"x")
            if client.sock.recv(1000) == b"":
                return True
        except TimeoutError:
            continue
        except (ConnectionResetError, BrokenPipeError):
            return True
    return False
