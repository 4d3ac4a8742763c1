"""What staff hand on by mail: a customer's mail that becomes the customer's ticket, and letters with credentials."""

from typing import Any

import pytest
from sqlalchemy import select

from desk.notes import NOTE_LENGTH
from gateway.token import Token
from store.tables import Contact, Event
from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ANN, DESK, EVE, GONE, KIM, NUMBER, SAM, SUE, People, World
from tests.gateway.test_forwarded import QUOTED, passed_on

JANE = "jane@customer.test"


def quoted(sender: str = f"Jane Roe <{JANE}>", words: str = "Nobody can call out.", more: str = "") -> str:
    """A mail as a program quotes it when somebody passes it on."""
    return (
        f"---------- Forwarded message ---------\nFrom: {sender}\nDate: Mon, 23 Nov 2026 at 09:00\n"
        f"Subject: Phones are down\nTo: <sam@desk.test>\n{more}\n{words}"
    )


def forward(body: str, *, verdict: sample.Verdict = "pass", sender: str = SAM, **fields: str) -> bytes:
    """A new mail that passes another one on."""
    return sample.mail(sender, "Fwd: Phones are down", body, verdict=verdict, **fields)


def confirm(world: World) -> Any:
    """Sam answers the question whether to do it."""
    (question,) = world.letters("confirm", SAM)
    to = sample.ADDRESSES.reply_to(DESK, Token("confirm", 0, question.context["pending"]))
    return world.take(sample.mail(SAM, "Re: Confirm", "confirm", to=to), recipients=(to,))


def requester(world: World, ticket_id: int | None) -> str:
    """Whose ticket it is, by address."""
    person = world.ticket(ticket_id).requester_id
    return str(world.all(select(Contact).where(Contact.id == person))[0].addresses[0].address)


def entries(world: World, ticket_id: int | None) -> dict[str, Event]:
    """The notes of a ticket by their visibility, one of each."""
    found = [event for event in world.events(ticket_id) if event.kind == "note"]
    assert len({event.visibility for event in found}) == len(found)
    return {event.visibility: event for event in found}


def refused(world: World) -> str:
    """What Sam reads of why it was not done: he is told in one letter or the other."""
    letters = [*world.letters("not_done", SAM), *world.letters("received", SAM)]
    return str([(letter.context.get("lines"), letter.context.get("notes")) for letter in letters])


# #forward


@pytest.mark.parametrize("above", ["#forward\nShe called as well.", "She called as well.\n#forward"])
def test_forward(world: World, people: People, above: str) -> None:
    """The ticket is Jane's, with her words, which nobody proved; Sam's stay inside, and he reads how to undo it."""
    done = world.take(forward(f"{above}\n\n{quoted()}"))
    assert (done.kind, requester(world, done.ticket_id)) == ("opened", JANE)
    assert world.ticket(done.ticket_id).title == "Phones are down"
    notes = entries(world, done.ticket_id)
    theirs, inside = notes["public"], notes["internal"]
    assert (theirs.text, theirs.verified, theirs.author) == ("Nobody can call out.", False, "Jane Roe")
    assert (theirs.folded, theirs.html, theirs.changes) == ("", "", {})
    assert (inside.text, inside.staff_id) == (
        "She called as well.\n\nThe mail was passed on by Sam.",
        people.staff[SAM],
    )
    (told,) = world.letters("done", SAM)
    assert told.context["lines"] == [f"The ticket is for {JANE}. Not right? Reply with #contact and the right address."]
    assert told.ticket_id == done.ticket_id
    (receipt,) = world.letters("received")
    assert (receipt.recipient, receipt.event_id) == (JANE, theirs.id)
    assert "She called" not in str(receipt.context)
    assert world.people(done.ticket_id) == set()


@pytest.mark.parametrize("text", QUOTED.values(), ids=QUOTED)
def test_forward_of_every_program(world: World, people: People, text: str) -> None:
    """Whichever way the header is quoted."""
    done = world.take(forward(f"#forward\n\n{text}"))
    assert world.ticket(done.ticket_id).requester_id == people.contacts[ANN]
    assert entries(world, done.ticket_id)["public"].text.startswith("Nobody")


def test_a_signature_above_what_is_passed_on(world: World, people: People) -> None:
    """It ends Sam's words, and no more."""
    done = world.take(forward(f"#forward\nFor you.\n\n-- \nSam\nDesk\n\n{quoted()}"))
    notes = entries(world, done.ticket_id)
    assert notes["public"].text == "Nobody can call out."
    assert notes["internal"].text == "For you.\n\nThe mail was passed on by Sam."


def test_without_the_command(world: World, people: People) -> None:
    """The ticket stays Sam's, and shows all of it."""
    done = world.take(forward(f"For you.\n\n-- \nSam\n\n{quoted()}"))
    (entry,) = world.events(done.ticket_id)
    assert requester(world, done.ticket_id) == SAM
    assert entry.text.startswith("For you.")
    assert entry.text.endswith("Nobody can call out.")


def test_commands_in_what_is_passed_on_are_none(world: World, people: People) -> None:
    """Whoever wrote the mail gives no commands in Sam's name, whether he passes it on with #forward or without."""
    second = sample.add_ticket(world.database, people.contacts[ANN], "T20261101.0002", "<second@customer.test>")
    words = f"Nobody can call out.\n\n#assign {SUE}\n#link T20261101.0002"
    for above in ("#forward\n\n", "Look.\n\n", ""):
        done = world.take(forward(f"{above}{quoted(words=words)}"))
        assert world.ticket(done.ticket_id).assignee_id is None
        assert world.links(done.ticket_id) == []
        assert "#assign" in "\n".join(event.text for event in world.events(done.ticket_id))
    assert world.links(second) == []


def test_a_customer_passes_on_no_commands(world: World, people: People) -> None:
    """Nor in Ann's name, when she passes on what a stranger sent her."""
    words = "Hello\n\n#copy eve@elsewhere.test\n#unshare organisation"
    done = world.take(forward(f"Is this right?\n\n{quoted(f'Eve <{EVE}>', words)}", sender=ANN))
    assert world.ticket(done.ticket_id).shared
    assert EVE not in {row.recipient for row in world.letters()}
    assert "#unshare" in world.events(done.ticket_id)[0].text


def test_unproven_it_waits_for_confirm(world: World, people: People) -> None:
    """The ticket is Sam's first. Confirmed, it is Jane's: her words are hers, and what Sam wrote stays inside."""
    done = world.take(forward(f"#forward\nShe never pays.\n\n{quoted()}", verdict="none"))
    assert requester(world, done.ticket_id) == SAM
    assert world.letters(recipient=JANE) == []
    (question,) = world.letters("confirm", SAM)
    assert question.context["lines"] == [f"#forward: the ticket becomes that of {JANE}."]
    confirm(world)
    assert requester(world, done.ticket_id) == JANE
    notes = entries(world, done.ticket_id)
    assert notes["public"].text == "Nobody can call out."
    assert "She never pays." in notes["internal"].text
    (receipt,) = world.letters(recipient=JANE)
    assert (receipt.kind, receipt.event_id) == ("received", notes["public"].id)
    assert JANE in world.letters("done", SAM)[0].context["lines"][0]
    assert world.people(done.ticket_id) == set()


def test_confirmed_too_late(world: World, people: People) -> None:
    """Somebody gave the ticket to Ann in the meantime: the old question changes nothing."""
    done = world.take(forward(f"#forward\n\n{quoted()}", verdict="none"))
    to = sample.ADDRESSES.reply_to(DESK, people.token(SAM, done.ticket_id or 0))
    world.take(sample.mail(SAM, "Re: Phones", f"#contact {ANN}", to=to), recipients=(to,))
    confirm(world)
    assert requester(world, done.ticket_id) == ANN
    assert "was changed before you confirmed" in refused(world)
    assert world.letters(recipient=JANE) == []


def test_a_forged_colleague_opens_nothing_for_others(world: World, people: People) -> None:
    """Somebody writes as Sam: the question goes to Sam, and nothing to the customer named."""
    world.take(forward(f"#forward\n\n{quoted()}", verdict="fail"))
    world.take(forward(f"#forward\n\n{quoted()}", verdict="none", message_id="<again@elsewhere.test>"))
    assert {row.recipient for row in world.letters()} == {SAM}


@pytest.mark.parametrize(
    "sender, told",
    [
        (f"Sue <{SUE}>", "address of the desk"),
        (f"Desk <{DESK}>", "address of the desk"),
        ("nobody", "found no mail"),
        (f"Gone <{GONE}>", "is not active"),
    ],
)
def test_nobodys_ticket(world: World, people: People, sender: str, told: str) -> None:
    """Where the header names nobody whose ticket it could be, it stays Sam's, and he reads why."""
    done = world.take(forward(f"#forward\n\n{quoted(sender)}"))
    assert requester(world, done.ticket_id) == SAM
    assert told in refused(world)


@pytest.mark.parametrize("body", ["#forward\n\nThe phones are down.", f"#forward {JANE}\n\n{quoted()}"])
def test_no_mail_below_it(world: World, people: People, body: str) -> None:
    """Without a mail, or with an address behind it."""
    done = world.take(forward(body))
    assert requester(world, done.ticket_id) == SAM
    assert "#forward" in refused(world)


def test_forward_and_contact(world: World, people: People) -> None:
    """Two people cannot both be the contact."""
    done = world.take(forward(f"#forward\n#contact {ANN}\n\n{quoted()}"))
    assert requester(world, done.ticket_id) == SAM
    assert "contradict" in refused(world)


def test_in_a_reply(world: World, people: People) -> None:
    """It says what #forward is for; nothing goes to the customer."""
    to = sample.ADDRESSES.reply_to(DESK, people.token(SAM))
    world.take(sample.mail(SAM, f"Re: [{NUMBER}]", "#forward\nLook.", to=to), recipients=(to,))
    assert "#forward is for a new mail" in refused(world)
    assert world.letters("update") == []


def test_it_can_be_undone(world: World, people: People) -> None:
    """#contact with the right address in a reply to the answer: Jane takes part, Kim is who it is for."""
    done = world.take(forward(f"#forward\n\n{quoted()}"))
    to = sample.ADDRESSES.reply_to(DESK, people.token(SAM, done.ticket_id or 0))
    world.take(sample.mail(SAM, "Re: Phones", f"#contact {KIM}", to=to), recipients=(to,))
    assert requester(world, done.ticket_id) == KIM


def test_forward_of_an_attached_mail(world: World, people: People) -> None:
    """It is the customer's in any case; with the command Sam reads whose."""
    done = world.take(passed_on("#forward\r\nShe called as well."))
    assert requester(world, done.ticket_id) == ANN
    assert entries(world, done.ticket_id)["internal"].text.startswith("She called as well.")
    assert ANN in world.letters("done", SAM)[0].context["lines"][0]


def test_what_sam_mistyped_is_not_for_the_customer(world: World, people: People) -> None:
    """The answer about a command goes to whoever wrote it, not into the receipt of somebody else."""
    world.take(passed_on("#asign nobody\r\nShe never pays."))
    (receipt,) = world.letters("received", ANN)
    assert "asign" not in str(receipt.context)
    assert "asign" in str(world.letters("not_done", SAM)[0].context)


def test_a_long_mail(world: World, people: People) -> None:
    """What does not fit into a note is kept beside it."""
    words = "word " * 4000
    done = world.take(forward(f"#forward\n\n{quoted(words=words)}"))
    theirs = entries(world, done.ticket_id)["public"]
    assert len(theirs.text) == NOTE_LENGTH
    assert theirs.folded == words.strip()
