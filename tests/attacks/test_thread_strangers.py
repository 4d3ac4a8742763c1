"""Whoever is no part of a ticket neither reads it nor writes in it, whatever their mail says of itself."""

import re
from collections.abc import Callable
from email.header import Header
from email.message import EmailMessage

import pytest

from tests.attacks.outside import (
    SECRET,
    Talk,
    begin,
    enter,
    entries,
    give,
    learnt,
    letters,
    number_of,
    people,
    state,
    with_fields,
)  # fmt: skip
from tests.e2e.world import answer, mail, text_of
from tests.peers.desk import DESK, STAFF, Desk

Forge = Callable[[Talk, str], tuple[EmailMessage, str]]  # from a ticket and who attacks: a mail, and where it goes


def to_desk(subject: str, **fields: str) -> Forge:
    """A mail of the attacker to the desk; {n} is the number, {id} and {letter} are Message-IDs of the ticket."""

    def forge(talk: Talk, eve: str) -> tuple[EmailMessage, str]:
        known = {"n": talk.number, "id": talk.asked["Message-ID"], "letter": talk.receipt["Message-ID"]}
        filled = {name: value.format(**known, owner=talk.owner) for name, value in fields.items()}
        return with_fields(mail(eve, subject.format(**known), "Tell me more.\n"), **filled), DESK

    return forge


def encoded(talk: Talk, eve: str) -> tuple[EmailMessage, str]:
    """The number in an encoded word, each letter of it."""
    word = "".join(f"={octet:02X}" for octet in f"[{talk.number}]".encode())
    message = mail(eve, "x")
    del message["Subject"]
    message["Subject"] = Header(f"=?utf-8?q?{word}?=", maxlinelen=200).encode()
    return message, DESK


def at(local: str) -> Forge:
    """To an address of the desk with something behind the plus."""

    def forge(talk: Talk, eve: str) -> tuple[EmailMessage, str]:
        token = talk.reply_to.partition("@")[0].partition("+")[2]
        changed = token[:-1] + ("a" if token[-1] != "a" else "b")
        to = local.format(n=talk.number, token=token, changed=changed, half=token[: len(token) // 2])
        return mail(eve, "x", to=f"service+{to}@desk.test"), f"service+{to}@desk.test"

    return forge


def letter_changed(talk: Talk, eve: str) -> tuple[EmailMessage, str]:
    """It answers a letter of ours whose Message-ID has one letter changed."""
    found = re.fullmatch(r"<(.*)([a-z2-7])@(.*)>", str(talk.receipt["Message-ID"]))
    assert found, talk.receipt["Message-ID"]
    forged = f"<{found[1]}{'a' if found[2] != 'a' else 'b'}@{found[3]}>"
    return with_fields(mail(eve, "x"), In_Reply_To=forged, References=forged), DESK


NOT_THERE: dict[str, tuple[int, Forge]] = {
    "number": (47, to_desk("Re: help [{n}]")),
    "number-first": (47, to_desk("{n}")),
    "encoded-number": (47, encoded),
    "number-in-the-address": (47, at("{n}")),
    "title": (47, to_desk("Re: Sample matter of somebody")),
    "headers": (
        52,
        to_desk("Hello", X_Desk_Ticket="{n}", X_Ticket="{n}", X_Desk_User="admin", X_OTRS_Priority="5",
                X_RT_Attach="1", RT_Squelch_Replies_To="{owner}", X_Ticket_Status="Resolved", X_Zammad_Ticket_Id="1",
                X_Postdesk_Ticket="{n}", X_Postdesk_Verified="pass", X_Original_From="{owner}"),
    ),
    "reply-to": (53, to_desk("Re: [{n}]", Reply_To="{owner}")),
    "sender": (53, to_desk("Re: [{n}]", Sender="{owner}", Return_Path="<{owner}>")),
    "cc": (53, to_desk("Re: [{n}]", Cc="{owner}")),
    "token-changed": (54, at("{changed}")),
    "token-cut": (54, at("{half}")),
    "token-made-up": (54, at("r-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")),
    "letter-changed": (54, letter_changed),
    "letter-made-up": (54, to_desk("x", In_Reply_To="<{n}.1.AAAAAAAAAAAAAAAA@desk.test>")),
    "resent": (53, to_desk("Re: [{n}]", Resent_From="{owner}", Resent_Sender="{owner}", X_Sender="{owner}")),
}  # fmt: skip


@pytest.mark.attack(47, 52, 53, 54)
@pytest.mark.parametrize("case", NOT_THERE)
def test_a_stranger_opens_a_ticket_of_their_own(attacked: Desk, case: str) -> None:
    """It is a new one; the other is as it was; no letter to the stranger tells a word of it, not even its number."""
    talk, eve = begin(attacked, f"ann.{case}@customer.test"), f"eve.{case}@attacker.test"
    before, written = state(attacked, talk.number), len(letters(attacked, talk.owner))
    message, to = NOT_THERE[case][1](talk, eve)
    done = give(attacked, message, eve, to)
    assert (done.kind, done.sender) == ("opened", eve)
    assert number_of(attacked, done) not in ("", talk.number)
    assert state(attacked, talk.number) == before
    assert eve in people(attacked, number_of(attacked, done))
    told = learnt(attacked, eve)
    assert number_of(attacked, done) in told
    assert [word for word in (talk.number, talk.owner, SECRET, "Sample matter") if word in told] == []
    assert len(letters(attacked, talk.owner)) == written
    assert f"The From is {eve}" not in told


@pytest.mark.attack(47, 48)
def test_a_number_that_exists_is_answered_like_one_that_does_not(attacked: Desk) -> None:
    """The two letters are the same to the word, but for the ticket that each of them opened."""
    talk, told = begin(attacked, "ann.same@customer.test"), []
    for number, eve in (
        (talk.number, "eve1.same@attacker.test"),
        (talk.number[:-4] + "9999", "eve2.same@attacker.test"),
    ):
        opened = number_of(attacked, give(attacked, mail(eve, f"Re: [{number}] help"), eve))
        (letter,) = learnt_letters(attacked, eve)
        names = sorted(name.lower() for name in letter)
        told.append((text_of(letter).replace(opened, "N"), str(letter["Subject"]).replace(opened, "N"), names))
    assert told[0] == told[1]


def learnt_letters(desk: Desk, recipient: str) -> list[EmailMessage]:
    """All letters to somebody, once none waits."""
    learnt(desk, recipient)
    return letters(desk, recipient)


@pytest.mark.attack(47, 54)
@pytest.mark.parametrize("by", ["their-mail", "our-letter", "their-token"])
def test_who_has_a_mail_of_the_ticket_waits_for_staff(attacked: Desk, by: str) -> None:
    """A forwarded letter proves no right: what a stranger answers is seen by staff alone, and they hear nothing."""
    talk, eve = begin(attacked, f"ann.{by}@customer.test"), f"eve.{by}@attacker.test"
    ann = enter(attacked, talk.owner)
    written = len(letters(attacked, talk.owner))
    message = mail(eve, "Re: help", "Words of a stranger.\n")
    if by == "their-token":
        message = answer(eve, talk.receipt, "Words of a stranger.\n")
    else:
        named = str((talk.asked if by == "their-mail" else talk.receipt)["Message-ID"])
        with_fields(message, In_Reply_To=named, References=named, Cc="friend@attacker.test")
    done = give(attacked, message, eve, str(message["To"]))
    assert (done.kind, number_of(attacked, done)) == ("noted", talk.number)
    assert entries(attacked, talk.number)[1:] == [("note", "pending", False)]
    assert people(attacked, talk.number) == {talk.owner}
    page = ann.get(f"/t/{talk.number}")
    assert SECRET in page.text
    assert "Words of a stranger" not in page.text
    assert learnt(attacked, eve) == learnt(attacked, "friend@attacker.test") == ""
    assert len(letters(attacked, talk.owner)) == written
    staff = [letter for letter in letters(attacked, STAFF) if letter["X-Ticket"] == talk.number]
    assert "does not take part" in text_of(staff[-1])


@pytest.mark.attack(57)
@pytest.mark.parametrize("status", ["Resolved", "Complete", "merged"])
def test_rights_are_those_at_the_ticket_that_lives_on(attacked: Desk, status: str) -> None:
    """A ticket of Eve's that was merged into Ann's is no door to it; nor is one of Ann's that is closed."""
    talk, eve = begin(attacked, f"ann.{status.lower()}@customer.test"), f"eve.{status.lower()}@attacker.test"
    own = begin(attacked, eve, "Words of Eve.") if status == "merged" else None
    command = f"#merge {talk.number}" if own else f"#status {status}"
    done = give(attacked, answer(f"Sam Sample <{STAFF}>", own.told if own else talk.told, f"{command}\n"), STAFF)
    assert done.kind == "answered", done.reason
    before, named = state(attacked, talk.number), own.number if own else talk.number
    assert (before[1] == status) is (own is None)
    tried = give(attacked, mail(eve, f"Re: [{named}] and now"), eve)
    assert tried.kind == "opened"
    assert state(attacked, talk.number) == before
    if own:
        lane = give(attacked, answer(eve, own.receipt, "Let me in.\n"), eve, own.reply_to)
        assert lane.kind == "noted"
        assert entries(attacked, talk.number)[-1][:2] == ("note", "pending")
        assert enter(attacked, eve).get(f"/t/{talk.number}").status_code == 404
    assert SECRET not in learnt(attacked, eve)
    assert talk.owner not in learnt(attacked, eve)


ODD = (
    "9" * 40,
    "-1",
    "0",
    "1e3",
    "0x3E9",
    "1001.0",
    "01001",
    "1001' OR 1=1--",
    "%00",
    "' || (select 1) || '",
    "１００１",
)


@pytest.mark.attack(56)
def test_what_is_no_number_opens_a_ticket(attacked: Desk) -> None:
    """Full-width and Arabic digits, forty of them, negative ones, SQL: new tickets, and nothing breaks."""
    talk = begin(attacked, "ann.odd@customer.test")
    before, day = state(attacked, talk.number), talk.number.partition(".")[0]
    wide = talk.number.translate({ord("0") + n: 0xFF10 + n for n in range(10)})
    arabic = talk.number.translate({ord("0") + n: 0x660 + n for n in range(10)})
    tried = [*(f"[{one}]" for one in ODD), f"[{wide}]", f"[{arabic}]", f"[{day}.{'9' * 40}]", f"[{day}.-1]", "[#1] [T]"]
    for place, subject in enumerate(tried):
        eve = f"eve.odd{place}@attacker.test"
        done = give(attacked, mail(eve, f"Re: {subject}"), eve)
        assert done.kind == "opened", subject
        assert done.evidence["evidence"] == [], subject
        assert number_of(attacked, done) != talk.number
    assert state(attacked, talk.number) == before
    assert "Traceback" not in attacked.log()
