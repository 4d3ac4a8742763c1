"""#status by mail: the whole ticket for whoever may see it, and nothing for anybody else."""

from datetime import timedelta

import pytest

from store.tables import Attachment, Ticket
from tests.gateway.answers.answer_world import ask, change, note
from tests.gateway.desk_world import ANN, GONE, KIM, NOW, NUMBER, PAT, REM, SAM, People, World


@pytest.fixture
def told(world: World, people: People) -> int:
    """Ann's ticket with notes of every sort."""
    ticket, sam = people.ticket, people.staff[SAM]

    def add(text: str, minutes: int, **values: object) -> int:
        return note(world, ticket, text, at=NOW - timedelta(minutes=60 - minutes), **values)

    first = add("The phones are <b>dead</b>.\n\nAll of them.", 1, contact_id=people.contacts[ANN])
    add(
        "We look into it.",
        5,
        author="Sam",
        staff_id=sam,
        changes={"status": ["New", "In Progress"], "time": ["", "15 min"]},
    )
    add("The supplier is slow", 6, author="Sam", staff_id=sam, visibility="internal")
    add("", 7, kind="change", author="Sam", staff_id=sam, changes={"due": ["", "2026-12-01"], "team": ["", "Network"]})
    add("Who am I?", 8, author="Eve", visibility="pending", verified=False)
    with world.database.transaction() as session:
        session.add(Attachment(id=world.database.ids.next(), ticket_id=ticket, event_id=first, name="switch.jpg",
                               type="image/jpeg", size=48_000, digest="0" * 64))  # fmt: skip
    change(world, Ticket, ticket, resolution="Power supply replaced.", type="Incident", customer_reference="INC-1")
    return ticket


@pytest.mark.feature("F66", "mail")
@pytest.mark.feature("F116", "mail")
@pytest.mark.feature("F117", "mail")
@pytest.mark.feature("F118", "mail")
@pytest.mark.feature("F122", "mail")
@pytest.mark.feature("F123", "mail")
@pytest.mark.feature("F124", "mail")
@pytest.mark.feature("F125", "mail")
@pytest.mark.feature("F129", "mail")
def test_status(world: World, people: People, told: int) -> None:
    """Fields, resolution, who read it, every public entry oldest first with author and time, files, the link."""
    text = ask(world, people, ANN, "status", ticket=told).text
    assert text.startswith(f"{NUMBER} · Phones are down")
    for wanted in ("Status: In Progress", "Type: Incident", "Our ref: INC-1", "Additional contacts:", "Contact: Ann",
                   "Power supply replaced.", "Read by: Sam, 23 Nov 2026, 11:07 GMT", "Files: switch.jpg (48 KB)",
                   "Status: In Progress (was New)", f"\nhttps://desk.example.com/t/{NUMBER}"):  # fmt: skip
        assert wanted in text, wanted
    assert (
        text.index("Ann, 23 Nov 2026, 11:01 GMT") < text.index("All of them.") < text.index("Sam, 23 Nov 2026, 11:05")
    )
    for hidden in ("supplier", "Who am I", "15 min", "Network", "Due: 1 Dec"):
        assert hidden not in text, hidden


@pytest.mark.feature("F120", "mail")
@pytest.mark.feature("F121", "mail")
def test_full_and_notes(world: World, people: People, told: int) -> None:
    """With “full” every change that customers may know of; with “notes” the notes alone."""
    full = ask(world, people, ANN, "status", "full", ticket=told).text
    assert "Due: 1 Dec 2026" in full
    assert "Network" not in full
    notes = ask(world, people, ANN, "status", f"{NUMBER} notes", ticket=told).text
    assert "We look into it." in notes
    assert "(was New)" not in notes


def test_staff_see_what_is_internal(world: World, people: People, told: int) -> None:
    """Internal notes are marked; so is what waits in the lane."""
    text = ask(world, people, SAM, "status", "full", ticket=told).text
    assert "Sam, 23 Nov 2026, 11:06 GMT (Internal)" in text
    assert "The supplier is slow" in text
    assert "Not verified" in " ".join(text.split())
    assert "Team: Network" in text


def test_nobody_else_sees_it(world: World, people: People, told: int) -> None:
    """A removed participant, a colleague of a ticket that is not shared, who was deactivated: nothing of it."""
    assert "dead" in ask(world, people, PAT, "status", ticket=told).text
    assert "dead" in ask(world, people, KIM, "status", ticket=told).text
    change(world, Ticket, told, shared=False)
    for who in (REM, KIM, GONE):
        text = ask(world, people, who, "status", ticket=told).text
        assert "dead" not in text
        assert "Phones" not in text
    assert "There is no such ticket" in ask(world, people, KIM, "status").text


def test_a_long_ticket_is_cut(world: World, people: People) -> None:
    """The first entry and the newest stand in the letter; it says how many do not, and where they are."""
    for n in range(300):
        note(world, people.ticket, f"Note {n} says " + "very much " * 40, at=NOW - timedelta(minutes=400 - n))
    text = ask(world, people, ANN, "status", ticket=people.ticket).text
    assert "Note 0 says" in text
    assert "Note 299 says" in text
    assert "Note 150 says" not in text
    kept = text.count("says very")
    assert f"{300 - kept} entries are left out here. All of them:" in text


def test_a_huge_entry_is_cut(world: World, people: People) -> None:
    """The beginning of it, and where the rest is."""
    note(world, people.ticket, "word & " * 5_000)
    assert "There is more of it on the page below." in ask(world, people, ANN, "status", ticket=people.ticket).text


def test_no_notes(world: World, people: People, tickets: dict[str, int]) -> None:
    """A ticket without entries says so."""
    assert "No notes yet." in ask(world, people, ANN, "status", ticket=tickets["ann"]).text
