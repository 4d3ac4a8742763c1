"""Hostile and broken clients at the running service: what each is told, and what is kept of it."""

from collections.abc import Iterator

import pytest

from tests.attacks.service import became
from tests.attacks.smtp_world import SERVICE, from_path, header, kept, number_of, raw_of, start_data
from tests.attacks.smtpraw import Raw, code
from tests.attacks.wire_cases import CONTROLS, INNER, LOOK_ALIKES, RECIPIENTS, REVERSE_PATHS, WEB_REQUESTS
from tests.peers.desk import Desk


@pytest.fixture
def client(attacked: Desk) -> Iterator[Raw]:
    """A connection to the service that has not said anything."""
    with Raw(attacked.smtp, 60) as raw:
        yield raw


@pytest.mark.attack(1)
@pytest.mark.parametrize("name", list(LOOK_ALIKES))
def test_look_alikes_of_the_end(attacked: Desk, client: Raw, name: str) -> None:
    """A look-alike with a transaction behind it ends no mail: one is kept, or none, and nothing of the inner sender."""
    mark, clean = LOOK_ALIKES[name]
    before = attacked.accepted(), from_path(attacked, "ceo@desk.test")
    start_data(client, b"smuggler@attacker.test")
    client.send(header(f"Outer {name}") + b"body" + mark + INNER + b"QUIT\r\n")
    reply = client.reply()
    # What follows the true end, which is that of the inner mail, is QUIT.
    assert client.codes() == ["221"]
    if clean:
        assert raw_of(attacked, number_of(reply)).count(b"SMUGGLED") == 1
        assert became(attacked, number_of(reply)).subject == f"Outer {name}"
    else:
        assert reply.startswith(b"550 5.6.11 ")
    assert (attacked.accepted(), from_path(attacked, "ceo@desk.test")) == (before[0] + clean, before[1])


@pytest.mark.attack(2)
@pytest.mark.parametrize("line", CONTROLS)
def test_control_characters_in_commands(client: Raw, line: bytes) -> None:
    """NUL and CR inside a command: 500 5.5.2, and nothing of it was run."""
    client.hello()
    assert client.command(line).startswith(b"500 5.5.2 ")
    assert code(client.command(b"RCPT TO:<%s>" % SERVICE)) == "503"


@pytest.mark.attack(2)
def test_bare_lf_in_commands(client: Raw) -> None:
    """Commands that end in a bare LF are not run, however many come at once."""
    client.reply()
    client.send(b"EHLO a\nMAIL FROM:<a@b.test>\n")
    assert [client.reply()[:9], client.reply()[:9]] == [b"500 5.5.2"] * 2
    assert code(client.command(b"MAIL FROM:<a@b.test>")) == "503"


@pytest.mark.attack(3)
def test_early_talk_and_pipelining(attacked: Desk, client: Raw) -> None:
    """A session sent in one piece, before the banner and out of order, runs in order; no step is skipped."""
    rcpt = b"RCPT TO:<%s>\r\n" % SERVICE
    mail = header("Early") + b"x\r\n"
    out_of_order = b"MAIL FROM:<>\r\nEHLO a\r\n" + rcpt + b"DATA\r\n"
    in_order = b"MAIL FROM:<early@attacker.test>\r\nMAIL FROM:<>\r\n" + rcpt + b"DATA\r\n" + mail + b".\r\n"
    client.send(out_of_order + in_order + b"NOOP\r\nQUIT\r\n")
    replies = list(iter(client.reply, b""))
    expected = ["220", "503", "250", "503", "503", "250", "503", "250", "354", "250", "250", "221"]
    assert [code(reply) for reply in replies] == expected
    assert raw_of(attacked, number_of(replies[9])) == mail
    assert from_path(attacked, "early@attacker.test") == 1


@pytest.mark.attack(4)
@pytest.mark.parametrize("request_line", WEB_REQUESTS)
def test_a_web_request(attacked: Desk, client: Raw, request_line: bytes) -> None:
    """A web request ends the session at its first word, so that no form can speak SMTP in its body."""
    body = b"EHLO a\r\nMAIL FROM:<web@attacker.test>\r\nRCPT TO:<%s>\r\nDATA\r\nx\r\n.\r\n" % SERVICE
    client.send(request_line + b"\r\nHost: x\r\n\r\n" + body)
    assert client.codes() == ["220", "421"]
    assert from_path(attacked, "web@attacker.test") == 0


@pytest.mark.attack(9)
def test_a_thousand_recipients(attacked: Desk, client: Raw) -> None:
    """A hundred are taken, 452 4.5.3 after that, and after three hundred commands the session ends."""
    lines = b"".join(b"RCPT TO:<service+u%d@desk.test>\r\n" % number for number in range(1000))
    client.hello()
    client.command(b"MAIL FROM:<many@attacker.test>")
    client.send(lines)
    replies = list(iter(client.reply, b""))
    assert [code(reply) for reply in replies] == ["250"] * 100 + ["452"] * 198 + ["421"]
    assert {reply[:9] for reply in replies[100:298]} == {b"452 4.5.3"}
    assert from_path(attacked, "many@attacker.test") == 0


@pytest.mark.attack(9)
def test_recipients_beyond_the_limit_stop_no_mail(attacked: Desk, client: Raw) -> None:
    """The same recipient over and over is one, and the mail goes to the hundred that were taken."""
    client.hello()
    names = [SERVICE, b"SERVICE@Desk.Test"] * 30 + [b"service+u%d@desk.test" % number for number in range(150)]
    client.command(b"MAIL FROM:<hundred@attacker.test>")
    client.send(b"".join(b"RCPT TO:<%s>\r\n" % name for name in names))
    assert [code(client.reply()) for _ in names] == ["250"] * 159 + ["452"] * 51
    assert code(client.command(b"DATA")) == "354"
    number = number_of(client.content(header("To a hundred") + b"x\r\n"))
    assert kept(attacked, number).recipients == ["service@desk.test", *(f"service+u{n}@desk.test" for n in range(99))]
    became(attacked, number)


@pytest.mark.attack(10, 18)
def test_recipients_that_are_none(client: Raw) -> None:
    """Only a plain address of ours is taken; none is mended, decoded or routed on."""
    client.hello()
    client.command(b"MAIL FROM:<a@b.test>")
    replies = {argument: client.command(b"RCPT TO:" + argument)[:9] for argument, _ in RECIPIENTS}
    # The whole service has a postmaster (RFC 5321 section 4.5.1).
    assert replies == {**dict(RECIPIENTS), b"<postmaster>": b"250 2.1.5"}


@pytest.mark.attack(18)
def test_reverse_paths_that_are_none(client: Raw) -> None:
    """The reverse path and its parameters: what cannot be read is refused with the code that says why."""
    client.hello()
    replies = {}
    for argument, _ in REVERSE_PATHS:
        replies[argument] = client.command(b"MAIL FROM:" + argument)[:9]
        client.command(b"RSET")
    assert replies == dict(REVERSE_PATHS)


@pytest.mark.attack(11)
def test_the_null_sender(attacked: Desk, client: Raw) -> None:
    """<> is taken, kept as the empty string, and gets a disposition like any mail."""
    start_data(client, b"")
    number = number_of(client.content(header("From nobody") + b"x\r\n"))
    assert kept(attacked, number).reverse_path == ""
    assert became(attacked, number).received_id == number


@pytest.mark.attack(18)
@pytest.mark.parametrize("body", [b"gr\xfc\xdfe \xe2\x82\xac\r\n", b"\xff\xfe\x80\r\n", b"a\x00b\r\n", b""])
def test_undeclared_content(attacked: Desk, client: Raw, body: bytes) -> None:
    """8-bit content without BODY=8BITMIME, NUL, nothing at all: taken, and kept byte for byte."""
    mail = header("Eight bits") + body
    start_data(client, b"bits@attacker.test")
    number = number_of(client.content(mail))
    assert raw_of(attacked, number) == mail
    became(attacked, number)
