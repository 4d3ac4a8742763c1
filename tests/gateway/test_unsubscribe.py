"""Off a list: the fields that offer it, the mail that asks for it, and the commands that do the same."""

from dataclasses import replace
from typing import Any

import pytest

from desk import unsubscribing
from desk.unsubscribing import Stop
from store.tables import Alert, Contact, Outbox, Participant, Staff, Ticket
from tests.gateway import letter_world
from tests.gateway.desk_world import ANN, DESK, EVE, KEYS, PAT, SAM, People, World, mail
from tests.gateway.test_compose import base, letters, read

__all__ = ["base", "letters"]  # fixtures
ONE_CLICK = {
    "alert, overdue": Stop("alerts", letter_world.JANE, letter_world.TICKET),
    "digest": Stop("digest", letter_world.JANE),
    "announcement": Stop("news", letter_world.JANE),
}
BY_MAIL = {
    "update": Stop("ticket", letter_world.JANE, letter_world.TICKET),
    "update, solved": Stop("ticket", letter_world.KIM, letter_world.TICKET),
    "reminder": Stop("ticket", letter_world.JANE, letter_world.WAITING),
    "day_sheet": Stop("day sheet", letter_world.ANA),
}
NONE = ("credentials", "password_changed", "two_step", "sign_in_link", "approval", "new_ticket", "due", "assigned",
        "confirm", "mail_trouble", "received by a stranger", "answer, table")  # fmt: skip


@pytest.mark.parametrize("name", [*ONE_CLICK, *BY_MAIL])
def test_fields(letters: dict[str, Any], name: str) -> None:
    """One click where people asked for letters of a sort, or never did; a mail in tickets, and for the desk itself."""
    message = read(letters[name])
    by_mail, *page = str(message["List-Unsubscribe"]).split(", ")
    address = by_mail.removeprefix("<mailto:").removesuffix(">")
    recipient = letter_world.ADDRESSES.find(address)
    assert recipient is not None
    assert recipient.stop == (ONE_CLICK | BY_MAIL)[name]
    assert len(address.partition("@")[0]) <= 64
    if name in BY_MAIL:
        assert page == []
        assert message["List-Unsubscribe-Post"] is None
        return
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    token = page[0].removeprefix("<https://desk.example.com/u/").removesuffix(">")
    assert unsubscribing.read(token, letter_world.KEYS) == ONE_CLICK[name]


@pytest.mark.parametrize("name", NONE)
def test_no_fields(letters: dict[str, Any], name: str) -> None:
    """What somebody has to get, asked for a moment ago, or works with, is no list."""
    assert read(letters[name])["List-Unsubscribe"] is None


def test_no_page_without_encryption(base: Any) -> None:
    """RFC 8058 wants https; without it there is the address alone."""
    ids = letter_world.every_kind(base)
    plain = letter_world.composer(desk=replace(letter_world.FACTS, base_url="http://127.0.0.1:8080"))
    message = read(letter_world.render(base, ids["digest"], by=plain)[0])
    assert str(message["List-Unsubscribe"]).startswith("<mailto:")
    assert "http" not in str(message["List-Unsubscribe"])
    assert message["List-Unsubscribe-Post"] is None


def ask(world: World, stop: Stop, sender: str = ANN, subject: str = "unsubscribe", body: str = "", **more: str) -> Any:
    """A mail to the address of a list."""
    address = world.addresses.stop_address(DESK, stop)
    return world.take(mail(sender, subject, body, to=address, **more), recipients=(address,))


@pytest.fixture
def listed(world: World, people: People) -> World:
    """Ann and Pat get everything there is, and so does Sam."""
    ann, pat = people.contacts[ANN], people.contacts[PAT]
    with world.database.transaction() as session:
        session.get_one(Contact, ann).digest = True
        session.add(Alert(ticket_id=people.ticket, contact_id=ann, stage="due", sent_at=None))
        session.add(Alert(ticket_id=people.ticket, contact_id=pat, stage="due", sent_at=None))
        session.get_one(Participant, (people.ticket, pat)).role = "watching"
    return world


def state(world: World, people: People) -> dict[str, Any]:
    """What they get."""
    ann, pat = people.contacts[ANN], people.contacts[PAT]
    with world.database.reading() as session:
        contact, ticket = session.get_one(Contact, ann), session.get_one(Ticket, people.ticket)
        place = session.get_one(Participant, (people.ticket, pat))
        return {
            "digest": contact.digest,
            "news": contact.news,
            "day sheet": session.get_one(Staff, people.staff[SAM]).day_sheet,
            "alerts": session.get_one(Alert, (people.ticket, ann, "due")).sent_at is None,
            "ticket": not ticket.requester_muted,
            "watching": place.removed_at is None and not place.muted,
        }


@pytest.mark.parametrize("name", ["alerts", "watching", "ticket", "digest", "news", "day sheet"])
def test_a_mail_ends_it(listed: World, people: People, name: Any) -> None:
    """Just that one; no ticket, no answer, and a second mail changes nothing."""
    person = {"watching": people.contacts[PAT], "day sheet": people.staff[SAM]}.get(name, people.contacts[ANN])
    stop = Stop(name, person, people.ticket if name in ("alerts", "watching", "ticket") else 0)
    before = state(listed, people)
    assert all(before.values())
    for subject in ("unsubscribe", "Unsubscribe again"):
        row = ask(listed, stop, subject=subject)
        assert (row.kind, row.rule, row.ticket_id) == ("answered", "unsubscribe", None)
        assert state(listed, people) == before | {name: False}
    assert listed.count(Ticket) == 1
    assert listed.count(Outbox) == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"auto_submitted": "auto-generated"},
        {"precedence": "bulk"},
        {"sender": EVE},
        {"sender": ANN, "verdict": "fail"},
        {"body": "I have had enough of your list. Stop it now!"},
    ],
    ids=["generated", "bulk", "another address", "forged", "words"],
)
def test_whoever_sends_it(listed: World, people: People, fields: dict[str, str]) -> None:
    """Mail programs send it, some without a word: the address alone says what is wanted."""
    row = ask(listed, Stop("digest", people.contacts[ANN]), **{"sender": ANN} | fields)
    assert row.rule == "unsubscribe"
    assert not state(listed, people)["digest"]
    assert (listed.count(Ticket), listed.count(Outbox)) == (1, 0)


def test_a_token_that_is_not_ours(listed: World, people: People) -> None:
    """It ends nothing; a person sees the mail."""
    token = unsubscribing.make(Stop("digest", people.contacts[ANN]), KEYS)
    address = f"service+stop-{token[:-3]}aaa@desk.test"
    row = listed.take(mail(ANN, "unsubscribe", "Stop.", to=address), recipients=(address,))
    assert row.kind == "opened"
    assert state(listed, people)["digest"]


@pytest.mark.parametrize("argument, name", [("digest", "digest"), ("news", "news"), ("Ankündigungen", "news")])
def test_commands_do_the_same(listed: World, people: People, argument: str, name: str) -> None:
    """#stop and #watch, as the subject of a mail; the answer says how to take it back."""
    for word, on in (("stop", False), ("watch", True)):
        row = listed.take(mail(ANN, f"#{word} {argument}", "", verdict="pass"))
        assert row.kind == "answered"
        assert state(listed, people)[name] is on
    said = [row.context["lines"] for row in listed.letters("done", ANN)]
    assert f"#watch {name}" in str(said[0])


def test_the_day_sheet_by_mail(listed: World, people: People) -> None:
    """Staff leave it, and come back; other words are told apart."""
    for word, on in (("stop", False), ("watch", True)):
        listed.take(mail(SAM, f"#{word} day sheet", "", verdict="pass"))
        assert state(listed, people)["day sheet"] is on
    listed.take(mail(SAM, "#stop digest", "", verdict="pass"))
    assert "day sheet" in str(listed.letters("not_done", SAM)[0].context["lines"])
