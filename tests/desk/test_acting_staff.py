"""Acts of staff on tickets and on mail, with the rows and letters that they leave."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from desk import letter_list, mail_log, walking
from desk.access import Person
from desk.acting import asking, editing, entry, lane, mail, stage, structuring, working
from desk.acting.rules import Desk, NotThere, Refused, Rules
from desk.acting.stage import Stage
from desk.acting.wish import Unfilled
from desk.catalogue import Catalogue, Item, Service
from store.blobs import FolderBlobs
from store.database import Database
from store.tables import (
    Approval,
    Approver,
    Attachment,
    Base,
    Delivery,
    Disposition,
    Event,
    Outbox,
    Participant,
    Reading,
    ReceivedMail,
    Site,
    Staff,
    Suppression,
    Tally,
    Team,
    TeamMember,
    Ticket,
    TicketLink,
)
from tests.portal.mail_world import add_letter, add_mail, mute
from tests.portal.world import START, Clock, World, add_event, add_file, build, fill, seed
from tests.servers import Postgres

PHONES = "T20190409.0967"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A desk with a second member of staff, and a team."""
    made = build(tmp_path)
    more(made)
    yield made
    made.close()


def more(world: World) -> None:
    """Ben, who is alone in the team Network; a site and a board of Acme Sample."""
    new = world.database.ids.next
    with world.database.transaction() as session:
        for name in ("ben", "network", "site"):
            world.ids[name] = new()
        session.add(Staff(id=world.ids["ben"], name="Ben Sample", address="ben@example.test", created_at=START))
        session.add(Team(id=world.ids["network"], name="Network", desk_address=""))
        session.flush()
        session.add(TeamMember(team_id=world.ids["network"], staff_id=world.ids["ben"]))
        session.add(Site(id=world.ids["site"], organisation_id=world.ids["acme"], name="Blackfriars", code="BF"))
        session.add(Approver(organisation_id=world.ids["acme"], board="cab", contact_id=world.ids["ana"]))


def desk_of(world: World, **rules: Any) -> Desk:
    """Where the acts are done."""
    return Desk(world.database, world.blobs, Rules(**rules))


@contextmanager
def acting(world: World, who: str = "sam", number: str = PHONES, **rules: Any) -> Iterator[Stage]:
    """Somebody acts on a ticket."""
    staff = who in ("sam", "ben")
    person = Person(staff_id=world.ids[who]) if staff else Person(contact_id=world.ids[who])
    with stage.on_ticket(desk_of(world, **rules), person, number, world.clock()) as on:
        yield on


def ticket(world: World, number: str = PHONES) -> Ticket:
    """As it is now."""
    with world.database.reading() as session:
        found = session.scalars(select(Ticket).where(Ticket.number == number)).one()
        session.expunge(found)
        return found


def entries(world: World, key: str = "phones") -> list[tuple[str, str, dict[str, Any]]]:
    """Kind, visibility and changes of each entry of a ticket."""
    with world.database.reading() as session:
        rows = session.scalars(select(Event).where(Event.ticket_id == world.ids[key]).order_by(Event.id))
        return [(row.kind, row.visibility, row.changes) for row in rows]


def letters(world: World) -> list[tuple[str, str]]:
    """Kind and reader of each letter."""
    with world.database.reading() as session:
        rows = session.execute(select(Outbox.kind, Outbox.recipient).order_by(Outbox.id))
        return [(row.kind, row.recipient.lower()) for row in rows]


def pending(world: World) -> int:
    """The id of the note that waits."""
    with world.database.reading() as session:
        return session.scalars(select(Event.id).where(Event.visibility == "pending")).one()


def test_who_takes_a_ticket_has_it(world: World) -> None:
    """From whoever had it; the entry says both names, and it counts as read."""
    with acting(world, "ben") as on:
        working.take(on)
    assert ticket(world).assignee_id == world.ids["ben"]
    assert entries(world)[-1] == ("change", "public", {"assignee": ["Sam Sample", "Ben Sample"]})
    assert letters(world) == []  # one's own doing
    with world.database.reading() as session:
        assert session.get(Reading, (world.ids["phones"], world.ids["ben"])) is not None


def test_a_ticket_is_given_to_a_person_or_a_team(world: World) -> None:
    """They hear of it, the giver does not; nobody of another kind can be named."""
    with acting(world) as on:
        working.assign(on, f"staff:{world.ids['ben']}")
    with acting(world) as on:
        working.assign(on, f"team:{world.ids['network']}")
    assert (ticket(world).assignee_id, ticket(world).team_id) == (None, world.ids["network"])
    assert letters(world) == [("assigned", "ben@example.test")] * 2
    for wrong in ("", "staff:0", "team:999", f"staff:{world.ids['jane']}", "x:1", "staff:" + "9" * 30):
        with pytest.raises(Refused) as refused, acting(world) as on:
            working.assign(on, wrong)
        assert refused.value.field == "assignee"


def test_time_is_noted_as_it_is_written(world: World) -> None:
    """Minutes and hours; customers do not see them, and a day is the most."""
    with acting(world) as on:
        working.spend(on, "1h30")
    assert (ticket(world).minutes, entries(world)[-1][2]) == (90, {"time": ["", "90 min"]})
    for wrong in ("x", "0", "25h"):
        with pytest.raises(Refused), acting(world) as on:
            working.spend(on, wrong)


def test_spam_ends_a_ticket_silently(world: World) -> None:
    """No letter, no public entry, and once is enough."""
    with acting(world) as on:
        working.mark_spam(on)
    found = ticket(world)
    assert (found.spam, found.status, found.withdrawal) == (True, "Withdrawn", "Spam")
    assert entries(world)[-1][:2] == ("change", "internal")
    assert letters(world) == []
    with pytest.raises(Refused), acting(world) as on:
        working.mark_spam(on)


def test_an_edit_is_one_entry(world: World) -> None:
    """Whatever changed; the priority follows urgency and impact; what customers are promised is told."""
    with acting(world) as on:
        editing.edit(
            on,
            {
                "title": "  No  calls ", "urgency": "High", "impact": "Company", "site": str(world.ids["site"]),
                "reference": "INC-4471", "needed_by": "3 May 2019", "due": "2019-05-03T15:00",
                "type": "Incident", "service": "Telephones", "item": "box", "status": "Waiting Vendor",
            },
        )  # fmt: skip
    kind, visibility, changes = entries(world)[-1]
    assert (kind, visibility, len(entries(world))) == ("change", "public", 6)
    assert changes == {
        "title": ["Phones down at Blackfriars", "No calls"], "type": ["Query", "Incident"],
        "site": ["", "Blackfriars"], "service": ["", "Telephones"], "item": ["", "box"], "urgency": ["Low", "High"],
        "impact": ["Only Me", "Company"], "priority": ["Low", "Critical"], "your reference": ["", "INC-4471"],
        "needed by": ["", "3 May 2019"], "due": ["", "3 May 2019, 15:00 UTC"],
        "status": ["In Progress", "Waiting Vendor"],
    }  # fmt: skip
    assert letters(world) == [("update", "jane@customer.test")]
    assert ticket(world).reference_key == "inc-4471"


def test_all_faults_of_an_edit_are_told_and_nothing_is_changed(world: World) -> None:
    """Each at its field."""
    wrong = {
        "title": " ", "type": "x", "urgency": "x", "impact": "x", "priority": "x", "site": "1", "due": "yesterday",
        "needed_by": "2019-04-08", "status": "x", "assignee": "x", "contact": "sam@example.test",
        "reference": "r" * 101, "item": "i" * 201,
    }  # fmt: skip
    with pytest.raises(Unfilled) as refused, acting(world) as on:
        editing.edit(on, {**wrong, "service": "Telephones"})
    assert set(refused.value.faults) == set(wrong)
    assert ticket(world).service == ""
    assert len(entries(world)) == 5


def test_items_and_services_are_those_of_the_catalogue(world: World) -> None:
    """By any part of their names; where several fit, they are named; another organisation's are not there."""
    catalogue = Catalogue(
        services=(Service("Telephones"), Service("Secret", organisations=("Private Sample",))),
        items=(Item("SIP trunk 4", "Acme Sample"), Item("SIP trunk 5", "Acme Sample"), Item("Vault", "Private Sample")),
    )
    with acting(world, catalogue=catalogue) as on:
        editing.edit(on, {"service": "telephones", "item": "trunk 4"})
    assert (ticket(world).service, ticket(world).item) == ("Telephones", "SIP trunk 4")
    with pytest.raises(Unfilled) as refused, acting(world, catalogue=catalogue) as on:
        editing.edit(on, {"service": "Secret", "item": "trunk"})
    assert "SIP trunk 4, SIP trunk 5" in refused.value.faults["item"]
    assert set(refused.value.faults) == {"service", "item"}
    with acting(world, catalogue=catalogue) as on:
        editing.edit(on, {"item": "Vault"})  # kept as it was named: nobody learns that there is one
    assert ticket(world).item == "Vault"


def test_a_ticket_gets_another_contact(world: World) -> None:
    """Made where nobody had the address; who it was for takes part on; the organisation follows."""
    with acting(world) as on:
        editing.edit(on, {"contact": "new@elsewhere.test"})
    found = ticket(world)
    assert found.requester_id not in (world.ids["jane"], None)
    assert found.organisation_id is None
    with world.database.reading() as session:
        assert session.get(Participant, (found.id, world.ids["jane"])) is not None
    assert ("received", "new@elsewhere.test") in letters(world)
    ours: dict[str, Any] = {"is_ours": lambda address: address == "service@example.test"}
    for wrong in ("ana@", "ben@example.test", "service@example.test"):
        with pytest.raises(Unfilled), acting(world, **ours) as on:
            editing.edit(on, {"contact": wrong})


def test_an_approval_is_asked_of_a_board_and_of_addresses(world: World) -> None:
    """Each gets one letter, and the ticket waits; asking them again is refused."""
    with acting(world) as on:
        asking.ask(on, "cab", "bob@elsewhere.test, ana@customer.test")
    found = ticket(world)
    assert (found.approval, found.status) == ("Requested", "Waiting Approval")
    assert [one for one in letters(world) if one[0] == "approval"] == [
        ("approval", "ana@customer.test"), ("approval", "bob@elsewhere.test"),
    ]  # fmt: skip
    with world.database.reading() as session:
        assert len(session.scalars(select(Approval).where(Approval.ticket_id == found.id)).all()) == 2
    for board, addresses in (("cab", ""), ("nobody", ""), ("", ""), ("", "x"), ("", "sam@example.test")):
        with pytest.raises(Refused), acting(world) as on:
            asking.ask(on, board, addresses)


@pytest.mark.parametrize("silently", [False, True])
def test_a_note_that_waits_is_shown(world: World, silently: bool) -> None:
    """To all who take part; its author is one of them from then on, unless nobody is to be added."""
    note = pending(world)
    with acting(world) as on:
        lane.show(on, note, silently=silently)
    with world.database.reading() as session:
        assert session.get_one(Event, note).visibility == "public"
        joined = session.get(Participant, (world.ids["phones"], world.ids["max"]))
    assert (joined is None) == silently
    assert (("shared", "max@customer.test") in letters(world)) != silently
    assert ("update", "jane@customer.test") in letters(world)
    with pytest.raises(Refused), acting(world) as on:
        lane.show(on, note, silently=silently)
    with pytest.raises(NotThere), acting(world, number=ticket_number(world, "joined")) as on:
        lane.show(on, note, silently=silently)


def ticket_number(world: World, key: str) -> str:
    """The number of a ticket of the sample desk."""
    with world.database.reading() as session:
        return session.get_one(Ticket, world.ids[key]).number


def test_a_note_becomes_a_ticket_of_its_author(world: World) -> None:
    """With its files; here it is for the desk alone, and cannot become another one."""
    with world.database.transaction() as session:
        add_file(session, world, session.get_one(Event, pending(world)), "plan", "plan.txt", b"plan")
    note = pending(world)
    with acting(world) as on:
        made = structuring.split(on, note, "Another matter")
    found = ticket(world, made.number)
    assert (found.requester_id, found.title, found.status) == (world.ids["max"], "Another matter", "New")
    with world.database.reading() as session:
        assert session.get_one(Event, note).visibility == "internal"
        assert [f.name for f in session.scalars(select(Attachment).where(Attachment.ticket_id == found.id))] == [
            "plan.txt"
        ]  # fmt: skip
        assert session.get_one(TicketLink, (found.id, world.ids["phones"])).kind == "split"
    assert ("received", "max@customer.test") in letters(world)
    for entry_id, title in ((note, "Again"), (note, "")):
        with pytest.raises(Refused), acting(world) as on:
            structuring.split(on, entry_id, title)


def test_a_merged_ticket_goes_on_in_another(world: World) -> None:
    """What waits there moves along, and nothing can be done here any more."""
    other, note = ticket_number(world, "unshared"), pending(world)
    with acting(world) as on:
        assert structuring.merge(on, f"[{other.lower()}]").number == other
    assert ticket(world).merged_into_id == world.ids["unshared"]
    assert ticket(world).status == "Complete"
    with world.database.reading() as session:
        assert session.get_one(Event, note).ticket_id == world.ids["unshared"]
    doings: list[Callable[[Stage], object]] = [
        working.take, working.mark_spam, lambda on: editing.edit(on, {"title": "x"}),
        lambda on: structuring.merge(on, other), lambda on: structuring.child(on, "x"),
        lambda on: structuring.link(on, other), lambda on: asking.ask(on, "cab", ""),
    ]  # fmt: skip
    for do in doings:
        with pytest.raises(Refused), acting(world) as on:
            do(on)
    for wrong in ("x", "T20190409.9999", other):
        with pytest.raises(Refused) as refused, acting(world, number=other) as on:
            structuring.merge(on, wrong)
        assert refused.value.field == "merge"


def test_tickets_are_linked_and_have_tasks(world: World) -> None:
    """In either direction once; a task has no tasks, and a ticket that is done gets none."""
    other = ticket_number(world, "left")
    with acting(world) as on:
        structuring.link(on, other)
    with pytest.raises(Refused), acting(world, number=other) as on:
        structuring.link(on, PHONES)
    with acting(world, number=other) as on:
        structuring.link(on, PHONES, remove=True)
    with pytest.raises(Refused), acting(world) as on:
        structuring.link(on, other, remove=True)
    with acting(world) as on:
        made = structuring.child(on, "Order a switch")
    assert made.number == f"{PHONES}.001"
    for number in (made.number, ticket_number(world, "done")):
        with pytest.raises(Refused), acting(world, number=number) as on:
            structuring.child(on, "More")
    with pytest.raises(Refused) as refused, acting(world) as on:
        editing.edit(on, {"status": "Complete"})  # while its task is open
    assert "belongs to this ticket" in refused.value.said


@pytest.mark.parametrize("who", ["jane", "ana", "max"])
@pytest.mark.feature("F26", "page")
def test_customers_do_nothing_of_the_kind(world: World, who: str) -> None:
    """Nobody who only takes part, or sees it, or knows the number: for all of them there is nothing there."""
    doings: list[Callable[[Stage], object]] = [
        working.take, working.mark_spam, lambda on: working.spend(on, "1h"),
        lambda on: editing.edit(on, {"title": "x"}),
        lambda on: structuring.merge(on, PHONES), lambda on: structuring.child(on, "x"),
        lambda on: structuring.split(on, pending(world), "x"), lambda on: lane.show(on, pending(world), silently=True),
        lambda on: asking.ask(on, "cab", ""), lambda on: working.give_to(on, on.staff[world.ids["ben"]]),
    ]  # fmt: skip
    for do in doings:
        with pytest.raises(NotThere), acting(world, who) as on:
            do(on)
    if who == "max":  # without access there is not even a note to write
        with pytest.raises(NotThere), acting(world, who) as on:
            entry.write(on, "Let me in.")
    assert len(entries(world)) == 5


def test_held_mail_is_decided_about(world: World) -> None:
    """Taken up with a wish, or put away with a reason; who did it, and what it was before, is kept."""
    desk = desk_of(world)
    with world.database.transaction() as session:
        first, second, third = (add_mail(session, world, "held") for _ in range(3))
        noted = add_mail(session, world, "noted")
    assert mail.decide(desk, [first], "accept", START, by="Sam") == mail.Done(1, 0)
    assert mail.decide(desk, [second], "attach", START, by="Sam", number=f"[{PHONES.lower()}]") == mail.Done(1, 0)
    assert mail.decide(desk, [third, first, noted], "discard", START, by="Sam", why="A test\0.") == mail.Done(1, 2)
    assert mail.decide(desk, [noted], "replay", START, by="Sam") == mail.Done(0, 1)  # it would have its effect twice
    with world.database.reading() as session:
        wishes = [session.get_one(ReceivedMail, one) for one in (first, second, third)]
        assert [(one.wish, one.waiting) for one in wishes] == [("ticket", True), (PHONES, True), (None, False)]
        assert {one.earlier[0]["by"] for one in wishes} == {"Sam"}
        put_away = session.get_one(Disposition, third)
        assert (put_away.kind, put_away.rule, put_away.reason) == ("ignored", "discarded", "Discarded by Sam: A test.")
        assert session.get_one(Tally, "held").value == 0
    for act, mails, number in (
        ("x", [third], ""),
        ("accept", [], ""),
        ("attach", [third], "T1"),
        ("attach", [third], "T20190409.9999"),
    ):
        with pytest.raises(Refused):
            mail.decide(desk, mails, act, START, by="Sam", number=number)
    assert mail.decide(desk, [third], "accept", START, by="Sam") == mail.Done(1, 0)


def test_letters_are_tried_again_or_not_sent(world: World) -> None:
    """What waits, now; what may not have arrived, once more; with a reason, not at all. Who did it stands there."""
    desk = desk_of(world)
    with world.database.transaction() as session:
        waits, refused = (
            add_letter(session, world, "waiting"),
            add_letter(session, world, "refused", ("refused", "550")),
        )
        sent = add_letter(session, world, "sent", ("sent", "250"))
        muted = add_letter(session, world, "suppressed", recipient="gone@customer.test")
        mute(session, world, "gone@customer.test")
    assert mail.letters(desk, [waits, sent], "retry", START, by="Sam") == mail.Done(1, 1)
    assert mail.letters(desk, [refused], "again", START, by="Sam") == mail.Done(1, 0)
    assert mail.letters(desk, [waits], "drop", START, by="Sam", why="Written by mistake") == mail.Done(1, 0)
    with world.database.reading() as session:
        said = session.scalars(
            select(Delivery.reply).where(Delivery.outbox_id.in_((waits, refused))).order_by(Delivery.id)
        )
        assert list(said) == ["550", "by Sam; it was waiting", "by Sam; it was refused", "by Sam: Written by mistake"]
        assert session.get_one(Outbox, refused).state == "waiting"
    for act, ids, why in (("drop", [refused], " "), ("retry", [], ""), ("x", [refused], ""), ("again", [muted], "")):
        with pytest.raises(Refused):
            mail.letters(desk, ids, act, START, by="Sam", why=why)
    assert mail.lift(desk, " Gone@Customer.Test ", START, by="Sam")
    assert not mail.lift(desk, "gone@customer.test", START, by="Sam")
    with world.database.reading() as session:
        assert session.scalars(select(Suppression.reason)).one() == "550 no such user Lifted by Sam."
    assert mail.letters(desk, [muted], "again", START, by="Sam") == mail.Done(1, 0)


def logged(world: World, **wanted: Any) -> list[int]:
    """The ids of a page of the log."""
    with world.database.reading() as session:
        return [row.id for row in mail_log.page(session, mail_log.Wanted(**wanted), None).rows]


def fill_log(world: World) -> dict[str, int]:
    """One mail of several kinds, a minute apart, with sender and subject."""
    made = {}
    with world.database.transaction() as session:
        for minute, kind in enumerate(("opened", "noted", "held", "ignored", "waiting")):
            more = {} if kind == "waiting" else {"sender": f"{kind}@Customer.test", "subject": f"Über 100 % {kind}"}
            ticket_id = {"ticket_id": world.ids["phones"]} if kind == "noted" else {}
            made[kind] = add_mail(session, world, kind, at=START + timedelta(minutes=minute), **more, **ticket_id)
        made["discarded"] = add_mail(session, world, "ignored", rule="discarded", at=START + timedelta(days=1))
    return made


def test_the_log_finds_mail_by_whatever_is_known_of_it(world: World) -> None:
    """Kind, sender, subject, ticket and day, each alone and together; signs of LIKE are plain signs."""
    check_log(world)


def check_log(world: World) -> None:
    """The same, on whatever database."""
    made = fill_log(world)
    assert logged(world) == [made[kind] for kind in ("discarded", "waiting", "ignored", "held", "noted", "opened")]
    for kind in ("opened", "noted", "held", "waiting", "discarded"):
        assert logged(world, kind=kind) == [made[kind]]
    assert logged(world, kind="ignored") == [made["discarded"], made["ignored"]]
    assert logged(world, sender="NOTED@customer") == [made["noted"]]
    assert logged(world, sender="bounce@", kind="waiting") == [made["waiting"]]  # nobody has read who wrote it
    assert logged(world, subject="über 100 % h") == ([] if world.database.engine.name == "sqlite" else [made["held"]])
    assert logged(world, subject="Über 100 % h") == [made["held"]]
    assert logged(world, subject="100_%") == []
    assert logged(world, number=PHONES) == [made["noted"]]
    assert logged(world, number=PHONES, sender="x") == []
    assert logged(world, number="T20190409.9999") == []
    assert logged(world, since=START + timedelta(hours=1)) == [made["discarded"]]
    assert logged(world, kind="noted", until=START + timedelta(minutes=1)) == []
    with world.database.reading() as session:
        assert mail_log.one(session, 2**70, START) is None
        found = mail_log.one(session, made["noted"], START)
        assert found is not None
        assert (found.logged.ticket, found.logged.became) == (PHONES, "noted")


def test_pages_go_on_where_the_last_one_ended(world: World) -> None:
    """None twice, none left out, also among mails of one moment; a search goes through the log a stretch at a time."""
    with world.database.transaction() as session:
        mails = [add_mail(session, world, "noted", subject=f"Mail {n}") for n in range(120)]
    found: list[int] = []
    place = None
    with world.database.reading() as session:
        for _ in range(3):
            page = mail_log.page(session, mail_log.Wanted(kind="noted"), place)
            found += [row.id for row in page.rows]
            place = walking.place(str(page.next)) if page.next else None
        assert (found, place) == (mails[::-1], None)
        first = mail_log.page(session, mail_log.Wanted(subject="Mail 7"), None, stretch=100)
        assert first.searched == START
        rest = mail_log.page(session, mail_log.Wanted(subject="Mail 7"), first.next, stretch=100)
    numbers = [row.subject for row in (*first.rows, *rest.rows)]
    assert numbers == [*(f"Mail {n}" for n in range(79, 69, -1)), "Mail 7"]
    assert rest.next is None
    for wrong in ("", "x", "1-2-3", "9" * 40, "-5"):
        assert walking.place(wrong) is None


def test_letters_are_listed_by_state(world: World) -> None:
    """Those that wait by their next try; what came back says so."""
    with world.database.transaction() as session:
        late = add_letter(session, world, "waiting", next_at=START + timedelta(days=1))
        soon = add_letter(session, world, "waiting", ("deferred", "451"))
        back = add_letter(session, world, "refused", ("sent", "250"), ("bounced", "550"), ticket_id=world.ids["phones"])

    def shown(**wanted: Any) -> list[tuple[int, str]]:
        with world.database.reading() as session:
            rows, _ = letter_list.page(session, letter_list.Wanted(**wanted), None, 50, START)
            return [(row.id, row.outcome) for row in rows]

    assert shown(state="waiting") == [(late, "waiting")]
    assert shown(state="deferred") == [(soon, "deferred")]
    assert shown(state="trouble") == shown(state="refused") == shown(ticket=PHONES) == [(back, "bounced")]
    assert shown(to="JANE@customer.test") == [(back, "bounced"), (soon, "deferred"), (late, "waiting")]
    assert shown(state="sent") == []


@pytest.mark.peer
def test_the_same_on_postgresql(tmp_path: Path) -> None:
    """A ticket's whole way through the hands of staff, and the log."""
    with Postgres() as server:
        database = Database(server.fresh_database())
        Base.metadata.create_all(database.engine)
        seed(database)
        world = fill(World(database, FolderBlobs(tmp_path), Clock()))
        try:
            more(world)
            test_an_edit_is_one_entry(world)
            test_a_note_becomes_a_ticket_of_its_author(world)
            test_tickets_are_linked_and_have_tasks(world)
            with world.database.transaction() as session:
                found = session.get_one(Ticket, world.ids["phones"])
                add_event(session, world, found, "Of somebody", visibility="pending", contact_id=world.ids["max"])
            test_a_merged_ticket_goes_on_in_another(world)
            check_log(world)
            test_letters_are_tried_again_or_not_sent(world)
        finally:
            world.close()
