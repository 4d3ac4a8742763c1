"""Signed out: the status of a ticket goes by mail to who takes part, and the page never tells who that is."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from desk import status_asked
from store.tables import ContactAddress, Outbox, Ticket
from tests.portal.client import TOKEN, Browser
from tests.portal.test_status import text_of
from tests.portal.world import START, World

PHONES = "T20190409.0967"
SENT = "If that address takes part in the ticket, a letter with its status is on its way."


def letters(world: World) -> list[Outbox]:
    """What was queued."""
    with world.database.reading() as session:
        return list(session.scalars(select(Outbox).where(Outbox.kind == "answer").order_by(Outbox.id)))


def test_who_takes_part_gets_a_letter(world: World, browser: Browser) -> None:
    """The one that #status brings, to the address that was given; typing may be as people type."""
    answer = browser.post("/", number=f" {PHONES.lower()} ", address=" Jane@CUSTOMER.test")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?done=status-asked")
    assert SENT in text_of(browser, answer.headers["location"])
    (letter,) = letters(world)
    assert (letter.recipient, letter.contact_id, letter.ticket_id) == (
        "jane@customer.test", world.ids["jane"], world.ids["phones"],
    )  # fmt: skip
    assert letter.context == {"ask": "status", "argument": PHONES, "subject": f"#status {PHONES}"}


def test_another_address_of_theirs(world: World, browser: Browser) -> None:
    """The letter goes where they wait for it."""
    with world.database.transaction() as session:
        session.add(ContactAddress(address="jane@home.test", written="jane@home.test", contact_id=world.ids["jane"],
                                   position=1))  # fmt: skip
    browser.post("/", number=PHONES, address="jane@home.test")
    assert [letter.recipient for letter in letters(world)] == ["jane@home.test"]


@pytest.mark.parametrize(
    "number, address",
    [
        ("T20990101.0001", "jane@customer.test"),
        (PHONES, "nobody@customer.test"),
        (PHONES, "ana@customer.test"),
        (PHONES, "eva@customer.test"),
        (PHONES, "sam@example.test"),
    ],
)
def test_everybody_else_gets_the_same_answer_and_no_letter(
    world: World, browser: Browser, number: str, address: str
) -> None:
    """No such ticket, nobody known, a colleague, somebody elsewhere, staff."""
    right = Browser(world.config(), peer="192.0.2.9").post("/", number=PHONES, address="jane@customer.test")
    answer = browser.post("/", number=number, address=address)
    assert (answer.status_code, answer.headers["location"]) == (right.status_code, right.headers["location"])
    assert answer.text == right.text
    assert len(letters(world)) == 1


def test_who_left_gets_none(world: World, browser: Browser) -> None:
    """Zoe took part once."""
    with world.database.reading() as session:
        number = session.get_one(Ticket, world.ids["left"]).number
        other = session.get_one(Ticket, world.ids["joined"]).number
    browser.post("/", number=number, address="zoe@customer.test")
    assert letters(world) == []
    browser.post("/", number=other, address="zoe@customer.test")
    assert len(letters(world)) == 1


def test_three_letters_an_hour(world: World) -> None:
    """Whoever asks, from wherever: nobody's mailbox is filled. The answer stays the same."""
    for place in range(5):
        browser = Browser(world.config(), peer=f"192.0.2.{place}")
        answer = browser.post("/", number=PHONES, address="jane@customer.test")
        assert answer.headers["location"] == "/?done=status-asked"
    assert len(letters(world)) == status_asked.LETTERS == 3
    world.clock.forward(minutes=61)
    browser.post("/", number=PHONES, address="jane@customer.test")
    assert len(letters(world)) == 4


def test_one_who_asks_too_often_waits(world: World, browser: Browser) -> None:
    """Known address or not, in the same way; others go on."""
    for address in ("jane@customer.test", "nobody@customer.test"):
        for _ in range(5):
            assert browser.post("/", number=PHONES, address=address).status_code == 303
        answer = browser.post("/", number=PHONES, address=address)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
        assert "Too many tries. Wait 1 minute, or write to service@example.test" in answer.text
        assert f'value="{address}"' in answer.text
    other = Browser(world.config(), peer="198.51.100.7")
    assert other.post("/", number=PHONES, address="jane@customer.test").status_code == 303


@pytest.mark.parametrize(
    "number, address, said",
    [
        ("", "", ["Enter a ticket number, like T20190409.0967", "Enter an e-mail address"]),
        ("967", "jane@customer.test", ["Enter a ticket number, like T20190409.0967"]),
        (PHONES, "jane@", ["Enter an e-mail address in the correct format, like name@example.com"]),
        (PHONES + "\x00x", "a b@c.test", ["Enter a ticket number", "correct format"]),
    ],
)
def test_what_cannot_be_is_said(world: World, browser: Browser, number: str, address: str, said: list[str]) -> None:
    """At the field and above, with what was typed; nothing is sent."""
    answer = browser.post("/", number=number, address=address)
    assert answer.status_code == 422
    assert "<title>Error: All systems working" in answer.text
    for words in said:
        assert answer.text.count(words) >= 2
    assert f'value="{address}"' in answer.text
    assert letters(world) == []


def test_the_form_is_only_ours(world: World, browser: Browser) -> None:
    """Without its token nothing happens, and who is signed in has better ways."""
    token = TOKEN.search(browser.get("/").text)
    assert token
    fields = {"number": PHONES, "address": "jane@customer.test"}
    headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    assert browser.http.post("/", data=fields, headers=headers).status_code == 403
    away = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert browser.http.post("/", data={**fields, "form_token": token[1]}, headers=away).status_code == 403
    assert letters(world) == []
    world.give_password("jane")
    browser.sign_in("jane")
    assert browser.post("/", "/help", **fields).headers["location"] == "/"
    assert letters(world) == []


def test_a_desk_below_a_path(world: World) -> None:
    """The page without its last slash has the form too."""
    browser = Browser(world.config(base_url="https://desk.example.test/help-desk"))
    assert TOKEN.search(browser.get("https://desk.example.test/help-desk").text)


def test_a_merged_ticket_tells_no_more_than_before(world: World, browser: Browser) -> None:
    """Its number is still one."""
    with world.database.transaction() as session:
        into = update(Ticket).where(Ticket.id == world.ids["phones"]).values(
            merged_into_id=world.ids["done"], updated_at=START + timedelta(days=1)
        )  # fmt: skip
        session.execute(into)
    browser.post("/", number=PHONES, address="jane@customer.test")
    assert len(letters(world)) == 1
