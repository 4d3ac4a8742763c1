"""The relays: connect, TLS, sign in, and ask whether they would take a letter. None is sent."""

import smtplib
import ssl
import time
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from gateway.header_policy import wire_address
from gateway.headers import clean
from gateway.smtp_relay import SmtpConfig, SmtpRelay
from postdesk.doctor import certificates
from postdesk.doctor.findings import Finding, Notes, Probe
from postdesk.outgoing import relay_config

if TYPE_CHECKING:
    from postdesk.settings_out import RelayServer
    from postdesk.wiring import House

_ENDED = smtplib.SMTPException, OSError


def probes(house: "House", seconds: float) -> list[Probe]:
    """One for each relay."""
    if house.settings.relay.mode == "maildir":
        return [Probe("relay", "the relay", lambda: _folder(house))]
    main = house.settings.desk.addresses[0].address
    servers: list[tuple[str, RelayServer, str]] = [("the relay", house.settings.relay, main)]
    servers += [(f"relay “{one.name}”", one, _sender(one.addresses, main)) for one in house.settings.relays]
    return [
        Probe("relay", name, partial(_look, house, name, relay_config(house, server, seconds), sender, seconds))
        for name, server, sender in servers
    ]


def _sender(addresses: Iterable[str], main: str) -> str:
    """A desk address that goes by a relay; of a whole domain any will do."""
    first = next(iter(addresses), main)
    return first if not first.startswith("@") else f"postmaster{first}"


def _folder(house: "House") -> Iterable[Finding]:
    notes = Notes("relay")
    means = "Customers get no answer: each letter lies in the folder."
    do = 'Once you are ready, set relay.mode = "smtp" and relay.host.'
    notes.warning(f"No letter leaves this machine: they are kept in {house.settings.relay.folder}.", means, do)
    return notes.found


class _Trial(SmtpRelay):
    """A relay that is asked, and given nothing."""

    def ask(self, seconds: float, sender: str, recipient: str) -> tuple[certificates.Certificate | None, str]:
        """Its certificate, and its reply where it would not take the letter, "" where it would."""
        connection = self._connected(time.monotonic() + seconds)
        secure = connection.sock
        found = certificates.of_peer(secure) if isinstance(secure, ssl.SSLSocket) else None
        for command in (f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>"):
            code, words = connection.docmd(command)
            if code not in (250, 251, 252):
                said = clean(f"{code} {words.decode('utf-8', 'replace')}".replace("\n", " "), 300)
                return found, f"to {command.partition(':')[0]}: “{said}”"
        connection.rset()
        return found, ""


def _look(house: "House", name: str, config: SmtpConfig, sender: str, seconds: float) -> Iterable[Finding]:
    notes = Notes("relay")
    place = f"{name} at {config.host}:{config.port}"
    trial = _Trial(config)
    try:
        found, refused = trial.ask(seconds, wire_address(sender), wire_address(_recipient(house) or sender))
    except ssl.SSLCertVerificationError as error:
        words = certificates.why_not_trusted(error)
        means = "Letters wait: none goes to a server that cannot prove who it is."
        do = "Name the authority of the relay in tls_ca, or have the relay's certificate mended."
        notes.error(f"The certificate of {place} is not believed: {words}.", means, do)
        return notes.found
    except _ENDED as error:
        what = f"{_capital(place)} does not work: {clean(str(error), 300) or type(error).__name__}."
        notes.error(what, _WAIT, _where(house, name))
        return notes.found
    except Exception as error:  # what the relay itself says of it; of a kind of its own
        notes.error(f"{_capital(place)} cannot be used: {clean(str(error), 300)}.", _WAIT, _where(house, name))
        return notes.found
    finally:
        trial.close()
    if refused:
        means = "Letters come back, or wait."
        notes.error(f"{_capital(place)} refused a letter of ours {refused}.", means, "Ask whoever runs the relay.")
    else:
        notes.ok(f"{_capital(place)} takes letters from {sender}. It was asked, and none was sent.")
    if found is None:
        notes.ok("It is spoken to in clear text, inside this machine.")
    elif certificates.note_end(notes, f"The certificate of {place}", found):
        notes.ok(f"Its certificate lasts until {found.ends:%d %B %Y}.")
    return notes.found


_WAIT = "Letters wait, and are tried again for delivery.give_up_days."


def _where(house: "House", name: str) -> str:
    """The section of a relay, by the name that its probe has."""
    section = "[relay]" if name == "the relay" else f"[[relays]] with the name {name.removeprefix('relay ')}"
    file = house.loaded.file or "the settings"
    return f"See that it runs, and that {section} in {file} is right: host, port, tls, user."


def _recipient(house: "House") -> str:
    """Somebody at the desk: a letter to them is what the relay is asked about."""
    from desk import load

    if house.missing_database:
        return ""
    try:
        with house.database.reading() as session:
            return next((person.address for person in load.staff(session).values() if person.active), "")
    except SQLAlchemyError:  # told below “database”; the relay can be asked about our own address
        return ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
