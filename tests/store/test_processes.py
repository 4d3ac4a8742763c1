"""Processes of the desk: what they are called, who lives, and what dead ones leave behind."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from store import mail_queue, processes
from store.database import Database
from store.identity import is_dead, name_of, short
from store.leases import free_dead, hold_lease
from store.processes import GONE, known, missing_roles, register, show, take_off, take_off_dead
from store.queue import release_dead
from store.tables import Lease, Process, ReceivedMail
from tests.peers.common import missing

ROOT = Path(__file__).parents[2]
ALL = ("smtp", "work", "deliver", "schedule", "portal")


def ended() -> str:
    """The name of a process of this machine that has ended."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    name = name_of(process.pid)
    process.communicate(b"\n")
    return name


def age(database: Database, by: timedelta, *names: str) -> None:
    """These were seen and started that much earlier."""
    with database.transaction() as session:
        for row in session.scalars(select(Process).where(Process.name.in_(names))):
            row.seen_at -= by
            row.started_at -= by


def enter(database: Database, name: str, *roles: str) -> None:
    """A process registers."""
    with database.transaction(durable=False) as session:
        register(session, name, roles, "1.0", "0004")


def test_names() -> None:
    """This process lives; one that ended is dead, and one that had our pid before us; of others we know nothing."""
    ours = name_of()
    assert short(ours).endswith(f":{os.getpid()}")
    assert not is_dead(ours)
    assert is_dead(ended())
    assert is_dead(f"{ours}9")
    assert not is_dead(f"elsewhere.{ours}")
    assert not is_dead("elsewhere:1")


def test_containers_with_the_same_name_and_pids() -> None:
    """They have names of their own all the same."""
    if os.getuid() != 0:
        missing("a namespace of one's own needs root")
    call = ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c"]
    program = "from store.identity import name_of; print(name_of())"
    found = [subprocess.check_output([*call, program], cwd=ROOT, text=True).strip() for _ in range(2)]
    assert [name.rpartition(":")[2].partition(".")[0] for name in found] == ["1", "1"]
    assert found[0].rpartition(":")[0] != name_of().rpartition(":")[0]
    assert not any(map(is_dead, found))


UNITS = """
import os, subprocess, sys
BEHIND_A_WALL = '''
import ctypes, encodings.ascii, os, sys
from store.identity import is_dead, name_of
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE, as after an exec
if int(sys.argv[1]):
    assert ctypes.CDLL(None).unshare(0x10000000) == 0  # CLONE_NEWUSER
'''
LIVING = BEHIND_A_WALL + "print(name_of(), flush=True); input()"
OTHERS = BEHIND_A_WALL + "print(is_dead(sys.argv[2]), is_dead(sys.argv[3]), is_dead(name_of()))"

def begin():
    call = [sys.executable, "-c", LIVING, sys.argv[1]]
    process = subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return process, process.stdout.readline().strip()

(one, living), (other, ended) = begin(), begin()
other.communicate(os.linesep)
print(subprocess.check_output([sys.executable, "-c", OTHERS, sys.argv[1], living, ended], text=True))
one.communicate(os.linesep)
"""


@pytest.mark.parametrize(
    "options, user_space, seen",
    [
        ("hidepid=invisible", 1, True),  # ProtectProc=invisible and PrivateUsers=yes: each unit behind its own wall
        ("hidepid=invisible", 0, True),
        ("hidepid=noaccess", 1, True),
        ("hidepid=invisible,subset=pid", 1, False),  # and ProcSubset=pid: nothing tells this boot from another one
    ],
)
def test_what_proc_hides_is_not_dead(options: str, user_space: int, *, seen: bool) -> None:
    """A process that lives is never taken for dead, whatever /proc hides; a dead one is, where that can be told."""
    if os.getuid() != 0:
        missing("a mount of one's own needs root")
    mounted = ["unshare", "--mount", "sh", "-c", f'mount -t proc -o {options} proc /proc && exec "$@"', "sh"]
    call = [*mounted, sys.executable, "-c", UNITS, str(user_space)]
    assert subprocess.check_output(call, cwd=ROOT, text=True).split() == ["False", str(seen), "False"]


def test_what_one_process_has_several_of(database: Database) -> None:
    """Its name with something behind it is as dead as the process, and its lease ends with it."""
    dead = ended()
    assert is_dead(f"{dead}.0a1b")
    assert not is_dead(f"{name_of()}.0a1b")
    assert short(f"{name_of()}.0a1b") == short(name_of())
    with database.reading() as session:
        now = processes.clock(session)
    with database.transaction() as session:
        for name, holder in (("backup", f"{dead}.0a1b"), ("schedule", dead), ("other", name_of())):
            assert hold_lease(session, name, holder, now, timedelta(minutes=2))
        free_dead(session, "backup")
        assert set(session.scalars(select(Lease.name))) == {"schedule", "other"}
        free_dead(session)
        assert session.scalars(select(Lease.name)).all() == ["other"]


def test_a_life(database: Database) -> None:
    """It registers, shows that it lives, and takes itself off; shown without a row it is told so."""
    with database.transaction(durable=False) as session:
        assert show(session, "a:1") is None
    enter(database, "a:1", "work")
    with database.transaction(durable=False) as session:
        ahead = show(session, "a:1")
    assert ahead is not None
    assert abs(ahead) < timedelta(minutes=1)
    with database.reading() as session:
        (found,) = known(session)
    assert (found.name, found.roles, found.version, found.schema, found.lives) == (
        "a:1",
        ("work",),
        "1.0",
        "0004",
        True,
    )
    age(database, GONE, "a:1")
    with database.reading() as session:
        assert not known(session)[0].lives
    with database.transaction(durable=False) as session:
        take_off(session, ["a:1"])
        assert known(session) == []


def test_what_the_dead_leave_is_cleared(database: Database) -> None:
    """Rows of dead processes of this machine, and of any that was not seen for a day; others are left alone."""
    dead = ended()
    for name in (dead, name_of(), "elsewhere:1", "long.ago:1"):
        enter(database, name, "work")
    age(database, timedelta(days=2), "long.ago:1")
    with database.transaction() as session:
        take_off_dead(session)
        assert {process.name for process in known(session)} == {name_of(), "elsewhere:1"}


def test_the_leases_of_the_dead_end_at_once(database: Database) -> None:
    """Claimed work and the lease of the timers are free; those of other machines wait for their term."""
    dead = ended()
    with database.reading() as session:
        now = processes.clock(session)
    with database.transaction() as session:
        for number in (1, 2):
            session.add(ReceivedMail(id=number, received_at=now, source="smtp", recipients=[], size=0))
    with database.transaction() as session:
        assert mail_queue.take(session, 2, now + timedelta(minutes=5), now) == [1, 2]
        session.execute(update(ReceivedMail).where(ReceivedMail.id == 1).values(holder=dead))
        session.execute(update(ReceivedMail).where(ReceivedMail.id == 2).values(holder="elsewhere.12345678:1.1"))
        for name, holder in (("schedule", dead), ("other", "elsewhere.12345678:1.1")):
            assert hold_lease(session, name, holder, now, timedelta(minutes=2))
    with database.transaction() as session:
        assert release_dead(session) == 1
        assert session.scalars(select(Lease.name)).all() == ["other"]
        assert mail_queue.take(session, 2, now + timedelta(minutes=5), now) == [1]


@pytest.mark.parametrize(
    "living, gone, missed",
    [
        (ALL, (), ()),
        (("smtp", "portal"), (), ("work", "deliver", "schedule")),
        (("work", "deliver", "schedule"), ("smtp", "imap", "work"), ("imap", "smtp")),
        ((), ALL, ()),  # whoever asks would be alive: the desk does not run at all
        ((), (), ()),
    ],
)
def test_roles_that_nobody_has(
    database: Database, living: tuple[str, ...], gone: tuple[str, ...], missed: tuple[str, ...]
) -> None:
    """Those that a desk needs, and those whose processes are gone; not in the moment of the start."""
    for name, roles in (("a:1", living), ("b:1", gone)):
        if roles:
            enter(database, name, *roles)
    age(database, GONE, "b:1")
    with database.reading() as session:
        assert missing_roles(session) == ()
    age(database, GONE / 2 + timedelta(seconds=1), "a:1")
    with database.reading() as session:
        assert missing_roles(session) == missed
