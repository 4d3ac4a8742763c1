"""What staff can do by mail: #note, #resolve, #status, #take. Checked all, then done all or none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from desk import statuses
from gateway.commands.grammar import MAX_COMMANDS, Command


@dataclass(frozen=True, slots=True)
class Plan:
    """What the commands of one mail come to. With `faults` nothing of it is done."""

    internal: bool = False
    take: bool = False
    status: str = ""
    resolve: bool = False
    resolution: str = ""
    faults: tuple[str, ...] = ()

    @property
    def changes_something(self) -> bool:
        """True when there is more to do than to keep a note."""
        return self.take or self.resolve or bool(self.status)


def _note(plan: Plan, command: Command) -> Plan | str:
    """#note: the text stays inside. What stands on the same line belongs to the text and is kept by the caller."""
    return replace(plan, internal=True)


def _take(plan: Plan, command: Command) -> Plan | str:
    if command.argument:
        return f"“{command.line}”: #take stands alone; it makes you responsible."
    return replace(plan, take=True)


def _status(plan: Plan, command: Command) -> Plan | str:
    found = statuses.find(command.argument)
    if found is None:
        return f"“{command.line}”: there is no such status. Choose one of: {', '.join(statuses.ALL)}."
    return replace(plan, status=found)


def _resolve(plan: Plan, command: Command) -> Plan | str:
    return replace(plan, resolve=True, resolution=command.argument)


COMMANDS: dict[str, Callable[[Plan, Command], Plan | str]] = {
    "note": _note,
    "resolve": _resolve,
    "status": _status,
    "take": _take,
}


def plan(commands: Sequence[Command]) -> Plan:
    """Read all commands; each fault is a sentence for the one who wrote it."""
    result, faults = Plan(), []
    if len(commands) > MAX_COMMANDS:
        faults.append(f"There are {len(commands)} commands; one mail can hold {MAX_COMMANDS}.")
        commands = ()
    for command in commands:
        handler = COMMANDS.get(command.word)
        outcome = handler(result, command) if handler else _unknown(command)
        if isinstance(outcome, str):
            faults.append(outcome)
        else:
            result = outcome
    if result.resolve and result.status and result.status != "Resolved":
        faults.append(f"#resolve and #status {result.status} contradict each other.")
    return replace(result, faults=tuple(faults))


def _unknown(command: Command) -> str:
    import difflib

    close = difflib.get_close_matches(command.word, COMMANDS, n=1, cutoff=0.6)
    hint = f" Did you mean #{close[0]}?" if close else ""
    return f"I did not understand “#{command.word}”.{hint}"
