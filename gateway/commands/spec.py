"""What a command is: who may use it, where it may stand, and the check that turns it into something to do."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from desk.access import Role
from desk.state import ContactState, StaffState, TicketState
from desk.writes import Writes
from gateway.case import Case

Who = Literal["customer", "admin", "staff"]
CONFIRM_WITHIN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Scene:
    """What a check looks at, and never changes: the mail, its author, and the ticket it is about."""

    case: Case
    author: ContactState | StaffState
    role: Role
    ticket: TicketState | None
    words: str  # what the mail says besides its commands
    fields: tuple[
        tuple[str, str], ...
    ] = ()  # label and value of fill-in lines, for commands that need more than a line
    opens: bool = False  # the ticket is a new one, opened by this mail
    confirmed: bool = False  # the author confirmed it
    entry: int = 0  # the entry that holds the words of a mail confirmed now
    kept: Mapping[str, Any] = field(default_factory=dict)  # what the first check kept for the “confirm”

    @property
    def is_staff(self) -> bool:
        """True for somebody at the desk."""
        return isinstance(self.author, StaffState)


@dataclass(slots=True)
class Doing:
    """What a mail's commands come to while they are done: rows in `writes`, and what its entry will say."""

    scene: Scene
    writes: Writes
    changes: dict[str, Any] = field(default_factory=dict)  # of the entry: {"status": ["New", "Resolved"]}
    quiet: bool = False  # no letter to staff
    told: set[int] = field(default_factory=set)  # contacts who hear of the entry by a letter of its own
    told_staff: set[str] = field(default_factory=set)  # the same of staff, by address
    visibility: Literal["public", "internal", ""] = ""  # of the words, where a command says so
    after: list[Callable[[int], None]] = field(default_factory=list)  # called with the id of the entry
    title: str = ""  # of the note

    @property
    def ticket(self) -> TicketState:
        """The ticket; a command that gets here without one has a wrong spec."""
        if self.scene.ticket is None:
            raise RuntimeError("a command about a ticket was done without one")
        return self.scene.ticket


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a command cannot be done, in a sentence (desk/said.py) for the one who wrote it."""

    text: str


@dataclass(frozen=True, slots=True)
class Act:
    """A command that was found fit to be done."""

    says: str  # what was done, as a sentence: "T… is watched."
    do: Callable[[Doing], None]
    proof: bool = True  # it changes or tells something: done only when something proves who wrote
    confirm: bool = False  # done only after a “confirm”, whatever proves the sender
    tell: bool = True  # its author gets a letter that it was done; False where they see it anyway
    internal: bool = False  # the words of the mail stay inside
    public: bool = False  # the words of the mail go out, also where a bare reply would stay inside
    outward: bool = False  # the words go to others as well: not done where they stay inside
    answers: bool = False  # a letter of its own says it
    told: str = ""  # words of the command line that customers will read
    words: str = ""  # words of the command line that belong to the note
    preview: tuple[str, ...] = ()  # what will be done, for the question whether to; else the command line is shown
    keep: Mapping[str, Any] | None = None  # what of the mail is needed when it is confirmed, as JSON
    then: Callable[[], str] | None = None  # says it anew once all of the mail is done, where that makes a difference

    @property
    def said(self) -> str:
        """What is told once it is done."""
        return self.then() if self.then else self.says


_ALONE = frozenset("services sites news report help me signin alerts".split())
Check = Callable[[Scene, str], Act | Fault]


@dataclass(frozen=True, slots=True)
class Spec:
    """One command. The help and the documentation are made from it."""

    word: str
    who: tuple[Who, ...]
    usage: str  # "#assign name or team"
    help: str  # one sentence: what it does
    check: Check
    line: bool = True  # as a line of a reply
    subject: bool = False  # as the subject of a new mail
    label: str = ""  # as a fill-in line: "Our ref"
    ticket: bool = True  # as a line it needs a ticket
    form: bool = False  # its answer is a form: a reply with lines filled in asks again, with these

    @property
    def takes_argument(self) -> bool:
        """Whether words may stand behind it: “#help my printer burns” is no wish for help with commands."""
        return self.word not in _ALONE


class Known(dict[str, Spec]):
    """The commands of one kind of people, by word and by label; never changed once it is made."""

    def __init__(self, specs: Iterable[Spec]) -> None:
        specs = list(specs)
        super().__init__({spec.word: spec for spec in specs} | {spec.label: spec for spec in specs if spec.label})
        self.lines = frozenset(spec.word for spec in specs if spec.line)
        self.labels = frozenset(spec.label for spec in specs if spec.label)


def nothing(doing: Doing) -> None:
    """For a command whose effect is that of its Act alone."""


def its_ticket(scene: Scene) -> TicketState:
    """The ticket that a command is about."""
    if scene.ticket is None:
        raise RuntimeError("a command about a ticket was checked without one")
    return scene.ticket
