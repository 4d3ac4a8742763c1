"""Token sources for the mailboxes and relays that sign in with OAuth2, and the file that keeps a refresh token."""

from datetime import UTC, datetime, time
from pathlib import Path

from gateway.oauth import OAuthConfig, TokenSource
from postdesk import private_file
from postdesk.settings_oauth import OAuth


class TokenFile:
    """A file with a refresh token, for its owner only."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> str:
        """The token in it."""
        return self.path.read_text(encoding="utf-8").strip()

    def write(self, token: str) -> None:
        """Replace it as a whole: a fault leaves the old one. OSError when it cannot be."""
        private_file.replace(self.path, f"{token}\n".encode())


def token_source(section: OAuth) -> TokenSource | None:
    """Where a mailbox or relay gets its tokens; None when it signs in with a password. Asks nobody yet."""
    if section.auth != "oauth2":
        return None
    config = OAuthConfig(
        grant="refresh_token" if section.has_refresh_token else "client_credentials",
        token_url=section.token_address,
        client_id=section.client_id,
        client_secret=section.client_secret.get_secret_value(),
        scope=section.wanted_scope,
        refresh_token=section.refresh_token.get_secret_value(),
    )
    kept = TokenFile(Path(section.refresh_token_file)) if section.refresh_token_file else None
    return TokenSource(config, kept)


def right_ends(section: OAuth, source: TokenSource | None) -> datetime | None:
    """When the right to sign in ends, as far as it is known: the secret's day, or the end of the consent."""
    if section.auth != "oauth2":
        return None
    ends = [datetime.combine(section.secret_ends, time(), UTC)] if section.secret_ends else []
    if source is not None and source.right_ends_at:
        ends.append(source.right_ends_at)
    return min(ends, default=None)
