"""TLS: our own certificate, those of the relays and of the mailboxes, and that of the portal."""

import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from postdesk.doctor import certificates
from postdesk.doctor.findings import Finding, Notes, Probe

if TYPE_CHECKING:
    from postdesk.wiring import House


def probes(house: "House", seconds: float) -> list[Probe]:
    """One for our certificate and one for the portal; those of servers are seen by whoever speaks to them."""
    return [
        Probe("tls", "our certificate", lambda: _own(house)),
        Probe("tls", "the portal", _portal(house.settings.desk.base_url, seconds)),
    ]


def _own(house: "House") -> Iterable[Finding]:
    notes = Notes("tls")
    smtp, home = house.settings.smtp, house.loaded.home
    if not smtp.tls_certificate:
        if smtp.enabled:
            what = "The SMTP listener offers no STARTTLS: smtp.tls_certificate is not set."
            here = house.settings.smtp.host in ("127.0.0.1", "::1", "localhost")
            if here:
                notes.ok(f"{what} It listens on this machine only.")
            else:
                means = "Mail comes in readable by whoever is between, and some senders do not send that way."
                notes.warning(what, means, "Set smtp.tls_certificate and smtp.tls_key.")
        return notes.found
    try:
        chain = certificates.read_chain(home / smtp.tls_certificate)
        fits = certificates.belongs(chain[0], home / smtp.tls_key)
    except (OSError, ValueError, TypeError) as error:
        means = "STARTTLS does not work, and the listener does not start."
        notes.error(f"smtp.tls_certificate, smtp.tls_key: {type(error).__name__}.", means, "Name PEM files.")
        return notes.found
    if not fits:
        means = "STARTTLS fails, and the listener does not start."
        notes.error("smtp.tls_key is not the key of smtp.tls_certificate.", means, "Name the two that belong together.")
    ours = certificates.of(chain[0])
    lasts = certificates.note_end(notes, "Our certificate", ours)
    if place := certificates.broken_at(chain):
        means = "Who verifies us finds no way to an authority that it knows."
        what = f"Certificate {place + 1} in smtp.tls_certificate did not sign the one above it."
        notes.error(what, means, "Put the chain into the file: ours first, then who signed it, and so on.")
    if not ours.covers(house.settings.hostname):
        means = "Who verifies us by our name refuses the connection."
        names = ", ".join(ours.names) or "nobody"
        what = f"Our certificate is for {names}, not for {house.settings.hostname}."
        notes.warning(what, means, "Get one with that name, or set smtp.hostname to one of its names.")
    if lasts and not notes.found:
        days = (ours.ends - datetime.now(UTC)).days
        notes.ok(f"Our certificate is for {house.settings.hostname}, fits its key, and lasts {days} days.")
    return notes.found


def _portal(url: str, seconds: float) -> Callable[[], Iterable[Finding]]:
    return partial(_look_at_portal, url, seconds)


def _look_at_portal(url: str, seconds: float) -> Iterable[Finding]:
    notes = Notes("tls")
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "http":
        if host in ("127.0.0.1", "localhost", "::1"):
            means = "The links in letters work on this machine only."
            notes.warning(f"desk.base_url is {url}.", means, "Set it to the address that your customers use.")
        else:
            means = "Passwords would travel in clear text, so nobody can sign in to the portal."
            notes.error(f"desk.base_url is {url}, without TLS.", means, "Put a reverse proxy with TLS before it.")
        return notes.found
    if not _reached(notes, url, seconds):
        return notes.found
    found = certificates.shown_by(host, parts.port or 443, seconds)
    if certificates.note_end(notes, f"The certificate of {host}", found):
        notes.ok(f"{url} answers, and its certificate lasts until {found.ends:%d %B %Y}.")
    return notes.found


def _reached(notes: Notes, url: str, seconds: float) -> bool:
    """Whether the portal answers over TLS that browsers believe."""
    means, do = "Links in letters lead nowhere.", "Look at the reverse proxy, at DNS, and at desk.base_url."
    try:
        with urllib.request.urlopen(f"{url}/", timeout=seconds):  # noqa: S310 - https, from the settings
            return True
    except urllib.error.HTTPError as error:
        notes.error(f"{url} answers, but not as the portal does: status {error.code}.", means, do)
    except OSError as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLCertVerificationError):
            words = certificates.why_not_trusted(reason)
            means = "Browsers warn people off."
            notes.error(f"The certificate of {url} is not believed: {words}.", means, "Get one from an authority.")
        else:
            words = getattr(reason, "strerror", None) or type(reason).__name__
            notes.error(f"{url} cannot be reached from here: {words}.", means, do)
    return False
