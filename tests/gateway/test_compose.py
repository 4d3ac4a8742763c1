"""Letters: headers, threading, the two parts saying the same, wording, limits, hostile values, templates."""

import base64
import email
import email.policy
import re
import struct
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Literal

import pytest
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import event as listen
from sqlalchemy import select, update

from desk import credentials
from gateway.header_policy import check_header_injection
from gateway.letter import Letter, Unsent
from gateway.letter_context import KINDS as LETTER_KINDS
from gateway.letter_text import flowed
from gateway.token import Token
from store.database import Database
from store.tables import Account, Contact, Outbox, Ticket
from tests.gateway import letter_world as world
from tests.servers import chromium

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
KINDS = (
    "received|received by a stranger|received, named|update|update, resolved|update, status|update, question|"
    "new_ticket|customer_wrote|customer_wrote, lane|password_changed|two_step|two_step, off|"
    "two_step, codes|address_changed|not_done|not_done, no ticket|partly_refused|"
    "mail_trouble|credentials|sign_in_link|received, on behalf|update, solved|update, withdrawn|update, reopened|"
    "customer_wrote, solved|done|done, staff|done, no ticket|done, stranger|not_done, stranger|confirm|"
    "confirm, no ticket|confirm, stranger|answer, table|answer, ticket|answer, form|copy|shared|shared, added|"
    "shared, watching|approval|approval_result|approval_result, rejected|alert, due|alert, overdue|alert, completed|"
    "alert, in process|alert, tasks|assigned|due|merged|update, unanswered|reminder|digest|day_sheet|announcement|"
    "due, first answer|new_tickets"
).split("|")


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Database]:
    """An empty desk."""
    made = world.database(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Letter]:
    """One letter of each kind."""
    made = world.database(tmp_path_factory.mktemp("letters"))
    ids = world.every_kind(made)
    composer = world.composer()
    found = {name: world.render(made, row_id, by=composer)[0] for name, row_id in ids.items()}
    made.close()
    return found


def read(letter: Letter) -> EmailMessage:
    """A letter as a mail program reads it."""
    message = email.message_from_bytes(letter.bytes, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def part(letter: Letter, kind: str) -> str:
    """The text or the HTML of a letter."""
    found = read(letter).get_body((kind,))
    assert found is not None
    return str(found.get_content()).replace("\r\n", "\n")


def unflowed(text: str) -> str:
    """Undo format=flowed, as RFC 3676 section 4 tells readers to."""
    out = ""
    for line in text.split("\n"):
        line = line[1:] if line.startswith(" ") else line
        out += line if line.endswith(" ") and line != "-- " else line + "\n"
    return out


def visible(html: str) -> str:
    """What a person sees of an HTML part, without the preview line."""
    tree = LexborHTMLParser(html)
    for hidden in tree.css(".preview, head"):
        hidden.decompose()
    assert tree.body is not None
    return tree.body.text(separator=" ")


def words(text: str) -> list[str]:
    """Words and marks, without the rules and the signature mark that only text has."""
    return [word for word in re.findall(r"\w+|[^\w\s]", text.replace("\n-- \n", "\n")) if word != "—"]


@pytest.mark.parametrize("name", KINDS)
def test_text_and_html_say_the_same(letters: dict[str, Letter], name: str) -> None:
    """Both parts of a letter hold the same words in the same order."""
    letter = letters[name]
    assert words(unflowed(part(letter, "plain"))) == words(visible(part(letter, "html")))


@pytest.mark.parametrize("name", KINDS)
def test_form(letters: dict[str, Letter], name: str) -> None:
    """Nothing remote, within the budgets, CRLF line ends, lines of 72, links alone on their line, one signature."""
    letter = letters[name]
    html, text = part(letter, "html"), part(letter, "plain")
    assert not re.search(r"<(img|script|link|iframe|object)\b|url\(|@import|\bsrc=", html)
    assert html.isascii() or "charset" in html[:400]
    for wanted in ('lang="en"', 'dir="ltr"', "<title>", 'role="presentation"', "prefers-color-scheme", "@media print"):
        assert wanted in html
    assert len(html.encode()) <= 20_480
    assert len(text.encode()) <= 10_240
    assert letter.bytes.count(b"\n") == letter.bytes.count(b"\r\n") == letter.bytes.count(b"\r")
    assert max(map(len, letter.bytes.split(b"\r\n"))) <= 998
    assert all(len(line) <= 73 for line in text.splitlines() if "://" not in line)
    ours = [line for line in text.splitlines() if "https://desk.example.com" in line]
    assert all(re.fullmatch(r"https://\S+", line) for line in ours)
    assert text.count("\n-- \n") == 1
    assert "You get this because" in text
    assert "0344 496 0123" in text


@pytest.mark.parametrize("name", KINDS)
def test_preview_is_not_the_first_line(letters: dict[str, Letter], name: str) -> None:
    """The line beside the subject in a list of mails says something else than the first line."""
    letter = letters[name]
    tree = LexborHTMLParser(part(letter, "html"))
    preview = tree.css_first(".preview")
    assert preview is not None
    assert preview.text().strip()
    assert preview.text().strip() != part(letter, "plain").splitlines()[0].strip()


def test_every_kind_is_looked_at(letters: dict[str, Letter]) -> None:
    """The samples hold each kind of letter that there is, and each kind has its folder."""
    folders = {path.parent.name for path in world.TEMPLATES.glob("*/body.txt")}
    assert letters.keys() == set(KINDS)
    assert {name.partition(",")[0].removesuffix(" by a stranger") for name in KINDS} == folders == LETTER_KINDS


def test_wording_is_plain() -> None:
    """No word of the template texts that the house avoids, no exclamation mark, short sentences."""
    for path in world.TEMPLATES.rglob("*.txt"):
        text = re.sub(r"\{%.*?%\}", "\n\n", path.read_text())
        text = re.sub(r"\{\{.*?\}\}", "X", text)
        assert not re.search(r"\b(please|sorry|oops|valid|invalid|kindly|click here|dear)\b|!", text, re.I), path
        lengths = [len(s.split()) for s in re.split(r"[.?:;]\s|\n\n", text) if s.split()]
        assert sum(lengths) / max(1, len(lengths)) <= 20, path


HEADERS = {
    "received": ("[T20190409.0967] Phones down at Blackfriars", "Example Service Desk", "auto-replied", "contact"),
    "received by a stranger": (
        "[T20190409.0967] We have your request", "Example Service Desk", "auto-replied", "first",
    ),
    "update": (
        "Re: [T20190409.0967] Phones down at Blackfriars",
        "Sam Lee (Example Service Desk)", "auto-generated", "contact",
    ),
    "new_ticket": (
        "[T20190409.0967] Phones down at Blackfriars", "Jane Doe (Example Service Desk)", "auto-generated", "team",
    ),
    "customer_wrote": (
        "Re: [T20190409.0967] Phones down at Blackfriars", "Jane Doe (Example Service Desk)", "auto-generated", "team",
    ),
    "not_done": (
        "Re: [T20190409.0967] Phones down at Blackfriars", "Example Service Desk", "auto-replied", "team",
    ),
    "partly_refused": (
        "Re: [T20190409.0967] Phones down at Blackfriars", "Example Service Desk", "auto-replied", "contact",
    ),
    "credentials": ("Your access to Example Service Desk", "Example Service Desk", "auto-generated", None),
    "sign_in_link": ("Your sign-in link", "Example Service Desk", "auto-generated", None),
    "two_step, off": ("Two-step sign-in is off", "Example Service Desk", "auto-generated", None),
    "two_step, codes": ("You have new recovery codes", "Example Service Desk", "auto-generated", None),
    "two_step": ("Two-step sign-in is on", "Example Service Desk", "auto-generated", None),
    "password_changed": ("Your password was changed", "Example Service Desk", "auto-generated", None),
    "address_changed": ("Your e-mail address was changed", "Example Service Desk", "auto-generated", None),
    "mail_trouble": ("[Mail] Jane bounces", "Example Service Desk", "auto-generated", None),
    "done": ("Re: [T20190409.0967] Phones down at Blackfriars", "Example Service Desk", "auto-replied", "contact"),
    "done, no ticket": ("Re: #me", "Example Service Desk", "auto-replied", None),
    "done, stranger": (
        "[T20190409.0967] Your mail to Example Service Desk", "Example Service Desk", "auto-replied", "first",
    ),
    "confirm": ("Reply confirm: #resolve", "Example Service Desk", "auto-replied", "confirm"),
    "confirm, no ticket": ("Reply confirm: #resolve", "Example Service Desk", "auto-replied", None),
    "confirm, stranger": ("Reply confirm", "Example Service Desk", "auto-replied", "confirm"),
    "answer, table": ("Re: #list open", "Example Service Desk", "auto-replied", None),
    "answer, ticket": (
        "Re: [T20190409.0967] Phones down at Blackfriars", "Example Service Desk", "auto-replied", "asked",
    ),
    "copy": (
        "Re: [T20190409.0967] Phones down at Blackfriars",
        "Jane Doe (Example Service Desk)", "auto-generated", "copy",
    ),
    "shared": (
        "[T20190409.0967] Phones down at Blackfriars", "Example Service Desk", "auto-generated", "participant",
    ),
    "approval": (
        "Re: [T20190409.0967] Phones down at Blackfriars", "Example Service Desk", "auto-generated", "approver",
    ),
    "approval_result": (
        "Re: [T20190409.0967] Phones down at Blackfriars", "Example Service Desk", "auto-generated", "contact",
    ),
    "alert, overdue": (
        "Re: [T20190409.0967] Phones down at Blackfriars", "Example Service Desk", "auto-generated", "alert",
    ),
    "assigned": (
        "Re: [T20190409.0967] Phones down at Blackfriars", "Example Service Desk", "auto-generated", "assigned",
    ),
    "reminder": ("Re: [T20190409.0968] A second monitor", "Example Service Desk", "auto-generated", "contact"),
    "digest": ("Your tickets, 9 Apr 2019", "Example Service Desk", "auto-generated", None),
    "new_tickets": (
        "412 new tickets since 9 Apr 2019, 13:07 BST", "Example Service Desk", "auto-generated", None,
    ),
    "day_sheet": ("Desk, 9 Apr 2019", "Example Service Desk", "auto-generated", None),
    "announcement": ("Portal maintenance on 13 April, 22:00", "Example Service Desk", "auto-generated", None),
    "due": ("Re: [T20190409.0967] Phones down at Blackfriars", "Example Service Desk", "auto-generated", "team"),
    "merged": ("Re: [T20190409.0967] Phones down at Blackfriars", "Example Service Desk", "auto-generated", "contact"),
}  # fmt: skip
PERSONAL = ("done", "not_done", "confirm", "answer")  # a reply to one says who wrote it, with a ticket or without


@pytest.mark.parametrize("name", HEADERS)
def test_headers(letters: dict[str, Letter], name: str) -> None:
    """Subject, sender, RFC 3834 fields and the reason of each kind; what only letters of a ticket carry."""
    letter = letters[name]
    message = read(letter)
    subject, sender, automatic, reason = HEADERS[name]
    assert message["Subject"] == subject
    assert message["From"].addresses[0].display_name == sender
    assert message["From"].addresses[0].addr_spec == "service@example.com"
    assert message["To"].addresses[0].addr_spec == letter.recipient
    assert message["Auto-Submitted"] == automatic
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["X-Ticket-Reason"] == reason
    assert re.fullmatch(r"[0-9a-f]{24}", message["X-Postdesk-Instance"])
    assert message["Content-Language"] == "en"
    assert message["Date"].datetime == world.NOW
    assert message["Message-ID"] == letter.message_id
    assert world.ADDRESSES.token_of(letter.message_id)
    recipient = world.ADDRESSES.find(letter.return_path)
    assert recipient is not None
    assert recipient.token is not None
    assert (recipient.token.kind, recipient.token.person_id) == ("delivery", letter.outbox_id)
    for field in ("List-Id", "X-Ticket", "Thread-Topic", "Thread-Index"):
        assert (message[field] is not None) == (reason is not None)
    assert (message["X-Ticket-Status"] is not None) == (reason not in (None, "copy", "confirm"))
    assert (message["Reply-To"] is not None) == (reason is not None or name.startswith(PERSONAL))


def test_reply_goes_to_a_token_of_the_reader(letters: dict[str, Letter]) -> None:
    """Reply-To and Message-ID of a letter sign ticket, person and visibility; of a question what waits for it."""
    expected = {
        "update": Token("contact", world.TICKET, world.JANE),
        "copy": Token("contact", world.TICKET, 21),
        "customer_wrote": Token("staff", world.TICKET, world.SAM),
        "customer_wrote, lane": Token("staff", world.TICKET, world.ANA, internal=True),
        "assigned": Token("staff", world.TICKET, world.ANA),
        "due": Token("staff", world.TICKET, world.SAM),
        "done, staff": Token("staff", world.TICKET, world.SAM, internal=True),
        "answer, ticket": Token("staff", world.TICKET, world.SAM, internal=True),
        "done, no ticket": Token("contact", 0, world.JANE),
        "answer, table": Token("contact", 0, world.JANE),
        "confirm": Token("confirm", 0, 70),
        "confirm, no ticket": Token("confirm", 0, 71),
    }
    for name, wanted in expected.items():
        found = world.ADDRESSES.find(read(letters[name])["Reply-To"].addresses[0].addr_spec)
        assert found is not None
        assert found.token == wanted == world.ADDRESSES.token_of(letters[name].message_id), name


def test_letters_of_a_ticket_thread(base: Database) -> None:
    """Each letter answers the one before, in one batch and over several; the root always stands first."""
    world.fill(base)
    world.add(
        base,
        world.event(40, "First.", world.SAM),
        world.event(41, "Second.", world.SAM),
        world.row(50, "received", event_id=world.EVENT, context={"echo": True, "reference": "<abc@customer.test>"}),
        world.row(51, "update", event_id=40),
    )
    first, second = world.render(base, 50, 51)
    with base.transaction() as session:
        for letter in (first, second):
            session.get_one(Outbox, letter.outbox_id).message_id = letter.message_id
    world.add(base, world.row(52, "update", event_id=41, created_at=world.NOW + timedelta(minutes=9)))
    third = world.render(base, 52)[0]
    root = "<t20190409.0967@desk.example.com>"
    assert read(first)["References"].split() == [root, "<abc@customer.test>"]
    assert read(first)["In-Reply-To"] == "<abc@customer.test>"
    assert read(second)["In-Reply-To"] == first.message_id
    assert read(third)["In-Reply-To"] == second.message_id
    chain = [root, "<abc@customer.test>", first.message_id, second.message_id]
    assert read(third)["References"].split() == chain
    indexes = [base64.b64decode(read(letter)["Thread-Index"]) for letter in (first, second, third)]
    assert [len(index) for index in indexes] == [22, 27, 32]
    assert len({index[:22] for index in indexes}) == 1
    ticks = struct.unpack(">Q", indexes[0][:6] + b"\0\0")[0]
    assert abs(ticks / 1e7 - 11_644_473_600 - world.NOW.timestamp()) < 1


def test_subject_stays_when_the_title_changes(base: Database) -> None:
    """Mail programs thread by the subject: a new title stands in the letter, never in its subject."""
    ids = world.every_kind(base)
    with base.transaction() as session:
        session.execute(update(Ticket).values(title="Power supply of the switch"))
    letter = world.render(base, ids["update"])[0]
    assert read(letter)["Subject"] == "Re: [T20190409.0967] Phones down at Blackfriars"
    assert "Power supply of the switch" in part(letter, "plain")


def test_stranger_gets_none_of_their_words_back(letters: dict[str, Letter]) -> None:
    """A receipt to an unverified first-time sender repeats neither subject, text, name nor file name."""
    letter = letters["received by a stranger"]
    everything = letter.bytes.decode() + part(letter, "plain") + part(letter, "html")
    for word in ("Phones", "Blackfriars", "Jane Doe", "dead since nine", "switch.jpg", "Sample Works"):
        assert word not in everything


def test_update_shows_public_entries_only(base: Database) -> None:
    """An internal entry never reaches a customer, even when a row names it."""
    world.fill(base)
    world.add(
        base,
        world.event(40, "Secret: they have not paid.", world.SAM, visibility="internal"),
        world.event(41, "All well.", world.SAM),
        world.row(50, "update", event_id=41, context={"events": [40]}),
        world.row(51, "update", event_id=40),
        world.row(52, "update", world.KIM, event_id=41),
    )
    with base.reading() as session:
        rows = [session.get_one(Outbox, i) for i in (50, 51, 52)]
        found = world.composer().render_many(session, rows)
    letter = found[50]
    assert isinstance(letter, Letter)
    assert b"Secret" not in letter.bytes
    assert found[51] == Unsent("there is nothing to tell: no public entry", final=True)
    assert isinstance(found[52], Unsent)  # Kim takes no part


def test_folded_changes_read_as_one(base: Database) -> None:
    """Several entries in one letter: every note, and the status from where it was to where it is."""
    world.fill(base)
    world.add(
        base,
        world.event(40, "We look.", world.SAM, changes={"status": ["New", "In Progress"]}),
        world.event(41, "It works.", world.ANA, changes={"status": ["In Progress", "Resolved"]}),
        world.row(50, "update", event_id=40, context={"events": [41]}),
    )
    text = part(world.render(base, 50)[0], "plain")
    assert text.index("We look.") < text.index("It works.") < text.index("We think this is solved.")
    assert "Status: Resolved (was New)" in text
    assert "opens again (until 23 Apr 2019)" in text


@pytest.mark.parametrize("text", ["&" * 8000, "a\n" * 4000, "<\n\n" * 3000, "https://example.com/x " * 400, "é" * 9000])
def test_long_notes_are_cut_with_a_link(base: Database, text: str) -> None:
    """However a long note is made, both parts stay within their budgets, and the rest has a link."""
    world.fill(base)
    world.add(base, world.event(40, text, world.SAM), world.row(50, "update", event_id=40))
    letter = world.render(base, 50)[0]
    assert len(part(letter, "html").encode()) <= 20_480
    assert len(part(letter, "plain").encode()) <= 10_240
    assert "There is more of it on the page below." in part(letter, "plain")
    assert words(unflowed(part(letter, "plain"))) == words(visible(part(letter, "html")))


HOSTILE = (
    "hi\r\nBcc: victim@example.test",
    "=?utf-8?q?hi=0D=0ABcc=3A_victim=40example=2Etest?=",
    "hi\u2028Bcc: v\x0bx\x1c\x85",
    "\u202egpj.exe\u2066 \x00 \udc80"[:16],
    '"><script>alert(1)</script>',
    "{{ 7 * 7 }}{% for x in y %}",
    "ü" * 180,
)


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values_stay_values(base: Database, value: str) -> None:
    """Names, subjects and notes bring no field, no markup and no template code into a letter."""
    value = value.encode("utf-8", "replace").decode()
    world.fill(base)
    world.add(base, world.event(40, value, world.SAM, author=value))
    world.add(base, world.row(50, "update", event_id=40, recipient_name=value))
    with base.transaction() as session:
        session.execute(update(Ticket).values(letter_subject=value, title=value))
        session.execute(update(Contact).values(name=value, first_name=value))
    letter = world.render(base, 50)[0]
    message = read(letter)
    assert "Bcc" not in message
    assert len(message.get_all("Subject", [])) == len(message.get_all("From", [])) == 1
    assert message["From"].addresses[0].addr_spec == "service@example.com"
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u2028]", message["Subject"] + part(letter, "html"))
    assert "<script" not in part(letter, "html")
    assert "49" not in message["Subject"].replace("20190409", "")


def test_this_python_injects_no_header() -> None:
    """The self-test of the start passes: hostile values stay within their field."""
    check_header_injection()


@pytest.mark.feature("F3")
@pytest.mark.feature("F14")
@pytest.mark.feature("F205")
def test_credentials_are_the_same_each_time_and_kept_nowhere(base: Database) -> None:
    """A second rendering gives the same bytes; the password works; the database holds no trace of it."""
    world.fill(base)
    row_id = world.credentials_row(base, world.JANE, "password")
    first, again = world.render(base, row_id)[0], world.render(base, row_id)[0]
    assert first.bytes == again.bytes
    assert first.sensitive
    assert "User name: jane@customer.test" in part(first, "plain")
    found = re.search(r"^[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}$", part(first, "plain"), re.MULTILINE)
    assert found is not None
    with base.reading() as session:
        account = session.scalars(select(Account)).one()
        assert credentials.once_is_right(account, found.group(), "password", world.NOW)
    base.close()
    stored = b"".join(path.read_bytes() for path in Path(str(base.url.database)).parent.iterdir())
    assert found.group().encode() not in stored


def test_superseded_credentials_are_not_sent(base: Database) -> None:
    """A newer password, a used one, or one that ran out: the old letter says nothing any more."""
    world.fill(base)
    old = world.credentials_row(base, world.JANE, "password")
    new = world.credentials_row(base, world.JANE, "password")
    with base.reading() as session:
        rows = [session.get_one(Outbox, old), session.get_one(Outbox, new)]
        found = world.composer().render_many(session, rows)
        late = world.composer(clock=lambda: world.NOW + timedelta(hours=73)).render_many(session, rows)
    assert isinstance(found[old], Unsent)
    assert isinstance(found[new], Letter)
    assert all(isinstance(letter, Unsent) and letter.final for letter in late.values())


def test_queries_do_not_grow_with_the_batch(base: Database) -> None:
    """Sixty letters take no more statements than two."""
    world.fill(base)
    for number in range(60):
        world.add(base, world.row(100 + number, "customer_wrote", world.SAM, event_id=world.EVENT))

    def statements(ids: range) -> int:
        seen: list[str] = []
        with base.reading() as session:
            rows = [session.get_one(Outbox, i) for i in ids]
            note = lambda *args: seen.append(args[2])  # noqa: E731 - the third is the statement
            listen.listen(base.engine, "before_cursor_execute", note)
            world.composer().render_many(session, rows)
            listen.remove(base.engine, "before_cursor_execute", note)
        return len(seen)

    assert statements(range(100, 160)) == statements(range(100, 102)) <= 14


def test_one_bad_row_does_not_stop_the_others(base: Database) -> None:
    """A kind without templates is a fault of its own row only."""
    world.fill(base)
    world.add(base, world.row(50, "no_such_kind"), world.row(51, "update", event_id=world.EVENT))
    with base.reading() as session:
        found = world.composer().render_many(session, [session.get_one(Outbox, i) for i in (50, 51)])
    assert found[50] == Unsent("there is no letter of the kind 'no_such_kind'", final=False)
    assert isinstance(found[51], Letter)


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ desk.update({'name': 'x'}) }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{{ 'x' * 999999999 }}",
        "{% for a in range(99999) %}xxxxxxxxxxxxxxxxxxxxxxxxxx{% endfor %}",
        "{{ no_such_name }}",
    ],
)
def test_operators_templates_are_bounded(base: Database, tmp_path: Path, template: str) -> None:
    """An operator's template reaches no internals, changes nothing, and ends; its letter then waits with a reason."""
    own = tmp_path / "own" / "update"
    own.mkdir(parents=True)
    (own / "body.txt").write_text(template)
    world.fill(base)
    world.add(base, world.row(50, "update", event_id=world.EVENT))
    with base.reading() as session:
        found = world.composer(overrides=tmp_path / "own").render_many(session, [session.get_one(Outbox, 50)])
    assert isinstance(found[50], Unsent)
    assert "could not be written" in found[50].reason


def test_operators_template_wins(base: Database, tmp_path: Path) -> None:
    """A file in the operator's folder takes the place of ours; the other files stay ours."""
    own = tmp_path / "own" / "update"
    own.mkdir(parents=True)
    (own / "preheader.txt").write_text("News about {{ ticket.number }}")
    world.fill(base)
    world.add(base, world.row(50, "update", event_id=world.EVENT))
    letter = world.render(base, 50, by=world.composer(overrides=tmp_path / "own"))[0]
    assert "News about T20190409.0967" in part(letter, "html")
    assert "dead since nine" in part(letter, "html")


def test_flowed_text_comes_back_whole() -> None:
    """What is wrapped at 72 reads as written once a mail program joins it; odd beginnings of lines survive."""
    text = "word " * 40 + "end\n\nFrom here\n  indented\n" + "> quoted " * 20 + "\n" + "a > b " * 30 + "\nx" * 3
    wrapped = flowed(text)
    assert unflowed(wrapped).rstrip("\n") == "\n".join(line.rstrip() for line in text.split("\n"))
    assert not any(line.startswith("From ") for line in wrapped.split("\n"))


@pytest.mark.peer
def test_letters_are_accessible(letters: dict[str, Letter], tmp_path: Path) -> None:
    """axe finds no fault in letters, light or dark; a narrow screen needs no sideways scrolling."""
    each_layout = (
        "received|update, resolved|customer_wrote, lane|credentials|sign_in_link|confirm|answer, table|answer, ticket"
    )
    shown = each_layout.split("|")
    for name in shown:
        (tmp_path / f"{name}.html").write_text(part(letters[name], "html"))
    with chromium() as browser:
        from axe_playwright_python.sync_playwright import Axe

        # Landmarks are for pages: a letter is shown inside of one.
        rules = {name: {"enabled": False} for name in ("region", "landmark-one-main", "page-has-heading-one")}
        for scheme in SCHEMES:
            page = browser.new_page(color_scheme=scheme, viewport={"width": 320, "height": 600})
            for name in shown:
                page.goto((tmp_path / f"{name}.html").as_uri())
                found = Axe().run(page, options={"rules": rules}).response["violations"]
                assert not found, (name, scheme, [(fault["id"], fault["nodes"][0]["html"]) for fault in found])
                assert page.evaluate("document.documentElement.scrollWidth") <= 320, name
            page.close()
