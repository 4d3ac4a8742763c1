"""People and tickets as the rules work on them: small values in memory, loaded for a batch at once."""

from dataclasses import dataclass, field
from datetime import datetime

from desk.access import Person, TicketView


@dataclass(slots=True)
class ContactState:
    """A contact, and whether staff know them."""

    id: int
    name: str
    address: str
    known: bool = False
    muted: bool = False
    active: bool = True
    organisation_id: int | None = None
    sees_organisation: bool = False
    fresh: bool = False  # made by the mail at hand

    @property
    def person(self) -> Person:
        """As the access rules see them."""
        return Person(
            contact_id=self.id,
            organisation_id=self.organisation_id,
            sees="organisation" if self.sees_organisation else "own",
            active=self.active,
        )


@dataclass(frozen=True, slots=True)
class StaffState:
    """A member of staff."""

    id: int
    name: str
    address: str
    active: bool = True

    @property
    def person(self) -> Person:
        """As the access rules see them."""
        return Person(staff_id=self.id, active=self.active)


@dataclass(frozen=True, slots=True)
class TeamState:
    """A team and its active members."""

    id: int
    name: str
    members: tuple[StaffState, ...] = ()


@dataclass(slots=True)
class TicketState:
    """A ticket with what the rules change; `people` are its additional contacts that still take part."""

    id: int
    number: str
    title: str
    status: str
    requester: ContactState
    desk_address: str
    organisation_id: int | None = None
    shared: bool = True
    assignee_id: int | None = None
    team_id: int | None = None
    merged_into_id: int | None = None
    completed_at: datetime | None = None
    resolution: str = ""
    people: dict[int, ContactState] = field(default_factory=dict)
    muted: set[int] = field(default_factory=set)

    @property
    def view(self) -> TicketView:
        """As the access rules see it."""
        return TicketView(self.id, self.requester.id, self.organisation_id, self.shared, frozenset(self.people))
