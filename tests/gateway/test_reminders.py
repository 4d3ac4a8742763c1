"""Reminders: who was asked and never answers hears of it on working days, and the ticket ends at last."""

from datetime import date, datetime, timedelta
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import pytest

from desk import reminders
from desk.hours import Holiday, Hours
from desk.reminders import Plan
from desk.targets import Targets
from store.tables import Alert, Contact, Event, Ticket
from tests.gateway import desk_world as sample
from tests.gateway import rendering
from tests.gateway.desk_world import ANN, DESK, KIM, NETWORK, NOW, PAT, SAM, People, World, mail
from tests.gateway.rendering import letters

LONDON = ZoneInfo("Europe/London")
WEEK = (((9 * 60, 17 * 60),),) * 5 + ((), ())
HOURS = Hours(LONDON, WEEK, holidays=(Holiday(date(2026, 12, 7), date(2026, 12, 7)),))
PLAN = Plan((3, 7), 10, fallback=HOURS)
# NOW is a Monday at noon. Three working days: Thursday; seven: Wednesday week; ten: Monday, but that is a holiday.
FIRST, SECOND, END = (datetime(2026, *day, 12, 0, tzinfo=LONDON) for day in ((11, 26), (12, 2), (12, 8)))
MINUTE = timedelta(minutes=1)
QUESTION = "Which floor is it?"


def text(letter: EmailMessage) -> str:
    """The text part, on one line."""
    return " ".join(rendering.text(letter).split())


@pytest.fixture
def asked(world: World, people: People) -> World:
    """Ann was asked something, and the ticket waits for her."""
    with world.database.transaction() as session:
        ticket = session.get_one(Ticket, people.ticket)
        ticket.status, ticket.waiting_since, ticket.assignee_id = "Waiting Customer", NOW, people.staff[SAM]
        for n, (words, visibility) in enumerate([(QUESTION, "public"), ("They never answer.", "internal")]):
            session.add(
                Event(
                    id=world.database.ids.next(), ticket_id=ticket.id, at=NOW + n * MINUTE, kind="note", text=words,
                    visibility=visibility, staff_id=people.staff[SAM], author="Sam",
                )
            )  # fmt: skip
    return world


def at(world: World, now: datetime, plan: Plan = PLAN) -> None:
    """Both timers at a moment."""
    world.clock.now = now
    lock = not world.database.is_sqlite
    for n in range(2):  # a second look finds nothing more to do
        with world.database.transaction() as session:
            told = reminders.remind(session, world.database.ids.next, now, plan, lock=lock)
        with world.database.transaction() as session:
            ended = reminders.close(session, world.database.ids.next, now, plan, lambda: "No answer came.", lock=lock)
        assert n == 0 or (told, ended) == (0, 0)


def test_reminded_on_working_days(asked: World, people: People) -> None:
    """After three and seven of them; to the requester alone, with the question and the day of the end."""
    seen = []
    for now in (FIRST - MINUTE, FIRST, SECOND - MINUTE, SECOND):
        at(asked, now)
        seen.append([row.recipient for row in asked.letters("reminder")])
    assert seen == [[], [ANN], [ANN], [ANN, ANN]]
    for letter in letters(asked, "reminder"):
        said = text(letter)
        assert said.startswith(f"We asked on 23 Nov 2026 and have no answer yet: {QUESTION} If it is solved")
        assert "If it is solved, send the one word: resolved." in said
        assert "We will close this on 8 Dec 2026 if we hear nothing." in said
        assert "They never answer" not in said


@pytest.mark.feature("F150", "mail")
def test_the_end_is_a_resolution(asked: World, people: People) -> None:
    """On the day that was named: resolved, in the history, and everybody hears that a reply opens it again."""
    with asked.database.transaction() as session:
        session.get_one(Contact, people.contacts[PAT]).muted = True
        session.add(Alert(ticket_id=people.ticket, contact_id=people.contacts[PAT], stage="completed", sent_at=None))
    for now in (FIRST, SECOND, END - MINUTE):
        at(asked, now)
    assert asked.ticket(people.ticket).status == "Waiting Customer"
    at(asked, END + MINUTE)
    ticket = asked.ticket(people.ticket)
    assert (ticket.status, ticket.completed_at, ticket.resolution) == ("Resolved", END + MINUTE, "No answer came.")
    assert ticket.waiting_since is None
    entry = asked.events(people.ticket)[-1]
    assert (entry.kind, entry.visibility, entry.author) == ("change", "public", "")
    assert entry.changes["status"] == ["Waiting Customer", "Resolved"]
    assert sorted(row.recipient for row in asked.letters("update")) == [ANN, PAT]
    said = text(letters(asked, "update", ANN)[0])
    assert said.startswith("We had no answer from you, so we closed this.")
    assert "just reply and it opens again (until 22 Dec 2026)" in said
    assert asked.letters("alert") == []  # of somebody who wants no letters


@pytest.mark.feature("F153", "mail")
def test_a_reply_opens_it_again(asked: World, people: People) -> None:
    """As after any resolution; and it waits for nobody then."""
    for now in (FIRST, SECOND, END + MINUTE):
        at(asked, now)
    address = asked.addresses.reply_to(DESK, people.token(ANN))
    asked.take(mail(ANN, "Re: Phones", "The second floor.", to=address), recipients=(address,))
    ticket = asked.ticket(people.ticket)
    assert (ticket.status, ticket.waiting_since) == ("Update Added", None)


def test_any_answer_ends_it(asked: World, people: People) -> None:
    """Who answers is not reminded; once asked again, the days count anew."""
    at(asked, FIRST)
    address = asked.addresses.reply_to(DESK, people.token(ANN))
    asked.take(mail(ANN, "Re: Phones", "The second floor.", to=address), recipients=(address,))
    at(asked, END)
    assert len(asked.letters("reminder")) == 1
    with asked.database.transaction() as session:
        ticket = session.get_one(Ticket, people.ticket)
        ticket.status, ticket.waiting_since, ticket.reminded = "Waiting Customer", END, 0
    at(asked, END + timedelta(days=1))
    assert len(asked.letters("reminder")) == 1


def test_who_said_stop_is_not_reminded(asked: World, people: People) -> None:
    """The ticket ends all the same, and of that everybody hears."""
    with asked.database.transaction() as session:
        session.get_one(Ticket, people.ticket).requester_muted = True
    for now in (FIRST, SECOND, END + MINUTE):
        at(asked, now)
    assert asked.letters("reminder") == []
    assert asked.ticket(people.ticket).status == "Resolved"
    assert ANN in [row.recipient for row in asked.letters("update")]


def test_switched_off_for_a_month(asked: World, people: People) -> None:
    """One reminder, not two; and the time to answer that it names is really given."""
    late = datetime(2027, 1, 4, 12, 0, tzinfo=LONDON)
    at(asked, late)
    (letter,) = letters(asked, "reminder")
    assert "We will close this on 7 Jan 2027" in text(letter)
    at(asked, late + timedelta(days=2))
    assert asked.ticket(people.ticket).status == "Waiting Customer"
    at(asked, late + timedelta(days=3, minutes=2))
    assert asked.ticket(people.ticket).status == "Resolved"
    assert len(asked.letters("reminder")) == 1


def test_nobody_is_hurried_where_the_settings_say_so(asked: World, people: People) -> None:
    """No reminders, and no end."""
    at(asked, END + timedelta(days=90), Plan((), 0, fallback=HOURS))
    assert asked.letters() == []
    at(asked, END + timedelta(days=90), Plan((3,), 0, fallback=HOURS))
    (letter,) = letters(asked, "reminder")
    assert "We will close" not in text(letter)
    assert asked.ticket(people.ticket).status == "Waiting Customer"


def test_a_ticket_with_open_tasks_stays(asked: World, people: People) -> None:
    """As it would if somebody sent #resolve."""
    sample.add_ticket(
        asked.database, people.contacts[ANN], "T20261101.0001.001", "<c@customer.test>", parent_id=people.ticket
    )
    for now in (FIRST, SECOND, END + MINUTE):
        at(asked, now)
    assert asked.ticket(people.ticket).status == "Waiting Customer"


def test_each_desk_has_its_own_hours(asked: World, people: People) -> None:
    """Days count by the hours of the address that the ticket came to."""
    always = Hours(LONDON, (((0, 24 * 60),),) * 7)
    other = sample.add_ticket(
        asked.database, people.contacts[ANN], "T20261101.0002", "<n@customer.test>",
        status="Waiting Customer", waiting_since=NOW + timedelta(days=3),
    )  # fmt: skip
    with asked.database.transaction() as session:
        session.get_one(Ticket, other).desk_address = NETWORK
    plan = Plan((3,), 0, targets=Targets({"": HOURS, NETWORK: always}), fallback=HOURS)
    at(asked, NOW + timedelta(days=6), plan)
    assert [row.ticket_id for row in asked.letters("reminder")] == [people.ticket, other]
    assert asked.ticket(other).reminded == 1


def test_a_reminder_that_comes_too_late_is_not_sent(asked: World, people: People) -> None:
    """Between its cause and its sending somebody answered."""
    at(asked, FIRST)
    with asked.database.transaction() as session:
        session.get_one(Ticket, people.ticket).status = "Update Added"
    assert letters(asked, "reminder") == []


@pytest.mark.parametrize("author", [ANN, KIM])
def test_an_answer_that_proves_nothing_is_one(asked: World, people: People, author: str) -> None:
    """By the number alone, or kept for staff: the waiting goes on, and nobody is told that no answer came."""
    asked.clock.now = NOW + timedelta(hours=1)
    asked.take(mail(author, f"[{sample.NUMBER}] floor", "It is the third floor."))
    assert asked.ticket(people.ticket).status == "Waiting Customer"
    for moment in (FIRST, SECOND, END):
        at(asked, moment + MINUTE)
    assert asked.letters("reminder") == []
    assert asked.ticket(people.ticket).status == "Waiting Customer"


def test_tasks_tell_customers_nothing(world: World, people: People) -> None:
    """How the desk divides its work is its own business."""
    task = sample.add_ticket(
        world.database, people.contacts[ANN], sample.NUMBER + ".001", "<task@desk.test>", parent_id=people.ticket
    )
    with world.database.transaction() as session:
        ticket = session.get_one(Ticket, task)
        ticket.status, ticket.waiting_since = "Waiting Customer", NOW
    for moment in (FIRST, SECOND, END):
        at(world, moment + MINUTE)
    assert world.letters("reminder") == []
    assert world.ticket(task).status == "Waiting Customer"


def test_a_new_question_gives_all_the_time_again(asked: World, people: People) -> None:
    """Staff who ask once more begin it anew."""
    at(asked, SECOND + MINUTE)
    asked.clock.now = END - timedelta(hours=1)
    reply_to = sample.ADDRESSES.reply_to(DESK, people.token(SAM))
    asked.take(mail(SAM, "Re: Phones", "And which room?", to=reply_to, verdict="pass"), recipients=(reply_to,))
    with asked.database.transaction() as session:  # what an answer makes of the status is not what is asked here
        ticket = session.get_one(Ticket, people.ticket)
        ticket.status = "Waiting Customer"
    assert asked.ticket(people.ticket).waiting_since in (None, asked.clock.now)
    at(asked, END + MINUTE)
    assert asked.ticket(people.ticket).status == "Waiting Customer"
