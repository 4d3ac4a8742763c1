"""The commands of one mail, checked all together: what is to be done, or why nothing is. Nothing here changes a row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from desk.said import both, say
from gateway.commands.asked import Asked, Order
from gateway.commands.spec import Act, Fault, Scene, Spec
from gateway.commands.words import Words

MAX_COMMANDS = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """What the commands of one mail come to. With `faults` nothing of it is done."""

    orders: tuple[Order, ...] = ()  # those that the acts come from, one for one
    acts: tuple[Act, ...] = ()
    faults: tuple[str, ...] = ()  # sentences for the author
    hints: tuple[str, ...] = ()  # the same, of what stayed text
    words: str = ""  # the note, with the fill-in lines that were not understood
    private: bool = False  # its author may have meant it for the desk alone: it is kept so, whatever else is wrong

    @property
    def internal(self) -> bool:
        """The words stay inside."""
        return self.private or any(act.internal for act in self.acts)

    @property
    def only_refused(self) -> bool:
        """The mail says nothing besides commands, and those could not be done."""
        return bool(self.faults) and not self.words.strip()

    @property
    def public(self) -> bool:
        """The author said that the words go out."""
        return any(act.public for act in self.acts)

    @property
    def told(self) -> str:
        """What of the command lines customers will read."""
        return "\n".join(act.told for act in self.acts if act.told)

    @property
    def names(self) -> str:
        """#take, #status: for people who look at what became of a mail."""
        said = (order.word if order.filled_in else f"#{order.word}" for order in self.orders)
        return ", ".join(dict.fromkeys(said))

    @property
    def note_words(self) -> str:
        """What stands behind #note or #reply on the same line belongs to the words."""
        return "\n".join(act.words for act in self.acts if act.words)

    @property
    def changes_something(self) -> bool:
        """True when there is more to do than to keep a note."""
        return any(not act.internal and not act.public for act in self.acts)

    def split(self, *, sure: bool) -> tuple["Plan", "Plan"]:
        """What can be done at once, and what waits for a “confirm”: all of it, when one command has to wait."""
        if any(act.confirm or (act.proof and not sure) for act in self.acts):
            at_once = [i for i, act in enumerate(self.acts) if not act.proof and not act.confirm]
            return self._only(at_once), self._only([i for i in range(len(self.acts)) if i not in at_once])
        return self, Plan()

    def _only(self, places: Sequence[int]) -> "Plan":
        acts, orders = tuple(self.acts[i] for i in places), tuple(self.orders[i] for i in places)
        return replace(self, acts=acts, orders=orders)


def _left_as_text(scene: Scene, asked: Asked) -> list[str]:
    """What looks like a command, and is none: as many lines of it as there may be commands, which says enough."""
    unknown: list[str] = [
        say("“{line}” was left as text. Did you mean #{command}?", line=one.line, command=one.meant)
        for one in asked.unknown[:MAX_COMMANDS]
    ]
    if scene.is_staff:  # their mail stays inside for what stands in it: staff_safety says so
        return unknown
    astray = [
        say("“{line}” stands inside your text, and was left there. Commands stand at the top or at the end.", line=line)
        for line in asked.astray[:MAX_COMMANDS]
    ]
    return [*unknown, *astray]


def make(scene: Scene, asked: Asked, known: Mapping[str, Spec], words: Words) -> Plan:
    """Check every command and fill-in line; each fault is a sentence for the one who wrote it."""
    orders: list[Order] = []
    acts: list[Act] = []
    faults: list[str] = []
    kept: list[str] = []
    hints = _left_as_text(scene, asked)
    private = "private" in known and _is_private(asked, words)
    if len(asked.orders) > MAX_COMMANDS:
        most = say("There are {n} commands; one mail can hold {most}.", n=len(asked.orders), most=MAX_COMMANDS)
        return Plan(faults=(most,), private=private)
    for order in asked.orders:
        outcome = _check(scene, order, known, words)
        if isinstance(outcome, Act):
            orders.append(order)
            acts.append(outcome)
        elif order.filled_in:
            kept.append(order.line)
            hints.append(outcome.text)
        else:
            faults.append(outcome.text)
    if not faults and (contradiction := _contradiction(orders)):
        faults.append(contradiction)
    if private and (faults or all(order.word != "private" for order in orders)):
        hints.append(say("Nobody but the desk sees your text."))
    if faults:
        return Plan(faults=tuple(faults), hints=tuple(hints), words=asked.words, private=private)
    said = "\n".join([*kept, asked.words]).strip() if kept else asked.words
    return Plan(tuple(orders), tuple(acts), (), tuple(hints), said, private)


def _is_private(asked: Asked, words: Words) -> bool:
    """True when #private stands anywhere, or nearly: what was meant for the desk alone must not be shown."""
    lines = (line.lstrip("#＃*_`\\ ").split(maxsplit=1)[:1] for line in asked.astray)
    said = {one.meant for one in asked.unknown} | {word for first in lines for word in first}
    return any(order.word == "private" for order in asked.orders) or any(words.command(w) == "private" for w in said)


def _check(scene: Scene, order: Order, known: Mapping[str, Spec], words: Words) -> Act | Fault:
    spec = known.get(order.word)
    if spec is None or not (spec.line or order.filled_in):
        meant = words.closest(order.word, {spec.word for spec in known.values() if spec.line}, strict=True)
        strange = say("I did not understand “#{word}”.", word=order.word)
        return Fault(both(strange, say("Did you mean #{command}?", command=meant) if meant else ""))
    if order.argument and not spec.takes_argument:
        return Fault(say("“{line}”: nothing stands behind #{command}.", line=order.line, command=spec.word))
    if spec.ticket and scene.ticket is not None and scene.role == "stranger":
        return Fault(say("You do not take part in this ticket."))  # any more: it was so when the question was asked
    if spec.ticket and scene.ticket is None:
        return Fault(say("“{line}” is about a ticket, and your mail names none.", line=order.line))
    return spec.check(scene, order.argument)


_OPPOSITES = (
    frozenset({"resolve", "reopen"}),
    frozenset({"resolve", "withdraw"}),
    frozenset({"resolve", "status"}),
    frozenset({"reopen", "withdraw"}),
    frozenset({"approve", "reject"}),
    frozenset({"watch", "stop"}),
    frozenset({"share", "unshare"}),
    frozenset({"note", "reply"}),
    frozenset({"take", "assign"}),
    frozenset({"private", "append"}),
    frozenset({"private", "copy"}),
    frozenset({"note", "copy"}),
    frozenset({"approve", "split"}),
    frozenset({"forward", "contact"}),
    frozenset({"forward", "Contact"}),
    frozenset({"child", "resolve"}),
    *(frozenset({"merge", word}) for word in ("reopen", "resolve", "status", "child")),
)
_ONCE = ("merge", "split", "forward")


def _contradiction(orders: Sequence[Order]) -> str:
    """Two commands of one mail that undo each other."""
    said = {order.word for order in orders}
    for word in _ONCE:
        if sum(order.word == word for order in orders) > 1:
            return say("#{command} can stand in a mail only once.", command=word)
    for pair in _OPPOSITES:
        if pair <= said and not _agree(orders):
            first, second = sorted(pair)
            return say("#{first} and #{second} contradict each other.", first=first, second=second)
    return ""


def _agree(orders: Sequence[Order]) -> bool:
    """#resolve with #status resolved says the same thing twice."""
    return any(order.word == "status" and order.argument.lower().startswith("resol") for order in orders)
