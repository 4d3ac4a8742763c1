"""#split: a note becomes a ticket of its author's, and nothing of the old one is told."""

from sqlalchemy import select

from gateway.token import Token
from store.tables import Attachment, Contact, Ticket
from tests.gateway import desk_world as sample
from tests.gateway.commands.staff_mails import OTHER, answer, other, refused, reply, stranger
from tests.gateway.desk_world import DESK, EVE, FIRST_MAIL, GONE, NUMBER, PAT, REM, SAM, People, World


def test_split_a_note_that_waits(world: World, people: People) -> None:
    """A ticket of its author's with a receipt; it leaves the lane; nothing of Ann's ticket is told."""
    raw = "I know more."
    letter = stranger(world, raw)
    answer(world, people, "#split", letter)
    (made,) = world.all(select(Ticket).where(Ticket.title == "Phones, and my own"))
    (first,) = world.events(made.id)
    assert (first.text, first.visibility, first.verified) == (raw, "public", False)
    eve = world.all(select(Contact).where(Contact.id == made.requester_id))[0]
    assert eve.addresses[0].address == EVE
    note = next(e for e in world.events(people.ticket) if e.kind == "note")
    assert (first.received_id, first.at) == (note.received_id, note.at)
    assert (note.visibility, note.changes) == ("internal", {"split to": ["", "a ticket of its own"]})
    assert world.links(made.id) == [(people.ticket, "split")]
    (receipt,) = world.letters("received", EVE)
    assert (receipt.ticket_id, receipt.context["echo"], receipt.first_receipt) == (made.id, False, True)
    assert [row.recipient for row in world.letters("new_ticket")] == [SAM]
    assert {row.recipient for row in world.letters()} == {EVE, SAM}
    assert EVE not in world.people(people.ticket)


def test_a_stranger_learns_no_title(world: World, people: People) -> None:
    """Her mail has no subject: the new ticket does not get the words that staff gave to Ann's."""
    world.take(sample.mail(EVE, "Re:", "Hello", in_reply_to=FIRST_MAIL))
    answer(world, people, "#split", world.letters("customer_wrote", SAM)[0])
    (receipt,) = world.letters("received", EVE)
    assert world.ticket(receipt.ticket_id).title == "No subject"


def test_split_with_a_title(world: World, people: People) -> None:
    """Behind #split stands the title."""
    answer(world, people, "#split Eve wants a phone", stranger(world))
    (receipt,) = world.letters("received", EVE)
    assert world.ticket(receipt.ticket_id).title == "Eve wants a phone"


def test_a_stranger_replies_to_a_split_ticket(world: World, people: People) -> None:
    """To her receipt: a note on her own ticket; to the old thread: still in the lane of Ann's."""
    answer(world, people, "#split", stranger(world))
    (receipt,) = world.letters("received", EVE)
    token = Token("contact", receipt.ticket_id or 0, receipt.contact_id or 0)
    to = sample.ADDRESSES.reply_to(DESK, token)
    done = world.take(sample.mail(EVE, "Re: mine", "Thanks for looking into it.", to=to), recipients=(to,))
    assert (done.kind, done.ticket_id) == ("noted", receipt.ticket_id)
    again = world.take(sample.mail(EVE, "Re: Phones", "And this.", in_reply_to=FIRST_MAIL))
    assert again.ticket_id == people.ticket
    assert [e.visibility for e in world.events(people.ticket) if e.text == "And this."] == ["pending"]


def test_split_a_note_that_everybody_reads(world: World, people: People) -> None:
    """Pat's note on Ann's ticket becomes Pat's ticket; it stays where it is as well, with its files."""
    body = "Mine.\n--x\nContent-Type: text/csv\nContent-Disposition: attachment; filename=list.csv\n\na,b\n--x--"
    fields = {"mime_version": "1.0", "content_type": 'multipart/mixed; boundary="x"'}
    text = f"--x\nContent-Type: text/plain\n\n{body}"
    world.take(sample.mail(PAT, f"Re: [{NUMBER}] Phones", text, verdict="pass", **fields))
    answer(world, people, "#split", world.letters("customer_wrote", SAM)[0])
    (receipt,) = world.letters("received", PAT)
    made = world.ticket(receipt.ticket_id)
    assert (made.title, made.requester_id, receipt.context["echo"]) == ("Phones", people.contacts[PAT], True)
    (old,) = [e for e in world.events(people.ticket) if e.kind == "note"]
    assert (old.visibility, old.changes) == ("public", {"status": ["In Progress", "Update Added"]})
    files = world.all(select(Attachment).order_by(Attachment.id))
    assert [(f.ticket_id, f.name) for f in files] == [(people.ticket, "list.csv"), (made.id, "list.csv")]
    assert files[0].digest == files[1].digest


def test_split_twice(world: World, people: People) -> None:
    """The second time there is nothing to take away."""
    letter = stranger(world)
    answer(world, people, "#split", letter)
    answer(world, people, "#split", letter)
    assert "a ticket of its own already" in refused(world)
    assert len(world.letters("received", EVE)) == 1


def test_the_only_note_that_waits(world: World, people: People) -> None:
    """From any letter of the ticket; with two of them Sam must say which."""
    stranger(world)
    world.take(reply(people, "#split"))
    assert len(world.letters("received", EVE)) == 1
    for name in ("one", "two"):
        world.take(sample.mail(f"{name}@elsewhere.test", "Re: x", name, in_reply_to=FIRST_MAIL))
    world.take(reply(people, "#split"))
    assert "2 notes wait, from one@elsewhere.test, two@elsewhere.test" in refused(world)


def test_nothing_to_split(world: World, people: People) -> None:
    """No note waits, and the letter tells of none."""
    world.take(reply(people, "#split"))
    assert "not clear which note is meant" in refused(world)


def test_a_letter_of_another_ticket(world: World, people: People) -> None:
    """The number of a letter in a Message-ID is not signed: it cannot be used to reach into another ticket."""
    letter = stranger(world)
    second = other(world, people)
    token = people.token(SAM, second)
    named = sample.ADDRESSES.message_id(OTHER, letter.id, token)
    to = sample.ADDRESSES.reply_to(DESK, token)
    world.take(sample.mail(SAM, f"Re: [{OTHER}]", "#split", to=to, in_reply_to=named))
    assert "not clear which note is meant" in refused(world)
    assert world.letters("received") == []


def test_removed_people_do_not_come_back_by_a_split(world: World, people: People) -> None:
    """Rem was removed from Ann's ticket: his note becomes his ticket, and hers stays closed to him."""
    to = sample.ADDRESSES.reply_to(DESK, people.token(REM))
    world.take(sample.mail(REM, "Re: Phones", "Me again.", to=to), recipients=(to,))
    answer(world, people, "#split", world.letters("customer_wrote", SAM)[0])
    assert len(world.letters("received", REM)) == 1
    assert world.people(people.ticket) == {PAT, GONE}
