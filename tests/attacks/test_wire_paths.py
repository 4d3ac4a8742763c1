"""What hostile and broken clients write into MAIL and RCPT."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.listener import ListenerConfig
from tests.attacks.listening import ListSpool, listening
from tests.attacks.smtpraw import Raw

CONFIG = ListenerConfig("127.0.0.1", 0, "smtp", "desk.test", max_size=1_000_000)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Raw]:
    """A connection that has not said anything."""
    with listening(CONFIG, ListSpool(), tmp_path) as running, Raw(running.port) as raw:
        yield raw


@pytest.mark.parametrize(
    "argument, status",
    [
        (b"<>", b"501 5.1.3"),
        (b"<desk@desk.test", b"501 5.1.3"),
        (b"desk@desk.test>", b"501 5.1.3"),
        (b"desk@desk.test", b"501 5.1.3"),
        (b"<<desk@desk.test>>", b"501 5.1.3"),
        (b"<@relay:desk@desk.test>", b"501 5.1.3"),
        (b"<@relay.test,@other.test:desk@desk.test>", b"501 5.1.3"),
        (b"<a@b@desk.test>", b"501 5.1.3"),
        (b"<desk@desk.test,evil@x.test>", b"501 5.1.3"),
        (b"<desk(comment)@desk.test>", b"501 5.1.3"),
        (b'<"x@evil.test>\\""@desk.test>', b"550 5.1.1"),
        (b'<"a b"@desk.test>', b"550 5.1.1"),
        (b"<desk@[127.0.0.1]>", b"550 5.1.1"),
        (b"<victim@elsewhere.test>", b"550 5.1.1"),
        (b"<nobody@desk.test>", b"550 5.1.1"),
        (b"<desk%elsewhere.test@desk.test>", b"550 5.1.1"),
        (b"<=?utf-8?q?x=40evil=2Etest?=@desk.test>", b"550 5.1.1"),
        (b"<postmaster>", b"550 5.1.1"),
        (b"<" + b"a" * 300 + b"@desk.test>", b"501 5.1.3"),
        (b"<desk@desk.test> NOTIFY=NEVER", b"555 5.5.4"),
        (b"<desk@desk.test> ORCPT=rfc822;a@b", b"555 5.5.4"),
        (b" <desk@desk.test>", b"250 2.1.5"),
        (b"<Desk@DESK.test>", b"250 2.1.5"),
        ("<jürgen@desk.test>".encode(), b"553 5.6.7"),
        (b"<j\xff\xfe@desk.test>", b"501 5.5.2"),
    ],
)
def test_recipients(client: Raw, argument: bytes, status: bytes) -> None:
    """Only a plain address of ours is taken; none is mended, decoded or routed on."""
    client.hello()
    client.command(b"MAIL FROM:<a@b.test>")
    assert client.command(b"RCPT TO:" + argument).startswith(status)


@pytest.mark.parametrize(
    "argument, status",
    [
        (b"<a@b.test> SIZE=999999", b"250 2.1.0"),
        (b"<a@b.test> SIZE=99999999999", b"552 5.3.4"),
        (b"<a@b.test> SIZE=" + b"9" * 3000, b"501 5.5.4"),
        (b"<a@b.test> SIZE=-1", b"501 5.5.4"),
        ("<a@b.test> SIZE=٣".encode(), b"501 5.5.4"),
        (b"<a@b.test> size=10 BODY=8BITMIME SMTPUTF8", b"250 2.1.0"),
        (b"<a@b.test> BODY=BINARYMIME", b"501 5.5.4"),
        (b"<a@b.test> RET=FULL", b"555 5.5.4"),
        (b"<a@b.test> SMTPUTF8=1", b"501 5.5.4"),
        ("<jürgen@büro.test> SMTPUTF8".encode(), b"250 2.1.0"),
        ("<jürgen@büro.test>".encode(), b"553 5.6.7"),
        (b"<j\xff\xfe@b.test> SMTPUTF8", b"501 5.5.2"),
        (b'<"odd \\" one"@b.test>', b"250 2.1.0"),
        (b"<a@[IPv6:::1]>", b"250 2.1.0"),
        (b"<bounce+SRS0=ab/cd=x=y.test=z@b.test>", b"250 2.1.0"),
        (b"<a@b.test>x", b"501 5.1.7"),
        (b"<a\x1b[2J@b.test>", b"501 5.1.7"),
        (b"a@b.test", b"501 5.1.7"),
        (b"", b"501 5.1.7"),
    ],
)
def test_reverse_paths(client: Raw, argument: bytes, status: bytes) -> None:
    """Reverse paths and the parameters of MAIL."""
    client.hello()
    assert client.command(b"MAIL FROM:" + argument).startswith(status)
