"""A customer's way into the portal, in a real browser: from the credentials letter to signing in again."""

import re
from typing import TYPE_CHECKING

import pytest

from tests.e2e.world import mail, send, text_of
from tests.peers.desk import STAFF, Desk

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.peer
JANE, OWN = "jane.portal@customer.test", "blue kettle sings twice"


def sign_in(page: "Page", desk: Desk, password: str) -> None:
    """As a person does."""
    page.goto(f"{desk.url}/in")
    page.get_by_label("E-mail address").fill(JANE)
    page.get_by_label("Password", exact=False).fill(password)
    page.get_by_role("button", name="Sign in").click()


def opened(desk: Desk, sender: str, subject: str, text: str) -> str:
    """The number of the ticket that a mail opened."""
    send(desk.smtp, mail(sender, subject, text))
    letters = desk.letters(sender.rpartition("<")[2].strip(">"), wanted=1)
    return str(letters[-1]["X-Ticket"])


@pytest.mark.feature("F3")
@pytest.mark.feature("F14")
@pytest.mark.feature("F16")
@pytest.mark.feature("F205")
@pytest.mark.feature("F24", "page")
def test_from_the_credentials_letter_to_the_own_ticket(shared: Desk, browser: "Browser") -> None:
    """One-time password, own password, own and colleague's tickets and no others, out and in again."""
    desk = shared
    for address, name in ((JANE, "Jane Doe"), ("carl.portal@customer.test", "Carl Colleague")):
        desk.run("contact", "add", address, "--name", name, "--organisation", "Customer Portal", *_quietly(address))
    (letter,) = desk.letters(JANE, wanted=1)
    assert letter["Subject"] == "Your access to Sample Organisation Service Desk"
    found = re.search(rf"User name: {re.escape(JANE)} One-time password: (\S+)", text_of(letter))
    assert found, text_of(letter)
    once = found[1]
    send(desk.smtp, mail(f"Jane Doe <{JANE}>", "Screen stays dark", "The screen of room 12 stays dark.\n"))
    mine = str(desk.letters(JANE, wanted=2)[-1]["X-Ticket"])
    ours = opened(desk, "Carl Colleague <carl.portal@customer.test>", "Carl's own request", "Something of Carl's.\n")
    foreign = opened(desk, "Eve <eve.portal@stranger.test>", "Not for Jane", "A secret of Eve's.\n")

    page = browser.new_page()
    sign_in(page, desk, once)
    _forced_to_choose(page, desk, mine)
    page.get_by_label("New password", exact=True).fill(OWN)
    page.get_by_label("New password again").fill(OWN)
    page.get_by_role("button", name="Save password").click()
    assert page.url == f"{desk.url}/t/{mine}"  # the page that was asked for before
    page.get_by_role("link", name="Tickets").click()
    assert page.url == f"{desk.url}/tickets"
    listed = page.get_by_role("main").inner_text()
    assert mine in listed
    assert ours in listed
    assert foreign not in listed
    page.get_by_role("link", name="Screen stays dark").click()
    assert page.url == f"{desk.url}/t/{mine}"
    assert "The screen of room 12 stays dark." in page.get_by_role("main").inner_text()
    refused = page.goto(f"{desk.url}/t/{foreign}")
    assert refused
    assert refused.status == 404
    assert "secret" not in page.content()
    page.goto(f"{desk.url}/tickets")
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{desk.url}/t/{mine}")
    assert "Screen stays dark" not in page.content()

    sign_in(page, desk, once)
    assert page.get_by_role("alert").is_visible()
    sign_in(page, desk, OWN)
    page.goto(f"{desk.url}/t/{mine}")
    assert page.get_by_role("heading", name="Screen stays dark").is_visible()
    page.close()
    assert once not in "".join(letter.as_string() for letter in desk.letters(STAFF))


def _quietly(address: str) -> tuple[str, ...]:
    return () if address == JANE else ("--no-activate",)


def _forced_to_choose(page: "Page", desk: Desk, number: str) -> None:
    """Until an own password is chosen, no page shows anything else."""
    assert page.url == f"{desk.url}/in/password"
    page.goto(f"{desk.url}/t/{number}")
    assert page.url == f"{desk.url}/in/password?next=/t/{number}"
