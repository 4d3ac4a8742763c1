"""Which way a mail is verified, by how it came in; and that nothing of a stranger's can stop it."""

import ipaddress
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.envelope import Envelope, Mailbox
from gateway.parse import read
from gateway.sender import Verified
from gateway.sender.checker import Received, SenderCheck
from gateway.sender.identity import identity
from gateway.sender.resolver import Kind, Record
from tests.gateway.sender.mails import CUSTOMER, PEER, PLAIN, check, received, sign, verdict_of, zone
from tests.peers.dns_server import DnsServer

AUTHSERV = "mx.desk.test"
CLAIM = b"Authentication-Results: mx.desk.test; dmarc=pass header.from=customer.test\r\n"
REJECT = "v=DMARC1; p=reject"
RELAY = (ipaddress.ip_network("198.51.100.0/24"),)


def test_a_claim_in_direct_mail_is_not_read(dns: DnsServer) -> None:
    """Anybody can write the name of our relay."""
    checker = check(zone(dns, REJECT), trusted=(AUTHSERV,))
    assert verdict_of(checker, CLAIM + PLAIN).verdict == "fail"
    assert verdict_of(checker, CLAIM.replace(b"pass", b"fail") + sign()).verdict == "pass"


@pytest.mark.parametrize(
    "envelope",
    [
        {"peer": "198.51.100.7"},
        {"peer": "127.0.0.1"},
        {"peer": "10.1.2.3"},
        {"peer": "::1"},
        {"peer": "::ffff:10.1.2.3"},
        {"peer": "fe80::1%eth0"},
        {"peer": "fd00::1"},
        {"peer": ""},
        {"source": "lmtp"},
        {"source": "imap", "peer": "Inbox"},
        {"source": "pipe"},
        {"source": "file", "peer": "a.eml"},
    ],
    ids=str,
)
def test_behind_a_relay_its_results_are_read(dns: DnsServer, envelope: dict[str, Any]) -> None:
    """Whoever stands between us and the sender has looked; the addresses that we see are not the sender's."""
    checker = check(zone(dns, REJECT, f"v=spf1 ip4:{PEER} -all"), trusted=(AUTHSERV,), relays=RELAY)
    assert verdict_of(checker, CLAIM + PLAIN, **envelope).verdict == "pass"
    assert verdict_of(checker, PLAIN, path=f"ann@{CUSTOMER}", **envelope).verdict == "none"
    assert dns.asked == []


def test_with_relays_named_others_are_not_read() -> None:
    """Who has said which relays there are does not believe a mail that came around them."""
    checker = SenderCheck(trusted=(AUTHSERV,), relays=RELAY)
    assert verdict_of(checker, CLAIM + PLAIN, peer="198.51.100.7").verdict == "pass"
    assert verdict_of(checker, CLAIM + PLAIN).verdict == "none"
    assert verdict_of(SenderCheck(trusted=(AUTHSERV,)), CLAIM + PLAIN).verdict == "pass"


def test_without_anything_set_nobody_is_verified() -> None:
    """The default."""
    assert not SenderCheck().verifies
    found = verdict_of(SenderCheck(), CLAIM + sign())
    assert (found.verdict, found.reason.split(" ")[0]) == ("none", "No")
    found = verdict_of(SenderCheck(direct=True), CLAIM + sign(), source="lmtp")
    assert found.reason.startswith("The mail did not come straight from its sender.")


class Broken:
    """A resolver with a fault of its own."""

    def lookup(self, name: str, kind: Kind, seconds: float) -> tuple[Record, ...]:
        """Never works."""
        raise RecursionError(name, kind, seconds)


def test_a_fault_of_ours_is_none_and_says_so() -> None:
    """Whatever breaks, the mail goes on."""
    found = verdict_of(SenderCheck(direct=True, resolver=Broken()), sign())
    assert (found.verdict, found.reason) == ("none", "The sender could not be verified (RecursionError).")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b" folded\r\n\r\n",
        b"From: a@customer.test",
        PLAIN.partition(b"\r\n\r\n")[0],
        PLAIN.replace(b"\r\n", b"\n"),
        PLAIN.replace(b"\r\n", b"\r"),
        b"DKIM-Signature:\r\n" * 500 + PLAIN,
        b"DKIM-Signature: " + b";" * 60_000 + b"\r\n" + PLAIN,
        b"DKIM-Signature: v=1; a=rsa-sha256; d=customer.test; s=s1; h=" + b"a:" * 4000 + b"from; b=; bh=\r\n" + PLAIN,
        sign().replace(b"d=customer.test", b"d=customer.test\0"),
        sign().replace(b"s=s1", b"s=" + b"s." * 300),
        sign(PLAIN + b" " * 2_000_000 + b"x\r\n", canonicalize=(b"relaxed", b"simple")).replace(
            b"/simple", b"/relaxed"
        ),
        sign() + b"\r\n" * 1_000_000,
        b"ARC-Seal: i=1; cv=none\r\n" * 200 + PLAIN,
        b"X: y\r\n" * 5000 + sign(),
    ],
    ids=lambda raw: f"{raw[:30]!r} {len(raw)}",
)
def test_hostile_mail_is_looked_at_in_no_time(dns: DnsServer, raw: bytes) -> None:
    """Each of these is quadratic, or an exception, in one of the libraries; each gets a verdict, with a reason."""
    checker = check(zone(dns, REJECT), sealers=("forwarder.test",))
    found = checker.verify(received(raw), datetime.now(UTC))
    assert found.verdict in ("none", "fail", "pass")
    assert "Error" not in found.reason


def test_empty_lines_at_the_end_do_not_count(dns: DnsServer) -> None:
    """RFC 6376 section 3.4: both forms ignore them; the relaxed one also what blanks a relay may change."""
    checker = check(zone(dns, REJECT))
    assert verdict_of(checker, sign() + b"\r\n\r\n").verdict == "pass"
    relaxed = sign(canonicalize=(b"relaxed", b"relaxed"))
    assert verdict_of(checker, relaxed.replace(b"phones are", b"phones \t are") + b" \r\n\t\r\n").verdict == "pass"
    assert verdict_of(checker, sign(PLAIN.partition(b"The phones")[0])).verdict == "pass"
    assert verdict_of(checker, sign() + b"\r\r\n").verdict == "fail"


FORM = b"From: forms@customer.test\r\nReply-To: Eve <eve@elsewhere.test>\r\nSubject: Form\r\n\r\nHello.\r\n"


def test_a_web_form_names_the_person_in_reply_to(dns: DnsServer) -> None:
    """Only a form that is configured and proven; what it names is proven by nothing."""
    checker = check(zone(dns, REJECT), form_relays=("forms@customer.test",))
    mails = [received(raw) for raw in (sign(FORM), FORM, sign(FORM.replace(b"forms@", b"other@")))]
    found = checker.identify_many(mails)
    assert [(person.address, verified.verdict) for person, verified in found] == [
        ("eve@elsewhere.test", "none"),
        ("forms@customer.test", "fail"),
        ("other@customer.test", "pass"),
    ]
    assert found[0][1].reason.startswith("The web form forms@customer.test wrote it for eve@elsewhere.test.")


def test_a_form_is_believed_where_nobody_is_verified() -> None:
    """A desk without sender verification takes everybody at their word."""
    mail = Received(FORM, Envelope("", (), "smtp"), read(FORM))
    ((person, verified),) = SenderCheck(form_relays=("forms@customer.test",)).identify_many([mail])
    assert (person, verified.verdict) == (Mailbox("Eve", "eve@elsewhere.test"), "none")


@pytest.mark.parametrize(
    "change",
    [
        (b"Reply-To: Eve <eve@elsewhere.test>\r\n", b""),
        (b"Eve <eve@elsewhere.test>", b"eve@elsewhere.test, ann@customer.test"),
        (b"eve@elsewhere.test", b"forms@customer.test"),
        (b"Eve <eve@elsewhere.test>", b"nobody"),
    ],
)
def test_a_form_that_names_nobody_stays_the_sender(change: tuple[bytes, bytes]) -> None:
    """None, several, itself, or what is no address."""
    assert identity(read(FORM.replace(*change)), Verified("pass", ""), {"forms@customer.test"}) is None
