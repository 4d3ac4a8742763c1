"""A desk with tickets of every sort in a real database, and a way to ask it: for the tests of answers."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import select, update

from desk.catalogue import Catalogue, Item, Service
from gateway.answers import Answer, AnswerFacts, answer_all
from gateway.letter import DeskFacts
from gateway.letter_text import cut, flowed
from store.tables import Approval, Contact, Event, Organisation, Outbox, Site, Ticket
from tests.gateway.desk_world import ANN, DESK, KIM, NOW, PAT, RULES, SAM, WORDS, People, World

CATALOGUE = Catalogue(
    (
        Service("Distribution list", "Mail", "A list, or a change to one."),
        Service("Password reset", "Access", "A new password.", public=True),
        Service("Secret works", "Works", organisations=("Sample Works",)),
        Service("Other works", "Works", organisations=("Elsewhere",)),
    ),
    (
        Item("SIP trunk 4", "Sample Works", "160 Blackfriars Road", "SIP", "S-77", "REF-9"),
        Item("Edge router", "Sample Works", "Telehouse"),
        Item("Theirs", "Elsewhere", "Their site"),
    ),
)
FACTS = AnswerFacts(
    zone=RULES.zone, name="Sample Desk", address=DESK, base_url="https://desk.example.com", words=WORDS,
    catalogue=CATALOGUE,
)  # fmt: skip
DESK_FACTS = DeskFacts("Sample Desk", FACTS.base_url, FACTS.zone, "", "desk.test", "sample", 14, FACTS)


def row(
    people: People, who: str, ask: str, argument: str = "", *, ticket: int | None = None, row_id: int = 1
) -> Outbox:
    """A question as the outbox keeps it."""
    ids: dict[str, Any] = (
        {"staff_id": people.staff[who]} if who in people.staff else {"contact_id": people.contacts[who]}
    )
    context = {"ask": ask, "argument": argument, "reference": "", "subject": f"#{ask} {argument}".strip()}
    values = {
        "recipient": who,
        "recipient_name": who.partition("@")[0].title(),
        "message_id": "",
        "next_at": NOW,
        "created_at": NOW,
        "context": context,
    }
    return Outbox(id=row_id, kind="answer", ticket_id=ticket, **values, **ids)


def ask(world: World, people: People, who: str, word: str, argument: str = "", **more: Any) -> Answer:
    """Ask as somebody; what holds for every answer is looked at on the way."""
    facts = more.pop("facts", FACTS)
    with world.database.reading() as session:
        question = row(people, who, word, argument, **more)
        answer = answer_all(session, [question], replace(DESK_FACTS, answers=facts))[1]
    assert says_the_same(answer)
    # What people wrote is wrapped in the letter; what we wrote is not, so that columns stand below each other.
    assert all(len(line) <= 73 or "://" in line for line in flowed(answer.text).splitlines()), answer.text
    assert not cut(answer.text)[1], len(answer.text)
    assert len(answer.html) <= 14_000
    return answer


def says_the_same(answer: Answer) -> bool:
    """Both parts hold the same words in the same order."""
    tree = LexborHTMLParser(f"<body>{answer.html}</body>")
    assert tree.body is not None
    return "".join(tree.body.text(separator=" ").split()) == "".join(answer.text.split())


def numbers(answer: Answer) -> list[str]:
    """The ticket numbers at the beginning of lines, in order."""
    return [line.split()[0] for line in answer.text.splitlines() if line.startswith("T2")]


def add(world: World, requester: int, number: str, title: str = "A ticket", **values: Any) -> int:
    """One more ticket; `days` is how long ago it was opened."""
    at = NOW - timedelta(days=values.pop("days", 1))
    row = {"status": "New", "desk_address": DESK, "created_at": at, "updated_at": at} | values
    with world.database.transaction() as session:
        ticket = Ticket(id=world.database.ids.next(), number=number, title=title, letter_subject=title,
                        requester_id=requester, **row)  # fmt: skip
        session.add(ticket)
        return ticket.id


def note(world: World, ticket: int, text: str, *, at: datetime = NOW, **values: Any) -> int:
    """One more entry."""
    row = {"kind": "note", "visibility": "public", "author": "Ann"} | values
    with world.database.transaction() as session:
        event = Event(id=world.database.ids.next(), ticket_id=ticket, at=at, text=text, **row)
        session.add(event)
        return event.id


def organisation(world: World) -> int:
    """The id of Sample Works."""
    found: list[int] = world.all(select(Organisation.id).where(Organisation.name == "Sample Works"))
    return found[0]


def change(world: World, table: Any, row_id: int, **values: Any) -> None:
    """Change a row."""
    with world.database.transaction() as session:
        session.execute(update(table).where(table.id == row_id).values(**values))


def site(world: World, name: str, code: str, post_code: str, organisation_id: int) -> int:
    """A site."""
    with world.database.transaction() as session:
        made = Site(
            id=world.database.ids.next(), organisation_id=organisation_id, name=name, code=code, post_code=post_code
        )
        session.add(made)
        return made.id


def fill(world: World, people: People) -> dict[str, int]:
    """Tickets of Ann's, of her colleague Kim's, of Pat's, one of somebody else's organisation; by a name for each."""
    ann, kim, pat = (people.contacts[who] for who in (ANN, KIM, PAT))
    works = organisation(world)
    with world.database.transaction() as session:
        other = Organisation(id=world.database.ids.next(), name="Elsewhere", created_at=NOW)
        session.add(other)
        session.flush()
        session.get_one(Contact, pat).organisation_id = other.id
    road = site(world, "160 Blackfriars Road", "B/7", "SE1 8EZ", works)
    lately, long_ago = NOW - timedelta(days=2), NOW - timedelta(days=40)
    made = {
        "ann": add(world, ann, "T20261120.0001", "MSO phones", type="Incident", site_id=road, organisation_id=works,
                   customer_reference="INC-4471", reference_key="inc-4471", days=3),
        "waiting": add(world, ann, "T20261119.0001", "Printer 100% full", status="Waiting Customer",
                       organisation_id=works, days=4, item="s-77"),
        "kim": add(world, kim, "T20261121.0001", "Kim's screen", organisation_id=works, status="In Progress", days=2),
        "private": add(world, kim, "T20261121.0002", "Kim's secret", organisation_id=works, shared=False, days=2),
        "done": add(world, kim, "T20261110.0001", "Old cable", status="Resolved", organisation_id=works,
                    completed_at=lately, updated_at=lately, days=13),
        "long ago": add(world, ann, "T20261001.0001", "Very old", status="Complete", organisation_id=works,
                        completed_at=long_ago, updated_at=long_ago, days=53),
        "theirs": add(world, pat, "T20261122.0001", "Their phones", organisation_id=other.id, days=1,
                      due_at=NOW - timedelta(hours=1)),
        "spam": add(world, ann, "T20261122.0009", "Buy this", organisation_id=works, spam=True, days=1),
        "approval": add(world, kim, "T20261118.0001", "A new trunk", type="Change Request", status="Waiting Approval",
                        approval="Requested", organisation_id=works, days=5),
    }  # fmt: skip
    with world.database.transaction() as session:
        session.add(Approval(ticket_id=made["approval"], contact_id=ann, asked_at=NOW))
    change(world, Ticket, made["kim"], assignee_id=people.staff[SAM])
    return made
