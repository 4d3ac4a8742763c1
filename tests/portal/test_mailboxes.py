"""What the status page says of mailboxes: to everybody that mail waits, to staff which mailbox and why."""

import re
from datetime import timedelta
from typing import Any

import pytest

from store.tables import MailboxState
from tests.portal.client import Browser
from tests.portal.world import START, World

WATCHED = {"service": timedelta(minutes=15)}


def text_of(world: World, name: str = "", **values: Any) -> str:
    """The words of the page, when the reader of the mailbox has written so."""
    with world.database.transaction() as session:
        session.add(MailboxState(**{"name": "service", "seen_at": START, "last_success": START} | values))
    browser = Browser(world.config(mailboxes=WATCHED))
    if name:
        world.give_password(name)
        browser.sign_in(name)
    return " ".join(re.sub(r"<[^>]*>", " ", browser.get("/").text).split())


def test_a_mailbox_that_is_read_is_no_news(world: World) -> None:
    """Nothing of it is said."""
    text = text_of(world, "sam")
    assert "All systems working" in text
    assert "mailbox" not in text


@pytest.mark.parametrize("name", ["", "jane"])
def test_everybody_reads_that_mail_waits(world: World, name: str) -> None:
    """Not which mailbox, and not what its server said."""
    text = text_of(world, name, last_success=START - timedelta(minutes=20), failures=3, last_error="imap.example.test")
    assert "A mailbox is not read" in text
    assert "Mail to us waits in a mailbox that we cannot read now." in text
    assert "imap.example.test" not in text


def test_staff_read_which_and_why(world: World) -> None:
    """In the words of the reader; what looks like a tag is text."""
    text = text_of(world, "sam", last_success=START - timedelta(minutes=20), failures=3, last_error="no <b>answer</b>")
    assert "The mailbox service was last read 20 min ago: no &lt;b&gt;answer&lt;/b&gt;" in text


@pytest.mark.parametrize(
    "values, words",
    [
        ({"seen_at": START - timedelta(minutes=8)}, "No process reads the mailbox service"),
        ({"waiting": 6_000, "taken": 4_000}, "The mailbox service: 4,000 mails taken, 6,000 to go."),
        ({"token_ends_at": START + timedelta(days=7)}, "ends in 7 days"),
        ({"token_ends_at": START + timedelta(days=1)}, "ends in 1 day."),
        ({"token_ends_at": START - timedelta(days=1)}, "The right to read the mailbox service has ended."),
        ({"last_success": None, "failures": 1, "last_error": "x"}, "The mailbox service has not been read yet"),
    ],
)
def test_staff_read_what_else_there_is(world: World, values: dict[str, Any], words: str) -> None:
    """A reader that is gone, a long first visit, and access that ends."""
    assert words in text_of(world, "sam", **values)
