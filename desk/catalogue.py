"""The catalogue of a desk: request types, services, items, priorities, and what is promised for each."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from desk import request_types, targets
from desk.fields import IMPACTS, MATRIX, PRIORITIES, URGENCIES, Matrix, priority_of
from desk.request_types import Question, RequestType
from desk.targets import Targets

SEPARATOR = " / "  # between a service and its sub-service
_MARKS = re.compile(r"[\W_]+")
_SHORTEST = 2  # signs that can be a part of a name
Named = TypeVar("Named")


@dataclass(frozen=True, slots=True)
class Service:
    """Something that people can ask for; `public` services are shown to people whom the desk does not know."""

    name: str
    category: str = ""  # the service that it is a part of, or the heading of a list
    text: str = ""
    public: bool = False
    organisations: tuple[str, ...] = ()  # whose service it is, by name; empty: everybody's
    type: str = ""  # the request type that it implies
    team: str = ""
    questions: tuple[Question, ...] = ()

    @property
    def label(self) -> str:
        """Mail / Distribution list"""
        return f"{self.category}{SEPARATOR}{self.name}" if self.category else self.name


@dataclass(frozen=True, slots=True)
class Item:
    """A configuration item: something of an organisation, at one of its sites. Its name is its reference name."""

    name: str
    organisation: str = ""
    site: str = ""  # name or code
    product: str = ""
    serial: str = ""
    reference: str = ""
    team: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All of it, in the order in which it is listed; looked up by names in any case, with or without accents."""

    services: tuple[Service, ...] = ()
    items: tuple[Item, ...] = ()
    types: tuple[RequestType, ...] = request_types.STANDARD
    matrix: Matrix = field(default_factory=lambda: MATRIX)
    priorities: tuple[str, ...] = PRIORITIES
    targets: Targets = targets.NONE
    _items: Mapping[str, Mapping[str, Sequence[Item]]] = field(init=False, repr=False, compare=False)
    _whole: Mapping[str, Sequence[Item]] = field(init=False, repr=False, compare=False)
    _types: Mapping[str, RequestType] = field(init=False, repr=False, compare=False)
    _services: Mapping[str, Service] = field(init=False, repr=False, compare=False)
    _questions: Mapping[str, Question] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        types = {key(name): one for one in self.types for name in (*one.aliases, one.name)}
        asking = [one.questions for one in self.types] + [one.questions for one in self.services]
        found = {
            "_items": {whose: _by_name(items) for whose, items in _by_organisation(self.items).items()},
            "_whole": _by_organisation(self.items),
            "_types": types,
            "_services": {key(one.label): one for one in self.services},
            "_questions": {key(question.label): question for some in asking for question in some},
        }
        for name, value in found.items():
            object.__setattr__(self, name, value)

    @property
    def usual_priority(self) -> str:
        """The priority of a ticket of which nobody said how urgent it is."""
        return priority_of(URGENCIES[0], IMPACTS[0], self.matrix)

    def type(self, said: str) -> RequestType | None:
        """The request type of that name or alias."""
        return self._types.get(key(said))

    @property
    def addressed(self) -> dict[str, str]:
        """What may stand behind the + of an address, `service+incident@`, and the type that it stands for."""
        return {name: one.name for name, one in self._types.items() if name.isascii() and name.isalnum()}

    def priority(self, said: str) -> str | None:
        """The priority of that name."""
        return next((one for one in self.priorities if key(one) == key(said)), None)

    def service(self, label: str) -> Service | None:
        """The service that a ticket names."""
        return self._services.get(key(label))

    def services_for(self, organisation: str, *, known: bool) -> list[Service]:
        """What somebody of this organisation can ask for."""
        mine = [s for s in self.services if not s.organisations or (known and organisation in s.organisations)]
        return [service for service in mine if known or service.public]

    def services_called(self, said: str, among: Iterable[Service]) -> list[Service]:
        """Those that a text means: the whole of a name, or else any part of one."""
        return _called(said, [(one, (one.name, one.label)) for one in among])

    def item(self, name: str, organisations: Collection[str]) -> Item | None:
        """The item that a ticket names, of one of these organisations."""
        found = (self._items.get(whose, {}).get(key(name), ()) for whose in organisations)
        return next((item for some in found for item in some), None)

    def items_of(self, organisations: Collection[str], site: Collection[str] = ()) -> list[Item]:
        """What the desk looks after there; with the names of a site, what stands at that site."""
        named = {key(name) for name in site if name}
        found = [item for whose in sorted(organisations) if whose for item in self._whole.get(whose, ())]
        return [item for item in found if not named or key(item.site) in named]

    def items_called(self, said: str, organisations: Collection[str], site: Collection[str] = ()) -> list[Item]:
        """Those of these organisations that a text means, by name, serial number or reference number.

        A whole name comes before a part of one, and what stands at the site of the ticket before all else.
        """
        whole = [item for whose in organisations for item in self._items.get(whose, {}).get(key(said), ())]
        mine = [(one, (one.name, one.serial, one.reference)) for one in self.items_of(organisations)]
        found = whole or _called(said, mine)
        named = {key(name) for name in site if name}
        here = [item for item in found if key(item.site) in named]
        return here if len(found) > 1 and here else found

    def question(self, label: str) -> Question | None:
        """The question of any type or service that a line begins with."""
        return self._questions.get(key(label))

    @property
    def question_labels(self) -> tuple[str, ...]:
        """How the lines begin that answer questions."""
        return tuple(one.label for one in self._questions.values())

    def questions_of(self, kind: str, service: str) -> tuple[Question, ...]:
        """The questions that follow a type and a service."""
        of_type, of_service = self.type(kind), self.service(service) if service else None
        return (*(of_type.questions if of_type else ()), *(of_service.questions if of_service else ()))

    def team_for(self, kind: str, service: str, item: Item | None) -> str:
        """The team that such a ticket is for: the item's, the service's, the type's; "" where none of them has one."""
        of_type, of_service = self.type(kind), self.service(service) if service else None
        own = of_type.team if of_type else ""
        if of_type is not None and of_type.triage:
            return own
        return (item.team if item else "") or (of_service.team if of_service else "") or own


def _by_organisation(items: Iterable[Item]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    for item in items:
        found.setdefault(item.organisation, []).append(item)
    return found


def _by_name(items: Iterable[Item]) -> dict[str, list[Item]]:
    """By name, serial number and reference number; several may have the same."""
    found: dict[str, list[Item]] = {}
    for item in items:
        for name in {key(item.name), key(item.serial), key(item.reference)} - {""}:
            found.setdefault(name, []).append(item)
    return found


def key(text: str) -> str:
    """The form in which names are compared: in lower case, without accents, with single spaces."""
    if not text.isascii():
        text = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return " ".join(text.casefold().split())


def _called(said: str, names: Sequence[tuple[Named, Sequence[str]]]) -> list[Named]:
    """Those with such a whole name, else those with such a part of one; spaces and marks do not count."""
    wanted = _bare(said)
    if len(wanted) < _SHORTEST:
        return []
    whole = [one for one, called in names if any(_bare(name) == wanted for name in called)]
    return whole or [one for one, called in names if any(wanted in _bare(name) for name in called)]


def _bare(text: str) -> str:
    return _MARKS.sub("", key(text))
