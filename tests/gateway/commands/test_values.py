"""Dates, times, minutes and addresses as people write them behind a command or a label."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from desk.minutes import minutes_of
from gateway.commands.values import addresses_of, date_of, when_of

TODAY = date(2019, 4, 9)  # a Tuesday
LONDON = ZoneInfo("Europe/London")
NOON = datetime(2019, 4, 9, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("3 May 2019", "2019-05-03"),
        ("3rd of May 2019", "2019-05-03"),
        ("May 3, 2019", "2019-05-03"),
        ("3.5.2019", "2019-05-03"),
        ("03.05.19", "2019-05-03"),
        ("2019-05-03", "2019-05-03"),
        ("03/05/2019", "2019-05-03"),
        ("3-5-2019", "2019-05-03"),
        ("3 May", "2019-05-03"),
        ("3.5.", "2019-05-03"),
        ("25/12", "2019-12-25"),
        ("Friday 12 April", "2019-04-12"),
        ("by 3 May 2019", "2019-05-03"),
        ("today", "2019-04-09"),
        ("tomorrow", "2019-04-10"),
        ("Friday", "2019-04-12"),
        ("next Monday", "2019-04-15"),
        ("in 3 days", "2019-04-12"),
        ("3. Mai 2019", "2019-05-03"),
        ("bis zum 3. Mai", "2019-05-03"),
        ("5. März 2020", "2020-03-05"),
        ("Freitag", "2019-04-12"),
        ("morgen", "2019-04-10"),
        ("übermorgen", "2019-04-11"),
        ("in 2 Wochen", "2019-04-23"),
        ("le 3 mai 2019", "2019-05-03"),
        ("15 août", "2019-08-15"),
        ("vendredi", "2019-04-12"),
        ("lundi prochain", "2019-04-15"),
        ("demain", "2019-04-10"),
        ("3 de mayo de 2019", "2019-05-03"),
        ("el próximo lunes", "2019-04-15"),
        ("mañana", "2019-04-10"),
        ("5月3日", "2019-05-03"),
        # a day of the year to come
        ("5 January", "2020-01-05"),
        ("1 Feb", "2020-02-01"),
        # gone by: for the caller to refuse
        ("12 Mar", "2019-03-12"),
        ("31/12/2018", "2018-12-31"),
        # far ahead
        ("1 Jan 2024", "2024-01-01"),
    ],
)
def test_a_day(text: str, wanted: str) -> None:
    """The day first, and the coming one where there is no year."""
    assert date_of(text, TODAY) == date.fromisoformat(wanted)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "asap",
        "30 Feb 2019",
        "13/25/2019",
        "Friday 13 April",  # it is a Saturday
        "3 May or 4 May",
        "3-5 May",
        "May 3-5",
        "next Friday",  # on a Tuesday: this week's for some, the next one's for others
        "vendredi prochain",
        "when Sam is back on 3 May",
        "20190503",
    ],
)
def test_no_day(text: str) -> None:
    """Nothing is guessed."""
    assert date_of(text, TODAY) is None


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("12 Apr 15:00", "2019-04-12 15:00"),
        ("12 Apr", "2019-04-12 17:30"),
        ("12.04.2019", "2019-04-12 17:30"),
        ("12/04/2019 3:30 pm", "2019-04-12 15:30"),
        ("2019-04-12T15:00", "2019-04-12 15:00"),
        ("2019-04-12 15:00:00", "2019-04-12 15:00"),
        ("1 May 2019, 09:15", "2019-05-01 09:15"),
        ("15:00", "2019-04-09 15:00"),
        ("tomorrow 9am", "2019-04-10 09:00"),
        ("at 5pm tomorrow", "2019-04-10 17:00"),
        ("12am tomorrow", "2019-04-10 00:00"),
        ("Friday noon", "2019-04-12 12:00"),
        ("Freitag 15 Uhr", "2019-04-12 15:00"),
        ("12.4.2019 um 15.30 Uhr", "2019-04-12 15:30"),
        ("vendredi 15h", "2019-04-12 15:00"),
        ("vendredi à 15h30", "2019-04-12 15:30"),
        ("mañana a las 15:00", "2019-04-10 15:00"),
    ],
)
def test_a_moment(text: str, wanted: str) -> None:
    """In the zone of the desk; a bare day ends when the desk closes."""
    assert when_of(text, NOON, LONDON) == datetime.fromisoformat(wanted).replace(tzinfo=LONDON)


@pytest.mark.parametrize("text", ["", "soon", "tomorrow at 25:00", "13pm", "12 Apr 15:00 16:00", "30 Feb 10:00"])
def test_no_moment(text: str) -> None:
    """A time that no clock shows is none."""
    assert when_of(text, NOON, LONDON) is None


def test_the_day_ends_when_the_desk_says_so() -> None:
    """And begins with midnight where the desk is."""
    assert when_of("12 Apr", NOON, LONDON, time(18)) == datetime(2019, 4, 12, 18, tzinfo=LONDON)
    late = datetime(2019, 4, 9, 23, 30, tzinfo=UTC)  # 10 April in London
    assert when_of("tomorrow", late, LONDON) == datetime(2019, 4, 11, 17, 30, tzinfo=LONDON)


@pytest.mark.parametrize(
    "text, minutes",
    [
        ("15m", 15),
        ("15 min", 15),
        ("90", 90),
        ("1h", 60),
        ("1h30", 90),
        ("1h 30m", 90),
        ("1:30", 90),
        ("0:05", 5),
        ("1.5h", 90),
        ("1,5 h", 90),
        ("2 h 15 min", 135),
        ("1 hour and 5 minutes", 65),
        ("2 Stunden", 120),
        ("1 Std. 30 Min.", 90),
        ("2 heures", 120),
        ("2 horas y 10 minutos", 130),
        ("24h", 1440),
        ("", None),
        ("0", None),
        ("25h", None),
        ("24h 1m", None),
        ("-15m", None),
        ("15m 20m", None),
        ("10 20", None),
        ("a while", None),
        ("h", None),
        ("99999999999999999999", None),
    ],
)
def test_minutes(text: str, minutes: int | None) -> None:
    """Up to a day."""
    assert minutes_of(text) == minutes


@pytest.mark.parametrize(
    "text, good, bad",
    [
        ("ann@customer.test", ["ann@customer.test"], []),
        ("ann@customer.test; bob@customer.test", ["ann@customer.test", "bob@customer.test"], []),
        ("ann@customer.test, bob@customer.test", ["ann@customer.test", "bob@customer.test"], []),
        ("ann@customer.test bob@customer.test", ["ann@customer.test", "bob@customer.test"], []),
        ("ann@customer.test and bob@customer.test", ["ann@customer.test", "bob@customer.test"], []),
        ("Ann Example <ann@customer.test>; bob", ["ann@customer.test"], ["bob"]),
        ("Example, Ann <ann@customer.test>", ["ann@customer.test"], []),
        ('"Example, Ann" <ann@customer.test>', ["ann@customer.test"], []),
        ("ann@customer.test <mailto:ann@customer.test>", ["ann@customer.test"], []),
        ("mailto:ann@customer.test", ["ann@customer.test"], []),
        ("Ann@customer.test, ann@CUSTOMER.test", ["Ann@customer.test"], []),
        ("ann@customer.test.", ["ann@customer.test"], []),
        ("ana@", [], ["ana@"]),
        ("ana@; ann@customer.test; @x", ["ann@customer.test"], ["ana@", "@x"]),
        ("sam", [], ["sam"]),
        ("", [], []),
        (" ; , ", [], []),
    ],
)
def test_addresses(text: str, good: list[str], bad: list[str]) -> None:
    """What is none is told as it was written."""
    found, others = addresses_of(text)
    assert ([mailbox.address for mailbox in found], others) == (good, bad)


def test_names_stay_with_addresses() -> None:
    """For a person who is not known yet."""
    assert [box.name for box in addresses_of("Example, Ann <ann@customer.test>; Bob <bob@customer.test>")[0]] == [
        "Example, Ann",
        "Bob",
    ]


def test_hostile_texts() -> None:
    """Bounded, whatever comes."""
    for text in ("<" * 500_000, '"' * 500_000, "(" * 500_000, "a@b.test," * 50_000, "1" * 500_000, "1 May " * 50_000):
        assert len(addresses_of(text)[0]) <= 200
        assert minutes_of(text) is None
        assert when_of(text, NOON, LONDON) is None
