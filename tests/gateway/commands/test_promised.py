"""What is promised by mail: times by priority and type, which stand still while the desk waits for the customer."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from store.database import Database
from tests.gateway import desk_world as sample
from tests.gateway.commands.by_mail import opened
from tests.gateway.commands.catalogue_world import LONDON, catalogued
from tests.gateway.desk_world import ANN, DESK, SAM, People, World


@pytest.fixture
def world(database: Database, tmp_path: Path) -> Iterator[World]:
    """A desk with a catalogue."""
    with catalogued(database, tmp_path) as made:
        yield made


def at(text: str) -> datetime:
    """A time of the wall clock in London."""
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(UTC)


@pytest.mark.feature("F105")
@pytest.mark.feature("F156", "mail")
def test_what_is_promised(world: World, people: People) -> None:
    """Two times from the priority in working time; another priority and another type have others."""
    ticket = opened(world, "Help.")
    assert ticket.first_answer_due_at == at("2026-11-24 12:00")
    assert ticket.due_at == at("2026-11-30 12:00")
    urgent = opened(world, "Urgency: high\nImpact: company\n\nAll is down.")
    assert (urgent.first_answer_due_at, urgent.due_at) == (at("2026-11-23 12:30"), at("2026-11-23 16:00"))
    access = opened(world, "Type: access\n\nLet me in.")
    assert (access.first_answer_due_at, access.due_at) == (at("2026-11-23 13:00"), None)


@pytest.mark.feature("F93", "mail")
def test_a_wish_moves_no_target(world: World, people: People) -> None:
    """The day on which somebody wants it is kept beside the times, and changes none of them."""
    ticket = opened(world, "Needed by: 24 Nov 2026\n\nQuick.")
    assert (ticket.needed_by, ticket.due_at) == (datetime(2026, 11, 24).date(), at("2026-11-30 12:00"))


def test_waiting_stops_the_clock(world: World, people: People) -> None:
    """While the desk waits for the customer no time runs; what was set by hand stays where it is."""
    ticket = opened(world, "Help.")
    to = sample.ADDRESSES.reply_to(DESK, people.token(SAM, ticket.id))
    world.clock.forward(hours=1)
    world.take(sample.mail(SAM, "Re: Help", "#status waiting customer\n\nWhich one?", to=to))
    ticket = world.ticket(ticket.id)
    assert (ticket.waiting_since, ticket.first_answered_at) == (world.clock(), world.clock())
    world.clock.forward(days=1)
    mine = sample.ADDRESSES.reply_to(DESK, people.token(ANN, ticket.id))
    world.take(sample.mail(ANN, "Re: Help", "The second one.", to=mine))
    ticket = world.ticket(ticket.id)
    assert (ticket.status, ticket.waiting_since) == ("Update Added", None)
    assert ticket.due_at == at("2026-12-01 12:00")
    assert ticket.first_answer_due_at == at("2026-11-24 12:00")
    world.take(sample.mail(SAM, "Re: Help", "#due 2 Dec 15:00\n#priority critical", to=to))
    ticket = world.ticket(ticket.id)
    assert (ticket.due_at, ticket.due_fixed) == (at("2026-12-02 15:00"), True)


def test_another_priority_later(world: World, people: People) -> None:
    """The times follow it, and the time waited so far still counts for nothing."""
    ticket = opened(world, "Help.")
    to = sample.ADDRESSES.reply_to(DESK, people.token(SAM, ticket.id))
    world.take(sample.mail(SAM, "Re: Help", "#status waiting customer\n#note", to=to))
    world.clock.forward(hours=2)
    world.take(sample.mail(SAM, "Re: Help", "#status in progress\n#priority critical", to=to))
    ticket = world.ticket(ticket.id)
    assert ticket.due_at == at("2026-11-24 09:30")
    assert ticket.first_answer_due_at == at("2026-11-23 14:30")


def test_a_new_start(world: World, people: People) -> None:
    """Opened again, a ticket has the whole time once more; its first answer was given."""
    ticket = opened(world, "Help.")
    to = sample.ADDRESSES.reply_to(DESK, people.token(SAM, ticket.id))
    world.take(sample.mail(SAM, "Re: Help", "#resolve Done so.", to=to))
    world.clock.forward(days=7)
    mine = sample.ADDRESSES.reply_to(DESK, people.token(ANN, ticket.id))
    world.take(sample.mail(ANN, "Re: Help", "It is broken again, sadly.", to=mine))
    assert world.ticket(ticket.id).due_at == at("2026-12-07 12:00")


def test_who_opens_a_ticket_does_not_answer_it(world: World, people: People) -> None:
    """The words of staff with which a ticket begins are no first answer; an internal note is none, a reply is."""
    ticket = opened(world, f"Contact: {ANN}\n\nShe called.", SAM, verdict="pass")
    assert ticket.first_answered_at is None
    to = sample.ADDRESSES.reply_to(DESK, people.token(SAM, ticket.id))
    world.clock.forward(minutes=5)
    world.take(sample.mail(SAM, "Re: Help", "#note\nA hard one.", to=to))
    assert world.ticket(ticket.id).first_answered_at is None
    world.clock.forward(minutes=5)
    world.take(sample.mail(SAM, "Re: Help", "We look at it.", to=to))
    assert world.ticket(ticket.id).first_answered_at == sample.NOW + timedelta(minutes=10)
