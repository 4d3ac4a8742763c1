"""Mails with real signatures, and the zone of a sample customer: what the tests of sender verification start from."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from nacl.signing import SigningKey

from gateway.envelope import Envelope
from gateway.parse import read
from gateway.sender import Verified
from gateway.sender.checker import Received, SenderCheck
from gateway.sender.dns_client import DnsResolver
from tests.peers.dns_server import DnsServer

CUSTOMER, FORWARDER, ELSEWHERE = "customer.test", "forwarder.test", "elsewhere.test"
PEER = "192.0.2.25"  # of a stranger's server
PLAIN = (
    b"From: Ann <ann@customer.test>\r\nTo: service@desk.test\r\nSubject: Help\r\n"
    b"Date: Mon, 23 Nov 2026 11:59:00 +0000\r\nMessage-ID: <1@customer.test>\r\n\r\nThe phones are down.\r\n"
)
# 512 bits: anybody factors that in an afternoon.
SHORT_KEY = b"""-----BEGIN RSA PRIVATE KEY-----
MIIBOwIBAAJBALrt1zh4QyEjyA6DA+185FA/ZuloccWQCiS8O8xVl57AyTsrT+qZ
CZfHTx+FQmN9Sw1m5xzH1cA6N9P4VFrOsZsCAwEAAQJAbQz95rK6LuYp+tVSAEVB
CNPEHNzSqrfaQw4RMKaqWnEKoHQcLM03K2b0rDllsgN1t3zYDET3/leAvD4Hu4f+
mQIhAPajINlD2l5/JMbynrZyOwDdRtVrmThpciTe/9KKfO1PAiEAwgZ0xmRd6he+
Vsryi8khS3Xl91froohoSlHDM7yz2/UCIHpHLkYJaf5nsugf6agywiYPjsrI6dIa
FUlKdjMADifpAiEAjXRvhoR+A8Ezv8tOcaM9ZuqZsm6jGGgiwKxDiGC3MFECIQCr
4gotbj3wfVHUl3pFGXqKyWy9qRklAG4hMZq6uYwmgw==
-----END RSA PRIVATE KEY-----
"""
SHORT_PUBLIC = (
    "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBALrt1zh4QyEjyA6DA+185FA/ZuloccWQ"
    "CiS8O8xVl57AyTsrT+qZCZfHTx+FQmN9Sw1m5xzH1cA6N9P4VFrOsZsCAwEAAQ=="
)


@dataclass(frozen=True, slots=True)
class Key:
    """A private key as dkimpy takes it, and the record that belongs into DNS."""

    private: bytes
    record: str
    algorithm: bytes = b"rsa-sha256"


@cache
def rsa_key(bits: int = 2048) -> Key:
    """One RSA key for all tests."""
    key = rsa.generate_private_key(65537, bits)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return Key(pem, f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}")


@cache
def ed25519_key() -> Key:
    """One Ed25519 key for all tests."""
    key = SigningKey.generate()
    public = base64.b64encode(bytes(key.verify_key)).decode()
    return Key(base64.b64encode(bytes(key)), f"v=DKIM1; k=ed25519; p={public}", b"ed25519-sha256")


def short_key() -> Key:
    """An RSA key that proves nothing."""
    return Key(SHORT_KEY, f"v=DKIM1; k=rsa; p={SHORT_PUBLIC}")


def sign(
    raw: bytes = PLAIN,
    domain: str = CUSTOMER,
    *,
    selector: str = "s1",
    key: Key | None = None,
    tags: Sequence[tuple[bytes, bytes]] = (),
    **options: Any,
) -> bytes:
    """The mail with a DKIM signature on top; `tags` go into it beside the usual ones."""
    key = key or rsa_key()
    signer = dkim.DKIM(raw)
    make = signer.gen_header
    signer.gen_header = lambda fields, *rest: make([*fields[:-1], *tags, fields[-1]], *rest)
    field: bytes = signer.sign(
        selector.encode(), domain.encode(), key.private, signature_algorithm=key.algorithm, **options
    )
    return field + raw


def seal(raw: bytes, domain: str = FORWARDER, *, results: str, key: Key | None = None) -> bytes:
    """The mail as a forwarder passes it on: with its results, and one more ARC set."""
    raw = f"Authentication-Results: mx.{domain}; {results}\r\n".encode() + raw
    fields: list[bytes] = dkim.arc_sign(
        raw, b"arc", domain.encode(), (key or rsa_key()).private, f"mx.{domain}".encode()
    )
    return b"".join(fields) + raw


def zone(server: DnsServer, policy: str = "", spf: str = "") -> DnsServer:
    """Keys of the sample domains, and what the customer publishes."""
    server.add(f"s1._domainkey.{CUSTOMER}", "TXT", rsa_key().record)
    server.add(f"ed._domainkey.{CUSTOMER}", "TXT", ed25519_key().record)
    server.add(f"short._domainkey.{CUSTOMER}", "TXT", short_key().record)
    server.add(f"s1._domainkey.mail.{CUSTOMER}", "TXT", rsa_key().record)
    server.add(f"s1._domainkey.{ELSEWHERE}", "TXT", rsa_key().record)
    for sealer in (FORWARDER, ELSEWHERE):
        server.add(f"arc._domainkey.{sealer}", "TXT", rsa_key().record)
    if policy:
        server.add(f"_dmarc.{CUSTOMER}", "TXT", policy)
    if spf:
        server.add(CUSTOMER, "TXT", spf)
    return server


def check(server: DnsServer, **values: Any) -> SenderCheck:
    """A check that asks this server, and verifies itself what comes straight."""
    values = {"direct": True, "seconds": 2.0} | values
    return SenderCheck(resolver=DnsResolver([("127.0.0.1", server.port)]), **values)


def received(raw: bytes, *, path: str = "bounce@bounces.test", peer: str = PEER, **values: Any) -> Received:
    """A mail that came in by SMTP from a stranger's server."""
    values = {"source": "smtp", "helo": "mx.bounces.test"} | values
    return Received(raw, Envelope(path, ("service@desk.test",), peer=peer, **values), read(raw, reverse_path=path))


def verdict_of(checker: SenderCheck, raw: bytes, **envelope: Any) -> Verified:
    """What the check says of one mail."""
    return checker.verify(received(raw, **envelope), datetime.now(UTC))
