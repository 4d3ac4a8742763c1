"""Our own verification: real signatures, real DNS, every case with the verdict it must get."""

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import pytest

from gateway.sender.policy import MAX_RECORD
from tests.gateway.sender import mails
from tests.gateway.sender.mails import CUSTOMER, ELSEWHERE, PEER, PLAIN, check, sign, verdict_of, zone
from tests.peers.dns_server import DnsServer

REJECT, QUARANTINE, LENIENT = (f"v=DMARC1; p={word}" for word in ("reject", "quarantine", "none"))
SUBDOMAIN = PLAIN.replace(b"ann@customer.test", b"ann@mail.customer.test")
OURS = f"v=spf1 ip4:{PEER} -all"
NOT_OURS = "v=spf1 ip4:198.51.100.1 -all"


def hour(offset: int) -> bytes:
    """So many hours from now, as in t= and x=."""
    return str(int(time.time()) + offset * 3600).encode()


# What is made, and `pass`, `none`, or why no signature counts.
SIGNED: dict[str, tuple[Callable[[], bytes], str]] = {
    "signed": (sign, "pass"),
    "signed with Ed25519": (lambda: sign(selector="ed", key=mails.ed25519_key()), "pass"),
    "signed simple/simple": (lambda: sign(canonicalize=(b"simple", b"simple")), "pass"),
    "signed relaxed/relaxed": (lambda: sign(canonicalize=(b"relaxed", b"relaxed")), "pass"),
    "expires later": (lambda: sign(tags=[(b"x", hour(1))]), "pass"),
    "l= over all of the text": (lambda: sign(length=True), "pass"),
    "the second of two signatures": (lambda: sign(sign(), ELSEWHERE), "pass"),
    "by a subdomain": (lambda: sign(domain=f"mail.{CUSTOMER}"), "pass"),
    "for a subdomain, by the domain": (lambda: sign(SUBDOMAIN), "pass"),
    "not signed": (lambda: PLAIN, "not signed"),
    "by another domain": (lambda: sign(domain=ELSEWHERE), "does not speak for"),
    "text changed": (lambda: sign().replace(b"phones", b"printers"), "changed on the way"),
    "subject changed": (lambda: sign().replace(b"Subject: Help", b"Subject: Pay"), "DKIM: fail"),
    "text added behind l=": (lambda: sign(length=True) + b"Pay me.\r\n", "(l=)"),
    "expired": (lambda: sign(tags=[(b"x", hour(-1))]), "expired"),
    "signed tomorrow": (lambda: sign().replace(b" t=", b" t=9"), "not built as it must be"),
    "From not covered": (lambda: sign().replace(b"from : ", b"").replace(b" : from", b""), "does not cover From"),
    "no such key": (lambda: sign(selector="s2"), "there is no key at s2._domainkey.customer.test"),
    "a key of 512 bits": (lambda: sign(selector="short", key=mails.short_key()), "too short"),
    "rsa-sha1": (lambda: sign(key=dataclasses.replace(mails.rsa_key(), algorithm=b"rsa-sha1")), "not safe any more"),
    "a second subject": (lambda: b"Subject: Pay me\r\n" + sign(), "more fields named subject"),
    "a signature of blanks": (
        lambda: b"DKIM-Signature: v=1;b" + b" \r\n" * 2000 + b" \r\n" + PLAIN,
        "too long to be read",
    ),
    "a signature that is none": (lambda: b"DKIM-Signature: what?\r\n" + PLAIN, "cannot be read"),
    "a line that is no field": (lambda: b"what is this\r\n" + sign(), "is no field"),
    "a field hidden behind a bare CR": (lambda: b"X-A: b\rX-C: d\r\n" + sign(), "stray line ends"),
    "two From": (lambda: b"From: eve@elsewhere.test\r\n" + sign(), "none"),
    "two people in From": (lambda: sign(PLAIN.replace(b"<ann@", b"<eve@customer.test>, <ann@")), "none"),
    "no From": (lambda: PLAIN.partition(b"\r\n")[2], "none"),
}


@pytest.mark.parametrize("case", SIGNED)
def test_dkim(dns: DnsServer, case: str) -> None:
    """Of a domain that wants everything else refused."""
    make, wanted = SIGNED[case]
    found = verdict_of(check(zone(dns, REJECT)), make())
    if wanted in ("pass", "none"):
        assert found.verdict == wanted, found
    else:
        assert found.verdict == "fail", found
        assert wanted in found.checks[1]
    assert found.reason.endswith(".")


STRICT = f"{REJECT}; adkim=s; aspf=s"
POLICIES: list[tuple[str, bytes, str, str]] = [
    ("", PLAIN, "none", "Neither DKIM nor SPF passed for customer.test."),
    (LENIENT, PLAIN, "none", "lets that pass"),
    (QUARANTINE, PLAIN, "fail", "policy is quarantine"),
    (REJECT, PLAIN, "fail", "policy is reject"),
    ("V = DMARC1 ; P=Reject", PLAIN, "fail", "policy is reject"),
    (f"{REJECT}; sp=none", SUBDOMAIN, "none", "lets that pass"),
    (f"{LENIENT}; sp=reject", SUBDOMAIN, "fail", "policy is reject"),
    (f"{LENIENT}; sp=reject", PLAIN, "none", "lets that pass"),
    (REJECT, SUBDOMAIN, "fail", "mail.customer.test, whose policy is reject"),
    (f"{QUARANTINE}; pct=0", PLAIN, "none", "lets that pass"),
    (f"{QUARANTINE}; t=y", PLAIN, "none", "lets that pass"),
    (f"{REJECT}; t=y", PLAIN, "fail", "policy is quarantine"),
    ("v=DMARC1; p=perhaps", PLAIN, "none", "lets that pass"),
    ("p=reject; v=DMARC1", PLAIN, "none", "Neither DKIM nor SPF passed for customer.test."),
    (f"{REJECT}; x={'y' * MAX_RECORD}", PLAIN, "none", "Neither DKIM nor SPF passed for customer.test."),
]


@pytest.mark.parametrize("policy, raw, verdict, words", POLICIES)
def test_what_the_domain_wants(dns: DnsServer, policy: str, raw: bytes, verdict: str, words: str) -> None:
    """`fail` takes a policy that refuses: who only watches (p=none) gets his mail answered."""
    found = verdict_of(check(zone(dns, policy)), raw)
    assert (found.verdict, words in found.reason) == (verdict, True), found


def test_two_policies_are_none(dns: DnsServer) -> None:
    """RFC 7489 section 6.6.3."""
    dns.add(f"_dmarc.{CUSTOMER}", "TXT", REJECT, QUARANTINE)
    assert verdict_of(check(zone(dns)), PLAIN).verdict == "none"


@pytest.mark.parametrize(
    "policy, raw, domain, verdict",
    [
        (REJECT, PLAIN, f"mail.{CUSTOMER}", "pass"),
        (STRICT, PLAIN, f"mail.{CUSTOMER}", "fail"),
        (STRICT, PLAIN, CUSTOMER, "pass"),
        (REJECT, SUBDOMAIN, CUSTOMER, "pass"),
        (STRICT, SUBDOMAIN, CUSTOMER, "fail"),
    ],
)
def test_alignment(dns: DnsServer, policy: str, raw: bytes, domain: str, verdict: str) -> None:
    """Relaxed: the same organisation; strict: the very same domain. For DKIM and for SPF."""
    checker = check(zone(dns, policy))
    assert verdict_of(checker, sign(raw, domain)).verdict == verdict
    dns.add(domain, "TXT", OURS)
    assert verdict_of(checker, raw, path=f"bounce@{domain}").verdict == verdict


def test_neighbours_below_a_public_suffix_do_not_speak_for_each_other(dns: DnsServer) -> None:
    """Two customers of one registry, such as a.co.uk and b.co.uk."""
    for name in ("a.co.uk", "b.co.uk"):
        dns.add(f"s1._domainkey.{name}", "TXT", mails.rsa_key().record)
    raw = PLAIN.replace(b"customer.test", b"a.co.uk")
    checker = check(dns)
    assert verdict_of(checker, sign(raw, "a.co.uk")).verdict == "pass"
    assert verdict_of(checker, sign(raw, "b.co.uk")).verdict == "none"


CHAIN = {f"{n}.{CUSTOMER}": f"v=spf1 include:{n + 1}.{CUSTOMER} -all" for n in range(12)}
SPF: list[tuple[dict[str, str], dict[str, Any], str]] = [
    ({CUSTOMER: OURS}, {}, "pass"),
    ({CUSTOMER: NOT_OURS}, {}, "fail"),
    ({CUSTOMER: f"v=spf1 ?ip4:{PEER}"}, {}, "neutral"),
    ({CUSTOMER: "v=spf1 ~all"}, {}, "softfail"),
    ({}, {}, "none"),
    ({CUSTOMER: "v=spf1 redirect=_spf.customer.test", f"_spf.{CUSTOMER}": OURS}, {}, "pass"),
    ({CUSTOMER: "v=spf1 include:_spf.elsewhere.test -all", f"_spf.{ELSEWHERE}": OURS}, {}, "pass"),
    ({CUSTOMER: "v=spf1 include:nowhere.elsewhere.test -all"}, {}, "permerror"),
    ({CUSTOMER: f"v=spf1 include:0.{CUSTOMER} -all", **CHAIN, f"3.{CUSTOMER}": OURS}, {}, "pass"),
    ({CUSTOMER: f"v=spf1 include:0.{CUSTOMER} -all", **CHAIN, f"11.{CUSTOMER}": OURS}, {}, "permerror"),
    ({CUSTOMER: f"v=spf1 include:{CUSTOMER} +all"}, {}, "permerror"),
    ({CUSTOMER: "v=spf1 " + "a:x.customer.test " * 200 + "+all"}, {}, "permerror"),
    ({CUSTOMER: "v=spf1 a:host.customer.test -all"}, {}, "pass"),
    ({CUSTOMER: "v=spf1 mx -all"}, {}, "pass"),
    ({CUSTOMER: "v=spf1 ip6:2001:db8::/32 -all"}, {"peer": "2001:db8::25"}, "pass"),
    ({ELSEWHERE: OURS}, {"path": f"bounce@{ELSEWHERE}"}, "does not speak"),
    ({f"mx.{CUSTOMER}": OURS}, {"path": "", "helo": f"mx.{CUSTOMER}"}, "pass"),
    ({CUSTOMER: OURS}, {"path": "", "helo": f"mx.{CUSTOMER}"}, "none"),
    ({ELSEWHERE: OURS}, {"path": "", "helo": ELSEWHERE}, "does not speak"),
    ({CUSTOMER: OURS}, {"path": "", "helo": f"[{PEER}]"}, "does not speak"),
]


@pytest.mark.parametrize("records, envelope, result", SPF)
def test_spf(dns: DnsServer, records: dict[str, str], envelope: dict[str, Any], result: str) -> None:
    """By the reverse path, or HELO where it is null; only where that speaks for From."""
    for name, record in records.items():
        dns.add(name, "TXT", record)
    dns.add(CUSTOMER, "MX", f"10 host.{CUSTOMER}.")
    dns.add(f"host.{CUSTOMER}", "A", PEER)
    envelope = {"path": f"bounce@{CUSTOMER}"} | envelope
    found = verdict_of(check(zone(dns, REJECT)), PLAIN, **envelope)
    assert found.verdict == ("pass" if result == "pass" else "fail"), found
    assert result in found.checks[-1]


def test_the_records_of_strangers_cannot_make_us_ask_for_ever(dns: DnsServer) -> None:
    """Ten lists of ten mail servers each are within the letter of RFC 7208; we stop earlier, and prove nothing."""
    for n in range(10):
        dns.add(f"{n}.{CUSTOMER}", "MX", *(f"10 {n}-{m}.{CUSTOMER}." for m in range(10)))
        for m in range(10):
            dns.add(f"{n}-{m}.{CUSTOMER}", "A", "198.51.100.7")
    terms = " ".join(f"mx:{n}.{CUSTOMER}" for n in range(10))
    found = verdict_of(check(zone(dns, REJECT, f"v=spf1 {terms} -all")), PLAIN, path=f"bounce@{CUSTOMER}")
    assert (found.verdict, found.reason) == ("none", "Not verified: its records ask too much of DNS.")
    assert len(dns.asked) < 60


def test_no_more_signatures_are_tried_than_make_sense(dns: DnsServer) -> None:
    """A mail of forty signatures costs no more than one of five."""
    raw = sign()
    field = raw[: raw.index(b"From:")].replace(b"s=s1", b"s=gone")
    found = verdict_of(check(zone(dns, REJECT)), field * 40 + raw)
    assert found.verdict == "fail"
    assert any("more than 5 signatures" in line for line in found.checks)


def test_every_step_is_told(dns: DnsServer) -> None:
    """One line each, with the names that matter; the text of a stranger stays on one line."""
    checker = check(zone(dns, REJECT, NOT_OURS))
    found = verdict_of(checker, sign(domain=ELSEWHERE), path=f"bounce@{CUSTOMER}")
    assert found.checks == (
        "DMARC: policy reject of customer.test",
        "DKIM: signed by elsewhere.test, which does not speak for customer.test",
        f"SPF: fail for customer.test from {PEER}",
    )
    assert verdict_of(checker, sign()).checks[1:] == ("DKIM: pass for customer.test (selector s1)",)
    hostile = b"DKIM-Signature: v=1; d=customer.test; s=\x1b[31ma\r\n b; h=from; a=rsa-sha256; bh=; b=\r\n" + PLAIN
    assert all(line.isprintable() for line in verdict_of(checker, hostile).checks)
