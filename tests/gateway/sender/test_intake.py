"""Who sent it, from the wire to the ticket: what is proven opens doors, what is forged is held, and all is kept."""

import pytest
from sqlalchemy import select

from gateway.claimed import Claimed, read_mail, with_senders
from gateway.sender.checker import SenderCheck
from store.tables import Event
from tests.gateway.desk_world import ADDRESSES, ANN, EVE, NUMBER, RULES, People, World, mail
from tests.gateway.sender.mails import CUSTOMER, PEER, check, received, sign, zone
from tests.peers.dns_server import DnsServer

REJECT = "v=DMARC1; p=reject"


@pytest.fixture
def world(world: World, dns: DnsServer) -> World:
    """A desk that verifies itself; the customer's domain refuses what is not its own."""
    return verifying(world, check(zone(dns, REJECT)))


def verifying(world: World, senders: SenderCheck) -> World:
    """The desk with another check."""
    world.senders = senders
    world.intake = world.new_intake()
    return world


def test_a_signed_mail_with_the_number_alone_is_the_customers_own(world: World, people: People) -> None:
    """What the sender proves counts as much as a reply token; what was looked at is kept with the mail."""
    raw = mail(ANN, f"[{NUMBER}] Phones", "Still down.")
    done = world.take(sign(raw), peer=PEER)
    assert (done.kind, done.ticket_id, done.rule) == ("noted", people.ticket, "E4-note")
    assert done.evidence["sender"] == {
        "verdict": "pass",
        "reason": "DKIM passed for customer.test.",
        "checks": ["DMARC: policy reject of customer.test", "DKIM: pass for customer.test (selector s1)"],
    }
    (event,) = world.all(select(Event).where(Event.received_id == done.received_id))
    assert event.verified


def test_a_forged_mail_is_held(world: World, people: People) -> None:
    """The domain says that such mail is none of its own; a claim in the mail changes nothing."""
    claim = f"Authentication-Results: mx.desk.test; dmarc=pass header.from={CUSTOMER}\r\n".encode()
    done = world.take(claim + mail(ANN, f"[{NUMBER}] Phones"), peer=PEER, reverse_path=EVE)
    assert (done.kind, done.rule) == ("held", "sender-failed")
    assert done.reason.endswith("Neither DKIM nor SPF passed for customer.test, whose policy is reject.")
    assert len(world.events(people.ticket)) == 0


def test_without_dns_mail_flows(world: World, people: People, dns: DnsServer) -> None:
    """A note marked “not verified”, as where nothing verifies; and a new ticket for what names none."""
    dns.mute = True
    verifying(world, check(dns, seconds=0.5))
    ids = [world.send(mail(ANN, f"[{NUMBER}] Phones"), peer=PEER), world.send(mail(ANN, "Printer"), peer=PEER)]
    world.handle()
    first, second = (world.disposition(mail_id) for mail_id in ids)
    assert (first.rule, second.kind) == ("E4-unverified", "opened")
    assert first.evidence["sender"]["reason"] == "Not verified: DNS does not answer."


def test_the_person_behind_a_web_form(world: World, people: People, dns: DnsServer) -> None:
    """The ticket is theirs, and so is the receipt."""
    verifying(world, check(dns, form_relays=("forms@customer.test",)))
    raw = mail("forms@customer.test", "From the web", reply_to=f"Pia <{ANN}>")
    done = world.take(sign(raw), peer=PEER)
    assert (done.kind, done.sender) == ("opened", ANN)
    assert world.ticket(done.ticket_id).requester_id == people.contacts[ANN]
    assert [letter.recipient for letter in world.letters("received")] == [ANN]
    assert done.evidence["sender"]["verdict"] == "none"


def test_each_mail_of_a_batch_gets_its_own(dns: DnsServer) -> None:
    """In the order in which they came."""
    zone(dns, REJECT)
    raws = [sign(mail(ANN, "Good")), mail(ANN, "Forged"), mail("", "Nobody")]
    claimed = [Claimed(n, received(raw).envelope, raw, 0) for n, raw in enumerate(raws)]
    pairs = [(one, read_mail(one, ADDRESSES, RULES)) for one in claimed]
    found = with_senders(pairs, check(dns))
    assert [(one.id, incoming.verified.verdict) for one, incoming in found] == [(0, "pass"), (1, "fail"), (2, "none")]
