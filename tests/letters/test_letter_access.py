"""How people get in: what the letter that gives access says, and where letters name the portal."""

import re

import pytest

from postdesk.preview.rendering import Preview
from tests.letters import rendered
from tests.letters.reading import unflowed

PORTAL = "https://desk.example.com"
WITHOUT = {
    *("E13-copy", "E17-not_done-stranger", "E15-confirm-stranger"),  # nobody who has a page to go to
    *("E15-confirm", "E15-confirm-import", "E15-answer-profile"),  # what is asked for there is answered by mail
    *("E3-password_changed", "E3-address_changed"),  # notices: whoever did not do it tells the desk
    *("E3-two_step", "E3-two_step-by-the-desk", "E3-two_step-recovery", "E3-two_step-tried"),
    "E20-announcement",  # says what its author wrote, and no more
}


def lines(letter: Preview) -> list[str]:
    """The text part, line by line as a person reads it."""
    return unflowed(letter.text).splitlines()


def address(letter: Preview) -> str:
    """Whom the letter is from."""
    return str(letter.message["From"].addresses[0].addr_spec)


@pytest.mark.feature("F1")
def test_all_that_a_new_customer_needs() -> None:
    """User name, one-time password, where to sign in, and that a mail does the same."""
    letter = rendered.letters("en")["E1-credentials"]
    found = lines(letter)
    assert "User name: jane@customer.test" in found
    assert re.fullmatch(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){3}", found[found.index("One-time password:") + 1])
    assert found[found.index("Sign in:") + 1] == f"{PORTAL}/in"
    assert "You do not need the portal: a mail to service@example.com does the same." in found


@pytest.mark.feature("F4", "mail")
def test_the_address_to_allow() -> None:
    """The letter names the address that it comes from, which is the desk's own; the receipt comes from it too."""
    credentials, receipt = (rendered.letters("en")[name] for name in ("E1-credentials", "E4-received-stranger"))
    assert address(credentials) == address(receipt) == "service@example.com"
    assert credentials.message["Reply-To"] is None
    assert any(line.startswith("We write from service@example.com. Add it to your") for line in lines(credentials))
    assert "service@example.com" in receipt.text.partition("\n-- \n")[2]


@pytest.mark.feature("F12", "mail")
def test_a_link_to_choose_a_password() -> None:
    """Where credentials are a link, it is the only step: no password to type first."""
    letter = rendered.letters("en")["E1-credentials-link"]
    found = lines(letter)
    assert found[found.index("Choose your password here:") + 1].startswith(f"{PORTAL}/in/once/")
    assert "One-time password:" not in found


@pytest.mark.feature("F6", "mail")
def test_the_address_of_the_portal() -> None:
    """It is one and the same in every letter whose reader may have business there, as a link of its own."""
    letters = rendered.letters("en").values()
    silent = {one.entry.name for one in letters if not any(line.startswith(f"{PORTAL}/") for line in lines(one))}
    assert silent <= WITHOUT
