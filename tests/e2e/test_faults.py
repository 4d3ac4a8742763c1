"""When the desk itself fails, parent killed or database away: what an operator sees, and what goes on."""

import os
import signal
from pathlib import Path

import pytest

from tests.e2e.conftest import FREELY
from tests.e2e.world import Shell, assert_ledger, letter_states, mail, send
from tests.gateway.scripted_smtp import scripted
from tests.peers.desk import Desk
from tests.servers import Postgres, free_port, wait_for


def alive(pid: int) -> bool:
    """Whether a process still runs; what only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except FileNotFoundError:
        return False


def test_the_children_end_with_the_parent() -> None:
    """SIGKILL of the supervisor alone leaves no orphan behind, and the desk starts again on the same port."""
    with Desk(("smtp", "work", "deliver")) as desk:
        parent, *children = desk.processes()
        assert len(children) == 3
        os.kill(parent, signal.SIGKILL)
        desk.process.wait(10)
        wait_for(lambda: not any(map(alive, children)), "the end of the children", 60)
        desk.start()
        send(desk.smtp, mail("ann@customer.test", "After the crash"))
        desk.wait_handled(1)


def test_delivery_takes_leave_of_the_relay() -> None:
    """SIGTERM: the connection to the relay ends with QUIT, not by being dropped."""
    with scripted() as server:
        settings = {"RELAY__MODE": "smtp", "RELAY__HOST": "127.0.0.1", "RELAY__PORT": str(server.port)}
        with Desk(("smtp", "work", "deliver"), settings={**settings, "RELAY__TLS": "none"}) as desk:
            send(desk.smtp, mail("ann@customer.test", "Please"))
            wait_for(lambda: letter_states(desk) == {"sent": 2}, "both letters sent", 60)
            assert "quit" not in server.commands
            assert desk.stop() == 0
            wait_for(lambda: server.commands[-1] == "quit", "QUIT")  # read by the relay after the desk has ended


@pytest.mark.attack(86)
@pytest.mark.timeout(400)
def test_after_a_database_outage_work_goes_on_at_once() -> None:
    """PostgreSQL is killed in the middle: no lease has to end, no mail is held, and the log stays short."""
    with Postgres() as server:
        settings = {**FREELY, "WORK__BATCH": "4"}
        with Desk(("smtp", "work", "deliver"), url=server.fresh_database(), settings=settings) as desk:
            send(desk.smtp, *(mail(f"o{number}@customer.test", f"Outage {number}") for number in range(40)))
            wait_for(lambda: len(desk.dispositions()) >= 4, "the first mails handled", 60)
            server.kill()
            wait_for(lambda: "a part does not work" in desk.log(), "the fault in the log", 60)
            server.start()
            desk.database.engine.dispose()
            desk.wait_handled(40)
            wait_for(lambda: letter_states(desk) == {"sent": 80}, "all letters sent", 60)
            assert {found.kind for found in desk.dispositions()} == {"opened"}
            assert desk.log().count("Traceback (most recent") <= 12  # the first of each process, with its causes
            wait_for(lambda: "a part works again" in desk.log(), "the end of the fault in the log", 60)
            assert_ledger(desk)


@pytest.mark.parametrize(
    "words, code",
    [
        (("serve",), 75),
        (("mail", "list"), 69),
        (("ticket", "list"), 69),
        (("ticket", "show", "T20190409.0967"), 69),
        (("migrate",), 69),
        (("contact", "add", "ann@customer.test"), 69),
    ],
)
def test_a_database_that_does_not_answer_is_one_line(tmp_path: Path, words: tuple[str, ...], code: int) -> None:
    """No traceback, and an exit code that says: later."""
    shell = Shell(tmp_path).init()
    shell.environment["POSTDESK_DATABASE__URL"] = f"postgresql+psycopg://desk:secret@127.0.0.1:{free_port()}/none"
    said = shell.run(*words, code=code)
    assert said.startswith("The database does not answer. connection failed")
    assert said.count("\n") == 1
    assert "secret" not in said


def test_a_database_that_is_none_is_a_fault(tmp_path: Path) -> None:
    """A file that is no database is told as damage, with what to do."""
    shell = Shell(tmp_path).init()
    for name in ("desk.db-wal", "desk.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / "desk.db").write_bytes(b"this is no database" * 1000)
    said = shell.run("mail", "list", code=1)
    assert said.startswith("FAULT database file: SQLite finds it damaged: file is not a database.\n")
    assert "postdesk restore" in said


@pytest.mark.parametrize(
    "words", [("check",), ("ticket", "list"), ("mail", "list"), ("mail", "show", "1"), ("explain", "postdesk.toml")]
)
def test_reading_makes_no_database(tmp_path: Path, words: tuple[str, ...]) -> None:
    """A path that is wrong is told; no file and no folder appears for it."""
    shell = Shell(tmp_path).init()
    shell.environment["POSTDESK_DATABASE__URL"] = f"sqlite:///{tmp_path}/other/desk.db"
    before = sorted(tmp_path.rglob("*"))
    said = shell.run(*words, code=78)
    assert f"There is no database at {tmp_path}/other/desk.db. Run: postdesk init" in said
    assert sorted(tmp_path.rglob("*")) == before


def test_check_in_an_empty_folder_changes_nothing(tmp_path: Path) -> None:
    """It says what is missing, and leaves the folder empty; so does serve."""
    shell = Shell(tmp_path)
    assert "There is no database at" in shell.run("check", code=78, bare=True)
    shell.run("serve", code=78, bare=True)
    shell.run("mail", "list", code=78, bare=True)
    assert list(tmp_path.iterdir()) == []


def test_serve_makes_a_database_that_init_left_out() -> None:
    """Settings and key are there, the database was lost: serve makes an empty one, as auto_migrate allows."""
    with Desk(("smtp",)) as desk:
        desk.stop()
        desk.database.close()
        for file in desk.folder.glob("desk.db*"):
            file.unlink()
        desk.start()
        assert (desk.folder / "desk.db").stat().st_mode & 0o777 == 0o600


def test_what_postdesk_makes_is_private() -> None:
    """Whatever the umask of whoever starts it: database, WAL, lock, settings and mails are for the owner only."""
    before = os.umask(0o022)
    try:
        with Desk(("smtp", "work", "deliver")) as desk:
            send(desk.smtp, mail("ann@customer.test", "Private"))
            wait_for(lambda: letter_states(desk) == {"sent": 2}, "both letters sent", 60)
            made = [path for path in desk.folder.rglob("*") if path.name != "log"]
            assert {path.name for path in made} >= {"desk.db", "desk.db-wal", "desk.db.write-lock", "postdesk.toml"}
            assert [str(path) for path in made if path.stat().st_mode & 0o077] == []
    finally:
        os.umask(before)


def test_check_complains_about_what_others_can_read(tmp_path: Path) -> None:
    """The database, its WAL and their folder, each with the command that mends it."""
    tmp_path.chmod(0o700)
    shell = Shell(tmp_path).init()
    assert "All is well." in shell.run("check")
    (tmp_path / "desk.db-wal").touch(0o600)
    for name in ("desk.db", "desk.db-wal"):
        (tmp_path / name).chmod(0o644)
    tmp_path.chmod(0o755)
    said = shell.run("check", code=78)
    assert f"FAULT database: {tmp_path}/desk.db can be read by others; run: chmod 600 {tmp_path}/desk.db\n" in said
    assert f"{tmp_path}/desk.db-wal can be read by others; run: chmod 600" in said
    assert f"FAULT database: {tmp_path} can be read by others; run: chmod 700 {tmp_path}\n" in said


@pytest.mark.parametrize(
    "words", [("serve", "--workers", "-1"), ("ticket", "list", "--limit", "0"), ("mail", "list", "--limit", "-5")]
)
def test_numbers_that_mean_nothing_are_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    """As a fault in the command, before anything is opened."""
    assert "be greater than or equal to" in Shell(tmp_path).run(*words, code=2)
    assert list(tmp_path.iterdir()) == []
