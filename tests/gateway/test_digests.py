"""The digest and the day sheet: what waits, for whom, in which part; and nothing where there is nothing."""

from datetime import timedelta
from typing import Any

import pytest

from desk import day_sheets, digests
from store.tables import Approval, Contact, Participant, Staff, Ticket
from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ANN, KIM, NOW, PAT, SAM, SUE, People, World
from tests.gateway.rendering import letters, text

UNTIL = NOW + timedelta(hours=12)


def ticket(world: World, people: People, number: str, who: str = ANN, **values: Any) -> int:
    """One more ticket."""
    known = {"title": f"Title of {number}"} | values
    return sample.add_ticket(world.database, people.contacts[who], number, f"<{number}@customer.test>", **known)


def wants(world: World, people: People, *who: str, **values: Any) -> None:
    """Contacts who asked for it."""
    with world.database.transaction() as session:
        for address in who:
            contact = session.get_one(Contact, people.contacts[address])
            for name, value in ({"digest": True} | values).items():
                setattr(contact, name, value)


def queue(world: World, after: int = 0) -> tuple[int, int]:
    """The timer, once."""
    with world.database.transaction() as session:
        return digests.queue(session, world.database.ids.next, NOW, after)


@pytest.mark.feature("F46", "mail")
def test_what_waits_and_what_is_open(world: World, people: People) -> None:
    """To who asked for it, with the counts beside the subject; what is done is not on it."""
    ticket(world, people, "T1", status="Waiting Customer")
    ticket(world, people, "T2", status="Resolved", completed_at=NOW)
    ticket(world, people, "T3", parent_id=people.ticket)
    wants(world, people, ANN)
    queue(world)
    (letter,) = letters(world, "digest", ANN)
    assert letter["Subject"] == "Your tickets, 23 Nov 2026"
    said = text(letter).replace("\r\n", "\n")
    waiting = "Waiting for you:\n\nT1 · Title of T1 · Waiting Customer\n\n"
    assert said.startswith(f"{waiting}Others:\n\nT20261101.0001 · Phones are down · In Progress\n")
    assert "Title of T2" not in said
    assert "Title of T3" not in said
    assert "1 waiting for you, 1 other open." in str(letter.get_body(("html",)))


def test_an_approval_waits_too(world: World, people: People) -> None:
    """And a ticket that somebody merely takes part in is among the others."""
    with world.database.transaction() as session:
        asked = session.get_one(Ticket, people.ticket)
        asked.status, asked.approval = "Waiting Approval", "Requested"
        session.add(Approval(ticket_id=asked.id, contact_id=people.contacts[PAT], asked_at=NOW))
    ticket(world, people, "T1", KIM)
    with world.database.transaction() as session:
        other = session.query(Ticket).filter_by(number="T1").one()
        session.add(Participant(ticket_id=other.id, contact_id=people.contacts[PAT], added_at=NOW))
    wants(world, people, PAT)
    queue(world)
    said = text(letters(world, "digest", PAT)[0])
    assert said.index("Waiting for you:") < said.index("Phones are down") < said.index("Others:") < said.index("T1")


@pytest.mark.parametrize(
    "state", [{"digest": False}, {"muted": True}, {"deactivated_at": NOW}], ids=lambda state: next(iter(state))
)
def test_who_gets_none(world: World, people: People, state: dict[str, Any]) -> None:
    """Who did not ask, wants no letters, or is not there any more; before it is queued, and after."""
    wants(world, people, ANN, **state)
    queue(world)
    assert world.letters() == []
    if "muted" not in state:
        wants(world, people, ANN, digest=True, deactivated_at=None)
        queue(world)
        wants(world, people, ANN, **state)
        assert letters(world) == []


def test_nothing_when_nothing_is_open(world: World, people: People) -> None:
    """No letter that says so."""
    wants(world, people, KIM)
    assert queue(world) == (0, people.contacts[KIM])
    assert world.letters() == []


def test_a_batch_after_another(world: World, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each goes on where the last one ended; everybody gets one."""
    monkeypatch.setattr(digests, "AT_ONCE", 2)
    everybody = [ANN, PAT, KIM]
    ticket(world, people, "T1", KIM)
    wants(world, people, *everybody)
    seen, after = [], 0
    for _ in range(3):
        count, after = queue(world, after)
        seen.append(count)
    assert (seen, after) == ([2, 1, 0], 0)
    assert sorted(row.recipient for row in world.letters("digest")) == sorted(everybody)


def test_a_long_list_is_cut(world: World, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """With how many more there are."""
    monkeypatch.setattr(digests, "MOST", 2)
    for n in range(4):
        ticket(world, people, f"T{n}")
    wants(world, people, ANN)
    queue(world)
    said = text(letters(world, "digest", ANN)[0])
    assert said.startswith("Open:")
    assert "and 3 more" in said


def sheet(world: World) -> None:
    """The timer of the day sheet."""
    with world.database.transaction() as session:
        day_sheets.queue(session, world.database.ids.next, NOW, UNTIL)


def test_the_parts_of_a_day_sheet(world: World, people: People) -> None:
    """Late, due today, taken by nobody, silent customers, and how many others; each ticket once."""
    mine: dict[str, Any] = {"assignee_id": people.staff[SAM]}
    ticket(world, people, "T1", due_at=NOW - timedelta(hours=1), **mine)
    ticket(world, people, "T2", due_at=NOW + timedelta(hours=3), **mine)
    ticket(world, people, "T3", status="Waiting Customer", waiting_since=NOW - timedelta(days=6),
           due_at=NOW - timedelta(days=1), **mine)  # fmt: skip
    ticket(world, people, "T4", due_at=NOW + timedelta(days=3), **mine)
    ticket(world, people, "T5", team_id=world.ticket(people.ticket).team_id, due_at=NOW - timedelta(days=2))
    sheet(world)
    said = text(letters(world, "day_sheet", SAM)[0]).replace("\r\n", "\n")
    parts = said.split("\n\n")
    assert parts[:2] == [
        "Overdue:",
        "T1 · Title of T1 · Low, 23 Nov 2026, 11:00 GMT\nT5 · Title of T5 · Low, 21 Nov 2026, 12:00 GMT",
    ]
    assert parts[2:4] == ["Due today:", "T2 · Title of T2 · Low, 23 Nov 2026, 15:00 GMT"]
    assert parts[4:6] == ["Nobody has taken these:", "T20261101.0001 · Phones are down · Sample Works, Low"]
    assert parts[6].startswith("Yours, and the customer has not answered for long:")
    assert parts[7].startswith("T3 · Title of T3 · Low, 17 Nov 2026")
    assert parts[8].startswith("1 other ticket is yours.")


def test_teams_see_their_own(world: World, people: People) -> None:
    """What no team has taken is everybody's; what is another team's is not."""
    sheet(world)
    assert [row.recipient for row in world.letters("day_sheet")] == [SAM]
    ticket(world, people, "T1")
    sheet(world)
    assert SUE in [row.recipient for row in world.letters("day_sheet")]
    assert "T20261101.0001" not in text(letters(world, "day_sheet", SUE)[0])


@pytest.mark.parametrize("state", [{"day_sheet": False}, {"deactivated_at": NOW}], ids=lambda state: next(iter(state)))
def test_who_gets_no_sheet(world: World, people: People, state: dict[str, Any]) -> None:
    """Who left it, or left the desk."""
    with world.database.transaction() as session:
        for name, value in state.items():
            setattr(session.get_one(Staff, people.staff[SAM]), name, value)
    sheet(world)
    assert world.letters("day_sheet", SAM) == []
