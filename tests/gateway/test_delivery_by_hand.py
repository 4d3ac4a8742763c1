"""What a person does about letters: lists, tries again, sends once more, drops; on both kinds of database."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from desk import letter_list, letters_by_hand
from desk.letter_list import OutLetter, Wanted
from desk.letters_by_hand import NoSuchLetter, NotPossible
from store.tables import Delivery, Outbox, Suppression
from tests.gateway.desk_world import ANN, NOW, NUMBER, People, World

LATER = NOW + timedelta(hours=2)
TRIES = {"deferred": "deferred", "uncertain": "uncertain", "unsure": "uncertain"}


@pytest.fixture
def letters(world: World, people: People) -> dict[str, int]:
    """One letter in each state, by a name for it; "unsure" waits after a try that nobody knows the end of."""
    ids = {}
    names = ("waiting", "deferred", "unsure", *letter_list.STATES[2:])
    with world.database.transaction() as session:
        for place, name in enumerate(names):
            waits = name in ("waiting", "deferred", "unsure")
            row = Outbox(
                id=world.database.ids.next(),
                kind="update",
                recipient=ANN if place % 2 else "Bob@customer.test",
                ticket_id=people.ticket,
                state="waiting" if waits else name,
                attempts=0 if name == "waiting" else 3,
                context={},
                next_at=LATER,
                created_at=NOW - timedelta(days=9, minutes=place),
                done_at=None if waits else NOW,
                rendered=b"Subject: words\r\n\r\nsecret words" if waits else None,
                message_id=f"<{name}@desk.test>",
            )
            session.add(row)
            session.flush()
            ids[name] = row.id
            if result := TRIES.get(name):
                session.add(
                    Delivery(
                        id=world.database.ids.next(),
                        outbox_id=row.id,
                        at=NOW,
                        result=result,
                        reply="451 4.3.0 later",
                        relay="sales",
                    )
                )
    return ids


def listed(world: World, **wanted: Any) -> list[OutLetter]:
    """The letters that are looked for."""
    with world.database.reading() as session:
        return letter_list.listed(session, Wanted(**wanted), 50, NOW)


def row(world: World, letter_id: int) -> Outbox:
    """As it stands."""
    with world.database.reading() as session:
        return session.get_one(Outbox, letter_id)


def test_states(world: World, letters: dict[str, int]) -> None:
    """Each is found by its state, and by that alone; a list says the same state."""
    for state in letter_list.STATES:
        found = listed(world, state=state)
        expected = {letters[state], letters["unsure"]} if state == "uncertain" else {letters[state]}
        expected |= {letters["unsure"]} if state == "deferred" else set()
        assert {letter.id for letter in found} == expected, state
        assert {letter.state for letter in found} <= {state, "uncertain"}
    with world.database.reading() as session:
        counts = letter_list.counts(session)
    assert counts == {"waiting": 1, "deferred": 2, "refused": 1, "expired": 1, "uncertain": 1, "failed": 1}


def test_other_conditions(world: World, letters: dict[str, int]) -> None:
    """By address in any case, by ticket, by time."""
    assert {letter.recipient for letter in listed(world, to="BOB@customer.test")} == {"Bob@customer.test"}
    assert len(listed(world, ticket=NUMBER)) >= len(letters)
    assert listed(world, ticket="T20010101.0001") == []
    assert not {letter.id for letter in listed(world, since=NOW - timedelta(days=8))} & set(letters.values())


def test_one_with_its_tries(world: World, letters: dict[str, int]) -> None:
    """Attempt by attempt with the relay; never a word of the letter."""
    with world.database.reading() as session:
        found = letter_list.one(session, letters["unsure"], NOW)
        assert letter_list.one(session, 2**70, NOW) is None
    assert found is not None
    assert (found.state, found.done, found.next_at) == ("uncertain", False, LATER)
    assert [(one.result, one.reply, one.relay) for one in found.attempts] == [("uncertain", "451 4.3.0 later", "sales")]
    assert "secret words" not in repr(found)


def test_retry(world: World, letters: dict[str, int]) -> None:
    """Now, with its turn; what does not wait, or is in somebody's hands, is left as it is."""
    with world.database.transaction() as session:
        letters_by_hand.retry(session, letters["deferred"], NOW)
    done = row(world, letters["deferred"])
    assert (done.next_at, done.turn_at, done.attempts) == (NOW, NOW, 3)
    with (
        pytest.raises(NotPossible, match="it is expired, and can be sent again"),
        world.database.transaction() as session,
    ):
        letters_by_hand.retry(session, letters["expired"], NOW)
    with pytest.raises(NoSuchLetter), world.database.transaction() as session:
        letters_by_hand.retry(session, 2**70, NOW)
    with world.database.transaction() as session:
        leased = {"lease_until": NOW + timedelta(minutes=1)}
        session.execute(update(Outbox).where(Outbox.id == letters["waiting"]).values(**leased))
    with pytest.raises(NotPossible, match="being sent at this moment"), world.database.transaction() as session:
        letters_by_hand.retry(session, letters["waiting"], NOW)


def test_retry_all(world: World, letters: dict[str, int]) -> None:
    """All of a state, or to an address."""
    with world.database.transaction() as session:
        assert letters_by_hand.retry_all(session, Wanted(state="deferred"), NOW) == 2
        assert letters_by_hand.retry_all(session, Wanted(state="deferred"), NOW) == 0
    assert row(world, letters["waiting"]).next_at == LATER
    assert row(world, letters["unsure"]).next_at == NOW


@pytest.mark.parametrize("state", ["uncertain", "expired", "refused", "failed", "suppressed", "dropped"])
def test_send_again(world: World, letters: dict[str, int], state: str) -> None:
    """It waits anew under the Message-ID that it had, its days begin again, and who did it is kept."""
    with world.database.transaction() as session:
        letters_by_hand.send_again(session, letters[state], "pat", NOW, world.database.ids.next)
    done = row(world, letters[state])
    assert (done.state, done.attempts, done.next_at, done.done_at) == ("waiting", 0, NOW, None)
    assert (done.retried_at, done.message_id) == (NOW, f"<{state}@desk.test>")
    (found,) = [letter for letter in listed(world, state="waiting") if letter.id == letters[state]]
    assert found.attempts[-1].reply == f"by pat; it was {state}"


@pytest.mark.parametrize("state", ["sent", "folded", "waiting", "deferred"])
def test_not_sent_again(world: World, letters: dict[str, int], state: str) -> None:
    """What arrived, went along in another letter, or still waits."""
    with pytest.raises(NotPossible), world.database.transaction() as session:
        letters_by_hand.send_again(session, letters[state], "pat", NOW, world.database.ids.next)
    assert row(world, letters[state]).state == ("waiting" if state == "deferred" else state)


@pytest.mark.parametrize("act", ["retry", "send_again", "drop"])
def test_what_is_told_with_others_is_left_alone(world: World, letters: dict[str, int], act: str) -> None:
    """A person need do nothing: it waits for its company, and is offered for no act."""
    one, next_id = letters["gathered"], world.database.ids.next
    acts: dict[str, Callable[[Session], None]] = {
        "retry": lambda session: letters_by_hand.retry(session, one, NOW),
        "send_again": lambda session: letters_by_hand.send_again(session, one, "pat", NOW, next_id),
        "drop": lambda session: letters_by_hand.drop(session, one, "pat", "", NOW, next_id),
    }
    with pytest.raises(NotPossible, match="is told with others"), world.database.transaction() as session:
        acts[act](session)
    (found,) = listed(world, state="gathered")
    assert (found.done, found.is_for_people) == (False, False)


def test_a_muted_address_is_to_be_lifted_first(world: World, letters: dict[str, int]) -> None:
    """Else the letter would end as suppressed at once; the words say how."""
    address = row(world, letters["suppressed"]).recipient.lower()
    with world.database.transaction() as session:
        session.add(Suppression(id=world.database.ids.next(), address=address, reason="gone", since=NOW))
    with pytest.raises(NotPossible, match="postdesk mail unmute"), world.database.transaction() as session:
        letters_by_hand.send_again(session, letters["suppressed"], "pat", NOW, world.database.ids.next)


@pytest.mark.parametrize("state", ["waiting", "deferred", "uncertain"])
def test_drop(world: World, people: People, letters: dict[str, int], state: str) -> None:
    """It is not tried any more, its bytes are gone, and staff read on the ticket who did it and why."""
    with world.database.transaction() as session:
        letters_by_hand.drop(session, letters[state], "pat", "written by mistake", NOW, world.database.ids.next)
    done = row(world, letters[state])
    assert (done.state, done.done_at, done.rendered) == ("dropped", NOW, None)
    last = world.events(people.ticket)[-1]
    assert (last.kind, last.visibility) == ("automatic", "internal")
    assert last.text.endswith("was dropped by pat: written by mistake")
    with world.database.reading() as session:
        said = session.scalars(select(Delivery.reply).where(Delivery.outbox_id == done.id)).all()
    assert said[-1] == "by pat: written by mistake"


def test_what_is_done_is_not_dropped(world: World, letters: dict[str, int]) -> None:
    """It went out, or ended already."""
    for state in ("sent", "refused", "expired"):
        with pytest.raises(NotPossible), world.database.transaction() as session:
            letters_by_hand.drop(session, letters[state], "pat", "why", NOW, world.database.ids.next)
