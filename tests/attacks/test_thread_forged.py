"""A From that anybody could have written: what it may do, and what it never does."""

from email.message import EmailMessage

import pytest

from tests.attacks.conftest import RELAY
from tests.attacks.outside import (
    SECRET,
    Post,
    Talk,
    begin,
    enter,
    entries,
    give,
    learnt,
    letters,
    number_of,
    people,
    pour,
    state,
    with_fields,
)  # fmt: skip
from tests.attacks.service import became, hand_over
from tests.e2e.world import answer, mail, outcome_of, text_of
from tests.peers.desk import DESK, STAFF, Desk

FAILED = f"{RELAY}; dmarc=fail header.from=customer.test"
PASSED = f"{RELAY}; dmarc=pass header.from=customer.test"


def names(local: str) -> tuple[str, str]:
    """A customer and an attacker of one test."""
    return f"ann.{local}@customer.test", f"eve.{local}@attacker.test"


@pytest.mark.attack(49)
@pytest.mark.parametrize("by", ["number", "token", "thread"])
def test_a_sender_whose_domain_disowns_the_mail_waits_for_a_person(guarded: Desk, by: str) -> None:
    """DMARC failed: held, whatever it brings; the ticket is as it was, and nobody but staff hears of it."""
    owner, eve = names(f"dmarc-{by}")
    talk = begin(guarded, owner)
    before, written = state(guarded, talk.number), len(letters(guarded, owner))
    forged = mail(owner, f"Re: [{talk.number}]", "Send the money to me.\n")
    if by != "number":
        forged = answer(owner, talk.receipt, "Send the money to me.\n")
    to = DESK if by == "thread" else str(forged["To"])
    done = give(guarded, with_fields(forged, Authentication_Results=FAILED), eve, to)
    assert (done.kind, done.rule, done.ticket_id) == ("held", "sender-failed", None)
    assert state(guarded, talk.number) == before
    assert learnt(guarded, eve) == ""
    assert len(letters(guarded, owner)) == written


@pytest.mark.attack(50)
@pytest.mark.parametrize(
    "fields",
    [
        [PASSED.replace(RELAY, "mx.attacker.test")],
        ["mx.attacker.test; none", PASSED],
        [f"{RELAY}; dmarc=none header.from=customer.test", PASSED],
        [PASSED.replace(RELAY, f"{RELAY}.attacker.test")],
        [PASSED.replace(RELAY, f"attacker.test ({RELAY})")],
        [f"{RELAY}; dmarc=pass header.from=attacker.test"],
        [f"{RELAY}; dkim=pass header.d=attacker.test (customer.test); spf=pass smtp.mailfrom=eve@attacker.test"],
    ],
    ids=range(7),
)
def test_results_that_somebody_else_wrote_prove_nothing(
    guarded: Desk, fields: list[str], request: pytest.FixtureRequest
) -> None:
    """Another server's, those below the topmost, those about another domain: the note is marked as not verified."""
    owner, eve = names(f"results-{request.node.callspec.id}")
    talk = begin(guarded, owner)
    lines = "".join(f"Authentication-Results: {one}\r\n" for one in fields).encode()
    raw = lines + mail(owner, f"Re: [{talk.number}]", "It is me.\n").as_bytes().replace(b"\n", b"\r\n")
    done = became(guarded, hand_over(guarded, raw, eve))
    assert (done.kind, done.rule) == ("noted", "E4-unverified"), done.reason
    assert entries(guarded, talk.number)[1:] == [("note", "public", False)]
    assert "Not verified" in enter(guarded, STAFF).get(f"/t/{talk.number}").text


@pytest.mark.attack(49, 50)
def test_what_the_relay_itself_found_counts(guarded: Desk) -> None:
    """The control of the two tests above: its own topmost results do prove a sender."""
    owner, _ = names("proven")
    talk = begin(guarded, owner)
    note = with_fields(mail(owner, f"Re: [{talk.number}]", "It is me.\n"), Authentication_Results=PASSED)
    assert give(guarded, note).rule == "E4-note"
    assert entries(guarded, talk.number)[1:] == [("note", "public", True)]


@pytest.mark.attack(49, 53)
def test_an_unproven_sender_changes_nothing(attacked: Desk) -> None:
    """By the number alone: a note that is marked; no command, no participant, nothing opened again, no word to Eve."""
    owner, eve = names("unproven")
    talk = begin(attacked, owner)
    done = give(attacked, answer(f"Sam Sample <{STAFF}>", talk.told, "#status Resolved\n"), STAFF)
    assert done.kind == "answered"
    before = state(attacked, talk.number)
    words = "#withdraw\nstatus: closed\nowner: eve\ncc: " + eve + "\nContact: " + eve + "\nPlease.\n"
    forged = mail(owner, f"PAYMENT CHANGED [{talk.number}]", words)
    with_fields(forged, Reply_To=eve, Sender=eve, Cc=eve, Disposition_Notification_To=eve, Return_Receipt_To=eve)
    done = give(attacked, forged, eve, DESK)
    assert (done.kind, done.rule) == ("noted", "E4-unverified")
    after = state(attacked, talk.number)
    assert after[:6] == before[:6]
    assert people(attacked, talk.number) == {owner}
    staff = give(attacked, answer(f"Sam Sample <{STAFF}>", talk.told, f"{SECRET}, Sam says.\n"), STAFF)
    assert staff.kind == "noted"
    assert learnt(attacked, eve) == ""
    assert SECRET in learnt(attacked, owner)


@pytest.mark.attack(53)
def test_a_new_request_answers_to_from_alone(attacked: Desk) -> None:
    """Neither Reply-To nor Sender nor a stranger in Cc gets the receipt of somebody else's request, or what follows."""
    owner, eve = names("reply-to")
    asked = with_fields(mail(owner, "Password lost"), Reply_To=eve, Sender=eve, Cc=f"friend.{eve}")
    number = number_of(attacked, give(attacked, asked, eve, DESK))
    receipt = [letter for letter in letters_of(attacked, owner) if letter["X-Ticket"] == number]
    assert len(receipt) == 1
    assert people(attacked, number) == {owner}
    told = next(letter for letter in letters(attacked, STAFF) if letter["X-Ticket"] == number)
    give(attacked, answer(f"Sam Sample <{STAFF}>", told, f"{SECRET}.\n"), STAFF)
    assert SECRET in learnt(attacked, owner)
    assert learnt(attacked, eve) == learnt(attacked, f"friend.{eve}") == ""


def letters_of(desk: Desk, recipient: str) -> list[EmailMessage]:
    """All letters to somebody, once none waits."""
    learnt(desk, recipient)
    return letters(desk, recipient)


@pytest.mark.attack(51)
@pytest.mark.parametrize("by", ["number", "thread", "customers-token"])
def test_from_staff_without_proof_is_no_act_of_staff(attacked: Desk, by: str) -> None:
    """No answer to the customer, no command, no internal note: held, or seen by staff alone."""
    owner, eve = names(f"staff-{by}")
    talk = begin(attacked, owner)
    before, written = state(attacked, talk.number), len(letters(attacked, owner))
    words = "We refunded you, see http://attacker.test\n#resolve\n"
    forged, to = mail(f"Sam Sample <{STAFF}>", f"Re: [{talk.number}]", words), DESK
    if by == "thread":
        with_fields(forged, In_Reply_To=str(talk.asked["Message-ID"]))
    if by == "customers-token":
        forged = answer(f"Sam Sample <{STAFF}>", talk.receipt, words)
        to = str(forged["To"])
    done = give(attacked, forged, eve, to)
    assert (done.kind, done.rule) == (
        ("noted", "E1-internal") if by == "customers-token" else ("held", "staff-unverified")
    )
    assert state(attacked, talk.number)[:6] == before[:6]
    assert [entry[1] for entry in entries(attacked, talk.number)[1:]] == (
        ["internal"] if by == "customers-token" else []
    )
    assert "refunded" not in enter(attacked, owner).get(f"/t/{talk.number}").text
    assert learnt(attacked, eve) == ""
    assert len(letters_of(attacked, owner)) == written


@pytest.mark.attack(51)
@pytest.mark.parametrize("subject", ["#list", "#search safe", "#people", "#me", "#export"])
def test_what_a_forged_from_asks_for_goes_to_whom_it_names(attacked: Desk, subject: str) -> None:
    """An answer is written to the address of staff that we know, never to the envelope, Reply-To or Cc of the mail."""
    _, eve = names(f"asks-{subject.strip('#').split()[0]}")
    forged = with_fields(mail(f"Sam Sample <{STAFF}>", subject), Reply_To=eve, Cc=eve, Sender=eve)
    give(attacked, forged, eve, DESK)
    assert learnt(attacked, eve) == ""


@pytest.mark.attack(55)
def test_two_numbers_are_one_note_and_flagged(attacked: Desk) -> None:
    """The first of two numbers; and where number and thread disagree, the thread: one ticket, and the mail says so."""
    owner, _ = names("two")
    first, second = begin(attacked, owner), begin_again(attacked, owner)
    idle = state(attacked, second.number)
    done = give(attacked, mail(owner, f"Re: [{first.number}] [{second.number}]"))
    assert (number_of(attacked, done), done.evidence["conflict"]) == (first.number, True)
    done = give(attacked, with_fields(answer(owner, first.receipt, "More.\n"), Subject=f"Re: [{second.number}]"))
    assert (number_of(attacked, done), done.evidence["conflict"]) == (first.number, True)
    assert len(entries(attacked, first.number)) == 3
    assert state(attacked, second.number) == idle


def begin_again(desk: Desk, owner: str) -> Talk:
    """A second ticket of somebody whom nobody knows, who gets no second receipt within the hour."""
    number = number_of(desk, give(desk, mail(owner, "Another matter")))
    (told,) = [letter for letter in letters_of(desk, STAFF) if letter["X-Ticket"] == number]
    return Talk(owner, number, told, told, told)


@pytest.mark.attack(58)
@pytest.mark.parametrize("automatic", [False, True])
def test_codes_of_others_reach_no_customer(attacked: Desk, automatic: bool) -> None:
    """Eve signs up elsewhere as the desk, or as the reply address of her own ticket: she never reads the code."""
    _, eve = names(f"trick-{'machine' if automatic else 'person'}")
    talk = begin(attacked, eve, "Words of Eve.")
    browser, written = enter(attacked, eve), len(letters(attacked, eve))
    other = f"no-reply.{automatic}@service.test".lower()
    fields = {"Auto_Submitted": "auto-generated", "List_Unsubscribe": "<mailto:x@service.test>"} if automatic else {}
    for subject, to in ((f"[{talk.number}] Your code", DESK), ("Your code", talk.reply_to), ("Your code", DESK)):
        code = with_fields(mail(other, subject, "Your code is 123456.\n", to), **fields)
        done = give(attacked, code, other, to)
        if number := number_of(attacked, done):
            page = browser.get(f"/t/{number}")
            assert "123456" not in page.text
            assert page.status_code == (200 if number == talk.number else 404)
            assert other not in people(attacked, talk.number)
    assert "123456" not in browser.get("/tickets").text + learnt(attacked, eve)
    assert len(letters(attacked, eve)) == written


@pytest.mark.attack(59)
def test_a_message_id_suppresses_no_mail(attacked: Desk) -> None:
    """Who guesses the Message-ID of a mail to come does not keep it out; the very same mail again is kept once."""
    owner, eve = names("same-id")
    early = with_fields(mail(eve, "First"), Message_ID="<will-be-used@customer.test>")
    honest = with_fields(mail(owner, "The true one", f"{SECRET}\n"), Message_ID="<will-be-used@customer.test>")
    done = [give(attacked, one) for one in (early, honest, honest)]
    assert [(one.kind, one.rule) for one in done] == [("opened", "new"), ("opened", "new"), ("ignored", "duplicate")]
    first = number_of(attacked, done[0])
    assert number_of(attacked, done[1]) != first
    assert [one.evidence.get("same_id") for one in done] == [[], [first], []]
    assert f"another mail on {first} has this Message-ID" in attacked.run("mail", "show", str(done[1].received_id))
    assert SECRET not in learnt(attacked, eve)


@pytest.mark.attack(59)
def test_many_copies_at_once_are_one_ticket(attacked: Desk) -> None:
    """A relay that sends a mail again over several connections at once: one ticket, and every copy has its outcome."""
    owner, _ = names("copies")
    raw = mail(owner, "Once only").as_bytes().replace(b"\n", b"\r\n")
    accepted = attacked.accepted()
    assert pour(attacked, [Post(owner, raw)] * 16) == {"250": 16}
    attacked.wait_handled(accepted + 16)
    kinds = [done.kind for done in outcome_of(attacked, owner)]
    assert sorted(kinds) == ["ignored"] * 15 + ["opened"]


FROM = {
    "two": "{owner}, {eve}",
    "two-fields": "{owner}\r\nFrom: {eve}",
    "eve-first": "{eve}\r\nFrom: {owner}",
    "bracket": "{owner}]<{eve}>",
    "quoted": '"{owner}" <{eve}>',
    "twice": "<{owner}><{eve}>",
    "comment": "{eve} ({owner})",
    "group": "{owner}: {eve};",
    "encoded": "=?utf-8?q?{owner}?= <{eve}>",
    "nul": "{owner}\\0 <{eve}>",
    "cyrillic": "{cyrillic}",
    "a-label": "{a_label}",
    "dotted": "a.{owner}",
    "plus": "{plus}",
}


@pytest.mark.attack(60)
@pytest.mark.parametrize("form", FROM)
def test_a_from_that_looks_like_somebody_is_not_them(guarded: Desk, form: str) -> None:
    """Two of them, half of one, one in a comment or a name, a look-alike: never proven, never a note of theirs."""
    owner, eve = names(f"from-{form}")
    talk = begin(guarded, owner)
    looks = {"cyrillic": owner.replace("customer", "\u0441ustomer"), "plus": owner.replace("@", "+x@")}
    looks["a_label"] = looks["cyrillic"].partition("@")[0] + "@xn--ustomer-s5g.test"
    written = FROM[form].format(owner=owner, eve=eve, **looks).replace("\\0", "\0")
    lines = [
        f"Authentication-Results: {RELAY}; dmarc=pass header.from=attacker.test", f"From: {written}", f"To: {DESK}",
        f"Subject: Re: [{talk.number}]", f"Message-ID: <{form}@attacker.test>",
        "Date: Mon, 03 Aug 2026 10:00:00 +0000", "", "#withdraw", "It is me.", "",
    ]  # fmt: skip
    before = state(guarded, talk.number)
    done = became(guarded, hand_over(guarded, "\r\n".join(lines).encode(), eve))
    assert done.kind in ("opened", "held"), (done.kind, done.rule, done.reason)
    assert done.sender != owner
    assert state(guarded, talk.number) == before
    told = learnt(guarded, eve)
    assert [word for word in (talk.number, SECRET) if word in told] == []


@pytest.mark.attack(60)
def test_the_case_of_an_address_is_no_other_person(guarded: Desk) -> None:
    """The control: Ann in capitals is Ann."""
    owner, _ = names("capitals")
    talk = begin(guarded, owner)
    done = give(guarded, mail(owner.upper(), f"Re: [{talk.number}]"), owner)
    assert (done.kind, number_of(guarded, done)) == ("noted", talk.number)
    assert text_of(talk.told).count(SECRET) == 1
