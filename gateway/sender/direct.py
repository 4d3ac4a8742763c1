"""Our own verification of a mail that came straight from its sender: DKIM, SPF, and what the domain says to both."""

from datetime import datetime

from gateway.envelope import Envelope
from gateway.sender import dkim_check, policy, spf_check
from gateway.sender.finding import Finding
from gateway.sender.policy import Policy
from gateway.sender.resolver import Questions, Unanswered
from gateway.sender.signed import Odd, Signed
from gateway.sender.verdict import Verified


def verify(raw: bytes, envelope: Envelope, domain: str, questions: Questions, at: datetime) -> Verified:
    """`domain` is that of From, as it stands in DNS."""
    about, found = _policy(domain, questions)
    findings = [about, *_signatures(raw, domain, questions, at, found)]
    if not any(finding.passed for finding in findings):
        findings.append(spf_check.client(envelope, domain, questions, strict=found.strict_spf))
    return _judge(findings, domain, found)


def _policy(domain: str, questions: Questions) -> tuple[Finding, Policy]:
    try:
        found = policy.policy_of(domain, questions)
    except Unanswered as error:
        return Finding(f"DMARC: not known for {domain}: {error}", unanswered=str(error)), policy.UNKNOWN
    words = f"policy {found.request} of {domain}" if found.request else f"no policy of {domain}"
    return Finding(f"DMARC: {words}"), found


def _signatures(raw: bytes, domain: str, questions: Questions, at: datetime, found: Policy) -> list[Finding]:
    try:
        return dkim_check.signatures(Signed(raw), domain, questions, at, strict=found.strict_dkim)
    except Odd as error:
        return [Finding(f"DKIM: no signature counts: {error}")]


def _judge(findings: list[Finding], domain: str, found: Policy) -> Verified:
    checks = tuple(finding.words for finding in findings)
    for finding in findings:
        if finding.passed:
            return Verified("pass", f"{finding.words.partition(':')[0]} passed for {domain}.", checks)
    if left_open := next((finding.unanswered for finding in findings if finding.unanswered), ""):
        return Verified("none", f"Not verified: {left_open}.", checks)
    if found.refuses:
        return Verified("fail", f"Neither DKIM nor SPF passed for {domain}, whose policy is {found.request}.", checks)
    if found.request:
        return Verified("none", f"Neither DKIM nor SPF passed for {domain}, whose policy lets that pass.", checks)
    return Verified("none", f"Neither DKIM nor SPF passed for {domain}.", checks)
