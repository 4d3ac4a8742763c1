"""The sections of the settings about mail that goes out: the relays, when to try again and when to give up."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from gateway.loopback import is_loopback
from postdesk.settings_kinds import ADDRESS, Port, Section
from postdesk.settings_oauth import OAuth

_DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?")
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


def _of_relay(value: str) -> str:
    if not ADDRESS.fullmatch(value if not value.startswith("@") else f"x{value}"):
        raise ValueError(
            "must be a desk address like sales@example.com, or a domain of desk addresses like @example.org"
        )
    return value.lower()


def _fingerprint(value: str) -> str:
    found = value.replace(":", "").replace(" ", "").lower()
    if found and not _FINGERPRINT.fullmatch(found):
        raise ValueError(
            "must be the SHA-256 fingerprint of a certificate: 64 hexadecimal digits, with or without colons"
        )
    return found


def _domain(value: str) -> str:
    if not _DOMAIN.fullmatch(value.lower()):
        raise ValueError("must be a domain like example.org")
    return value.lower()


class RelayServer(OAuth):
    """What all relays have."""

    host: str = ""
    port: Port = 587
    tls: Literal["tls", "starttls", "none"] = "starttls"
    tls_ca: str = ""
    tls_fingerprint: Annotated[str, AfterValidator(_fingerprint)] = ""
    user: str = ""
    password: SecretStr = SecretStr("")
    password_file: str = ""
    return_path: Literal["token", "plain"] = "token"
    connections: Annotated[int, Field(ge=1, le=64)] = 4
    letters_per_connection: Annotated[int, Field(ge=0, le=100_000)] = 100
    idle_seconds: Annotated[float, Field(ge=0, le=3600)] = 60
    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 60

    def server_faults(self, place: str) -> list[str]:
        """Faults that only show when its settings are seen together."""
        faults = self.oauth_faults(place)
        if not self.host:
            faults.append(f"{place}.host: must name the relay")
        if self.tls == "none" and not is_loopback(self.host):
            faults.append(f'{place}.tls: "none" is allowed only to this machine; use "starttls" or "tls"')
        if self.tls_ca and self.tls_fingerprint:
            faults.append(f"{place}.tls_ca, {place}.tls_fingerprint: set one of them")
        if self.auth == "oauth2" and not self.user:
            faults.append(f"{place}.user: must name the account that the tokens are for")
        return faults


class Relay(RelayServer):
    """[relay]"""

    mode: Literal["maildir", "smtp"]
    folder: Path

    def faults(self) -> list[str]:
        """Faults that only show when its settings are seen together."""
        if self.mode == "maildir":
            return []
        needed = 'relay.host: must name the relay when relay.mode is "smtp"'
        return [needed if fault.startswith("relay.host:") else fault for fault in self.server_faults("relay")]


class NamedRelay(RelayServer):
    """[[relays]]"""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    addresses: Annotated[tuple[Annotated[str, AfterValidator(_of_relay)], ...], Field(min_length=1)]


def relay_faults(relay: Relay, more: tuple[NamedRelay, ...]) -> list[str]:
    """Faults of all relays, seen together."""
    faults = relay.faults()
    for index, one in enumerate(more):
        faults += one.server_faults(f"relays.{index}")
    if len({one.name for one in more}) < len(more):
        faults.append("relays: names two of them alike")
    named = [address for one in more for address in one.addresses]
    if len(set(named)) < len(named):
        faults.append("relays: two of them are for the same address")
    return faults


class Delivery(Section):
    """[delivery]"""

    give_up_days: Annotated[float, Field(gt=0, le=30)]
    fold_seconds: Annotated[float, Field(ge=0, le=3600)]
    per_domain_minute: Annotated[float, Field(ge=0, le=100_000)]
    paces: dict[Annotated[str, AfterValidator(_domain)], Annotated[float, Field(gt=0, le=100_000)]]
    processes: Annotated[int, Field(ge=0, le=8)]
