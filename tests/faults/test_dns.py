"""DNS is down while senders are to be verified: mail is handled all the same, and nobody gets a right by it."""

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from store.tables import Disposition, Event
from tests.attacks.service import became, cost, hand_over
from tests.e2e.conftest import FREELY
from tests.e2e.world import assert_ledger, mail
from tests.faults.hurried import FROM_OUTSIDE, Hurried
from tests.peers.desk import STAFF, Desk
from tests.peers.dns_server import DnsServer

SECONDS = 1.0  # that all questions about one mail may take


class SlowDns(DnsServer):
    """Answers as well as ever, and later than anybody waits, where it is `slow`."""

    slow = False

    def answer(self, wire: bytes, limit: int) -> bytes | None:
        """The answer, late."""
        if self.slow:
            time.sleep(3 * SECONDS)
        return super().answer(wire, limit)


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Desk, SlowDns]]:
    """A desk that verifies senders itself, and the DNS server it asks."""
    with SlowDns() as dns:
        sender = {"VERIFY": "true", "DNS_SERVERS": f'["127.0.0.1:{dns.port}"]', "DNS_SECONDS": str(SECONDS)}
        settings = {**FREELY, **{f"SENDER__{name}": value for name, value in sender.items()}}
        with Hurried(FROM_OUTSIDE, ("smtp", "work", "deliver"), settings=settings) as desk:
            yield desk, dns


def fails(dns: SlowDns, how: str) -> None:
    """From now on it does not do what it should."""
    dns.mute, dns.slow = how == "silent", how == "slow"
    names = ("", "_dmarc.", "mail.", "_spf.")
    domains = ("customer.test", "desk.test", f"{how}.test")
    dns.broken = {name + domain for name in names for domain in domains} if how == "servfail" else set()


def raw(sender: str, subject: str, text: str = "Sample text.\n") -> bytes:
    """A mail with line ends as on the wire."""
    message = mail(sender, subject, text)
    return message.as_bytes(policy=message.policy.clone(linesep="\r\n"))


@pytest.mark.attack(51)
@pytest.mark.timeout(200)
@pytest.mark.parametrize("how", ["silent", "servfail", "slow"])
def test_dns_is_down(both: tuple[Desk, SlowDns], how: str) -> None:
    """A verdict of “none” that says why, a ticket, and little time for it; what only a proof allows is not done."""
    desk, dns = both
    fails(dns, how)
    sender = f"ann@{how}.test"
    with cost(desk, cpu=10, memory=64):
        opened = became(desk, hand_over(desk, raw(sender, "Sample"), sender))
        acted = became(desk, hand_over(desk, raw(STAFF, f"Re: [{_number(desk, opened)}] Sample", "#resolve\n"), STAFF))
    assert opened.kind == "opened"
    for one in (opened, acted):
        assert one.evidence is not None
        assert one.evidence["sender"]["verdict"] not in ("pass", "fail"), one.evidence
    assert "DNS" in opened.evidence["sender"]["reason"]
    with desk.database.reading() as session:
        events = session.scalars(select(Event).where(Event.ticket_id == opened.ticket_id)).all()
        assert not [event for event in events if event.verified]
        assert not [event for event in events if "status" in (event.changes or {}) and event.staff_id]
    assert_ledger(desk)


def _number(desk: Desk, opened: Disposition) -> str:
    from store.tables import Ticket

    with desk.database.reading() as session:
        return session.get_one(Ticket, opened.ticket_id).number
