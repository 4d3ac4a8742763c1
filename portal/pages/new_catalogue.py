"""The services that somebody can ask for, as pages show them: mosaic, tree, list, A–Z, or what was searched for."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from desk.acting.rules import Rules
from desk.catalogue import Service, key
from desk.language import Language
from desk.request_types import RequestType
from desk.said import Said, say

MODES: Mapping[str, Said] = {
    "mosaic": say("Mosaic"),
    "tree": say("Tree"),
    "list": say("List"),
    "az": say("A–Z"),
}
MOST = 200  # services on a page; the search finds the others
PATH = "/tickets/new"
_LONGEST = 100  # characters of a search
Kept = Mapping[str, str]  # what the address of the page says besides


@dataclass(frozen=True, slots=True)
class Entry:
    """One service."""

    name: str
    category: str
    text: str
    path: str


@dataclass(frozen=True, slots=True)
class Group:
    """Services under one heading; "" for none."""

    heading: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Mode:
    """A way to look at them."""

    key: str
    label: Said
    path: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """All that the page shows of services."""

    mode: str
    modes: tuple[Mode, ...]
    groups: tuple[Group, ...]
    search: str
    kept: tuple[tuple[str, str], ...]  # hidden fields of the search
    count: int  # of services found
    total: int
    plain: str  # the address without the search

    @property
    def more(self) -> int:
        """How many are not shown."""
        return max(0, self.count - MOST)


@dataclass(frozen=True, slots=True)
class ServiceShown:
    """One service on its own page, and what is asked before its form: at which site, and of staff for whom."""

    name: str
    category: str
    label: str
    text: str
    kind: str  # the type that a request for it is
    sites: tuple[tuple[str, str], ...] = ()
    site: str = ""
    customer: str = ""
    by_staff: bool = False


def kind_of(service: Service, rules: Rules) -> RequestType:
    """What a request for a service is: what it says itself, else what the desk usually opens."""
    catalogue = rules.catalogue
    return catalogue.type(service.type) or catalogue.type(rules.desk_type) or catalogue.types[0]


def address(**values: str | int | None) -> str:
    """The page of new tickets in a state."""
    said = {name: value for name, value in values.items() if value not in ("", None)}
    return f"{PATH}?{urlencode(said)}" if said else PATH


def shelf(services: Sequence[Service], query: Mapping[str, str], kept: Kept, language: Language) -> Shelf:
    """What is offered, in the mode and with the search of the address; `kept` is the rest of that address."""
    mode = query.get("view", "")
    mode = mode if mode in MODES else "mosaic"
    search = query.get("q", "").strip()[:_LONGEST]
    found = [one for one in services if _holds(one, search, language)]
    view = mode if mode != "mosaic" else ""

    def entry(one: Service) -> Entry:
        return Entry(one.name, one.category, language.gettext(one.text), address(service=one.label, **kept))

    grouped = _by_letter if mode == "az" else _by_category
    return Shelf(
        mode=mode,
        modes=tuple(
            Mode(name, label, address(view=name if name != "mosaic" else "", q=search, **kept))
            for name, label in MODES.items()
        ),
        groups=tuple(grouped(found[:MOST] if mode != "az" else _sorted(found)[:MOST], entry)),
        search=search,
        kept=tuple((name, value) for name, value in {**kept, "view": view}.items() if value),
        count=len(found),
        total=len(services),
        plain=address(view=view, **kept),
    )


def _holds(service: Service, search: str, language: Language) -> bool:
    """True when every word of the search stands in its name, its category or its text."""
    whole = key(f"{service.label} {language.gettext(service.text)}") if search else ""
    return all(word in whole for word in key(search).split())


def _by_category(services: Iterable[Service], entry: Callable[[Service], Entry]) -> list[Group]:
    found: dict[str, list[Entry]] = {}
    for one in services:
        found.setdefault(one.category, []).append(entry(one))
    # Those of no category stand first, with nothing above them: behind others they would seem to belong there.
    return [Group(name, tuple(found[name])) for name in sorted(found, key=bool)]


def _sorted(services: Iterable[Service]) -> list[Service]:
    return sorted(services, key=lambda one: (key(one.name), one.label))


def _by_letter(services: Iterable[Service], entry: Callable[[Service], Entry]) -> list[Group]:
    found: dict[str, list[Entry]] = {}
    for one in services:
        found.setdefault(key(one.name)[:1].upper(), []).append(entry(one))
    return [Group(letter, tuple(entries)) for letter, entries in found.items()]
