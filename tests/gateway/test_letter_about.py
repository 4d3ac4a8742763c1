"""Letters that bring a ticket to somebody: copies, shares, approvals, alerts, merges; and when they are not sent."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.letter import Letter, Unsent
from store.database import Database
from store.tables import Contact, Organisation, Outbox
from tests.gateway import letter_world as world
from tests.gateway.test_compose import part, read, unflowed, visible, words
from tests.gateway.test_letter_files import files

VIC, CHO = 21, 22


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Database]:
    """The sample desk, with somebody outside of it and a colleague of Jane."""
    made = world.database(tmp_path)
    world.fill(made)
    world.add(
        made,
        world.contact(VIC, "Vic Nguyen", "vic@vendor.test"),
        world.contact(CHO, "Cho Park", "cho@customer.test", organisation_id=world.ORGANISATION),
    )
    yield made
    made.close()


def letter(base: Database, kind: str, to: int = world.JANE, **values: Any) -> Letter | Unsent:
    """The letter of a row that is queued now."""
    people = {VIC: ("vic@vendor.test", "Vic Nguyen"), CHO: ("cho@customer.test", "Cho Park")}
    named: dict[str, Any] = {}
    if to in people:
        named = {"recipient": people[to][0], "recipient_name": people[to][1], "contact_id": to}
    world.add(base, world.row(50, kind, world.JANE if named else to, **(named | values)))
    with base.reading() as session:
        return world.composer().render_many(session, [session.get_one(Outbox, 50)])[50]


def plain(found: Letter | Unsent) -> str:
    """The text part, which says the same as the HTML part."""
    assert isinstance(found, Letter), found
    text = unflowed(part(found, "plain"))
    assert words(text) == words(visible(part(found, "html")))
    return text


@pytest.mark.feature("F209")
@pytest.mark.feature("F135", "mail")
def test_a_copy_holds_the_note_and_its_files(base: Database) -> None:
    """For somebody without an account: the words, the files, number and title; no page, no state of the ticket."""
    found = letter(base, "copy", VIC, event_id=world.EVENT, context={"by": "Jane Doe"})
    text = plain(found)
    assert text.startswith("Jane Doe asked us to send you this note:\n\nAll phones on the second floor are dead")
    assert "T20190409.0967 · Phones down at Blackfriars" in text
    assert isinstance(found, Letter)
    assert list(files(found)) == ["switch.jpg"]
    everything = text + part(found, "html") + str(read(found).items())
    for secret in ("https://", "Incident", "High", "X-Ticket-Status", "Sample Works", "160 Blackfriars"):
        assert secret not in everything.replace("http://www.w3.org", "")


@pytest.mark.parametrize("visibility", ["internal", "pending"])
def test_no_copy_of_what_is_not_public(base: Database, visibility: str) -> None:
    """Whatever a row names."""
    world.add(base, world.event(40, "Secret.", world.SAM, visibility=visibility))
    found = letter(base, "copy", VIC, event_id=40, context={"by": "Sam Lee"})
    assert found == Unsent("there is nothing to copy: no public entry", final=True)


def test_a_long_copy_is_cut_without_a_page(base: Database) -> None:
    """Its reader has none to be sent to."""
    world.add(base, world.event(40, "word " * 3000, world.SAM))
    text = plain(letter(base, "copy", VIC, event_id=40, context={"by": "Sam Lee"}))
    assert "The rest of it does not fit into this letter." in text
    assert "page" not in text


def test_shared_with_the_organisation(base: Database) -> None:
    """A colleague who sees the organisation's tickets hears of it once, with the words it began with."""
    found = letter(base, "shared", CHO, context={"by": "Jane Doe", "how": "shared"})
    text = plain(found)
    assert text.startswith("Jane Doe shared a ticket with you. Send the one word watch to hear about changes;")
    assert "All phones on the second floor are dead" in text
    assert isinstance(found, Letter)
    assert read(found)["X-Ticket-Reason"] == "shared"


@pytest.mark.parametrize("kind, context", [("shared", {"by": "Jane Doe"}), ("alert", {"stage": "completed"})])
@pytest.mark.parametrize("why", ["not shared", "sees only their own", "another organisation", "deactivated"])
def test_rights_are_looked_at_again(base: Database, kind: str, context: dict[str, str], why: str) -> None:
    """Between the cause of a letter and its sending somebody may have lost the right to see the ticket."""
    with base.transaction() as session:
        cho = session.get_one(Contact, CHO)
        if why == "sees only their own":
            session.get_one(Organisation, world.ORGANISATION).visibility = "own"
        elif why == "another organisation":
            cho.organisation_id = None
        elif why == "deactivated":
            cho.deactivated_at = world.NOW
    if why == "not shared":
        world.set_ticket(base, shared=False)
    found = letter(base, kind, CHO, context=context)
    assert isinstance(found, Unsent)
    assert found.final


@pytest.mark.feature("F55", "mail")
def test_an_approver_can_decide_by_this_letter_alone(base: Database) -> None:
    """What, when, by whom, the words and files; and the two words that answer it."""
    world.participate(base, world.KIM, "approver")
    world.set_ticket(base, type="Change Request", approval="Requested", status="Waiting Approval")
    world.add(base, world.event(40, "The switch has to go.", world.SAM, minutes=3))
    world.add(base, world.event(41, "They owe us money.", world.SAM, minutes=3, visibility="internal"))
    found = letter(base, "approval", world.KIM, event_id=40, context={"by": "Sam Lee", "events": [41]})
    text = plain(found)
    assert text.startswith(
        "Jane Doe asks for a change and you are an approver.\n\nReply with one word: approve or reject."
    )
    for wanted in (
        "What: Phones down",
        "When: no date was named",
        "Asked by: Jane Doe, jane@",
        "dead since nine",
        "has to go",
    ):
        assert wanted in text
    assert "money" not in text
    assert isinstance(found, Letter)
    assert list(files(found)) == ["switch.jpg"]


@pytest.mark.parametrize("state", [{"approval": "Approved"}, {"approval": "Rejected"}, {"status": "Withdrawn"}])
def test_nobody_is_asked_for_what_is_decided(base: Database, state: dict[str, str]) -> None:
    """The letter that still waits is not sent."""
    world.set_ticket(base, **state)
    assert isinstance(letter(base, "approval", world.KIM, context={"by": "Sam Lee"}), Unsent)


@pytest.mark.parametrize(
    "answer, state, sentence",
    [
        ("approve", "Approved", "Ana Ruiz approved this on 9 Apr 2019, 13:07 BST. We are starting."),
        ("reject", "Rejected", "Ana Ruiz rejected this on 9 Apr 2019, 13:07 BST. We do not go on with it for now."),
        ("approve", "Requested", "Ana Ruiz approved this on 9 Apr 2019, 13:07 BST. We wait for the other approvers."),
    ],
)
def test_what_was_decided(base: Database, answer: str, state: str, sentence: str) -> None:
    """Who, when, what follows, and why."""
    world.set_ticket(base, approval=state)
    context = {"by": "Ana Ruiz", "answer": answer, "reason": "It is\ncheap."}
    text = plain(letter(base, "approval_result", context=context))
    assert text.startswith(f"{sentence}\n\nThe reason:\n\nIt is\ncheap.\n")


@pytest.mark.feature("F147")
@pytest.mark.feature("F210")
@pytest.mark.parametrize(
    "stage, sentence",
    [
        ("due", "You asked to hear when this ticket is due. It is due on 9 Apr 2019, 14:07 BST (in 60 minutes)."),
        ("overdue", "You asked to hear when this ticket is overdue. It was due on 9 Apr 2019, 14:07 BST."),
        ("completed", "You asked to hear when this ticket is completed. It is New now."),
        ("in process", "You asked to hear when this ticket is in process. Work on it has begun."),
        ("tasks", "You asked to hear when all tasks of this ticket are done. They are done now."),
    ],
)
def test_alerts(base: Database, stage: str, sentence: str) -> None:
    """One sentence for each stage, and how to get no more of them."""
    world.set_ticket(base, due_at=world.NOW + timedelta(hours=1))
    text = plain(letter(base, "alert", context={"stage": stage}))
    assert text.startswith(sentence)
    assert "reply with #alert none" in text


@pytest.mark.parametrize("kind, to", [("alert", world.JANE), ("due", world.SAM)])
@pytest.mark.parametrize("state", [{"due_at": None}, {"due_at": world.NOW, "status": "Resolved"}])
def test_nobody_hears_that_a_done_ticket_is_due(base: Database, kind: str, to: int, state: dict[str, Any]) -> None:
    """Nor one whose due time was taken away."""
    world.set_ticket(base, **state)
    found = letter(base, kind, to, context={"stage": "overdue"})
    assert found == Unsent("the ticket is done, or not due any more", final=True)


def test_a_merged_ticket_goes_on(base: Database) -> None:
    """Under which number; the letter belongs to the thread of the one that lives on."""
    found = letter(base, "merged", context={"old": "T20190409.0999"})
    assert plain(found).startswith("Your ticket T20190409.0999 goes on as T20190409.0967.")
    assert isinstance(found, Letter)
    assert read(found)["Subject"] == "Re: [T20190409.0967] Phones down at Blackfriars"
