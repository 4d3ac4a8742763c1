"""The status page: the service line, the ledger, letters, and the health check."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from desk import status
from store.tables import Base, Disposition, Outbox, ReceivedMail, Staff, Suppression, Tally
from tests.portal.client import Browser
from tests.portal.world import START, World


def mail(world: World, *, waiting: bool, age: timedelta = timedelta(0), kind: str = "opened") -> None:
    """One received mail, in the ledger as the mail path puts it there."""
    with world.database.transaction() as session:
        received = ReceivedMail(
            id=world.database.ids.next(), received_at=START - age, source="smtp", recipients=[], size=1, waiting=waiting
        )
        session.add(received)
        session.flush()
        session.execute(update(Tally).where(Tally.name == "accepted").values(value=Tally.value + 1))
        if not waiting:
            session.add(Disposition(received_id=received.id, at=START - age, kind=kind, rule="sample", reason="Sample"))
            session.execute(update(Tally).where(Tally.name == kind).values(value=Tally.value + 1))


def letter(world: World, **values: Any) -> None:
    """One row of the outbox."""
    base = {"kind": "sample", "recipient": "jane@customer.test", "next_at": START, "created_at": START}
    with world.database.transaction() as session:
        session.add(Outbox(id=world.database.ids.next(), **{**base, **values}))


def set_tally(world: World, name: str, value: int) -> None:
    """As a fault would."""
    with world.database.transaction() as session:
        session.execute(update(Tally).where(Tally.name == name).values(value=value))


def text_of(browser: Browser, path: str = "/") -> str:
    """The words of a page, without marks."""
    import re

    return " ".join(re.sub(r"<[^>]*>", " ", browser.get(path).text).split())


def test_an_idle_desk_works(browser: Browser) -> None:
    """No mail yet: all zero, all accounted for."""
    text = text_of(browser)
    assert "All systems working, no mail handled yet" in text
    assert "Accepted 0" in text
    assert "Accounted for, every one 0" in text


def test_the_ledger_adds_up(world: World, browser: Browser) -> None:
    """Accepted is the sum of what became of each mail and what waits, in words."""
    for kind in status.KINDS:
        mail(world, waiting=False, age=timedelta(seconds=12), kind=kind)
    mail(world, waiting=True)
    text = text_of(browser)
    assert "All systems working, last mail handled 12 s ago" in text
    assert "Accepted 7" in text
    assert "Held for a person to decide 1" in text
    assert "Waiting 1" in text
    assert "Accounted for, every one 7" in text
    assert "Alarm" not in text


@pytest.mark.parametrize(
    "name, value, words",
    [
        ("accepted", 3, "Alarm: 2 accepted mails are neither handled nor waiting. Staff have to look."),
        ("accepted", 2, "Alarm: 1 accepted mail is neither handled nor waiting. Staff have to look."),
        ("opened", 4, "Alarm: 3 more mails are accounted for than were accepted. Staff have to look."),
    ],
)
def test_a_difference_is_an_alarm(world: World, browser: Browser, name: str, value: int, words: str) -> None:
    """A mail that is nowhere, or twice, is said aloud."""
    mail(world, waiting=False)
    set_tally(world, name, value)
    text = text_of(browser)
    assert "The ledger does not add up" in text
    assert words in text
    assert "every one" not in text


def test_held_mail_is_said(world: World, browser: Browser) -> None:
    """How many wait for a person, in words and for machines; not a word when there are none."""
    assert "held until" not in text_of(browser)
    mail(world, waiting=False, kind="held")
    assert "1 mail is held until a person decides." in text_of(browser)
    mail(world, waiting=False, kind="held")
    assert "2 mails are held until a person decides." in text_of(browser)
    assert browser.get("/healthz").json()["held"] == 2


def test_mail_that_waits_too_long_is_said(world: World, browser: Browser) -> None:
    """Above five minutes the service line changes."""
    mail(world, waiting=True, age=timedelta(minutes=5))
    assert "All systems working" in text_of(browser)
    world.clock.forward(minutes=7)
    assert "Mail is slow" in text_of(browser)
    assert "The oldest mail has waited for 12 min. Nothing is lost; answers take longer." in text_of(browser)


def test_letters_that_leave_late_are_said(world: World, browser: Browser) -> None:
    """A letter that is put off is not late; one that is due and stays is."""
    letter(world, next_at=START + timedelta(hours=1))
    assert "All systems working" in text_of(browser)
    letter(world, next_at=START - timedelta(minutes=20))
    assert "Letters leave late: the oldest has been due for 20 min." in text_of(browser)


def test_that_no_letter_reaches_staff_is_said(world: World, browser: Browser) -> None:
    """When the address of everybody at the desk is muted, not all is well; nobody is named."""
    with world.database.transaction() as session:
        addresses = session.scalars(select(Staff.address).where(Staff.deactivated_at.is_(None))).all()
        assert addresses
        for number, address in enumerate(addresses):
            session.add(Suppression(id=9_000 + number, address=address, reason="550 5.1.1", since=START))
    text = text_of(browser)
    assert "No letter reaches our staff" in text
    assert "All systems working" not in text
    assert addresses[0] not in text
    assert browser.get("/healthz").json()["state"] == "unheard"


def test_failing_letters_are_counted(world: World, browser: Browser) -> None:
    """Tried more than once, or given up since yesterday; sent ones and old failures are not."""
    letter(world)
    letter(world, attempts=2, next_at=START + timedelta(hours=1))
    letter(world, state="refused", done_at=START - timedelta(hours=23))
    letter(world, state="expired", done_at=START - timedelta(hours=25))
    letter(world, state="sent", attempts=4, done_at=START)
    text = text_of(browser)
    assert "Letters out Waiting 2" in text
    assert "Failing: tried again, or given up since yesterday 2" in text


def test_the_public_page_tells_nothing_of_any_ticket(browser: Browser) -> None:
    """Signed out there are counts, and not one word, number or name out of a ticket."""
    page = browser.get("/").text
    for word in ("T2019", "Phones", "Jane", "Sample", "/t/"):
        assert word not in page


def test_the_way_to_write_is_on_every_page(world: World, browser: Browser) -> None:
    """Mail address and phone, also on errors."""
    for path in ("/", "/in", "/nothing", "/in/once/x"):
        text = text_of(browser, path)
        assert "Write to service@example.test or phone 0344 496 0000" in text


def test_the_health_check_answers_in_json(world: World, browser: Browser) -> None:
    """For machines: 200 and figures."""
    mail(world, waiting=True)
    mail(world, waiting=False, age=timedelta(seconds=3))
    answer = browser.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {
        "ok": True,
        "database": "answers",
        "state": "working",
        "last_handled": "2019-04-09T12:06:57+00:00",
        "waiting": 1,
        "held": 0,
        "difference": 0,
        "letters_waiting": 0,
        "letters_failing": 0,
    }


def test_without_its_database_the_portal_says_so(world: World) -> None:
    """503 on pages, the style sheet and the health check go on; nothing of the error is told."""
    browser = Browser(world.config())
    css = browser.get("/").text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    Base.metadata.drop_all(world.database.engine)
    for path, expected in (("/", 503), ("/healthz", 200)):
        answer = browser.get(path)
        assert answer.status_code == expected
        assert "tally" not in answer.text.lower()
    assert browser.get("/healthz").json() == {"ok": False, "database": "does not answer"}
    assert "The portal is closed for the moment" in browser.get("/").text
    assert browser.get("/").headers["retry-after"] == "120"
    assert browser.get(css).status_code == 200


def test_a_status_that_was_just_read_is_read_again_only_after_a_while(world: World) -> None:
    """Many lookers cost one reading; the figures are at most that old."""
    browser = Browser(world.config(status_seconds=3600.0))
    assert "Accepted 0" in text_of(browser)
    mail(world, waiting=False)
    assert "Accepted 0" in text_of(browser)
    assert "Accepted 1" in text_of(Browser(world.config()))


def test_the_version_is_for_staff(world: World) -> None:
    """A page that anybody may see does not tell which faults to try."""
    world.give_password("jane")
    world.give_password("sam")
    browsers = {name: Browser(world.config(version="9.8.7")) for name in ("nobody", "jane", "sam")}
    for name in ("jane", "sam"):
        browsers[name].sign_in(name)
    shown = {name: "9.8.7" in text_of(browser) for name, browser in browsers.items()}
    assert shown == {"nobody": False, "jane": False, "sam": True}
