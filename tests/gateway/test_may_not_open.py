"""Contacts who open no tickets, by their level or organisation: their mail waits for a person, and they are told."""

from dataclasses import replace

import pytest

from desk.levels import Level, Levels
from store.tables import Contact, Organisation, Ticket
from tests.gateway import desk_world as sample
from tests.gateway import rendering
from tests.gateway.desk_world import ANN, NOW, NUMBER, SAM, SUE, People, World


def by_level(world: World, people: People) -> None:
    """Ann's level opens none."""
    world.rules = replace(world.rules, levels=Levels((Level("Standard User"), Level("Reader", create=False))))
    world.intake = world.new_intake()
    with world.database.transaction() as session:
        session.get_one(Contact, people.contacts[ANN]).level = "Reader"


def by_organisation(world: World, people: People) -> None:
    """Ann's organisation opens none."""
    with world.database.transaction() as session:
        session.query(Organisation).update({"may_create": False})


WAYS = pytest.mark.parametrize("switch_off", [by_level, by_organisation])


@WAYS
@pytest.mark.feature("F25", "mail")
def test_it_waits_for_a_person(world: World, people: People, switch_off: object) -> None:
    """Nothing is lost: the mail is held with its reason, staff are told what to do, and its sender that it waits."""
    switch_off(world, people)  # type: ignore[operator]
    before = world.count(Ticket)
    done = world.take(sample.mail(ANN, "New phones", "We need ten."))
    assert (done.kind, done.rule) == ("held", "may-not-open")
    assert "may not open tickets" in done.reason
    assert world.count(Ticket) == before
    (told,) = rendering.letters(world, "mail_trouble", SAM)
    assert "postdesk mail accept" in rendering.text(told)
    (letter,) = rendering.letters(world, recipient=ANN)
    text = " ".join(rendering.text(letter).split())
    assert "no ticket was opened: that is left to others here. A person looks at it." in text
    assert letter["Subject"] == "Re: New phones"


@WAYS
@pytest.mark.feature("F26", "mail")
def test_notes_and_questions_go_on(world: World, people: People, switch_off: object) -> None:
    """Where they take part they write as before, and ask what they like."""
    switch_off(world, people)  # type: ignore[operator]
    done = world.take(sample.mail(ANN, f"Re: [{NUMBER}]", "It is worse now.", verdict="pass"))
    assert (done.kind, done.ticket_id) == ("noted", people.ticket)
    assert world.take(sample.mail(ANN, "#list open", "", verdict="pass")).kind == "answered"


@WAYS
def test_a_reply_to_a_closed_ticket(world: World, people: People, switch_off: object) -> None:
    """It would open a new one: that waits too."""
    switch_off(world, people)  # type: ignore[operator]
    with world.database.transaction() as session:
        ticket = session.get_one(Ticket, people.ticket)
        ticket.status, ticket.completed_at = "Complete", NOW
    done = world.take(sample.mail(ANN, f"Re: [{NUMBER}]", "We need ten more of them, in blue.", verdict="pass"))
    assert (done.kind, done.rule) == ("held", "may-not-open")


def test_others_open_for_them(world: World, people: People) -> None:
    """Staff, in their name; and a person at the desk who looked at the mail."""
    by_organisation(world, people)
    done = world.take(sample.mail(SAM, "Phones for Ann", f"Contact: {ANN}\n\nShe called.", verdict="pass"))
    assert done.kind == "opened"
    assert world.ticket(done.ticket_id).requester_id == people.contacts[ANN]


def test_strangers_are_as_before(world: World, people: People) -> None:
    """Who belongs to no organisation of these, and colleagues at the desk."""
    by_organisation(world, people)
    assert world.take(sample.mail("new@elsewhere.test")).kind == "opened"
    assert world.take(sample.mail(SUE, "My own keyboard", "It is broken.", verdict="pass")).kind == "opened"


def test_a_machine_is_not_answered(world: World, people: People) -> None:
    """A program that writes in their name gets no letter."""
    by_organisation(world, people)
    raw = sample.mail(ANN, "Disk full", "89 percent", precedence="bulk")
    assert world.take(raw).kind == "held"
    assert world.letters(recipient=ANN) == []


def test_a_mail_without_from(world: World, people: People) -> None:
    """It is kept as the reverse path's, whose rights count."""
    by_organisation(world, people)
    done = world.take(sample.mail("", "New phones", "We need ten."), reverse_path=ANN)
    assert (done.kind, done.rule) == ("held", "may-not-open")


def test_forged_mail_fills_no_mailbox(world: World, people: People) -> None:
    """What nothing proves is answered a few times a day, and not as often as somebody writes in another's name."""
    by_organisation(world, people)
    for n in range(9):
        world.take(sample.mail(ANN, f"New phones {n}", "We need ten."))
    assert len(world.letters("not_done", ANN)) == world.rules.caps.receipts_per_ticket
