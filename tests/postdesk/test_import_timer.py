"""A large import that was confirmed on a page goes on by the clock."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from desk import contact_batches
from desk.access import Person
from desk.acting import people_import
from desk.acting.people_import import File
from desk.acting.people_stage import keeping
from desk.acting.rules import Desk
from postdesk import schedule
from postdesk.portal import acting_rules
from postdesk.settings import load
from postdesk.wiring import House
from store.migrations import upgrade
from store.tables import Contact, ImportRun
from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ANN

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.feature("F189", "page")
def test_the_timer_carries_on(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first part was done when it was confirmed; one run of the timer does the others, by the rules of the desk."""
    monkeypatch.setattr(contact_batches, "PART", 2)
    house = House(load(config, {"POSTDESK_DATABASE__URL": f"sqlite:///{tmp_path}/empty.db"}), create=True)
    upgrade(house.database)
    ann = sample.fill(house.database).contacts[ANN]
    with house.database.transaction() as session:
        session.execute(update(Contact).where(Contact.id == ann).values(level="Admin User"))
        organisation = session.get_one(Contact, ann).organisation_id
    desk, person = Desk(house.database, house.blobs, acting_rules(house)), Person(ann, organisation_id=organisation)
    ours = house.addresses.main.address
    rows = [f"A{n},Sample,a{n}@customer.test" for n in range(5)] + [f"B,Sample,{ours}"]
    data = "\n".join(["First Name,Last Name,Email Address", *rows]).encode()
    with keeping(desk, house.keys, person, None, NOW) as stage:
        file = File("people.csv", len(data), io.BytesIO(data))
        offer_id = people_import.prepare(stage, file, site_id=None, update=False)
    run_id = people_import.confirm(desk, house.keys, person, None, offer_id, NOW)
    for _ in range(2):
        assert schedule.run(house, "imports", "one", NOW)
    with house.database.reading() as session:
        run = session.get_one(ImportRun, run_id)
        added = session.scalar(select(func.count()).where(Contact.last_name == "Sample", Contact.name.like("A_ %")))
    assert (run.added, run.refused, added) == (5, 1, 5)
    house.database.close()
