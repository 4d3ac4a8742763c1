"""Links whose words name another site than they lead to have the true one beside them."""

import pytest

from portal.true_hosts import beside
from tests.counting import calls_of


@pytest.mark.attack(44)
@pytest.mark.parametrize(
    "address, words, told",
    [
        ("https://evil.test/login", "https://bank.test/login", "evil.test"),
        ("https://evil.test/", "bank.test", "evil.test"),
        ("https://evil.test/", "b<b>ank</b>.test", "evil.test"),
        ("https://evil.test/", "bank\u200b.test", "evil.test"),
        ("https://evil.test/", "bank．test", "evil.test"),
        ("https://evil.test/", "bank&#46;test", "evil.test"),
        ("https://evil.test/", "Sign in at bank.test now", "evil.test"),
        ("https://bank.test@evil.test/", "https://bank.test/", "evil.test"),
        ("https://bank.test.evil.test/", "bank.test", "bank.test.evil.test"),
        ("https://evil.test/?https://bank.test/", "https://bank.test/", "evil.test"),
        ("https://evil.test/?a=1&amp;b=bank.test", "bank.test", "evil.test"),
        ("https://xn--pple-43d.com/", "apple.com", "xn--pple-43d.com"),
        ("http://127.0.0.1/", "bank.test", "127.0.0.1"),
        ("http://[::1/", "bank.test", "?"),
        ("mailto:eve@evil.test", "boss@desk.test", "evil.test"),
    ],
)
def test_another_site_is_told(address: str, words: str, told: str) -> None:
    """By its host, behind the words, whatever stands in the address besides."""
    link = f'<a href="{address}" rel="noopener">{words}</a>'
    assert beside(f"<p>See {link}, now.</p>") == f'<p>See {link} <b dir="ltr">[{told}]</b>, now.</p>'


@pytest.mark.parametrize(
    "html",
    [
        '<a href="https://bank.test/login">bank.test</a>',
        '<a href="https://www.bank.test/login">https://bank.test/</a>',
        '<a href="https://evil.test/">Click here</a>',
        '<a href="mailto:ann@bank.test?subject=x">ann@bank.test</a>',
        '<a>bank.test</a><p title="&lt;a href=&quot;https://evil.test&quot;&gt;">bank.test</p>',
        '<a href="https://evil.test/">bank.test',
        "no link at all",
    ],
)
def test_all_else_is_left_alone(html: str) -> None:
    """The site that is named, its www, words that name none, and what is no link."""
    assert beside(html) == html


def test_a_link_within_a_link_is_told_once() -> None:
    """HTML has that in tables; what both lead to stands behind the first of them that ends."""
    inner = '<table><tr><td><a href="https://x.test">bank.test</a></td></tr></table>'
    assert beside(f'<a href="https://evil.test/">{inner}</a>').count("<b ") == 1


def test_many_links_are_little_work() -> None:
    """Half a megabyte of deceptive links, one very long one and one that never ends."""
    links = '<a href="https://evil.test/">bank.test</a>' * 12_000
    assert beside(links).count("[evil.test]") == 12_000
    for html in (links, f'<a href="https://evil.test/">{"bank." * 100_000}</a>', '<a href="https://e.test">' * 20_000):
        assert calls_of(lambda html=html: beside(html)) < 2 * len(html)  # type: ignore[misc]
