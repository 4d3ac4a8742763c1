"""Delivery reports: one to the letter's own return path changes the delivery, one that names it changes nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from gateway.token import Token
from store.tables import Delivery, Disposition, Outbox, Suppression
from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ANN, DESK, NUMBER, People, World

FINAL = f"Final-Recipient: rfc822; {ANN}"


@pytest.fixture
def letter(world: World, people: People) -> Outbox:
    """A letter to Ann about her ticket, sent."""
    world.take(sample.mail(sample.PAT, "Re: phones", "Any news?", in_reply_to=sample.FIRST_MAIL))
    (row,) = world.letters("update", ANN)
    message_id = sample.ADDRESSES.message_id(NUMBER, row.id, Token("contact", people.ticket, people.contacts[ANN]))
    with world.database.transaction() as session:
        session.execute(update(Outbox).where(Outbox.id == row.id).values(state="sent", message_id=message_id))
    return world.letters("update", ANN)[0]


def report(
    message_id: str,
    *,
    status: str = "5.1.1",
    action: str = "failed",
    to: str = DESK,
    who: str = FINAL,
    said: str = "550 no such user",
) -> bytes:
    """A delivery report (RFC 3464) about the letter with this Message-ID."""
    text = "The mail was delivered to Ann." if action == "delivered" else "The mail could not be delivered."
    body = f"""--r
Content-Type: text/plain

{text}
--r
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.customer.test

{who}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {said}
--r
Content-Type: text/rfc822-headers

From: {DESK}
To: {ANN}
Message-ID: {message_id}
--r--"""
    kind = 'multipart/report; report-type=delivery-status; boundary="r"'
    return sample.mail(
        "MAILER-DAEMON@customer.test", "Undelivered Mail", body, to=to, content_type=kind, auto_submitted="auto-replied"
    )


def come_back(world: World, letter: Outbox, **values: Any) -> Disposition:
    """A report comes to the letter's own return path (VERP), as a mail server sends it."""
    address = sample.ADDRESSES.return_path(letter.id)
    return world.take(report(letter.message_id, to=address, **values), reverse_path="", recipients=(address,))


def test_a_permanent_failure(world: World, people: People, letter: Outbox) -> None:
    """An event on the ticket, the letter refused, the address muted with the reason; nobody is answered."""
    letters = len(world.letters())
    done = come_back(world, letter)
    assert (done.kind, done.rule, done.ticket_id) == ("folded", "report", people.ticket)
    (delivery,) = world.all(select(Delivery))
    (muted,) = world.all(select(Suppression))
    assert (delivery.outbox_id, delivery.result) == (letter.id, "bounced")
    assert "550 no such user" in delivery.reply
    assert (muted.address, muted.lifted_at) == (ANN, None)
    assert "5.1.1" in muted.reason
    refused = world.letters("update", ANN)[0]
    assert (refused.state, refused.done_at) == ("refused", sample.NOW)
    last = world.events(people.ticket)[-1]
    assert (last.kind, last.visibility) == ("automatic", "internal")
    assert [row.kind for row in world.letters()[letters:]] == ["mail_trouble"]


def test_by_the_return_path_alone(world: World, people: People, letter: Outbox) -> None:
    """A report that returns nothing of the mail: its envelope recipient is the letter's return path (VERP)."""
    address = sample.ADDRESSES.return_path(letter.id)
    done = world.take(report("<gone@x>", to=address), reverse_path="", recipients=(address,))
    assert (done.rule, done.ticket_id) == ("report", people.ticket)
    assert world.count(Suppression) == 1


def test_twice(world: World, people: People, letter: Outbox) -> None:
    """Two reports about one letter: two attempts are noted, the address is muted once."""
    for _ in range(2):
        come_back(world, letter)
    assert (world.count(Delivery), world.count(Suppression)) == (2, 1)


def test_a_delay(world: World, people: People, letter: Outbox) -> None:
    """Not yet delivered: noted, nothing is muted, the letter stays sent."""
    done = come_back(world, letter, status="4.4.7", action="delayed")
    assert done.kind == "folded"
    assert world.all(select(Delivery.result)) == ["deferred"]
    assert world.count(Suppression) == 0
    assert world.letters("update", ANN)[0].state == "sent"


def test_given_up(world: World, people: People, letter: Outbox) -> None:
    """A server tried for days and stopped: the letter did not arrive, and the address is not at fault for good."""
    come_back(world, letter, status="4.4.7", action="failed")
    assert world.all(select(Delivery.result)) == ["bounced"]
    assert world.letters("update", ANN)[0].state == "refused"
    assert world.count(Suppression) == 0


@pytest.mark.parametrize(
    "forge",
    [lambda m: m.replace(".r-", ".r-a"), lambda m: "<made-up@desk.test>", lambda m: f"<{NUMBER.lower()}@desk.test>"],
)
def test_a_forged_report_changes_nothing(
    world: World, people: People, letter: Outbox, forge: Callable[[str], str]
) -> None:
    """Without our token: ignored; nobody is muted, no ticket shows it."""
    before = len(world.events(people.ticket))
    done = world.take(report(forge(letter.message_id)), reverse_path="")
    assert (done.kind, done.rule) == ("ignored", "foreign-report")
    assert world.count(Delivery) == world.count(Suppression) == 0
    assert world.letters("update", ANN)[0].state == "sent"
    assert len(world.events(people.ticket)) == before


@pytest.mark.parametrize("sender", ["eve@evil.test", "MAILER-DAEMON@customer.test", sample.SAM])
@pytest.mark.parametrize("path", ["", "eve@evil.test"])
def test_a_message_id_alone_mutes_no_customer(
    world: World, people: People, letter: Outbox, sender: str, path: str
) -> None:
    """Our Message-ID leaks in the References of an answer with a Cc: such a report is an event that proves nothing."""
    raw = report(letter.message_id).replace(b"From: MAILER-DAEMON@customer.test", f"From: {sender}".encode())
    letters = len(world.letters())
    done = world.take(raw, reverse_path=path)
    assert (done.kind, done.rule, done.ticket_id) == ("folded", "unproven-report", people.ticket)
    assert world.count(Delivery) == world.count(Suppression) == 0
    assert world.letters("update", ANN)[0].state == "sent"
    assert len(world.letters()) == letters
    assert world.events(people.ticket)[-1].text.startswith("Proves nothing: this mail looks like a delivery report")


def staff_letter(world: World, people: People) -> Outbox:
    """A letter to Sam about Ann's ticket, sent."""
    world.take(sample.mail(ANN, "Re: phones", "Any news?", in_reply_to=sample.FIRST_MAIL))
    (row,) = world.letters("customer_wrote", sample.SAM)
    with world.database.transaction() as session:
        named = sample.ADDRESSES.message_id(NUMBER, row.id, people.token(sample.SAM))
        session.execute(update(Outbox).where(Outbox.id == row.id).values(state="sent", message_id=named))
    return world.letters("customer_wrote", sample.SAM)[0]


def test_a_message_id_alone_mutes_no_staff(world: World, people: People) -> None:
    """Nor can anybody take a member of staff out of the desk like this."""
    letter = staff_letter(world, people)
    done = world.take(report(letter.message_id, who=f"Final-Recipient: rfc822; {sample.SAM}"), reverse_path="")
    assert done.rule == "unproven-report"
    assert world.count(Delivery) == world.count(Suppression) == 0
    assert world.letters("customer_wrote", sample.SAM)[0].state == "sent"


@pytest.mark.parametrize("who", [FINAL, f"Final-Recipient: rfc822; {sample.PAT}"])
def test_the_return_path_of_ones_own_letter_mutes_nobody_else(
    world: World, people: People, letter: Outbox, who: str
) -> None:
    """Pat knows the return path of the letter to Pat, and Ann's Message-ID: neither Ann nor her letter is touched."""
    world.take(sample.mail(ANN, "Re: phones", "No news.", in_reply_to=sample.FIRST_MAIL))
    with world.database.transaction() as session:
        row = session.scalars(select(Outbox).where(Outbox.recipient == sample.PAT, Outbox.kind == "update")).one()
        own = row.id
    address = sample.ADDRESSES.return_path(own)
    done = world.take(
        report(letter.message_id, to=f"{address}, {DESK}", who=who), reverse_path="", recipients=(address, DESK)
    )
    assert done.rule == "report"
    assert world.all(select(Suppression.address)) == ([sample.PAT] if sample.PAT in who else [])
    assert world.all(select(Delivery.outbox_id)) == [own]
    assert world.letters("update", ANN)[0].state == "sent"


def test_the_token_of_one_letter_says_nothing_of_another(world: World, people: People, letter: Outbox) -> None:
    """A true token with the number of another row in the Message-ID, and a return path's token as a Message-ID's."""
    forged = letter.message_id.replace(f".o{letter.id}.", f".o{letter.id + 1}.")
    assert world.take(report(forged), reverse_path="").rule == "foreign-report"
    stolen = sample.ADDRESSES.message_id(NUMBER, letter.id, Token("delivery", 0, letter.id + 1))
    assert world.take(report(stolen), reverse_path="").rule == "foreign-report"
    assert world.letters("update", ANN)[0].state == "sent"
    assert world.count(Suppression) == world.count(Delivery) == 0


def test_a_customers_words_about_a_failure_are_no_report(world: World, people: People, letter: Outbox) -> None:
    """An answer to our letter that tells of mail that came back: a note, and nobody is muted."""
    words = "My mail to bob@supplier.test could not be delivered, it says 550 user unknown."
    done = world.take(sample.mail(ANN, "Delivery failed again", words, in_reply_to=letter.message_id))
    assert (done.kind, done.ticket_id) == ("noted", people.ticket)
    assert world.count(Suppression) == world.count(Delivery) == 0


def test_a_report_in_prose_to_the_return_path(world: World, people: People, letter: Outbox) -> None:
    """A gateway that reports under its own name, in words alone: our token makes it a report all the same."""
    address = sample.ADDRESSES.return_path(letter.id)
    words = f"Unable to deliver message to <{ANN}>: 550 5.1.1 user unknown"
    raw = sample.mail("gateway@customer.test", "Mail could not be delivered", words, to=address)
    assert world.take(raw, recipients=(address,)).rule == "report"
    assert world.count(Suppression) == 1


@pytest.mark.parametrize("sender, path", [("MAILER-DAEMON@x.test", "mta@x.test"), ("gateway@x.test", "")])
def test_foreign_reports_in_prose(world: World, people: People, sender: str, path: str) -> None:
    """A daemon's name, or the null reverse path, is proof enough: ignored, and no ticket is opened."""
    words = "Unable to deliver message to <bob@x.test>: 550 5.1.1 user unknown"
    done = world.take(sample.mail(sender, "Mail could not be delivered", words), reverse_path=path)
    assert (done.kind, done.rule) == ("ignored", "foreign-report")


@pytest.mark.parametrize(
    "who, muted",
    [
        (f"Final-Recipient: rfc822; {ANN.upper()}", True),
        ("Final-Recipient: rfc822; ann@mx1.customer.test", True),
        (f"Final-Recipient: rfc822; private@elsewhere.test\nOriginal-Recipient: rfc822;{ANN}", True),
        (f"Original-Recipient: rfc822;{ANN}", True),
        ("Final-Recipient: rfc822; private@elsewhere.test", False),
        ("Final-Recipient: rfc822; pat@customer.test", False),
        ("Final-Recipient: rfc822; ann@elsewhere.test", False),
    ],
)
def test_another_recipient(world: World, people: People, letter: Outbox, who: str, muted: bool) -> None:
    """Somebody behind a forwarding rule or a list failed: noted at the letter, and nobody is muted."""
    done = come_back(world, letter, who=who)
    assert (done.rule, done.ticket_id) == ("report", people.ticket)
    assert world.all(select(Suppression.address)) == ([ANN] if muted else [])
    assert world.all(select(Delivery.result)) == ["bounced" if muted else "uncertain"]
    assert world.letters("update", ANN)[0].state == ("refused" if muted else "sent")


@pytest.mark.parametrize("ours, other, muted", [("delayed", "failed", False), ("failed", "delayed", True)])
def test_one_of_several_recipients(
    world: World, people: People, letter: Outbox, ours: str, other: str, muted: bool
) -> None:
    """What the report says of the letter's own recipient counts, and not what it says of another."""
    codes = {"delayed": "4.4.1", "failed": "5.1.1"}
    group = f"Final-Recipient: rfc822; x@customer.test\nAction: {other}\nStatus: {codes[other]}\n\n"
    who = group + FINAL
    come_back(world, letter, who=who, action=ours, status=codes[ours])
    assert world.all(select(Suppression.address)) == ([ANN] if muted else [])


def test_delayed_and_then_delivered(world: World, people: People, letter: Outbox) -> None:
    """Both are noted for what they are; nothing is muted and the letter stays sent."""
    come_back(world, letter, status="4.4.7", action="delayed")
    come_back(world, letter, status="2.0.0", action="delivered")
    assert world.all(select(Delivery.result).order_by(Delivery.id)) == ["deferred", "sent"]
    assert world.count(Suppression) == 0
    assert world.letters("update", ANN)[0].state == "sent"


def test_failed_and_then_delayed(world: World, people: People, letter: Outbox) -> None:
    """A warning that comes late takes nothing back: a person lifts what is muted."""
    come_back(world, letter)
    come_back(world, letter, status="4.4.7", action="delayed")
    assert world.all(select(Delivery.result).order_by(Delivery.id)) == ["bounced", "deferred"]
    assert (world.count(Suppression), world.letters("update", ANN)[0].state) == (1, "refused")


def test_after_a_true_report_a_forged_one(world: World, people: People, letter: Outbox) -> None:
    """It changes nothing either, and its event does not claim the mute."""
    come_back(world, letter)
    world.take(report(letter.message_id, status="2.0.0", action="delivered"), reverse_path="")
    assert (world.count(Delivery), world.count(Suppression)) == (1, 1)
    assert world.letters("update", ANN)[0].state == "refused"
    assert f"{ANN} is muted, but not because of this mail." in world.events(people.ticket)[-1].text


def test_an_id_in_free_text_proves_nothing(world: World, people: People, letter: Outbox) -> None:
    """A daemon's words that mention our Message-ID, and a foreign mail that quotes it: ignored."""
    named = letter.message_id
    words = f"<{ANN}>: 550 5.1.1 user unknown. It was {named} of desk.test.\n\nMessage-ID: {named}\n"
    done = world.take(sample.mail("MAILER-DAEMON@x.test", "Undelivered Mail", words), reverse_path="")
    assert (done.kind, done.rule) == ("ignored", "foreign-report")
    quoted = report(f"<foreign@x.test>\n\nMessage-ID: {letter.message_id}\nTo: {ANN}")
    assert world.take(quoted, reverse_path="").rule == "foreign-report"
    assert world.count(Delivery) == world.count(Suppression) == 0


def test_a_person_attaches_our_letter(world: World, people: People, letter: Outbox) -> None:
    """Somebody writes about a failure in a server's words, our letter attached: a person's mail, nobody muted."""
    body = f"""--r
Content-Type: text/plain

Your message could not be delivered to {ANN}
550 5.1.1 user unknown
--r
Content-Type: message/rfc822

From: {DESK}
To: {ANN}
Message-ID: {letter.message_id}

Hello
--r--"""
    raw = sample.mail(ANN, "Undeliverable: Hello", body, content_type='multipart/mixed; boundary="r"')
    done = world.take(raw)
    assert done.kind in ("noted", "opened")
    assert world.count(Delivery) == world.count(Suppression) == 0


def test_a_complaint_mutes_nobody(world: World, people: People, letter: Outbox) -> None:
    """A feedback report is shown on the ticket; what follows from it, staff decide."""
    body = f"""--r
Content-Type: message/feedback-report

Feedback-Type: abuse
--r
Content-Type: message/rfc822

Message-ID: {letter.message_id}

Hello
--r--"""
    kind = 'multipart/report; report-type=feedback-report; boundary="r"'
    done = world.take(sample.mail("fbl@isp.test", "Abuse report", body, content_type=kind))
    assert (done.kind, done.ticket_id) == ("folded", people.ticket)
    assert world.count(Delivery) == world.count(Suppression) == 0
    words = world.events(people.ticket)[-1].text.splitlines()[0]
    assert words.startswith("Complaint: somebody says that our letter with news of the ticket to Ann")
    assert words.endswith("It did not come to the letter's return path: it may be forged.")


@pytest.mark.parametrize(
    "status, said, muted",
    [
        ("5.1.1", "550 no", True),
        ("5.1.2", "550 no", True),
        ("5.1.10", "556 no mail here", True),
        ("5.2.1", "550 disabled", True),
        ("5.0.0", "550 5.1.1 no", True),
        ("5.0.0", "550 user unknown", True),
        ("5.0.0", "550 rejected", False),
        ("5.0.0", "550 sender unknown: no such user", False),
        ("5.1.1", "550 5.7.1 your network is blocked", False),
        ("5.2.2", "552 mailbox full", False),
        ("5.3.4", "552 too large", False),
        ("5.4.4", "host or domain name not found", False),
        ("5.7.1", "550 no such user for you", False),
        ("4.4.7", "user unknown", False),
    ],
)
def test_what_mutes(world: World, people: People, letter: Outbox, status: str, said: str, muted: bool) -> None:
    """Only where nobody is at the address; after every other failure the next letter may arrive."""
    come_back(world, letter, status=status, said=said)
    assert world.all(select(Suppression.address)) == ([ANN] if muted else [])
    assert world.letters("update", ANN)[0].state == "refused"


@pytest.mark.parametrize(
    "values, first, muted",
    [
        ({}, "Not delivered: our letter with news of the ticket to Ann (ann@customer.test) did not arrive.", True),
        ({"status": "5.2.2", "said": "552 mailbox full"}, "Not delivered: our letter", False),
        ({"status": "4.4.7", "action": "delayed"}, "Late: our letter with news of the ticket to Ann", False),
        ({"status": "2.0.0", "action": "delivered"}, "Delivered: our letter with news of the ticket to Ann", None),
        ({"who": "Final-Recipient: rfc822; x@else.test"}, "Unclear: this report on our letter", False),
    ],
)
def test_the_event_says_what_became_of_the_letter(
    world: World, people: People, letter: Outbox, values: dict[str, str], first: str, muted: bool | None
) -> None:
    """Above the report's own words: which letter to whom, what became of it, what the server said, and the mute."""
    come_back(world, letter, **values)
    lines = world.events(people.ticket)[-1].text.splitlines()
    assert lines[0].startswith(first)
    if muted is not None:
        assert lines[1].startswith("The server said: “")
        assert lines[2].startswith(f"{ANN} is muted: it gets no letters" if muted else f"We go on writing to {ANN}.")
    assert lines[-1].startswith("The mail ")
