"""Approvals by mail: staff ask a board or people by address, and one word decides."""

from dataclasses import replace
from email import message_from_bytes, policy
from typing import Any

import pytest
from sqlalchemy import select, update

from store.tables import Approval, Approver, Contact, Ticket
from tests.gateway import desk_world as sample
from tests.gateway import letter_world, rendering
from tests.gateway.commands import by_mail
from tests.gateway.desk_world import ANN, DESK, EVE, GONE, KIM, NUMBER, PAT, REM, SAM, SUE, People, World


def own(people: People, sender: str, body: str, **fields: Any) -> bytes:
    """A reply to somebody's own letter about the ticket."""
    to = sample.ADDRESSES.reply_to(DESK, people.token(sender))
    return sample.mail(sender, f"Re: [{NUMBER}] Phones", body, to=to, **fields)


def board(world: World, people: People, *addresses: str, name: str = "cab") -> None:
    """Approvers of Ann's organisation."""
    organisation_id = world.ticket(people.ticket).organisation_id
    assert organisation_id
    with world.database.transaction() as session:
        for address in addresses:
            place = {"organisation_id": organisation_id, "contact_id": people.contacts[address]}
            session.add(Approver(board=name, **place))


def answers(world: World, people: People) -> dict[str, str]:
    """Who was asked, and what they said."""
    names = {contact_id: address for address, contact_id in people.contacts.items()}
    return {names[row.contact_id]: row.answer for row in world.all(select(Approval))}


def told(world: World, kind: str) -> list[str]:
    """Whom the letters of a kind went to."""
    return [row.recipient for row in world.letters(kind)]


def lines(world: World, kind: str, recipient: str) -> str:
    """What the last letter of a kind to somebody says."""
    return " ".join(world.letters(kind, recipient)[-1].context["lines"])


def state(world: World, people: People) -> tuple[str, str]:
    """Approval and status of the ticket."""
    ticket = world.ticket(people.ticket)
    return ticket.approval, ticket.status


def all_must_approve(world: World) -> None:
    """A desk where one answer is not enough."""
    world.rules = replace(sample.RULES, approvals="all")
    world.intake = world.new_intake()


# asking


@pytest.mark.feature("F55", "mail")
@pytest.mark.feature("F157", "mail")
@pytest.mark.parametrize(
    "line", ["#ask approval cab", "#ask approval", "#ask CAB", "#ask approval change advisory board"]
)
def test_ask_a_board(world: World, people: People, line: str) -> None:
    """Everybody on it gets the letter, with the note; the ticket waits; nobody gets an update besides."""
    board(world, people, KIM, REM)
    world.take(own(people, SAM, f"{line}\nWe would change the switch on Sunday."))
    assert state(world, people) == ("Requested", "Waiting Approval")
    entry = world.events(people.ticket)[-1]
    assert entry.changes == {
        "approval": ["", "Requested"],
        "status": ["In Progress", "Waiting Approval"],
        "asked to approve": ["", "Rem, Kim"],
    }
    asked = world.letters("approval")
    assert [(row.recipient, row.context, row.event_id) for row in asked] == [
        (REM, {"by": "Sam"}, entry.id),
        (KIM, {"by": "Sam"}, entry.id),
    ]
    assert answers(world, people) == {KIM: "", REM: ""}
    assert sorted(told(world, "update")) == [ANN, PAT]


@pytest.mark.feature("F55", "mail")
def test_ask_people_by_address(world: World, people: People) -> None:
    """Whoever staff name, also somebody new and somebody who said stop; they can see what they decide about."""
    world.take(own(people, PAT, "stop"))
    world.take(own(people, SAM, f"#ask approval new@customer.test; {PAT}"))
    assert told(world, "approval") == ["new@customer.test", PAT]
    assert "new@customer.test" in world.people(people.ticket)
    world.take(own(people, SAM, "More about it."))
    assert told(world, "update").count(PAT) == 0


def test_an_internal_note_does_not_go_along(world: World, people: People) -> None:
    """The letter asks, and says nothing of it."""
    board(world, people, KIM)
    world.take(own(people, SAM, "#ask approval\n#note\nThey never pay."))
    assert [row.event_id for row in world.letters("approval")] == [None]


def test_asking_more_people(world: World, people: People) -> None:
    """Those who were asked are not asked again; what they answered stays."""
    all_must_approve(world)
    world.take(own(people, SAM, f"#ask approval {KIM}, {REM}"))
    world.take(own(people, KIM, "approve"))
    world.take(own(people, SAM, f"#ask approval {KIM}, {PAT}"))
    assert told(world, "approval") == [KIM, REM, PAT]
    assert answers(world, people) == {KIM: "approve", REM: "", PAT: ""}


def test_asking_anew(world: World, people: People) -> None:
    """After a decision everything begins again."""
    world.take(own(people, SAM, f"#ask approval {KIM}"))
    world.take(own(people, KIM, "reject"))
    world.take(own(people, SAM, f"#ask approval {KIM}"))
    assert answers(world, people) == {KIM: ""}
    assert state(world, people) == ("Requested", "Waiting Approval")
    world.take(own(people, KIM, "approve"))
    assert state(world, people) == ("Approved", "In Progress")


@pytest.mark.parametrize(
    "argument, why",
    [
        ("", "Write #ask approval"),
        ("money", "Write #ask approval"),
        ("approval board", "There are: cab, finance"),
        ("approval", "more than one board"),
        ("approval empty", "There are"),
        (f"approval {DESK}", "address of this desk"),
        (f"approval {SUE}", "at this desk"),
        (f"approval {GONE}", "deactivated"),
        ("approval kim@", "no e-mail address"),
    ],
)
def test_ask_refused(world: World, people: People, argument: str, why: str) -> None:
    """Nobody is asked; staff hear what there is."""
    board(world, people, KIM)
    board(world, people, REM, name="finance")
    world.take(own(people, SAM, f"#ask {argument}"))
    assert told(world, "approval") == []
    assert state(world, people) == ("", "In Progress")
    assert why in lines(world, "not_done", SAM)


def test_nobody_to_ask(world: World, people: People) -> None:
    """No board at all; one where nobody is active; and one of another organisation."""
    world.take(own(people, SAM, "#ask approval"))
    assert "no board" in lines(world, "not_done", SAM)
    board(world, people, GONE)
    world.take(own(people, SAM, "#ask approval cab"))
    assert "nobody on the board" in lines(world, "not_done", SAM)
    with world.database.transaction() as session:
        session.execute(update(Ticket).values(organisation_id=None))
    world.take(own(people, SAM, "#ask approval cab"))
    assert "no board" in lines(world, "not_done", SAM)


def test_a_done_ticket(world: World, people: People) -> None:
    """There is nothing to approve; an answer that comes late is told so."""
    world.take(own(people, SAM, f"#ask approval {KIM}"))
    world.take(own(people, SAM, "#resolve Not needed."))
    world.take(own(people, KIM, "approve"))
    assert "Resolved already" in lines(world, "not_done", KIM)
    assert world.ticket(people.ticket).status == "Resolved"
    world.take(own(people, SAM, f"#ask approval {REM}"))
    assert "the ticket is Resolved" in lines(world, "not_done", SAM)


@pytest.mark.feature("F55", "mail")
@pytest.mark.feature("F157", "mail")
def test_how_the_letters_read(world: World, people: People) -> None:
    """What is asked and how to answer; who decided, and why."""
    world.take(own(people, SAM, f"#ask approval {KIM}\nWe would change the switch on Sunday."))
    (asked,) = world.letters("approval")
    text = read(world, asked.id)
    assert "Reply with one word: approve or reject." in text
    assert "We would change the switch on Sunday." in text
    world.take(own(people, KIM, "reject\nNo money this year."))
    text = read(world, world.letters("approval_result", ANN)[0].id)
    assert "Kim rejected this" in text
    assert "No money this year." in text


def read(world: World, letter_id: int) -> str:
    """The text of a letter, as it goes out."""
    by = letter_world.composer(addresses=world.addresses, keys=sample.KEYS, blobs=world.blobs, clock=world.clock)
    (letter,) = letter_world.render(world.database, letter_id, by=by)
    body = message_from_bytes(letter.bytes, policy=policy.default).get_body(("plain",))
    assert body
    return str(body.get_content())


# answering


@pytest.mark.feature("F55", "mail")
@pytest.mark.parametrize(
    "body, approval, status",
    [
        ("approve", "Approved", "In Progress"),
        ("Hi Sam,\n\nApproved.\n\nBest regards\nKim", "Approved", "In Progress"),
        ("#approve", "Approved", "In Progress"),
        ("reject", "Rejected", "Update Added"),
        ("#reject", "Rejected", "Update Added"),
    ],
)
def test_one_word_decides(world: World, people: People, body: str, approval: str, status: str) -> None:
    """The first answer; all who take part hear of it by one letter, muted ones too, and staff hear."""
    world.take(own(people, SAM, f"#ask approval {KIM}, {REM}"))
    world.take(own(people, ANN, "stop"))
    before = len(world.letters("update"))
    assert world.take(own(people, KIM, body)).kind == "answered"
    assert state(world, people) == (approval, status)
    entry = world.events(people.ticket)[-1]
    assert entry.changes["approval"] == ["Requested", approval]
    results = world.letters("approval_result")
    assert sorted(row.recipient for row in results) == [ANN, PAT, REM]
    assert {row.event_id for row in results} == {entry.id}
    assert results[0].context == {"by": "Kim", "answer": approval, "reason": ""}
    assert len(world.letters("update")) == before
    assert told(world, "customer_wrote")[-1:] == [SAM]
    assert lines(world, "done", KIM) == f"You {approval.lower()} this."


@pytest.mark.parametrize(
    "body, reason",
    [
        ("reject\nNo money this year.", "No money this year."),
        ("#reject no money this year", "no money this year"),
        ("No money this year.\n#reject", "No money this year."),
    ],
)
def test_a_reason(world: World, people: People, body: str, reason: str) -> None:
    """Below the word, or behind it: it stands in the ticket and in the letters."""
    world.take(own(people, SAM, f"#ask approval {KIM}"))
    world.take(own(people, KIM, body))
    assert state(world, people)[0] == "Rejected"
    assert {row.context["reason"] for row in world.letters("approval_result")} == {reason}
    entry = world.events(people.ticket)[-1]
    assert reason in (entry.text, entry.changes.get("reason", ["", ""])[1])


@pytest.mark.parametrize(
    "body", ["#approve\n#private\nThe code word is heron.", "#private\n#approve heron\nTell nobody."]
)
@pytest.mark.parametrize("sure", [True, False], ids=["proven", "confirmed"])
def test_a_private_reason(world: World, people: People, body: str, sure: bool) -> None:
    """It decides, and all hear of that; the words stay with the desk, also where the answer is confirmed later."""
    world.rules = replace(sample.RULES, private_notes=True)
    world.intake = world.new_intake()
    world.take(own(people, SAM, f"#ask approval {KIM}"))
    world.take(own(people, KIM, body) if sure else sample.mail(KIM, f"[{NUMBER}]", body))
    if not sure:
        by_mail.confirm(world, KIM)
    assert state(world, people)[0] == "Approved"
    assert told(world, "approval_result") == [ANN, PAT]
    to_customers = [letter for address in (ANN, PAT) for letter in rendering.letters(world, recipient=address)]
    assert not [letter for letter in to_customers if "heron" in rendering.words(letter)]
    entries = world.events(people.ticket)
    knowing = [entry for entry in entries if "heron" in f"{entry.text} {entry.changes}"]
    assert {entry.visibility for entry in knowing} == {"internal"}


def test_a_second_answer(world: World, people: People) -> None:
    """It was decided, and by whom; in a later mail and in one of the same batch."""
    world.take(own(people, SAM, f"#ask approval {KIM}, {REM}, {PAT}"))
    world.send(own(people, KIM, "approve"))
    world.send(own(people, REM, "reject"))
    world.handle()
    world.take(own(people, PAT, "reject"))
    assert state(world, people)[0] == "Approved"
    assert "This was decided already: Approved by Kim." in lines(world, "not_done", REM)
    assert "This was decided already: Approved by Kim." in lines(world, "not_done", PAT)


def test_not_asked(world: World, people: People) -> None:
    """Whoever else takes part may not decide, before nor after."""
    world.take(own(people, PAT, "approve"))
    world.take(own(people, SAM, f"#ask approval {KIM}"))
    world.take(own(people, ANN, "#approve"))
    assert state(world, people)[0] == "Requested"
    world.take(own(people, KIM, "reject"))
    world.take(own(people, ANN, "#approve"))
    for sender in (PAT, ANN):
        assert "You were not asked to approve this." in lines(world, "not_done", sender)


def test_a_stranger_decides_nothing(world: World, people: People) -> None:
    """With the letter of somebody who was asked: a pending note."""
    world.take(own(people, SAM, f"#ask approval {KIM}"))
    to = sample.ADDRESSES.reply_to(DESK, people.token(KIM))
    world.take(sample.mail(EVE, "Re", "approve", to=to, verdict="pass"))
    assert state(world, people)[0] == "Requested"
    assert world.events(people.ticket)[-1].visibility == "pending"


def test_an_unproven_answer_waits(world: World, people: People) -> None:
    """The number alone proves nothing; “confirm” decides, and all hear by one letter."""
    world.take(own(people, SAM, f"#ask approval {KIM}"))
    before = len(world.letters("update"))
    world.take(sample.mail(KIM, f"[{NUMBER}]", "approve"))
    assert state(world, people)[0] == "Requested"
    (question,) = world.letters("confirm")
    token = sample.Token("confirm", people.ticket, question.context["pending"])
    world.take(sample.mail(KIM, "Re", "confirm", to=sample.ADDRESSES.reply_to(DESK, token)))
    assert state(world, people) == ("Approved", "In Progress")
    assert sorted(told(world, "approval_result")) == [ANN, PAT]
    assert len(world.letters("update")) == before


def test_all_have_to_approve(world: World, people: People) -> None:
    """By setting: the last one decides, and until then the ticket waits and nobody is told."""
    all_must_approve(world)
    world.take(own(people, SAM, f"#ask approval {KIM}, {REM}"))
    world.take(own(people, KIM, "approve"))
    assert state(world, people) == ("Requested", "Waiting Approval")
    assert world.events(people.ticket)[-1].changes == {"answer": ["", "approve"]}
    assert told(world, "approval_result") == []
    assert lines(world, "done", KIM) == "You approved this. One more answer is needed."
    world.take(own(people, REM, "approve"))
    assert lines(world, "done", REM) == "You approved this."
    assert state(world, people) == ("Approved", "In Progress")
    assert sorted(told(world, "approval_result")) == [ANN, KIM, PAT]


def test_one_rejects_where_all_have_to_approve(world: World, people: People) -> None:
    """That decides; also by somebody who approved before."""
    all_must_approve(world)
    world.take(own(people, SAM, f"#ask approval {KIM}, {REM}"))
    world.take(own(people, KIM, "approve"))
    world.take(own(people, KIM, "reject"))
    assert state(world, people) == ("Rejected", "Update Added")
    assert answers(world, people) == {KIM: "reject", REM: ""}


def test_a_muted_approver_is_asked(world: World, people: People) -> None:
    """Who wants no letters at all still hears that they have to decide."""
    with world.database.transaction() as session:
        session.execute(update(Contact).where(Contact.id == people.contacts[KIM]).values(muted=True))
    board(world, people, KIM)
    world.take(own(people, SAM, "#ask approval"))
    assert told(world, "approval") == [KIM]
