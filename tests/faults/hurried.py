"""A running Postdesk that is changed before it starts: mostly to wait for less long, by figures that no setting has."""

import sys

from tests.e2e.machines import Patient

# Seconds that a mailbox may take for one answer, and for a batch; how long a mail is left alone that it keeps back.
MAILBOXES = """
from dataclasses import replace
import gateway.mailbox_take as take
import postdesk.mailboxes as mailboxes
take.AVOID = 2.0
whole = mailboxes.config
mailboxes.config = lambda *given: replace(whole(*given), timeout=2.0, batch_timeout=4.0)
"""
# Seconds that a statement waits for another program's write.
BUSY = """
import store.database as database
database.BUSY_SECONDS = 2.0
"""
# Seconds from one run of the timers to the next.
TIMERS = """
import postdesk.schedule as schedule
schedule.EVERY = 8
"""
# Seconds in which a fault of an S3 store is not tried again, and for which it is left alone after one.
S3 = """
import store.s3_client as client
client.S3Config.__init__.__defaults__ = (*client.S3Config.__init__.__defaults__[:-1], 1.0)
client.PAUSE = 0.5
"""
# What comes from this machine counts as coming from outside: its sender is verified.
FROM_OUTSIDE = """
import gateway.sender.checker as checker
checker.OWN_NETWORKS = ()
"""
# libfaketime of Debian 12 refuses the sleep of Python (clock_nanosleep until a moment of the monotonic clock).
NO_SLEEP = """
import select, time
time.sleep = lambda seconds: select.select([], [], [], seconds)
"""


class Hurried(Patient):
    """`with Hurried(code, roles, settings=…)`: the code runs in each of its processes, before anything else."""

    def __init__(self, code: str, *args: object, **more: object) -> None:
        self._code = code
        super().__init__(*args, **more)  # type: ignore[arg-type]

    def command(self, *words: str) -> list[str]:
        """The `postdesk` command, with our figures."""
        call = f"{self._code}\nfrom postdesk.cli import main\nmain()"
        return [sys.executable, "-c", call, "--config", str(self.folder / "postdesk.toml"), *words]
