"""Markup, formulas and control characters in subjects and names: in pages, JSON, CSV, Excel, PDF, log and letters."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator

import pytest

from tests.attacks.batch import Outcome, outcomes
from tests.attacks.outside import enter, settle
from tests.attacks.shown import strange_in
from tests.attacks.smtpraw import Raw
from tests.e2e.conftest import FREELY
from tests.peers.desk import STAFF, Desk
from tests.peers.pdf import require_pdf
from tests.portal.client import Visitor
from tests.portal.world import PASSWORD

pytestmark = pytest.mark.attack(45)
# As written, and as a title holds it: what a person may type stays, what steers a screen becomes a blank.
WORDS = {
    "formula": ("=HYPERLINK(\"http://evil.test\",\"x\")", "=HYPERLINK(\"http://evil.test\",\"x\")"),
    "command": ("+1+cmd|' /C calc'!A0", "+1+cmd|' /C calc'!A0"),
    "difference": ("-2+3+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0"),
    "function": ("@SUM(1+1)*cmd|' /C calc'!A0", "@SUM(1+1)*cmd|' /C calc'!A0"),
    "wide formula": ("＝1+1", "＝1+1"),
    "script": ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    "end of an attribute": ("\"'><img src=x onerror=alert(1)>", "\"'><img src=x onerror=alert(1)>"),
    "template": ("{{ 7*7 }} {% for x in y %}", "{{ 7*7 }} {% for x in y %}"),
    "end of a JSON text": ("\"},{\"event\":\"forged\"}", "\"},{\"event\":\"forged\"}"),
    "line of a log": ("a\r\n{\"event\": \"forged\"}", "a {\"event\": \"forged\"}"),
    "screen": ("a\x1b[31mred\x07\x9b2J", "a [31mred 2J"),
    "turned": ("a\u202efdp.exe\u2066", "a fdp.exe"),
    "PDF": ("<img src='file:///etc/passwd'><link rel=attachment href='file:///etc/passwd'>",) * 2,
}  # fmt: skip


def _mail(name: str, number: int) -> bytes:
    encoded = _encoded(WORDS[name][0])
    return (
        f"From: {encoded} <w{number}@words.test>\r\nTo: service@desk.test\r\nSubject: {encoded}\r\n"
        f"Message-ID: <w{number}@words.test>\r\nDate: Mon, 03 Aug 2026 10:00:00 +0000\r\n\r\nSample words.\r\n"
    ).encode()


def _encoded(text: str) -> str:
    """As one encoded word, line ends and all."""
    return f"=?utf-8?q?{''.join(f'={byte:02X}' for byte in text.encode())}?="


@pytest.fixture(scope="module")
def talking() -> Iterator[Desk]:
    """A desk that logs all it can, for machines."""
    with Desk(settings={**FREELY, "LOG__LEVEL": "debug", "LOG__FORMAT": "json"}) as desk:
        yield desk


@pytest.fixture(scope="module")
def sent(talking: Desk) -> dict[str, Outcome]:
    """A ticket for each, by a sender of that name."""
    return outcomes(talking, {name: (f"w{n}@words.test", _mail(name, n)) for n, name in enumerate(WORDS)})


@pytest.fixture(scope="module")
def sam(talking: Desk) -> Iterator[Visitor]:
    """A member of staff, signed in."""
    found = enter(talking, STAFF)
    yield found
    found.http.close()


@pytest.mark.parametrize("name", WORDS)
def test_titles_and_pages(sent: dict[str, Outcome], sam: Visitor, name: str) -> None:
    """The title is what was written without what steers; every page that shows it is ours to the last tag."""
    found = sent[name]
    assert (found.kind, found.title) == ("opened", WORDS[name][1])
    paths = [f"/t/{found.number}", "/desk", "/tickets", "/desk/mail", f"/desk/mail/{found.mail}", "/desk/mail/letters"]
    for path in [*paths, f"/desk/mail/{found.mail}/headers"]:
        page = sam.get(path)
        assert page.status_code == 200, path
        assert strange_in(page.text, "http://127.0.0.1") == [], path
        assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e]", page.text), path


def test_json(talking: Desk, sent: dict[str, Outcome], sam: Visitor) -> None:
    """The API answers with JSON that no browser takes for a page, and that holds the titles as they are."""
    made = sam.post("/me/tokens", name="words", kind="read", days="30", current=PASSWORD)
    token = re.search(r"pd_[\w-]{43}", made.text)
    assert token, made.text
    for name, found in sent.items():
        answer = sam.get(f"/api/v1/tickets/{found.number}", headers={"Authorization": f"Bearer {token[0]}"})
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.json()["title"] == WORDS[name][1]
        assert "\n" not in answer.text.strip()


def test_spreadsheets(sent: dict[str, Outcome], sam: Visitor) -> None:
    """No cell of the CSV file begins as a formula does; the workbook holds texts and no formula, link or entity."""
    answer = sam.get("/tickets.csv?view=all")
    cells = [cell for row in csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))) for cell in row]
    assert {f"'{WORDS[name][1]}" for name in list(WORDS)[:5]} <= set(cells)
    assert not [cell for cell in cells if re.match(r"[=+\-@＝＋－＠\t\r]", cell)]
    with zipfile.ZipFile(io.BytesIO(sam.get("/tickets.xlsx?view=all").content)) as book:
        sheets = b"".join(book.read(name) for name in book.namelist() if name.endswith(".xml"))
    assert b"HYPERLINK" in sheets
    assert not re.search(rb"<f[ >]|<hyperlink|<!DOCTYPE|<!ENTITY", sheets)


@pytest.mark.attack(46)
def test_pdf(sent: dict[str, Outcome], sam: Visitor) -> None:
    """A PDF of the list opens no file and no address, whatever its titles ask for: it embeds nothing, and is made."""
    require_pdf()
    answer = sam.get("/tickets.pdf?view=all")
    assert answer.content.startswith(b"%PDF-")
    assert b"/EmbeddedFile" not in answer.content
    assert b"/URI" not in answer.content
    assert b"root:" not in answer.content


def test_log(talking: Desk, sent: dict[str, Outcome]) -> None:
    """Each line is one JSON object of an event of ours: no control character, no subject and no name."""
    with Raw(talking.smtp) as client:
        client.hello(b'EHLO evil\x1b[31m"},{"event":"forged"}')
        client.command(b'MAIL FROM:<"\x1b[31m"@words.test>')
        client.command(b"RCPT TO:<nobody\xe2\x80\xae@desk.test>")
    settle(talking)
    lines = [line for line in talking.log().splitlines() if line.startswith("{")]
    assert len([line for line in lines if json.loads(line)["event"] == "handled"]) >= len(WORDS)
    assert "forged" not in {json.loads(line)["event"] for line in lines}
    log = talking.log()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]", log)
    for word in ("HYPERLINK", "calc", "alert(1)", "7*7", "etc/passwd"):
        assert word not in log


@pytest.mark.attack(46)
def test_letters(talking: Desk, sent: dict[str, Outcome]) -> None:
    """Subjects stay one line, names stay names, HTML parts are ours to the last tag and load nothing from elsewhere."""
    settle(talking)
    numbers = {found.number: name for name, found in sent.items()}
    letters = [letter for letter in talking.letters(STAFF) if letter["X-Ticket"] in numbers]
    assert len(letters) >= len(WORDS)
    for letter in letters:
        assert WORDS[numbers[letter["X-Ticket"]]][1][:20] in str(letter["Subject"])
        raw = letter.as_bytes().partition(b"\n\n")[0]
        assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", raw)
        assert letter["Bcc"] is None
        rich = letter.get_body(("html",))
        if rich is not None:
            strange = [one for one in strange_in(rich.get_content(), talking.url) if not one.endswith(" style")]
            assert [one for one in strange if one != "a href=http://evil.test"] == [], letter["Subject"]
