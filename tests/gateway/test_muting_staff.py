"""A relay that refuses colleagues: one refusal does not silence the desk, one on another day does, and it is seen."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from desk import muting
from desk.status import snapshot
from gateway.delivery_muting import to_mute
from store.database import Database
from store.tables import Delivery, Staff, Suppression
from tests.gateway import letter_world as world
from tests.gateway.desk_world import in_english
from tests.gateway.scripted_smtp import scripted
from tests.gateway.test_delivery import Clock, deliverer, letters_of, row
from tests.servers import Postgres

NOBODY = "550 5.1.1 no such user"
SAM = "sam@example.com"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.peer)])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """The sample desk."""
    if request.param == "sqlite":
        made = world.database(tmp_path)
        world.fill(made)
        yield made
        made.close()
        return
    with Postgres() as server:
        made = world.prepared(Database(server.fresh_database()))
        world.fill(made)
        yield made
        made.close()


def muted(base: Database) -> list[str]:
    """The addresses that get no letters."""
    with base.reading() as session:
        return list(session.scalars(select(Suppression.address).where(Suppression.lifted_at.is_(None))))


def test_one_refusal_does_not_silence_a_colleague(base: Database) -> None:
    """The letter is lost and told to the others, without a word of muting; the next one goes out."""
    world.add(base, world.row(50, "new_ticket", world.SAM, event_id=world.EVENT))
    clock = Clock()
    with scripted({"RCPT": f"{NOBODY}\r\n".encode()}) as server, deliverer(base, server, clock) as delivery:
        delivery.drain_once()
        assert (row(base, 50).state, muted(base)) == ("refused", [])
        (told,) = letters_of(base, "mail_trouble")
        assert told.staff_id == world.ANA
        (line,) = in_english(told.context)["lines"]
        assert "It is not tried again." in line
        assert "unmute" not in line
        server.answers.clear()
        world.add(base, world.row(2_000_000, "new_ticket", world.SAM, event_id=world.EVENT))
        delivery.drain_once()
        assert row(base, 2_000_000).state == "sent"


def test_a_refusal_on_another_day_does(base: Database) -> None:
    """Twice in a week: nobody is there."""
    clock = Clock()
    with scripted({"RCPT": f"{NOBODY}\r\n".encode()}) as server, deliverer(base, server, clock) as delivery:
        for hours, expected in ((0, False), (2, False), (22, True)):
            clock.forward(hours=hours)
            world.add(base, world.row(2_000_000 + hours, "new_ticket", world.SAM, event_id=world.EVENT))
            delivery.drain_once()
            assert (SAM in muted(base)) == expected
    told = [str(in_english(letter.context)["lines"]) for letter in letters_of(base, "mail_trouble")]
    assert any(f"postdesk mail unmute {SAM}" in lines for lines in told)


@pytest.mark.parametrize(
    "ago, reply, expected",
    [
        (timedelta(days=1), NOBODY, {SAM: NOBODY}),
        (timedelta(hours=11), NOBODY, {}),
        (timedelta(days=8), NOBODY, {}),
        (timedelta(days=1), "550 5.7.1 spam", {}),
    ],
)
def test_what_counts_as_another_day(base: Database, ago: timedelta, reply: str, expected: dict[str, str]) -> None:
    """Half a day to a week ago, for the same reason; customers are muted at once."""
    at = world.NOW - ago
    world.add(base, world.row(50, "new_ticket", world.SAM, event_id=world.EVENT, state="refused", done_at=at))
    world.add(base, Delivery(id=51, outbox_id=50, at=at, result="refused", reply=reply))
    with base.reading() as session:
        assert to_mute(session, {SAM: NOBODY}, world.NOW) == expected
        assert to_mute(session, {"jane@customer.test": NOBODY}, world.NOW) == {"jane@customer.test": NOBODY}
        assert to_mute(session, {"jane@customer.test": "550 5.7.1 spam"}, world.NOW) == {}


def test_a_desk_that_nobody_hears_says_so(base: Database) -> None:
    """Some muted: a figure. All muted: the service line."""
    with base.reading() as session:
        staff, none = muting.of_staff(session)
        addresses = session.scalars(select(Staff.address).where(Staff.deactivated_at.is_(None))).all()
    assert (staff, none) == (len(addresses), 0)
    for number, address in enumerate(addresses, 1):
        for twice in range(2):  # two processes may mute one each
            world.add(base, Suppression(id=100 + 2 * number + twice, address=address, reason="x", since=world.NOW))
        with base.reading() as session:
            found = snapshot(session, world.NOW)
        assert (found.staff_muted, found.state == "unheard") == (number, number == staff)
