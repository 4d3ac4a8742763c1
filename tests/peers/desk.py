"""A running Postdesk in a temporary folder: set up as `postdesk init` does it, started by `postdesk serve`."""

import contextlib
import email
import email.policy
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Self
from unittest.mock import patch

from sqlalchemy import func, select

from gateway.relay import in_order
from postdesk.init import Answers, run
from postdesk.roles import FRONT
from store.database import Database
from store.tables import Disposition, ReceivedMail, Tally
from tests import empty
from tests.peers.common import free_port, short_folder, wait_for

ALL = ("smtp", "lmtp", "imap", "work", "deliver", "schedule", "portal")
DESK, STAFF = "service@desk.test", "sam@desk.test"  # as `postdesk init --sample` makes them


def to_relay(port: int, **more: str) -> dict[str, str]:
    """Settings that hand letters to a relay of this machine, without TLS; `more` are further ones of [relay]."""
    chosen = {"MODE": "smtp", "HOST": "127.0.0.1", "PORT": str(port), "TLS": "none", **more}
    return {f"RELAY__{name}": value for name, value in chosen.items()}


def set_up(config: Path, environment: Mapping[str, str]) -> None:
    """What `postdesk init --sample` does, without a process for it and with tables that are there already."""
    chosen = {name: value for name, value in environment.items() if name.startswith("POSTDESK_")}
    if "POSTDESK_DATABASE__URL" not in chosen:
        empty.migrated(config.parent / "desk.db").close()
    with patch.dict(os.environ, chosen):
        run(config, Answers.sample())


class Desk:
    """`with Desk() as desk: smtplib.SMTP("127.0.0.1", desk.smtp)`.

    `url` is another database than SQLite, `settings` are environment variables without POSTDESK_, for example
    {"WORK__BATCH": "1"}; `extra` is TOML appended to the settings file.
    """

    own_group = False  # whether the service is a process group of its own, which one signal ends
    root = "/tmp"  # where its folder lies: on a disk for a bench, which measures what is synced

    def __init__(
        self,
        roles: tuple[str, ...] = ALL,
        *,
        url: str = "",
        workers: int = 1,
        settings: dict[str, str] | None = None,
        extra: str = "",
    ) -> None:
        self.smtp, self.lmtp, self.page = free_port(), free_port(), free_port()
        self._roles, self._workers, self._extra, self._url = roles, workers, extra, url
        chosen = {
            "SMTP__PORT": str(self.smtp),
            "LMTP__PORT": str(self.lmtp),
            "PORTAL__PORT": str(self.page),
            "DESK__BASE_URL": f"http://127.0.0.1:{self.page}",
            "LOG__LEVEL": "warning",
            "DELIVERY__FOLD_SECONDS": "0",
            "DELIVERY__PROCESSES": "1",
            "LETTERS__DAY_SHEET": "false",  # it comes within the first minute on a working day, on others not at all
            **({"DATABASE__URL": url} if url else {}),
            **(settings or {}),
        }
        self.environment = {**os.environ, **{f"POSTDESK_{name}": value for name, value in chosen.items()}}
        self._stack = contextlib.ExitStack()
        self.database: Database
        self.process: subprocess.Popen[bytes]

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self.folder = stack.enter_context(short_folder("pd.", self.root))
            self.set_up()
            if self._extra:
                with (self.folder / "postdesk.toml").open("a", encoding="utf-8") as file:
                    file.write(self._extra)
            self.database = Database(self._url or f"sqlite:///{self.folder}/desk.db")
            stack.callback(self.database.close)
            stack.callback(self.stop)
            self.start()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def set_up(self) -> None:
        """Settings, key, tables and first rows."""
        set_up(self.folder / "postdesk.toml", self.environment)

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.page}"

    def command(self, *words: str) -> list[str]:
        """The `postdesk` command with our settings."""
        return [sys.executable, "-m", "postdesk", "--config", str(self.folder / "postdesk.toml"), *words]

    def run(self, *words: str, stdin: bytes = b"", code: int = 0) -> str:
        """Run a command to its end; what it printed. Fails when its exit code is another one."""
        done = subprocess.run(
            self.command(*words), input=stdin, capture_output=True, env=self.environment, timeout=120, check=False
        )
        text = done.stdout.decode() + done.stderr.decode()
        assert done.returncode == code, f"{words} ended with {done.returncode}: {text}"
        return text

    def start(self, *roles_now: str) -> None:
        """Start, also after `stop` or `kill`; with other roles than before when they are named."""
        self._roles = roles_now or self._roles
        roles = [word for role in self._roles for word in ("--role", role)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command("serve", *roles, "--workers", str(self._workers)),
                env=self.environment,
                stdout=log,
                stderr=log,
                process_group=0 if self.own_group else None,
            )
        ports = {"smtp": self.smtp, "lmtp": self.lmtp, "portal": self.page}
        for role in self._roles:
            if role in ports:
                answers = partial(self._answers, ports[role])
                wait_for(answers, f"Postdesk's {role}\n{self.log()}", 60)
        wait_for(self._is_whole, f"all processes of Postdesk\n{self.log()}", 60)

    def _is_whole(self) -> bool:
        """Whether all run that run for good: those that listen come first, and others are forked some time after."""
        assert self.process.poll() is None, f"Postdesk ended: {self.log()}"
        front = not set(FRONT).isdisjoint(self._roles)
        with contextlib.suppress(OSError):  # it ends just now
            return len(self.processes()) > front + ("work" in self._roles) + ("deliver" in self._roles)
        return False

    def _answers(self, port: int) -> bool:
        import socket

        assert self.process.poll() is None, f"Postdesk ended: {self.log()}"
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def stop(self) -> int:
        """SIGTERM, and wait for the end; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def kill(self) -> None:
        """SIGKILL to all processes at once, as a crash of the machine would end them."""
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(10)

    def log(self) -> str:
        """What Postdesk printed."""
        file = self.folder / "log"
        return file.read_text(errors="replace") if file.exists() else ""

    def letters(self, recipient: str = "", wanted: int = 0, seconds: float = 60.0) -> list[EmailMessage]:
        """The letters in the outbox folder, to one recipient or all, oldest first, once there are `wanted`."""
        found: list[EmailMessage] = []

        def enough() -> bool:
            found[:] = [letter for letter in self._all_letters() if recipient in ("", letter["Delivered-To"])]
            return len(found) >= wanted

        wait_for(enough, f"{wanted} letters to {recipient or 'anybody'}; there are {len(found)}", seconds)
        return found

    def _all_letters(self) -> list[EmailMessage]:
        raw = (file.read_bytes() for file in in_order(self.folder / "outbox" / "new"))
        return [email.message_from_bytes(found, policy=email.policy.default) for found in raw]

    def accepted(self) -> int:
        """Mails that are durable."""
        with self.database.reading() as session:
            return session.scalar(select(func.count()).select_from(ReceivedMail)) or 0

    def dispositions(self) -> list[Disposition]:
        """What became of each mail, in the order they came."""
        with self.database.reading() as session:
            return list(session.scalars(select(Disposition).order_by(Disposition.received_id)))

    def wait_handled(self, count: int, seconds: float = 60.0) -> None:
        """Until so many mails have a disposition."""
        deadline = time.monotonic() + seconds
        while (found := self._handled()) < count:
            assert time.monotonic() < deadline, f"only {found} of {count} mails were handled\n{self.log()}"
            time.sleep(0.01)

    def _handled(self) -> int:
        with self.database.reading() as session:
            return session.scalar(select(func.count()).select_from(Disposition)) or 0

    def ledger(self) -> dict[str, int]:
        """The tallies, with what waits counted from the rows."""
        with self.database.reading() as session:
            tally = {row.name: row.value for row in session.scalars(select(Tally))}
            waiting = session.scalar(select(func.count()).where(ReceivedMail.waiting)) or 0
        return {**tally, "waiting": waiting}

    def processes(self) -> list[int]:
        """Process ids of the supervisor and its children."""
        parent = self.process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
        return [parent, *map(int, children)]

    def cpu_seconds(self) -> float:
        """Processor time of all processes so far."""
        total = 0
        for pid in self.processes():
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Proportional memory of all processes, in MB."""
        total = 0
        for pid in self.processes():
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        return total / 1024
