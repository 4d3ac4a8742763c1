"""OAuth2 for mailboxes and relays: gets access tokens, keeps them until they end, says why there is none."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

import structlog

from gateway.loopback import is_loopback
from gateway.oauth_words import about_error, clean

__all__ = ["OAuthConfig", "OAuthFailed", "RefreshTokenFile", "TokenSource", "sasl_answer"]

EARLY = timedelta(minutes=5)  # a token is replaced so long before it ends
UNSAID = timedelta(minutes=10)  # how long a token is used whose answer does not say when it ends
LONGEST = 366 * 86400  # no answer is believed that names more seconds
_TOKEN = re.compile(r"[\x21-\x7e]{1,20000}")

log = structlog.get_logger()


class OAuthFailed(Exception):
    """There is no token. The text says what is wrong and what to do, without secrets.

    `code` is the provider's own name of the fault, "invalid_client" or "AADSTS7000222"; `temporary` is true where
    trying again may help by itself.
    """

    def __init__(self, words: str, *, code: str = "", temporary: bool = False) -> None:
        super().__init__(words)
        self.code, self.temporary = code, temporary


@dataclass(frozen=True, slots=True)
class OAuthConfig:
    """Where tokens come from, and as whom they are asked for. Times in seconds."""

    grant: Literal["client_credentials", "refresh_token"]
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = ""
    refresh_token: str = field(default="", repr=False)
    timeout: float = 20.0

    def __post_init__(self) -> None:
        if not _safe(self.token_url):
            raise ValueError("token_url must begin with https:// (http:// only on this machine): secrets go there")
        if self.grant == "refresh_token" and not self.refresh_token:
            raise ValueError("the grant refresh_token needs a refresh token")


class RefreshTokenFile(Protocol):
    """Where the refresh token is kept, so that one that the provider replaced is there after a restart."""

    def read(self) -> str:
        """The token as it is kept now: another process may have written a newer one."""

    def write(self, token: str) -> None:
        """Keep a newer one; OSError when that cannot be."""


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    ends_at: datetime
    early: timedelta


class TokenSource:
    """The tokens of one client; any thread may ask. `kept` is where a replaced refresh token is written."""

    def __init__(
        self,
        config: OAuthConfig,
        kept: RefreshTokenFile | None = None,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.config = config
        self.trouble = ""  # what works now and will not after a restart, in words
        self.right_ends_at: datetime | None = None  # when the refresh token ends, where the provider says so
        self._kept = kept
        self._clock = clock
        self._refresh_token = config.refresh_token
        self._token: _Token | None = None
        self._lock = threading.Lock()

    def token(self) -> str:
        """An access token that is good for some minutes at least; OAuthFailed says why there is none."""
        with self._lock:
            token = self._token
            if token is None or self._clock() >= token.ends_at - token.early:
                token = self._token = self._new()
            return token.text

    def forget(self) -> None:
        """The server refused the token: the next one is a fresh one."""
        with self._lock:
            self._token = None

    @property
    def ends_at(self) -> datetime | None:
        """When the token in hand ends; None without one."""
        token = self._token
        return token.ends_at if token else None

    def _new(self) -> _Token:
        try:
            answer = self._ask()
        except OAuthFailed as error:
            if error.code != "invalid_grant" or not self._newer_refresh_token():
                raise
            answer = self._ask()
        return self._taken(answer)

    def _ask(self) -> dict[str, Any]:
        """One question to the token server."""
        config, session = self.config, _session(self.config)
        asked = {"timeout": config.timeout, "allow_redirects": False}  # a redirect would carry the secret elsewhere
        from authlib.integrations.base_client import OAuthError

        try:
            with session:
                if config.grant == "refresh_token":
                    answer = session.refresh_token(config.token_url, refresh_token=self._refresh_token, **asked)
                else:
                    answer = session.fetch_token(config.token_url, grant_type="client_credentials", **asked)
                return dict(answer)
        except OAuthError as error:
            words, code, temporary = about_error(str(error.error), str(error.description or ""), self._secrets())
            raise OAuthFailed(words, code=code, temporary=temporary) from error
        except OSError as error:  # all of requests' own are
            words = f"the token server {_host(config.token_url)} cannot be asked: {self._clean(error)}"
            raise OAuthFailed(words, code="network", temporary=True) from error
        except Exception as error:  # whatever it answered is no answer of a token server
            words = f"the token server {_host(config.token_url)} gave no token: {self._clean(error)}; look at token_url"
            raise OAuthFailed(words, code="no_token", temporary=True) from error

    def _taken(self, answer: dict[str, Any]) -> _Token:
        text, now = answer.get("access_token"), self._clock()
        if not isinstance(text, str) or not _TOKEN.fullmatch(text):
            host = _host(self.config.token_url)
            words = f"the token server {host} answered without an access token; look at token_url"
            raise OAuthFailed(words, code="no_token", temporary=True)
        lasts = _seconds(answer.get("expires_in")) or UNSAID
        # Google says so for a consent that ends, as those of an app in “testing” do.
        right = _seconds(answer.get("refresh_token_expires_in"))
        self.right_ends_at = now + right if right else None
        self._keep(answer.get("refresh_token"))
        return _Token(text, now + lasts, min(EARLY, lasts / 2))

    def _keep(self, refresh_token: object) -> None:
        """A provider may hand out a new refresh token with each answer, and end the old one."""
        if not isinstance(refresh_token, str) or not refresh_token or self.config.grant != "refresh_token":
            return
        if refresh_token == self._refresh_token:
            return
        self._refresh_token, self.trouble = refresh_token, ""
        if self._kept is None:
            self.trouble = "the provider replaced the refresh token, and there is no refresh_token_file to keep it in"
        else:
            try:
                self._kept.write(refresh_token)
            except OSError as error:
                self.trouble = f"the provider replaced the refresh token, and it could not be kept: {clean(error)}"
        if self.trouble:
            log.error("oauth trouble", trouble=self.trouble, remedy="after a restart the old one may be refused")

    def _newer_refresh_token(self) -> bool:
        """True when another process has kept a newer one meanwhile, or a person put it there."""
        if self.config.grant != "refresh_token" or self._kept is None:
            return False
        try:
            found = self._kept.read()
        except OSError:
            return False  # the refusal that brought us here says more
        if not found or found == self._refresh_token:
            return False
        self._refresh_token = found
        return True

    def _secrets(self) -> tuple[str, ...]:
        return (self.config.client_secret, self._refresh_token)

    def _clean(self, error: Exception) -> str:
        return clean(error, self._secrets())


def sasl_answer(user: str, token: str) -> str:
    """The initial response of XOAUTH2, before base64."""
    return f"user={user}\x01auth=Bearer {token}\x01\x01"


def _session(config: OAuthConfig) -> Any:
    """Imported when first needed: few desks have OAuth2."""
    try:
        from authlib.integrations.requests_client import OAuth2Session
    except ImportError as error:
        words = 'OAuth2 needs the extra “oauth”; install it with: pip install "postdesk[oauth]"'
        raise OAuthFailed(words, code="not_installed") from error
    return OAuth2Session(
        config.client_id,
        config.client_secret or None,
        scope=config.scope or None,
        token_endpoint_auth_method="client_secret_post" if config.client_secret else "none",
    )


def _seconds(value: object) -> timedelta | None:
    """Some providers write the number as a string."""
    try:
        seconds = int(str(value))
    except ValueError:
        return None
    return timedelta(seconds=seconds) if 0 < seconds <= LONGEST else None


def _host(url: str) -> str:
    return urlsplit(url).hostname or url


def _safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
        if parts.scheme == "https":
            return bool(parts.hostname)
    except ValueError:
        return False
    return parts.scheme == "http" and is_loopback(parts.hostname or "")
