"""What staff do about a ticket by mail: who gets it, what time it took, when it is due, that it is spam."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from store.tables import Staff, Ticket
from tests.gateway import desk_world as sample
from tests.gateway import rendering
from tests.gateway.commands.by_mail import confirm, reply
from tests.gateway.desk_world import ANN, DESK, NUMBER, PAT, SAM, SUE, People, World


def answer(people: People, body: str, *, sender: str = SAM) -> bytes:
    """An answer by a member of staff to their own letter."""
    return reply(people, body, sender)


def rename(world: World, people: People, **names: str) -> None:
    """Other names for staff, by the beginning of their address."""
    with world.database.transaction() as session:
        for who, name in names.items():
            session.execute(update(Staff).where(Staff.id == people.staff[f"{who}@desk.test"]).values(name=name))


def unchanged(world: World, people: People) -> bool:
    """Nothing was done, and the author was told why."""
    ticket = world.ticket(people.ticket)
    fields = (ticket.assignee_id, ticket.minutes, ticket.due_at, ticket.source, ticket.spam, ticket.status)
    return fields == (None, 0, None, "E-mail", False, "In Progress") and len(world.letters("not_done", SAM)) == 1


@pytest.mark.parametrize(
    "name", ["Sue Lee", "sue", "SUE", "lee", "su", "sue@desk.test", "Sue Lee <sue@desk.test>", "@sue"]
)
def test_assign_to_a_person(world: World, people: People, name: str) -> None:
    """By name, part of it, beginning or address; who gets it hears of it, and customers do not."""
    rename(world, people, sue="Sue Lee", sam="Sam Ode")
    done = world.take(answer(people, f"#assign {name}"))
    (entry,) = world.events(people.ticket)
    (letter,) = world.letters()
    assert done.kind == "answered"
    assert world.ticket(people.ticket).assignee_id == people.staff[SUE]
    assert entry.changes == {"assignee": ["", "Sue Lee"]}
    assert (letter.kind, letter.recipient, letter.context) == ("assigned", SUE, {"by": "Sam Ode"})
    assert (letter.ticket_id, letter.event_id, letter.automatic) == (people.ticket, entry.id, False)
    assert "Assigned by Sam Ode" in rendering.words(rendering.letters(world)[0])


def test_assign_to_oneself(world: World, people: People) -> None:
    """#assign me: as #take, and no letter about one's own doing."""
    world.take(answer(people, "#assign me"))
    assert world.ticket(people.ticket).assignee_id == people.staff[SAM]
    assert world.letters() == []


def test_assign_to_a_team(world: World, people: People) -> None:
    """The queue changes, the assignee goes, and the members of the team hear of it."""
    world.take(answer(people, "#take"))
    world.take(answer(people, "#assign network"))
    ticket, entry = world.ticket(people.ticket), world.events(people.ticket)[-1]
    assert ticket.assignee_id is None
    assert entry.changes == {"team": ["Service Desk", "Network"], "assignee": ["Sam", ""]}
    assert [(letter.kind, letter.recipient) for letter in world.letters()] == [("assigned", SUE)]


def test_assign_with_words(world: World, people: People) -> None:
    """The words are an answer as ever; the next letters go to the new assignee."""
    world.take(answer(people, "We look at it.\n\n#assign sue"))
    (entry,) = world.events(people.ticket)
    assert (entry.visibility, entry.text) == ("public", "We look at it.")
    assert {letter.recipient for letter in world.letters("update")} == {ANN, PAT}
    world.take(sample.mail(ANN, f"Re: [{NUMBER}]", "Good.", verdict="pass"))
    assert [letter.recipient for letter in world.letters("customer_wrote")] == [SUE]


@pytest.mark.parametrize(
    "name, said",
    [
        ("s", "fits several: Sam Lee <sam@desk.test>, Sue Lee <sue@desk.test>, the team Service Desk."),
        ("lee", "fits several: Sam Lee <sam@desk.test>, Sue Lee <sue@desk.test>."),
        ("zoe", "nobody at the desk and no team is called that. There are: Sam Lee, Sue Lee, Service Desk, Network."),
        ("left", "nobody at the desk"),  # who left the desk gets nothing
        ("<>", "nobody at the desk"),
        ("", "#assign needs a name, like #assign sam."),
    ],
)
def test_assign_to_whom(world: World, people: People, name: str, said: str) -> None:
    """Several people, or nobody: nothing is done, and the author reads whom the name fits."""
    rename(world, people, sam="Sam Lee", sue="Sue Lee")
    world.take(answer(people, f"#assign {name}"))
    assert unchanged(world, people)
    assert said in world.letters("not_done", SAM)[0].context["lines"][0]


def test_a_whole_name_comes_before_a_beginning(world: World, people: People) -> None:
    """“Sam” is Sam, though Samantha begins like that."""
    rename(world, people, sam="Sam", sue="Samantha")
    world.take(answer(people, "#assign sam", sender=SUE))
    assert world.ticket(people.ticket).assignee_id == people.staff[SAM]


@pytest.mark.parametrize("line", ["#assign sam", "#assign Service Desk", "#phone", "#due none"])
def test_already_so(world: World, people: People, line: str) -> None:
    """What is so already is not done again: no entry and no letter."""
    if line != "#due none":
        world.take(answer(people, line))
    before = len(world.events(people.ticket))
    done = world.take(answer(people, line))
    assert (done.kind, done.reason) == ("answered", "Nothing to do: it was so already.")
    assert len(world.events(people.ticket)) == before
    assert world.letters() == []


def test_time(world: World, people: People) -> None:
    """Times add up, two in one mail as well; no customer hears of a mail with nothing else in it."""
    world.take(answer(people, "#time 15m"))
    world.take(answer(people, "#time 1h30\n#time 5m"))
    assert world.ticket(people.ticket).minutes == 110
    assert [entry.changes for entry in world.events(people.ticket)] == [
        {"time": ["", "15 min"]},
        {"time": ["", "95 min"]},
    ]
    assert world.letters() == []


@pytest.mark.parametrize("line", ["#time", "#time much", "#time 0", "#time -5m", "#time 3 days"])
def test_no_time(world: World, people: People, line: str) -> None:
    """What is no time is refused, with an example."""
    world.take(answer(people, line))
    assert unchanged(world, people)
    assert "#time 15m" in world.letters("not_done", SAM)[0].context["lines"][0]


def test_time_has_an_end(world: World, people: People) -> None:
    """More than a column holds does not fit."""
    with world.database.transaction() as session:
        session.execute(update(Ticket).values(minutes=999_990))
    world.take(answer(people, "#time 15m"))
    assert world.ticket(people.ticket).minutes == 999_990
    assert len(world.letters("not_done", SAM)) == 1


def test_due(world: World, people: People) -> None:
    """A day and a time in the desk's zone; “none” takes it back, in another language as well."""
    world.take(answer(people, "#due 12 Apr 15:00"))
    assert world.ticket(people.ticket).due_at == datetime(2027, 4, 12, 14, 0, tzinfo=UTC)
    world.take(answer(people, "#fällig keine"))
    assert world.ticket(people.ticket).due_at is None
    assert [entry.changes for entry in world.events(people.ticket)] == [
        {"due": ["", "12 Apr 2027, 15:00 BST"]},
        {"due": ["12 Apr 2027, 15:00 BST", "none"]},
    ]


@pytest.mark.parametrize(
    "line, said",
    [
        ("#due 20 Nov 2026 15:00", "20 Nov 2026, 15:00 GMT is past."),
        ("#due today 11:59", "23 Nov 2026, 11:59 GMT is past."),
        ("#due soon", "write a day and a time"),
        ("#due", "write a day and a time"),
    ],
)
def test_no_due_time(world: World, people: People, line: str, said: str) -> None:
    """The past, and what is no time, is refused."""
    world.take(answer(people, line))
    assert unchanged(world, people)
    assert said in world.letters("not_done", SAM)[0].context["lines"][0]


def test_phone(world: World, people: People) -> None:
    """The source is Phone, in a reply and in a new mail."""
    world.take(answer(people, "#phone"))
    (entry,) = world.events(people.ticket)
    assert (world.ticket(people.ticket).source, entry.changes) == ("Phone", {"source": ["E-mail", "Phone"]})
    done = world.take(sample.mail(SAM, "Printer", "#phone\nIt is out of paper.", verdict="pass"))
    assert world.ticket(done.ticket_id).source == "Phone"


def test_spam(world: World, people: People) -> None:
    """The ticket ends as spam; words stay inside, and no customer hears of it."""
    world.take(answer(people, "Junk like last week.\n\n#spam"))
    ticket = world.ticket(people.ticket)
    (entry,) = world.events(people.ticket)
    assert (ticket.spam, ticket.status, ticket.withdrawal) == (True, "Withdrawn", "Spam")
    assert (entry.visibility, entry.changes) == (
        "internal",
        {"status": ["In Progress", "Withdrawn"], "withdrawal": ["", "Spam"]},
    )
    assert world.letters() == []


def test_a_mail_to_spam_is_a_new_ticket(world: World, people: People) -> None:
    """The sender is not blocked: what they write next stands on its own, and names no old number."""
    world.take(answer(people, "#spam"))
    to = sample.ADDRESSES.reply_to(DESK, people.token(ANN))
    done = world.take(sample.mail(ANN, f"Re: [{NUMBER}] Phones", "I am no spam.", to=to, verdict="pass"))
    assert (done.kind, done.ticket_id != people.ticket) == ("opened", True)
    assert world.links(done.ticket_id) == []


def test_opened_again_it_is_no_spam(world: World, people: People) -> None:
    """A slip is mended by #reopen: mails reach the ticket again."""
    world.take(answer(people, "#spam"))
    world.take(answer(people, "#reopen"))
    assert (world.ticket(people.ticket).spam, world.ticket(people.ticket).status) == (False, "In Progress")
    done = world.take(sample.mail(ANN, f"Re: [{NUMBER}]", "Good.", verdict="pass"))
    assert (done.kind, done.ticket_id) == ("noted", people.ticket)


@pytest.mark.parametrize("line", ["#assign zoe", "#time much", "#due soon", "#phone Ann", "#spam now", "#urgency pink"])
def test_all_or_none(world: World, people: People, line: str) -> None:
    """One command that cannot be done: none is, and the words stay inside."""
    world.take(answer(people, f"#take\n#time 5m\n{line}\nHello."))
    (entry,) = world.events(people.ticket)
    assert unchanged(world, people)
    assert (entry.visibility, entry.changes) == ("internal", {})


def test_unverified_staff_wait_for_a_confirm(world: World, people: People) -> None:
    """A mail that only claims to be from staff opens a ticket and assigns nobody, until Sam says that it was him."""
    done = world.take(sample.mail(SAM, "Printer", "#assign sue\nIt is out of paper.", to=DESK))
    ticket = world.ticket(done.ticket_id)
    assert (ticket.assignee_id, world.letters("assigned")) == (None, [])
    confirm(world, SAM)
    assert world.ticket(done.ticket_id).assignee_id == people.staff[SUE]
    assert [letter.recipient for letter in world.letters("assigned")] == [SUE]


def test_spam_that_was_confirmed_is_told_to_nobody(world: World, people: People) -> None:
    """The change stands inside, whichever way it came."""
    done = world.take(sample.mail(SAM, "You won", "#spam\nLook at this."))
    confirm(world, SAM)
    assert world.ticket(done.ticket_id).spam
    assert world.events(done.ticket_id)[-1].visibility == "internal"
    assert world.letters("update") == []


def test_customers_assign_nobody(world: World, people: People) -> None:
    """The same lines from a customer are words."""
    to = sample.ADDRESSES.reply_to(DESK, people.token(ANN))
    world.take(sample.mail(ANN, "Re: Phones", "#assign sue\n#spam\n#time 5m", to=to, verdict="pass"))
    ticket = world.ticket(people.ticket)
    assert (ticket.assignee_id, ticket.spam, ticket.minutes) == (None, False, 0)
    assert world.events(people.ticket)[0].text == "#assign sue\n#spam\n#time 5m"
