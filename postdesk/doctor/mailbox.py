"""The mailboxes: sign in, and look whether the folders are there. No mail is touched."""

import ssl
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from gateway.imap_session import ImapSession
from gateway.mailbox_state import words
from postdesk import mailboxes
from postdesk.amounts import amount
from postdesk.doctor import certificates
from postdesk.doctor.findings import Finding, Notes, Probe
from postdesk.oauth import right_ends, token_source

if TYPE_CHECKING:
    from postdesk.settings_in import Mailbox
    from postdesk.wiring import House

_MEANS = "Mail stays in the mailbox, where nobody answers it."


def probes(house: "House", seconds: float) -> list[Probe]:
    """One for each mailbox."""
    return [
        Probe("mailbox", f"mailbox “{box.name}”", partial(_look, house, box, seconds)) for box in house.settings.mailbox
    ]


class _Trial(ImapSession):
    """A session that looks at nothing but the way in."""

    def certificate(self) -> certificates.Certificate | None:
        """Of the server; None in clear text."""
        sock = self._client.socket()
        return certificates.of_peer(sock) if isinstance(sock, ssl.SSLSocket) else None

    def has(self, folder: str) -> bool:
        """Whether there is such a folder."""
        return self._full_name(folder) is not None


def _look(house: "House", box: "Mailbox", seconds: float) -> Iterable[Finding]:
    notes = Notes("mailbox")
    config = replace(mailboxes.config(box, house.settings), timeout=seconds)
    place = f"mailbox “{box.name}” at {box.host}:{box.port}"
    tokens = token_source(box)
    session = _Trial(config, tokens=tokens)
    try:
        session.open()
    except ssl.SSLCertVerificationError as error:
        why = certificates.why_not_trusted(error)
        notes.error(f"The certificate of {place} is not believed: {why}.", _MEANS, "Have it mended by who runs it.")
        return notes.found
    except Exception as error:  # of the library, of OAuth2, of the wire: each says in words what it met
        said = words(error, config.secrets).rstrip(".")
        do = "Look at host, port, tls, user, and the password or the OAuth2 keys of this mailbox."
        notes.error(f"The {place} cannot be read: {said}.", _MEANS, do)
        return notes.found
    try:
        notes.ok(f"The {place} lets us in; folder {box.folder} holds {amount(session.exists, 'mail', 'mails')}.")
        found = session.certificate()
        if found is not None and certificates.note_end(notes, f"The certificate of {place}", found):
            notes.ok(f"Its certificate lasts until {found.ends:%d %B %Y}.")
        missing = [folder for folder in (box.processed, box.refused) if not session.has(folder)]
        if missing:
            which = f"folder {missing[0]} is" if len(missing) == 1 else f"folders {' and '.join(missing)} are"
            notes.ok(f"Its {which} made when a mail is first moved there.")
    finally:
        session.close()
    ends = right_ends(box, tokens)
    if ends is not None:
        _right(notes, box, f"{ends:%d %B %Y}", soon=certificates.is_soon(ends))
    return notes.found


def _right(notes: Notes, box: "Mailbox", day: str, *, soon: bool) -> None:
    if soon:
        do = "Make a new secret, or consent again, before then: see the page about mailboxes."
        notes.warning(f"The right to read mailbox “{box.name}” ends on {day}.", f"After that: {_MEANS}", do)
    else:
        notes.ok(f"The right to read mailbox “{box.name}” lasts until {day}.")
