"""Machines that write to the desk: what could answer again is not answered, and a forged report silences nobody."""

import email.policy
import smtplib

import pytest
from sqlalchemy import func, select

from store.tables import Suppression
from tests.attacks.outside import (
    Talk,
    begin,
    entries,
    give,
    learnt,
    letters,
    number_of,
    people,
    settle,
    state,
    with_fields,
)
from tests.attacks.service import became, hand_over
from tests.e2e.world import answer, letter_about, mail
from tests.peers.desk import DESK, STAFF, Desk

AUTOMATIC: dict[str, dict[str, str]] = {
    "auto-replied": {"Auto_Submitted": "auto-replied"},
    "auto-generated": {"Auto_Submitted": "auto-generated"},
    "odd": {"Auto_Submitted": "AUTO-notified; owner-email=a@b"},
    "bulk": {"Precedence": "bulk"},
    "list-id": {"List_Id": "<l.customer.test>", "List_Unsubscribe": "<mailto:x@customer.test>"},
    "autoreply": {"X_Autoreply": "yes"},
    "suppress": {"X_Auto_Response_Suppress": "All"},
    "null-sender": {},
}


@pytest.mark.attack(61)
@pytest.mark.parametrize("case", AUTOMATIC)
def test_what_a_machine_wrote_is_never_answered(attacked: Desk, case: str) -> None:
    """Alone or on a ticket, whatever marks it: kept with an outcome, and no letter goes back to it (RFC 3834)."""
    sender, owner = f"machine.{case}@other.test", f"ann.machine-{case}@customer.test"
    envelope = "<>" if case == "null-sender" else sender
    alone = with_fields(mail(sender, "Disk full"), **AUTOMATIC[case])
    assert give(attacked, alone, envelope).kind in ("opened", "held")
    assert learnt(attacked, sender) == ""
    if case in ("suppress", "null-sender"):  # on a ticket such a mail may be a person's
        return
    talk = begin(attacked, owner)
    before, written = state(attacked, talk.number), len(letters(attacked, owner))
    away = with_fields(answer(owner, talk.receipt, "#withdraw\nI am away.\n"), **AUTOMATIC[case])
    assert give(attacked, away, owner, talk.reply_to).kind == "folded"
    assert state(attacked, talk.number)[:6] == before[:6]
    assert [entry[:2] for entry in entries(attacked, talk.number)[1:]] == [("automatic", "internal")]
    settle(attacked)
    assert len(letters(attacked, owner)) == written


@pytest.mark.attack(61)
def test_a_person_who_says_that_nothing_is_automatic_is_answered(attacked: Desk) -> None:
    """The control: `Auto-Submitted: no` is a mail like any other."""
    sender = "person.no@other.test"
    done = give(attacked, with_fields(mail(sender, "Hello"), Auto_Submitted="no"))
    assert number_of(attacked, done) in learnt(attacked, sender)


@pytest.mark.attack(62)
def test_our_own_letters_come_back(attacked: Desk) -> None:
    """By whatever way a letter of ours returns: ignored as our own, and nothing is written or answered."""
    owner = "ann.own@customer.test"
    talk = begin(attacked, owner)
    before = state(attacked, talk.number)
    rules = []
    for sender in (owner, DESK, "forwarder@other.test"):
        done = became(attacked, hand_over(attacked, talk.receipt.as_bytes(policy=email.policy.SMTP), sender))
        assert done.kind == "ignored"
        rules.append(done.rule)
    assert rules == ["own-mail", "duplicate", "duplicate"]
    assert state(attacked, talk.number) == before
    settle(attacked)
    assert len(letters(attacked, owner)) == 1
    assert learnt(attacked, "forwarder@other.test") == learnt(attacked, DESK) == ""


@pytest.mark.attack(62)
def test_a_mail_in_circles_waits_for_a_person(attacked: Desk) -> None:
    """More than fifty servers passed it on: held, and not answered."""
    sender = "circle@other.test"
    hops = b"Received: from a by b; Mon, 03 Aug 2026 10:00:00 +0000\r\n" * 60
    raw = hops + mail(sender, "Round and round").as_bytes().replace(b"\n", b"\r\n")
    done = became(attacked, hand_over(attacked, raw, sender))
    assert (done.kind, done.rule) == ("held", "hops")
    assert learnt(attacked, sender) == ""


@pytest.mark.attack(63)
def test_two_desks_do_not_talk_for_ever(attacked: Desk) -> None:
    """Another desk answers every letter of ours with a new subject and no mark of a machine: one receipt, no more."""
    other = "helpdesk@desk.other.test"
    for place in range(6):
        give(attacked, mail(other, f"Ticket OTH-{place} received", "Your request was received.\n"))
    settle(attacked)
    assert len(letters(attacked, other)) == 1


@pytest.mark.attack(63)
def test_a_machine_that_is_a_customer_ends_with_held_mail(attacked: Desk) -> None:
    """A known correspondent is a person until proven otherwise: a receipt each, and from the 21st mail on none."""
    other = "helpdesk@known.test"
    attacked.run("contact", "add", other, "--name", "Sample Helpdesk", "--no-activate")
    done = [give(attacked, mail(other, f"Ticket KNO-{place} received", "It was received.\n")) for place in range(23)]
    assert [(one.kind, one.rule) for one in done] == [("opened", "new")] * 20 + [("held", "flood")] * 3
    settle(attacked)
    assert len(letters(attacked, other)) == 20


@pytest.mark.attack(63)
def test_an_autoresponder_without_a_mark_is_not_answered_on_its_ticket(attacked: Desk) -> None:
    """It answers each of our letters by the reply address: nothing of ours goes back to it, so the game ends."""
    owner = "robot@customer.test"
    talk = begin(attacked, owner)
    for place in range(5):
        give(attacked, answer(owner, talk.receipt, f"We received your message {place}.\n"), owner, talk.reply_to)
    settle(attacked)
    assert len(letters(attacked, owner)) == 1


def report(talk: Talk, victim: str, about: str) -> bytes:
    """A delivery report that says a letter of ours could not be delivered (RFC 3464)."""
    return (
        f"From: MAILER-DAEMON@attacker.test\r\nTo: {DESK}\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        f"Message-ID: <{about.strip('<>')[:20]}.{talk.number}@attacker.test>\r\nAuto-Submitted: auto-replied\r\n"
        "Date: Mon, 03 Aug 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        f"--b\r\n\r\n550 5.1.1 <{victim}> unknown\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx.attacker.test\r\n\r\nFinal-Recipient: rfc822; {victim}\r\nAction: failed\r\n"
        f"Status: 5.1.1\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {about}\r\n"
        f"From: {DESK}\r\nTo: {victim}\r\nSubject: x\r\n\r\n--b--\r\n"
    ).encode()


@pytest.mark.attack(66)
@pytest.mark.parametrize("about", ["nothing", "letter"])
@pytest.mark.parametrize("to", ["desk", "reply", "return"])
def test_a_forged_report_silences_nobody(attacked: Desk, about: str, to: str) -> None:
    """Without the letter's own return path it proves nothing: the victim gets the next letter as before."""
    owner = f"ann.{about}-{to}@customer.test"
    talk = begin(attacked, owner)
    named = str(talk.receipt["Message-ID"]) if about == "letter" else "<made-up@desk.test>"
    made_up = "service+b-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@desk.test"
    where = {"desk": DESK, "reply": talk.reply_to, "return": made_up}[to]
    for _ in range(3):
        became(attacked, hand_over(attacked, report(talk, owner, named), "<>", where))
    assert entries(attacked, talk.number)[0][0] == "note"
    assert {entry[1] for entry in entries(attacked, talk.number)[1:]} <= {"internal"}
    with attacked.database.reading() as session:
        assert session.scalar(select(func.count()).where(Suppression.address == owner)) == 0
    give(attacked, answer(f"Sam Sample <{STAFF}>", talk.told, "Here is the answer.\n"), STAFF)
    assert "Here is the answer." in learnt(attacked, owner)
    assert learnt(attacked, "MAILER-DAEMON@attacker.test") == ""


@pytest.mark.attack(67)
def test_one_mail_to_several_desk_addresses_is_one_ticket(guarded: Desk) -> None:
    """In one envelope or in two, as relays split them: one ticket, one receipt."""
    sender = "ann.several@customer.test"
    raw = mail(sender, "To both", to=f"{DESK}, sales@desk.test").as_bytes(policy=email.policy.SMTP)
    accepted = guarded.accepted()
    with smtplib.SMTP("127.0.0.1", guarded.smtp, timeout=60) as client:
        client.sendmail(sender, [DESK, "sales@desk.test", DESK.upper()], raw)
        client.sendmail(sender, ["sales@desk.test"], raw)
        client.sendmail(sender, [DESK], raw)
    guarded.wait_handled(accepted + 3)
    mine = [(done.kind, done.rule) for done in guarded.dispositions() if done.sender == sender]
    assert sorted(mine) == [("ignored", "duplicate"), ("ignored", "duplicate"), ("opened", "new")]
    settle(guarded)
    (receipt,) = letters(guarded, sender)
    assert people(guarded, str(receipt["X-Ticket"])) == {sender}
    assert letter_about(guarded, STAFF, str(receipt["X-Ticket"]))
