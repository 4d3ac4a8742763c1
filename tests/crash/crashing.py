"""One crash: mails come in, the desk dies at a named point, it is started again and comes to rest."""

import contextlib
import time
from collections.abc import Sequence
from pathlib import Path

from store.points import POINTS
from tests.crash.invariants import lost, violations
from tests.crash.mails import Sent, Way
from tests.crash.scene import Scene
from tests.servers import wait_for

PATIENCE = 120.0  # seconds in which a point must be passed
_MORE = 3.0  # seconds after the last mail in which the point may still be passed, before more mails come
_MODE = "POSTDESK_RELAY__MODE"
FAMILIES = {
    "in": ("listener", "pipe", "blob", "spool"),
    "intake": ("intake",),
    "out": ("delivery", "relay", "folder"),
    "mailbox": ("mailbox",),
}


def points_of(family: str) -> list[str]:
    """The points that one desk goes through after the other."""
    return [point for point in POINTS if point.partition(".")[0] in FAMILIES[family]]


def ways_to(point: str) -> tuple[Way, ...]:
    """By which ways mails must come so that the point is passed."""
    if point == "mailbox.copied":
        return ("plain mailbox",)
    if point.startswith("mailbox."):
        return ("mailbox", "plain mailbox")
    return ("pipe",) if point.startswith("pipe.") else ("smtp", "lmtp")


def batch(scene: Scene, ways: Sequence[Way]) -> list[Sent]:
    """New tickets, one of them with a big file, and an answer to a ticket that is there."""
    first, last, mails = ways[0], ways[-1], scene.mails
    answer = mails.reply(last, scene.writer, scene.ticket)
    if first == "pipe":  # a process for each mail
        return [answer, mails.new(first, big=True)]
    return [mails.new(first), answer, mails.new(last, big=True), mails.new(first)]


def crash(scene: Scene, point: str, number: int = 1, scope: str = "all") -> list[str]:
    """Let the desk die when it passes a point for the so many-th time; what is wrong afterwards.

    `scope` is "one", the process that comes there and is started again by its parent; "all" processes at once; or
    "power", which takes with them whatever was not synced.
    """
    desk = scene.desk
    _letters_go(scene, "maildir" if point.startswith("folder.") else "smtp")
    pids = desk.processes()
    desk.order(point, number, "one" if scope == "one" else "all")
    end = time.monotonic() + PATIENCE
    while not desk.obeyed:
        assert time.monotonic() < end, f"{point} was not passed {number} times\n{desk.log()[-3000:]}"
        scene.send(batch(scene, ways_to(point)))
        wait_for(lambda: desk.obeyed or scene.handed_over, f"{point}, or all mails handed over", PATIENCE)
        with contextlib.suppress(TimeoutError):
            wait_for(lambda: desk.obeyed, point, _MORE)
    if scope != "one":
        wait_for(lambda: not any(map(_runs, pids)), "the end of all processes", 30)
        desk.process.wait(10)
        if scope == "power":
            scene.power_cut()
        if wrong := lost(scene):
            return wrong
        scene.note_window()
        desk.start()
    try:
        scene.rest()
    except TimeoutError as error:
        return [f"no rest: {error}", *violations(scene, strict=scope != "one")]
    return violations(scene, strict=scope != "one")


def _letters_go(scene: Scene, mode: str) -> None:
    """Restart the desk if its letters are to go another way."""
    environment = scene.desk.environment
    if environment[_MODE] != mode:
        scene.desk.stop()
        environment[_MODE] = mode
        scene.desk.start()


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"
