"""Tickets that have to do with each other: who comes along in a merge, how tasks are counted, what a split takes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from desk import lane, structure
from desk.state import ContactState, StaffState, TicketState
from desk.tickets import File, Note
from desk.writes import Writes
from store.tables import Attachment, Event, Outbox, Participant, Ticket, TicketLink

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SAM = StaffState(3, "Sam", "sam@desk.test")
WORKS = 7  # an organisation


def contact(contact_id: int, name: str, **values: Any) -> ContactState:
    """Somebody of the customer's organisation, who may see its tickets."""
    values = {"organisation_id": WORKS, "organisations": frozenset({WORKS})} | values
    return ContactState(contact_id, name, f"{name.lower()}@customer.test", **values)


ANN, BEN, CAT = contact(11, "Ann"), contact(12, "Ben"), contact(13, "Cat")
EVE = contact(14, "Eve", organisation_id=None, organisations=frozenset())


def ticket(ticket_id: int, requester: ContactState, *people: ContactState, **values: Any) -> TicketState:
    """A ticket of the organisation, T20261123.0001 and so on."""
    state = TicketState(ticket_id, f"T20261123.{ticket_id:04d}", "Phones", "New", requester, "service@desk.test", WORKS)
    for name, value in values.items():
        setattr(state, name, value)
    state.people = {person.id: person for person in people}
    return state


def fresh() -> Writes:
    """Rows that go nowhere."""
    ids = iter(range(100, 200))
    return Writes(lambda: next(ids))


@pytest.mark.parametrize(
    "ended, survivor, added, told, unseen",
    [
        (ticket(1, ANN), ticket(2, ANN), [], [ANN], []),
        (ticket(1, ANN), ticket(2, BEN), [ANN], [ANN], []),
        (ticket(1, ANN), ticket(2, BEN, shared=False), [], [], [ANN]),
        (ticket(1, ANN), ticket(2, BEN, ANN, shared=False), [], [ANN], []),
        (ticket(1, ANN), ticket(2, BEN, organisation_id=8), [], [], [ANN]),
        (ticket(1, EVE, CAT), ticket(2, BEN), [CAT], [CAT], [EVE]),
        (ticket(1, contact(15, "Own", organisations=frozenset())), ticket(2, BEN), [], [], ["Own"]),
        (ticket(1, contact(16, "Off", active=False)), ticket(2, BEN), [], [], []),
        (ticket(1, ANN, requester_muted=True), ticket(2, BEN), [], [], []),
        (ticket(1, ANN, CAT, muted={13}), ticket(2, BEN), [ANN], [ANN], []),
        (ticket(1, ANN), ticket(2, BEN, ANN, muted={11}), [], [], []),
        (ticket(1, ANN, ANN), ticket(2, BEN), [ANN], [ANN], []),
    ],
)  # fmt: skip
def test_who_comes_along(
    ended: TicketState, survivor: TicketState, added: list[Any], told: list[Any], unseen: list[Any]
) -> None:
    """Whoever could see the other ticket before, and wants to hear of this one; nobody else."""
    found = structure.joining(ended, survivor)
    assert [list(found.added), list(found.told)] == [added, told]
    assert [p if p in unseen else p.name for p in found.unseen] == unseen
    assert found.removed == ()


def test_who_was_removed_stays_out() -> None:
    """Whoever took part in the other ticket once, until somebody ended that."""
    found = structure.joining(ticket(1, ANN), ticket(2, BEN, left={ANN.id}))
    assert (found.added, found.told, found.removed) == ((), (), (ANN,))


def test_merge() -> None:
    """Complete and merged; one letter to each: where it goes on, or that it is Complete."""
    writes, ended, survivor = fresh(), ticket(1, EVE, ANN), ticket(2, BEN)
    changes = structure.merge(writes, ended, survivor, SAM, NOW, timedelta(minutes=1))
    assert changes == {"status": ["New", "Complete"]}
    assert (ended.status, ended.merged_into_id, ended.completed_at) == ("Complete", 2, NOW)
    assert survivor.people == {ANN.id: ANN}
    assert [(row["kind"], row["recipient"], row["ticket_id"]) for row in writes.added(Outbox)] == [
        ("update", EVE.address, 1),
        ("merged", ANN.address, 2),
    ]
    assert [(row["ticket_id"], row["visibility"], row["changes"]) for row in writes.added(Event)] == [
        (1, "public", {"status": ["New", "Complete"]}),
        (1, "internal", {"merged into": ["", "T20261123.0002"]}),
        (2, "internal", {"merged from": ["", "T20261123.0001"]}),
    ]
    assert [(row["ticket_id"], row["other_id"]) for row in writes.added(TicketLink)] == [(1, 2)]


def test_merge_of_what_was_complete() -> None:
    """No status to tell of: only who may see the other ticket hears something."""
    writes = fresh()
    assert structure.merge(writes, ticket(1, EVE, ANN, status="Complete"), ticket(2, BEN), SAM, NOW, timedelta()) == {}
    assert [row["recipient"] for row in writes.added(Outbox)] == [ANN.address]
    assert {row["visibility"] for row in writes.added(Event)} == {"internal"}


@pytest.mark.feature("F62")
@pytest.mark.parametrize(
    "taken, number",
    [
        ([], ".001"), ([".001"], ".002"), ([".003", ".001"], ".004"), ([".998"], ".999"), ([".999"], ""),
        (["T20261123.0009.007"], ".001"),
    ],
)  # fmt: skip
def test_child_number(taken: list[str], number: str) -> None:
    """The next after the highest; tasks that came from another ticket have numbers of their own."""
    parent = ticket(1, ANN)
    names = [f"{parent.number}{end}" if end.startswith(".") else end for end in taken]
    assert structure.child_number(parent, names) == (f"{parent.number}{number}" if number else "")


def test_child() -> None:
    """For the same people at the same desk; what stands in it first is not for customers."""
    writes, parent = fresh(), ticket(1, ANN, site_id=5, team_id=6, type="Incident", shared=False)
    child, event_id = structure.open_child(writes, parent, " Order the switch ", "T20261123.0001.001", SAM, NOW)
    (row,) = writes.added(Ticket)
    assert (row["number"], row["title"], row["parent_id"]) == ("T20261123.0001.001", "Order the switch", 1)
    assert (child.requester, child.organisation_id, child.site_id) == (ANN, WORKS, 5)
    assert (child.team_id, child.type, child.shared, child.assignee_id) == (6, "Incident", False, None)
    (entry,) = writes.added(Event)
    assert (entry["id"], entry["visibility"]) == (event_id, "internal")
    assert writes.added(Outbox) == []


def test_links() -> None:
    """One in each direction at the most: a newer one takes the place of an older one of the same batch."""
    writes, one = fresh(), ticket(1, ANN)
    structure.link(writes, one, 2, "mentions", NOW)
    structure.link(writes, one, 2, "related", NOW)
    assert [row["kind"] for row in writes.added(TicketLink)] == ["related"]
    structure.unlink(writes, ticket(2, ANN), 1)
    assert writes.added(TicketLink) == []


def test_split() -> None:
    """A ticket of the author's, with the note as it was and its files; the same bytes, in rows of its own."""
    writes, file = fresh(), File("a.csv", "a.csv", "text/csv", "text/csv", 3, "d" * 64)
    before = NOW - timedelta(hours=1)
    note = Note(EVE, "Me too.", before, verified=False, files=(file,), received_id=9)
    made, event_id = structure.split(writes, ticket(1, ANN, type="Incident"), EVE, "Mine", note, None, NOW)
    (entry,), (row,) = writes.added(Event), writes.added(Attachment)
    assert (made.requester, made.organisation_id, made.type, made.number) == (EVE, None, "Incident", "")
    assert (entry["id"], entry["at"], entry["verified"], entry["received_id"]) == (event_id, before, False, 9)
    assert (row["ticket_id"], row["event_id"], row["digest"]) == (made.id, event_id, file.digest)
    assert [(link["ticket_id"], link["other_id"], link["kind"]) for link in writes.added(TicketLink)] == [
        (made.id, 1, "split")
    ]


def test_let_in_once() -> None:
    """Whoever takes part already is not told again."""
    writes, one = fresh(), ticket(1, ANN, BEN)
    assert not lane.let_in(writes, one, ANN, "Sam", NOW)
    assert not lane.let_in(writes, one, BEN, "Sam", NOW)
    assert lane.let_in(writes, one, EVE, "Sam", NOW)
    assert [row["contact_id"] for row in writes.added(Participant)] == [EVE.id]
    assert [(row["kind"], row["recipient"]) for row in writes.added(Outbox)] == [("shared", EVE.address)]
