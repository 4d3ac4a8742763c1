"""The fields of a ticket: what a setter changes, what it says, and that nothing happens twice."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from desk import fields, tickets
from desk.fields import Changes
from desk.state import ContactState, StaffState, TeamState, TicketState
from desk.writes import Writes
from store.tables import Participant, Ticket

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")
SAM = StaffState(3, "Sam", "sam@desk.test")
NETWORK = TeamState(8, "Network")


def ready(**values: object) -> TicketState:
    """A ticket in memory."""
    ann = ContactState(2, "Ann", "ann@customer.test", organisation_id=5)
    return TicketState(1, "T20261123.0001", "t", "New", ann, "d", organisation_id=5, **values)  # type: ignore[arg-type]


def fresh() -> Writes:
    """Rows that go nowhere."""
    ids = iter(range(100, 200))
    return Writes(lambda: next(ids))


def test_every_urgency_and_impact_has_a_priority() -> None:
    """Three by three; the values that a new ticket has come to the priority that it has."""
    assert {(u, i) for u in fields.URGENCIES for i in fields.IMPACTS} == fields.MATRIX.keys()
    assert set(fields.MATRIX.values()) == set(fields.PRIORITIES)
    new = ready()
    assert fields.priority_of(new.urgency, new.impact) == new.priority


@pytest.mark.feature("F97", "mail")
@pytest.mark.parametrize(
    "urgency, impact, priority",
    [
        ("Low", "Only Me", "Low"),
        ("Low", "Company", "Medium"),
        ("Medium", "Others", "Medium"),
        ("Medium", "Company", "High"),
        ("High", "Only Me", "Medium"),
        ("High", "Others", "High"),
        ("High", "Company", "Critical"),
    ],
)
def test_priority_follows(urgency: str, impact: str, priority: str) -> None:
    """Urgency and impact come to a priority, whichever is said first."""
    one, other, writes = ready(), ready(), fresh()
    fields.set_urgency(writes, one, urgency, NOW)
    fields.set_impact(writes, one, impact, NOW)
    fields.set_impact(writes, other, impact, NOW)
    fields.set_urgency(writes, other, urgency, NOW)
    assert one.priority == other.priority == priority


def test_priority_by_hand_stays() -> None:
    """What staff set by hand is not overwritten by a later urgency, until it is what the two come to."""
    ticket, writes = ready(), fresh()
    assert fields.set_priority(writes, ticket, "Critical", NOW) == {"priority": ["Low", "Critical"]}
    assert fields.set_urgency(writes, ticket, "High", NOW) == {"urgency": ["Low", "High"]}
    assert ticket.priority == "Critical"
    fields.set_priority(writes, ticket, "Medium", NOW)
    assert fields.set_impact(writes, ticket, "Company", NOW) == {
        "impact": ["Only Me", "Company"],
        "priority": ["Medium", "Critical"],
    }


def test_another_matrix() -> None:
    """The desk's own table decides."""
    ticket = ready()
    fields.set_urgency(fresh(), ticket, "High", NOW, {**fields.MATRIX, ("High", "Only Me"): "Critical"})
    assert ticket.priority == "Critical"


@pytest.mark.parametrize(
    "before, more, after",
    [
        ({}, {"a": ["1", "2"]}, {"a": ["1", "2"]}),
        ({"a": ["1", "2"]}, {"a": ["2", "3"]}, {"a": ["1", "3"]}),
        ({"a": ["1", "2"]}, {"a": ["2", "1"]}, {}),
        ({"a": ["1", "2"]}, {}, {"a": ["1", "2"]}),
    ],
)
def test_merge(before: Changes, more: Changes, after: Changes) -> None:
    """Of a field that changed twice the first and the last value count; there and back is no change."""
    fields.merge(before, more)
    assert before == after


def test_nothing_changes_twice() -> None:
    """The same value again: no row, and nothing to say."""
    ticket, writes = ready(), fresh()
    assert fields.set_text(writes, ticket, "item", "SIP trunk 4", NOW) == {"item": ["", "SIP trunk 4"]}
    assert fields.set_text(writes, ticket, "item", "SIP trunk 4", NOW) == {}
    assert fields.set_due(writes, ticket, NOW, LONDON, NOW) == {"due": ["", "23 Nov 2026, 12:00 GMT"]}
    assert fields.set_due(writes, ticket, NOW, LONDON, NOW) == {}
    assert fields.set_due(writes, ticket, None, LONDON, NOW) == {"due": ["23 Nov 2026, 12:00 GMT", "none"]}
    assert fields.set_needed_by(writes, ticket, date(2026, 12, 3), NOW) == {"needed by": ["", "3 Dec 2026"]}
    assert fields.set_needed_by(writes, ticket, date(2026, 12, 3), NOW) == {}
    assert fields.set_site(writes, ticket, 7, "Leeds", "", NOW) == {"site": ["", "Leeds"]}
    assert fields.set_site(writes, ticket, 7, "Leeds", "Leeds", NOW) == {}


@pytest.mark.parametrize(
    "reference, key",
    [("INC-4471", "inc-4471"), ("#4471.", "4471"), ("STRASSE", "strasse"), ("ß" * 100, "ss" * 50)],
)
def test_reference_key(reference: str, key: str) -> None:
    """As a subject is searched for it; never longer than its column."""
    assert fields.reference_key(reference) == key


def test_a_team_takes_over() -> None:
    """The queue changes and the assignee goes; in its own queue only the assignee does."""
    ticket, writes = ready(assignee_id=3, team_id=7), fresh()
    before = TeamState(7, "Service Desk")
    assert fields.set_team(writes, ticket, NETWORK, before, SAM, NOW) == {
        "team": ["Service Desk", "Network"],
        "assignee": ["Sam", ""],
    }
    assert (ticket.team_id, ticket.assignee_id) == (8, None)
    ticket.assignee_id = 3
    assert fields.set_team(writes, ticket, NETWORK, NETWORK, SAM, NOW) == {"assignee": ["Sam", ""]}


def test_spam() -> None:
    """Withdrawn, with that reason, and marked."""
    ticket = ready()
    assert fields.mark_spam(fresh(), ticket, NOW) == {"status": ["New", "Withdrawn"], "withdrawal": ["", "Spam"]}
    assert (ticket.spam, ticket.status, ticket.completed_at) == (True, "Withdrawn", NOW)


def test_another_requester() -> None:
    """Whoever takes part becomes the requester and is no additional contact any more; the old one is."""
    ticket, writes = ready(site_id=9), fresh()
    pat = ContactState(4, "Pat", "pat@customer.test", organisation_id=5)
    tickets.add_people(writes, ticket, [pat], NOW)
    ticket.requester_muted = True
    assert tickets.set_requester(writes, ticket, pat, NOW) == {"contact": ["Ann", "Pat"]}
    assert (ticket.requester, set(ticket.people), ticket.site_id) == (pat, {2}, 9)
    assert (ticket.muted, ticket.requester_muted) == ({2}, False)
    assert [(row["contact_id"], row["removed_at"], row["muted"]) for row in writes.added(Participant)] == [
        (4, NOW, False),
        (2, None, True),
    ]
    assert tickets.set_requester(writes, ticket, pat, NOW) == {}
    assert writes.added(Ticket) == []


def test_a_requester_of_another_organisation() -> None:
    """The organisation follows, the site of the old one goes, and somebody who is not to be kept takes no part."""
    ticket, writes = ready(site_id=9), fresh()
    zoe = ContactState(6, "Zoe", "zoe@elsewhere.test", organisation_id=11)
    tickets.set_requester(writes, ticket, zoe, NOW, keep=False)
    assert (ticket.organisation_id, ticket.site_id, ticket.people) == (11, None, {})
