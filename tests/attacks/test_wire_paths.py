"""What hostile and broken clients write into MAIL and RCPT."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.listener import ListenerConfig
from tests.attacks.listening import ListSpool, listening
from tests.attacks.smtpraw import Raw
from tests.attacks.wire_cases import RECIPIENTS, REVERSE_PATHS

CONFIG = ListenerConfig("127.0.0.1", 0, "smtp", "desk.test", max_size=1_000_000)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Raw]:
    """A connection that has not said anything."""
    with listening(CONFIG, ListSpool(), tmp_path) as running, Raw(running.port) as raw:
        yield raw


@pytest.mark.attack(10, 18)
@pytest.mark.parametrize("argument, status", RECIPIENTS)
def test_recipients(client: Raw, argument: bytes, status: bytes) -> None:
    """Only a plain address of ours is taken; none is mended, decoded or routed on."""
    client.hello()
    client.command(b"MAIL FROM:<a@b.test>")
    assert client.command(b"RCPT TO:" + argument).startswith(status)


@pytest.mark.attack(18)
@pytest.mark.parametrize("argument, status", REVERSE_PATHS)
def test_reverse_paths(client: Raw, argument: bytes, status: bytes) -> None:
    """Reverse paths and the parameters of MAIL."""
    client.hello()
    assert client.command(b"MAIL FROM:" + argument).startswith(status)
