"""Whom a ticket is for: a colleague, a customer who called, somebody new; and who takes part as well."""

import pytest
from sqlalchemy import select, update

from store.tables import Contact, ContactAddress, Ticket
from tests.gateway import desk_world as sample
from tests.gateway import rendering
from tests.gateway.commands.by_mail import BLACKFRIARS, confirm, give_sites, opened, reply
from tests.gateway.desk_world import ANN, DESK, EVE, KIM, PAT, SAM, SUE, People, World

NEW = "new@customer.test"


@pytest.mark.feature("F85", "mail")
def test_a_ticket_for_a_colleague(world: World, people: People) -> None:
    """The colleague gets the receipt, which names who wrote; the writer takes part, and hears what was made of it."""
    ticket = opened(world, f"Contact: {KIM}\n\nKim’s phone is dead.", verdict="pass")
    (entry,) = world.events(ticket.id)
    assert (ticket.requester_id, world.people(ticket.id)) == (people.contacts[KIM], {ANN})
    assert (entry.contact_id, entry.text, entry.changes) == (
        people.contacts[ANN],
        "Kim’s phone is dead.",
        {"contact": ["Ann", "Kim"]},
    )
    (receipt,) = world.letters("received")
    assert (receipt.recipient, receipt.context["opened_by"]) == (KIM, "Ann")
    (done,) = world.letters("done")
    assert (done.recipient, done.context["lines"]) == (ANN, ["Kim is the contact of the ticket."])


def test_hints_go_to_the_writer(world: World, people: People) -> None:
    """What was not understood is told to who wrote it, and to nobody else."""
    opened(world, f"Contact: {KIM}\nUrgency: pink\n\nHello.", verdict="pass")
    assert world.letters("received", KIM)[0].context["notes"] == []
    assert "Urgency “pink”" in " ".join(world.letters("not_done", ANN)[0].context["lines"])


def test_a_colleague_named_without_proof(world: World, people: People) -> None:
    """The ticket stays the writer's until they confirm it."""
    ticket = opened(world, f"Contact: {KIM}\nUrgency: high\n\nHello.")
    assert (ticket.requester_id, ticket.urgency) == (people.contacts[ANN], "High")
    assert [letter.recipient for letter in world.letters("received")] == [ANN]
    confirm(world, ANN)
    assert world.ticket(ticket.id).requester_id == people.contacts[KIM]
    assert world.people(ticket.id) == {ANN}
    assert world.letters("received", KIM)[0].context["opened_by"] == "Ann"


def test_confirmed_too_late(world: World, people: People) -> None:
    """Staff made somebody else the contact meanwhile: that stays."""
    ticket = opened(world, f"Contact: {KIM}\n\nHello.")
    world.take(sample.mail(SAM, f"Re: [{ticket.number}]", f"#contact {PAT}", verdict="pass"))
    confirm(world, ANN)
    assert world.ticket(ticket.id).requester_id == people.contacts[PAT]


def make_admin(world: World, people: People) -> None:
    """Ann manages the people of her organisation."""
    with world.database.transaction() as session:
        session.execute(update(Contact).where(Contact.id == people.contacts[ANN]).values(level="Admin User"))


@pytest.mark.feature("F86", "mail")
def test_an_admin_adds_the_person(world: World, people: People) -> None:
    """Whatever proves who wrote: the person is made once that is confirmed, in the Admin's own organisation."""
    make_admin(world, people)
    ticket = opened(world, f"Contact: New Name <{NEW}>\nUrgency: high\n\nHello.", verdict="pass")
    assert (ticket.requester_id, ticket.urgency) == (people.contacts[ANN], "High")
    assert world.all(select(ContactAddress).filter_by(address=NEW)) == []
    confirm(world, ANN)
    (made,) = world.all(select(Contact).join(ContactAddress).where(ContactAddress.address == NEW))
    assert (made.name, made.known, made.organisation_id) == ("New Name", True, ticket.organisation_id)
    assert (world.ticket(ticket.id).requester_id, world.people(ticket.id)) == (made.id, {ANN})
    assert world.letters("received", NEW)[0].context["opened_by"] == "Ann"


@pytest.mark.parametrize("address", [PAT, EVE])
def test_people_of_others_stay_theirs(world: World, people: People, address: str) -> None:
    """An Admin cannot take a person of another organisation, known or not; who has no organisation adds nobody."""
    make_admin(world, people)
    with world.database.transaction() as session:
        if address == EVE:
            session.execute(update(Contact).where(Contact.id == people.contacts[ANN]).values(organisation_id=None))
    ticket = opened(world, f"Contact: {address}\n\nHello.", verdict="pass")
    assert ticket.requester_id == people.contacts[ANN]
    assert world.letters("confirm") == []
    assert world.letters("received")[0].context["notes"] == [f"Contact “{address}”: this person is not known here."]


def test_not_more_than_a_person_could(world: World, people: People) -> None:
    """In a colleague's name nobody opens more tickets than the colleague may."""
    limit = world.rules.caps.new_tickets_per_sender
    for number in range(limit):
        world.send(sample.mail(ANN, f"Phone {number}", f"Contact: {KIM}\n\nHello.", verdict="pass"))
    world.handle()
    last = opened(world, f"Contact: {KIM}\n\nHello.", verdict="pass")
    tickets = world.all(select(Ticket.requester_id).where(Ticket.id != people.ticket))
    assert tickets.count(people.contacts[KIM]) == limit
    assert last.requester_id == people.contacts[ANN]


def test_a_colleague_joins(world: World, people: People) -> None:
    """In a reply the person takes part from now on, and gets these words; the ticket is still Ann's."""
    world.take(reply(people, f"Kim knows more.\nContact: {KIM}"))
    assert world.people(people.ticket) >= {KIM}
    assert world.ticket(people.ticket).requester_id == people.contacts[ANN]
    assert {letter.recipient for letter in world.letters("update")} == {KIM, PAT}
    assert world.letters("shared") == []
    assert world.letters("done", ANN)[0].context["lines"] == ["Kim takes part in the ticket now."]


def test_a_colleague_joins_without_words(world: World, people: People) -> None:
    """Nothing else is told to anybody: the person hears why the ticket is theirs to read."""
    world.take(reply(people, f"Contact: {KIM}"))
    (letter,) = world.letters("shared")
    assert (letter.recipient, letter.context) == (KIM, {"by": "Ann", "how": "added"})


def test_a_stranger_does_not_join(world: World, people: People) -> None:
    """Somebody of another organisation is added by Cc, where the writer sees whom they write to."""
    world.take(reply(people, f"Contact: {EVE}"))
    assert EVE not in world.people(people.ticket)
    assert world.events(people.ticket)[0].text == f"Contact: {EVE}"


@pytest.mark.feature("F85", "mail")
def test_staff_open_a_ticket_for_a_customer(world: World, people: People) -> None:
    """After a call: the customer is told who wrote it down, staff the number; nobody at the desk takes part."""
    sites = give_sites(world, BLACKFRIARS)
    ticket = opened(
        world,
        f"#phone\nSite: blackfriars\nContact: {ANN}\nUrgency: high\n\nHer phone is dead.",
        SAM,
        "Phone of Ann",
        verdict="pass",
    )
    (entry,) = world.events(ticket.id)
    assert (ticket.requester_id, ticket.source, ticket.urgency) == (people.contacts[ANN], "Phone", "High")
    assert (ticket.organisation_id is not None, ticket.site_id) == (True, sites["Works - London"])
    assert world.people(ticket.id) == set()
    assert (entry.staff_id, entry.contact_id, entry.text) == (people.staff[SAM], None, "Her phone is dead.")
    (receipt,) = world.letters("received")
    assert (receipt.recipient, receipt.context["opened_by"]) == (ANN, "Sam")
    assert "Sam opened this ticket for you after your call." in rendering.words(rendering.letters(world, "received")[0])
    (done,) = world.letters("done")
    assert (done.recipient, done.ticket_id, done.context["lines"]) == (
        SAM,
        ticket.id,
        [f"Ann <{ANN}> is the contact of the ticket."],
    )


def test_staff_open_a_ticket_for_somebody_new(world: World, people: People) -> None:
    """The contact is made, and known: staff named them."""
    ticket = opened(world, f"Contact: Eve Ode <{EVE}>\n\nShe called.", SAM, "Call", verdict="pass")
    (made,) = world.all(select(Contact).where(Contact.id == ticket.requester_id))
    assert (made.name, made.known, made.organisation_id, ticket.source) == ("Eve Ode", True, None, "E-mail")
    assert [letter.recipient for letter in world.letters("received")] == [EVE]


def test_staff_open_many_tickets_for_customers(world: World, people: People) -> None:
    """They count for the customers, so that a busy colleague is not taken for a flood."""
    for number in range(world.rules.caps.new_tickets_per_sender + 1):
        address = f"caller{number}@elsewhere.test"
        world.send(sample.mail(SAM, f"Call {number}", f"Contact: {address}\n\nHello.", verdict="pass"))
    world.handle()
    assert opened(world, "Hello.", SAM, "My own", verdict="pass")


def test_staff_without_proof_open_it_for_themselves(world: World, people: People) -> None:
    """Until it is confirmed, no customer hears of a mail that only claims to be from staff."""
    ticket = opened(world, f"Contact: {ANN}\n\nHer phone is dead.", SAM, "Phone")
    assert world.letters("", ANN) == []
    confirm(world, SAM)
    assert (world.ticket(ticket.id).requester_id, world.people(ticket.id)) == (people.contacts[ANN], set())
    assert world.letters("received", ANN)[0].context["opened_by"] == "Sam"


def test_staff_change_the_contact(world: World, people: People) -> None:
    """#contact: the ticket is Pat's; Ann takes part on, and Pat, who took part, is told that it is theirs now."""
    world.take(reply(people, f"#contact {PAT}", SAM))
    ticket = world.ticket(people.ticket)
    (entry,) = world.events(people.ticket)
    assert (ticket.requester_id, ticket.organisation_id) == (people.contacts[PAT], None)
    assert world.people(people.ticket) >= {ANN}
    assert PAT not in world.people(people.ticket)
    assert entry.changes == {"contact": ["Ann", "Pat"]}
    assert [(letter.kind, letter.recipient) for letter in world.letters()] == [("received", PAT), ("done", SAM)]
    assert world.letters("done")[0].context["lines"] == [f"Pat <{PAT}> is the contact of the ticket."]


def test_staff_change_the_contact_to_somebody_new(world: World, people: People) -> None:
    """Words of the same mail go to everybody, once each."""
    world.take(reply(people, f"Eve takes over.\n\n#contact Eve Ode <{EVE}>", SAM))
    (made,) = world.all(select(Contact).join(ContactAddress).where(ContactAddress.address == EVE))
    assert world.ticket(people.ticket).requester_id == made.id
    assert sorted(letter.recipient for letter in world.letters("update")) == [ANN, EVE, PAT]


def test_the_new_contact_may_write(world: World, people: People) -> None:
    """Rights follow: their token is good, and the old contact's still is."""
    world.take(reply(people, f"#contact {KIM}", SAM))
    for sender in (KIM, ANN):
        assert world.take(reply(people, "Good.", sender)).kind == "noted"
    assert [letter.recipient for letter in world.letters("update", KIM)] == [KIM]


@pytest.mark.parametrize("line", [f"#contact {SUE}", f"#contact {DESK}", "#contact gone@customer.test"])
def test_nobody_to_be_the_contact(world: World, people: People, line: str) -> None:
    """Neither the desk itself nor somebody who is not active."""
    world.take(reply(people, line, SAM))
    assert world.ticket(people.ticket).requester_id == people.contacts[ANN]
    assert len(world.letters("not_done", SAM)) == 1
