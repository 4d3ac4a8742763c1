"""One click off a list (RFC 8058): a page with a button, and a POST that needs nothing but its address."""

import pytest

from desk import unsubscribing
from desk.unsubscribing import Stop
from store.tables import Contact
from tests.portal.client import Browser
from tests.portal.world import World


@pytest.fixture
def contact_id(world: World) -> int:
    """Somebody with a digest."""
    with world.database.transaction() as session:
        contact = session.query(Contact).order_by(Contact.id).first()
        assert contact is not None
        contact.digest = True
        return contact.id


def path(world: World, stop: Stop) -> str:
    """The address in the letter."""
    return f"/u/{unsubscribing.make(stop, world.config().keys)}"


def gets_it(world: World, contact_id: int) -> bool:
    """Whether they still get it."""
    with world.database.reading() as session:
        return session.get_one(Contact, contact_id).digest


def test_looking_changes_nothing(world: World, browser: Browser, contact_id: int) -> None:
    """Programs fetch links before people do; the page has one button, and names nobody."""
    for method in ("GET", "HEAD", "GET"):
        answer = browser.http.request(method, path(world, Stop("digest", contact_id)))
        assert answer.status_code == 200
    assert "the list of your tickets" in answer.text
    assert answer.text.count("<button") == 1
    assert "Set-Cookie" not in answer.headers
    assert gets_it(world, contact_id)


def test_one_click(world: World, browser: Browser, contact_id: int) -> None:
    """Without a cookie, from anywhere, with the body of the RFC or with none; twice is as good as once."""
    where = path(world, Stop("digest", contact_id))
    for content, headers in (
        ("List-Unsubscribe=One-Click", {"Origin": "https://mail.test", "Sec-Fetch-Site": "cross-site"}),
        ("", {}),
    ):
        answer = browser.http.post(where, content=content, headers=headers)
        assert answer.status_code == 200
        assert "From now on you do not get the list of your tickets." in answer.text
        assert "Set-Cookie" not in answer.headers
        assert not gets_it(world, contact_id)


@pytest.mark.parametrize("token", ["x", "a" * 40, "%00", "a" * 2000])
def test_no_such_address(browser: Browser, token: str) -> None:
    """Nothing is said of what there is."""
    assert browser.get(f"/u/{token}").status_code == 404
    assert browser.http.post(f"/u/{token}").status_code == 404


def test_somebody_who_is_gone(world: World, browser: Browser) -> None:
    """Nothing to end is no fault."""
    assert browser.http.post(path(world, Stop("news", 10**12))).status_code == 200
