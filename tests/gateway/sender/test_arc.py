"""ARC: what a forwarder that is believed found out, where nothing else proves the sender."""

from collections.abc import Callable

import pytest

from tests.gateway.sender.mails import CUSTOMER, ELSEWHERE, FORWARDER, PLAIN, check, seal, sign, verdict_of, zone
from tests.peers.dns_server import DnsServer

GOOD = f"dmarc=pass header.from={CUSTOMER}"
BAD = f"dmarc=fail header.from={CUSTOMER}"
REJECT = "v=DMARC1; p=reject"


def changed() -> bytes:
    """A signed mail to which a list added its footer: the signature is broken, and the list says that it was good."""
    return seal(sign() + b"-- \r\nSample list\r\n", results=GOOD)


def twice(first: str, second: str) -> bytes:
    """A mail that two forwarders passed on."""
    return seal(seal(PLAIN, ELSEWHERE, results=first), results=f"{second}; arc=pass")


CASES: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "sealed": (changed, "pass", "sealed by forwarder.test"),
    "sealed by two": (lambda: twice(BAD, GOOD), "pass", "sealed by forwarder.test"),
    "the newest says fail": (lambda: twice(GOOD, BAD), "fail", "DMARC: fail"),
    "says nothing of the sender": (lambda: seal(PLAIN, results="spf=none"), "fail", "sealed by forwarder.test"),
    "speaks of another domain": (
        lambda: seal(PLAIN, results="dkim=pass header.d=elsewhere.test"),
        "fail",
        "DKIM: pass",
    ),
    "another sealer": (lambda: seal(PLAIN, ELSEWHERE, results=GOOD), "fail", "elsewhere.test is not among"),
    "believed, then another": (
        lambda: seal(seal(PLAIN, results=GOOD), ELSEWHERE, results=f"{GOOD}; arc=pass"),
        "fail",
        "elsewhere.test is not among",
    ),
    "text changed after the seal": (lambda: changed().replace(b"phones", b"printers"), "fail", "does not hold"),
    "From changed after the seal": (lambda: changed().replace(b"Ann <ann@", b"Bob <bob@"), "fail", "does not hold"),
    "results changed": (
        lambda: seal(PLAIN, results=BAD).replace(b"dmarc=fail", b"dmarc=pass"),
        "fail",
        "does not hold",
    ),
    "a seal is missing": (lambda: twice(GOOD, GOOD).replace(b"ARC-Seal: i=1", b"X-Seal: i=1"), "fail", "not whole"),
    "a number too many": (lambda: changed().replace(b"ARC-Seal: i=1", b"ARC-Seal: i=99"), "fail", "not whole"),
    "a number in hiding": (lambda: changed().replace(b"ARC-Seal: i=1", b"ARC-Seal: x=1; i=1"), "fail", "not whole"),
    "a seal that is none": (lambda: b"ARC-Seal: what?\r\n" + PLAIN, "fail", "cannot be read"),
    "two From": (lambda: b"From: eve@elsewhere.test\r\n" + changed(), "none", ""),
}


@pytest.mark.parametrize("case", CASES)
def test_arc(dns: DnsServer, case: str) -> None:
    """Without the seal each of these fails: the domain refuses what is not its own."""
    make, verdict, words = CASES[case]
    found = verdict_of(check(zone(dns, REJECT), sealers=(FORWARDER,)), make())
    assert found.verdict == verdict, found
    assert any(words in line for line in found.checks) or not words, found


def test_no_sealer_is_believed_by_default(dns: DnsServer) -> None:
    """The same mail, and nobody configured."""
    assert verdict_of(check(zone(dns, REJECT)), changed()).verdict == "fail"


def test_behind_a_relay_too(dns: DnsServer) -> None:
    """Where we do not verify ourselves, and a relay's results do not help."""
    checker = check(zone(dns), direct=False, trusted=("mx.desk.test",), sealers=(FORWARDER,))
    for results in (b"", b"Authentication-Results: mx.desk.test; dmarc=fail\r\n"):
        found = verdict_of(checker, results + changed(), source="imap", peer="Inbox")
        assert found.verdict == "pass"
        assert found.reason == "forwarder.test passed it on and says: DMARC passed for customer.test."


def test_what_proves_itself_needs_no_seal(dns: DnsServer) -> None:
    """A signature that holds is enough: no key of a sealer is asked for."""
    zone(dns)
    assert verdict_of(check(dns, sealers=(FORWARDER,)), seal(sign(), results=BAD)).verdict == "pass"
    assert dns.count(f"arc._domainkey.{FORWARDER}") == 0


def test_without_the_sealers_key(dns: DnsServer) -> None:
    """DNS has none, or does not answer: the seal is not believed, and the verdict is as without it."""
    checker = check(zone(dns, REJECT), sealers=(FORWARDER,))
    del dns.records[f"arc._domainkey.{FORWARDER}", "TXT"]
    found = verdict_of(checker, changed())
    assert found.verdict == "fail"
    assert found.checks[-1] == "ARC: not believed: there is no key at arc._domainkey.forwarder.test"
    dns.broken.add(f"arc._domainkey.{FORWARDER}")
    found = verdict_of(check(dns, sealers=(FORWARDER,)), changed())
    assert found.checks[-1].startswith("ARC: not known: DNS has no answer")
