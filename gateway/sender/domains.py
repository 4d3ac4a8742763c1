"""Domains compared: which of them speaks for which (alignment, RFC 7489 section 3.1)."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList


def ascii_domain(text: str) -> str:
    """A domain as it stands in DNS, in lower case and without the last dot; "" for what can be none."""
    text = text.strip().lower().removesuffix(".")
    if not 0 < len(text) <= 253:
        return ""
    try:
        return text.encode("idna").decode("ascii") if not text.isascii() else text
    except UnicodeError:
        return ""


def domain_of(address: str) -> str:
    """The domain of an address; of a bare domain, itself."""
    return ascii_domain(address.rpartition("@")[2])


def organisation(domain: str) -> str:
    """The domain that somebody registered: customer.test of mail.customer.test (RFC 7489 section 3.2)."""
    return str(_suffixes().privatesuffix(domain) or domain)


def aligned(speaker: str, domain: str, *, strict: bool) -> bool:
    """True when what `speaker` proves is proven for `domain` as well."""
    if not speaker or not domain:
        return False
    return speaker == domain or (not strict and organisation(speaker) == organisation(domain))


@cache  # the list that comes with the library: 30 ms to read, and nothing but constants
def _suffixes() -> "PublicSuffixList":
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()
