"""Points of the mail path where a test may end the process; in production each is a call that does nothing.

A test names a file in the environment of the service. While that file holds an order, the process that comes to the
point for the so many-th time takes the order away and dies by SIGKILL: alone, or with all of its process group, as when
a machine loses its power. The variable is looked up once, at import.
"""

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

VARIABLE = "POSTDESK_TEST_CRASH"  # the settings leave POSTDESK_TEST_… alone

# Whoever adds a call of `reached` adds its point here: `make docs` writes the table in docs/architecture.md from it.
POINTS = {
    "listener.read": "SMTP, LMTP: the end of the mail has come, nothing is given to the spool yet",
    "listener.kept": "SMTP, LMTP: the mail is durable, the client has no 250 yet",
    "pipe.read": "`postdesk deliver`: all is read from standard input",
    "pipe.kept": "`postdesk deliver`: the mail is durable, the exit code is not given yet",
    "mailbox.fetched": "IMAP: mails are fetched, and still only in the mailbox",
    "mailbox.kept": "IMAP: the mails are durable, and not yet moved away",
    "mailbox.copied": "IMAP without MOVE: copied to where they go, and not yet deleted",
    "mailbox.moved": "IMAP: the server has moved them",
    "blob.written": "Folder of blobs: written, no fsync yet",
    "blob.synced": "Folder of blobs: on disk under a temporary name",
    "blob.renamed": "Folder of blobs: has its name, the folder is not synced yet",
    "spool.writing": "Spool: the bytes of big mails are kept, the transaction of the group has not begun",
    "spool.written": "Spool: all rows are written, before the commit",
    "spool.committed": "Spool: committed, nobody has been told",
    "intake.claiming": "Intake: mails are claimed and their attempts counted, before the commit of that",
    "intake.claimed": "Intake: claimed, nothing is read yet",
    "intake.read": "Intake: read, before anybody asks who sent them",
    "intake.filed": "Intake: the files are kept, the transaction has not begun",
    "intake.decided": "Intake: decided in the transaction, no row is written",
    "intake.written": "Intake: all rows are written, before the commit",
    "intake.committed": "Intake: committed, the letters not yet begun",
    "delivery.claimed": "Delivery: letters are claimed",
    "delivery.rendered": "Delivery: rendered, the bytes are not kept yet",
    "delivery.kept": "Delivery: the bytes are kept, the relay has heard nothing",
    "delivery.recording": "Delivery: the relay's replies are written, before the commit",
    "delivery.recorded": "Delivery: what the relay said is committed",
    "relay.connected": "Relay: connected, nothing said of the letter",
    "relay.data": "Relay: it waits for the content",
    "relay.sent": "Relay: it has the whole letter, its reply has not come",
    "relay.answered": "Relay: it said 250, and only this thread knows",
    "folder.written": "Outbox folder: the letter is on disk in tmp/",
    "folder.renamed": "Outbox folder: the letter is in new/, and that is not noted",
}


def _nothing(name: str) -> None:
    """What runs in production."""


class _Trap:
    """Reads the order at each point: “name pass one” or “name pass all”."""

    def __init__(self, order: Path) -> None:
        self._order = order
        self._lock = threading.Lock()
        self._counted = ("", 0)  # the order that passes are counted for, and how many there were

    def __call__(self, name: str) -> None:
        """Die, when it is time."""
        with self._lock:
            try:
                order = f"{self._order.stat().st_mtime_ns} {self._order.read_text(encoding='ascii')}"
            except FileNotFoundError:
                return
            _, wanted, number, scope = order.split()
            if wanted != name:
                return
            passes = self._counted[1] + 1 if self._counted[0] == order else 1
            self._counted = (order, passes)
            if passes >= int(number):
                self._die(scope)

    def _die(self, scope: str) -> None:
        try:
            self._order.unlink()
        except FileNotFoundError:
            return  # another process was first: one of them is enough
        if scope == "all":
            os.killpg(os.getpgrp(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)


def _chosen() -> Callable[[str], None]:
    file = os.environ.get(VARIABLE)
    return _Trap(Path(file)) if file else _nothing


reached = _chosen()
