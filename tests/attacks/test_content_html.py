"""Hostile HTML in mails to the running desk: what its pages, the frame of the mail and the letters hold of it."""

import re
from collections.abc import Iterator

import pytest

from tests.attacks.batch import Outcome, outcomes
from tests.attacks.hostile_html import ROWS, left_of
from tests.attacks.outside import enter, settle
from tests.attacks.shown import customers, reader, strange_in
from tests.peers.desk import STAFF, Desk
from tests.portal.client import Visitor

CASES = {name: html for cases in ROWS.values() for name, html in cases.items()}
CSP = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src 'self'; "
    "style-src 'unsafe-inline'; frame-ancestors 'self'"
)
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
_OWN_LINK = re.compile(r'<a href="(https?://[^"<>]*)"[^<>]*>\1</a>')
LINKS = (
    '<p>Look at <a href="https://evil.test/login">https://bank.test/login</a>, '
    '<a href="https://ok.test/a">ok.test</a></p>'
)


def mail_of(sender: str, subject: str, html: str) -> bytes:
    """A mail of HTML alone."""
    head = (
        f"From: Sample <{sender}>\r\nTo: service@desk.test\r\nSubject: {subject}\r\nMessage-ID: <html.{sender}>\r\n"
        "Date: Mon, 03 Aug 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    )
    return (head + "<p>Words above.</p>\r\n" + html.replace("\n", "\r\n") + "\r\n").encode()


def with_picture(sender: str) -> bytes:
    """A mail that shows a picture of its own, one of another mail's, and links that say another site."""
    html = '<p>Own <img src="cid:own@shown.test" alt="own"> <img src="cid:picture@of.another" alt="none"></p>' + LINKS
    return (
        mail_of(sender, "picture", "")
        .replace(b"Content-Type: text/html; charset=utf-8\r\n", b'Content-Type: multipart/related; boundary="r"\r\n')
        .partition(b"<p>Words above.</p>")[0]
        + b"--r\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
        + html.encode()
        + b"\r\n--r\r\nContent-Type: image/png\r\nContent-ID: <own@shown.test>\r\nContent-Transfer-Encoding: base64\r\n"
        + f"\r\n{PNG}\r\n--r--\r\n".encode()
    )


def with_picture_of(sender: str, content_id: str) -> bytes:
    """The mail whose picture the other ones ask for."""
    return with_picture(sender).replace(b"own@shown.test", content_id.encode())


@pytest.fixture(scope="module")
def sent(attacked: Desk) -> dict[str, Outcome]:
    """Each of them in a mail of its own, from colleagues of one customer."""
    senders = customers(attacked, len(CASES) + 2)
    mails = {
        name: (one, mail_of(one, f"html {n}", CASES[name]))
        for n, (name, one) in enumerate(zip(CASES, senders, strict=False))
    }
    mails["picture"] = (senders[-2], with_picture(senders[-2]))
    mails["another's picture"] = (senders[-1], with_picture_of(senders[-1], "picture@of.another"))
    found = outcomes(attacked, mails)
    assert {one.kind for one in found.values()} == {"opened"}
    return found


@pytest.fixture(scope="module")
def jane(attacked: Desk, sent: dict[str, Outcome]) -> Iterator[Visitor]:
    """The customer."""
    found = reader(attacked)
    yield found
    found.http.close()


@pytest.fixture(scope="module")
def sam(attacked: Desk) -> Iterator[Visitor]:
    """The desk."""
    found = enter(attacked, STAFF)
    yield found
    found.http.close()


def frame(browser: Visitor, found: Outcome) -> str:
    """What the frame of a mail shows: the part that is not ours."""
    answer = browser.get(f"/t/{found.number}/entries/{found.entry}.html")
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == CSP
    body = re.search(r'<body dir="auto">\n(.*)\n</body>\n</html>\s*\Z', answer.text, re.DOTALL)
    assert body
    return body[1]


def _cases() -> list[object]:
    return [pytest.param(name, marks=pytest.mark.attack(row), id=name) for row, of in ROWS.items() for name in of]


@pytest.mark.parametrize("name", _cases())
def test_nothing_of_it_is_left(sent: dict[str, Outcome], jane: Visitor, sam: Visitor, name: str) -> None:
    """Customer and staff see a page that is ours to the last tag, and a frame where nothing runs, loads or covers."""
    found = sent[name]
    for browser in (jane, sam):
        page = browser.get(f"/t/{found.number}")
        assert page.status_code == 200
        assert "Words above." in page.text
        assert strange_in(page.text, "http://127.0.0.1") == []
        if found.html:
            assert left_of(frame(browser, found)) == []
    assert left_of(found.html) == []


@pytest.mark.attack(41)
def test_pictures_are_those_of_the_same_mail(sent: dict[str, Outcome], jane: Visitor) -> None:
    """Its own is shown by an address with a pass; the Content-ID of a colleague's mail is as good as none."""
    shown = frame(jane, sent["picture"])
    (address,) = re.findall(r'src="([^"]*)"', shown)
    assert re.fullmatch(rf"/t/{sent['picture'].number}/files/\d+/picture\?pass=[\w-]+", address)
    assert jane.get(address).headers["content-type"] == "image/png"
    assert '<img alt="none">' in shown
    assert "src=" in frame(jane, sent["another's picture"])


@pytest.mark.attack(44)
def test_a_link_that_says_another_site(sent: dict[str, Outcome], jane: Visitor, attacked: Desk) -> None:
    """The frame names the true host behind it, the text on the page and in the letter the whole address."""
    found = sent["picture"]
    shown = frame(jane, found)
    assert '>https://bank.test/login</a> <b dir="ltr">[evil.test]</b>' in shown
    assert ">ok.test</a><" in shown
    assert "https://bank.test/login &lt;https://evil.test/login&gt;" in jane.get(f"/t/{found.number}").text
    settle(attacked)
    (told,) = [letter for letter in attacked.letters(STAFF) if letter["X-Ticket"] == found.number]
    text = told.get_body(("plain",))
    assert text
    assert "https://evil.test/login" in text.get_content()


@pytest.mark.attack(37, 38, 39, 40)
def test_letters_hold_none_of_it(sent: dict[str, Outcome], attacked: Desk) -> None:
    """Letters about these tickets, their HTML parts above all, are ours to the last tag."""
    settle(attacked)
    numbers = {found.number for found in sent.values()}
    about = [letter for letter in attacked.letters() if letter["X-Ticket"] in numbers]
    assert len(about) >= len(sent)
    for letter in about:
        rich = letter.get_body(("html",))
        if rich is None:
            continue
        source = rich.get_content()
        plain = _OWN_LINK.sub(r"\1", source)  # an address in the text leads to where it says
        foreign = [one for one in strange_in(plain, attacked.url) if not one.endswith(" style")]
        assert foreign == [], letter["Subject"]
