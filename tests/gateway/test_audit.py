"""The audit log by mail: what staff and Admin users do has its row; what customers write is in the ledger alone."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import event, select, update

from desk import audit_log
from desk.audit_log import Wanted
from store.tables import Audit, Contact, Event
from tests.gateway import desk_world as sample
from tests.gateway.commands.by_mail import confirm, reply
from tests.gateway.desk_world import ANN, KIM, SAM, People, World


def rows(world: World) -> list[Audit]:
    """All of the log, oldest first."""
    return world.all(select(Audit).order_by(Audit.at, Audit.id))


def statements(world: World, act: Callable[[], Any]) -> list[str]:
    """What the database was asked to do meanwhile."""
    found: list[str] = []

    def note(*said: Any) -> None:
        found.append(said[2])

    event.listen(world.database.engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(world.database.engine, "before_cursor_execute", note)
    return found


def test_a_customers_mail_costs_no_statement(world: World, people: People) -> None:
    """New or an answer: the ledger says it, and reading the log shows it from there."""

    def come() -> None:
        world.take(sample.mail(KIM, "Printer", "It is out of paper."))
        world.take(reply(people, "One more thing."))

    assert not [one for one in statements(world, come) if "audit" in one]
    assert rows(world) == []
    with world.database.reading() as session:
        page = audit_log.page(session, Wanted(), None)
    assert [(line.act, line.who, line.way) for line in page.lines] == [
        ("mail.noted", ANN, "mail"), ("mail.opened", KIM, "mail")
    ]  # fmt: skip


def test_what_staff_do_has_a_row_each_in_one_statement(world: World, people: People) -> None:
    """With the mail that asked for it and the entry that says the rest, however many mails are handled together."""
    taken = world.send(reply(people, "#take", SAM))
    said = world.send(reply(people, "We look at it.", SAM))
    asked = statements(world, world.handle)
    assert sum("INTO audit" in one for one in asked) == 1
    with world.database.reading() as session:
        pages = [audit_log.page(session, Wanted(act=act), None).lines for act in ("", "mail")]
    assert [[line.act for line in lines] for lines in pages] == [["ticket.noted", "ticket.changed"], []]
    found = rows(world)
    assert [(row.act, row.received_id) for row in found] == [("ticket.changed", taken), ("ticket.noted", said)]
    for row in found:
        assert (row.way, row.staff_id, row.kind, row.object_id) == ("mail", people.staff[SAM], "ticket", people.ticket)
        assert row.event_id in {one.id for one in world.all(select(Event))}


def test_what_an_admin_user_does_about_people(world: World, people: People) -> None:
    """Once it is confirmed, in their name; asking alone is no act."""
    with world.database.transaction() as session:
        session.execute(update(Contact).where(Contact.id == people.contacts[ANN]).values(level="Admin User"))
    world.take(sample.mail(ANN, f"#people activate {KIM}", "", verdict="pass"))
    assert rows(world) == []
    confirm(world, ANN)
    (row,) = rows(world)
    assert (row.act, row.kind, row.object_id) == ("access.granted", "contact", people.contacts[KIM])
    assert (row.way, row.contact_id, row.staff_id) == ("mail", people.contacts[ANN], None)
    assert row.received_id is not None


def test_lists_that_leave_by_mail(world: World, people: People) -> None:
    """A list of people or tickets that goes out as a file is noted where it is asked for."""
    with world.database.transaction() as session:
        session.execute(update(Contact).where(Contact.id == people.contacts[ANN]).values(level="Admin User"))
    world.take(sample.mail(ANN, "#people export", "", verdict="pass"))
    world.take(sample.mail(ANN, "#export open", "", verdict="pass"))
    assert [row.act for row in rows(world)] == ["export.people", "export.tickets"]
