"""Tickets that people open otherwise than by mail: for themselves, for others, for customers, and without sign-in."""

import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import BinaryIO

import pytest
from sqlalchemy import func, select

from desk.access import Person
from desk.acting import opening, public
from desk.acting.opening import Opened, open_ticket
from desk.acting.rules import Desk, NotThere, Refused
from desk.acting.wish import NewPerson, Unfilled, Wish
from desk.caps import Caps
from store.blobs import FolderBlobs
from store.database import Database
from store.tables import Attachment, Contact, Event, Organisation, Outbox, Participant, Reading, Ticket
from tests.desk.opened import furnish, letters, newest, rules
from tests.gateway import rendering
from tests.gateway.rendering import words
from tests.portal.world import Clock, World, build, fill

QUERY = Wish(kind="Query", title="Where is the form?", text="I cannot find it.", reference="INC-1", once="one")
INCIDENT = Wish(
    kind="Incident", title="No calls", text="Since noon.", urgency="High", impact="Company", item="SIP trunk 4",
    reference="INC-2", once="two",
)  # fmt: skip
CHANGE = Wish(
    kind="Change Request", title="A list", text="For the choir.", item="not sure", reference="C-3", once="three",
    service="Mail / Distribution list", needed_by="2019-05-03", answers=("choir@customer.test", "members"),
)  # fmt: skip
STRANGER = Wish(
    kind="Query", title="Locked out", text="The words of a stranger.", service="Password", contact="New@elsewhere.test",
    name="Nora New", once="four",
)  # fmt: skip


class Chosen:
    """A file as a form brings it."""

    def __init__(self, name: str, data: bytes = b"some bytes", declared_type: str = "text/plain") -> None:
        self.name, self.size, self.declared_type = name, len(data), declared_type
        self.file: BinaryIO = io.BytesIO(data)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """The sample desk on SQLite alone."""
    made = build(tmp_path)
    yield made
    made.close()


@pytest.fixture
def sample(database: Database, tmp_path: Path) -> World:
    """The sample desk on each kind of database."""
    return furnish(fill(World(database, FolderBlobs(tmp_path / "blobs"), Clock())))


def person_of(world: World, name: str) -> Person:
    """Somebody as a signed-in visitor is seen."""
    if name == "sam":
        return Person(staff_id=world.ids["sam"])
    return Person(contact_id=world.ids[name])


def desk_of(world: World, **changes: object) -> Desk:
    """Where they act."""
    return Desk(world.database, world.blobs, rules(**changes))  # type: ignore[arg-type]


def ask(world: World, name: str, wish: Wish, *files: Chosen, **changes: object) -> Opened:
    """Somebody sends the form."""
    return open_ticket(desk_of(world, **changes), person_of(world, name), wish, files, world.clock())


def refused(world: World, name: str, wish: Wish, **changes: object) -> dict[str, str]:
    """What the form says to somebody who is refused, by field; nothing was opened."""
    before = count(world)
    with pytest.raises(Refused) as caught:
        ask(world, name, wish, **changes)
    assert count(world) == before
    faults = caught.value.faults if isinstance(caught.value, Unfilled) else {caught.value.field: caught.value.said}
    return {field: str(said) for field, said in faults.items()}


def count(world: World) -> int:
    """How many tickets there are."""
    with world.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Ticket)) or 0


@pytest.mark.peer
def test_an_incident_has_all_that_the_form_says(sample: World) -> None:
    """Number, source, priority by urgency and impact, item, team, reference, due words, receipt, staff letter."""
    opened = ask(sample, "jane", INCIDENT)
    ticket = newest(sample)
    assert (ticket.number, ticket.source, ticket.priority) == (opened.number, "Portal", "Critical")
    assert (ticket.item, ticket.customer_reference, ticket.reference_key) == ("SIP trunk 4", "INC-2", "inc-2")
    assert ticket.team_id == sample.ids["Network"]  # the item leads there
    assert ticket.organisation_id == sample.ids["acme"]
    kinds = letters(sample, ticket)
    assert [(kind, to) for kind, to, _ in kinds] == [
        ("received", "jane@customer.test"), ("new_ticket", "sam@example.test"),
    ]  # fmt: skip
    assert kinds[0][2]["echo"] is True
    assert kinds[0][2]["opened_by"] == ""
    assert {"Urgency", "Impact"} <= set(kinds[0][2]["said"])  # the receipt says of neither that nobody said it
    with sample.database.reading() as session:
        entry = session.scalars(select(Event).where(Event.ticket_id == ticket.id)).one()
    assert (entry.text, entry.contact_id, entry.verified) == ("Since noon.", sample.ids["jane"], True)


@pytest.mark.peer
def test_a_change_has_its_day_its_service_and_its_answers(sample: World) -> None:
    """Follow-up answers by their question, a choice as the catalogue writes it; “not sure” is an item as by mail."""
    ask(sample, "jane", replace(CHANGE, system="the box in the  lift lobby", site_id=sample.ids["Harbour"]))
    ticket = newest(sample)
    assert (ticket.type, ticket.service, ticket.needed_by) == (
        "Change Request", "Mail / Distribution list", date(2019, 5, 3),
    )  # fmt: skip
    assert ticket.item == "not sure, the box in the lift lobby"
    assert ticket.answers == {"Address of the list": "choir@customer.test", "Who may write to it": "Members"}
    assert ticket.site_id == sample.ids["Harbour"]


@pytest.mark.peer
def test_the_same_form_twice_opens_one_ticket(sample: World) -> None:
    """A second press finds the ticket of the first; with other words, or by somebody else, it is another one."""
    first = ask(sample, "jane", QUERY)
    before = count(sample)
    assert ask(sample, "jane", QUERY).number == first.number
    assert count(sample) == before
    assert ask(sample, "jane", replace(QUERY, title="Something else")).number != first.number
    assert ask(sample, "jane", QUERY, Chosen("forgotten.txt")).number != first.number
    assert ask(sample, "ana", QUERY).number != first.number
    assert ask(sample, "jane", replace(QUERY, once="")).number != ask(sample, "jane", replace(QUERY, once="")).number


@pytest.mark.peer
def test_the_same_form_at_the_same_moment_opens_one_ticket(sample: World) -> None:
    """However many threads bring it, signed in or not, from a known address or a new one."""
    before = count(sample)
    desk, known = desk_of(sample), replace(STRANGER, contact="zoe@customer.test")
    sendings: list[Callable[[], object]] = [lambda: ask(sample, "jane", QUERY)] * 4
    sendings += [partial(public.ask, desk, wish, "192.0.2.1", sample.clock()) for wish in (STRANGER, known)] * 4
    with ThreadPoolExecutor(12) as threads:
        for sent in [threads.submit(sending) for sending in sendings]:
            sent.result()
    assert count(sample) == before + 3


def test_every_fault_is_told_at_once(world: World) -> None:
    """Each at its field; a title, a text or a reference that is too long too."""
    furnish(world)
    empty = replace(INCIDENT, title="", text="", urgency="", impact="", item="", reference="", people="ana@")
    assert refused(world, "jane", empty) == {
        "title": "Enter a title",
        "description": "Enter a description",
        "urgency": "Select how urgent your request is",
        "impact": "Select who is impacted",
        "item": "Select the item affected, or “Not sure”",
        "reference": "Enter your reference",
        "people": "“ana@” is not a complete e-mail address",
    }
    assert refused(world, "jane", replace(QUERY, title="x" * 201, text="y" * 8214, reference="z" * 101)) == {
        "title": "Title must be 200 characters or fewer",
        "description": "Description must be 8,000 characters or fewer (it is 8,214)",
        "reference": "Customer reference must be 100 characters or fewer (it is 101)",
    }
    assert refused(world, "jane", replace(CHANGE, answers=("", "Nobody"))) == {
        "answer0": "Enter an answer to “Address of the list”",
        "answer1": "Select an answer to “Who may write to it”",
    }
    assert refused(world, "jane", replace(QUERY, kind="Order")) == {"type": "Select what kind of request it is"}


@pytest.mark.parametrize(
    "typed, said",
    [
        ("", "Enter the required date, like 3 May 2020"),
        ("2019-02-31", "Required date must be a real date, like 3 May 2020"),
        ("soon", "Required date must be a real date, like 3 May 2020"),
        ("2019-04-08", "Required date must be today or later"),
        ("9999-12-31", "Required date must be a real date, like 3 May 2020"),
    ],
)
def test_a_required_date_is_a_day_to_come(world: World, typed: str, said: str) -> None:
    """Today will do."""
    furnish(world)
    assert refused(world, "jane", replace(CHANGE, needed_by=typed)) == {"needed_by": said}
    ask(world, "jane", replace(CHANGE, needed_by="09/04/2019"))
    assert newest(world).needed_by == date(2019, 4, 9)


def test_ids_of_a_form_are_looked_up_under_the_visitors_rights(world: World) -> None:
    """A site, a service or an item of another organisation is none; its item's name stays mere words."""
    furnish(world)
    assert refused(world, "max", replace(QUERY, site_id=world.ids["Harbour"])) == {"site": "Select a site"}
    assert refused(world, "jane", replace(QUERY, service="Vault")) == {"service": "This service is not offered to you"}
    ask(world, "max", replace(INCIDENT, item="SIP trunk 4"))
    assert newest(world).team_id == world.ids["Service Desk"]
    ask(world, "max", replace(QUERY, service="Vault"))
    assert newest(world).service == "Vault"


def test_a_part_of_a_name_that_fits_several_items_is_asked_about(world: World) -> None:
    """As by mail; a serial number will do."""
    furnish(world)
    fault = refused(world, "jane", replace(INCIDENT, item="te"))
    assert fault == {"item": "Item “te” fits several: Edge router 2, Lift telephone. Write more of one of them."}
    ask(world, "jane", replace(INCIDENT, item="s-77"))
    assert newest(world).item == "SIP trunk 4"


def test_a_colleague_may_be_the_contact(world: World) -> None:
    """The ticket is theirs, they get the receipt, and whoever asked takes part; an outsider cannot be named."""
    furnish(world)
    opened = ask(world, "jane", replace(QUERY, contact="Ana@customer.test"))
    ticket = newest(world)
    assert opened.for_another
    assert ticket.requester_id == world.ids["ana"]
    (receipt, *_) = letters(world, ticket)
    assert (receipt[0], receipt[1], receipt[2]["opened_by"]) == ("received", "ana@customer.test", "Jane Sample")
    with world.database.reading() as session:
        assert session.get(Participant, (ticket.id, world.ids["jane"])) is not None
    for other in ("max@customer.test", "nobody@customer.test"):
        fault = refused(world, "jane", replace(QUERY, contact=other))
        assert fault == {"contact": f"Contact “{other}”: this person is not known here."}
    with world.database.transaction() as session:
        session.get_one(Contact, world.ids["ana"]).deactivated_at = world.clock()
    fault = refused(world, "jane", replace(QUERY, contact="ana@customer.test"))
    assert fault == {"contact": "Contact “ana@customer.test”: this person is not active."}


def test_an_admin_user_adds_a_new_person(world: World) -> None:
    """Known, of the organisation, with both names; for a Standard user the address is one that nobody has."""
    furnish(world)
    new = NewPerson("Rosa Maria", "de la Cruz", "rosa@customer.test")
    ask(world, "ana", replace(QUERY, new_person=new))
    with world.database.reading() as session:
        made = session.get_one(Contact, newest(world).requester_id)
    assert (made.first_name, made.last_name, made.name) == ("Rosa Maria", "de la Cruz", "Rosa Maria de la Cruz")
    assert (made.known, made.organisation_id) == (True, world.ids["acme"])
    fault = refused(world, "jane", replace(QUERY, new_person=replace(new, address="tom@customer.test")))
    assert fault == {"contact": "Contact “tom@customer.test”: this person is not known here."}
    assert refused(world, "ana", replace(QUERY, new_person=NewPerson("Rosa", "", ""))) == {
        "last_name": "Enter a last name",
        "email": "Enter an e-mail address",
    }
    taken = refused(world, "ana", replace(QUERY, new_person=replace(new, address="JANE@customer.test")))
    assert taken == {"email": "A person with this e-mail address already exists"}
    # Whose people another organisation has is not told.
    foreign = refused(world, "ana", replace(QUERY, new_person=replace(new, address="MAX@customer.test")))
    assert foreign == {"email": "This address cannot be used here; ask the desk to add it."}


@pytest.mark.peer
def test_staff_open_a_ticket_for_a_customer(sample: World) -> None:
    """By telephone; the customer hears who opened it, whoever opened it gets no letter; strangers are added."""
    ask(sample, "sam", replace(INCIDENT, contact="jane@customer.test", reference="", source="Phone"))
    ticket = newest(sample)
    assert (ticket.source, ticket.requester_id) == ("Phone", sample.ids["jane"])
    ((kind, to, context),) = letters(sample, ticket)
    assert (kind, to, context["opened_by"]) == ("received", "jane@customer.test", "Sam Sample")
    with sample.database.reading() as session:
        assert session.get(Reading, (ticket.id, sample.ids["sam"])) is not None
        entry = session.scalars(select(Event).where(Event.ticket_id == ticket.id)).one()
    assert entry.staff_id == sample.ids["sam"]
    assert ticket.first_answered_at is None
    ask(sample, "sam", replace(QUERY, contact="tom@elsewhere.test", name="Tom Elsewhere", source="Portal"))
    ticket = newest(sample)
    assert ticket.source == "Portal"
    with sample.database.reading() as session:
        assert session.get_one(Contact, ticket.requester_id).known
    assert refused(sample, "sam", QUERY) == {"contact": "Enter an e-mail address"}
    ours = refused(sample, "sam", replace(QUERY, contact="sam@example.test"))
    assert ours == {"contact": "Contact “sam@example.test” is an address of the desk."}


def test_additional_contacts_take_part_and_get_the_receipt(world: World) -> None:
    """Names and addresses as a mail program writes them; somebody new is made, an address of the desk is refused."""
    furnish(world)
    people = (
        'Ana Sample <ana@customer.test>; "Tom, Elsewhere" <tom@elsewhere.test>, jane@customer.test\nzoe@customer.test'
    )
    ask(world, "jane", replace(QUERY, people=people.replace('"Tom, Elsewhere"', "Tom")))
    ticket = newest(world)
    told = sorted(to for kind, to, _ in letters(world, ticket) if kind == "received")
    assert told == ["ana@customer.test", "jane@customer.test", "tom@elsewhere.test", "zoe@customer.test"]
    fault = refused(world, "jane", replace(QUERY, people="service@example.test"))
    assert fault == {"people": "“service@example.test” is an address of the desk"}
    many = "; ".join(f"p{n}@elsewhere.test" for n in range(21))
    assert refused(world, "jane", replace(QUERY, people=many)) == {"people": "Enter 20 additional contacts or fewer"}


def test_files_are_kept_and_those_refused_are_told(world: World) -> None:
    """The ticket is opened with the others, and the receipt names what is missing, as by mail."""
    furnish(world)
    opened = ask(world, "jane", QUERY, Chosen("plan.txt"), Chosen("setup.exe"))
    assert [str(said) for said in opened.refused] == ["setup.exe is a type of file we do not accept"]
    ticket = newest(world)
    with world.database.reading() as session:
        (file,) = session.scalars(select(Attachment).where(Attachment.ticket_id == ticket.id)).all()
    assert (file.name, world.blobs.read(file.digest)) == ("plan.txt", b"some bytes")
    assert letters(world, ticket)[0][2]["notes"] != []


def test_some_leave_new_tickets_to_others(world: World) -> None:
    """By their organisation; and whoever was deactivated meanwhile is nobody."""
    with world.database.transaction() as session:
        session.get_one(Organisation, world.ids["acme"]).may_create = False
    assert refused(world, "jane", QUERY) == {"": str(opening.NOT_YOURS)}
    with world.database.transaction() as session:
        session.get_one(Contact, world.ids["jane"]).deactivated_at = world.clock()
    with pytest.raises(NotThere):
        ask(world, "jane", QUERY)


def test_nobody_opens_more_tickets_than_a_mail_could(world: World) -> None:
    """Counted in two hours, also in a colleague's name; staff may go on. No more receipts than mails to one address."""
    furnish(world)
    few = {"caps": Caps(new_tickets_per_sender=4)}
    ask(world, "ana", replace(QUERY, once="a"), **few)
    for n in range(3):
        ask(world, "ana", replace(QUERY, once=f"b{n}"), **few)
    assert "within two hours" in refused(world, "ana", replace(QUERY, once="c"), **few)[""]
    named = replace(QUERY, once="d", contact="ana@customer.test")
    assert "Ana Sample has 4 new tickets" in refused(world, "jane", named, **few)["contact"]
    ask(world, "sam", named, **few)
    world.clock.forward(hours=3)
    ask(world, "ana", replace(QUERY, once="e"), **few)
    opened = ask(world, "ana", replace(QUERY, once="f"), caps=Caps(automatic_letters_per_day=2))
    assert not opened.told


@pytest.mark.peer
def test_a_stranger_asks_for_a_public_service(sample: World) -> None:
    """A contact whom nobody knows, words that nothing proves, a receipt that repeats none of them."""
    assert public.ask(desk_of(sample), STRANGER, "192.0.2.1", sample.clock()) is None
    ticket = newest(sample)
    assert (ticket.service, ticket.source, ticket.organisation_id) == ("Password", "Portal", None)
    with sample.database.reading() as session:
        made = session.get_one(Contact, ticket.requester_id)
        entry = session.scalars(select(Event).where(Event.ticket_id == ticket.id)).one()
        receipt = session.scalars(select(Outbox).where(Outbox.ticket_id == ticket.id, Outbox.kind == "received")).one()
    assert (made.known, made.name, entry.verified) == (False, "Nora New", False)
    assert (receipt.first_receipt, receipt.context["echo"]) == (True, False)
    before = count(sample)
    assert public.ask(desk_of(sample), STRANGER, "192.0.2.1", sample.clock()) is None
    assert count(sample) == before  # sent twice
    again = replace(STRANGER, once="five")
    assert public.ask(desk_of(sample), again, "192.0.2.1", sample.clock()) is None
    assert [kind for kind, _, _ in letters(sample, newest(sample))] == ["new_ticket"]  # one receipt in an hour


@pytest.mark.peer
def test_many_strangers_are_told_to_staff_together(sample: World) -> None:
    """By the form as by mail: above the measure their letters wait for company."""
    for n in range(3):
        asked = replace(STRANGER, once=f"many{n}", contact=f"new{n}@elsewhere.test")
        desk = desk_of(sample, caps=Caps(stranger_letters_per_hour=2))
        assert public.ask(desk, asked, "192.0.2.1", sample.clock()) is None
    with sample.database.reading() as session:
        rows = (
            select(Outbox.state)
            .where(Outbox.kind == "new_ticket", Outbox.recipient == "sam@example.test")
            .order_by(Outbox.id)
        )
        assert session.scalars(rows).all() == ["waiting", "waiting", "gathered"]


def test_a_known_address_is_answered_like_a_strangers(world: World) -> None:
    """It is that contact's ticket, unproven; the same services, the same limits, no word of who they are."""
    furnish(world)
    wish = replace(STRANGER, contact="jane@customer.test")
    assert public.ask(desk_of(world), wish, "192.0.2.1", world.clock()) is None
    ticket = newest(world)
    assert ticket.requester_id == world.ids["jane"]
    assert letters(world, ticket)[0][2]["echo"] is False
    with pytest.raises(Refused):
        public.ask(desk_of(world), replace(wish, service="Network"), "192.0.2.1", world.clock())
    with pytest.raises(Unfilled) as caught:
        public.ask(desk_of(world), replace(wish, name="", contact="jane@"), "192.0.2.1", world.clock())
    assert {"name", "contact"} == set(caught.value.faults)


@pytest.mark.parametrize("known", ["jane@customer.test", "nobody@elsewhere.test"])
def test_requests_without_sign_in_are_limited(world: World, known: str) -> None:
    """By address and by place, alike for people who are known here and others."""
    furnish(world)
    desk, wish = desk_of(world), replace(STRANGER, contact=known)

    def send(n: int, peer: str = "192.0.2.1") -> public.Wait | None:
        return public.ask(desk, replace(wish, once=str(n)), peer, world.clock())

    assert [send(n, f"192.0.2.{n}") for n in range(5)] == [None] * 5
    assert send(6, "192.0.2.99") == public.Wait(60)
    world.clock.forward(hours=1, minutes=1)
    assert send(7) is None

    def others(n: int) -> public.Wait | None:
        other = replace(STRANGER, contact=f"x{n}@elsewhere.test", once=f"x{n}")
        return public.ask(desk, other, "192.0.2.1", world.clock())

    assert [others(n) for n in range(9)] == [None] * 9
    assert others(10) == public.Wait(10)
    world.clock.now += timedelta(minutes=11)
    assert others(11) is None


@pytest.mark.feature("F105", "page")
def test_the_letters_say_what_the_form_said(world: World) -> None:
    """The receipt with its facts and no word of guessing; who opened it for whom; a stranger's words are in none."""
    furnish(world)
    ask(world, "jane", INCIDENT, Chosen("setup.exe"))
    receipt = words(letters_as_read(world, "received")[-1])
    for said in ("No calls", "SIP trunk 4", "INC-2", "High", "setup.exe is a type of file we do not accept"):
        assert said in receipt
    assert "nobody said" not in receipt
    ask(world, "sam", replace(QUERY, contact="jane@customer.test", source="Phone"))
    assert "Sam Sample opened this ticket for you after your call." in words(letters_as_read(world, "received")[-1])
    public.ask(desk_of(world), STRANGER, "192.0.2.1", world.clock())
    strange = words(letters_as_read(world, "received")[-1])
    assert newest(world).number in strange
    for theirs in ("Locked out", "The words of a stranger", "Nora"):
        assert theirs not in strange
    told = words(letters_as_read(world, "new_ticket")[-1])
    assert "It came by the form for people who have not signed in" in told


def letters_as_read(world: World, kind: str) -> list[EmailMessage]:
    """The letters of a kind, as their readers get them."""
    return rendering.letters(world, kind)  # type: ignore[arg-type]  # a world of pages has all that it needs
