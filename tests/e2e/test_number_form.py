"""A running desk whose tickets are numbered R-000001: mail, letters, pages, API, commands; and the form is changed."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.policy import SMTP

import pytest
from sqlalchemy import select

from desk import tokens
from store.tables import Account
from tests.attacks.outside import (
    SECRET,
    Talk,
    begin,
    enter,
    entries,
    give,
    learnt,
    letters,
    number_of,
    settle,
    state,
    visitor,
)
from tests.attacks.service import became, hand_over
from tests.e2e.conftest import FREELY
from tests.e2e.world import answer, mail, text_of
from tests.peers.common import wait_for
from tests.peers.desk import DESK, STAFF, Desk

ANN, EVE = "ann@customer.test", "eve@attacker.test"


@pytest.fixture(scope="module")
def numbered() -> Iterator[Desk]:
    """A running Postdesk on SQLite with two workers."""
    with Desk(workers=2, settings={**FREELY, "TICKETS__NUMBER_FORMAT": "R-000000"}) as desk:
        yield desk


@pytest.fixture(scope="module")
def talk(numbered: Desk) -> Talk:
    """Ann's ticket, the first of this desk."""
    return begin(numbered, ANN)


@pytest.mark.feature("F64")
def test_letters_say_it(talk: Talk) -> None:
    """R-000001 stands in the subject, the text and the header fields of the letters to both sides."""
    assert talk.number == "R-000001"
    for letter in (talk.receipt, talk.told):
        assert "[R-000001]" in str(letter["Subject"])
        assert "R-000001" in text_of(letter)
        assert str(letter["Message-ID"]).startswith("<r-000001.o")


@pytest.mark.feature("F64")
@pytest.mark.parametrize("subject", ["Re: [R-000001] Sample", "AW: r-000001", "=?utf-8?q?=5BR=2D000001=5D?="])
def test_a_subject_finds_it(numbered: Desk, talk: Talk, subject: str) -> None:
    """By the number alone, without the token or the Message-IDs of a reply."""
    raw = (
        mail(ANN, "x", f"By {subject}.\n").as_bytes(policy=SMTP).replace(b"Subject: x", b"Subject: " + subject.encode())
    )
    done = became(numbered, hand_over(numbered, raw, ANN, DESK))
    assert (done.kind, number_of(numbered, done)) == ("noted", talk.number)


@pytest.mark.feature("F64")
def test_a_stranger_who_guesses(numbered: Desk, talk: Talk) -> None:
    """A right number that counts up gives no more than a wrong one: a ticket of one's own, and nothing is told."""
    before, written = state(numbered, talk.number), len(letters(numbered, ANN))
    told = []
    for place, number in enumerate((talk.number, "R-900001")):
        eve = f"eve{place}@attacker.test"
        done = give(numbered, mail(eve, f"Re: [{number}] help", "Tell me more.\n"), eve)
        assert (done.kind, number_of(numbered, done) == talk.number) == ("opened", False)
        words = learnt(numbered, eve)
        assert [one for one in (f"{talk.number}]", ANN, SECRET, "Sample matter") if one in words] == []
        told.append(re.sub(r"\d+", "", text_of(letters(numbered, eve)[0]).replace(eve, "")))
    assert told[0] == told[1]
    assert (state(numbered, talk.number), len(letters(numbered, ANN))) == (before, written)


@pytest.mark.feature("F64")
def test_pages(numbered: Desk, talk: Talk) -> None:
    """The address, the search, and the status by mail; a stranger sees the page of a ticket that is not there."""
    ann = enter(numbered, ANN)
    assert "Sample matter of" in ann.get(f"/t/{talk.number.lower()}").text
    assert ann.get(f"/tickets?number={talk.number.lower()}").headers["location"] == f"/t/{talk.number}"
    assert talk.number in ann.get(f"/tickets?q={talk.number}").text
    begin(numbered, EVE)
    eve = enter(numbered, EVE)
    there, nowhere = (eve.get(f"/t/{number}") for number in (talk.number, "R-900001"))
    assert there.status_code == nowhere.status_code == 404
    assert there.text.replace(talk.number, "N") == nowhere.text.replace("R-900001", "N")
    asked = visitor(numbered).post("/", number="R-1", address=ANN)
    assert "like R-000967" in asked.text
    asked = visitor(numbered).post("/", number=f"[{talk.number}]", address=ANN)
    assert asked.headers["location"] == "/?done=status-asked"
    wait_for(lambda: any(text_of(one).startswith(f"{talk.number} · ") for one in letters(numbered, ANN)), "the status")


@pytest.mark.feature("F64")
def test_programs_and_the_command_line(numbered: Desk, talk: Talk) -> None:
    """The API reads, finds and writes by it; commands show it, put mail on it, and see that all of them are counted."""
    enter(numbered, STAFF)
    with numbered.database.transaction() as session:
        account = session.scalars(select(Account.id).where(Account.staff_id.is_not(None))).first()
        assert account
        now, next_id = datetime.now(UTC), numbered.database.ids.next
        token = tokens.make(session, account, "sample", 30, may_write=True, now=now, next_id=next_id)
    http, signed = visitor(numbered).http, {"Authorization": f"Bearer {token}"}
    path = f"/api/v1/tickets/{talk.number}"
    assert http.get(path, headers=signed).json()["number"] == talk.number
    found = http.get("/api/v1/tickets", headers=signed, params={"q": talk.number}).json()
    assert [one["number"] for one in found["items"]] == [talk.number]
    assert http.post(f"{path}/notes", headers=signed, json={"text": "By a program."}).status_code == 201
    assert "By a program." in numbered.run("ticket", "show", talk.number)
    assert "ok    numbers" in numbered.run("verify")
    assert "There is no ticket R-900001" in numbered.run("mail", "attach", "1", "R-900001", code=66)


@pytest.mark.feature("F64")
def test_by_mail(numbered: Desk, talk: Talk) -> None:
    """#list and #find bring it, a reply by token goes on, #child makes a task whose number finds it."""
    for subject in (f"#find {talk.number}", "#list my"):
        seen = len(letters(numbered, ANN))
        give(numbered, answer(ANN, talk.receipt, f"{subject}\n"))
        settle(numbered)
        (told,) = letters(numbered, ANN)[seen:]
        assert re.search(rf"{talk.number} [\w ]+ Sample matter", text_of(told))
    assert give(numbered, answer(STAFF, talk.told, "#child Order it\n")).kind in ("answered", "noted")
    child = f"{talk.number}.001"
    before = entries(numbered, child)
    done = give(numbered, mail(ANN, f"Re: [{child}]", "Is it there?\n"))
    assert (number_of(numbered, done), len(entries(numbered, child))) == (child, len(before) + 1)


@pytest.mark.feature("F64")
def test_the_form_is_changed(numbered: Desk, talk: Talk) -> None:
    """New tickets have the new form; those of old are found by the number that they have, and a way back counts on."""
    numbered.stop()
    asked = {"TYYYYMMDD.0000": r"T\d{8}\.0001", "HELP-00000": r"HELP-00001", "R-00000000": r"R-000000\d\d"}
    for place, (form, looks) in enumerate(asked.items()):
        numbered.environment["POSTDESK_TICKETS__NUMBER_FORMAT"] = form
        numbered.start()
        fresh = give(numbered, mail(f"new{place}@customer.test", f"Another matter {place}"))
        assert re.fullmatch(looks, number_of(numbered, fresh))
        for number in (talk.number, number_of(numbered, fresh)):
            owner = ANN if number == talk.number else f"new{place}@customer.test"
            done = give(numbered, mail(owner, f"Re: {number}", f"Under {form}, about {number}.\n"))
            assert (done.kind, number_of(numbered, done)) == ("noted", number)
        numbered.stop()
    assert "ok    numbers" in numbered.run("verify")


@pytest.mark.feature("F64")
def test_a_form_that_is_none(numbered: Desk) -> None:
    """`postdesk check` says which setting it is, and why."""
    numbered.environment["POSTDESK_TICKETS__NUMBER_FORMAT"] = "PO-000000"
    said = " ".join(numbered.run("check", code=78).split())
    assert "POSTDESK_TICKETS__NUMBER_FORMAT: the letters PO stand" in said
