"""Requests of people who have not signed in: public services alone, and not a word about who is known here."""

import re
from dataclasses import replace
from gettext import NullTranslations
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import select

from desk.language import Languages
from store.tables import Contact, ContactAddress, Event
from tests.desk.opened import CATALOGUE, PLAIN, furnish, letters, newest, rules
from tests.portal.client import Browser
from tests.portal.test_new import send, words
from tests.portal.world import World

FORM = "/tickets/new?service=Password&type=Query"
REQUEST = {
    "type": "Query", "name": "Nora New", "contact": "nora@elsewhere.test", "title": "Locked out",
    "description": "I cannot get in.",
}  # fmt: skip


@pytest.fixture
def visitor(world: World) -> Browser:
    """Nobody signed in, on the furnished desk."""
    return Browser(furnish(world).config(rules=rules()))


def ask(browser: Browser, **changes: Any) -> Response:
    """Send the form of the public service."""
    return send(browser, {**REQUEST, **changes}, page=FORM)


@pytest.mark.feature("F27", "page")
@pytest.mark.feature("F25", "page")
def test_public_services_are_open_to_everybody(visitor: Browser, world: World) -> None:
    """Listed without sign-in, the others not; a form, a ticket that nothing proves, a page that says what comes."""
    page = visitor.get("/tickets/new").text
    assert "Password" in page
    for other in ("Mailbox", "Network", "Vault"):
        assert other not in page
        assert other not in visitor.get(f"/tickets/new?service={other}").text
    assert "Request this service" in visitor.get("/tickets/new?service=Password").text
    answer = ask(visitor)
    assert answer.headers["location"] == "/tickets/new?done=sent"
    sent = words(visitor.get("/tickets/new?done=sent").text)
    assert "A letter with its number is on its way to the address that you gave." in sent
    ticket = newest(world)
    assert (ticket.service, ticket.title) == ("Password", "Locked out")
    with world.database.reading() as session:
        assert session.get_one(Contact, ticket.requester_id).known is False
        assert session.scalars(select(Event.verified).where(Event.ticket_id == ticket.id)).one() is False
    assert letters(world, ticket)[0][:2] == ("received", "nora@elsewhere.test")
    assert visitor.get(f"/t/{ticket.number}").status_code == 303  # to look at it one signs in


def test_without_public_services_one_signs_in(world: World) -> None:
    """And comes back."""
    nobody = Browser(world.config(rules=rules(catalogue=PLAIN)))
    assert nobody.get("/tickets/new").headers["location"] == "/in?next=/tickets/new"


@pytest.mark.feature("F27", "page")
def test_nobody_learns_who_is_known_here(world: World) -> None:
    """The same code, place and page for a contact's address and a stranger's; also when it is one too many."""

    def seen(name: str) -> list[tuple[int, str, str]]:
        browser = Browser(config, peer=f"198.51.100.{len(name)}")
        answers = [ask(browser, contact=name, title=f"Locked out {n}") for n in range(6)]
        return [(a.status_code, a.headers.get("location", ""), _without_secrets(a.text, name)) for a in answers]

    config = furnish(world).config(rules=rules())
    known, unknown = seen("jane@customer.test"), seen("janet@elsewhere.test")
    assert known == unknown
    assert [code for code, _, _ in known] == [303] * 5 + [429]


def _without_secrets(page: str, name: str) -> str:
    """A page without its tokens and the address that was typed."""
    return re.sub(r'name="(form_token|once)" value="[^"]*"', "", page).replace(name, "")


def test_too_many_requests_wait(visitor: Browser) -> None:
    """429 with the time to wait; what was typed is still there."""
    for n in range(5):
        ask(visitor, title=f"Request {n}")
    answer = ask(visitor, title="One more")
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "3600"
    assert "Too many requests came from you. Wait 60 minutes, or write to service@example.test" in answer.text
    assert 'value="One more"' in answer.text


def test_faults_of_a_strangers_form(visitor: Browser, world: World) -> None:
    """All at once, everything kept; a form without our token, or for a service that is not public, does nothing."""
    before = newest(world).id
    answer = ask(visitor, name="", contact="nora@", description="")
    assert answer.status_code == 422
    assert "<title>Error: New ticket" in answer.text
    for said in ("Enter your name", "Enter an e-mail address in the correct format", "Enter a description"):
        assert said in answer.text
    assert 'value="nora@"' in answer.text
    assert ask(visitor, form_token="x").status_code == 403
    assert ask(visitor, service="Network").headers["location"] == "/in?next=/tickets/new"
    assert newest(world).id == before


def test_a_change_without_sign_in_asks_for_no_item(world: World) -> None:
    """A stranger has neither items nor sites nor a number of their own here; files come by mail."""
    services = tuple(replace(one, public=True) for one in CATALOGUE.services)
    browser = Browser(furnish(world).config(rules=rules(catalogue=replace(CATALOGUE, services=services))))
    page = browser.get("/tickets/new?service=Mail+%2F+Distribution+list&type=x").text
    for name in ("item", "site", "reference", "people", "files"):
        assert f'name="{name}"' not in page
    assert 'name="needed_by"' in page


def test_the_receipt_of_a_stranger_is_in_the_language_of_the_form(world: World) -> None:
    """Of somebody new; whoever is known keeps the language of their profile."""
    languages = Languages(lambda code: NullTranslations() if code == "de" else None)
    german = Browser(furnish(world).config(rules=rules(), languages=languages), headers={"Accept-Language": "de"})
    ask(german)
    ask(german, contact="jane@customer.test", title="Locked out too")
    with world.database.reading() as session:
        names = select(Contact.language).join(ContactAddress, ContactAddress.contact_id == Contact.id)
        for address, language in (("nora@elsewhere.test", "de"), ("jane@customer.test", "")):
            assert session.scalars(names.where(ContactAddress.address == address)).one() == language
