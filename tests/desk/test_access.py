"""Access: what somebody is to a ticket, what they may see and write; lists and single tickets agree."""

import itertools
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from desk import access, load
from desk.access import Person, Proof, Role, TicketView, Verdict, may_see, may_write, role_of, visible_tickets
from desk.levels import SEES
from store.database import Database
from store.tables import Contact, ContactAddress, Organisation, Participant, Ticket

TICKET = TicketView(1, requester_id=10, organisation_id=5, shared=True, participants=frozenset({11}))
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ROLES: tuple[Role, ...] = ("staff", "participant", "colleague", "stranger")
PROOFS: tuple[Proof, ...] = ("own_token", "token", "thread", "number")
VERDICTS: tuple[Verdict, ...] = ("pass", "none", "fail")


@pytest.mark.parametrize(
    "person, role",
    [
        (Person(contact_id=10), "participant"),
        (Person(contact_id=11), "participant"),
        (Person(contact_id=12, organisation_id=5, organisations=frozenset({5})), "colleague"),
        (Person(contact_id=12, organisation_id=5), "stranger"),
        (Person(contact_id=12, organisation_id=6, organisations=frozenset({6})), "stranger"),
        (Person(contact_id=12), "stranger"),
        (Person(), "stranger"),
        (Person(staff_id=1), "staff"),
        (Person(staff_id=1, contact_id=10), "participant"),
        (Person(staff_id=1, contact_id=12), "staff"),
        (Person(contact_id=10, active=False), "stranger"),
        (Person(staff_id=1, active=False), "stranger"),
        (Person(contact_id=12, organisation_id=5, organisations=frozenset({5}), active=False), "stranger"),
    ],
)
def test_role(person: Person, role: str) -> None:
    """Requester and additional contacts take part; colleagues by their organisation's wish; nobody who has left."""
    assert role_of(person, TICKET) == role
    assert may_see(person, TICKET) is (role != "stranger")


def test_a_private_ticket_is_not_for_colleagues() -> None:
    """Not shared: only who takes part, and staff."""
    private = TicketView(1, 10, 5, shared=False, participants=frozenset({11}))
    assert role_of(Person(contact_id=12, organisation_id=5, organisations=frozenset({5})), private) == "stranger"
    assert role_of(Person(contact_id=11), private) == "participant"


def test_two_without_an_organisation_are_no_colleagues() -> None:
    """None is not an organisation."""
    loose = TicketView(1, 10, None, shared=True)
    assert role_of(Person(contact_id=12), loose) == "stranger"


@pytest.mark.parametrize("role, proof, verdict", list(itertools.product(ROLES, PROOFS, VERDICTS)))
def test_may_write_has_an_answer_for_all(role: Role, proof: Proof, verdict: Verdict) -> None:
    """No cell is missing; a failed verdict is held; a stranger never writes a note, a customer never an answer."""
    found = may_write(role, proof, verdict)
    assert (found == "hold") if verdict == "fail" else True
    assert (
        found
        in {
            "staff": ("reply", "internal", "hold"),
            "participant": ("note", "unverified", "hold"),
            "colleague": ("note", "lane", "hold"),
            "stranger": ("lane", "new", "hold"),
        }[role]
    )


def test_lists_and_single_tickets_agree(database: Database) -> None:
    """visible_tickets() finds the very tickets that may_see() allows, for people and tickets of every sort."""
    with database.transaction() as session:
        session.add_all([Organisation(id=5, name="A", created_at=NOW), Organisation(id=6, name="B", created_at=NOW)])
        session.flush()
        for i, organisation in ((10, 5), (11, None), (12, 5), (13, 6)):
            address = ContactAddress(address=f"{i}@x.test", written=f"{i}@x.test")
            session.add(Contact(id=i, organisation_id=organisation, created_at=NOW, addresses=[address]))
        session.flush()
        sorts = itertools.product((10, 13), (5, 6, None), (True, False), ((), (11,), (11, 12)))
        for number, (requester, organisation, shared, others) in enumerate(sorts, 1):
            row = Ticket(
                id=number,
                number=f"T20261123.{number:04d}",
                title="t",
                letter_subject="t",
                status="New",
                desk_address="d",
                organisation_id=organisation,
                requester_id=requester,
                shared=shared,
                created_at=NOW,
                updated_at=NOW,
            )
            session.add(row)
            session.flush()
            for other in others:
                removed = NOW if other == 12 else None
                session.add(Participant(ticket_id=number, contact_id=other, added_at=NOW, removed_at=removed))
    people = [Person(), Person(staff_id=1), Person(staff_id=1, active=False)]
    people += [
        Person(contact, None, organisation, access.organisations(organisation, sees), active)
        for contact, organisation in ((10, 5), (11, None), (12, 5), (13, 6))
        for sees in SEES
        for active in (True, False)
    ]
    with database.reading() as session:
        tickets = load.tickets(session, range(1, 37)).values()
        assert len(tickets) == 36
        for person in people:
            listed = set(session.scalars(select(Ticket.id).where(visible_tickets(person))))
            assert listed == {ticket.id for ticket in tickets if may_see(person, ticket.view)}, person
