"""The walk over all kept bytes: what nothing names goes, slowly; what is named, or young, stays."""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from postdesk import schedule, sweep
from postdesk.settings import load
from postdesk.wiring import House
from store.blobs import FolderBlobs
from store.migrations import upgrade
from store.tables import Attachment, Event, JobRun, Pending, ReceivedMail
from tests.gateway import desk_world as sample

TODAY = date(2026, 11, 23)
DAY = timedelta(days=1)


@pytest.fixture(params=["sqlite", "postgres"])
def house(request: pytest.FixtureRequest, config: Path, tmp_path: Path) -> Iterator[House]:
    """A desk with an empty database."""
    url = f"sqlite:///{tmp_path}/empty.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres").fresh_database()
    settings = {"POSTDESK_DATABASE__URL": url, "POSTDESK_RETENTION__MAILS_DAYS": "3000"}
    made = House(load(config, settings), create=True)
    upgrade(made.database)
    yield made
    made.database.close()


def test_a_folder_a_day(tmp_path: Path) -> None:
    """Each has its turn, the first one again behind the last; twice on a day nothing is looked at."""
    blobs = FolderBlobs(tmp_path)
    digests = set(blobs.put_many(b"%d" % n for n in range(1000)))
    seen, place = list[str](), ""
    for day in range(sweep._FOLDERS):
        step = sweep.step(blobs, place, TODAY + day * DAY)
        assert {digest[:2] for digest in step.digests} <= {f"{day:02x}"}
        assert step.place == f"{TODAY + day * DAY} {day:02x}"
        seen += step.digests
        place = step.place
        assert sweep.step(blobs, place, TODAY + day * DAY) == sweep.Step(frozenset(), place)
    assert len(seen) == len(digests)
    assert set(seen) == digests
    assert sweep.step(blobs, place, TODAY + 400 * DAY).place.endswith(" 00")


def test_a_part_of_a_folder_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many at once; the next minute goes on behind them."""
    monkeypatch.setattr(sweep, "AT_ONCE", 2)
    blobs = FolderBlobs(tmp_path)
    digests = {digest for digest in blobs.put_many(b"%d" % n for n in range(1500)) if digest.startswith("00")}
    assert len(digests) > 2
    seen, place = list[str](), ""
    while place != f"{TODAY} 00":
        step = sweep.step(blobs, place, TODAY)
        assert len(step.digests) <= 2
        assert len(step.place) <= 40  # what a timer can note
        seen += step.digests
        place = step.place
    assert len(seen) == len(digests)
    assert set(seen) == digests


def sweep_now(house: House, digests: list[str], now: datetime) -> None:
    """The timer, in the folders of these digests."""
    for folder in sorted({digest[:2] for digest in digests}):
        with house.database.transaction() as session:
            before = f"2026-01-01 {(int(folder, 16) - 1) % 256:02x}"
            session.merge(JobRun(name="sweep", done_for=before, at=now))
        assert schedule.run(house, "sweep", "one", now)
        with house.database.reading() as session:
            assert session.scalars(select(JobRun.done_for)).one().endswith(f" {folder}")


def test_nothing_goes_where_all_is_kept(config: Path, tmp_path: Path) -> None:
    """A desk that forgets neither mails nor tickets takes no bytes away, whatever the database names."""
    house = House(load(config, {"POSTDESK_DATABASE__URL": f"sqlite:///{tmp_path}/kept.db"}), create=True)
    upgrade(house.database)
    assert schedule.run(house, "sweep", "one", datetime.now(UTC))
    with house.database.reading() as session:
        assert session.scalars(select(JobRun.done_for)).all() in ([], [""])
    house.database.close()


def test_what_nothing_names(house: House) -> None:
    """Bytes that a crash left behind go; never those of a file, a mail, a command that waits; nor what is young."""
    people, new = sample.fill(house.database), house.database.ids.next
    digests = house.blobs.put_many([b"file", b"mail", b"command", b"young", b"done", b"nothing"])
    now = datetime.now(UTC)
    with house.database.transaction() as session:
        note = Event(id=new(), ticket_id=people.ticket, at=now, kind="note", visibility="public", text="Help.")
        session.add(note)
        session.flush()
        known = {"commands": [], "created_at": now, "expires_at": now}
        session.add_all(
            [
                Attachment(id=new(), ticket_id=people.ticket, event_id=note.id, name="a", type="text/plain", size=5,
                           digest=digests[0]),
                ReceivedMail(id=new(), received_at=now, source="smtp", recipients=[], size=5, blob=digests[1],
                             waiting=False),
                Pending(id=new(), body={"file": digests[2]}, **known),
                Pending(id=new(), body={"file": digests[4]}, done_at=now, **known),
            ]
        )  # fmt: skip
    for digest, hours in zip(digests, (100, 100, 100, 23, 25, 25), strict=True):
        at = (now - timedelta(hours=hours)).timestamp()
        os.utime(house.blobs.path(digest), (at, at))
    sweep_now(house, digests, now)
    assert [house.blobs.path(digest).exists() for digest in digests] == [True, True, True, True, False, False]
    sweep_now(house, digests, now + timedelta(hours=2))
    assert not house.blobs.path(digests[3]).exists()
