"""Who sent it: one verdict from the topmost Authentication-Results of a trusted server."""

import pytest

from gateway.sender.results import verify

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


@pytest.mark.parametrize(
    "results, verdict",
    [
        ("dmarc=fail (p=NONE sp=NONE dis=NONE) header.from=example.com", "none"),
        ("dmarc=fail (p=REJECT sp=NONE dis=NONE) header.from=example.com", "fail"),
        ('dmarc=fail reason="not aligned" header.from=example.com (policy=none)', "none"),
        ("dmarc=fail policy.dmarc=none header.from=example.com", "none"),
        ("dmarc=fail action=none header.from=example.com;compauth=pass reason=100", "none"),
        ("dmarc=fail action=oreject header.from=example.com", "fail"),
        ("spf=fail (p=none) smtp.mailfrom=example.com; dmarc=fail header.from=example.com", "fail"),
    ],
)
def test_a_domain_that_only_watches(results: str, verdict: str) -> None:
    """Where the server tells the policy too, and it is none, the mail is not held for it."""
    assert verify([f"mx.desk.test; {results}"], "example.com", TRUSTED).verdict == verdict


def test_what_the_server_found_is_told() -> None:
    """One line for each of its results."""
    found = verify(["mx.desk.test; spf=none; dkim=pass header.d=example.com"], "example.com", TRUSTED)
    assert found.checks == ("SPF: none, says mx.desk.test", "DKIM: pass for example.com, says mx.desk.test")
