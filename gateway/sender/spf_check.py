"""May this client send for the domain of From? (SPF, RFC 7208, of the reverse path or else of HELO)"""

from typing import Any

from gateway.envelope import Envelope
from gateway.sender.domains import aligned, domain_of
from gateway.sender.finding import Finding
from gateway.sender.resolver import Questions, Unanswered

MAX_RECORD = 2_048  # bytes; RFC 7208 section 3.4 would have them below 512


def client(envelope: Envelope, domain: str, questions: Questions, *, strict: bool) -> Finding:
    """Whether the client's address proves the domain of From."""
    path = envelope.reverse_path
    named = domain_of(path or envelope.helo)
    if not named:
        return Finding("SPF: the envelope names no domain")
    if not aligned(named, domain, strict=strict):
        return Finding(f"SPF: the envelope names {named}, which does not speak for {domain}")
    local = path.rpartition("@")[0] or "postmaster"
    try:
        result = _result(envelope.peer, f"{local}@{named}", domain_of(envelope.helo) or named, questions)
    except Unanswered as error:
        return Finding(f"SPF: not known for {named}: {error}", unanswered=str(error))
    return Finding(f"SPF: {result} for {named} from {envelope.peer}", result == "pass")


def _result(peer: str, sender: str, helo: str, questions: Questions) -> str:
    import spf

    query = spf.query(peer, sender, helo)
    voids = 0

    def dns(name: str, kind: Any, cnames: object = None, ignore_void: bool = False) -> list[Any]:
        # In place of pyspf's own, which asks without a limit in time and knows no cache.
        nonlocal voids
        found: list[Any] = []
        if all(0 < len(label) < 64 for label in str(name).removesuffix(".").split(".")):
            found = [[record] if isinstance(record, bytes) else record for record in questions.ask(str(name), kind)]
        if kind == "TXT" and any(len(strings[0]) > MAX_RECORD for strings in found):
            raise spf.PermError("a record is too long")
        if not found and not ignore_void:
            voids += 1
            if voids > spf.MAX_VOID_LOOKUPS:
                raise spf.PermError("too many names that do not exist")
        return found

    query.dns = dns
    query.get_explanation = lambda _: None  # nobody is told it, and it is one more question
    return str(query.check()[0])
