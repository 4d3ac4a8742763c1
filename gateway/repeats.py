"""A mail that came before: the same one again is a duplicate; the words that a script sends every night are not."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from desk.writes import Writes
from gateway.envelope import Envelope, Message
from store.tables import MailKey, ReceivedMail, core

if TYPE_CHECKING:  # what a batch finds has its duplicates from here
    from gateway.view import Incoming, View

# A mail with neither Message-ID nor Date has nothing that tells it from one of last month with the same words. It
# counts as the same when it comes again within this time, as from a client that missed our 250: the usual servers try
# again within 6 hours, and the first of them would have added both fields anyway. Less than a day, because such mail is
# that of scripts, and many run once a day: a second ticket costs a moment, an alarm that nobody sees costs more.
NAMELESS_WITHIN = timedelta(hours=12)
# Mail of these lies where it can be read once more at any time: after a restore it is moved back into the mailbox, or
# a folder is imported again. The traces of its way are a part of what lies there, and tell it from every other one.
_AT_REST = frozenset({"imap", "file"})


def fingerprint(message: Message, reverse_path: str) -> bytes:
    """The same for a mail that comes twice by whatever way; another for one with the same id and other words.

    Who wrote a mail without a readable From is told by the reverse path: two people may write the same few words.
    """
    date = message.date.isoformat() if message.date else ""
    parts = (message.message_id, message.sender.key or reverse_path.lower(), date, message.subject)
    head = "\0".join(parts).encode("utf-8", "replace")
    return hashlib.blake2b(head + b"\0" + message.body_digest, digest_size=16).digest()


def key_of(message: Message, envelope: Envelope, raw: bytes) -> bytes:
    """The fingerprint of a received mail; of all of it, where only the traces of its way tell it from others."""
    if _lacks_both(message) and not is_nameless(message, envelope):
        return hashlib.blake2b(raw, digest_size=16).digest()
    return fingerprint(message, envelope.reverse_path)


def is_nameless(message: Message, envelope: Envelope) -> bool:
    """True for a mail that nothing but its words tells from another one."""
    return _lacks_both(message) and not (message.hops and envelope.source in _AT_REST)


def _lacks_both(message: Message) -> bool:
    return not message.message_id and message.date is None


_KEYS = core(MailKey)
_HANDLED = select(_KEYS.c.key, _KEYS.c.received_id).where(_KEYS.c.key.in_(bindparam("keys", expanding=True)))


def load(session: Session, batch: "Sequence[Incoming]", view: "View") -> None:
    """The mails with the fingerprints of these that were handled before; of nameless ones, when they came too."""
    keys = {mail.key for mail in batch}
    handled = session.connection().execute(_HANDLED, {"keys": list(keys)})
    view.handled = {bytes(row.key): row.received_id for row in handled}
    nameless = {mail.key for mail in batch if is_nameless(mail.message, mail.envelope)} & view.handled.keys()
    if nameless:
        came = select(MailKey.key, ReceivedMail.received_at).join(ReceivedMail, ReceivedMail.id == MailKey.received_id)
        rows = session.execute(came.where(MailKey.key.in_(nameless)))
        view.came = {bytes(row.key): row.received_at for row in rows}


def earlier(mail: "Incoming", view: "View") -> int | None:
    """The mail that this one is a copy of; None where it is none."""
    found = view.handled.get(mail.key)
    if found is None or found == mail.received_id:
        return None
    came, at = view.came.get(mail.key), mail.envelope.received_at
    is_old = came is not None and at is not None and abs(at - came) > NAMELESS_WITHIN
    if is_old and is_nameless(mail.message, mail.envelope):
        return None
    return found


def remember(mail: "Incoming", view: "View") -> None:
    """From now on this is the mail that others may be copies of, unless it is one itself."""
    if earlier(mail, view) is not None:
        return
    if (before := view.handled.get(mail.key, mail.received_id)) != mail.received_id:
        view.outlived.setdefault(mail.key, before)
    view.handled[mail.key] = mail.received_id
    if mail.envelope.received_at is not None:
        view.came[mail.key] = mail.envelope.received_at


def keep(mail: "Incoming", view: "View", writes: Writes) -> None:
    """The row by which a copy is known. That of a nameless mail of long ago makes room for it.

    Its id is named: of two processes with one mail, the second finds that row gone, and then that the key is taken.
    """
    if view.handled.get(mail.key) != mail.received_id:
        return
    if (before := view.outlived.get(mail.key)) is not None:
        writes.drop(MailKey, {"key": mail.key, "received_id": before})
    writes.add(MailKey, key=mail.key, received_id=mail.received_id)
