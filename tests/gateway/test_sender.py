"""Who sent it: one verdict from the topmost Authentication-Results of a trusted server."""

import pytest

from gateway.sender import verify

TRUSTED = ("mx.desk.test",)


@pytest.mark.parametrize(
    "results, verdict",
    [
        ("dmarc=pass header.from=example.com", "pass"),
        ("dmarc=pass", "pass"),
        ("dkim=pass header.d=example.com", "pass"),
        ("dkim=pass header.i=@example.com", "pass"),
        ("spf=pass smtp.mailfrom=bounce@example.com", "pass"),
        ("spf=pass smtp.mailfrom=mail.example.com", "pass"),
        ("dkim=pass header.d=example.com; dmarc=fail header.from=example.com", "fail"),
        ("dmarc=fail", "fail"),
        ("dmarc=none", "none"),
        ("dkim=pass header.d=elsewhere.test", "none"),
        ("spf=pass smtp.mailfrom=elsewhere.test", "none"),
        ("dkim=fail header.d=example.com", "none"),
        ("dmarc=pass header.from=elsewhere.test", "none"),
        ("dkim=pass header.d=badexample.com", "none"),
        ("dkim=pass header.d=elsewhere.test; spf=pass smtp.mailfrom=example.com", "pass"),
        ("none", "none"),
        ("auth=pass smtp.auth=example.com", "none"),
        ("dkim=pass", "none"),
    ],
)
def test_verdict(results: str, verdict: str) -> None:
    """Aligned DKIM, SPF or DMARC pass; a DMARC fail beats them; what speaks of another domain says nothing."""
    assert verify([f"mx.desk.test; {results}"], "example.com", TRUSTED).verdict == verdict


@pytest.mark.parametrize(
    "results",
    [
        [],
        ["other.test; dmarc=pass"],
        ["other.test; none", "mx.desk.test; dmarc=pass header.from=example.com"],
        [""],
        ["mx.desk.test"],
        ["((((((((((("],
        ["mx.desk.test; dkim=" + "(" * 5000],
        ["\0;=\udcff"],
        ["mx.desk.test 99; dmarc=pass"],
    ],
    ids=repr,
)
def test_what_is_not_believed(results: list[str]) -> None:
    """None there, another server's on top, one that cannot be read: no verdict, with a reason in words."""
    found = verify(results, "example.com", TRUSTED)
    assert found.verdict == "none"
    assert found.reason.endswith(".")


def test_nothing_is_believed_where_no_server_is_configured() -> None:
    """The default: neither a pass nor a fail of anybody."""
    for result in ("pass", "fail"):
        assert verify([f"mx.desk.test; dmarc={result}"], "example.com", ()).verdict == "none"


def test_the_name_of_the_server_counts_in_any_case() -> None:
    """authserv-id is compared without regard to case."""
    assert verify(["MX.Desk.Test; dmarc=pass"], "example.com", TRUSTED).verdict == "pass"


def test_no_domain_is_aligned_with_nothing() -> None:
    """A mail without a From address passes by nothing but its own word for it, which is none."""
    assert (
        verify(["mx.desk.test; dkim=pass header.d=example.com; spf=pass smtp.mailfrom=a@b.test"], "", TRUSTED).verdict
        == "none"
    )
