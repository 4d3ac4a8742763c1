"""Roundup on SQLite: one process of its mail gateway takes a whole mailbox file."""

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from bench.peers.peer import PeerFault, run, timed, virtual_environment, write_mbox
from tests.peers.common import short_folder

SETTINGS = {
    "tracker_web": "http://127.0.0.1:8080/",
    "tracker_email": "service",
    "mail_domain": "desk.test",
    "mail_host": "127.0.0.1",
    "mail_debug": "/dev/null",  # letters are written to nowhere: neither side sends while the clock runs
    # Each new sender gets an account with a password, and hashing it takes longer than all the rest. We make none, so
    # that would flatter us: as few rounds as it allows.
    "password_pbkdf2_default_rounds": "1000",
}
# Of the template "classic": whoever has no account may write, and gets one.
CLOSED = "#db.security.addPermissionToRole('Anonymous', 'Email Access')"


class Roundup:
    """A tracker of the template "classic"."""

    title = "Roundup 2.6, a mailbox file, SQLite"
    share = 600

    def install(self) -> None:
        """Fetch it from PyPI."""
        self._bin = virtual_environment("roundup", "roundup==2.6.0")

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self._folder = stack.enter_context(short_folder("ru."))
            settings = ",".join(f"{name}={value}" for name, value in SETTINGS.items())
            self._admin("install", "classic", "sqlite", settings)
            schema = self._home / "schema.py"
            text = schema.read_text(encoding="utf-8")
            if CLOSED not in text:
                raise PeerFault("the template has no line that opens the tracker to strangers' mail")
            schema.write_text(text.replace(CLOSED, CLOSED[1:]), encoding="utf-8")
            self._admin("initialise", "sample")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def take(self, batch: Sequence[bytes]) -> float:
        """One process for all of them."""
        box = self._folder / "mailbox"
        write_mbox(box, batch)
        return timed([self._bin / "roundup-mailgw", self._home, "mailbox", box])

    def addressed(self, answers: Sequence[bytes]) -> Sequence[bytes]:
        """As they are: it goes by In-Reply-To."""
        return answers

    def count(self) -> tuple[int, int]:
        """Issues, and the messages beyond the first of each."""
        with contextlib.closing(sqlite3.connect(self._home / "db" / "db")) as database:
            (issues,) = database.execute("SELECT count(*) FROM _issue").fetchone()
            (messages,) = database.execute("SELECT count(*) FROM issue_messages").fetchone()
        return issues, messages - issues

    @property
    def _home(self) -> Path:
        return self._folder / "tracker"

    def _admin(self, *words: str) -> None:
        run([self._bin / "roundup-admin", "-i", self._home, *words])
