"""Tokens from a real token endpoint over HTTP: kept, renewed, refused in words; a replaced refresh token is kept."""

import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.oauth import OAuthConfig, OAuthFailed, TokenSource
from gateway.oauth_words import about_refused
from postdesk.oauth import TokenFile
from tests.peers.common import free_port
from tests.peers.token_server import TokenServer

START = datetime(2027, 4, 9, 12, 7, tzinfo=UTC)


class Clock:
    """The time, moved by the test."""

    now = START

    def __call__(self) -> datetime:
        """The time now."""
        return self.now


def config(server: TokenServer, **changes: Any) -> OAuthConfig:
    """Client credentials, unless changed."""
    values: dict[str, Any] = {
        "grant": "client_credentials",
        "token_url": server.token_url,
        "client_id": "sample",
        "client_secret": server.secret,
        "scope": "https://outlook.office365.com/.default",
    }
    return OAuthConfig(**values | changes)


def test_a_token_is_kept_until_shortly_before_its_end() -> None:
    """One question serves for an hour less five minutes; the secret goes into the form, whatever is in it."""
    clock = Clock()
    with TokenServer() as server:
        source = TokenSource(config(server), clock=clock)
        assert source.ends_at is None
        assert [source.token(), source.token()] == ["token-1", "token-1"]
        assert source.ends_at == START + timedelta(hours=1)
        clock.now += timedelta(minutes=54)
        assert source.token() == "token-1"
        clock.now += timedelta(minutes=2)
        assert source.token() == "token-2"
        source.forget()
        assert source.token() == "token-3"
    assert server.asked[0] == {
        "grant_type": "client_credentials",
        "scope": "https://outlook.office365.com/.default",
        "client_id": "sample",
        "client_secret": "se~cret+&",
    }


def test_many_threads_ask_once() -> None:
    """Whoever comes while the question is out waits for its answer."""
    with TokenServer() as server:
        source, found = TokenSource(config(server)), set[str]()
        threads = [threading.Thread(target=lambda: found.add(source.token())) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert found == {"token-1"}
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "error, description, words, temporary",
    [
        ("invalid_client", "", "client secret", False),
        ("invalid_client", "AADSTS7000215: x\r\nTrace ID: 1", "value, not its ID", False),
        ("invalid_client", "AADSTS7000222: x", "has ended. Make a new one", False),
        ("unauthorized_client", "AADSTS700016: x", "client_id in this tenant", False),
        ("invalid_request", "AADSTS90002: x", "does not know this tenant", False),
        ("invalid_grant", "", "Consent again", False),
        ("invalid_grant", "AADSTS65001: x", "administrator has to grant consent", False),
        ("invalid_scope", "AADSTS1002012: x", "/.default", False),
        ("temporarily_unavailable", "", "asked again", True),
        ("server_error", "AADSTS90033: x", "not available now", True),
        ("wat", "odd", "wat: odd", False),
    ],
)
def test_a_refusal_says_what_to_do(error: str, description: str, words: str, temporary: bool) -> None:
    """In words, with the provider's own code behind them, and without what only helps the provider."""
    with TokenServer() as server:
        server.answer = (400, {"error": error, "error_description": description})
        with pytest.raises(OAuthFailed, match=words.replace("/.", "/[.]")) as caught:
            TokenSource(config(server)).token()
    assert caught.value.code == error
    assert caught.value.temporary is temporary
    assert "Trace ID" not in str(caught.value)


def test_no_secret_is_in_the_words() -> None:
    """Some servers repeat what they were told."""
    with TokenServer() as server:
        server.answer = (401, {"error": "invalid_client", "error_description": f"{server.secret} is wrong"})
        source = TokenSource(config(server))
        with pytest.raises(OAuthFailed) as caught:
            source.token()
    assert server.secret not in str(caught.value)
    assert "… is wrong" in str(caught.value)
    assert server.secret not in repr(source.config)


@pytest.mark.parametrize(
    "answer",
    [
        (200, "<html>"),
        (200, ["a list"]),
        (200, {"token_type": "Bearer"}),
        (200, {"access_token": "a\x01b"}),
        (302, ""),
        (503, "busy"),
    ],
)
def test_what_is_no_answer_of_a_token_server_is_a_failure(answer: tuple[int, Any]) -> None:
    """It may pass by itself, and the words say which server it was."""
    with TokenServer() as server:
        server.answer = answer
        with pytest.raises(OAuthFailed, match=r"127\.0\.0\.1") as caught:
            TokenSource(config(server)).token()
    assert caught.value.temporary


def test_a_token_server_that_is_not_there() -> None:
    """The network is to blame, and trying again may help."""
    with TokenServer() as server:
        nowhere = config(server, token_url=f"http://127.0.0.1:{free_port()}/token")
    with pytest.raises(OAuthFailed, match="cannot be asked") as caught:
        TokenSource(nowhere).token()
    assert (caught.value.code, caught.value.temporary) == ("network", True)


def test_secrets_go_over_tls_only() -> None:
    """Clear text is for this machine; and a grant needs what it is made of."""
    with pytest.raises(ValueError, match="https"):
        OAuthConfig("client_credentials", "http://login.example.com/token", "id", "secret")
    with pytest.raises(ValueError, match="refresh token"):
        OAuthConfig("refresh_token", "https://login.example.com/token", "id", "secret")


def test_a_replaced_refresh_token_is_kept(tmp_path: Path) -> None:
    """It stands in the file, for its owner only, before the next question; a new process goes on with it."""
    file = tmp_path / "refresh"
    file.write_text("refresh-1\n")
    with TokenServer(rotates=True) as server:
        settings = config(server, grant="refresh_token", refresh_token="refresh-1", scope="")
        source = TokenSource(settings, TokenFile(file))
        assert source.token() == "token-1"
        assert file.read_text() == "refresh-2\n"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        source.forget()
        assert source.token() == "token-2"
        assert list(tmp_path.iterdir()) == [file]
        # Another process still holds the first one: it finds the newer one in the file.
        assert TokenSource(settings, TokenFile(file)).token() == "token-4"
    assert source.trouble == ""
    assert "scope" not in server.asked[0]


def test_a_refresh_token_that_cannot_be_kept_is_told(tmp_path: Path) -> None:
    """It works for now, and the words say that it will not after a restart."""
    with TokenServer(rotates=True) as server:
        settings = config(server, grant="refresh_token", refresh_token="refresh-1")
        source = TokenSource(settings, TokenFile(tmp_path / "missing" / "refresh"))
        assert source.token() == "token-1"
        assert "could not be kept" in source.trouble
        loose = TokenSource(config(server, grant="refresh_token", refresh_token="refresh-2"))
        loose.token()
        assert "no refresh_token_file" in loose.trouble
    assert "refresh-" not in source.trouble + loose.trouble


def test_a_consent_that_was_taken_back(tmp_path: Path) -> None:
    """The file holds nothing newer: a person has to consent again."""
    file = tmp_path / "refresh"
    file.write_text("old\n")
    with TokenServer() as server:
        source = TokenSource(config(server, grant="refresh_token", refresh_token="old"), TokenFile(file))
        with pytest.raises(OAuthFailed, match="Consent again"):
            source.token()
        file.write_text("refresh-1\n")  # as a person does
        assert source.token() == "token-3"


def test_the_end_of_a_consent_is_known_where_it_is_said() -> None:
    """Google says so for an app in testing."""
    clock = Clock()
    with TokenServer() as server:
        server.answer = (200, {"access_token": "a", "expires_in": "60", "refresh_token_expires_in": 604799})
        source = TokenSource(config(server, grant="refresh_token", refresh_token="refresh-1"), clock=clock)
        assert source.token() == "a"
    assert source.right_ends_at == START + timedelta(seconds=604799)
    assert source.ends_at == START + timedelta(seconds=60)


@pytest.mark.parametrize(
    "challenge, words",
    [
        (b'{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}', "must be https://mail.google.com/"),
        (b"eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIn0", "the token is not good"),
        (b'{"status":"invalid_token"}', "the token is not good"),
        (b"", ""),
        (b"\xff\xfe", ""),
        (b"[" * 100_000, ""),
    ],
)
def test_the_reason_of_a_mail_server(challenge: bytes, words: str) -> None:
    """JSON, or JSON in base64 without its padding; anything else is no reason."""
    found = about_refused(challenge)
    assert words in found
    assert bool(found) is bool(words)
