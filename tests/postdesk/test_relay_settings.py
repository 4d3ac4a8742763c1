"""The settings of relays and paces: what they become, and what is wrong about them, in words."""

from pathlib import Path

import pytest

from postdesk.outgoing import lanes
from postdesk.settings import SettingsError, load
from postdesk.wiring import House

USUAL = '[relay]\nmode = "smtp"\nhost = "smtp.example.com"\n'
SALES = (
    '[[relays]]\nname = "sales"\naddresses = ["Sales@example.com", "@Example.org"]\nhost = "smtp.example.org"\n'
    'user = "sales"\npassword_file = "sales.password"\n'
)


def faults(folder: Path, text: str) -> str:
    """What is wrong with these settings."""
    file = folder / "postdesk.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(file, {})
    return "\n".join(caught.value.faults)


def test_relays_by_address(config: Path) -> None:
    """Each block becomes a relay for its addresses; secrets come from files, or from the environment."""
    text = config.read_text().replace('mode = "maildir"', 'mode = "smtp"\nhost = "smtp.example.com"')
    config.write_text(f"{text}\n{SALES}")
    secret = config.parent / "sales.password"
    secret.write_text("sample-secret\n")
    secret.chmod(0o600)
    loaded = load(config, {"POSTDESK_DELIVERY__PACES": '{ "Example.ORG" = 20 }'})
    assert loaded.settings.relays[0].password.get_secret_value() == "sample-secret"
    assert loaded.settings.delivery.paces == {"example.org": 20}
    assert "sample-secret" not in repr(loaded.settings)
    house = House(loaded)
    found = lanes(house)
    senders = ("sales@example.com", "any@example.org", "service@desk.test")
    assert [found.of(sender).route.name for sender in senders] == ["sales", "sales", ""]
    found.close()
    house.database.close()


def test_nothing_leaves_in_mode_maildir(config: Path) -> None:
    """Whatever further relays there are."""
    config.write_text(config.read_text() + "\n" + SALES.replace('password_file = "sales.password"\n', ""))
    house = House(load(config, {}))
    found = lanes(house)
    assert [lane.route.name for lane in found] == [""]
    found.close()
    house.database.close()


@pytest.mark.parametrize(
    "text, words",
    [
        ('[relay]\nmode = "smtp"\n', 'relay.host: must name the relay when relay.mode is "smtp"'),
        (USUAL + 'tls = "none"\n', 'relay.tls: "none" is allowed only to this machine'),
        (USUAL + 'tls_fingerprint = "abc"\n', "must be the SHA-256 fingerprint of a certificate"),
        (USUAL + f'tls_ca = "x"\ntls_fingerprint = "{"0" * 64}"\n', "set one of them"),
        (USUAL + 'auth = "oauth2"\nprovider = "microsoft"\n', "relay.client_id: must name the application"),
        (USUAL + 'auth = "oauth2"\nprovider = "microsoft"\n', "relay.user: must name the account"),
        (USUAL + SALES.replace("smtp.example.org", ""), "relays.0.host: must name the relay"),
        (USUAL + SALES, "relays.0.password_file"),
        (USUAL + (SALES * 2).replace('password_file = "sales.password"\n', ""), "relays: names two of them alike"),
        (USUAL + (SALES * 2).replace('password_file = "sales.password"\n', ""), "are for the same address"),
        (USUAL + SALES.replace("@Example.org", "example.org"), "must be a desk address like sales@example.com"),
        ("[delivery]\npaces = { example = 0 }\n", "delivery.paces.example: input should be greater than 0"),
        ('[delivery]\npaces = { "a b" = 1 }\n', "must be a domain like example.org"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, words: str) -> None:
    """With the place, and what would be right."""
    assert words in faults(tmp_path, text)


def test_fingerprints_as_people_copy_them(tmp_path: Path) -> None:
    """With colons and in capital letters, as openssl prints them."""
    file = tmp_path / "postdesk.toml"
    file.write_text(USUAL + f'tls_fingerprint = "{":".join(["AB"] * 32)}"\n')
    assert load(file, {}).settings.relay.tls_fingerprint == "ab" * 32
