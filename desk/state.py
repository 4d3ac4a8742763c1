"""People and tickets as the rules work on them: small values in memory, loaded for a batch at once."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from desk.access import Person, TicketView
from desk.levels import Sees


@dataclass(frozen=True, slots=True)
class Ways:
    """How an organisation wants things to be; "" is as the settings say."""

    shares: bool = True  # new tickets are shared with it
    approvals: Literal["any", "all", ""] = ""
    copies: Literal["yes", "no", ""] = ""  # of notes to outsiders

    def may_copy(self, usual: bool) -> bool:
        """Whether its people may have notes sent to outsiders; `usual` is what the settings say."""
        return self.copies == "yes" if self.copies else usual


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
    organisations: frozenset[int] = frozenset()  # of which they see what is shared
    level: str = "Standard User"
    language: str = ""
    fresh: bool = False  # made by the mail at hand
    sees: Sees = "own"
    may_create: bool = True  # tickets; what the others send waits for a person
    site_id: int | None = None  # their own one, else the only one of their organisation
    ways: Ways = Ways()

    @property
    def person(self) -> Person:
        """As the access rules see them."""
        return Person(
            contact_id=self.id,
            organisation_id=self.organisation_id,
            organisations=self.organisations,
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
class QueueState:
    """The address of a team: letters to its queue go there instead of to each member."""

    name: str
    address: str
    id: int = 0  # it is nobody by itself


AtDesk = StaffState | QueueState  # who at the desk gets letters


@dataclass(frozen=True, slots=True)
class TeamState:
    """A team, its active members, and the address of its queue where it has one."""

    id: int
    name: str
    members: tuple[StaffState, ...] = ()
    queue: QueueState | None = None


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
    type: str = "Query"
    priority: str = "Low"
    urgency: str = "Low"
    impact: str = "Only Me"
    source: str = "E-mail"
    service: str = ""
    item: str = ""
    site_id: int | None = None
    customer_reference: str = ""
    needed_by: date | None = None
    due_at: datetime | None = None
    created_at: datetime | None = None
    parent_id: int | None = None
    minutes: int = 0
    spam: bool = False
    approval: str = ""
    withdrawal: str = ""
    requester_muted: bool = False
    reopened_on: date | None = None
    reopened: int = 0
    first_answer_due_at: datetime | None = None
    first_answered_at: datetime | None = None
    waiting_since: datetime | None = None
    reminded: int = 0
    due_told: str = ""
    due_fixed: bool = False
    answers: dict[str, str] = field(default_factory=dict)
    roles: dict[int, str] = field(default_factory=dict)  # of `people`: added, watching, approver
    left: set[int] = field(default_factory=set)  # contacts who took part once, and do no more

    @property
    def view(self) -> TicketView:
        """As the access rules see it."""
        return TicketView(self.id, self.requester.id, self.organisation_id, self.shared, frozenset(self.people))

    def wants_letters(self, contact: ContactState) -> bool:
        """True for somebody who may be written to about it, and did not say “stop”."""
        if not contact.active or contact.muted or contact.id in self.muted:
            return False
        return not (contact.id == self.requester.id and self.requester_muted)
