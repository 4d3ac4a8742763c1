"""Delivery reports find their own delivery: of several recipients, after days, and through relays that rewrite."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from gateway.token import Token
from store.tables import Delivery, Outbox, Suppression
from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ANN, NUMBER, PAT, People, World
from tests.gateway.test_bounced import report


@pytest.fixture
def letters(world: World, people: People) -> dict[str, Outbox]:
    """One event, two letters about it: to Ann and to Pat, both sent."""
    world.take(sample.mail(sample.SAM, "Re: phones", "On our way.", in_reply_to=sample.FIRST_MAIL))
    world.take(sample.mail(ANN, "Re: phones", "Thank you, all.", in_reply_to=sample.FIRST_MAIL))
    world.take(sample.mail(PAT, "Re: phones", "Any news?", in_reply_to=sample.FIRST_MAIL))
    found: dict[str, Outbox] = {}
    with world.database.transaction() as session:
        rows = session.scalars(select(Outbox).where(Outbox.kind == "update").order_by(Outbox.id))
        for row in rows:
            token = Token("contact", people.ticket, people.contacts.get(row.recipient, 0))
            row.message_id = sample.ADDRESSES.message_id(NUMBER, row.id, token)
            row.state, row.done_at = "sent", sample.NOW
            found[row.recipient] = row
    assert {ANN, PAT} <= found.keys()
    return found


def groups(*found: tuple[str, str, str]) -> str:
    """Per-recipient groups of RFC 3464 but for the last one's action and status, which `report` adds."""
    texts = [
        f"Final-Recipient: rfc822; {who}\nAction: {action}\nStatus: {status}\n" for who, action, status in found[:-1]
    ]
    return "\n".join([*texts, f"Final-Recipient: rfc822; {found[-1][0]}"])


def come_back(world: World, letter: Outbox, *found: tuple[str, str, str]) -> None:
    """A report with these groups, to the letter's own return path."""
    address = sample.ADDRESSES.return_path(letter.id)
    action, status = found[-1][1:]
    raw = report(letter.message_id, to=address, who=groups(*found), action=action, status=status)
    done = world.take(raw, reverse_path="", recipients=(address,))
    assert (done.kind, done.rule) == ("folded", "report")


def results(world: World) -> dict[int, list[str]]:
    """What is noted, by letter."""
    found: dict[int, list[str]] = {}
    for row in world.all(select(Delivery).order_by(Delivery.id)):
        found.setdefault(row.outbox_id, []).append(row.result)
    return found


def test_each_of_several_recipients_has_its_own(world: World, letters: dict[str, Outbox]) -> None:
    """Two letters about one event, a report for each, in which the other's group stands too: each takes its own."""
    ours = (ANN, "failed", "5.1.1"), (PAT, "delayed", "4.4.1")
    come_back(world, letters[ANN], *ours)
    come_back(world, letters[PAT], *ours)
    assert results(world) == {letters[ANN].id: ["bounced"], letters[PAT].id: ["deferred"]}
    assert world.all(select(Suppression.address)) == [ANN]
    assert world.letters("update", ANN)[-1].state == "refused"
    assert world.letters("update", PAT)[-1].state == "sent"


def test_a_report_after_days(world: World, letters: dict[str, Outbox]) -> None:
    """The letter was done long ago; the report is noted at it all the same."""
    with world.database.transaction() as session:
        session.execute(update(Outbox).values(done_at=sample.NOW - timedelta(days=4)))
    come_back(world, letters[PAT], (PAT, "failed", "4.4.7"))
    assert results(world) == {letters[PAT].id: ["bounced"]}
    assert world.count(Suppression) == 0


def test_a_report_on_a_letter_that_is_forgotten(world: World, letters: dict[str, Outbox]) -> None:
    """Letters go after a year; a report on one of them changes nothing, and nothing breaks."""
    with world.database.transaction() as session:
        session.execute(delete(Outbox).where(Outbox.id == letters[PAT].id))
    address = sample.ADDRESSES.return_path(letters[PAT].id)
    done = world.take(report(letters[PAT].message_id, to=address), reverse_path="", recipients=(address,))
    assert done.kind == "ignored"
    assert world.count(Delivery) == world.count(Suppression) == 0


def test_through_a_relay_that_rewrites_the_return_path(
    world: World, people: People, letters: dict[str, Outbox]
) -> None:
    """The report comes to the desk address, and only the Message-ID names the letter: shown, and nothing follows."""
    raw = report(letters[PAT].message_id, to=sample.DESK, who=groups((PAT, "failed", "5.1.1")))
    done = world.take(raw, reverse_path="")
    assert (done.rule, done.ticket_id) == ("unproven-report", people.ticket)
    assert world.count(Delivery) == world.count(Suppression) == 0
    assert world.letters("update", PAT)[-1].state == "sent"
