"""TLS certificates as the doctor sees them: of a file, and of a server that is asked."""

import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from postdesk.doctor.findings import Notes

SOON = timedelta(days=21)  # who renews automatically does it 30 days before


@dataclass(frozen=True, slots=True)
class Certificate:
    """What counts of one."""

    names: tuple[str, ...]
    begins: datetime
    ends: datetime

    def covers(self, host: str) -> bool:
        """Whether it is for this name (RFC 9525 section 6.3: a star stands for one label, the first)."""
        host = host.lower().rstrip(".")
        above = host.partition(".")[2]
        return any(name.lower() == host or (name[:2] == "*." and name[2:].lower() == above) for name in self.names)


def of(certificate: x509.Certificate) -> Certificate:
    """A certificate as read by the library."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = [*found.get_values_for_type(x509.DNSName), *map(str, found.get_values_for_type(x509.IPAddress))]
    except x509.ExtensionNotFound:
        names = []
    return Certificate(tuple(names), certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def read_chain(file: Path) -> list[x509.Certificate]:
    """The certificates of a PEM file, ours first. ValueError when there are none."""
    return x509.load_pem_x509_certificates(file.read_bytes())


def belongs(certificate: x509.Certificate, key_file: Path) -> bool:
    """Whether the private key is that of the certificate. ValueError or TypeError for a key that cannot be read."""
    key = load_pem_private_key(key_file.read_bytes(), None)
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return key.public_key().public_bytes(*form) == certificate.public_key().public_bytes(*form)


def broken_at(chain: Sequence[x509.Certificate]) -> int:
    """The place of the first certificate that the one behind it did not sign; 0 when the chain holds."""
    for place, (lower, upper) in enumerate(pairwise(chain), 1):
        try:
            lower.verify_directly_issued_by(upper)
        except Exception:  # of several kinds, by the kind of key: none of them is a signature that holds
            return place
    return 0


def shown_by(host: str, port: int, seconds: float) -> Certificate:
    """The certificate that a server of HTTPS or the like shows, whether it can be trusted or not."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    plain = socket.create_connection((host, port), seconds)
    with context.wrap_socket(plain, server_hostname=host) as secure:
        return of_peer(secure)


def of_peer(sock: ssl.SSLSocket) -> Certificate:
    """The certificate at the other end of a connection."""
    return of(x509.load_der_x509_certificate(sock.getpeercert(binary_form=True) or b""))


def note_end(notes: Notes, whose: str, found: Certificate, now: datetime | None = None) -> bool:
    """Say how long a certificate lasts; False when it does not (any more)."""
    now = now or datetime.now(UTC)
    day = f"{found.ends:%d %B %Y}"
    if found.ends <= now:
        means = "Everybody who checks it breaks the connection off."
        notes.error(f"{whose} ended on {day}.", means, "Renew it, and look why that did not happen by itself.")
    elif found.begins > now:
        means = "Until then everybody who checks it breaks the connection off."
        notes.error(f"{whose} begins on {found.begins:%d %B %Y} only.", means, "Look at the clock of this machine.")
    elif found.ends - now < SOON:
        days = (found.ends - now).days
        means = "After that, everybody who checks it breaks the connection off."
        notes.warning(f"{whose} ends in {days} days, on {day}.", means, "Renew it now.")
    else:
        return True
    return found.begins <= now < found.ends


def is_soon(end: datetime) -> bool:
    """Whether it is time to do something about an end."""
    return end - datetime.now(UTC) < SOON


def why_not_trusted(error: ssl.SSLCertVerificationError) -> str:
    """In words, as the end of a sentence."""
    return str(error.verify_message or "it cannot be verified").strip().rstrip(".").lower()
