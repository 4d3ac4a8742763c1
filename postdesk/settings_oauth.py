"""The settings of OAuth2, which a mailbox and a relay share: as whom tokens are asked for, and where."""

from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, SecretStr

from gateway.loopback import is_loopback
from postdesk.settings_kinds import Section

# What a provider's tokens for mail are asked of, and for what. With a refresh token the scope is that of the consent.
TOKEN_URLS = {
    "microsoft": "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
    "google": "https://oauth2.googleapis.com/token",
}
SCOPES = {"microsoft": "https://outlook.office365.com/.default"}


def _no_day(value: Any) -> Any:
    return None if value == "" else value


def _is_safe(url: str) -> bool:
    """Secrets go there: over TLS, or inside this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    host = parts.hostname or ""
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))


class OAuth(Section):
    """Part of [[mailbox]] and of a relay."""

    auth: Literal["password", "oauth2"] = "password"
    provider: Literal["", "microsoft", "google"] = ""
    tenant: str = ""
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    client_secret_file: str = ""
    secret_ends: Annotated[date | None, BeforeValidator(_no_day)] = None
    refresh_token: SecretStr = SecretStr("")
    refresh_token_file: str = ""
    token_url: str = ""
    scope: str = ""

    @property
    def has_refresh_token(self) -> bool:
        """True where a person consented, and a refresh token stands for that."""
        return bool(self.refresh_token.get_secret_value() or self.refresh_token_file)

    @property
    def token_address(self) -> str:
        """Where tokens are asked for: token_url, else that of the provider; "" when neither is known."""
        return self.token_url or TOKEN_URLS.get(self.provider, "").format(tenant=self.tenant)

    @property
    def wanted_scope(self) -> str:
        """The scope to ask for; "" for that of the consent."""
        return self.scope or ("" if self.has_refresh_token else SCOPES.get(self.provider, ""))

    def oauth_faults(self, place: str) -> list[str]:
        """What is missing for OAuth2, each fault as “place.key: words”; none where it is not used."""
        if self.auth != "oauth2":
            return []
        faults = []
        if not self.client_id:
            faults.append(f"{place}.client_id: must name the application when auth is oauth2")
        if self.provider == "microsoft" and not self.tenant and not self.token_url:
            faults.append(f"{place}.tenant: must name your Microsoft tenant: its ID, or a domain of it")
        if not self.token_address:
            faults.append(f"{place}.token_url: must be set where provider is not")
        elif not _is_safe(self.token_address):
            faults.append(f"{place}.token_url: must begin with https://")
        if self.provider == "google" and not self.has_refresh_token:
            faults.append(f"{place}.refresh_token_file: Google's mail needs a refresh token")
        if not self.has_refresh_token and not (self.client_secret.get_secret_value() or self.client_secret_file):
            faults.append(f"{place}.client_secret_file: set it, or refresh_token_file")
        return faults
