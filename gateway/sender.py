"""Who sent it: one verdict from the results that our own relay wrote into the mail (RFC 8601)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from desk.access import Verdict


@dataclass(frozen=True, slots=True)
class Verified:
    """`pass`, `none` or `fail`, and why, in words."""

    verdict: Verdict
    reason: str


def verify(results: Sequence[str], domain: str, trusted: Collection[str]) -> Verified:
    """Read the topmost Authentication-Results only, and only if a trusted server wrote it.

    `domain` is that of the From address: SPF and DKIM count when they speak of it (alignment, RFC 7489 section 3.1).
    """
    if not trusted:
        return Verified("none", "No server is configured whose Authentication-Results are believed.")
    if not results:
        return Verified("none", "The mail has no Authentication-Results.")
    # authres raises SyntaxError and others on headers of the wild; such a header proves nothing.
    try:
        import authres

        header = authres.AuthenticationResultsHeader.parse(f"Authentication-Results: {results[0]}")
    except Exception as error:
        return Verified("none", f"The topmost Authentication-Results cannot be read ({error.__class__.__name__}).")
    if (header.authserv_id or "").lower() not in {name.lower() for name in trusted}:
        return Verified("none", "The topmost Authentication-Results is not from a trusted server.")
    return _judge(header.results, domain.lower())


def _judge(results: Sequence[object], domain: str) -> Verified:
    verdict = Verified("none", "Neither DMARC, DKIM nor SPF passed for the sender's domain.")
    for result in results:
        method, outcome = str(getattr(result, "method", "")), str(getattr(result, "result", ""))
        if method == "dmarc" and outcome == "fail":
            return Verified("fail", f"DMARC failed for {domain}.")
        if outcome == "pass" and _speaks_of(result, method, domain):
            verdict = Verified("pass", f"{method.upper()} passed for {domain}.")
    return verdict


def _speaks_of(result: object, method: str, domain: str) -> bool:
    # authres knows header.from of DMARC only as a property (the others too, under every version of it).
    told = {f"{p.type}.{p.name}": p.value for p in getattr(result, "properties", ())}
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
