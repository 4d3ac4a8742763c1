"""Fill-in lines and `#` lines that say what a ticket is about: what they set, for whom, and what stays text."""

from datetime import date

import pytest
from sqlalchemy import update

from store.tables import Ticket
from tests.gateway import desk_world as sample
from tests.gateway.commands.by_mail import BLACKFRIARS, TELEHOUSE, confirm, give_sites, opened, reply
from tests.gateway.desk_world import ANN, DESK, EVE, KIM, NUMBER, PAT, REM, SAM, People, World


@pytest.mark.feature("F70", "mail")
@pytest.mark.feature("F89", "mail")
@pytest.mark.feature("F90", "mail")
@pytest.mark.feature("F91", "mail")
@pytest.mark.feature("F92", "mail")
@pytest.mark.feature("F93", "mail")
def test_a_new_mail_with_fill_in_lines(world: World, people: People) -> None:
    """All fields are set, by a sender whom nothing proves as well; the lines go, the words stay."""
    ticket = opened(
        world,
        "Type: incident\nService: Telephony\nItem: SIP trunk 4\nUrgency: high\nImpact: company\nOur ref: INC-4471\n"
        "Needed by: 3 May 2027\n\nNo line works.",
    )
    (entry,) = world.events(ticket.id)
    assert (ticket.type, ticket.service, ticket.item) == ("Incident", "Telephony", "SIP trunk 4")
    assert (ticket.urgency, ticket.impact, ticket.priority) == ("High", "Company", "Critical")
    assert (ticket.customer_reference, ticket.reference_key) == ("INC-4471", "inc-4471")
    assert ticket.needed_by == date(2027, 5, 3)
    assert entry.text == "No line works."
    assert entry.changes == {
        "type": ["Query", "Incident"],
        "service": ["", "Telephony"],
        "item": ["", "SIP trunk 4"],
        "urgency": ["Low", "High"],
        "priority": ["Low", "Critical"],
        "impact": ["Only Me", "Company"],
        "your reference": ["", "INC-4471"],
        "needed by": ["", "3 May 2027"],
    }
    (receipt,) = world.letters("received")
    assert receipt.context["said"] == ["Impact", "Item", "Needed by", "Our ref", "Service", "Type", "Urgency"]
    assert [letter.kind for letter in world.letters("", ANN)] == ["received"]


@pytest.mark.feature("F72", "mail")
def test_a_plain_mail(world: World, people: People) -> None:
    """Without such lines: a query, low, and for the writer alone."""
    ticket = opened(world, "Where is the manual?")
    assert (ticket.type, ticket.urgency, ticket.impact, ticket.priority) == ("Query", "Low", "Only Me", "Low")
    assert world.letters("received")[0].context["said"] == []


@pytest.mark.feature("F73", "mail")
@pytest.mark.parametrize(
    "body, field, value",
    [
        ("Type: change", "type", "Change Request"),
        ("Typ: Störung", "type", "Incident"),
        ("Dringlichkeit: hoch", "urgency", "High"),
        ("Auswirkung: ganze Firma", "impact", "Company"),
        ("Unser Zeichen: 4711-B", "customer_reference", "4711-B"),
        ("Priority: urgent", "urgency", "High"),
        ("*Urgency:* medium", "urgency", "Medium"),
        ("Item:   SIP   trunk 4 ", "item", "SIP trunk 4"),
        ("Benötigt bis: 3. Mai 2027", "needed_by", date(2027, 5, 3)),
        ("Needed by: today", "needed_by", date(2026, 11, 23)),
    ],
)
def test_as_people_write(world: World, people: People, body: str, field: str, value: object) -> None:
    """In their own words and languages; a value is compared loosely and kept tidily."""
    assert getattr(opened(world, f"{body}\n\nIt is dead."), field) == value


@pytest.mark.feature("F96", "mail")
def test_not_sure_which_item(world: World, people: People) -> None:
    """A description will do."""
    ticket = opened(world, "Item: not sure, the box in the lift lobby\n\nIt beeps.")
    assert ticket.item == "not sure, the box in the lift lobby"


@pytest.mark.parametrize(
    "line, said",
    [
        ("Urgency: pink", "Urgency “pink” is not known. Choose one of: Low, Medium, High."),
        ("Type: party", "Type “party” is not known. Choose one of: Incident, Query, Change Request."),
        ("Impact: cats", "Impact “cats” is not known. Choose one of: Only Me, Others, Company."),
        ("Needed by: 20 Nov 2026", "Needed by “20 Nov 2026”: it must be today or later."),
        ("Needed by: soon", "Needed by “soon”: write a day, like 3 May 2027."),
        (f"Item: {'x' * 201}", f"Item “{'x' * 59}…” is longer than 200 characters."),
        (f"Our ref: {'x' * 101}", f"Our ref “{'x' * 59}…” is longer than 100 characters."),
        ("Site: Leeds", "Site “Leeds”: there are no sites to choose from."),
        ("Contact: Pat", "Contact “Pat”: write one address, like Contact: Ana Ode <ana@customer.test>."),
        (f"Contact: {EVE}", f"Contact “{EVE}”: this person is not known here."),
        (f"Contact: {PAT}", f"Contact “{PAT}”: this person is not known here."),
        ("Contact: gone@customer.test", "Contact “gone@customer.test”: this person is not active."),
        (f"Contact: {SAM}", f"Contact “{SAM}” is an address of the desk."),
        (f"Contact: {DESK}", f"Contact “{DESK}” is an address of the desk."),
    ],
)
def test_what_is_not_understood_stays_text(world: World, people: People, line: str, said: str) -> None:
    """The other lines count all the same, and the receipt says what to do."""
    ticket = opened(world, f"Service: Telephony\n{line}\n\nIt is dead.", verdict="pass")
    (entry,) = world.events(ticket.id)
    assert (ticket.service, entry.text) == ("Telephony", f"{line}\nIt is dead.")
    assert world.letters("received", ANN)[0].context["notes"] == [said]


def test_a_reply_fills_in(world: World, people: People) -> None:
    """Anywhere in the new text; the entry says what changed, and the author hears that it was done."""
    world.take(reply(people, "It got worse.\nUrgency: high\nImpact: others\nMore tomorrow."))
    ticket = world.ticket(people.ticket)
    (entry,) = world.events(people.ticket)
    assert (ticket.urgency, ticket.impact, ticket.priority) == ("High", "Others", "High")
    assert entry.text == "It got worse.\nMore tomorrow."
    assert entry.changes["priority"] == ["Low", "High"]
    (letter,) = world.letters("done", ANN)
    assert letter.context["lines"] == ["The urgency is High.", "The impact is Others."]


def test_only_lines(world: World, people: People) -> None:
    """A reply with nothing else is no note: an entry of changes, and no letter to the others."""
    done = world.take(reply(people, "Our ref: INC-4471"))
    (entry,) = world.events(people.ticket)
    assert (done.kind, entry.kind, entry.changes) == ("answered", "change", {"your reference": ["", "INC-4471"]})
    assert [(letter.kind, letter.recipient) for letter in world.letters()] == [("done", ANN)]


@pytest.mark.parametrize("line", ["Urgency: low", "Impact: only me", "Type: query", "Contact: ann@customer.test"])
def test_already_so(world: World, people: People, line: str) -> None:
    """The same value again changes nothing, and no letter says so."""
    world.take(reply(people, line))
    assert world.events(people.ticket) == []
    assert world.letters() == []


def test_a_misread_line_in_a_reply(world: World, people: People) -> None:
    """It stays in the note, the other line is done, and the author reads both."""
    world.take(reply(people, "Urgency: pink\nItem: SIP trunk 4"))
    (entry,) = world.events(people.ticket)
    assert (entry.text, world.ticket(people.ticket).item) == ("Urgency: pink", "SIP trunk 4")
    (letter,) = world.letters("not_done", ANN)
    assert letter.context["lines"] == [
        "Your text is kept as a note.",
        "Urgency “pink” is not known. Choose one of: Low, Medium, High.",
        "The item is “SIP trunk 4”.",
    ]


def test_with_a_command_that_fails_nothing_is_done(world: World, people: People) -> None:
    """All or none, fill-in lines too; every word is kept."""
    world.take(reply(people, "#reopen\nUrgency: high"))
    (entry,) = world.events(people.ticket)
    assert (world.ticket(people.ticket).urgency, entry.text) == ("Low", "#reopen\nUrgency: high")
    assert [letter.kind for letter in world.letters("", ANN)] == ["not_done"]


@pytest.mark.parametrize("status", ["Resolved", "Complete"])
def test_a_closed_ticket_does_not_change(world: World, people: People, status: str) -> None:
    """On a resolved ticket the line is text of the note; a reply to a completed one is a new ticket with the field."""
    with world.database.transaction() as session:
        session.execute(update(Ticket).values(status=status, completed_at=sample.NOW))
    done = world.take(reply(people, "Urgency: high\nIt is back."))
    assert world.ticket(people.ticket).urgency == "Low"
    if status == "Resolved":
        assert world.events(people.ticket)[0].text == "Urgency: high\nIt is back."
        (letter,) = world.letters("not_done", ANN)
        assert letter.context["lines"][1] == "“Urgency: high” was left as text: the ticket is Resolved."
    else:
        assert world.ticket(done.ticket_id).urgency == "High"


def test_who_may(world: World, people: People) -> None:
    """Those who take part and colleagues may; of others the line is a word of a note that waits for staff."""
    world.take(sample.mail(KIM, f"Re: [{NUMBER}]", "Urgency: medium", verdict="pass"))
    assert world.ticket(people.ticket).urgency == "Medium"
    world.take(reply(people, "Urgency: high", PAT))
    assert world.ticket(people.ticket).urgency == "High"
    world.take(reply(people, "Urgency: low", REM, verdict="pass"))
    assert world.ticket(people.ticket).urgency == "High"
    assert world.events(people.ticket)[-1].visibility == "pending"


def test_nothing_proves_the_sender(world: World, people: People) -> None:
    """A ticket number alone changes nothing: the change waits for a “confirm”."""
    world.take(sample.mail(ANN, f"Re: [{NUMBER}]", "Urgency: high\nIt got worse."))
    assert world.ticket(people.ticket).urgency == "Low"
    assert world.letters("confirm", ANN)[0].context["lines"] == ["Urgency: high"]
    confirm(world, ANN)
    assert world.ticket(people.ticket).urgency == "High"
    assert world.events(people.ticket)[-1].changes == {"urgency": ["Low", "High"], "priority": ["Low", "Medium"]}


@pytest.mark.feature("F67", "mail")
@pytest.mark.parametrize(
    "named, site",
    [
        ("W_LON/0007", "Works - London"),
        ("w lon 0007", "Works - London"),
        ("Works - London", "Works - London"),
        ("blackfriars", "Works - London"),
        ("SE1 8EZ", "Works - London"),
        ("se18ez", "Works - London"),
        ("Works - North - W_LON/0009 - Telehouse North - E14 2AA", "Works - North"),
    ],
)
def test_site(world: World, people: People, named: str, site: str) -> None:
    """Any part of its label that no other site has: name, code, place, post code."""
    sites = give_sites(world, BLACKFRIARS, TELEHOUSE)
    ticket = opened(world, f"Site: {named}\n\nIt is dead.")
    assert ticket.site_id == sites[site]
    assert world.events(ticket.id)[0].changes == {"site": ["", site]}


def test_a_whole_name_comes_before_a_part_of_another(world: World, people: People) -> None:
    """“London” is that site, though another one holds the word as well."""
    sites = give_sites(world, ("London", "", "", ""), ("London West", "", "", ""))
    assert opened(world, "Site: london\n\nIt is dead.").site_id == sites["London"]


@pytest.mark.parametrize(
    "named, said",
    [
        (
            "W_LON",
            "Site “W_LON” fits several: Works - London - W_LON/0007 - 160 Blackfriars Road - SE1 8EZ; "
            "Works - North - W_LON/0009 - Telehouse North - E14 2AA. Write more of one of them.",
        ),
        ("Leeds", "Site “Leeds” is not known. There are: Works - London, Works - North."),
        ("Secret Harbour", "Site “Secret Harbour” is not known. There are: Works - London, Works - North."),
        ("---", "Site “---” is not known. There are: Works - London, Works - North."),
    ],
)
def test_which_site(world: World, people: People, named: str, said: str) -> None:
    """Several, or none of this organisation: the receipt names those that there are, and no others."""
    give_sites(world, BLACKFRIARS, TELEHOUSE)
    assert opened(world, f"Site: {named}\n\nIt is dead.").site_id is None
    assert world.letters("received", ANN)[0].context["notes"] == [said]


def test_many_sites(world: World, people: People) -> None:
    """Ten are named, and five of those that fit."""
    give_sites(world, *((f"Works {number:02}", "", "", "") for number in range(12)))
    opened(world, "Site: Leeds\n\nIt is dead.")
    opened(world, "Site: works\n\nIt is dead.")
    unknown, several = (letter.context["notes"][0] for letter in world.letters("received", ANN))
    assert unknown.endswith("There are 12, among them: " + ", ".join(f"Works {n:02}" for n in range(10)) + ".")
    assert "Works 04. Write" in several
    assert "Works 05" not in several


@pytest.mark.feature("F92", "mail")
def test_ones_own_number_finds_the_ticket(world: World, people: People) -> None:
    """Later mails with it in the subject are notes on the ticket, in the same batch as well."""
    first = world.send(sample.mail(ANN, "Phones", "Our ref: INC-4471\n\nIt is dead.", verdict="pass"))
    second = world.send(sample.mail(ANN, "About inc-4471", "Any news?", verdict="pass"))
    world.handle()
    third = world.take(sample.mail(ANN, "INC-4471 again", "And now?", verdict="pass"))
    ticket = world.disposition(first).ticket_id
    assert (third.kind, third.ticket_id) == ("noted", ticket)
    assert (world.disposition(second).kind, world.disposition(second).ticket_id) == ("noted", ticket)


@pytest.mark.feature("F84", "mail")
def test_title(world: World, people: People) -> None:
    """A new mail's title is its subject without prefixes; a line changes it, and letters keep their subject."""
    assert opened(world, "It is dead.", subject="Fwd: Phones are down").title == "Phones are down"
    world.take(reply(people, "Title: Two phones are down"))
    ticket = world.ticket(people.ticket)
    assert (ticket.title, ticket.letter_subject) == ("Two phones are down", "Phones are down")
    assert world.events(people.ticket)[0].changes == {"title": ["Phones are down", "Two phones are down"]}


# Staff


def test_lines_of_staff(world: World, people: People) -> None:
    """The same as `#` lines in an answer; they are no words of it, and no letter says that they were done."""
    sites = give_sites(world, BLACKFRIARS)
    lines = "#type incident\n#site blackfriars\n#item SIP trunk 4\n#urgency high\n#impact others\n#title Trunk down"
    world.take(reply(people, f"We look at it.\n\n{lines}", SAM))
    ticket = world.ticket(people.ticket)
    (entry,) = world.events(people.ticket)
    assert (ticket.type, ticket.site_id, ticket.item) == ("Incident", sites["Works - London"], "SIP trunk 4")
    assert (ticket.urgency, ticket.impact, ticket.priority, ticket.title) == ("High", "Others", "High", "Trunk down")
    assert (entry.visibility, entry.text) == ("public", "We look at it.")
    assert {letter.kind for letter in world.letters()} == {"update"}


def test_a_fill_in_line_of_staff_in_an_answer_is_a_sentence(world: World, people: People) -> None:
    """“Urgency: high” may be what the customer is to read."""
    world.take(reply(people, "I set this.\nUrgency: high", SAM))
    assert world.ticket(people.ticket).urgency == "Low"
    assert world.events(people.ticket)[0].text == "I set this.\nUrgency: high"


@pytest.mark.parametrize(
    "named, priority", [("high", "High"), ("critical", "Critical"), ("kritisch", "Critical"), ("hoch", "High")]
)
def test_priority_by_hand(world: World, people: People, named: str, priority: str) -> None:
    """Staff set the priority itself; a later urgency of the customer does not change it."""
    world.take(reply(people, f"#priority {named}", SAM))
    assert (world.ticket(people.ticket).priority, world.ticket(people.ticket).urgency) == (priority, "Low")
    world.take(reply(people, "Urgency: medium"))
    assert (world.ticket(people.ticket).priority, world.ticket(people.ticket).urgency) == (priority, "Medium")


def test_lines_of_customers_are_words(world: World, people: People) -> None:
    """What staff write with # is text from a customer."""
    world.take(reply(people, "#urgency high\n#priority critical\nIt is dead."))
    assert world.ticket(people.ticket).priority == "Low"
    assert world.events(people.ticket)[0].text == "#urgency high\n#priority critical\nIt is dead."


@pytest.mark.parametrize("line", ["#urgency pink", "#site Leeds", "#title", "#contact Ann", "#priority none"])
def test_a_line_of_staff_that_is_not_understood(world: World, people: People, line: str) -> None:
    """Nothing is done, and nothing goes out."""
    world.take(reply(people, f"#item SIP trunk 4\n{line}\nIt is dead.", SAM))
    (entry,) = world.events(people.ticket)
    assert (world.ticket(people.ticket).item, entry.visibility) == ("", "internal")
    assert [(letter.kind, letter.recipient) for letter in world.letters()] == [("not_done", SAM)]
