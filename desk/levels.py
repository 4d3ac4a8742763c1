"""Security levels of customers by name, and what the people of each may do."""

from dataclasses import dataclass, replace
from typing import Literal

Sees = Literal["own", "organisation", "sub-organisations"]
SEES: tuple[Sees, ...] = ("own", "organisation", "sub-organisations")


@dataclass(frozen=True, slots=True)
class Level:
    """One level and its rights."""

    name: str
    people: bool = False  # may manage the contacts of their organisation
    priority: bool = True  # see priorities (features.md, row 170)
    create: bool = True  # open tickets; what the others send waits for a person
    sees: Sees | Literal[""] = ""  # which tickets; "" as their organisation says


_USUAL = (Level("Standard User"), Level("Admin User", people=True))


@dataclass(frozen=True, slots=True)
class Levels:
    """All levels of a desk; the first is that of everybody who has none."""

    all: tuple[Level, ...] = _USUAL

    @property
    def names(self) -> tuple[str, ...]:
        """Their names, in the order of the settings."""
        return tuple(level.name for level in self.all)

    @property
    def usual(self) -> Level:
        """The level of somebody new."""
        return self.all[0]

    def of(self, name: str) -> Level:
        """The rights of a level; one that is there no more has those of the usual one, less the people."""
        found = next((level for level in self.all if level.name == name), None)
        return found if found is not None else replace(self.usual, name=name, people=False)


USUAL = Levels()  # for where nobody's rights are asked
