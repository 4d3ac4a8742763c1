"""The catalogue by mail: types and their questions, services and items by any part, routing, and what is promised."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from store.database import Database
from store.tables import Organisation, Outbox, Team, Ticket
from tests.gateway import desk_world as sample
from tests.gateway.commands.by_mail import BLACKFRIARS, TELEHOUSE, confirm, give_sites, opened, reply
from tests.gateway.commands.catalogue_world import catalogued
from tests.gateway.desk_world import ANN, DESK, NUMBER, PAT, SAM, SUE, People, World


@pytest.fixture
def world(database: Database, tmp_path: Path) -> Iterator[World]:
    """A desk with a catalogue."""
    with catalogued(database, tmp_path) as made:
        yield made


def last_words(world: World, who: str, kind: str) -> list[str]:
    """The sentences of the newest letter of a kind."""
    found = world.letters(kind, who)[-1].context["lines"]
    return [str(line["with"] if isinstance(line, dict) and "with" in line else line) for line in found]


@pytest.mark.feature("F70", "mail")
@pytest.mark.parametrize(
    "to, body, kind",
    [
        (DESK, "It is broken.", "Query"),
        ("service+incident@desk.test", "It is broken.", "Incident"),
        ("service+change@desk.test", "It is broken.", "Change Request"),
        ("service+access@desk.test", "It is broken.", "Access"),
        ("service+nothing@desk.test", "It is broken.", "Query"),
        (DESK, "Type: access\n\nIt is broken.", "Access"),
        (DESK, "Type: change request\n\nIt is broken.", "Change Request"),
        (DESK, "Type: wrong\n\nIt is broken.", "Query"),
    ],
)
def test_types(world: World, people: People, to: str, body: str, kind: str) -> None:
    """By the address or by a line, by name or alias; a plain mail is what the desk address says."""
    assert opened(world, body, to=to).type == kind


@pytest.mark.feature("F79", "mail")
@pytest.mark.feature("F80", "mail")
@pytest.mark.feature("F82", "mail")
@pytest.mark.parametrize(
    "said", ["distribution", "Mail / Distribution list", "mail/distribution list", "DISTRIBUTION LIST"]
)
def test_a_service_by_any_part(world: World, people: People, said: str) -> None:
    """Any part that is no other's names it; the ticket keeps its whole name, and is of the type that it implies."""
    ticket = opened(world, f"Service: {said}\n\nA list for us.")
    assert (ticket.service, ticket.type) == ("Mail / Distribution list", "Change Request")
    assert opened(world, f"Type: incident\nService: {said}\n\nIt is broken.").type == "Incident"


@pytest.mark.parametrize(
    "said, named", [("mail", ["Mail / Distribution list", "Mail / Mailbox"]), ("piano", ["Mail / Mailbox", "Wi-Fi"])]
)
def test_no_such_service(world: World, people: People, said: str, named: list[str]) -> None:
    """One that fits several, or none, is asked for with what there is: nobody else's services are told of."""
    ticket = opened(world, f"Service: {said}\n\nHelp.")
    assert ticket.service == ""
    (letter,) = world.letters("received", ANN)
    text = str(letter.context["notes"])
    assert all(name in text for name in named)
    assert "Secret" not in text


@pytest.mark.feature("F74")
@pytest.mark.feature("F91", "mail")
@pytest.mark.parametrize("said", ["SIP trunk 4", "s-77", "ref-9", "trunk"])
def test_an_item_leads_to_its_team(world: World, people: People, said: str) -> None:
    """By name, serial, reference number or a part: an incident goes straight to the team, a query is triaged."""
    network = world.all(select(Team.id).where(Team.name == "Network"))[0]
    incident = opened(world, f"Type: incident\nItem: {said}\n\nDead.")
    assert (incident.item, incident.team_id) == ("SIP trunk 4", network)
    assert [letter.recipient for letter in world.letters("new_ticket")] == [SUE]
    query = opened(world, f"Item: {said}\n\nWhat is it for?")
    assert (query.item, query.team_id != network) == ("SIP trunk 4", True)
    assert [letter.recipient for letter in world.letters("new_ticket")] == [SUE, SAM]


@pytest.mark.feature("F71", "mail")
@pytest.mark.feature("F96", "mail")
@pytest.mark.parametrize("said", ["not sure, the box in the lift lobby", "Vault door", "V-1", "Lift phone"])
def test_an_item_that_is_not_theirs(world: World, people: People, said: str) -> None:
    """Words that name no item of the organisation are kept as they are, and lead nowhere, whosever item they name."""
    usual = world.all(select(Team.id).where(Team.name == "Service Desk"))[0]
    ticket = opened(world, f"Type: incident\nItem: {said}\n\nDead.")
    assert (ticket.item, ticket.team_id) == (said, usual)
    stranger = opened(world, "Type: incident\nItem: trunk\n\nDead.", PAT)
    assert (stranger.item, stranger.team_id) == ("trunk", usual)


def test_an_item_of_an_organisation_below(world: World, people: People) -> None:
    """Whoever sees the organisations below their own may name the items of those; to others they are just words."""
    with world.database.transaction() as session:
        works = session.scalars(select(Organisation)).one()
        north = Organisation(
            id=world.database.ids.next(), name="Works North", parent_id=works.id, created_at=sample.NOW
        )
        session.add(north)
    assert opened(world, "Item: lift\n\nDead.").item == "lift"
    with world.database.transaction() as session:
        session.get_one(Organisation, works.id).visibility = "sub-organisations"
    assert opened(world, "Item: lift\n\nDead again.").item == "Lift phone"


def test_an_item_by_its_site(world: World, people: People) -> None:
    """What fits several is asked for by name and site; at the site of the ticket it is the one that stands there."""
    sites = give_sites(world, BLACKFRIARS, TELEHOUSE)
    ticket = opened(world, "Item: edge\n\nDead.")
    assert ticket.item == ""
    asked = str(world.letters("received", ANN)[0].context["notes"])
    assert "Edge router (W_LON/0009)" in asked
    assert "Edge switch" in asked
    with world.database.transaction() as session:
        session.get_one(Ticket, people.ticket).site_id = sites[TELEHOUSE[0]]
    world.take(reply(people, "Item: edge"))
    assert world.ticket(people.ticket).item == "Edge router"


@pytest.mark.feature("F78", "mail")
def test_questions_are_answered(world: World, people: People) -> None:
    """A line that begins with the question answers it, in a new mail and in a reply; a choice is one of its choices."""
    ticket = opened(world, "Type: access\nWhich floor are you on?: third\n\nLet me in.")
    assert ticket.answers == {"Which floor are you on": "third"}
    assert world.events(ticket.id)[0].text == "Let me in."
    world.take(reply(people, "Which floor are you on: 2nd\nColour: white"))
    assert world.ticket(people.ticket).answers == {"Which floor are you on": "2nd", "Colour": "White"}
    assert "2nd" in str(last_words(world, ANN, "done"))
    kept = str(world.all(select(Outbox.context).where(Outbox.kind == "done").order_by(Outbox.id))[-1])
    assert "{'say': 'Which floor are you on'}" in kept  # in the language of the reader, where it has one
    assert world.events(people.ticket)[-1].changes["Colour"] == ["", "White"]
    world.take(reply(people, "Colour: pink\n\nThat one."))
    assert world.ticket(people.ticket).answers["Colour"] == "White"
    assert "Black, White" in str(last_words(world, ANN, "not_done")) or "Black" in str(
        last_words(world, ANN, "not_done")
    )


@pytest.mark.feature("F94", "mail")
@pytest.mark.feature("F95", "mail")
def test_what_was_tried(world: World, people: People) -> None:
    """The lines of the receipt of an incident: in the reply itself, or filled in where it quotes the receipt."""
    with world.database.transaction() as session:
        session.get_one(Ticket, people.ticket).type = "Incident"
    form = "> To fill in, reply with any of these lines\n>\n> Tried so far: restarted it\n> Our ref:"
    body = f"Error messages: NO SIP\n\nOn Monday Sam wrote:\n{form}"
    world.take(reply(people, body, in_reply_to="<x@sample.test>"))
    assert world.ticket(people.ticket).answers == {"Error messages": "NO SIP", "Tried so far": "restarted it"}
    world.take(reply(people, f"Thanks for that.\n\nOn Monday Sam wrote:\n{form.replace('it', 'them')}"))
    assert world.ticket(people.ticket).answers["Tried so far"] == "restarted it"  # filled in already: only quoted


def test_lines_filled_in_below_a_german_receipt(world: World, people: People) -> None:
    """The heading above them is known in the language of the letter that is quoted, also where its line was broken."""
    heading = "> — Zum Ausfüllen: Antworten Sie mit einer oder mehreren dieser\n> Zeilen —"
    body = f"Hier ist es.\n\nAm Montag schrieb Sam:\n{heading}\n> Dringlichkeit: hoch\n> Unser Zeichen: A-7"
    world.take(reply(people, body, in_reply_to="<x@sample.test>"))
    assert world.ticket(people.ticket).customer_reference == "A-7"


@pytest.mark.parametrize("body, status", [("Our ref: A-7", "Update Added"), ("#watch", "Waiting Customer")])
def test_filling_in_is_an_answer(world: World, people: People, body: str, status: str) -> None:
    """Lines alone end the waiting, and staff hear of it; a command that has nothing to do with it does not."""
    with world.database.transaction() as session:
        ticket = session.get_one(Ticket, people.ticket)
        ticket.status, ticket.waiting_since = "Waiting Customer", sample.NOW
    before = len(world.letters("customer_wrote"))
    world.take(reply(people, body))
    after = world.ticket(people.ticket)
    assert (after.status, after.waiting_since is None) == (status, status == "Update Added")
    assert (len(world.letters("customer_wrote")) > before) == (status == "Update Added")


@pytest.mark.feature("F75", "mail")
def test_any_order(world: World, people: People) -> None:
    """Type, service, item and urgency stand in one mail, in whatever order."""
    lines = ["Type: incident", "Item: trunk", "Service: wi-fi", "Urgency: high", "Our ref: A-1"]
    for said in (lines, lines[::-1]):
        ticket = opened(world, "\n".join(said) + "\n\nDead.")
        assert (ticket.type, ticket.item, ticket.service) == ("Incident", "SIP trunk 4", "Wi-Fi")
        assert (ticket.urgency, ticket.priority, ticket.customer_reference) == ("High", "Medium", "A-1")


def test_an_unproven_answer_waits(world: World, people: People) -> None:
    """By the ticket number alone nothing is set before a “confirm”, questions like other fields."""
    world.take(sample.mail(ANN, f"[{NUMBER}] Phones", "Colour: white"))
    assert world.ticket(people.ticket).answers == {}
    confirm(world, ANN)
    assert world.ticket(people.ticket).answers == {"Colour": "White"}


def test_routing_later(world: World, people: People) -> None:
    """A reply that names another item, or staff who do, bring an untaken ticket to its team, which hears of it once."""
    with world.database.transaction() as session:
        session.get_one(Ticket, people.ticket).type = "Incident"
    network = world.all(select(Team.id).where(Team.name == "Network"))[0]
    world.take(reply(people, "Item: trunk\n\nIt is this one."))
    assert world.ticket(people.ticket).team_id == network
    assert [letter.recipient for letter in world.letters("new_ticket")] == [SUE]
    assert world.letters("customer_wrote") == []
    world.take(reply(people, "Item: SIP trunk 4\n\nI said so."))
    assert len(world.letters("new_ticket")) == 1


@pytest.mark.parametrize("command", ["#take", "#assign sam", "#assign Service Desk"])
def test_routing_leaves_what_people_decided(world: World, people: People, command: str) -> None:
    """Taken by somebody, or given to a team in the same mail: no item moves it."""
    usual = world.all(select(Team.id).where(Team.name == "Service Desk"))[0]
    world.take(reply(people, f"#type incident\n{command}\n#item trunk", SAM))
    assert world.ticket(people.ticket).item == "SIP trunk 4"
    assert world.ticket(people.ticket).team_id == usual
    assert world.letters("new_ticket") == []


def test_a_type_has_a_team(world: World, people: People) -> None:
    """A type with a team is opened there, by its address alone."""
    network = world.all(select(Team.id).where(Team.name == "Network"))[0]
    assert opened(world, "Let me in.", to="service+access@desk.test").team_id == network
    assert opened(world, "Service: wifi\nType: incident\n\nNo net.").team_id == network
