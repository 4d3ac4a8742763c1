"""Signing in at a relay: with a password or a token, by the certificate's fingerprint, and what a refusal says."""

import base64
import hashlib
import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trustme

from gateway.oauth import OAuthFailed, TokenSource
from gateway.relay import Deferred, Sent
from gateway.smtp_relay import SmtpRelay
from tests.gateway.scripted_smtp import Answer, Scripted, scripted
from tests.gateway.test_relay import LETTER, config, send

XOAUTH2: dict[str, Answer] = {"EHLO": b"250-x\r\n250 AUTH LOGIN XOAUTH2\r\n", "AUTH": b"235 welcome\r\n"}


@dataclass
class Tokens:
    """Tokens of which each is a new one once the last was refused."""

    given: list[str] = field(default_factory=lambda: ["old-token"])

    def token(self) -> str:
        """The token of now."""
        return self.given[-1]

    def forget(self) -> None:
        """It was refused."""
        self.given.append("new-token")


def source(tokens: object) -> TokenSource:
    """As the relay takes it."""
    return tokens  # type: ignore[return-value]


def signed_in(server: Scripted) -> list[str]:
    """What came with each AUTH."""
    return [base64.b64decode(command.split()[-1]).decode() for command in server.commands if command.startswith("AUTH")]


def test_a_token() -> None:
    """XOAUTH2, in one line with AUTH."""
    with scripted(dict(XOAUTH2)) as server:
        assert isinstance(send(server, user="desk@x.test", tokens=source(Tokens()))[0], Sent)
    assert signed_in(server) == ["user=desk@x.test\x01auth=Bearer old-token\x01\x01"]


def test_a_refused_token_is_replaced_once() -> None:
    """The first refusal brings a new token and a new connection; the second one puts letters off, and says why."""
    why = base64.b64encode(json.dumps({"status": "401", "schemes": "bearer"}).encode())
    refusal: dict[str, Answer] = {"AUTH": b"334 " + why + b"\r\n", "": b"535 5.7.3 Authentication unsuccessful\r\n"}
    tokens = Tokens()
    with scripted(XOAUTH2 | refusal) as server:
        (result, other) = send(server, LETTER, LETTER, user="desk", tokens=source(tokens))
        assert isinstance(result, Deferred)
        assert "535 5.7.3" in result.reply
        assert "the token is not good" in result.reply
        assert other == result
        assert result.of_relay
        assert [said.split("Bearer ")[1].strip("\x01") for said in signed_in(server)] == ["old-token", "new-token"]
    answers = iter([b"334 " + why + b"\r\n"])
    with scripted(XOAUTH2 | refusal | {"AUTH": lambda _: next(answers, b"235 in\r\n")}) as server:
        assert isinstance(send(server, user="desk", tokens=source(Tokens()))[0], Sent)
    assert server.connections == 2


def test_no_token() -> None:
    """What the token server says is the reason."""

    class None_:
        def token(self) -> str:
            raise OAuthFailed("The client secret has ended.")

    with scripted(dict(XOAUTH2)) as server:
        (result,) = send(server, user="desk", tokens=source(None_()))
    assert result == Deferred("there is no token to sign in with. The client secret has ended.")


@pytest.mark.parametrize("offered", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_a_password_is_never_in_what_is_kept(offered: str) -> None:
    """Whatever the relay repeats of it, in each way to sign in, and with letters outside ASCII."""
    password = "sample-sécret"
    whole = base64.b64encode(f"\0desk\0{password}".encode())
    question = b"334 " + base64.b64encode(b"<1@x>") + b"\r\n"
    alone = base64.b64encode(password.encode())
    answers: dict[str, Answer] = {
        "EHLO": b"250-x\r\n250 AUTH " + offered.encode() + b"\r\n",
        "AUTH": b"535 5.7.8 bad " + whole + b"\r\n" if offered == "PLAIN" else question,
        alone.decode().upper(): b"535 5.7.8 bad " + alone + b" " + password.encode() + b"\r\n",
    }
    with scripted(answers) as server:
        (result,) = send(server, user="desk", password=password)
    assert isinstance(result, Deferred)
    assert result.of_relay
    assert not [secret for secret in (password, whole.decode(), alone.decode()) if secret in result.reply]


def test_a_challenge_that_is_no_base64() -> None:
    """Rubbish during the sign-in is the relay's fault, and the letter waits."""
    with scripted({"EHLO": b"250-x\r\n250 AUTH CRAM-MD5\r\n", "AUTH": b"334 \xff!\r\n"}) as server:
        (result,) = send(server, user="desk", password="sample")
    assert isinstance(result, Deferred)


def test_no_common_way() -> None:
    """It names what the relay offers."""
    with scripted({"EHLO": b"250-x\r\n250 AUTH GSSAPI\r\n"}) as server:
        (result,) = send(server, user="desk", password="sample")
    assert "it offers GSSAPI" in result.reply


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_certificate_by_its_fingerprint(tls: str) -> None:
    """The very certificate is taken whoever made it; another one gets no word, and its fingerprint is named."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    issued = trustme.CA().issue_cert("elsewhere.test")
    issued.configure_cert(context)
    der = ssl.PEM_cert_to_DER_cert(issued.cert_chain_pems[0].bytes().decode())
    found = hashlib.sha256(der).hexdigest()
    answers: dict[str, Answer] = {"EHLO": b"250-x\r\n250 STARTTLS\r\n", "STARTTLS": b"220 go on\r\n"}
    with scripted(answers, context, at_once=tls == "tls") as server:
        assert isinstance(send(server, tls=tls, tls_fingerprint=found)[0], Sent)
        said = len(server.commands)
        (result,) = send(server, tls=tls, tls_fingerprint="0" * 64)
    assert isinstance(result, Deferred)
    assert found in result.reply
    assert [command.split()[0].upper() for command in server.commands[said:]] in ([], ["EHLO", "STARTTLS"])


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")  # which is why we do not speak it
def test_old_tls_is_not_spoken(tmp_path: Path) -> None:
    """Below TLS 1.2 nothing is sent."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with scripted({"EHLO": b"250-x\r\n250 STARTTLS\r\n", "STARTTLS": b"220 go on\r\n"}, context) as server:
        (result,) = send(server, tls="starttls", tls_ca=str(tmp_path / "ca.pem"))
    assert isinstance(result, Deferred)
    assert server.mails == []


def test_letters_per_connection() -> None:
    """After so many the connection is closed in order, and the next letter gets a new one."""
    with scripted() as server:
        results = send(server, *[LETTER] * 7, letters_per_connection=3)
    assert {type(result) for result in results} == {Sent}
    assert server.connections == 3
    assert sum(command == "quit" for command in server.commands) == 3


def test_the_plain_return_path() -> None:
    """For relays that take no other envelope sender than the desk address itself."""
    from dataclasses import replace

    with scripted() as server:
        send(server, replace(LETTER, sender="service@example.com"), plain_return_path=True)
    assert any(command.startswith("MAIL FROM:<service@example.com>") for command in server.commands)


@pytest.mark.parametrize(
    "answers, words", [({}, ""), ({"banner": b"554 5.3.2 not here\r\n"}, "554 5.3.2 not here"), ({"EHLO": None}, "")]
)
def test_trying_a_relay_out(answers: dict[str, Answer | None], words: str) -> None:
    """It connects, signs in and takes its leave; no letter is sent. What is wrong is said."""
    bad = {"EHLO": b"250 x\r\n"} if "EHLO" in answers else answers
    with scripted(bad) as server:  # type: ignore[arg-type]
        said = SmtpRelay(config(server, **({"tls": "starttls"} if "EHLO" in answers else {}))).try_out()
    assert said == words or (words == "" and "does not offer STARTTLS" in said)
    assert server.mails == []


def test_of_which_letters_the_reply_speaks() -> None:
    """A refusal of one letter says nothing of the relay; one that closes (421) and a refused sign-in do."""
    of_relay: Callable[[dict[str, Answer]], bool] = lambda answers: _first(answers).of_relay  # noqa: E731
    assert not of_relay({"RCPT": b"450 4.2.0 greylisted\r\n"})
    assert of_relay({"RCPT": b"421 4.7.0 too many messages\r\n"})
    assert of_relay({"MAIL": b"530 5.7.0 sign in first\r\n"})
    assert of_relay({"banner": b"421 4.7.0 too many connections\r\n"})


def _first(answers: dict[str, Answer]) -> Deferred:
    with scripted(answers) as server:
        (result,) = send(server)
    assert isinstance(result, Deferred)
    return result
