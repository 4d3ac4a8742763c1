"""What is kept for so many days and no longer; and what stays: counts, keys, what waits, what others still need."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from desk import held, old_tickets, retention
from desk.retention import Gone
from gateway.spool import INLINE
from store.tables import (
    Alert,
    Approval,
    Attachment,
    Delivery,
    Disposition,
    Event,
    ImportRun,
    KnownMessage,
    MailKey,
    Outbox,
    Participant,
    Pending,
    RawMail,
    Reading,
    ReceivedMail,
    Ticket,
    TicketLink,
)
from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ANN, EVE, NOW, PAT, SAM, People, World, mail

YEAR = timedelta(days=365)
BEFORE = NOW - timedelta(days=30)
FILE = b"%PDF-1.4 some bytes"
LATER = datetime(2100, 1, 1, tzinfo=UTC)


def forget(world: World, rule: Any, *words: Any) -> Gone:
    """One step, in a transaction of its own."""
    with world.database.transaction() as session:
        found: Gone = rule(session, *words)
    return found


def letter(world: World, people: People, done: datetime | None, **values: Any) -> int:
    """A letter, and one attempt to send it."""
    known = {"kind": "update", "recipient": ANN, "next_at": NOW, "created_at": NOW - YEAR, "ticket_id": people.ticket}
    known |= {"state": "sent" if done else "waiting", "done_at": done} | values
    with world.database.transaction() as session:
        made = Outbox(id=world.database.ids.next(), **known)
        session.add(made)
        session.flush()
        session.add(Delivery(id=world.database.ids.next(), outbox_id=made.id, at=NOW, result="sent"))
        return made.id


def test_letters(world: World, people: People) -> None:
    """Old ones that are done go, with their attempts; what still waits stays, however old."""
    letter(world, people, BEFORE - timedelta(days=1))
    kept = [letter(world, people, BEFORE + timedelta(days=1)), letter(world, people, None)]
    assert forget(world, retention.letters, BEFORE).count == 1
    assert sorted(row.id for row in world.letters()) == sorted(kept)
    assert sorted(world.all(select(Delivery.outbox_id))) == sorted(kept)
    assert forget(world, retention.letters, BEFORE).count == 0


def test_a_batch_at_a_time(world: World, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are."""
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    for _ in range(5):
        letter(world, people, BEFORE - timedelta(days=1))
    assert [forget(world, retention.letters, BEFORE).count for _ in range(4)] == [2, 2, 1, 0]


def test_mails(world: World, people: People) -> None:
    """The bytes go; that the mail came, what became of it, and the key by which it is known again stay."""
    small, large = mail(ANN, "Small"), mail(ANN, "Large", "x " * INLINE)
    taken = [world.take(raw) for raw in (small, large)]
    gone = forget(world, retention.mails, NOW + YEAR, "")
    assert gone.count == 2
    assert world.count(RawMail) == 0
    assert world.all(select(ReceivedMail.blob).where(ReceivedMail.blob != "")) == []
    assert len(gone.digests) == 1
    assert [world.disposition(one.received_id).kind for one in taken] == ["opened", "opened"]
    assert world.count(MailKey) == 2
    assert world.take(small).rule == "duplicate"
    again = forget(world, retention.mails, NOW + YEAR, gone.mark)
    assert again.count == 1  # the duplicate, and none of the others again


def test_mails_that_somebody_must_see_stay(world: World, people: People) -> None:
    """What waits or is held keeps its bytes; once a person has decided, they go like all others."""
    waiting = world.send(mail(ANN, "Waits"))
    held_mail = mail(SAM, "Held", in_reply_to=sample.FIRST_MAIL)
    world.handle()
    row = world.take(held_mail)
    assert row.kind == "held"
    world.take(mail(PAT, "Other"))
    with world.database.transaction() as session:
        session.get_one(ReceivedMail, waiting).waiting = True  # taken up again by hand
    gone = forget(world, retention.mails, NOW + YEAR, "")
    assert gone.count == 1
    assert sorted(world.all(select(RawMail.id))) == sorted([waiting, row.received_id])
    with world.database.transaction() as session:
        session.get_one(ReceivedMail, waiting).waiting = False
    world.clock.forward(days=1)
    with world.database.transaction() as session:
        held.discard(session, row.received_id, by="Sam", now=world.clock())
    assert forget(world, retention.mails, world.clock() + YEAR, gone.mark).count == 1
    assert world.all(select(RawMail.id)) == [waiting]


def test_imports(world: World, people: People) -> None:
    """What was said of each row goes; how many there were of each fate stays."""
    with world.database.transaction() as session:
        for n, at in enumerate((BEFORE - YEAR, NOW), 1):
            session.add(ImportRun(id=n, file_name="people.csv", added=2, rows=[[2, "added", "Jane"]], at=at))
    assert [forget(world, retention.imports, BEFORE).count for _ in range(2)] == [1, 0]
    assert world.all(select(ImportRun.added).order_by(ImportRun.id)) == [2, 2]
    assert world.all(select(ImportRun.rows).order_by(ImportRun.id)) == [[], [[2, "added", "Jane"]]]


def closed(world: World, people: People, number: str, **values: Any) -> int:
    """A ticket that was closed long ago, with something of every sort."""
    known: dict[str, Any] = {"status": "Complete", "completed_at": BEFORE - YEAR} | values
    made = sample.add_ticket(world.database, people.contacts[ANN], number, f"<{number}@customer.test>", **known)
    digest = world.blobs.put_many([FILE])[0]
    new, ann = world.database.ids.next, people.contacts[ANN]
    with world.database.transaction() as session:
        session.get_one(Ticket, made).updated_at = values.get("completed_at") or BEFORE - YEAR
        event = Event(id=new(), ticket_id=made, at=NOW, kind="note", visibility="public", contact_id=ann, text="Help.")
        session.add(event)
        session.flush()
        session.add_all(
            [
                Attachment(id=new(), ticket_id=made, event_id=event.id, name="a.pdf", type="application/pdf",
                           size=len(FILE), digest=digest),
                Participant(ticket_id=made, contact_id=people.contacts[PAT], added_at=NOW),
                Alert(ticket_id=made, contact_id=ann, stage="due", sent_at=None),
                Approval(ticket_id=made, contact_id=ann, asked_at=NOW),
                Reading(ticket_id=made, staff_id=people.staff[SAM], at=NOW),
                TicketLink(ticket_id=people.ticket, other_id=made, kind="related", created_at=NOW),
                Pending(id=new(), ticket_id=made, commands=[], created_at=NOW, expires_at=NOW, done_at=NOW),
                Outbox(id=new(), kind="update", recipient=ANN, ticket_id=made, event_id=event.id, state="sent",
                       next_at=NOW, created_at=NOW, done_at=NOW),
            ]
        )  # fmt: skip
    return made


_OF_TICKETS = (Attachment, Participant, Alert, Approval, Reading, TicketLink, Pending, Outbox, Event, KnownMessage)


def test_tickets(world: World, people: People) -> None:
    """Closed ones go with everything of theirs; the mail that opened one still counts, and says no more of it."""
    before = {table: world.count(table) for table in _OF_TICKETS}
    opened = world.take(mail(EVE, "Printer"))
    assert opened.ticket_id
    with world.database.transaction() as session:
        session.get_one(Ticket, opened.ticket_id).status = "Complete"
        session.get_one(Ticket, opened.ticket_id).updated_at = BEFORE - YEAR
        for row in session.scalars(select(Outbox)):
            row.state, row.done_at = "sent", NOW
    gone = closed(world, people, "T20200101.0001")
    found = forget(world, old_tickets.forget, BEFORE)
    assert found.count == 2
    assert len(found.digests) == 1
    assert world.all(select(Ticket.id)) == [people.ticket]
    assert {table: world.count(table) for table in _OF_TICKETS} == before
    row = world.disposition(opened.received_id)
    assert (row.kind, row.ticket_id, row.subject, row.evidence) == ("opened", None, "", {})
    assert forget(world, old_tickets.forget, BEFORE).count == 0
    assert gone != people.ticket


@pytest.mark.parametrize(
    "values",
    [{"status": "Resolved"}, {"status": "In Progress", "completed_at": None}, {"completed_at": NOW}],
    ids=["resolved", "open", "young"],
)
def test_other_tickets_stay(world: World, people: People, values: dict[str, Any]) -> None:
    """What may be opened again, and what was closed lately."""
    closed(world, people, "T20200101.0001", **values)
    assert forget(world, old_tickets.forget, BEFORE) == Gone()
    assert world.count(Ticket) == 2


@pytest.mark.parametrize("young", ["parent", "child", "merged", "survivor", None])
def test_families_go_together(world: World, people: People, young: str | None) -> None:
    """A parent and its tasks, a ticket and those merged into it: all of them, or none."""
    parent = closed(world, people, "T20200101.0001")
    child = closed(world, people, "T20200101.0001.001", parent_id=parent)
    survivor = closed(world, people, "T20200101.0002")
    merged = closed(world, people, "T20200101.0003", merged_into_id=survivor)
    named = {"parent": parent, "child": child, "merged": merged, "survivor": survivor}
    if young:
        with world.database.transaction() as session:
            session.get_one(Ticket, named[young]).updated_at = NOW
    forget(world, old_tickets.forget, BEFORE)
    stay = {"parent": {parent, child}, "child": {parent, child}}.get(
        young or "", {merged, survivor} if young else set()
    )
    assert set(world.all(select(Ticket.id))) == {people.ticket, *stay}


def test_a_ticket_waits_for_its_letter(world: World, people: People) -> None:
    """What is still to be told is told first."""
    made = closed(world, people, "T20200101.0001")
    letter(world, people, None, ticket_id=made)
    assert forget(world, old_tickets.forget, BEFORE) == Gone()


def test_bytes_that_somebody_still_needs(world: World, people: People) -> None:
    """Content has one name: a file goes with the last row that names it, whatever that row is."""
    first, second = closed(world, people, "T20200101.0001"), closed(world, people, "T20200101.0002", completed_at=NOW)
    found = forget(world, old_tickets.forget, BEFORE)
    with world.database.reading() as session:
        assert retention.unused(session, found.digests) == set()
    with world.database.transaction() as session:
        session.get_one(Ticket, second).updated_at = BEFORE - YEAR
        session.add(
            Pending(id=9, commands=[], body={"file": next(iter(found.digests))}, created_at=NOW, expires_at=NOW)
        )
    found = forget(world, old_tickets.forget, BEFORE)
    with world.database.reading() as session:
        assert retention.unused(session, found.digests) == set()
    with world.database.transaction() as session:
        session.get_one(Pending, 9).done_at = NOW
    with world.database.reading() as session:
        assert retention.unused(session, found.digests) == found.digests
    (digest,) = found.digests
    assert not world.blobs.forget(digest, datetime(2020, 1, 1, tzinfo=UTC))  # put again a moment ago
    assert world.blobs.read(digest) == FILE
    assert world.blobs.forget(digest, LATER)
    assert not world.blobs.path(digest).exists()
    assert first != second


def test_the_ledger_is_right_afterwards(world: World, people: People) -> None:
    """Nothing of what is forgotten was counted by its rows alone."""
    world.take(mail(ANN, "One"))
    forget(world, retention.mails, NOW + YEAR, "")
    accepted, accounted = world.ledger()
    assert accepted == accounted == world.count(Disposition)
