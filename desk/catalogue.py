"""The catalogue of a desk: the services that people can ask for, and the items that it looks after."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Service:
    """Something that people can ask for; `public` services are shown to people whom the desk does not know."""

    name: str
    category: str = ""
    text: str = ""
    public: bool = False
    organisations: tuple[str, ...] = ()  # whose service it is, by name; empty: everybody's


@dataclass(frozen=True, slots=True)
class Item:
    """A configuration item: something of an organisation, at one of its sites."""

    name: str
    organisation: str = ""
    site: str = ""  # name or code
    product: str = ""
    serial: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Services and items, in the order in which they are listed."""

    services: tuple[Service, ...] = ()
    items: tuple[Item, ...] = ()
    _by_name: Mapping[str, Item] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names: dict[str, Item] = {}
        for item in self.items:
            for name in (item.name, item.serial, item.reference):
                if name:
                    names.setdefault(name.casefold(), item)
        object.__setattr__(self, "_by_name", names)

    def item(self, name: str) -> Item | None:
        """The item of that name, serial number or reference number, in any case."""
        return self._by_name.get(name.strip().casefold())

    def services_for(self, organisation: str, *, known: bool) -> list[Service]:
        """What somebody of this organisation can ask for."""
        mine = [s for s in self.services if not s.organisations or (known and organisation in s.organisations)]
        return [service for service in mine if known or service.public]

    def items_of(self, organisation: str) -> list[Item]:
        """What the desk looks after there; nothing for somebody without an organisation."""
        return [item for item in self.items if organisation and item.organisation == organisation]
