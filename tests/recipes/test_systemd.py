"""config/systemd/: units that systemd understands, locked down, and a supervisor that speaks to systemd."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from postdesk import cli, roles
from tests.peers.common import greets, require, wait_for
from tests.peers.desk import Desk
from tests.recipes.recipe import CONFIG, recipe, run

UNITS = sorted(path.name for path in (CONFIG / "systemd").iterdir())
SERVICES = [name for name in UNITS if name.endswith(".service")]
PROGRAM, SETTINGS = "/opt/postdesk/bin/postdesk", "/var/lib/postdesk/postdesk.toml"


@pytest.mark.peer
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    """systemd-analyze verify has nothing to say about any of them, the template with a role."""
    program = tmp_path / "postdesk"
    program.symlink_to(shutil.which("true") or "")
    for name in UNITS:
        change = {PROGRAM: str(program)} if name.endswith(".service") else {}
        (tmp_path / name).write_text(recipe(f"systemd/{name}", change))
    named = [str(tmp_path / name.replace("@.", "@work.")) for name in UNITS]
    said = run(require("systemd-analyze"), "verify", "--man=no", "--recursive-errors=no", *named, folder=tmp_path)
    assert said == ""


@pytest.mark.peer
@pytest.mark.parametrize("name", SERVICES)
def test_services_are_locked_down(name: str, tmp_path: Path) -> None:
    """Their exposure as systemd counts it, 0 to 10, is at most 2."""
    shutil.copy(CONFIG / "systemd" / name, tmp_path / name.replace("@.", "@work."))
    unit = tmp_path / name.replace("@.", "@work.")
    security = (require("systemd-analyze"), "security", "--offline=yes", "--threshold=20", "--no-pager")
    said = run(*security, unit, folder=tmp_path)
    assert re.search(r"Overall exposure level for postdesk.*: [01]\.\d", said), said


def test_services_have_the_same_walls() -> None:
    """What one service may not do, the others may not do either."""
    walls = {
        tuple(recipe(f"systemd/{name}").partition("NoNewPrivileges=yes")[2].partition("\n[")[0].split())
        for name in SERVICES
    }
    assert len(walls) == 1
    # Without it nothing tells this boot from another one: what a process that died had claimed would wait.
    assert not any(wall.startswith("ProcSubset=") for wall in walls.pop())


@pytest.mark.parametrize("name", SERVICES)
def test_units_start_what_there_is(name: str) -> None:
    """The commands and options of ExecStart exist, and the roles that the target names."""
    cli.load_commands()
    (line,) = re.findall(r"^ExecStart=(.*)$", recipe(f"systemd/{name}"), re.MULTILINE)
    program, option, settings, command, *words = line.replace("%i", "work").split()
    assert (program, option, settings) == (PROGRAM, "--config", SETTINGS)
    known = typer.main.get_command(cli.app).commands[command]  # type: ignore[attr-defined]
    known.make_context(command, words)
    named = re.findall(r"postdesk@([a-z]+)", recipe("systemd/postdesk.target"))
    assert set(named) <= set(roles.ALL)


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[socket.socket]:
    """The socket that systemd would listen on."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "notify"))
        server.settimeout(30)
        yield server


def test_systemd_is_told_ready_alive_and_stopping(listening: socket.socket, tmp_path: Path) -> None:
    """READY comes when mail is taken, WATCHDOG twice in the time that is given, STOPPING at SIGTERM."""
    desk = Desk(("lmtp", "work", "deliver"))
    desk.environment |= {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"}
    with desk:
        said = [listening.recv(4096).decode().splitlines()]
        while ["WATCHDOG=1"] not in said or not any("READY=1" in lines for lines in said):
            said.append(listening.recv(4096).decode().splitlines())
        (ready,) = (lines for lines in said if "READY=1" in lines)
        assert ready == ["READY=1", "STATUS=Running: lmtp, work 1, deliver"]
        assert greets(desk.lmtp, b"220")
        desk.process.send_signal(signal.SIGTERM)
        while "STOPPING=1" not in said[-1]:
            said.append(listening.recv(4096).decode().splitlines())
        assert desk.stop() == 0


def test_a_watchdog_for_another_process_is_not_fed(listening: socket.socket, tmp_path: Path) -> None:
    """WATCHDOG_PID names who is meant: what inherits the environment keeps quiet."""
    from postdesk.notify import Notifier

    environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1"}
    Notifier.from_environment(environment, 2).alive()
    notifier = Notifier.from_environment(environment, 1)
    notifier.alive()
    notifier.status("Well")
    assert [listening.recv(4096), listening.recv(4096)] == [b"WATCHDOG=1", b"STATUS=Well"]
    (tmp_path / "notify").unlink()
    notifier.status("Nobody listens")  # and nothing is raised


def test_it_lives_while_the_database_keeps_it_waiting() -> None:
    """A process that died is started again at once, though somebody else writes for long."""
    with Desk(("lmtp", "work")) as desk:
        children = Path(f"/proc/{desk.process.pid}/task/{desk.process.pid}/children")
        front, worker = children.read_text().split()
        with desk.database.transaction():
            os.kill(int(worker), signal.SIGKILL)
            wait_for(lambda: worker not in children.read_text().split(), "the end of a process", 30)
            wait_for(lambda: len(children.read_text().split()) == 3, "one to free its work, and one in its place", 30)
            os.kill(desk.process.pid, signal.SIGTERM)
            wait_for(lambda: desk.process.poll() is not None, "the end", 55)
        assert front


ORPHANS = """
import ctypes, os, sys, time
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: orphans become ours, as with the first process
if os.fork() == 0:
    if os.fork() == 0:
        os.execvp("cat", ["cat"])  # until its input ends
    os._exit(0)
os.wait()
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def test_as_first_process_of_a_container_it_outlives_orphans() -> None:
    """A stranger's child that ends, as after `docker exec`, is none of its own, and ends nothing."""
    with Desk(("lmtp", "work")) as desk:
        desk.stop()
        words = desk.command("serve", "--role", "lmtp", "--role", "work")
        call = [sys.executable, "-c", ORPHANS, *words[1:]]
        with subprocess.Popen(call, env=desk.environment, stdin=subprocess.PIPE) as process:
            wait_for(lambda: greets(desk.lmtp, b"220"), "LMTP", 30)
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
            wait_for(lambda: len(children.read_text().split()) == 3, "the orphan, and a process for each role", 60)
            assert process.stdin
            process.stdin.close()
            wait_for(lambda: len(children.read_text().split()) == 2, "the orphan's end")
            assert greets(desk.lmtp, b"220")
            os.kill(process.pid, signal.SIGTERM)
            assert process.wait(60) == 0
