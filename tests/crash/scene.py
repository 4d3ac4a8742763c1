"""A desk that dies where it is told to, the mails that it is sent meanwhile, and what others have of its letters."""

import contextlib
import email
import email.policy
import queue
import smtplib
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from email.message import EmailMessage
from pathlib import Path

from sqlalchemy import select

from store.points import VARIABLE
from store.tables import Outbox
from tests.crash.disk import Disk
from tests.crash.mails import Mails, Sent
from tests.crash.relay import Relay, copies
from tests.e2e.conftest import FREELY
from tests.e2e.machines import Patient
from tests.peers.desk import DESK
from tests.servers import Dovecot, Postgres, short_folder, wait_for

MAILBOX = """
[[mailbox]]
name = "{name}"
host = "127.0.0.1"
port = {port}
tls = "none"
user = "desk"
password = "pw"
poll_seconds = 0.2
"""
WITHOUT_MOVE = "imap_capability = IMAP4rev1 LITERAL+ ID NAMESPACE UIDPLUS"


class CrashDesk(Patient):
    """A desk whose processes look for an order to die at each named point."""

    own_group = True
    orders: Path  # not in its own folder: a power cut would bring orders back

    def start(self, *roles_now: str) -> None:
        """Start; whatever order is there counts from the first moment on."""
        self.environment[VARIABLE] = str(self.orders / "order")
        super().start(*roles_now)

    def order(self, point: str, number: int, scope: str) -> None:
        """From now on the process that passes this point for the so many-th time dies, or all do."""
        fresh = self.orders / "order.new"
        fresh.write_text(f"{point} {number} {scope}", encoding="ascii")
        fresh.rename(self.orders / "order")

    @property
    def obeyed(self) -> bool:
        """True once a process has taken the order."""
        return not (self.orders / "order").exists()


class Scene:
    """A desk, who writes to it, and who takes its letters: see `scene`."""

    def __init__(self, desk: CrashDesk, relay: Relay, boxes: dict[str, Dovecot], seed: int) -> None:
        self.desk, self.relay, self.boxes = desk, relay, boxes
        self.mails = Mails(seed)
        self.sent: list[Sent] = []
        self.once_more: Counter[str] = Counter()  # letters that a crash caught between the relay's 250 and our commit
        self.disks: list[Disk] = []  # that everything lies on, if it is the power that fails
        self.server: Postgres | None = None  # that fails with it
        self.ticket: EmailMessage  # the receipt of a ticket that is answered to again and again
        self._waiting: queue.SimpleQueue[Sent] = queue.SimpleQueue()
        self._handed = 0
        threading.Thread(target=self._hand_over_all, daemon=True).start()

    def open(self) -> None:
        """The first ticket, to which others answer."""
        first = self.mails.new("smtp")
        self.send([first])
        self.rest()
        receipts = (letter for letter in self.letters() if f"To: {first.sender}".encode() in letter)
        self.ticket = email.message_from_bytes(next(receipts), policy=email.policy.default)
        self.writer = first.sender

    def send(self, mails: Sequence[Sent]) -> None:
        """Hand mails over, each again and again until it is answered for; returns at once."""
        self.sent += mails
        for one in mails:
            self._waiting.put(one)

    @property
    def handed_over(self) -> bool:
        """True when all that was sent is answered for."""
        return self._handed == len(self.sent)

    def letters(self) -> list[bytes]:
        """All letters that others have, whichever way they went."""
        folder = self.desk.folder / "outbox" / "new"
        return self.relay.letters + [file.read_bytes() for file in folder.glob("*")]

    def rest(self, seconds: float = 180) -> None:
        """Until all is answered for, handled and sent."""
        wait_for(lambda: self.handed_over, f"all mails handed over; {self._handed} of {len(self.sent)}", seconds)
        seldom = threading.Event()  # asked every 20 ms, the questions would cost more than the work they wait for
        wait_for(lambda: seldom.wait(0.1) or not self._left(), f"rest\n{self.desk.log()[-3000:]}", seconds)

    def note_window(self) -> None:
        """All processes are dead: letters that others have, and our rows do not know of, may come once more."""
        self.relay.settle()
        there = copies(self.letters())
        with self.desk.database.reading() as session:
            waiting = set(session.scalars(select(Outbox.message_id).where(Outbox.state == "waiting")))
        self.once_more.update(found for found in waiting if there[found])

    def power_cut(self) -> None:
        """The machine is gone, with all that was not synced; and it is back, with nothing running but the database."""
        for disk in self.disks:
            disk.cut()
        self.down()
        if self.server:
            self.server.kill()
        for disk in self.disks:
            disk.back()
        if self.server:
            self.server.start()

    def down(self) -> None:
        """Nobody has files of the desk open."""
        if self.desk.process.poll() is None:
            self.desk.kill()
        self.desk.database.close()

    def _left(self) -> bool:
        """In the order of the work: what has left one place is in a later one, which is looked at after it."""
        if any(box.mails() for box in self.boxes.values()):
            return True
        if self.desk.accepted() < len(self.sent) or self.desk.ledger()["waiting"]:
            return True
        with self.desk.database.reading() as session:
            return session.scalar(select(Outbox.id).where(Outbox.state == "waiting").limit(1)) is not None

    def _hand_over_all(self) -> None:
        pause = threading.Event()
        while True:
            one = self._waiting.get()
            while not one.told:
                one.tries += 1
                try:
                    self._hand_over(one)
                    one.told = True
                except (OSError, smtplib.SMTPException, subprocess.SubprocessError):
                    pause.wait(0.05)
            self._handed += 1

    def _hand_over(self, one: Sent) -> None:
        if one.way in self.boxes:
            self.boxes[one.way].put(one.raw)
        elif one.way == "pipe":
            command = self.desk.command("deliver", "--to", DESK, "--from", one.sender)
            subprocess.run(command, input=one.raw, env=self.desk.environment, check=True, capture_output=True)
        else:
            kind, port = (smtplib.LMTP, self.desk.lmtp) if one.way == "lmtp" else (smtplib.SMTP, self.desk.smtp)
            with kind("127.0.0.1", port, timeout=60) as client:
                client.sendmail(one.sender, DESK, one.raw)


@contextlib.contextmanager
def scene(url: str = "", *, seed: int = 0, mailboxes: bool = False, workers: int = 1) -> Iterator[Scene]:
    """A running desk whose letters go to a relay, with two mailboxes if wanted: one without MOVE."""
    with contextlib.ExitStack() as stack:
        relay = stack.enter_context(Relay())
        boxes: dict[str, Dovecot] = {}
        if mailboxes:
            boxes["mailbox"] = stack.enter_context(Dovecot())
            boxes["plain mailbox"] = stack.enter_context(Dovecot(extra=WITHOUT_MOVE))
        extra = "".join(MAILBOX.format(name=name, port=box.port) for name, box in boxes.items())
        roles = ("smtp", "lmtp", *(["imap"] if boxes else []), "work", "deliver")
        settings = {**FREELY, **relay.settings, "WORK__BATCH": "4"}
        desk = CrashDesk(roles, url=url, workers=workers, settings=settings, extra=extra)
        desk.orders = stack.enter_context(short_folder("order."))
        stack.enter_context(desk)
        found = Scene(desk, relay, boxes, seed)
        found.open()
        yield found


@contextlib.contextmanager
def on_disks(found: Scene, server: Postgres | None) -> Iterator[Scene]:
    """The same scene with everything on disks that forget: the desk, and the database server if there is one."""
    with contextlib.ExitStack() as stack:
        found.down()
        found.server = server
        if server:
            server.stop()
        folders = [found.desk.folder, *([server.folder] if server else [])]
        found.disks = [stack.enter_context(Disk(folder)) for folder in folders]
        if server:
            stack.callback(server.stop)
            server.start()
        stack.callback(found.down)
        found.desk.start()
        yield found
