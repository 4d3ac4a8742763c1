"""The settings of mailboxes: what OAuth2 needs, what goes together, secrets from files, and what is built of them."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from postdesk import mailboxes
from postdesk.oauth import right_ends, token_source
from postdesk.settings import Loaded, SettingsError, load

BOX = '[[mailbox]]\nname = "service"\nhost = "imap.example.com"\nuser = "service@example.com"\n'
OAUTH = BOX + 'auth = "oauth2"\nclient_id = "sample"\n'


def read(folder: Path, text: str) -> Loaded:
    """Settings from a file that holds this."""
    file = folder / "postdesk.toml"
    file.write_text(text)
    return load(file, {})


@pytest.mark.parametrize(
    "text, words",
    [
        (OAUTH.replace('client_id = "sample"\n', "") + 'provider = "google"', "client_id: must name"),
        (OAUTH + 'provider = "microsoft"\nclient_secret = "x"', "tenant: must name your Microsoft tenant"),
        (OAUTH + 'provider = "google"\nclient_secret = "x"', "Google's mail needs a refresh token"),
        (OAUTH + 'client_secret = "x"', "token_url: must be set"),
        (OAUTH + 'client_secret = "x"\ntoken_url = "http://login.example.com/"', "must begin with https://"),
        (OAUTH + 'client_secret = "x"\ntoken_url = "http://localhost.example.com/"', "must begin with https://"),
        (OAUTH + 'token_url = "https://login.example.com/"', "client_secret_file: set it"),
        (OAUTH + 'secret_ends = "May"', "secret_ends"),
        (BOX + "silent_minutes = 4", "silent_minutes: must be more than idle_minutes"),
        (BOX + "idle_minutes = 29", "idle_minutes"),
        (BOX + 'folder = "Processed"', "folder: must be another one"),
        (BOX + 'tls = "none"', 'tls: "none" is allowed only to this machine'),
        (BOX + BOX, "names two of them alike"),
        (BOX + 'start = "later"', "start"),
    ],
)
def test_what_does_not_go_together_is_said(tmp_path: Path, text: str, words: str) -> None:
    """At start, by the name of the setting."""
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)
    assert words in str(caught.value)


def test_secrets_come_from_files_and_stay_out_of_words(tmp_path: Path) -> None:
    """The refresh token's file is named in full, so that it can be written back."""
    for name in ("secret", "refresh"):
        (tmp_path / name).write_text(f"hidden-{name}\n")
        (tmp_path / name).chmod(0o600)
    text = OAUTH + 'provider = "google"\nclient_secret_file = "secret"\nrefresh_token_file = "refresh"\n'
    (box,) = read(tmp_path, text + "secret_ends = 2027-05-01\n").settings.mailbox
    assert box.refresh_token_file == str(tmp_path / "refresh")
    assert "hidden" not in repr(box)
    source = token_source(box)
    assert source is not None
    assert source.config.grant == "refresh_token"
    assert (source.config.client_secret, source.config.refresh_token) == ("hidden-secret", "hidden-refresh")
    assert (source.config.token_url, source.config.scope) == ("https://oauth2.googleapis.com/token", "")
    assert "hidden" not in repr(source.config)
    assert box.secret_ends == date(2027, 5, 1)
    assert right_ends(box, source) == datetime(2027, 5, 1, tzinfo=UTC)


def test_microsoft_needs_no_address(tmp_path: Path) -> None:
    """Where to ask and for what follows from the provider."""
    text = OAUTH + 'provider = "microsoft"\ntenant = "example.onmicrosoft.com"\nclient_secret = "x"\n'
    (box,) = read(tmp_path, text).settings.mailbox
    source = token_source(box)
    assert source is not None
    assert source.config.grant == "client_credentials"
    assert source.config.token_url == "https://login.microsoftonline.com/example.onmicrosoft.com/oauth2/v2.0/token"
    assert source.config.scope == "https://outlook.office365.com/.default"
    assert right_ends(box, source) is None


def test_a_password_needs_no_token(tmp_path: Path) -> None:
    """And the reader gets what the settings say."""
    settings = read(tmp_path, BOX + 'password = "hidden-word"\nstart = "now"\nidle_minutes = 0\n').settings
    (box,) = settings.mailbox
    assert token_source(box) is None
    config = mailboxes.config(box, settings)
    assert (config.password, config.start, config.idle_seconds) == ("hidden-word", "now", 0)
    assert mailboxes.silent_after(settings)["service"].total_seconds() == 15 * 60
