"""Too much of everything at the running service: each is bounded, and others are served meanwhile."""

from contextlib import ExitStack

import pytest

from tests.attacks.service import became, cost, soon
from tests.attacks.smtp_world import (
    from_path,
    header,
    many_files,
    no_half_mails,
    number_of,
    raw_of,
    start_data,
    works,
)
from tests.attacks.smtpraw import Raw, code
from tests.peers.common import wait_for
from tests.peers.desk import Desk

MIB = 1 << 20
LIMIT = 5 * MIB  # of a mail, at the service under attack
FLAT = 8.0  # MB that count as no growth: what is bounded here comes as tens of them
CROWD = 5000


@pytest.mark.attack(5)
def test_ten_megabytes_of_command(attacked: Desk) -> None:
    """A command line of 10 MB is 500, kept nowhere, and the session goes on."""
    with cost(attacked, cpu=2, memory=FLAT), Raw(attacked.smtp, 60) as client:
        client.hello()
        for _ in range(160):
            client.send(b"A" * 65536)
        assert client.command(b"").startswith(b"500 5.5.2 ")
        assert code(client.command(b"NOOP")) == "250"


@pytest.mark.attack(6)
@pytest.mark.parametrize("length", [998, 1001, 70_000, 2 * MIB])
def test_long_lines(attacked: Desk, length: int) -> None:
    """A line of the body may be as long as 2 MB: it is taken, kept as sent, and becomes a ticket."""
    mail = header(f"A line of {length}", b"lines@attacker.test") + b"x" * length + b"\r\n"
    with cost(attacked, cpu=5, memory=64), Raw(attacked.smtp, 60) as client:
        start_data(client, b"lines@attacker.test")
        number = number_of(client.content(mail))
        assert became(attacked, number).kind == "opened"
    assert raw_of(attacked, number) == mail


@pytest.mark.attack(7)
def test_a_size_that_is_a_lie(attacked: Desk) -> None:
    """More than the limit, whatever was declared: 552 5.3.4 after the end, nothing kept, and the session goes on."""
    with cost(attacked, cpu=2, memory=FLAT), Raw(attacked.smtp, 60) as client:
        client.hello()
        assert client.command(b"MAIL FROM:<liar@attacker.test> SIZE=%d" % (LIMIT + 1)).startswith(b"552 5.3.4 ")
        assert code(client.command(b"MAIL FROM:<liar@attacker.test> SIZE=10")) == "250"
        client.command(b"RCPT TO:<service@desk.test>")
        client.command(b"DATA")
        assert client.content(header("A lie") + b"y" * LIMIT + b"\r\n").startswith(b"552 5.3.4 ")
        client.envelope(b"liar@attacker.test", (b"service@desk.test",))
        client.command(b"DATA")
        assert raw_of(attacked, number_of(client.content(header("The truth")))) == header("The truth")
    assert from_path(attacked, "liar@attacker.test") == 1
    no_half_mails(attacked)


def sent_until_closed(client: Raw, block: bytes, most: int) -> int:
    """Bytes that could be sent before the service closed the connection; no more than `most`."""
    sent = 0
    try:
        while sent < most:
            client.send(block)
            sent += len(block)
    except (ConnectionResetError, BrokenPipeError):
        pass
    return sent


@pytest.mark.attack(7, 8)
@pytest.mark.parametrize("block", [b"x" * 65536, b"\r\n" * 32768, b"\r\n..." * 13_000], ids=["line", "ends", "dots"])
def test_a_mail_without_an_end(attacked: Desk, block: bytes) -> None:
    """It is read away in flat memory up to four times the limit, then cut off; others are served meanwhile."""
    most = 4 * LIMIT + 16 * MIB  # what the sockets between us may hold is not read by the service
    listener = attacked.processes()[1]  # the supervisor's first child
    with cost(attacked, cpu=5, memory=FLAT), Raw(attacked.smtp, 60) as flood, Raw(attacked.smtp, 60) as other:
        other.hello()
        start_data(flood, b"flood@attacker.test")
        for _ in range(4):
            for _ in range(LIMIT // len(block)):
                flood.send(block)
            with soon(listener):
                assert code(other.command(b"NOOP")) == "250"
        assert sent_until_closed(flood, block, most) < most
        with soon(listener):
            assert code(other.command(b"NOOP")) == "250"
    assert from_path(attacked, "flood@attacker.test") == 0
    no_half_mails(attacked)


@pytest.mark.attack(8)
@pytest.mark.parametrize("block", [b"\r\n" * 32768, b"x" * 65536], ids=["ends", "line"])
def test_as_large_as_it_may_be(attacked: Desk, block: bytes) -> None:
    """A mail of nothing but line ends, or of one line, just below the limit: not even its size in the listener."""
    blocks = LIMIT // len(block) - 2
    listener = attacked.processes()[1]  # the supervisor's first child
    with cost(attacked, cpu=10, memory=64) as used, Raw(attacked.smtp, 60) as flood, Raw(attacked.smtp, 60) as other:
        other.hello()
        start_data(flood, b"large@attacker.test")
        flood.send(header("Large", b"large@attacker.test"))
        for _ in range(blocks):
            flood.send(block)
        with soon(listener):
            assert code(other.command(b"NOOP")) == "250"
        became(attacked, number_of(flood.content(b"\r\n")))
    assert used.children[listener] <= 4  # MB


@pytest.mark.attack(12)
def test_a_crowd(attacked: Desk) -> None:
    """Of 5,000 connections an address keeps 20, all together 200; who came too much is told so, and others work."""
    with Raw(attacked.smtp, 60) as last:  # once it is served and gone, who came before counts no more either
        last.hello()
        assert code(last.command(b"QUIT")) == "221"
        assert last.closed()
    with ExitStack() as crowd, cost(attacked, cpu=20, memory=16):
        files = crowd.enter_context(many_files(CROWD + 1000))
        clients = [crowd.enter_context(Raw(attacked.smtp, 60)) for _ in range(min(CROWD, files - 1000))]
        banners = [client.reply() for client in clients]
        assert [code(banner) for banner in banners] == ["220"] * 20 + ["421"] * (len(clients) - 20)
        assert {banner[:9] for banner in banners[20:]} == {b"421 4.7.0"}
        assert all(client.closed() for client in clients[20:])
        assert {code(client.command(b"NOOP")) for client in clients[:20]} == {"250"}
        works(attacked, b"honest@customer.test", "127.0.0.2")
        addresses = [f"127.0.0.{last}" for last in range(3, 12) for _ in range(20)]
        others = [crowd.enter_context(Raw(attacked.smtp, 60, address)) for address in addresses]
        assert {code(client.reply()) for client in others} == {"220"}
        with Raw(attacked.smtp, 60, "127.0.0.99") as late:
            assert late.reply().startswith(b"421 4.7.0 ")
            assert late.closed()

    def taken_again() -> bool:
        with Raw(attacked.smtp, 60) as client:
            return code(client.reply()) == "220"

    wait_for(taken_again, "a place after the crowd has left", 60)
