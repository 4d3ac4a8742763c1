"""The receipt: who gets one, what it echoes, and how many go out."""

from dataclasses import replace

import pytest

from gateway.rules import Caps
from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ANN, DESK, EVE, FIRST_MAIL, PAT, SAM, People, World


@pytest.mark.feature("F207", "mail")
def test_a_known_contact(world: World, people: People) -> None:
    """With an echo of the words, in answer to the mail, to the requester and those who were named."""
    world.take(sample.mail(ANN, "Printer", cc=PAT, message_id="<m@customer.test>"))
    rows = world.letters("received")
    assert [(row.recipient, row.first_receipt, row.automatic) for row in rows] == [
        (ANN, False, True),
        (PAT, False, True),
    ]
    assert {row.context["reference"] for row in rows} == {"<m@customer.test>"}
    assert all(row.context["echo"] for row in rows)


@pytest.mark.parametrize("asked, sent", [("All", 0), ("DR, AutoReply", 0), ("OOF, DR", 1), ("", 1)])
def test_a_sender_who_asks_for_no_answer(world: World, people: People, asked: str, sent: int) -> None:
    """X-Auto-Response-Suppress names what is not wanted: the ticket is opened, and nothing goes back by itself."""
    done = world.take(sample.mail(ANN, "Printer", x_auto_response_suppress=asked))
    assert done.kind == "opened"
    assert len(world.letters("received", ANN)) == sent


def test_a_stranger_with_a_verified_address(world: World, people: People) -> None:
    """DKIM, SPF or DMARC passed: the address is theirs, so the receipt may repeat their words."""
    world.take(sample.mail(EVE, "Printer", verdict="pass"))
    (row,) = world.letters("received")
    assert (row.context["echo"], row.first_receipt) == (True, False)


def test_a_stranger(world: World, people: People) -> None:
    """No echo, nobody of the Cc, and refused files are counted, not named."""
    part = 'Content-Type: x/y\nContent-Disposition: attachment; filename="buy-now.exe"\n\nx'
    raw = sample.mail(
        EVE, "Buy", f"--b\n\nwords\n--b\n{part}\n--b--", cc=PAT, content_type='multipart/mixed; boundary="b"'
    )
    world.take(raw)
    (row,) = world.letters("received")
    assert (row.recipient, row.context["echo"], row.context["notes"]) == (EVE, False, ["One file was not added."])


def test_the_cap_counts_what_went_before(world: World, people: People) -> None:
    """One first receipt in an hour, over several batches."""
    for _ in range(3):
        world.take(sample.mail(EVE, "again"))
    assert len(world.letters("received")) == 1
    world.clock.forward(minutes=61)
    world.take(sample.mail(EVE, "again"))
    assert len(world.letters("received")) == 2


def test_answers_about_one_ticket_are_capped(world: World, people: People) -> None:
    """Letters about refused files and commands: so many a day to one address and ticket; all notes are kept."""
    world.rules = replace(sample.RULES, caps=Caps(receipts_per_ticket=2))
    world.intake = world.new_intake()
    part = 'Content-Type: x/y\nContent-Disposition: attachment; filename="a.exe"\n\nx'
    own = sample.ADDRESSES.reply_to(DESK, people.token(SAM))
    for number in range(4):
        body = f"--b\n\nwords {number}\n--b\n{part}\n--b--"
        kind = 'multipart/mixed; boundary="b"'
        world.take(sample.mail(ANN, "Re", body, in_reply_to=FIRST_MAIL, content_type=kind))
        world.take(sample.mail(SAM, "Re", f"#noet {number}", to=own))
    assert len(world.letters("partly_refused", ANN)) == 2
    assert len(world.letters("not_done", SAM)) == 2
    assert len(world.events(people.ticket)) == 8
