"""Subjects: what a mail is about, without prefixes and numbers."""

import pytest

from gateway.subject import bare, is_forward


@pytest.mark.feature("F84", "mail")
@pytest.mark.parametrize(
    "subject, title",
    [
        ("Printer", "Printer"),
        ("Re: Printer", "Printer"),
        ("RE: AW: SV: Fwd: Printer", "Printer"),
        ("Re[2]: Printer", "Printer"),
        ("Re(3) : Printer", "Printer"),
        ("回复：打印机", "打印机"),
        ("TR : Imprimante", "Imprimante"),
        ("[T20190409.0967] Printer", "Printer"),
        ("Re: [T20190409.0967] Re: Printer", "Printer"),
        ("Printer t20190409.0967.001 broken", "Printer broken"),
        ("[ T20190409.0967 ]", ""),
        ("", ""),
        ("Re:", ""),
        ("Re: Fwd:", ""),
        ("Report: all well", "Report: all well"),
        ("R2D2: broken", "R2D2: broken"),
        ("[ACME] Printer", "[ACME] Printer"),
        ("Reply to: you", "Reply to: you"),
        ("10:30 meeting", "10:30 meeting"),
    ],
)
def test_bare(subject: str, title: str) -> None:
    """Prefixes of the mail programs go, in any number and language; words that only look like them stay."""
    assert bare(subject) == title


def test_a_chain_of_prefixes_without_end() -> None:
    """A hostile one keeps its rest, and takes no time."""
    assert bare("Re: " * 100_000).startswith("Re:")


@pytest.mark.parametrize("subject", ["Fwd: x", "FW: x", "WG: x", "TR: x", "转发: x", " fwd : x", "ENC: x"])
def test_is_forward(subject: str) -> None:
    """The mark of a forwarded mail, in the languages of the mail programs."""
    assert is_forward(subject)


@pytest.mark.parametrize("subject", ["Re: x", "Re: Fwd: x", "forward: x", "", "x fwd: y"])
def test_is_no_forward(subject: str) -> None:
    """An answer to a forwarded mail is an answer."""
    assert not is_forward(subject)
