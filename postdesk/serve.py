"""Runs the roles in processes of their own, starts again what dies, and stops all in order on SIGTERM."""

import contextlib
import ctypes
import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import partial

import structlog

from postdesk import blobs, health, heap, roles, sending
from postdesk.heartbeat import living
from postdesk.notify import Notifier
from postdesk.preloading import preload
from postdesk.reserve import Keeper
from postdesk.wake import Wake
from postdesk.wiring import House
from store.identity import name_of
from store.processes import take_off_dead
from store.queue import release_dead

log = structlog.get_logger(__name__)

STOP_SECONDS = 30.0  # what a process has to finish its work in; longer than roles.GRACE
QUICK_DEATH = 5.0  # a process that lives shorter than this is started again with a pause
_PR_SET_PDEATHSIG = 1  # prctl(2)


@dataclass(slots=True)
class _Child:
    name: str
    roles: tuple[str, ...]
    run: Callable[[], None]
    pid: int = 0
    started: float = 0.0
    failures: int = 0
    start_at: float = field(default=0.0)
    call: Wake | None = None  # it is started when it is called, and ends when there is nothing more to do

    @property
    def on_call(self) -> bool:
        """It helps out, and does not run for good."""
        return self.call is not None

    def is_called(self) -> bool:
        """True when it has to run now."""
        return self.call is None or self.call.wait(0)


class Supervisor:
    """The parent: single-threaded and idle, so that it can fork a fresh child at any time."""

    def __init__(self, house: House, chosen: tuple[str, ...], workers: int) -> None:
        self._mail, self._letters, self._ready = Wake(), Wake(), Wake()
        # These call those who help out: there is more than one process takes at once.
        self._more_mail, self._more_letters = Wake(), Wake()
        self._wakes = (self._mail, self._letters, self._more_mail, self._more_letters)
        self._house = house
        self._children = self._plan(chosen, workers)
        self._lasting = [child for child in self._children if not child.on_call]
        self._running = health.Running([child.name for child in self._lasting])
        self._stopping = False
        self._died = False  # and what it had claimed is not free yet
        self._freeing = 0  # the process that sees to that
        self._reserve = Keeper(blobs.room(house.settings, house.database.file))
        self._systemd = Notifier.from_environment(os.environ, os.getpid())

    def _plan(self, chosen: tuple[str, ...], workers: int) -> list[_Child]:
        house, mail, letters = self._house, self._mail, self._letters
        children = []
        front = [role for role in roles.FRONT if role in chosen]
        if front:
            children.append(_Child("+".join(front), tuple(front), lambda: roles.front(house, mail, self._ready, front)))
        if "work" in chosen:
            more = self._more_mail
            children.append(_Child("work 1", ("work",), lambda: roles.work(house, mail, letters, more)))
            helping = partial(roles.help_work, house, letters, more)
            children += [_Child(f"work {n}", ("work",), helping, call=more) for n in range(2, workers + 1)]
        if "deliver" in chosen:
            children.append(_Child("deliver", ("deliver",), lambda: roles.deliver(house, letters, self._more_letters)))
            children += [self._helper(number) for number in range(1, sending.processes(house))]
        if house.settings.health.port:
            children.append(_Child("health", ("health",), lambda: health.run(house, self._running)))
        return children

    def _helper(self, number: int) -> _Child:
        name, run = f"deliver {number + 1}", partial(roles.help_deliver, self._house, self._more_letters, number)
        return _Child(name, ("deliver",), run, call=self._more_letters)

    def run(self, on_ready: Callable[[], None]) -> int:
        """Until SIGTERM or SIGINT; returns the exit code. `on_ready` is called when all listeners listen."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        heap.keep_small()
        heap.collect_seldom()
        name_of()  # where /proc hides things we know the children by a mark that they have from us
        self._free_leases()
        waiting = self._start_all()
        code = 0
        if not waiting:
            self._tell_ready(on_ready)
        while self._children and not self._stopping:
            self._running.note(child.pid for child in self._lasting)
            code = max(code, self._watch())
            self._systemd.alive()
            self._reserve.look()
            if waiting and self._ready.wait(0):
                waiting = False
                self._tell_ready(on_ready)
        self._systemd.stopping()
        self._end_all()
        return code

    def _tell_ready(self, on_ready: Callable[[], None]) -> None:
        on_ready()
        self._systemd.ready(f"Running: {', '.join(child.name for child in self._lasting)}")

    def _free_leases(self) -> None:
        """What a dead process had claimed is taken up at once, not when its lease runs out."""
        with self._house.database.transaction() as session:
            freed = release_dead(session)
            take_off_dead(session)
        if freed:
            log.warning("work of a process that died is taken up again", items=freed)

    def _free_beside(self) -> None:
        """In a process of its own: the database may keep it waiting for longer than the watchdog waits for us."""
        self._died = False
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        self._freeing = os.fork()
        if self._freeing:
            return
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            _end_with(parent)
            self._house.database.forget_connections()
            self._free_leases()
        except BaseException:
            log.exception("the leases of a dead process could not be ended; they run out by themselves")
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)

    def _start_all(self) -> bool:
        """Start all that run for good; True when one of them listens, and will say when it does.

        That one comes first, and is on its way while we load what it does not need.
        """
        _ = self._house.numbers  # read while the database is there: a child that starts anew may find it away
        front = [child for child in self._lasting if not set(roles.FRONT).isdisjoint(child.roles)]
        self._load_and_start(front)
        self._load_and_start([child for child in self._children if child not in front])
        return bool(front)

    def _load_and_start(self, group: Collection[_Child]) -> None:
        """Import and read what children need before they are forked: they then share the memory of it."""
        with heap.loading():
            preload(self._house, {role for child in group for role in child.roles})
        heap.give_back()
        gc.freeze()  # the collector would write to shared pages, and so copy them
        for child in group:
            if not child.on_call:
                self._start(child)

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _start(self, child: _Child) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        child.started = time.monotonic()
        parent = os.getpid()
        child.pid = os.fork()
        if child.pid:
            return
        code = 1
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            _end_with(parent)
            self._house.database.forget_connections()
            with living(self._house.database, child.roles):
                child.run()
            code = 0
        except roles.CannotStart as error:
            print(error, file=sys.stderr)
            code = error.code
        except BaseException:
            log.exception("a process failed", process=child.name)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _watch(self) -> int:
        """Wait for a child to end, or for a signal; start again what died of itself."""
        with contextlib.suppress(ChildProcessError):
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid:
                return self._ended(pid, os.waitstatus_to_exitcode(status))
        if self._died and not self._freeing:
            self._free_beside()
        for child in self._children:
            if not child.pid and time.monotonic() >= child.start_at and child.is_called():
                self._start(child)
        # A signal ends the sleep early only when its handler raises; a fifth of a second is soon enough.
        time.sleep(0.2)
        return 0

    def _ended(self, pid: int, code: int) -> int:
        child = next((child for child in self._children if child.pid == pid), None)
        if pid == self._freeing:
            self._freeing = 0
        if child is None:
            return 0  # as the first process of a container we inherit strangers' children
        if child.on_call and code == 0:
            child.pid, self._died = 0, True  # it may have ended while the database was away, with work in hand
            return 0
        if code in (roles.UNUSABLE, roles.LATER):
            child.pid, self._stopping = 0, True
            return code
        quick = time.monotonic() - child.started < QUICK_DEATH
        child.failures = child.failures + 1 if quick else 0
        pause = min(30.0, 2.0**child.failures) if quick else 0.0
        log.error("a process ended and is started again", process=child.name, code=code, seconds=pause)
        child.pid, child.start_at = 0, time.monotonic() + pause
        self._died = True
        if "work" in child.roles:
            self._more_mail.set()  # somebody handles mail until it runs again
        return 0

    def _end_all(self) -> None:
        """Each finishes what it has begun; what takes too long is killed, its work is claimed again later."""
        for pid in (self._freeing, *(child.pid for child in self._children)):
            if pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
        self._wake_all()
        deadline = time.monotonic() + STOP_SECONDS
        for child in self._children:
            self._await(child, deadline)

    def _await(self, child: _Child, deadline: float) -> None:
        while child.pid:
            try:
                pid, _ = os.waitpid(child.pid, os.WNOHANG)
            except ChildProcessError:
                pid = child.pid
            if pid:
                child.pid = 0
            elif time.monotonic() > deadline:
                log.error("a process did not end in time and is killed", process=child.name)
                os.kill(child.pid, signal.SIGKILL)
                os.waitpid(child.pid, 0)
                child.pid = 0
            else:
                self._wake_all()
                time.sleep(0.02)

    def _wake_all(self) -> None:
        for wake in self._wakes:
            wake.set()


def _end_with(parent: int) -> None:
    """In a fresh child: get SIGTERM when the parent dies, however it does. Orphans would keep ports and mail."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != parent:  # it died before we could ask
        os.kill(os.getpid(), signal.SIGTERM)
