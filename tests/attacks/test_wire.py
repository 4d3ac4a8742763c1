"""What hostile and broken clients say on the wire, and the one answer each gets."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.listener import Limits, ListenerConfig
from tests.attacks.listening import LOOPS, ListSpool, Running, listening
from tests.attacks.smtpraw import HEADER, Raw, code, enhanced
from tests.attacks.wire_cases import CONTROLS, INNER, LOOK_ALIKES, WEB_REQUESTS
from tests.peers.common import wait_for

CONFIG = ListenerConfig("127.0.0.1", 0, "smtp", "desk.test", max_size=1_000_000)
PATIENT = replace(CONFIG, limits=Limits(commands=2000))


@pytest.fixture
def spool() -> ListSpool:
    """A spool that keeps mails in a list."""
    return ListSpool()


@pytest.fixture(params=list(LOOPS))
def target(request: pytest.FixtureRequest, spool: ListSpool, tmp_path: Path) -> Iterator[Running]:
    """A listener on either event loop."""
    with listening(CONFIG, spool, tmp_path, request.param) as running:
        yield running


@pytest.fixture
def client(target: Running) -> Iterator[Raw]:
    """A connection that has not said anything."""
    with Raw(target.port) as raw:
        yield raw


@pytest.mark.attack(1)
@pytest.mark.parametrize("normalise", [False, True])
@pytest.mark.parametrize("name", list(LOOK_ALIKES))
def test_smuggling(spool: ListSpool, tmp_path: Path, name: str, normalise: bool) -> None:
    """A look-alike end with an inner transaction behind it is one mail, or none; never two."""
    mark, clean = LOOK_ALIKES[name]
    config = replace(CONFIG, normalise_line_ends=normalise)
    with listening(config, spool, tmp_path) as running, Raw(running.port) as client:
        client.start_data()
        client.send(HEADER + b"body" + mark + INNER + b"QUIT\r\n")
        kept = clean or normalise
        # What follows the true end, which is that of the inner mail, is QUIT.
        assert client.codes() == ["250" if kept else "550", "221"]
    assert [mail.count(b"SMUGGLED") for mail in spool.mails] == ([1] if kept else [])
    assert all(envelope.reverse_path == "a@attacker.test" for envelope, _ in spool.kept)


@pytest.mark.attack(1)
def test_bare_line_end_reply(client: Raw) -> None:
    """A bare LF in the content is refused for good, with the status code that names the reason."""
    client.start_data()
    assert client.content(HEADER + b"a\nb\r\n").startswith(b"550 5.6.11 ")


@pytest.mark.attack(2)
@pytest.mark.parametrize("line", CONTROLS)
def test_control_characters_in_commands(client: Raw, line: bytes) -> None:
    """NUL and CR inside a command: 500 5.5.2, and the session goes on."""
    client.hello()
    assert client.command(line).startswith(b"500 5.5.2 ")
    assert code(client.command(b"RCPT TO:<desk@desk.test>")) == "503"


@pytest.mark.attack(2)
def test_bare_lf_in_commands(client: Raw) -> None:
    """A command that ends in a bare LF is not run."""
    client.reply()
    client.send(b"EHLO a\nMAIL FROM:<a@b.test>\n")
    assert [code(client.reply()), code(client.reply())] == ["500", "500"]
    assert code(client.command(b"MAIL FROM:<a@b.test>")) == "503"


@pytest.mark.attack(3)
def test_early_talker(client: Raw, spool: ListSpool) -> None:
    """A whole session sent before the banner runs in order, no state skipped."""
    mail = HEADER + b"x\r\n.\r\n"
    client.send(
        b"EHLO a\r\nRCPT TO:<desk@desk.test>\r\nDATA\r\nMAIL FROM:<>\r\nRCPT TO:<desk@desk.test>\r\nDATA\r\n" + mail
    )
    client.send(b"QUIT\r\n")
    assert client.codes() == ["220", "250", "503", "503", "250", "250", "354", "250", "221"]
    assert spool.mails == [HEADER + b"x\r\n"]


@pytest.mark.attack(4)
@pytest.mark.parametrize("request_line", WEB_REQUESTS)
def test_http(client: Raw, spool: ListSpool, request_line: bytes) -> None:
    """A web request is ended at its first word, so that no form can speak SMTP in its body."""
    client.send(request_line + b"\r\nHost: x\r\n\r\nEHLO a\r\nMAIL FROM:<a@b.test>\r\n")
    assert client.codes() == ["220", "421"]


def test_bdat_ends_the_session(client: Raw) -> None:
    """Content behind an unannounced BDAT is not read as commands."""
    assert b"CHUNKING" not in client.hello()
    client.send(b"MAIL FROM:<>\r\nRCPT TO:<desk@desk.test>\r\nBDAT 18 LAST\r\nMAIL FROM:<x@y>\r\n")
    assert client.codes() == ["250", "250", "502"]


@pytest.mark.attack(11)
def test_null_reverse_path(client: Raw, spool: ListSpool) -> None:
    """<> is taken, and kept as the empty string."""
    client.hello()
    client.envelope(sender=b"")
    client.command(b"DATA")
    assert code(client.content(HEADER)) == "250"
    assert spool.kept[0][0].reverse_path == ""


@pytest.mark.attack(3)
def test_order_of_commands(client: Raw) -> None:
    """Every step out of order is 503, and RSET goes back."""
    client.reply()
    lines = [
        b"MAIL FROM:<>",
        b"HELO x",
        b"RCPT TO:<desk@desk.test>",
        b"DATA",
        b"MAIL FROM:<>",
        b"MAIL FROM:<>",
        b"DATA",
    ]
    assert [code(client.command(line)) for line in lines] == ["503", "250", "503", "503", "250", "503", "503"]
    lines = [b"RSET", b"RCPT TO:<desk@desk.test>", b"MAIL FROM:<>", b"EHLO x", b"RCPT TO:<desk@desk.test>"]
    assert [code(client.command(line)) for line in lines] == ["250", "503", "250", "250", "503"]


def test_replies_carry_enhanced_codes(client: Raw) -> None:
    """Every reply but those to the greeting and to DATA carries an enhanced status code (RFC 2034)."""
    client.hello()
    lines = b"NOOP RSET VRFY EXPN HELP XYZZY DATA STARTTLS EHLO MAIL AUTH".split()
    assert [line for line in lines if not enhanced(client.command(line))] == []
    lines = [b"MAIL FROM:<>", b"RCPT TO:<x@y.test>", b"RCPT TO:<desk@desk.test>", b"DATA now", b"QUIT"]
    assert [line for line in lines if not enhanced(client.command(line))] == []


@pytest.mark.attack(9)
def test_many_recipients(spool: ListSpool, tmp_path: Path) -> None:
    """A hundred recipients are taken, 452 4.5.3 after that; the mail goes to the hundred."""
    with listening(PATIENT, spool, tmp_path) as running, Raw(running.port) as client:
        client.hello()
        client.command(b"MAIL FROM:<a@b.test>")
        replies = [client.command(b"RCPT TO:<u%d@desk.test>" % number) for number in range(1000)]
        assert [code(reply) for reply in replies] == ["250"] * 100 + ["452"] * 900
        assert replies[-1].startswith(b"452 4.5.3 ")
        client.command(b"DATA")
        assert code(client.content(HEADER)) == "250"
    assert len(spool.kept[0][0].recipients) == 100


@pytest.mark.attack(9)
def test_same_recipient_again(spool: ListSpool, tmp_path: Path) -> None:
    """The same recipient a thousand times is one recipient."""
    with listening(PATIENT, spool, tmp_path) as running, Raw(running.port) as client:
        client.hello()
        client.command(b"MAIL FROM:<a@b.test>")
        addresses = [b"desk@desk.test", b"DESK@Desk.Test"] * 500
        assert {code(client.command(b"RCPT TO:<%s>" % address)) for address in addresses} == {"250"}
        client.command(b"DATA")
        assert code(client.content(HEADER)) == "250"
    assert [envelope.recipients for envelope, _ in spool.kept] == [("desk@desk.test",)]


@pytest.mark.attack(13)
def test_endless_commands(client: Raw) -> None:
    """After 300 commands without a mail: 421 and the end."""
    client.hello()
    client.send(b"NOOP\r\n" * 400)
    codes = client.codes()
    assert codes == ["250"] * 299 + ["421"]


def test_command_budget_is_renewed_by_a_mail(spool: ListSpool, tmp_path: Path) -> None:
    """A relay may send mail after mail on one connection."""
    with listening(replace(CONFIG, limits=Limits(commands=6)), spool, tmp_path) as running, Raw(running.port) as client:
        client.hello()
        for _ in range(5):
            client.envelope()
            client.command(b"DATA")
            assert code(client.content(HEADER)) == "250"
    assert len(spool.kept) == 5


def test_bogus_commands(client: Raw) -> None:
    """Ten unknown commands are answered, then the session ends."""
    client.hello()
    client.send(b"XYZZY\r\n" * 20)
    assert client.codes() == ["500"] * 10 + ["421"]


@pytest.mark.attack(6)
@pytest.mark.parametrize("length", [998, 1001, 4096, 70_000, 900_000])
def test_long_lines_in_content(client: Raw, spool: ListSpool, length: int) -> None:
    """Lines of any length are kept as sent: many real mails have them."""
    mail = HEADER + b"x" * length + b"\r\n"
    client.start_data()
    assert code(client.content(mail)) == "250"
    assert spool.mails == [mail]


@pytest.mark.attack(7)
def test_size_lie(client: Raw, spool: ListSpool) -> None:
    """More than max_size, whatever was declared: 552 5.3.4 at the end, and the session goes on."""
    client.hello()
    client.command(b"MAIL FROM:<a@b.test> SIZE=10")
    client.command(b"RCPT TO:<desk@desk.test>")
    client.command(b"DATA")
    assert client.content(HEADER + b"y" * 1_500_000 + b"\r\n").startswith(b"552 5.3.4 ")
    client.envelope()
    client.command(b"DATA")
    assert code(client.content(HEADER)) == "250"
    assert len(spool.kept) == 1


@pytest.mark.attack(18)
@pytest.mark.parametrize("body", [b"gr\xfc\xdfe \xe2\x82\xac\r\n", b"a\x00b\r\n", b"", b".." + b"\r\n"])
def test_undeclared_content(client: Raw, spool: ListSpool, body: bytes) -> None:
    """8-bit content without BODY=8BITMIME, NUL, nothing at all: kept as sent."""
    client.start_data()
    assert code(client.content(HEADER + body)) == "250"
    assert spool.mails == [(HEADER + body).replace(b"\r\n..", b"\r\n.")]


def test_hostile_greeting(client: Raw, spool: ListSpool) -> None:
    """What a client calls itself cannot write into the header of the mail."""
    client.start_data(b"EHLO x) by evil.test;\tid (\xc2\xa0" + b"y" * 1000)
    assert code(client.content(HEADER)) == "250"
    first = spool.kept[0][1].split(b"\r\n", 1)[0]
    assert first.startswith(b"Received: from x??by?evil.test??id???yyy")
    assert first.endswith(b"y ([127.0.0.1])")


@pytest.mark.attack(16)
def test_client_gone_before_the_end(target: Running, spool: ListSpool, tmp_path: Path) -> None:
    """A mail without its end mark is not kept, and leaves nothing on disk."""
    for size in (10, 800_000):
        with Raw(target.port) as client:
            client.start_data()
            client.send(HEADER + b"x" * size)
    wait_for(lambda: target.listener.connections == 0, "the sessions to end")
    assert spool.kept == []
    assert list((tmp_path / "incoming").iterdir()) == []


@pytest.mark.attack(16)
def test_client_gone_after_the_end(target: Running, spool: ListSpool) -> None:
    """A whole mail is kept once, though its sender left without waiting for the answer."""
    spool.held = True
    with Raw(target.port) as client:
        client.start_data()
        client.send(HEADER + b"x\r\n.\r\n")
        assert spool.arrived.acquire(timeout=10)
    spool.release()
    wait_for(lambda: len(spool.kept) == 1, "the mail to be kept")
    with Raw(target.port) as client:
        client.start_data()
        client.send(HEADER + b"y\r\n.\r\n")
    wait_for(lambda: len(spool.kept) == 2, "the second mail to be kept")
    assert spool.mails == [HEADER + b"x\r\n", HEADER + b"y\r\n"]
