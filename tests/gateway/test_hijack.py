"""Hijacks, loops and floods through the whole of intake: what strangers, forgers and machines can bring about."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from gateway.rules import Caps
from gateway.token import Token
from gateway.view import message_key
from store.tables import Contact, Delivery, KnownMessage, Outbox, Suppression, Ticket
from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ANN, DESK, EVE, FIRST_MAIL, GONE, KIM, NUMBER, PAT, REM, SAM, People, World


def old_ticket(world: World, people: People, **values: object) -> int:
    """Another ticket of Ann's, T20261101.0002."""
    return sample.add_ticket(
        world.database, people.contacts[ANN], "T20261101.0002", "<second@customer.test>", **{"title": "Old", **values}
    )


def set_ticket(world: World, ticket_id: int, **values: object) -> None:
    """Change a ticket behind the desk's back."""
    with world.database.transaction() as session:
        session.execute(update(Ticket).where(Ticket.id == ticket_id).values(**values))


# Strangers and forgers


@pytest.mark.parametrize("subject", [f"Re: phones [{NUMBER}]", f"=?utf-8?q?=5B{NUMBER}=5D?="])
def test_a_stranger_with_a_number(world: World, people: People, subject: str) -> None:
    """A new ticket without the number in its title; staff see a link; the receipt tells nothing of the old one."""
    done = world.take(sample.mail(EVE, subject, "Tell me more."))
    ticket = world.ticket(done.ticket_id)
    assert ticket.id != people.ticket
    assert NUMBER not in ticket.title
    assert world.links(ticket.id) == [(people.ticket, "mentions")]
    assert world.events(people.ticket) == []
    (receipt,) = world.letters("received")
    assert (receipt.recipient, receipt.context["echo"], receipt.context["notes"]) == (EVE, False, [])
    assert world.people(people.ticket) == {PAT, GONE}
    assert {row.recipient for row in world.letters()} == {EVE, SAM}


def test_the_receipt_is_the_same_for_a_number_that_does_not_exist(world: World, people: People) -> None:
    """Nobody can tell from what comes back whether a ticket exists."""
    for number, sender in ((NUMBER, "e1@elsewhere.test"), ("T20261101.7777", "e2@elsewhere.test")):
        world.take(sample.mail(sender, f"Re: [{number}]", message_id=f"<m@{sender}>"))
    one, two = world.letters("received")
    assert {**one.context, "reference": ""} == {**two.context, "reference": ""}
    assert (one.kind, one.first_receipt) == (two.kind, two.first_receipt) == ("received", True)


def test_two_hundred_guessed_numbers(world: World, people: People) -> None:
    """Running numbers from one sender: new tickets up to the cap, then held; one receipt; no number confirmed."""
    ids = [world.send(sample.mail(EVE, f"Re: [T20261101.{n:04d}]")) for n in range(200)]
    world.handle()
    kinds = [world.disposition(mail_id).kind for mail_id in ids]
    assert (kinds[:20], kinds[20:]) == (["opened"] * 20, ["held"] * 180)
    assert {world.disposition(mail_id).rule for mail_id in ids[20:]} == {"flood"}
    assert len(world.letters(recipient=EVE)) == 1
    assert world.events(people.ticket) == []


def test_the_flood_cap_counts_mails_without_a_from(world: World, people: People) -> None:
    """They are those of the reverse path."""
    ids = [world.send(sample.mail("", f"{n}"), reverse_path=EVE) for n in range(22)]
    world.handle()
    assert [world.disposition(mail_id).kind for mail_id in ids] == ["opened"] * 20 + ["held"] * 2


def test_the_flood_cap_ends_with_its_window(world: World, people: People) -> None:
    """Two hours later the same sender is heard again."""
    world.rules = replace(sample.RULES, caps=Caps(new_tickets_per_sender=2))
    world.intake = world.new_intake()
    assert [world.take(sample.mail(ANN, f"{n}")).kind for n in range(3)] == ["opened", "opened", "held"]
    world.clock.forward(hours=2, seconds=1)
    assert world.take(sample.mail(ANN, "later")).kind == "opened"


@pytest.mark.parametrize("in_reply_to", [FIRST_MAIL, "token"])
def test_a_stranger_in_the_thread_waits_in_the_lane(world: World, people: People, in_reply_to: str) -> None:
    """A pending note: no customer sees it, nobody outside is told, he takes no part; staff are told why."""
    if in_reply_to == "token":
        in_reply_to = sample.ADDRESSES.message_id(NUMBER, 7, people.token(ANN))
    done = world.take(sample.mail(EVE, "Re: phones", "Let me in.", in_reply_to=in_reply_to, cc="x@elsewhere.test"))
    (entry,) = world.events(people.ticket)
    assert (done.kind, entry.visibility, entry.verified) == ("noted", "pending", False)
    assert [(row.kind, row.recipient) for row in world.letters()] == [("customer_wrote", SAM)]
    assert "does not take part" in world.letters()[0].context["lane"]
    assert world.people(people.ticket) == {PAT, GONE}
    assert world.ticket(people.ticket).status == "In Progress"


@pytest.mark.parametrize("sender", [REM, GONE])
def test_a_token_outlives_no_right(world: World, people: People, sender: str) -> None:
    """The removed participant and the deactivated contact keep their old letters, but not their voice."""
    address = sample.ADDRESSES.reply_to(DESK, people.token(sender))
    world.take(sample.mail(sender, to=address, verdict="pass"), recipients=(address,))
    assert [entry.visibility for entry in world.events(people.ticket)] == ["pending"]
    assert ANN not in {row.recipient for row in world.letters()}


def test_a_spoofed_requester_is_held(world: World, people: People) -> None:
    """DMARC failed: a person decides, whatever the mail brings."""
    address = sample.ADDRESSES.reply_to(DESK, people.token(ANN))
    done = world.take(sample.mail(ANN, f"Re: [{NUMBER}]", verdict="fail", to=address), recipients=(address,))
    assert (done.kind, done.rule, done.ticket_id) == ("held", "sender-failed", None)
    assert not world.events(people.ticket)
    assert [(row.kind, row.recipient) for row in world.letters()] == [("mail_trouble", SAM)]


def test_an_unverified_number_is_marked_and_opens_nothing_again(world: World, people: People) -> None:
    """From the requester by the number alone: a note marked “not verified”; Resolved stays; no customer is told."""
    set_ticket(world, people.ticket, status="Resolved", completed_at=sample.NOW - timedelta(days=1))
    world.take(sample.mail(ANN, f"Re: [{NUMBER}]", "It is me."))
    (entry,) = world.events(people.ticket)
    assert (entry.visibility, entry.verified, entry.changes) == ("public", False, {})
    assert world.ticket(people.ticket).status == "Resolved"
    assert [row.kind for row in world.letters()] == ["customer_wrote"]


def test_a_forged_token_is_as_if_absent(world: World, people: People) -> None:
    """One letter changed in the address: a new ticket like any other, and no trace of the old one."""
    address = sample.ADDRESSES.reply_to(DESK, people.token(ANN))
    forged = address.replace("@", "a@") if not address.startswith("a") else address
    done = world.take(sample.mail(EVE, to=forged), recipients=(forged,))
    assert (done.kind, world.links(done.ticket_id), done.evidence["evidence"]) == ("opened", [], [])


def test_number_and_references_disagree(world: World, people: People) -> None:
    """One ticket, that of the thread; the conflict is recorded; the other is not touched."""
    other = old_ticket(world, people)
    done = world.take(sample.mail(ANN, "Re: [T20261101.0002]", verdict="pass", in_reply_to=FIRST_MAIL))
    assert (done.ticket_id, done.evidence["conflict"]) == (people.ticket, True)
    assert world.events(other) == []


def test_where_the_sender_may_write_wins(world: World, people: People) -> None:
    """The thread names a ticket of somebody else's, the number one's own: one's own."""
    eve = world.take(sample.mail(EVE, "Mine", message_id="<e1@elsewhere.test>"))
    number = world.ticket(eve.ticket_id).number
    done = world.take(sample.mail(EVE, f"Re: [{number}]", in_reply_to=FIRST_MAIL, verdict="pass"))
    assert (done.ticket_id, done.evidence["conflict"]) == (eve.ticket_id, True)
    assert world.events(people.ticket) == []


def test_two_numbers(world: World, people: People) -> None:
    """The first one; flagged."""
    other = old_ticket(world, people)
    done = world.take(sample.mail(ANN, f"Re: [T20261101.0002] [{NUMBER}]", verdict="pass"))
    assert (done.ticket_id, done.evidence["conflict"]) == (other, True)


# Closed and merged tickets


@pytest.mark.parametrize(
    "status, days, kind",
    [
        ("Resolved", 13, "noted"), ("Resolved", 15, "opened"), ("Complete", 1, "opened"), ("Withdrawn", 1, "opened"),
    ],
)  # fmt: skip
def test_a_reply_to_a_closed_ticket(world: World, people: People, status: str, days: int, kind: str) -> None:
    """Resolved opens again within 14 days; else there is a new ticket, linked, and the sender reads its number."""
    set_ticket(world, people.ticket, status=status, completed_at=sample.NOW - timedelta(days=days))
    done = world.take(sample.mail(ANN, f"Re: [{NUMBER}] phones", "Again.", in_reply_to=FIRST_MAIL, verdict="pass"))
    assert done.kind == kind
    if kind == "noted":
        assert world.ticket(people.ticket).status == "Update Added"
        assert world.ticket(people.ticket).completed_at is None
    else:
        assert world.links(done.ticket_id) == [(people.ticket, "continues")]
        assert world.ticket(people.ticket).status == status
        assert f"Your ticket {NUMBER} is closed" in world.letters("received")[0].context["notes"][0]
        assert NUMBER not in world.ticket(done.ticket_id).title


def test_a_merged_ticket_is_followed(world: World, people: People) -> None:
    """Over two steps to the one that lives on."""
    second = old_ticket(world, people)
    third = sample.add_ticket(world.database, people.contacts[ANN], "T20261101.0003", "<third@customer.test>")
    set_ticket(world, third, merged_into_id=second)
    set_ticket(world, second, merged_into_id=people.ticket)
    done = world.take(sample.mail(ANN, "Re: [T20261101.0003]", verdict="pass"))
    assert (done.kind, done.ticket_id) == ("noted", people.ticket)


def test_rights_are_checked_where_a_merged_ticket_lives_on(world: World, people: People) -> None:
    """Eve's ticket was merged into Ann's: her number opens nothing there."""
    eve = world.take(sample.mail(EVE, "Mine", message_id="<e1@elsewhere.test>"))
    number = world.ticket(eve.ticket_id).number
    set_ticket(world, eve.ticket_id or 0, merged_into_id=people.ticket)
    assert world.take(sample.mail(EVE, f"Re: [{number}]", verdict="pass")).kind == "opened"
    world.take(sample.mail(EVE, "Re: Mine", in_reply_to="<e1@elsewhere.test>", verdict="pass"))
    assert [entry.visibility for entry in world.events(people.ticket)] == ["pending"]


def test_merges_that_run_in_a_circle(world: World, people: People) -> None:
    """No endless loop: as if the mail named no ticket."""
    second = old_ticket(world, people)
    set_ticket(world, second, merged_into_id=people.ticket)
    set_ticket(world, people.ticket, merged_into_id=second)
    done = world.take(sample.mail(ANN, f"Re: [{NUMBER}]", verdict="pass"))
    assert (done.kind, world.events(people.ticket), world.events(second)) == ("opened", [], [])


# Machines and loops


def test_our_own_letter_comes_back(world: World, people: People) -> None:
    """By our Message-ID, or by the header that names this desk: ignored, and nothing is answered."""
    own_id = sample.ADDRESSES.message_id(NUMBER, 7, people.token(ANN))
    for raw in (
        sample.mail(DESK, f"[{NUMBER}]", message_id=own_id),
        sample.mail(ANN, f"[{NUMBER}]", x_postdesk_instance="sample-desk"),
    ):
        done = world.take(raw)
        assert (done.kind, done.rule) == ("ignored", "own-mail")
    assert not world.letters()
    assert not world.events(people.ticket)
    assert world.take(sample.mail(ANN, "x", x_postdesk_instance="another-desk")).kind == "opened"


def test_a_mail_from_the_desk_address_gets_no_receipt(world: World, people: People) -> None:
    """A scanner or a form that writes as the desk: kept, but the desk does not write to itself."""
    done = world.take(sample.mail(DESK, "Scan of today"))
    assert done.kind == "opened"
    assert "it would go to the desk itself" in done.reason
    assert DESK not in {row.recipient for row in world.letters()}


@pytest.mark.parametrize(
    "fields",
    [
        {"auto_submitted": "auto-replied"}, {"auto_submitted": "AUTO-notified; owner-email=a@b"},
        {"precedence": "bulk"}, {"list_id": "<l.customer.test>"}, {"x_autoreply": "yes"},
    ],
    ids=str,
)  # fmt: skip
def test_automatic_mail_on_a_ticket(world: World, people: People, fields: dict[str, str]) -> None:
    """Folded as an event: opens nothing again, runs nothing, tells and answers nobody, adds nobody."""
    set_ticket(world, people.ticket, status="Resolved", completed_at=sample.NOW)
    own = sample.ADDRESSES.message_id(NUMBER, 7, people.token(SAM))
    for sender, named in ((ANN, FIRST_MAIL), (SAM, own)):
        raw = sample.mail(sender, "Re: phones", "#resolve\n#take", in_reply_to=named, cc="x@elsewhere.test", **fields)
        assert world.take(raw).kind == "folded"
    assert [(e.kind, e.visibility) for e in world.events(people.ticket)] == [("automatic", "internal")] * 2
    assert (world.ticket(people.ticket).status, world.ticket(people.ticket).assignee_id) == ("Resolved", None)
    assert world.letters() == []


@pytest.mark.parametrize(
    "fields", [{"auto_submitted": "auto-generated"}, {"precedence": "bulk"}, {"list_id": "<l.customer.test>"}], ids=str
)
def test_automatic_mail_with_no_ticket_gets_no_receipt(world: World, people: People, fields: dict[str, str]) -> None:
    """A monitor's mail opens a ticket, or waits for a person; in no case is it answered (RFC 3834)."""
    done = world.take(sample.mail("monitor@customer.test", "disk full", **fields))
    assert done.kind in ("opened", "held")
    assert world.letters("received") == []


def test_an_out_of_office_that_belongs_to_no_ticket_is_held(world: World, people: People) -> None:
    """Nothing to show it on, nothing to open for."""
    done = world.take(sample.mail(ANN, "Out of office", "Back on Monday.", auto_submitted="auto-replied"))
    assert (done.kind, done.rule) == ("held", "automatic-alone")


def test_a_code_sent_to_the_desk_is_seen_by_staff_only(world: World, people: People) -> None:
    """Somebody signs up elsewhere as service@: no customer takes part in the ticket of that mail."""
    raw = sample.mail("no-reply@elsewhere.test", "Confirm your email: code 123456", cc=KIM, to=f"{DESK}, {EVE}")
    done = world.take(raw)
    told = {row.recipient for row in world.letters() if row.kind != "new_ticket"}
    assert ANN not in told
    assert told == {"no-reply@elsewhere.test"}
    assert world.ticket(done.ticket_id).organisation_id is None


def test_two_desks_answer_each_other(world: World, people: People) -> None:
    """Another desk answers each of ours with a new subject and no sign of a machine: one receipt in an hour."""
    for number in range(6):
        world.take(sample.mail("helpdesk@other.test", f"Ticket OTH-{number} received"))
    assert len(world.letters(recipient="helpdesk@other.test")) == 1


def test_over_fifty_hops(world: World, people: People) -> None:
    """A mail that goes in circles is held: only staff hear of it."""
    raw = b"Received: from a by b; Mon, 03 Aug 2026 10:00:00 +0000\r\n" * 60 + sample.mail(ANN, "hops")
    assert world.take(raw).rule == "hops"
    assert [(row.kind, row.recipient) for row in world.letters()] == [("mail_trouble", SAM)]


# First receipts


def test_a_first_receipt_repeats_nothing(world: World, people: People) -> None:
    """No spam by way of our receipts: no word of the stranger, nobody of his Cc, no file name."""
    raw = sample.mail(EVE, "FREE COINS", "click http://elsewhere.test", cc="victim@elsewhere.test")
    done = world.take(raw)
    (receipt,) = world.letters("received")
    assert (receipt.recipient, receipt.context["echo"], receipt.first_receipt) == (EVE, False, True)
    assert world.people(done.ticket_id) == set()
    assert world.take(sample.mail(ANN, "Hello")).kind == "opened"
    assert world.letters("received", ANN)[0].context["echo"] is True


def test_first_receipts_are_few(world: World, people: People) -> None:
    """One for each address in an hour, twenty for all in a minute; all mails are kept as tickets."""
    ids = [world.send(sample.mail(f"user{n}@victims.test", f"hi {n}")) for n in range(60)]
    world.handle()
    assert {world.disposition(mail_id).kind for mail_id in ids} == {"opened"}
    assert len(world.letters("received")) == 20
    assert "too many unverified senders" in world.disposition(ids[-1]).reason
    world.clock.forward(minutes=2)
    assert "had a receipt within the hour" in world.take(sample.mail("user1@victims.test", "again")).reason
    assert "No receipt" not in world.take(sample.mail("user50@victims.test", "again")).reason
    world.clock.forward(hours=1)
    assert "No receipt" not in world.take(sample.mail("user1@victims.test", "and again")).reason


def test_a_known_contact_has_a_cap_too(world: World, people: People) -> None:
    """At most so many automatic letters in a day to one address."""
    world.rules = replace(sample.RULES, caps=Caps(automatic_letters_per_day=3))
    world.intake = world.new_intake()
    reasons = [world.take(sample.mail(ANN, f"{n}")).reason for n in range(5)]
    assert ["No receipt" in reason for reason in reasons] == [False, False, False, True, True]
    assert len(world.letters("received", ANN)) == 3


def test_who_answers_our_letter_is_known_from_then_on(world: World, people: People) -> None:
    """The token proves that the address is theirs: the next receipt is that of a known contact."""
    done = world.take(sample.mail(EVE, "Hello"))
    (eve,) = world.all(select(Contact).where(Contact.id == world.ticket(done.ticket_id).requester_id))
    assert eve.known is False
    address = sample.ADDRESSES.reply_to(DESK, Token("contact", done.ticket_id or 0, eve.id))
    world.take(sample.mail(EVE, "Re: Hello", to=address), recipients=(address,))
    assert world.all(select(Contact.known).where(Contact.id == eve.id)) == [True]
    world.take(sample.mail(EVE, "Another"))
    assert [row.context["echo"] for row in world.letters("received", EVE)] == [False, True]


def test_a_mail_of_a_ticket_is_indexed_once(world: World, people: People) -> None:
    """The Message-ID of a note finds its ticket again, and a second mail of that name adds no second row."""
    for body in ("one", "two"):
        world.take(sample.mail(PAT, "Re: phones", body, in_reply_to=FIRST_MAIL, message_id="<p@customer.test>"))
    rows = world.all(select(KnownMessage.ticket_id).where(KnownMessage.key == message_key("<p@customer.test>")))
    assert rows == [people.ticket]
    assert world.count(Delivery) == world.count(Suppression) == 0
    assert world.count(Outbox) > 0


def test_mail_that_names_nobody_is_capped_too(world: World) -> None:
    """From a mailbox, without From or Return-Path: all of it is one contact's, and above the cap it is held."""
    limit = world.rules.caps.new_tickets_per_sender
    raw = [f"Subject: number {n}\r\n\r\nHello {n}\r\n".encode() for n in range(limit + 2)]
    done = [world.take(mail, reverse_path="", recipients=()) for mail in raw]
    assert [d.kind for d in done] == ["opened"] * limit + ["held"] * 2
    assert len({world.ticket(d.ticket_id).requester_id for d in done[:limit]}) == 1
