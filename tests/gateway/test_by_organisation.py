"""What an organisation wants of the desk: shared or not, sites, copies, approvals; and queues with an address."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from store.tables import Contact, Organisation, Reading, Site, Team, Ticket
from tests.gateway import desk_world as sample
from tests.gateway import rendering
from tests.gateway.commands.by_mail import BLACKFRIARS, TELEHOUSE, give_sites, opened, reply
from tests.gateway.desk_world import ANN, DESK, EVE, KIM, NOW, NUMBER, PAT, SAM, SUE, People, World


def works(world: World, **values: Any) -> None:
    """Change what Sample Works wants."""
    with world.database.transaction() as session:
        row = session.scalars(select(Organisation).where(Organisation.name == "Sample Works")).one()
        for name, value in values.items():
            setattr(row, name, value)


@pytest.mark.feature("F198", "mail")
@pytest.mark.parametrize("shares", [True, False])
def test_shared_by_default(world: World, people: People, shares: bool) -> None:
    """As the organisation says; Kim, a colleague, finds the ticket or does not."""
    works(world, shares=shares)
    ticket = opened(world, "We need ten.")
    assert ticket.shared is shares
    world.take(sample.mail(KIM, "#list all", "", verdict="pass"))
    assert (ticket.number in rendering.text(rendering.letters(world, "answer", KIM)[-1])) is shares


def test_not_shared_when_staff_open_it(world: World, people: People) -> None:
    """Nor is a ticket that somebody opens for a person of that organisation."""
    works(world, shares=False)
    done = world.take(sample.mail(SAM, "Phones", f"Contact: {ANN}\n\nShe called.", verdict="pass"))
    assert not world.ticket(done.ticket_id).shared


@pytest.mark.feature("F75", "mail")
def test_the_only_site(world: World, people: People) -> None:
    """Nobody is asked, and the receipt says which one it is."""
    sites = give_sites(world, BLACKFRIARS)
    assert opened(world, "We need ten.").site_id == sites["Works - London"]
    text = rendering.text(rendering.letters(world, "received", ANN)[-1])
    assert "Site: Works - London" in text


@pytest.mark.feature("F75", "mail")
def test_the_site_of_the_contact(world: World, people: People) -> None:
    """Of several it is the contact's own; a line in the mail says another one; for a colleague it is theirs."""
    sites = give_sites(world, BLACKFRIARS, TELEHOUSE)
    assert opened(world, "We need ten.").site_id is None
    with world.database.transaction() as session:
        session.get_one(Contact, people.contacts[ANN]).site_id = sites["Works - London"]
        session.get_one(Contact, people.contacts[KIM]).site_id = sites["Works - North"]
    assert opened(world, "We need eleven.").site_id == sites["Works - London"]
    assert opened(world, "Site: E14 2AA\n\nWe need twelve.").site_id == sites["Works - North"]
    assert opened(world, f"Contact: {KIM}\n\nKim needs one.", verdict="pass").site_id == sites["Works - North"]
    named = opened(world, f"Site: SE1 8EZ\nContact: {KIM}\n\nKim needs two.", verdict="pass")
    assert named.site_id == sites["Works - London"]
    done = world.take(sample.mail(SAM, "Phones", f"Contact: {KIM}\n\nShe called.", verdict="pass"))
    assert world.ticket(done.ticket_id).site_id == sites["Works - North"]


@pytest.mark.feature("F67", "mail")
def test_by_account_and_without_accents(world: World, people: People) -> None:
    """Every part of the label names the site."""
    sites = give_sites(world, BLACKFRIARS, ("Zürich Süd", "", "", ""))
    with world.database.transaction() as session:
        session.get_one(Site, sites["Works - London"]).account = "M_SAMPLE"
    assert opened(world, "Site: m_sample\n\nHelp.").site_id == sites["Works - London"]
    assert opened(world, "Site: zurich sud\n\nHelp.").site_id == sites["Zürich Süd"]


@pytest.mark.feature("F67", "mail")
def test_sites_are_listed_by_label(world: World, people: People) -> None:
    """#sites gives what a `Site:` line takes."""
    give_sites(world, BLACKFRIARS)
    world.take(sample.mail(ANN, "#sites", "", verdict="pass"))
    text = " ".join(rendering.text(rendering.letters(world, "answer", ANN)[-1]).split())
    assert " - ".join(BLACKFRIARS) in text


@pytest.mark.feature("F134", "mail")
@pytest.mark.parametrize("copies, usual, goes", [("", True, True), ("", False, False), ("no", True, False),
                                                 ("yes", False, True)])  # fmt: skip
def test_copies(world: World, people: People, copies: str, usual: bool, goes: bool) -> None:
    """Notes to outsiders, as the organisation says, else as the settings do (features.md A34)."""
    works(world, copies=copies)
    world.rules = replace(world.rules, copies=usual)
    world.intake = world.new_intake()
    world.take(reply(people, f"#copy {EVE}\n\nFor you too.", verdict="pass"))
    assert bool(world.letters("copy", EVE)) is goes


@pytest.mark.feature("F55", "mail")
@pytest.mark.parametrize("mode, after_one", [("", "Requested"), ("all", "Requested"), ("any", "Approved")])
def test_approvals(world: World, people: People, mode: str, after_one: str) -> None:
    """One answer or all, as the organisation says; here the settings want all."""
    works(world, approvals=mode)
    world.rules = replace(world.rules, approvals="all")
    world.intake = world.new_intake()
    to = sample.ADDRESSES.reply_to(DESK, people.token(SAM))
    world.take(sample.mail(SAM, f"Re: [{NUMBER}]", f"#ask approval {KIM}, {PAT}", to=to, verdict="pass"))
    assert world.ticket(people.ticket).approval == "Requested"
    world.take(reply(people, "approve", KIM, verdict="pass"))
    assert world.ticket(people.ticket).approval == after_one


@pytest.fixture
def queue(world: World, people: People) -> str:
    """The address of the Service Desk's queue."""
    with world.database.transaction() as session:
        session.scalars(select(Team).where(Team.name == "Service Desk")).one().queue_address = "queue@team.test"
    return "queue@team.test"


@pytest.mark.feature("F133", "mail")
@pytest.mark.feature("F211")
def test_a_queue_gets_what_nobody_took(world: World, people: People, queue: str) -> None:
    """New tickets and notes go to the team's address alone; once somebody took the ticket, to them (A30)."""
    opened(world, "We need ten.")
    world.take(reply(people, "It is worse now."))
    assert [row.recipient for row in world.letters("new_ticket")] == [queue]
    assert [row.recipient for row in world.letters("customer_wrote")] == [queue]
    with world.database.transaction() as session:
        session.get_one(Ticket, people.ticket).assignee_id = people.staff[SUE]
    world.take(reply(people, "And now it is dead."))
    assert [row.recipient for row in world.letters("customer_wrote")] == [queue, SUE]


def test_a_reply_to_the_letter_of_a_queue(world: World, people: People, queue: str) -> None:
    """Many read it, and none of them has its token: the words stay inside, and the letter says so."""
    world.take(reply(people, "It is worse now."))
    (letter,) = rendering.letters(world, "customer_wrote", queue)
    assert "#reply sends your words to the customer." in rendering.text(letter)
    assert letter["X-Ticket-Reason"] == "queue"
    done = world.take(
        sample.mail(SAM, str(letter["Subject"]), "I look at it.", to=str(letter["Reply-To"]), verdict="pass")
    )
    assert (done.ticket_id, world.events(people.ticket)[-1].visibility) == (people.ticket, "internal")


@pytest.mark.feature("F123", "mail")
@pytest.mark.parametrize("body", ["I look at it.", "#note\nStrange.", "#take", "#status waiting vendor"])
def test_read_by(world: World, people: People, body: str) -> None:
    """An answer, a note or a command of staff says that they read the ticket; #status shows it."""
    to = sample.ADDRESSES.reply_to(DESK, people.token(SAM))
    world.take(sample.mail(SAM, f"Re: [{NUMBER}]", body, to=to, verdict="pass"))
    assert world.all(select(Reading.staff_id).where(Reading.ticket_id == people.ticket)) == [people.staff[SAM]]
    world.clock.forward(minutes=5)
    world.take(sample.mail(SAM, f"Re: [{NUMBER}]", body, to=to, verdict="pass"))
    assert world.all(select(Reading.at)) == [world.clock()]
    world.take(sample.mail(ANN, f"#status {NUMBER}", "", verdict="pass"))
    text = rendering.text(rendering.letters(world, "answer", ANN)[-1])
    assert "Read by: Sam, 23 Nov 2026, 12:05 GMT" in text


def test_what_proves_nothing_is_no_reading(world: World, people: People) -> None:
    """A mail in Sam's name that nothing proves says nothing of Sam; customers are not watched at all."""
    world.take(sample.mail(SAM, f"Re: [{NUMBER}]", "I look at it."))
    world.take(reply(people, "It is worse now."))
    assert world.count(Reading) == 0


@pytest.mark.feature("F199", "mail")
def test_shared_once(world: World, people: People) -> None:
    """Who is added hears of it once (E18), however often they are named."""
    for _ in range(2):
        world.take(reply(people, "Kim should know.", cc=KIM, verdict="pass"))
    to = sample.ADDRESSES.reply_to(DESK, people.token(SAM))
    world.take(sample.mail(SAM, f"Re: [{NUMBER}]", f"#cc +{KIM}", to=to, verdict="pass"))
    assert len(world.letters("shared", KIM)) <= 1
    assert KIM in world.people(people.ticket)


@pytest.mark.feature("F158", "mail")
@pytest.mark.feature("F159", "mail")
@pytest.mark.parametrize("who, mine", [(ANN, True), (PAT, True), (KIM, False)])
def test_my_tickets(world: World, people: People, who: str, mine: bool) -> None:
    """Contact, submitter or additional contact (features.md A1); a colleague sees it, and it is not theirs."""
    world.take(sample.mail(who, "#list my", "", verdict="pass"))
    assert (NUMBER in rendering.text(rendering.letters(world, "answer", who)[-1])) is mine
    assert world.clock() == NOW
