"""Where did my mail go? The log, one mail with its evidence, held mail, letters, muted addresses."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from httpx2 import Response

from store.tables import Disposition, Outbox, ReceivedMail, Suppression
from tests.portal.chrome import page_of, sign_in
from tests.portal.client import Browser
from tests.portal.mail_world import RAW, Reader, add_letter, add_mail, mute
from tests.portal.serving import serve
from tests.portal.test_html import Page
from tests.portal.world import PASSWORD, START, World
from tests.servers import chromium

MAIL, PHONES = "/desk/mail", "T20190409.0967"


@pytest.fixture
def sam(world: World) -> Browser:
    """A member of staff, at a desk that can read mail."""
    world.give_password("sam")
    browser = Browser(world.config(mail=Reader()))
    browser.sign_in("sam")
    return browser


def words(answer: Response) -> str:
    """The text of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def fill(world: World) -> dict[str, int]:
    """One mail of each kind, two letters in trouble, a muted address."""
    sender = {"verdict": "pass", "reason": "Signed by customer.test.", "checks": ["DKIM: pass"]}
    piece = {"kind": "token", "value": "our letter", "role": "participant", "proof": "own_token", "write": "note"}
    with world.database.transaction() as session:
        made = {kind: add_mail(session, world, kind) for kind in ("opened", "held", "ignored", "waiting")}
        made["noted"] = add_mail(
            session, world, "noted", ticket_id=world.ids["phones"], sender="jane@customer.test", subject="<b>Re</b>",
            at=START + timedelta(days=1), rule="match", reason="It answers our letter.",
            evidence={"sender": sender, "evidence": [{**piece, "ticket": PHONES}]},
        )  # fmt: skip
        made["letter"] = add_letter(
            session, world, "waiting", ("deferred", "451 4.7.1 later"), received_id=made["noted"],
            ticket_id=world.ids["phones"],
        )  # fmt: skip
        made["lost"] = add_letter(session, world, "refused", ("sent", "250"), ("bounced", "550 no such user"))
        mute(session, world, "gone@customer.test")
    return made


def test_every_received_mail_is_listed_with_what_became_of_it(world: World, sam: Browser) -> None:
    """Newest first, with the reason; each filter by itself, kept in the form; what is wrong is said at its field."""
    assert "No mail has come in yet." in words(sam.get(MAIL))
    made = fill(world)
    page = sam.get(MAIL)
    assert re.findall(r'<th scope="row" dir="auto"><a href="/desk/mail/(\d+)">', page.text) == [
        str(made[kind]) for kind in ("noted", "waiting", "ignored", "held", "opened")
    ]  # fmt: skip
    assert "&lt;b&gt;Re&lt;/b&gt;" in page.text
    assert f"Note {PHONES} It answers our letter." in words(page)
    assert "1 mail waits for a person." in words(page)
    for query, kind in [
        ("kind=opened", "opened"), ("sender=JANE@", "noted"), ("subject=%3Cb%3Er", "noted"),
        (f"number={PHONES}", "noted"),
        ("since=2019-04-10&until=2019-04-10", "noted"), ("kind=waiting", "waiting"),
    ]:  # fmt: skip
        found = sam.get(f"{MAIL}?{query}")
        assert re.findall(r'href="/desk/mail/(\d+)"', found.text) == [str(made[kind])], query
    assert 'value="JANE@"' in sam.get(f"{MAIL}?sender=JANE@").text
    assert "No mail matches. Clear the filters" in words(sam.get(f"{MAIL}?sender=nobody"))
    wrong = sam.get(f"{MAIL}?since=soon")
    assert (wrong.status_code, "<title>Error: " in wrong.text) == (422, True)
    assert "Enter a real date, like" in words(wrong)
    for query in ("after=x", "kind=x", "sender=%00", "number=%00", "after=" + "9" * 18, "since=9999-12-31"):
        assert sam.get(f"{MAIL}?{query}").status_code in (200, 422), query


def test_the_ten_thousandth_mail_is_reached_by_links(world: World, sam: Browser) -> None:
    """Fifty on a page, and a link to older ones until there are none."""
    with world.database.transaction() as session:
        for number in range(120):
            add_mail(session, world, "noted", subject=f"Mail {number}")
    seen: list[str] = []
    path = f"{MAIL}?kind=noted"
    while path:
        page = sam.get(path).text
        seen += re.findall(r">Mail (\d+)</a>", page)
        older = re.search(r'<a href="([^"]+)">Older mail</a>', page)
        path = older[1].replace("&amp;", "&") if older else ""
    assert seen == [str(number) for number in range(119, -1, -1)]


def test_one_mail_tells_all_that_is_known_of_it(world: World, sam: Browser) -> None:
    """Its way in, the verdict and the match, what is in it, its letters; the headers as text, the mail as it came."""
    made = fill(world)
    page = words(sam.get(f"{MAIL}/{made['noted']}"))
    for said in (
        "It answers our letter.", "Sender: pass. Signed by customer.test.", "Checked: DKIM: pass",
        f"token {PHONES} by our letter: participant, own_token → note", "File: plan.pdf, application/pdf, 12 bytes",
        "Envelope: from bounce@customer.test to service@example.test", "smtp from 192.0.2.7",
        "jane@customer.test : letter with news of the ticket, Waiting for another try",
    ):  # fmt: skip
        assert said in page, said
    assert "What you can do" not in page  # it has had its effect
    headers = sam.get(f"{MAIL}/{made['noted']}/headers")
    assert headers.headers["content-type"] == "text/plain; charset=utf-8"
    assert headers.text.splitlines()[-1] == "X-Odd: \\xff<script>"
    whole = sam.get(f"{MAIL}/{made['noted']}/raw")
    assert (whole.content, whole.headers["content-type"]) == (RAW, "application/octet-stream")
    assert whole.headers["content-disposition"] == f'attachment; filename="mail-{made["noted"]}.eml"'
    assert "default-src 'none'" in whole.headers["content-security-policy"]
    waiting = words(sam.get(f"{MAIL}/{made['waiting']}"))
    assert "It waits to be handled." in waiting
    for path in (
        "/1",
        "/999999999999999999",
        "/999999999999999999/headers",
        "/1/raw",
        "/letters/1",
        "/letters/9" + "9" * 17,
    ):
        assert sam.get(MAIL + path).status_code == 404, path


def test_bytes_that_are_gone_are_not_found(world: World, sam: Browser) -> None:
    """Retention takes them away; the page still says what became of the mail."""
    with world.database.transaction() as session:
        mail = add_mail(session, world, "noted", raw=None)
        session.get_one(ReceivedMail, mail).blob = "0" * 64
    assert sam.get(f"{MAIL}/{mail}").status_code == 200
    assert sam.get(f"{MAIL}/{mail}/headers").status_code == sam.get(f"{MAIL}/{mail}/raw").status_code == 404


def test_held_mail_is_decided_about_on_its_page(world: World, sam: Browser) -> None:
    """The recommended first; a ticket that is not there is told at the field; who was quicker wins."""
    mail = fill(world)["held"]
    path = f"{MAIL}/{mail}"
    page = sam.get(path)
    assert [*re.findall(r'name="act" value="(\w+)"', page.text)] == ["accept", "attach", "discard"]
    assert "A program may be repeating itself" in words(page)
    wrong = sam.post(f"{MAIL}/decide", path, mail=str(mail), act="attach", number="T20190409.9999")
    assert wrong.status_code == 422
    assert "There is no ticket T20190409.9999." in words(wrong)
    assert 'value="T20190409.9999"' in wrong.text
    done = sam.post(f"{MAIL}/decide", path, mail=str(mail), act="attach", number=PHONES)
    assert done.headers["location"] == f"{path}?done=mail-decided"
    with world.database.reading() as session:
        row = session.get_one(ReceivedMail, mail)
        assert (row.wish, row.waiting, row.earlier[0]["by"]) == (PHONES, True, "Sam Sample")
    again = sam.post(f"{MAIL}/decide", path, mail=str(mail), act="discard")
    assert again.headers["location"] == f"{path}?done=mail-late"
    assert "Somebody was quicker" in words(sam.get(again.headers["location"]))
    assert "Earlier: held." in words(sam.get(path))
    assert sam.post(f"{MAIL}/decide", f"{MAIL}?kind=held", act="accept", **{"from": "list"}).status_code == 422


def test_held_mails_are_put_away_together(world: World, sam: Browser) -> None:
    """Those that are ticked, with one reason; they can be taken up again."""
    with world.database.transaction() as session:
        mails = [add_mail(session, world, "held") for _ in range(3)]
    page = sam.get(f"{MAIL}?kind=held").text
    token = re.findall(r'name="form_token" value="([^"]*)"', page)[0]
    fields = {
        "form_token": token,
        "from": "list",
        "act": "discard",
        "why": "Advertising",
        "mail": [str(m) for m in mails[:2]],
    }
    sent = sam.http.post(
        f"{MAIL}/decide", data=fields, headers={"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    )  # fmt: skip
    assert sent.headers["location"] == f"{MAIL}?kind=held&done=mail-decided"
    with world.database.reading() as session:
        rows = [session.get_one(Disposition, mail) for mail in mails]
        assert [row.kind for row in rows] == ["ignored", "ignored", "held"]
        assert rows[0].reason == "Discarded by Sam Sample: Advertising."
    assert re.findall(r'href="/desk/mail/(\d+)"', sam.get(f"{MAIL}?kind=held").text) == [str(mails[2])]
    page = sam.get(f"{MAIL}/{mails[0]}").text
    assert re.findall(r'name="act" value="(\w+)"', page) == ["accept", "attach", "replay"]


def test_what_would_become_of_it_is_asked_before_it_is_done(world: World, sam: Browser) -> None:
    """By the rules, as a ticket, on a ticket; nothing is changed by asking, and then it is done."""
    mail = fill(world)["ignored"]
    path = f"{MAIL}/{mail}"
    for wish, said in (
        ("replay", "New ticket (by-hand). Wanted:"), ("ticket", "Wanted: ticket"), (PHONES, f"Note {PHONES} (by-hand)"),
    ):  # fmt: skip
        assert said in words(sam.get(f"{path}?as={wish}"))
    wrong = sam.get(f"{path}?as=T20190409.9999")
    assert (wrong.status_code, "There is no ticket T20190409.9999." in words(wrong)) == (422, True)
    with world.database.reading() as session:
        assert session.get_one(Disposition, mail).kind == "ignored"
    sam.post(f"{MAIL}/decide", path, mail=str(mail), act="replay")
    with world.database.reading() as session:
        assert session.get(Disposition, mail) is None
        assert session.get_one(ReceivedMail, mail).waiting


def test_letters_are_tried_again_from_their_page(world: World, sam: Browser) -> None:
    """Each try with what the other side said; now, once more, or with a reason not at all."""
    made = fill(world)
    listed = words(sam.get(f"{MAIL}/letters?state=deferred"))
    assert "jane@customer.test" in listed
    assert "451 4.7.1 later" in listed
    assert "Came back" in words(sam.get(f"{MAIL}/letters?state=trouble"))
    assert "550 no such user" in words(sam.get(f"{MAIL}/letters/{made['lost']}"))
    letter = f"{MAIL}/letters/{made['letter']}"
    decide = f"{MAIL}/letters/decide"
    done = sam.post(decide, letter, letter=str(made["letter"]), act="retry")
    assert done.headers["location"] == f"{letter}?done=letter-done"
    assert "A person had it sent again: by Sam Sample; it was waiting" in words(sam.get(letter))
    wrong = sam.post(decide, letter, letter=str(made["letter"]), act="drop")
    assert (wrong.status_code, "Enter why it is not sent" in words(wrong)) == (422, True)
    sam.post(decide, letter, letter=str(made["letter"]), act="drop", why="Written by mistake")
    late = sam.post(decide, letter, letter=str(made["letter"]), act="retry")
    assert late.headers["location"] == f"{letter}?done=letter-late"
    sam.post(decide, f"{MAIL}/letters", letter=str(made["lost"]), act="again", **{"from": "list"})
    with world.database.reading() as session:
        states = [session.get_one(Outbox, made[name]).state for name in ("letter", "lost")]
        assert states == ["dropped", "waiting"]
    assert "No letter matches." in words(sam.get(f"{MAIL}/letters?to=nobody@customer.test&state=failed"))
    assert "No letter waits." in words(sam.get(f"{MAIL}/letters?state=deferred"))


def test_a_muted_address_is_written_to_again(world: World, sam: Browser) -> None:
    """Once somebody lifts it; who did is kept."""
    assert "No address is muted." in words(sam.get(f"{MAIL}/muted"))
    fill(world)
    assert "gone@customer.test" in words(sam.get(f"{MAIL}/muted?address=GONE@customer.test"))
    assert "“x@customer.test” is not muted." in words(sam.get(f"{MAIL}/muted?address=x@customer.test"))
    done = sam.post(f"{MAIL}/muted/lift", f"{MAIL}/muted", address="gone@customer.test")
    assert done.headers["location"] == f"{MAIL}/muted?done=lifted"
    with world.database.reading() as session:
        row = session.query(Suppression).one()
        assert (row.lifted_at is not None, row.reason) == (True, "550 no such user Lifted by Sam Sample.")
    again = sam.post(f"{MAIL}/muted/lift", f"{MAIL}/muted?address=x", address="gone@customer.test")
    assert again.headers["location"] == f"{MAIL}/muted?done=not-muted"


def test_customers_find_none_of_it(world: World, signed_in: Callable[[str], Browser]) -> None:
    """Neither pages nor forms, whoever they are; and there is no link to them."""
    made = fill(world)
    jane = signed_in("jane")
    for path in (
        "", "/letters", "/muted", f"/{made['noted']}", f"/{made['noted']}/headers", f"/{made['noted']}/raw",
        f"/letters/{made['letter']}",
    ):  # fmt: skip
        assert jane.get(MAIL + path).status_code == 404, path
    for path in ("/decide", "/letters/decide", "/muted/lift"):
        fields = {"mail": str(made["held"]), "letter": str(made["letter"]), "address": "gone@customer.test"}
        assert jane.post(MAIL + path, "/me", act="accept", **fields).status_code == 404, path
    assert "/desk/mail" not in jane.get(f"/t/{PHONES}").text
    with world.database.reading() as session:
        assert session.get_one(Disposition, made["held"]).kind == "held"


def test_the_pages_are_well_made(world: World, sam: Browser) -> None:
    """One h1, no level left out, ids once, headers with a scope, no reference to nothing, and small enough."""
    made = fill(world)
    for path in (
        "", "?kind=held", f"/{made['held']}?as=ticket", f"/{made['noted']}", "/letters", f"/letters/{made['letter']}",
        f"/letters/{made['lost']}", "/muted", "?since=x",
    ):  # fmt: skip
        text = sam.get(MAIL + path).text
        page = Page(text)
        levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
        assert (levels.count(1), levels[0]) == (1, 1) or path == "?since=x"
        ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
        assert len(ids) == len(set(ids)), path
        assert all("scope" in attributes for attributes in page.all("th")), path
        for _, attributes in page.tags:
            for described in (attributes.get("aria-describedby") or "").split():
                assert described in ids, path
        assert page.all("script", "style", "img") == []
        assert len(text) < 50_000


@pytest.mark.peer
@pytest.mark.timeout(240)
def test_a_held_mail_becomes_a_ticket_in_a_browser(world: World) -> None:
    """From the list to its page to the button, without scripts; every page fits on a narrow screen."""
    made = fill(world)
    world.give_password("sam")
    with serve(world, mail=Reader()) as address, chromium() as browser:
        with page_of(browser, java_script_enabled=False) as page:
            sign_in(page, address, "sam@example.test", PASSWORD)
            page.goto(address + MAIL)
            page.get_by_role("link", name="1 mail waits for a person.").click()
            page.get_by_role("link", name="Printer").click()
            page.get_by_role("button", name="Make a ticket").click()
            assert page.get_by_text("Decided. It is handled within seconds.").is_visible()
        with page_of(browser, 320) as page:
            sign_in(page, address, "sam@example.test", PASSWORD)
            for path in ("", f"/{made['noted']}?as=ticket", "/letters", f"/letters/{made['lost']}", "/muted"):
                page.goto(address + MAIL + path)
                assert page.evaluate("document.documentElement.scrollWidth") == 320, path
