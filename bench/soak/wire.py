"""Hostile clients of a soak run: none of them gets a mail taken, and none is to keep anybody waiting."""

from collections.abc import Callable

from tests.attacks.smtpraw import HEADER, Raw

_TIMEOUT = 30.0


def _gone_before_the_dot(client: Raw) -> None:
    _greeted(client)
    client.command(b"DATA")
    client.send(HEADER + b"x" * 200_000)


def _long_command(client: Raw) -> None:
    client.hello()
    client.send(b"NOOP " + b"x" * 1_000_000 + b"\r\n")
    client.line()


def _http(client: Raw) -> None:
    client.reply()
    client.send(b"GET / HTTP/1.1\r\nHost: desk.test\r\n\r\n")
    client.line()


def _nobody(client: Raw) -> None:
    client.hello()
    client.command(b"MAIL FROM:<a@attacker.test>")
    for number in range(100):
        client.command(b"RCPT TO:<nobody%d@desk.test>" % number)


def _too_large(client: Raw) -> None:
    client.hello()
    client.command(b"MAIL FROM:<a@attacker.test> SIZE=99999999999")


def _rubbish(client: Raw) -> None:
    client.hello()
    client.send(b"\0\xff\r\n" * 20)
    client.line()


def _greeted(client: Raw) -> None:
    client.hello()
    client.command(b"MAIL FROM:<a@attacker.test>")
    client.command(b"RCPT TO:<service@desk.test>")


CASES: tuple[Callable[[Raw], None], ...] = (
    _gone_before_the_dot, _long_command, _http, _nobody, _too_large, _rubbish,
)  # fmt: skip


def attack(port: int, number: int) -> None:
    """One of the cases; that the desk ends the connection is what it should do."""
    try:
        with Raw(port, _TIMEOUT) as client:
            CASES[number % len(CASES)](client)
    except (ConnectionError, BrokenPipeError):
        pass
