"""HTML and texts that are made to take for ever: each becomes a ticket with its words, in bounded time and memory."""

import pytest

from desk import folding
from tests.attacks.batch import Outcome, outcomes
from tests.attacks.hostile_html import BIG
from tests.attacks.hostile_texts import TEXTS
from tests.attacks.outside import enter
from tests.attacks.service import attack, cost
from tests.attacks.shown import strange_in
from tests.attacks.test_content_html import mail_of
from tests.peers.desk import STAFF, Desk

LONG = 1_000_000  # characters of each text
MEMORY = 143  # MB
FALLBACK = 5.0  # seconds in which HTML that is too much is shown as text (row 42)
ALONE = ("1 MB of ampersands", "4.8 MB of ampersands", "100000 div", "adoption", "open links", "a newsletter of 4.8 MB")
TEXTS_ALONE = ("many On, one wrote", "quoted with blanks", "signatures and quotations", "original messages", "commands")


def text_mail(sender: str, text: str) -> bytes:
    """A mail of plain text that answers something, so that quotations are looked for."""
    lines = text.replace("\n", "\r\n")
    return (
        f"From: {sender}\r\nTo: service@desk.test\r\nSubject: Re: long text\r\nMessage-ID: <text.{sender}>\r\n"
        f"In-Reply-To: <other@text.test>\r\nDate: Mon, 03 Aug 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\nThe first words.\r\n\r\n{lines}\r\n\r\nThe last words.\r\n"
    ).encode()


@pytest.fixture(scope="module")
def html(attacked: Desk) -> dict[str, Outcome]:
    """All of the large HTML, within the promise for each."""
    mails = {name: (f"big{n}@cost.test", mail_of(f"big{n}@cost.test", f"big {n}", made()))
             for n, (name, made) in enumerate(BIG.items())}  # fmt: skip
    with cost(attacked, cpu=len(mails), memory=2 * MEMORY):  # a second each, far below the promise for one
        return outcomes(attacked, mails)


@pytest.fixture(scope="module")
def texts(attacked: Desk) -> dict[str, Outcome]:
    """All of the texts."""
    mails = {name: (f"text{n}@cost.test", text_mail(f"text{n}@cost.test", made(LONG)))
             for n, (name, made) in enumerate(TEXTS.items())}  # fmt: skip
    with cost(attacked, cpu=len(mails), memory=2 * MEMORY):
        return outcomes(attacked, mails)


@pytest.mark.attack(42)
@pytest.mark.parametrize("name", BIG)
def test_html_becomes_words(html: dict[str, Outcome], name: str) -> None:
    """A ticket with the words above, whatever follows; the mail itself is whole."""
    found = html[name]
    assert (found.kind, found.dispositions) == ("opened", 1)
    assert "Words above." in found.text
    assert len(found.text) <= 8000
    assert len(found.html) <= 2 << 20
    assert found.kept.endswith(found.raw)


@pytest.mark.attack(42)
def test_pages_of_them_are_quick(attacked: Desk, html: dict[str, Outcome]) -> None:
    """All of their tickets are shown in less processor time than one such mail may take, and the pages stay small."""
    sam = enter(attacked, STAFF)
    with cost(attacked, cpu=FALLBACK, memory=MEMORY):
        for name, found in html.items():
            page = sam.get(f"/t/{found.number}")
            assert page.status_code == 200
            assert len(page.content) < 200_000, name
            assert strange_in(page.text, attacked.url) == [], name


@pytest.mark.attack(42)
@pytest.mark.parametrize("name", ALONE)
def test_html_alone(attacked: Desk, name: str) -> None:
    """From the wire to the ticket within 5 s of processor time."""
    sender = f"alone{ALONE.index(name)}@cost.test"
    done = attack(attacked, mail_of(sender, name, BIG[name]()), cpu=FALLBACK, memory=MEMORY, sender=sender)
    assert done.kind == "opened"


@pytest.mark.attack(43)
@pytest.mark.parametrize("name", TEXTS)
def test_a_text_loses_nothing(texts: dict[str, Outcome], name: str) -> None:
    """What is not shown stands folded beside: together they hold the first and the last words."""
    found = texts[name]
    assert (found.kind, found.dispositions) == ("opened", 1)
    whole = folding.whole(found.text, found.folded)
    assert "The first words." in found.text
    assert "The last words." in whole
    assert found.kept.endswith(found.raw)


@pytest.mark.attack(43)
@pytest.mark.parametrize("name", TEXTS_ALONE)
def test_a_text_alone(attacked: Desk, name: str) -> None:
    """A megabyte takes at most two seconds of processor time, and four times as much at most what is in proportion."""
    for size, seconds in ((LONG, 2.0), (4 * LONG, 8.0)):
        sender = f"t{TEXTS_ALONE.index(name)}.{size}@cost.test"
        raw = text_mail(sender, TEXTS[name](size))
        assert attack(attacked, raw, cpu=seconds, memory=MEMORY, sender=sender).kind == "opened"
