"""What another server found out: the results that it wrote into the mail (RFC 8601)."""

import re
from collections.abc import Collection, Sequence

from desk.access import Verdict
from gateway.sender.verdict import Verified

NOBODY = "No server is configured whose Authentication-Results are believed."
_MAX_LINES = 10
# Google, OpenDMARC, rspamd and Microsoft: (p=NONE …), (policy=none), policy.dmarc=none, action=none.
_DMARC_FAILED = re.compile(r"\bdmarc\s?=\s?fail\b[^;]{0,500}", re.IGNORECASE)
_POLICY = re.compile(
    r"\b(?:p|sp|policy|action|dmarc|published-domain-policy)=(none|quarantine|reject)\b", re.IGNORECASE
)


def verify(results: Sequence[str], domain: str, trusted: Collection[str]) -> Verified:
    """Read the topmost Authentication-Results only, and only if a trusted server wrote it.

    `domain` is that of the From address: SPF and DKIM count when they speak of it (alignment, RFC 7489 section 3.1).
    """
    if not trusted:
        return Verified("none", NOBODY)
    if not results:
        return Verified("none", "The mail has no Authentication-Results.")
    return _read(results[0], domain, trusted)


def judge(results: str, domain: str) -> Verified:
    """The same for one Authentication-Results, whose server is believed for another reason."""
    return _read(results, domain, None)


def _read(text: str, domain: str, trusted: Collection[str] | None) -> Verified:
    # authres raises SyntaxError and others on headers of the wild; such a header proves nothing.
    try:
        import authres

        header = authres.AuthenticationResultsHeader.parse(f"Authentication-Results: {text}")
    except Exception as error:
        return Verified("none", f"The topmost Authentication-Results cannot be read ({error.__class__.__name__}).")
    server = (header.authserv_id or "").lower()
    if trusted is not None and server not in {name.lower() for name in trusted}:
        return Verified("none", "The topmost Authentication-Results is not from a trusted server.")
    verdict, reason = _judge(header.results, domain.lower(), lenient=_lets_pass(text))
    return Verified(verdict, reason, tuple(_line(result, server) for result in header.results[:_MAX_LINES]))


def _judge(results: Sequence[object], domain: str, *, lenient: bool) -> tuple[Verdict, str]:
    verdict: Verdict = "none"
    reason = "Neither DMARC, DKIM nor SPF passed for the sender's domain."
    for result in results:
        method, outcome = _method(result)
        if method == "dmarc" and outcome == "fail":
            if not lenient:
                return "fail", f"DMARC failed for {domain}."
            reason = f"DMARC failed for {domain}, whose policy lets that pass."
        if outcome == "pass" and _speaks_of(result, method, domain):
            verdict, reason = "pass", f"{method.upper()} passed for {domain}."
    return verdict, reason


def _lets_pass(text: str) -> bool:
    """True when the server also tells the policy of the domain, and it is none: such mail is not for us to hold."""
    failed = _DMARC_FAILED.search(text)
    told = {policy.lower() for policy in _POLICY.findall(failed[0])} if failed else set()
    return told == {"none"}


def _line(result: object, server: str) -> str:
    method, outcome = _method(result)
    told = _told(result)
    about = next(
        (told[name] for name in ("header.from", "header.d", "header.i", "smtp.mailfrom") if told.get(name)), ""
    )
    return f"{method.upper()}: {outcome}{f' for {about}' if about else ''}, says {server}"[:300]


def _method(result: object) -> tuple[str, str]:
    return str(getattr(result, "method", "")), str(getattr(result, "result", ""))


def _told(result: object) -> dict[str, str]:
    # authres knows header.from of DMARC only as a property (the others too, under every version of it).
    return {f"{p.type}.{p.name}": str(p.value or "") for p in getattr(result, "properties", ())}


def _speaks_of(result: object, method: str, domain: str) -> bool:
    told = _told(result)
    named = {
        "dmarc": told.get("header.from"),
        "dkim": told.get("header.d") or told.get("header.i"),
        "spf": told.get("smtp.mailfrom"),
    }.get(method)
    found = str(named or "").rpartition("@")[2].lower().rstrip(".")
    if method == "dmarc" and not found:
        return True  # DMARC is about the From domain by definition
    # Relaxed alignment without a list of public suffixes: the same domain, or one below it.
    return bool(found) and (found == domain or domain.endswith("." + found) or found.endswith("." + domain))
