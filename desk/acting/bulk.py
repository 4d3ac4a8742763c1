"""One act on several tickets: each is done or not done by itself, and what is not done says why."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from desk.access import Person
from desk.acting import editing, entry, life, working
from desk.acting.rules import Desk, NotThere, Refused
from desk.acting.stage import Stage, on_ticket
from desk.said import say

MOST = 50  # tickets at once: as many as a page of a list has
_ACTS: dict[str, Callable[[Stage, str], None]] = {
    "take": lambda stage, _: working.take(stage),
    "assign": working.assign,  # staff:12, team:3
    "status": life.set_status,
    "type": lambda stage, value: editing.edit(stage, {"type": value}),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The numbers of the tickets that were changed, and of each other one why not."""

    done: tuple[str, ...]
    faults: tuple[tuple[str, str], ...] = ()


def act(desk: Desk, person: Person, numbers: Sequence[str], wanted: str, now: datetime) -> Outcome:
    """Do it to each, in a transaction of its own: `take`, `assign:staff:12`, `status:Resolved`, `type:Query`.

    Refused when nothing is to be done, or to no ticket, or to too many.
    """
    name, _, value = wanted.partition(":")
    if name not in _ACTS or bool(value) == (name == "take"):
        raise Refused(say("Choose what to do with the tickets."), "act")
    chosen = list(dict.fromkeys(number.upper() for number in numbers))
    if not chosen:
        raise Refused(say("Choose at least one ticket."), "act")
    if len(chosen) > MOST:
        raise Refused(say("Choose at most {n} tickets at once.", n=MOST), "act")
    done, faults = [], []
    for number in chosen:
        try:
            with on_ticket(desk, person, number, now) as stage:
                stage.member  # noqa: B018 - for staff alone
                _ACTS[name](stage, value)
                entry.write(stage)
            done.append(number)
        except Refused as refused:
            faults.append((number, refused.said))
        except NotThere:
            faults.append((number, say("There is no such ticket.")))
    return Outcome(tuple(done), tuple(faults))
