"""What tests of the running service's listeners share: the mail as it was kept, who is kept of whom, hasty limits.

Run as a program it is `postdesk` itself with short time limits, which no setting offers: RFC 5321 wants minutes.
"""

import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from gateway.claimed import load
from store.blobs import FolderBlobs
from store.tables import ReceivedMail
from tests.attacks.smtpraw import Raw, code
from tests.peers.common import wait_for
from tests.peers.desk import Desk

if TYPE_CHECKING:
    from gateway.listener_config import ListenerConfig

ROOT = Path(__file__).resolve().parent.parent.parent
SERVICE = b"service@desk.test"
# Long enough for an honest client on a busy machine, short enough to be waited for.
HASTE = {"idle": 6.0, "grace": 4.0}
_KEPT = re.compile(rb"250 2\.0\.0 Kept as (\d+)\r\n")


class HastyDesk(Desk):
    """The same service with time limits of seconds."""

    def command(self, *words: str) -> list[str]:
        """The command in our own wrapping, found from whatever folder."""
        self.environment["PYTHONPATH"] = str(ROOT)
        return [word if word != "postdesk" else "tests.attacks.smtp_world" for word in super().command(*words)]


def header(subject: str, sender: bytes = b"wire@attacker.test") -> bytes:
    """The header of a mail and the empty line behind it."""
    return b"From: %s\r\nTo: service@desk.test\r\nSubject: %s\r\n\r\n" % (sender, subject.encode())


def number_of(reply: bytes) -> int:
    """The number a mail is kept under, by the reply to its end."""
    found = _KEPT.fullmatch(reply)
    assert found, reply
    return int(found[1])


def kept(desk: Desk, number: int) -> ReceivedMail:
    """The envelope of a mail."""
    with desk.database.reading() as session:
        found = session.get(ReceivedMail, number)
    assert found is not None, number
    return found


def raw_of(desk: Desk, number: int) -> bytes:
    """A mail as it was kept, without our own Received line of three lines."""
    with desk.database.reading() as session:
        raw = load(session, FolderBlobs(desk.folder / "blobs"), [number])[0].raw
    return raw.split(b"\r\n", 3)[3]


def from_path(desk: Desk, reverse_path: str) -> int:
    """How many mails are kept of one envelope sender."""
    with desk.database.reading() as session:
        chosen = ReceivedMail.reverse_path == reverse_path
        return session.scalar(select(func.count()).select_from(ReceivedMail).where(chosen)) or 0


def start_data(client: Raw, sender: bytes, *recipients: bytes) -> None:
    """Everything up to and with the reply to DATA, to the service address unless others are named."""
    client.hello()
    client.envelope(sender, recipients or (SERVICE,))
    assert code(client.command(b"DATA")) == "354"


def works(desk: Desk, sender: bytes, address: str = "") -> None:
    """An honest client, from another of the addresses of this machine where one is named, leaves a mail."""
    with Raw(desk.smtp, 60, address) as client:
        start_data(client, sender)
        number_of(client.content(header("Honest", sender) + b"As every day.\r\n"))


def no_half_mails(desk: Desk) -> None:
    """Nothing that was begun lies about on disk."""
    incoming = desk.folder / "blobs" / "incoming"
    wait_for(lambda: not incoming.is_dir() or not any(incoming.iterdir()), "half mails to be removed", 60)


@contextmanager
def many_files(wanted: int) -> Iterator[int]:
    """Lets this process open so many files, or as many as it may; how many that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, allowed), hard))
    try:
        yield max(soft, allowed)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def main() -> None:
    """`postdesk` with HASTE."""
    from postdesk import page_wire
    from postdesk.cli import main as postdesk
    from postdesk.wiring import House

    page_wire.HEAD_SECONDS = page_wire.BODY_SECONDS = HASTE["idle"]
    shipped = House.listener

    def hasty(house: House, protocol: str) -> "ListenerConfig | None":
        config = shipped(house, protocol)
        return config and replace(config, limits=replace(config.limits, **HASTE))  # type: ignore[arg-type]

    House.listener = hasty  # type: ignore[assignment,method-assign]  # the children are forks of this process
    postdesk()


if __name__ == "__main__":
    main()
