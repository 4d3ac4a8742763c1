"""Relays: what each answer of the other side means, deadlines, TLS, sign-in, addresses, the Maildir."""

import email
import mailbox
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import trustme

from gateway import smtp_client, smtp_relay
from gateway.letter import Letter
from gateway.relay import Deferred, MaildirRelay, NotTried, Refused, Result, Sent, Uncertain
from gateway.smtp_relay import SmtpConfig, SmtpRelay
from tests.gateway.scripted_smtp import Answer, Scripted, close, drip, endless, scripted, silent

LETTER = Letter(
    outbox_id=17,
    message_id="<desk.o17@example.com>",
    return_path="service+b-abc@example.com",
    recipient="jane@customer.test",
    bytes=b"Subject: hello\r\n\r\nOne.\r\n.Two.\r\n..\r\n",
)
STARTTLS = b"250-relay.example.test\r\n250 STARTTLS\r\n"


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    """Ends the servers that say nothing."""
    event = threading.Event()
    yield event
    event.set()


def config(server: Scripted, **values: object) -> SmtpConfig:
    """Settings for a scripted server, without TLS."""
    plain = SmtpConfig(host="127.0.0.1", port=server.port, tls="none", hostname="desk.example.com", timeout=5)
    return replace(plain, **values)  # type: ignore[arg-type]


def send(server: Scripted, *letters: Letter, **values: object) -> list[Result]:
    """Send letters, and end the connection."""
    relay = SmtpRelay(config(server, **values))
    try:
        return list(relay.send(letters or (LETTER,)))
    finally:
        relay.close()


def test_sent_as_it_is() -> None:
    """The exact bytes arrive, dots at line starts included, and each address stands alone in its command."""
    with scripted() as server:
        assert send(server) == [Sent("250 2.0.0 ok")]
    assert server.mails == [LETTER.bytes]
    size = len(LETTER.bytes)
    assert server.commands[1:3] == [f"MAIL FROM:<{LETTER.return_path}> SIZE={size}", f"RCPT TO:<{LETTER.recipient}>"]


def test_pipelining_where_the_server_can() -> None:
    """MAIL, RCPT and DATA go at once; a server that refused the recipient and takes DATA all the same gets no mail."""
    with scripted({"EHLO": b"250-x\r\n250 PIPELINING\r\n"}) as server:
        assert send(server, LETTER, LETTER) == [Sent("250 2.0.0 ok")] * 2
        assert server.mails == [LETTER.bytes] * 2
        server.mails.clear()
        server.answers["RCPT"] = b"550 5.1.1 no such user\r\n"
        assert send(server, LETTER, LETTER) == [Refused("550 5.1.1 no such user")] * 2
        assert server.mails == [b"", b""]
        server.answers["DATA"] = b"554 5.5.1 no recipients\r\n"
        assert send(server, LETTER, LETTER) == [Refused("550 5.1.1 no such user")] * 2


def test_one_connection_for_many_letters() -> None:
    """The connection is kept between letters and between calls."""
    with scripted() as server:
        relay = SmtpRelay(config(server))
        assert [type(result) for result in relay.send([LETTER] * 5)] == [Sent] * 5
        assert [type(result) for result in relay.send([LETTER] * 5)] == [Sent] * 5
        relay.close()
    assert server.connections == 1
    assert len(server.mails) == 10


@pytest.mark.parametrize(
    "verb, reply, expected",
    [
        ("MAIL", b"451 4.3.0 later\r\n", Deferred("451 4.3.0 later")),
        ("RCPT", b"450 4.2.0 greylisted\r\n", Deferred("450 4.2.0 greylisted")),
        ("RCPT", b"550 5.1.1 no such user\r\n", Refused("550 5.1.1 no such user")),
        ("MAIL", b"530 5.7.0 sign in first\r\n", Deferred("530 5.7.0 sign in first")),
        (".", b"451 4.3.0 later\r\n", Deferred("451 4.3.0 later")),
        (".", b"554-5.7.1 spam\r\n554 5.7.1 go away\r\n", Refused("554 5.7.1 spam 5.7.1 go away")),
        (".", b"552 5.3.4 too big\r\n", Refused("552 5.3.4 too big")),
    ],
)
def test_replies(verb: str, reply: bytes, expected: Result) -> None:
    """4xx is tried again, 5xx is not, and what speaks of our sign-in does not count against the letter."""
    with scripted({verb: reply}) as server:
        assert send(server) == [expected]
    assert server.commands[-2:] == ["rset", "quit"]


def test_closed_after_the_dot_is_uncertain() -> None:
    """All bytes were sent and no reply came: nobody knows, and the letter says so."""
    with scripted({".": close}) as server:
        (result,) = send(server)
    assert isinstance(result, Uncertain)
    assert server.mails == [LETTER.bytes]


def test_silence_after_the_dot_is_uncertain(stop: threading.Event) -> None:
    """The same when the server falls silent."""
    with scripted({".": silent(stop)}) as server:
        (result,) = send(server, timeout=0.3)
        stop.set()
    assert isinstance(result, Uncertain)


@pytest.mark.parametrize("verb", ["banner", "EHLO", "MAIL", "RCPT", "DATA"])
def test_closed_before_the_dot_is_deferred(verb: str) -> None:
    """Nothing was taken over yet, whenever the server goes away."""
    with scripted({verb: close}) as server:
        (result,) = send(server)
    assert isinstance(result, Deferred)


@pytest.mark.parametrize("verb", ["banner", "EHLO", "MAIL"])
def test_endless_replies_end(verb: str) -> None:
    """A reply without an end is given up by its size."""
    with scripted({verb: endless}) as server:
        (result,) = send(server)
    assert isinstance(result, Deferred)
    assert "does not end" in result.reply or "closed" in result.reply.lower()


@pytest.mark.parametrize("verb", ["banner", "EHLO", "RCPT"])
def test_dripping_replies_end(verb: str, stop: threading.Event) -> None:
    """Single bytes do not start the time-out anew."""
    with scripted({verb: drip(stop)}) as server:
        (result,) = send(server, timeout=0.4)
        stop.set()
    assert isinstance(result, Deferred)


def test_total_time_is_bounded(stop: threading.Event) -> None:
    """A batch ends before its lease: letters whose turn does not come wait for the next try."""
    with scripted({"RCPT": silent(stop)}) as server:
        results = send(server, *[LETTER] * 5, timeout=30, total=0.4)
        stop.set()
    assert [type(result) for result in results] == [Deferred] + [NotTried] * 4


def test_server_that_closed_an_idle_connection() -> None:
    """A kept connection that the server closed meanwhile is opened again, and the letter goes."""
    with scripted({"QUIT": close}) as server:
        relay = SmtpRelay(config(server))
        assert isinstance(next(iter(relay.send([LETTER]))), Sent)
        server.answers["MAIL"] = b"421 4.4.2 idle too long\r\n"
        assert isinstance(next(iter(relay.send([LETTER]))), Deferred)
        del server.answers["MAIL"]
        assert isinstance(next(iter(relay.send([LETTER]))), Sent)
        relay.close()


def test_one_poisonous_letter_does_not_stop_the_batch() -> None:
    """The server hangs up on one letter; those after it go over a new connection."""
    seen: list[int] = []

    def hang_up_once(connection: object) -> bytes | None:
        seen.append(1)
        return None if len(seen) == 2 else b"250 ok\r\n"

    with scripted({".": hang_up_once}) as server:
        results = send(server, *[LETTER] * 4)
    assert [type(result) for result in results] == [Sent, Uncertain, Sent, Sent]


def test_dead_relay_is_not_tried_for_each_letter() -> None:
    """After two lost connections in a row the rest of the batch waits."""
    with scripted({"MAIL": close}) as server:
        results = send(server, *[LETTER] * 50)
    assert {type(result) for result in results} == {Deferred}
    assert server.connections == 2


def test_no_starttls_no_mail() -> None:
    """A server that does not offer STARTTLS gets nothing, where STARTTLS is wanted."""
    with scripted() as server:
        (result,) = send(server, tls="starttls")
    assert result == Deferred("the relay does not offer STARTTLS; nothing is sent in clear text instead")
    assert [command.split()[0] for command in server.commands] == ["ehlo"]


def test_starttls_with_a_trusted_certificate(tmp_path: Path) -> None:
    """With a certificate of the named authority the letter goes, sign-in included; without, it waits."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    answers: dict[str, Answer] = {
        "EHLO": b"250-relay.example.test\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n",
        "STARTTLS": b"220 go on\r\n",
        "AUTH": b"235 welcome\r\n",
    }
    with scripted(answers, context) as server:
        good = {"tls": "starttls", "tls_ca": str(tmp_path / "ca.pem"), "user": "desk", "password": "sample"}
        assert isinstance(send(server, replace(LETTER, sensitive=True), **good)[0], Sent)
        verbs = [command.split()[0].upper() for command in server.commands]
        assert verbs[:4] == ["EHLO", "STARTTLS", "EHLO", "AUTH"]
        unknown = send(server, **(good | {"tls_ca": ""}))
    assert isinstance(unknown[0], Deferred)
    assert "certificate" in unknown[0].reply.lower()
    assert len(server.mails) == 1


def test_failed_sign_in_is_not_the_letters_fault() -> None:
    """A wrong password puts letters off; it is never in what is recorded."""
    answers: dict[str, Answer] = {"EHLO": b"250-x\r\n250 AUTH PLAIN\r\n", "AUTH": b"535 5.7.8 wrong\r\n"}
    with scripted(answers) as server:
        results = send(server, LETTER, LETTER, user="desk", password="sample-secret")
    assert [type(result) for result in results] == [Deferred, Deferred]
    assert "5.7.8" in results[0].reply
    assert "sample-secret" not in results[0].reply
    assert "sample-secret" not in repr(config(server, password="sample-secret"))
    assert server.connections == 1


@pytest.mark.parametrize(
    "address",
    [
        "a@x.test> NOTIFY=SUCCESS",
        "a@x.test>\r\nRCPT TO:<victim@x.test",
        "a@x.test\nDATA",
        "<a@x.test",
        "a b@x.test",
        "",
        "nobody",
        "a@x.test\u202e",
    ],
)
def test_addresses_bring_no_command(address: str) -> None:
    """An address that could end its command is refused before anything is sent."""
    with scripted() as server:
        (result,) = send(server, replace(LETTER, recipient=address))
        (other,) = send(server, replace(LETTER, return_path=address))
    assert isinstance(result, Refused)
    assert isinstance(other, Refused)
    assert server.connections == 0


def test_international_addresses() -> None:
    """A domain goes in ASCII form everywhere; a local part only where the relay offers SMTPUTF8."""
    with scripted() as server:
        assert isinstance(send(server, replace(LETTER, recipient="jane@bücher.test"))[0], Sent)
        assert isinstance(send(server, replace(LETTER, recipient="jürgen@customer.test"))[0], Refused)
        server.answers["EHLO"] = b"250-x\r\n250 SMTPUTF8\r\n"
        assert isinstance(send(server, replace(LETTER, recipient="jürgen@customer.test"))[0], Sent)
    rcpt = [command for command in server.commands if command.startswith("RCPT")]
    assert rcpt == ["RCPT TO:<jane@xn--bcher-kva.test>", "RCPT TO:<jürgen@customer.test>"]


def test_maildir_keeps_letters_for_people(tmp_path: Path) -> None:
    """Any mail program reads the folder; only its owner may; each letter says who it was for."""
    relay = MaildirRelay(tmp_path / "outbox")
    results = relay.send([LETTER, LETTER, replace(LETTER, recipient="nobody")])
    assert [type(result) for result in results] == [Sent, Sent, Refused]
    box = mailbox.Maildir(tmp_path / "outbox", create=False)
    assert len(box) == 2
    message = box[box.keys()[0]]
    assert (message["Return-Path"], message["Delivered-To"]) == (f"<{LETTER.return_path}>", LETTER.recipient)
    assert message["Subject"] == "hello"
    paths = list((tmp_path / "outbox" / "new").iterdir())
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o600}
    assert paths[0].read_bytes().endswith(LETTER.bytes)
    assert email.message_from_bytes(paths[0].read_bytes())["Subject"] == "hello"
    assert not list((tmp_path / "outbox" / "tmp").iterdir())


def test_maildir_that_cannot_be_written(tmp_path: Path) -> None:
    """A folder that is none puts letters off with a reason."""
    (tmp_path / "outbox").write_text("a file")
    (result,) = MaildirRelay(tmp_path / "outbox").send([LETTER])
    assert isinstance(result, Deferred)


def test_no_letter_is_cut_by_the_end_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that was begun has time of its own; one whose turn does not come was not tried."""
    passed = [0.0]
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + passed[0])
    monkeypatch.setattr(smtp_relay, "time", clock)
    monkeypatch.setattr(smtp_client, "time", clock)

    def slow(connection: object) -> bytes:
        passed[0] += 200
        return b"250 2.0.0 ok\r\n"

    with scripted({".": slow}) as server:
        results = send(server, *[LETTER] * 3, timeout=290, total=300)
    assert results == [Sent("250 2.0.0 ok"), Sent("250 2.0.0 ok"), NotTried()]
    assert len(server.mails) == 2


def test_a_program_that_ends_begins_no_letter() -> None:
    """The letters are given back, and the relay hears of none of them."""
    with scripted() as server:
        assert list(SmtpRelay(config(server), lambda: True).send([LETTER] * 2)) == [NotTried()] * 2
    assert server.connections == 0


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "."])
def test_the_first_digit_decides(verb: str) -> None:
    """Any reply that begins with 2 means yes (RFC 5321 section 4.2.1)."""
    with scripted({verb: b"259 queued\r\n"}) as server:
        (result,) = send(server)
    assert isinstance(result, Sent)
    assert len(server.mails) == 1


def test_a_relay_that_closes_is_the_trouble_itself() -> None:
    """A 421 speaks of the server (RFC 5321 section 3.8), so that it gets its rest."""
    with scripted({"MAIL": b"421 4.3.2 shutting down\r\n"}) as server:
        results = send(server, LETTER, LETTER, LETTER)
    assert [isinstance(one, Deferred) and one.of_relay for one in results] == [True] * 3


def test_a_host_that_is_no_name_is_a_fault_of_the_settings() -> None:
    """Letters wait; nothing was sent, and nobody need wonder whether it was."""
    relay = SmtpRelay(SmtpConfig(host="a..b", tls="none"))
    (result,) = relay.send([LETTER])
    assert isinstance(result, Deferred)
    assert result.of_relay
    assert "not a host name" in relay.try_out()
