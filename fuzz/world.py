"""A small desk in memory that mails are matched against: two customers, a stranger, two of staff, six tickets."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from desk.files import FilePolicy
from desk.keys import Keys
from desk.profile import Profile
from desk.state import ContactState, StaffState, TicketState
from gateway import more_people
from gateway.asks import Asks
from gateway.desk_addresses import Addresses, DeskAddress
from gateway.rules import Rules
from gateway.sent_letter import Letter
from gateway.view import View, message_key
from postdesk.words import load

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
KEYS, FOREIGN_KEYS = Keys(((1, bytes(range(32))),)), Keys(((1, bytes(range(1, 33))),))
DESK = DeskAddress("service@desk.test")
ADDRESSES = Addresses((DESK,), KEYS, "desk.test")
FORGED = Addresses((DESK,), FOREIGN_KEYS, "desk.test")
WORDS = load(Path(__file__).parents[1] / "config" / "words")
RULES = Rules(ZoneInfo("Europe/London"), "sample-desk", FilePolicy(10_000_000, 20, frozenset({"exe"})), WORDS)
WORKS, ELSEWHERE = 1, 2
ANN, BOB, EVE, GONE = 1, 2, 3, 4
SAM, LEFT = 21, 22
NUMBERS = {n: f"T20261101.{n:04}" for n in range(11, 18)}
OPEN, PRIVATE, DONE, MERGED, SPAM, OTHERS = range(11, 17)
KNOWN = {f"<{n}@customer.test>": n for n in NUMBERS if n < 17}
LETTERS = (101, 102)  # to Ann and to Bob, about OPEN


def view() -> View:
    """The desk as it is before each mail."""
    seen = frozenset({WORKS})
    ann = ContactState(ANN, "Ann Able", "ann@customer.test", known=True, organisation_id=WORKS, level="Admin User")
    bob = ContactState(BOB, "Bob Best", "bob@customer.test", known=True, organisation_id=WORKS, organisations=seen)
    eve = ContactState(EVE, "Eve Else", "eve@elsewhere.test", known=True, organisation_id=ELSEWHERE)
    gone = ContactState(GONE, "Gone", "gone@customer.test", active=False, organisation_id=WORKS, organisations=seen)
    staff = [StaffState(SAM, "Sam Sample", "sam@desk.test"), StaffState(LEFT, "Lee Left", "left@desk.test", False)]
    tickets = [
        _ticket(OPEN, ann, WORKS),
        _ticket(PRIVATE, ann, WORKS, shared=False),
        _ticket(DONE, bob, WORKS, status="Complete", completed_at=NOW),
        _ticket(MERGED, bob, WORKS, merged_into_id=OPEN),
        _ticket(SPAM, ann, WORKS, spam=True),
        _ticket(OTHERS, eve, ELSEWHERE),
    ]
    people = (ann, bob, eve, gone)
    made = View(
        staff={one.id: one for one in staff},
        contacts={one.address: one for one in people},
        people={one.id: one for one in people},
        staff_by_address={one.address: one for one in staff},
        tickets={ticket.id: ticket for ticket in tickets},
        known_messages={message_key(name): [ticket] for name, ticket in KNOWN.items()},
        by_number={ticket.number: ticket.id for ticket in tickets},
        letters={
            101: Letter(101, "ann@customer.test", OPEN, contact_id=ANN),
            102: Letter(102, "bob@customer.test", OPEN, contact_id=BOB),
        },
    )
    made.more.references = {"ref-1": [OPEN], "ref-2": [OTHERS]}
    made.more.old_numbers = {"#42": [PRIVATE]}
    return made


def _ticket(ticket_id: int, requester: ContactState, organisation: int, **values: object) -> TicketState:
    values = {"status": "New", **values}
    return TicketState(
        ticket_id, NUMBERS[ticket_id], "Phones", requester=requester, desk_address=DESK.address,
        organisation_id=organisation, **values,  # type: ignore[arg-type]
    )  # fmt: skip


def load_people(made: View, asks: Asks) -> None:
    """Profiles, where the mail seems to need them: as gateway/more_people.py loads them, and no others."""
    if more_people.WORDS & asks.words:
        for one in made.contacts.values():
            first, _, last = one.name.partition(" ")
            made.more.folk.profiles[one.id] = Profile(
                one.id, one.name, first, last, one.level, known=True, organisation_id=one.organisation_id,
                addresses=[one.address],
            )  # fmt: skip
            made.more.folk.owners[one.address] = one.id
