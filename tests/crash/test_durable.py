"""The kernel's own record of the calls: what is on disk, or committed, before anybody is told."""

import contextlib
import re
import smtplib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from store.database import Database
from tests.crash.mails import Mails, Sent
from tests.peers.common import missing
from tests.peers.desk import DESK, Desk
from tests.servers import require

pytestmark = [pytest.mark.peer, pytest.mark.attack(84, 87)]

_CALLS = "fsync,fdatasync,rename,renameat,renameat2,write,writev,sendto,sendmsg,recvfrom,exit_group"
_LINE = re.compile(r"(\d+)\s+(?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)")


@dataclass(frozen=True, slots=True)
class Call:
    """One call that came back, in the order of that."""

    name: str
    arguments: str
    result: str


def read(record: str) -> Iterator[Call]:
    """What strace -f wrote: halves of one call are put together by the thread that made it."""
    begun: dict[str, str] = {}
    for line in record.splitlines():
        if not (found := _LINE.match(line)):
            continue
        thread, resumed, name, rest = found.groups()
        if rest.endswith("<unfinished ...>"):
            begun[thread] = rest.removesuffix("<unfinished ...>")
            continue
        whole = begun.pop(thread, "") + rest if resumed else rest
        arguments, _, result = whole.rpartition(" = ")
        yield Call(resumed or name, arguments, result.split()[0] if result else "")


@contextlib.contextmanager
def watched(desk: Desk, record: Path) -> Iterator[None]:
    """strace looks at the process of the listeners."""
    with subprocess.Popen(
        [*_strace(record), "-p", str(desk.processes()[1])], stderr=subprocess.PIPE, text=True
    ) as strace:
        assert strace.stderr
        said = strace.stderr.readline()
        if "attached" not in said:
            strace.wait(10)
            missing(f"strace may not look at our processes: {said.strip()}")
        try:
            yield
        finally:
            desk.kill()
            strace.wait(30)


def _strace(record: Path) -> list[str]:
    return [require("strace"), "-f", "-y", "-s", "64", "-e", f"trace={_CALLS}", "-o", str(record)]


def told_apart(calls: list[Call]) -> Iterator[list[Call]]:
    """For each mail the calls between the 354 and its 250, which is the last one."""
    begin = 0
    for place, call in enumerate(calls):
        if '"354 ' in call.arguments:
            begin = place
        elif '"250 2.0.0 Kept as' in call.arguments:
            yield calls[begin : place + 1]


def place_of(calls: list[Call], names: str, pattern: str) -> int:
    """Where the first such call stands that worked."""
    for place, call in enumerate(calls):
        if re.fullmatch(names, call.name) and re.search(pattern, call.arguments) and call.result[0] != "-":
            return place
    raise AssertionError(f"no {names} of {pattern} in " + "\n".join(map(str, calls)))


def committed(calls: list[Call], kind: str) -> int:
    """Where the mail became durable: the write-ahead log of SQLite is synced, or PostgreSQL says that it committed.

    Of PostgreSQL this shows our half: its word came first. Its own half is synchronous_commit, which we ask for.
    """
    if kind == "sqlite":
        return place_of(calls, "f(data)?sync", r"desk\.db-wal>")
    return place_of(calls, "recvfrom", r"COMMIT\\0")


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_the_disk_has_the_mail_before_the_client_has_the_250(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A small mail: the commit is on disk. A big one: its blob, then the name, then the folder, then the commit."""
    url = "" if kind == "sqlite" else str(request.getfixturevalue("postgres").filled_database())
    small, big = Mails().new("smtp"), Mails().new("smtp", big=True)
    with Desk(("smtp",), url=url) as desk:
        with watched(desk, tmp_path / "calls"):
            send(desk, small)
            send(desk, big)
        first, second = told_apart(list(read((tmp_path / "calls").read_text())))
        assert committed(first, kind) < len(first) - 1
        steps = [
            place_of(second, "fsync", r"/blobs/incoming/\w+>"),
            place_of(second, r"rename\w*", r"/blobs/incoming/\w+\", .*/blobs/[0-9a-f]{2}/[0-9a-f]{64}\""),
            place_of(second, "fsync", r"/blobs/[0-9a-f]{2}>"),
            committed(second, kind),
            len(second) - 1,
        ]
        assert steps == sorted(steps)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_the_disk_has_the_mail_before_a_pipe_ends_with_0(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The exit code is what tells Postfix or Exim that the mail is ours."""
    url = "" if kind == "sqlite" else str(request.getfixturevalue("postgres").filled_database())
    one, record = Mails().new("pipe"), tmp_path / "calls"
    with Desk(("portal",), url=url) as desk:
        command = [*_strace(record), *desk.command("deliver", "--to", DESK, "--from", one.sender)]
        done = subprocess.run(command, input=one.raw, env=desk.environment, capture_output=True, check=False)
        if not record.exists() or "PTRACE" in done.stderr.decode():
            missing(f"strace may not look at our processes: {done.stderr.decode()}")
        assert done.returncode == 0, done.stderr
        calls = list(read(record.read_text()))
        assert desk.accepted() == 1
    ended = next(place for place, call in enumerate(calls) if call.name == "exit_group")
    assert calls[ended].arguments.startswith("0)")
    assert committed(calls[:ended], kind) < ended


def test_postgresql_is_asked_for_durable_commits(request: pytest.FixtureRequest) -> None:
    """Whatever its own default is: the server of the tests has synchronous_commit off, our transactions have it on."""
    database = Database(request.getfixturevalue("postgres").fresh_database())
    try:
        with database.engine.connect() as connection:
            assert connection.scalar(text("SHOW synchronous_commit")) == "on"
            source = connection.scalar(text("SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit'"))
            assert source == "on"
    finally:
        database.close()


def send(desk: Desk, one: Sent) -> None:
    """Over a connection of its own; anything but 250 raises."""
    with smtplib.SMTP("127.0.0.1", desk.smtp, timeout=60) as client:
        client.sendmail(one.sender, DESK, one.raw)
