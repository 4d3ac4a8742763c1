"""A Postdesk to measure: `postdesk serve` in a temporary folder, as an operator would start it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Self

from sqlalchemy import func, select

from store.database import Database
from store.tables import Disposition, ReceivedMail
from tests.peers.common import free_port, wait_for

ROLES = ("smtp", "work")


class Desk:
    """A running Postdesk. `roles` as in `postdesk serve --role`; `url` for another database than SQLite."""

    def __init__(self, roles: tuple[str, ...] = ROLES, url: str = "", workers: int = 1) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="postdesk-bench-"))
        self.port = free_port()
        self.page = free_port()
        self._roles, self._workers = roles, workers
        self._environment = {
            **os.environ,
            "POSTDESK_SMTP__PORT": str(self.port),
            "POSTDESK_LMTP__ENABLED": "false",
            "POSTDESK_PORTAL__PORT": str(self.page),
            "POSTDESK_LOG__LEVEL": "error",
            # The caps are about people; what is measured is the way of a mail that they let through.
            "POSTDESK_CAPS__NEW_TICKETS_PER_SENDER_2H": "1000000",
            "POSTDESK_CAPS__FIRST_RECEIPTS_PER_MINUTE": "1000000",
            **({"POSTDESK_DATABASE__URL": url} if url else {}),
        }
        self.database: Database
        self._process: subprocess.Popen[bytes]
        self._url = url

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "postdesk", "--config", str(self.folder / "postdesk.toml"), *words]

    def __enter__(self) -> Self:
        subprocess.run(self._command("init", "--sample"), check=True, capture_output=True, env=self._environment)
        chosen = [word for role in self._roles for word in ("--role", role)]
        self._process = subprocess.Popen(
            self._command("serve", *chosen, "--workers", str(self._workers)),
            env=self._environment,
            stdout=subprocess.DEVNULL,
        )
        self.database = Database(self._url or f"sqlite:///{self.folder}/desk.db")
        wait_for(lambda: _listens(self.port), "Postdesk")
        return self

    def __exit__(self, *_: object) -> None:
        self.database.close()
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)

    def accepted(self) -> int:
        """Mails that are durable."""
        with self.database.reading() as session:
            return session.scalar(select(func.count()).select_from(ReceivedMail)) or 0

    def handled(self) -> int:
        """Mails with a disposition."""
        with self.database.reading() as session:
            return session.scalar(select(func.count()).select_from(Disposition)) or 0

    def wait_handled(self, count: int) -> None:
        """Until so many mails have a disposition."""
        deadline = time.monotonic() + 300
        while self.handled() < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"only {self.handled()} of {count} mails were handled")
            time.sleep(0.01)

    def processes(self) -> list[int]:
        """Process ids of the supervisor and its children."""
        parent = self._process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
        return [parent, *map(int, children)]

    def cpu_seconds(self) -> float:
        """Processor time of all processes so far."""
        tick = os.sysconf("SC_CLK_TCK")
        total = 0
        for pid in self.processes():
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / tick

    def memory(self) -> float:
        """Proportional memory of all processes, in MB."""
        total = 0
        for pid in self.processes():
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        return total / 1024


def _listens(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
