"""DKIM keys: made, written down, read again, and the record that DNS must have of each (RFC 6376, RFC 8463)."""

import base64
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, cast, get_args

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

Type = Literal["rsa", "ed25519"]
# prepared: made, not seen in DNS yet · published: in DNS, signs nothing · active: signs · retired: signs no more
State = Literal["prepared", "published", "active", "retired"]
TYPES: tuple[Type, ...] = get_args(Type)
_STATES: tuple[State, ...] = get_args(State)
RSA_BITS = 2_048
_MIN_BITS = 1_024  # RFC 8301 section 3.2
_STRING = 255  # octets of one string of a TXT record (RFC 1035 section 3.3)
_SELECTOR = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_DOMAIN = re.compile(r"(?=.{1,190}\Z)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+", re.ASCII)


class KeyFault(Exception):
    """A key that cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key of a domain, with what is done with it now."""

    domain: str  # in ASCII, lower case
    selector: str
    type: Type
    state: State
    since: datetime  # when the state began
    ended_at: datetime | None  # when it last ceased to sign; None for one that never signed, or does
    private: "RSAPrivateKey | Ed25519PrivateKey" = field(repr=False)

    @property
    def name(self) -> str:
        """How people name it: its file without the ending."""
        return f"{self.selector}.{self.domain}"

    @property
    def place(self) -> str:
        """Where DNS has its record."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def public(self) -> str:
        """The public half as p= says it: an RSA key with its structure, an Ed25519 key bare (RFC 8463 section 4)."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        if self.type == "rsa":
            data = self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        else:
            data = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return base64.b64encode(data).decode()

    @property
    def record(self) -> str:
        """The TXT record as one text."""
        return f"v=DKIM1; k={self.type}; p={self.public}"

    def zone_record(self, ttl: int = 3_600) -> str:
        """The same as a line of a zone file, in strings that a server takes."""
        text = self.record
        strings = [f'"{text[start : start + _STRING]}"' for start in range(0, len(text), _STRING)]
        joined = "\n    ".join(strings)
        return f"{self.place}. {ttl} IN TXT ( {joined} )"

    def sign(self, data: bytes) -> bytes:
        """The signature of what RFC 6376 section 3.7 puts together."""
        if self.type == "ed25519":
            from hashlib import sha256

            return cast("Ed25519PrivateKey", self.private).sign(sha256(data).digest())  # RFC 8463 section 3
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        return cast("RSAPrivateKey", self.private).sign(data, PKCS1v15(), SHA256())

    def becomes(self, state: State, now: datetime) -> "SigningKey":
        """The key in another state; that it ceases to sign is remembered."""
        ended = now if self.state == "active" else None if state == "active" else self.ended_at
        return replace(self, state=state, since=now, ended_at=ended)


def new(domain: str, selector: str, kind: Type, now: datetime) -> SigningKey:
    """A fresh key. KeyFault for a domain or a selector that DNS cannot have."""
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

    _require_names(domain, selector)
    private = rsa.generate_private_key(65_537, RSA_BITS) if kind == "rsa" else ed25519.Ed25519PrivateKey.generate()
    return SigningKey(domain, selector, kind, "prepared", now.replace(microsecond=0), None, private)


def free_selector(taken: set[str], kind: Type, now: datetime) -> str:
    """A selector that says when its key was made and of what type: pd202611r, then pd202611r2."""
    base = f"pd{now:%Y%m}{kind[0]}"
    return next(
        name for number in range(1, 10_000) if (name := base + (str(number) if number > 1 else "")) not in taken
    )


def write(key: SigningKey) -> str:
    """The key as its file holds it: what is done with it, then the key itself (PKCS #8)."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    pem = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    ended = f"Ended: {key.ended_at.isoformat()}\n" if key.ended_at else ""
    return f"State: {key.state}\nSince: {key.since.isoformat()}\n{ended}{pem}"


def read(name: str, text: str, made: datetime) -> SigningKey:
    """A key from its file, `name` without the ending. A file of another program says no state: it signs at once.

    `made` is when the file was written, for one that does not say. KeyFault says why it cannot be used.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    selector, _, domain = name.partition(".")
    _require_names(domain, selector)
    head, mark, body = text.partition("-----BEGIN ")
    said = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
    try:
        private = load_pem_private_key((mark + body).encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyFault("it holds no private key that can be read without a password") from error
    if not isinstance(private, rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey):
        raise KeyFault("its key is neither RSA nor Ed25519")
    if isinstance(private, rsa.RSAPrivateKey) and private.key_size < _MIN_BITS:
        raise KeyFault(f"its key has {private.key_size} bits; receivers want at least {_MIN_BITS}")
    state = said.get("State", "active")
    if state not in _STATES:
        raise KeyFault(f"its state is none of {', '.join(_STATES)}")
    kind: Type = "rsa" if isinstance(private, rsa.RSAPrivateKey) else "ed25519"
    since = _moment(said.get("Since")) or made
    return SigningKey(domain, selector, kind, state, since, _moment(said.get("Ended")), private)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise KeyFault(f"“{text.strip()[:40]}” is no time") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _require_names(domain: str, selector: str) -> None:
    if not _SELECTOR.fullmatch(selector):
        raise KeyFault(f"“{selector}” cannot be a selector: use small letters, digits and hyphens")
    if not _DOMAIN.fullmatch(domain):
        raise KeyFault(f"“{domain}” is no domain like example.com")
