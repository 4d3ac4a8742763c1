"""Ticket numbers: by the day of the desk's zone, and found in what people write."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from desk.numbers import STANDARD
from store.database import Database

LONDON = ZoneInfo("Europe/London")


def take(database: Database, count: int, now: datetime, zone: ZoneInfo = LONDON) -> list[str]:
    """Numbers in a transaction of their own."""
    with database.transaction() as session:
        return list(STANDARD.allocate(session, count, now, zone))


@pytest.mark.feature("F61", "mail")
@pytest.mark.feature("F63")
def test_they_count_by_the_day(database: Database) -> None:
    """T20170323.0001, .0002, .0003, then T20170324.0001."""
    assert take(database, 1, datetime(2017, 3, 23, 9, tzinfo=UTC)) == ["T20170323.0001"]
    assert take(database, 2, datetime(2017, 3, 23, 10, tzinfo=UTC)) == ["T20170323.0002", "T20170323.0003"]
    assert take(database, 1, datetime(2017, 3, 24, 9, tzinfo=UTC)) == ["T20170324.0001"]
    assert take(database, 1, datetime(2017, 3, 23, 23, 59, tzinfo=UTC)) == ["T20170323.0004"]


@pytest.mark.feature("F63")
@pytest.mark.parametrize(
    "zone, now, day",
    [
        ("Europe/London", "2019-04-08T22:59:59+00:00", "20190408"),
        ("Europe/London", "2019-04-08T23:00:00+00:00", "20190409"),
        ("Europe/London", "2019-01-08T23:59:59+00:00", "20190108"),
        ("Europe/London", "2019-01-09T00:00:00+00:00", "20190109"),
        ("UTC", "2019-04-08T23:30:00+00:00", "20190408"),
        ("Asia/Tokyo", "2019-04-08T15:00:00+00:00", "20190409"),
        ("America/New_York", "2019-04-09T03:59:59+00:00", "20190408"),
        ("Pacific/Kiritimati", "2018-12-31T10:00:00+00:00", "20190101"),
    ],
)
def test_midnight_is_that_of_the_desk(database: Database, zone: str, now: str, day: str) -> None:
    """In summer and winter, east and west."""
    assert take(database, 1, datetime.fromisoformat(now), ZoneInfo(zone)) == [f"T{day}.0001"]


def test_more_than_four_digits(database: Database) -> None:
    """The 10,000th ticket of a day has five, and is found in a subject."""
    now = datetime(2019, 4, 9, 12, tzinfo=UTC)
    assert take(database, 10_000, now)[-1] == "T20190409.10000"
    assert STANDARD.find_all("Re: [T20190409.10000]") == ["T20190409.10000"]


def test_a_transaction_that_fails_gives_its_number_back_or_leaves_a_gap(database: Database) -> None:
    """Never the same number twice."""
    now = datetime(2019, 4, 9, 12, tzinfo=UTC)
    seen = take(database, 1, now)
    with pytest.raises(ZeroDivisionError), database.transaction() as session:  # noqa: PT012 - what fails is the transaction
        STANDARD.allocate(session, 1, now, LONDON)
        _ = 1 / 0
    assert take(database, 1, now)[0] not in seen


@pytest.mark.feature("F68", "mail")
@pytest.mark.parametrize(
    "text, found",
    [
        ("[T20190409.0967] Phones", ["T20190409.0967"]),
        ("t20190409.0967", ["T20190409.0967"]),
        ("T20190409.0967.001", ["T20190409.0967.001"]),
        ("a T20190409.0967, b T20190401.2724.", ["T20190409.0967", "T20190401.2724"]),
        ("T20190409.0967 t20190409.0967", ["T20190409.0967"]),
        ("", []),
        ("T20190409.967", []),
        ("T2019409.0967", []),
        ("XT20190409.0967", []),
        ("T20190409.09671234", []),
        ("T20190409.0967.0011", []),
        ("T２０１９０４０９.０９６７", []),
        ("T20190409.٠٩٦٧", []),
        ("T20190409 .0967", []),
    ],
)
def test_find_all(text: str, found: list[str]) -> None:
    """Bare or in brackets, children, any case, in order, once; ASCII digits only."""
    assert STANDARD.find_all(text) == found


@pytest.mark.parametrize(
    "text, rest",
    [
        ("Re: [T20190409.0967] Phones  down", "Re: Phones down"),
        ("T20190409.0967", ""),
        ("[ T20190409.0967 ]x", "x"),
        ("[x]", "[x]"),
    ],
)
def test_strip(text: str, rest: str) -> None:
    """The number goes with its brackets, other brackets stay."""
    assert STANDARD.strip(text) == rest


def test_a_megabyte_of_near_numbers() -> None:
    """Linear in the length of a subject."""
    assert STANDARD.find_all("T20190409." * 100_000) == []
    assert STANDARD.find_all("T" + "1" * 1_000_000) == []
