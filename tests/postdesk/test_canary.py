"""The canary by the clock: sent as often as the settings say, from and to the addresses that they name."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from desk.canary import Flight
from desk.status import snapshot
from postdesk import canaries, schedule
from postdesk.settings import SettingsError, load
from postdesk.wiring import House
from store.tables import Canary, Outbox

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def desk(config: Path, **settings: str) -> House:
    """The sample desk with these settings of [canary]."""
    return House(load(config, {f"POSTDESK_CANARY__{name}": value for name, value in settings.items()}))


def sent(house: House) -> list[Outbox]:
    """Canaries in the outbox."""
    with house.database.reading() as session:
        return list(session.scalars(select(Outbox).where(Outbox.kind == "canary").order_by(Outbox.created_at)))


def test_as_often_as_it_is_set(config: Path) -> None:
    """One when it is time, none before; by default none at all."""
    house = desk(config)
    schedule.run_now(house, "canary", NOW)
    assert sent(house) == []
    house.database.close()
    house = desk(config, EVERY_MINUTES="10", SENDER="canary@elsewhere.test")
    for minutes in (0, 1, 9, 10, 11, 19, 20):
        schedule.run_now(house, "canary", NOW + timedelta(minutes=minutes))
    rows = sent(house)
    assert [row.created_at for row in rows] == [NOW + timedelta(minutes=n) for n in (0, 10, 20)]
    assert {row.context["from"] for row in rows} == {"canary@elsewhere.test"}
    assert all(row.recipient.startswith("service+c-") for row in rows)
    house.database.close()


def test_switched_off_nothing_is_missing(config: Path) -> None:
    """What staff were told of is at its end when no canary is sent any more."""
    house = desk(config, EVERY_MINUTES="60")
    schedule.run_now(house, "canary", NOW)
    schedule.run_now(house, "canary", NOW + timedelta(minutes=16))
    with house.database.transaction() as session:
        session.execute(update(Outbox).values(next_at=NOW + timedelta(days=1)))
    with house.database.reading() as session:
        assert snapshot(session, NOW).state == "lost"
    house.database.close()
    house = desk(config)
    schedule.run_now(house, "canary", NOW + timedelta(minutes=17))
    with house.database.reading() as session:
        assert session.scalars(select(Canary.mended_at)).one()
        assert snapshot(session, NOW).state != "lost"
    house.database.close()


def test_old_ones_go(config: Path) -> None:
    """After 30 days, by the same timer."""
    house = desk(config, EVERY_MINUTES="60")
    schedule.run_now(house, "canary", NOW)
    schedule.run_now(house, "canary", NOW + timedelta(days=31))
    assert [row.created_at for row in sent(house)] == [NOW + timedelta(days=31)]
    house.database.close()


def test_the_word_of_the_relay_may_come_last(config: Path) -> None:
    """A canary that is back before the relay's 250 is noted is followed until it is."""
    house = desk(config)
    with house.database.transaction() as session:
        canary_id = canaries.send(house, session, NOW)
        session.flush()
        session.execute(update(Canary).values(arrived_at=NOW, handled_at=NOW))
    seen: list[datetime | None] = []

    def tell(flight: Flight) -> None:
        seen.append(flight.handed_at)
        with house.database.transaction() as session:
            session.execute(update(Outbox).values(state="sent", done_at=NOW))

    flight = canaries.follow(house, canary_id, 60, tell)
    assert seen == [None, NOW]
    assert flight
    assert flight.handled_at == NOW
    house.database.close()


def test_its_address_is_one_of_the_desk(config: Path) -> None:
    """A mail to somebody else would never come back."""
    with pytest.raises(SettingsError, match=r"must be one of desk\.addresses"):
        desk(config, ADDRESS="somebody@customer.test")
