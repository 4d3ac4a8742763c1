"""What a domain wants done with mail that only claims to be its own (DMARC, RFC 7489 section 6)."""

from dataclasses import dataclass

from gateway.sender.domains import organisation
from gateway.sender.resolver import Questions

MAX_RECORD = 2_048  # bytes
_WEAKER = {"reject": "quarantine", "quarantine": "none", "none": "none"}


@dataclass(frozen=True, slots=True)
class Policy:
    """The policy that holds for a domain; "" as `request` where it has none."""

    request: str = ""
    strict_dkim: bool = False
    strict_spf: bool = False

    @property
    def refuses(self) -> bool:
        """True when mail that fails is not to be taken for the domain's."""
        return self.request in ("quarantine", "reject")


# While DNS does not tell how strict a domain is: only what is signed or sent by that very domain counts.
UNKNOWN = Policy("", strict_dkim=True, strict_spf=True)


def policy_of(domain: str, questions: Questions) -> Policy:
    """The policy of a domain, or of the organisation it belongs to. Raises Unanswered."""
    tags = _tags(questions, domain)
    above = organisation(domain)
    if tags is None and above != domain:
        tags = _tags(questions, above)
        if tags is not None and "sp" in tags:
            tags["p"] = tags["sp"]
    if tags is None:
        return Policy()
    request = tags.get("p", "none").lower()
    request = request if request in _WEAKER else "none"
    if tags.get("t", "").lower() == "y" or tags.get("pct") == "0":
        request = _WEAKER[request]  # the domain only tries it out
    return Policy(request, tags.get("adkim", "r").lower() == "s", tags.get("aspf", "r").lower() == "s")


def _tags(questions: Questions, domain: str) -> dict[str, str] | None:
    """The record of exactly this domain; None when it has none, or several, which is as good as none."""
    records = [text for record in questions.text(f"_dmarc.{domain}") if (text := _policy_text(record))]
    if len(records) != 1:
        return None
    pairs = [tag.partition("=") for tag in records[0].split(";")]
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _policy_text(record: bytes) -> str:
    text = record.decode("ascii", "replace") if len(record) <= MAX_RECORD else ""
    name, _, value = text.partition(";")[0].partition("=")
    return text if (name.strip().lower(), value.strip()) == ("v", "DMARC1") else ""
