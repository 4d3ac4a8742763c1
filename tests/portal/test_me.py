"""The visitor's own page: what they see and change of themselves, as customers and as staff."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from desk.language import Language, Languages
from desk.levels import Level, Levels
from store.tables import Account, Contact, Outbox, Participant, Pending, Staff, Ticket, WebSession
from tests.portal.client import Browser
from tests.portal.world import PASSWORD, World

Enter = Callable[[str], Browser]
ME = "/me"
FILLED = {
    "prefix": "Dr", "first_name": "Janet", "last_name": "Sample-Smith", "suffix": "PhD", "job_title": "Head of phones",
    "phone": "0344 496 0001", "extension": "12", "fax": "0344 496 0002", "mobile": "07700 900000",
}  # fmt: skip


def letters(world: World, kind: str) -> list[tuple[str, dict[str, object]]]:
    """To whom, and about what."""
    with world.database.reading() as session:
        rows = session.scalars(select(Outbox).where(Outbox.kind == kind).order_by(Outbox.id))
        return [(row.recipient, dict(row.context)) for row in rows]


@pytest.mark.feature("F29", "page")
@pytest.mark.feature("F31", "page")
@pytest.mark.feature("F32", "page")
@pytest.mark.feature("F33", "page")
def test_a_profile_is_changed_and_kept(world: World, signed_in: Enter) -> None:
    """All fields of the guides, behind the own name; what was saved stands there again, and in the head of the page."""
    browser = signed_in("jane")
    assert f'<a href="{ME}">Jane Sample</a>' in browser.get("/").text
    page = browser.get(ME).text
    assert 'href="/in/password">Change password</a>' in page
    assert browser.post(ME, **FILLED).headers["location"] == "/me?done=saved"
    page = browser.get("/me?done=saved").text
    assert '<p class="notice" role="status" tabindex="-1" autofocus>Saved.</p>' in page
    for value in FILLED.values():
        assert f'value="{value}"' in page
    assert 'aria-current="page">Janet Sample-Smith</a>' in page
    with world.database.reading() as session:
        jane = session.get_one(Contact, world.ids["jane"])
        assert (jane.name, jane.details["Mobile"]) == ("Janet Sample-Smith", "07700 900000")
    browser.post(ME, **{**FILLED, "fax": ""})
    assert "0344 496 0002" not in browser.get(ME).text


def test_what_cannot_be_is_said_at_its_field_and_nothing_is_lost(world: World, signed_in: Enter) -> None:
    """Every fault at once, in the summary and at the field; nothing is saved, what was typed stays."""
    browser = signed_in("jane")
    answer = browser.post(ME, **{**FILLED, "first_name": " ", "last_name": "", "job_title": "x" * 201})
    assert answer.status_code == 422
    assert "<title>Error: Your profile" in answer.text
    for fault in ("Enter a first name", "Enter a last name", "Job title is longer than 200 characters"):
        assert answer.text.count(fault) == 2
    assert '<a href="#first_name">' in answer.text
    assert 'value="07700 900000"' in answer.text
    with world.database.reading() as session:
        assert session.get_one(Contact, world.ids["jane"]).name == "Jane Sample"


@pytest.mark.feature("F17", "page")
@pytest.mark.feature("F19", "page")
def test_the_own_level_is_seen_and_not_changed(world: World, signed_in: Enter) -> None:
    """It stands there with who can change it; a field that is not in the form does nothing."""
    browser = signed_in("jane")
    page = browser.get(ME).text
    assert "<dt>Security level</dt><dd>Standard User</dd>" in page
    assert "An Admin user of your organisation, or we at the desk" in page
    browser.post(ME, first_name="Jane", last_name="Sample", level="Admin User", organisation="Other", email="x@y.test")
    with world.database.reading() as session:
        jane = session.get_one(Contact, world.ids["jane"])
        assert (jane.level, jane.organisation_id, jane.address) == (
            "Standard User", world.ids["acme"], "Jane@Customer.Test",
        )  # fmt: skip


def test_words_are_text(signed_in: Enter) -> None:
    """Whatever stands in a profile, it is shown as it was typed."""
    browser = signed_in("jane")
    browser.post(ME, first_name='"><script>alert(1)</script>', last_name="{{ 7*7 }}")
    assert "<script" not in browser.get(ME).text
    assert "{{ 7*7 }}" in browser.get(ME).text


@pytest.mark.feature("F34", "page")
def test_another_address_counts_once_its_letter_is_answered(world: World, signed_in: Enter) -> None:
    """The password is asked, the new address gets the question, the old one is told; until then nothing changes."""
    browser = signed_in("jane")
    fields = {"email": "Jane.New@customer.test", "current": PASSWORD}
    answer = browser.post("/me/address", ME, **fields)
    assert answer.headers["location"] == "/me?done=asked"
    assert "A letter went to the new address. Answer it with “confirm”" in browser.get("/me?done=asked").text
    (asked,), (told,) = letters(world, "confirm"), letters(world, "done")
    assert asked[0] == "jane.new@customer.test"
    assert told[0] == "Jane@Customer.Test"
    assert "Jane.New@customer.test" in str(told[1])
    assert told[1]["subject"] == {"say": "Your profile"}
    with world.database.reading() as session:
        pending = session.scalars(select(Pending)).one()
        assert asked[1]["pending"] == pending.id
        assert pending.body["kept"] == {"address": "Jane.New@customer.test"}
        assert session.get_one(Contact, world.ids["jane"]).address == "Jane@Customer.Test"
    assert browser.get(ME).status_code == 200  # still signed in
    again = browser.post("/me/address", ME, **fields)
    assert again.status_code == 422
    assert again.text.count("We wrote to that address already. Answer that letter.") == 2


@pytest.mark.parametrize(
    "address, current, fault",
    [
        ("", PASSWORD, "Enter an e-mail address"),
        ("jane", PASSWORD, "Enter an e-mail address in the correct format, like name@example.com"),
        ("ana@", PASSWORD, "“ana@” is not a complete e-mail address"),
        ("jane@customer.test", PASSWORD, "That is your address already"),
        ("ana@customer.test", PASSWORD, "That address cannot be used."),
        ("SAM@example.test", PASSWORD, "That address cannot be used."),
        ("service+query@example.test", PASSWORD, "That address cannot be used."),
        ("new@customer.test", "wrong", "The current password is not right"),
        ("new@customer.test", "", "The current password is not right"),
    ],
)
def test_addresses_that_cannot_be(world: World, signed_in: Enter, address: str, current: str, fault: str) -> None:
    """Somebody else's, one of the desk, none at all; or the password is wrong: no letter goes anywhere."""
    browser = signed_in("jane")
    rules = world.config().rules
    object.__setattr__(rules, "is_ours", lambda wanted: wanted.startswith("service"))
    browser = Browser(world.config(rules=rules))
    browser.sign_in("jane")
    answer = browser.post("/me/address", ME, email=address, current=current)
    assert answer.status_code == 422
    assert answer.text.count(fault) == 2
    assert PASSWORD not in answer.text
    assert letters(world, "confirm") == []


def test_nobody_has_us_write_to_everybody(world: World, signed_in: Enter) -> None:
    """Five questions a day; and guesses at the password are limited like sign-ins."""
    browser = signed_in("jane")
    codes = [
        browser.post("/me/address", ME, email=f"new{number}@customer.test", current=PASSWORD).status_code
        for number in range(6)
    ]
    assert codes == [303] * 5 + [422]
    assert len(letters(world, "confirm")) == 5
    answers = [browser.post("/me/address", ME, email="a@b.test", current="wrong") for _ in range(6)]
    assert answers[-1].status_code == 429
    assert answers[-1].headers["retry-after"] == "60"


@pytest.mark.feature("F30", "page")
def test_letters_are_chosen(world: World, signed_in: Enter) -> None:
    """None but the needed ones, the digest, announcements: as the boxes are ticked."""
    browser = signed_in("jane")

    def wanted() -> tuple[bool, bool, bool]:
        with world.database.reading() as session:
            jane = session.get_one(Contact, world.ids["jane"])
            return jane.muted, jane.digest, jane.news

    assert wanted() == (False, False, True)
    assert browser.post("/me/letters", ME, none="yes", digest="yes").headers["location"] == "/me?done=saved"
    assert wanted() == (True, True, False)
    page = browser.get(ME).text
    assert 'name="none" value="yes" checked' in page
    assert 'name="news" value="yes">' in page
    browser.post("/me/letters", ME, news="yes")
    assert wanted() == (False, False, True)


@pytest.mark.feature("F30", "page")
def test_tickets_that_are_followed_are_listed_and_ended(world: World, signed_in: Enter) -> None:
    """Those of others, with a button each; a foreign number is not found, and one's own requests are not listed."""
    browser = signed_in("zoe")
    with world.database.reading() as session:
        number = session.get_one(Ticket, world.ids["joined"]).number
        left = session.get_one(Ticket, world.ids["left"]).number
    page = browser.get(ME).text
    assert f'href="/t/{number}">Door card</a>' in page
    assert "Old matter" not in page
    for other in (left, "T20190409.0967", "x"):
        assert browser.post("/me/followed", ME, number=other).status_code == 404
    assert browser.post("/me/followed", ME, number=number).headers["location"] == "/me?done=stopped"
    with world.database.reading() as session:
        key = (world.ids["joined"], world.ids["zoe"])
        assert session.get_one(Participant, key).muted
    assert "None. Watch a ticket on its page, and it stands here." in browser.get(ME).text


@pytest.mark.feature("F168", "page")
def test_the_columns_of_all_lists_are_named(world: World, signed_in: Enter) -> None:
    """Those that were chosen once, for every list; the usual ones before that."""
    browser = signed_in("jane")
    assert "Your lists show: Number, Status, Title, Site and Created." in browser.get(ME).text
    with world.database.transaction() as session:
        session.get_one(Contact, world.ids["jane"]).columns = ["title", "contact"]
    assert "Your lists show: Number, Title and Contact." in browser.get(ME).text


FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 "
    "Mobile/15E148 Safari/604.1"
)


def test_signed_in_browsers_are_listed_and_signed_out(world: World, signed_in: Enter) -> None:
    """Each in words; one at a time, or all but this; somebody else's are not reached."""
    jane, ana = signed_in("jane"), signed_in("ana")
    others = []
    for agent in (FIREFOX, IPHONE, "<script>"):
        world.clock.forward(minutes=1)
        other = Browser(world.config())
        other.http.headers["User-Agent"] = agent
        other.sign_in("jane")
        others.append(other)
    page = jane.get(ME).text
    assert page.index("This browser") < page.index("Firefox on Windows")
    assert "Safari on iPhone" in page
    assert "<script>" not in page
    names = [part.partition('"')[0] for part in page.split('name="device" value="')[1:]]
    assert len(names) == 3
    ana.post("/me/devices", ME, device=names[1])
    assert others[1].get(ME).status_code == 200
    jane.post("/me/devices", ME, device=names[1])  # the last to be seen comes first: this is the telephone
    assert [other.get(ME).status_code for other in others] == [200, 303, 200]
    assert jane.post("/me/devices", ME, others="yes").headers["location"] == "/me?done=signed-out"
    assert [other.get(ME).status_code for other in others] == [303, 303, 303]
    assert (jane.get(ME).status_code, ana.get(ME).status_code) == (200, 200)
    assert "Sign out everywhere else" not in jane.get(ME).text


def test_no_page_gives_a_session_away(world: World, signed_in: Enter) -> None:
    """What stands for a browser in the form is neither its cookie nor what is stored of it."""
    signed_in("jane")
    page = signed_in("jane").get(ME).text
    with world.database.reading() as session:
        for row in session.scalars(select(WebSession)):
            assert row.key.hex()[:16] not in page


def test_the_language_is_chosen(world: World, signed_in: Enter) -> None:
    """Pages then come in it, whatever the browser asks for."""
    signed_in("jane")
    languages = Languages(lambda code: Language(code).catalogue if code == "de" else None)
    browser = Browser(world.config(languages=languages))
    browser.sign_in("jane")
    page = browser.get(ME).text
    assert '<option value="de">Deutsch</option>' in page
    assert '<option value="fr">' not in page
    browser.post(ME, first_name="Jane", last_name="Sample", language="de")
    answer = browser.get(ME, headers={"Accept-Language": "en"})
    assert answer.headers["content-language"] == "de"
    assert '<option value="de" selected>' in answer.text
    browser.post(ME, first_name="Jane", last_name="Sample", language="")
    assert browser.get(ME).headers["content-language"] == "en"
    assert browser.post(ME, first_name="Jane", last_name="Sample", language="Klingon!").status_code == 422


def test_staff_have_a_page_of_their_own_too(world: World, signed_in: Enter) -> None:
    """Language, day sheet, browsers; name and address are the operator's to change."""
    browser = signed_in("sam")
    page = browser.get(ME).text
    assert "Sam Sample" in page
    assert 'name="first_name"' not in page
    assert 'action="/me/address"' not in page
    assert "Whoever runs the desk, with the command postdesk staff" in page
    assert browser.post(ME, language="de", name="Other").headers["location"] == "/me?done=saved"
    assert browser.post(ME, language="!").status_code == 422
    browser.post("/me/letters", ME)
    assert browser.post("/me/address", ME, email="x@y.test", current=PASSWORD).status_code == 404
    with world.database.reading() as session:
        sam = session.get_one(Staff, world.ids["sam"])
        assert (sam.language, sam.day_sheet, sam.name, sam.address) == ("de", False, "Sam Sample", "sam@example.test")


def test_levels_without_priority_are_offered_no_such_column(world: World) -> None:
    """What may not be seen is not named either."""
    world.give_password("jane")
    with world.database.transaction() as session:
        session.get_one(Contact, world.ids["jane"]).columns = ["priority", "title"]
    browser = Browser(world.config(levels=Levels((Level("Standard User", priority=False),))))
    browser.sign_in("jane")
    assert "Your lists show: Number and Title." in browser.get(ME).text


def test_somebody_who_was_deactivated_changes_nothing(world: World, signed_in: Enter) -> None:
    """From one click to the next."""
    browser = signed_in("jane")
    with world.database.transaction() as session:
        session.scalars(select(Account).where(Account.contact_id == world.ids["jane"])).one().active = False
    assert browser.post(ME, "/in", first_name="X", last_name="Y").status_code in (303, 403)
    with world.database.reading() as session:
        assert session.get_one(Contact, world.ids["jane"]).name == "Jane Sample"
