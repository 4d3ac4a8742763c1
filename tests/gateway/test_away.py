"""The day of return in an out-of-office answer: read where it is stated, and left alone where it is not clear."""

from datetime import UTC, date, datetime

import pytest

from gateway.away import return_date
from gateway.parse import read

SENT = datetime(2026, 11, 23, 10, tzinfo=UTC)  # a Monday
NOV_24, NOV_30, DEC_5, DEC_7 = date(2026, 11, 24), date(2026, 11, 30), date(2026, 12, 5), date(2026, 12, 7)


@pytest.mark.parametrize(
    "text, day",
    [
        ("I will be back on Monday 30 November.", NOV_30),
        ("I am out of the office until 5 December.", DEC_5),
        ("I'm OOO thru Dec 4, returning Dec 7th.", DEC_7),
        ("Ich bin bis einschließlich 05.12. nicht im Haus.", DEC_5),
        ("Ab dem 07.12.2026 bin ich wieder erreichbar.", DEC_7),
        ("Am 7. Dezember bin ich wieder für Sie da.", DEC_7),
        ("Je suis absente jusqu'au 5 décembre inclus.", DEC_5),
        ("Je serai de retour le lundi 7 décembre 2026.", DEC_7),
        ("Estaré fuera de la oficina hasta el 5 de diciembre.", DEC_5),
        ("Regreso el 7 de diciembre de 2026.", DEC_7),
        ("Sarò assente fino al 5 dicembre.", DEC_5),
        ("Sono in ferie, rientro il 7 dicembre.", DEC_7),
        ("Estarei ausente até 5 de dezembro.", DEC_5),
        ("Regresso a 7 de dezembro.", DEC_7),
        ("Ik ben afwezig tot en met 5 december.", DEC_5),
        ("Ik ben op maandag 7 december weer aanwezig.", DEC_7),
        ("Jeg er på ferie til og med 5. december.", DEC_5),
        ("Jeg er tilbage mandag den 7. december.", DEC_7),
        ("Jag är på semester till och med 5 december.", DEC_5),
        ("Jag är åter den 7 december.", DEC_7),
        ("Jeg er tilbake 7. desember.", DEC_7),
        ("Olen lomalla 5.12.2026 asti.", DEC_5),
        ("Palaan töihin 7.12.2026.", DEC_7),
        ("Jestem na urlopie do 5 grudnia.", DEC_5),
        ("Wracam 7 grudnia 2026.", DEC_7),
        ("Jsem na dovolené do 5. prosince.", DEC_5),
        ("Zpět budu 7. 12. 2026.", DEC_7),
        ("Я в отпуске по 5 декабря.", DEC_5),
        ("Вернусь 7 декабря.", DEC_7),
        ("5 Aralık tarihine kadar izindeyim.", DEC_5),
        ("7 Aralık'ta döneceğim.", DEC_7),
        ("12月5日まで不在にしております。", DEC_5),
        ("2026年12月7日に戻ります。", DEC_7),
        ("我将于12月7日返回办公室。", DEC_7),
        ("我休假至12月5日。", DEC_5),
    ],
)
def test_languages(text: str, day: date) -> None:
    """The last day away, or the day of return, in the words of seventeen languages."""
    assert return_date("", text, SENT) == day


@pytest.mark.parametrize(
    "text, day",
    [
        ("I am away from 1 to 5 Dec.", DEC_5),
        ("I am away from Dec 1-5.", DEC_5),
        ("I am away from 24 November until 5 December and will be back on Monday, December 7th.", DEC_7),
        ("I will be out of the office starting 11/24/2026 and will not return until 12/07/2026.", DEC_7),
        ("Ich bin vom 24.11.2026 bis 05.12.2026 im Urlaub. Ab dem 07.12.2026 bin ich wieder erreichbar.", DEC_7),
        ("Mein Büro ist vom 1. bis 5. Dezember nicht besetzt.", DEC_5),
        ("Je suis en congés du 24 novembre au 5 décembre.", DEC_5),
        ("Estoy de vacaciones del 24 de noviembre al 5 de diciembre.", DEC_5),
        ("Sono in ferie dal 24 novembre al 5 dicembre, rientro il 7 dicembre.", DEC_7),
        ("Я в отпуске с 24 ноября по 5 декабря.", DEC_5),
        ("11月24日から12月5日まで休暇をいただきます。12月7日に復帰します。", DEC_7),
        ("我从11月24日至12月5日休假。", DEC_5),
        ("Back on 7 December.\n\nZurück am 7. Dezember.", DEC_7),
    ],
)
def test_several_dates(text: str, day: date) -> None:
    """The day of return, else the last day; never the first."""
    assert return_date("", text, SENT) == day


@pytest.mark.parametrize(
    "text, day",
    [
        ("back on 2026-12-05", DEC_5),
        ("back on 2026/12/05", DEC_5),
        ("back 30/11", NOV_30),
        ("back 11/30", NOV_30),
        ("until 12/05/2026", DEC_5),  # the fifth month is long gone
        ("until 05/12/2026", DEC_5),
        ("until 02/03/2027", None),  # either may be meant
        ("bis 02/03/2027", date(2027, 3, 2)),  # in German only one is
        ("bis 05.12.26", DEC_5),
        ("until 99.99.2026", None),
        ("until 31 November", None),
        ("until 5pm", None),
        ("back at 10.30", None),
    ],
)
def test_numbers(text: str, day: date | None) -> None:
    """ISO, day first, month first: believed where one reading is left."""
    assert return_date("", text, SENT) == day


@pytest.mark.parametrize(
    "text, day",
    [
        ("I am back on Monday.", NOV_30),
        ("I will return next Monday.", NOV_30),
        ("I will return next Friday.", None),  # this week's or the next one's
        ("Ich bin ab Montag wieder im Büro.", NOV_30),
        ("I will be back tomorrow.", NOV_24),
        ("Ab morgen bin ich wieder da.", NOV_24),
        ("Guten Morgen, ich bin nicht da.", None),
        ("I will be back on Tuesday 30 November.", None),  # it is a Monday
    ],
)
def test_weekdays(text: str, day: date | None) -> None:
    """From the day of the mail; one that contradicts itself says nothing."""
    assert return_date("", text, SENT) == day


@pytest.mark.parametrize(
    "text, sent, day",
    [
        ("I will be back on 4 January.", date(2026, 12, 23), date(2027, 1, 4)),
        ("Away from 23 December to 2 January", date(2026, 12, 23), date(2027, 1, 2)),
        ("Back on 30 December", date(2027, 1, 3), None),  # an old answer, not one for a year ahead
        ("Back on 2 January", date(2027, 1, 3), date(2027, 1, 2)),
        ("Back on 4 January 2029", date(2026, 12, 23), None),
        ("Back in 1999, until 01.01.1999, all was well.", date(2026, 11, 23), None),
    ],
)
def test_around_new_year(text: str, sent: date, day: date | None) -> None:
    """Without a year the nearest one is meant; a day far off is not believed."""
    assert return_date("", text, datetime(sent.year, sent.month, sent.day, tzinfo=UTC)) == day


@pytest.mark.parametrize(
    "text",
    [
        "I am away.",
        "I am on leave from 1 December.",
        "From 1 December I am on vacation, back soon.",
        "Thanks for your mail of 20 November.",
        "I am away. Our sale is open until 30 November!",
        "I am away until 5 December. In urgent cases until 3 December call Bob.",
        "I am away until further notice. Version 5.12.1 is out.",
        "I am away.\n\n> I will be back on 30 November",
        "I am away.\n\n-----Original Message-----\nI need it back by 30 November",
        "On 30 November our office moves back to 5 High Street.",
    ],
)
def test_not_stated(text: str) -> None:
    """Dates of other things, of the beginning, of somebody else's words, or two that contradict each other."""
    assert return_date("", text, SENT) is None


def test_subject() -> None:
    """The subject may say it alone."""
    assert return_date("Out of office until 5 December", "I am away.", SENT) == DEC_5
    assert return_date("Abwesenheit 1.12. - 5.12.", "", SENT) == DEC_5


def test_only_of_automatic_answers() -> None:
    """The day is read of a machine's answer, from the mail's own date; a person's dates are left alone."""
    head = "From: ann@x.test\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n"
    assert read(f"{head}Auto-Submitted: auto-replied\r\n\r\nBack on Monday.".encode()).return_date == NOV_30
    assert read(f"{head}\r\nBack on Monday.".encode()).return_date is None


@pytest.mark.parametrize("text", ["until " * 600, "until 5 December " * 300, "5.12. - " * 900, "1月" * 3000])
def test_hostile(text: str) -> None:
    """Nothing hangs on a text made to be slow, and nothing raises without a date."""
    return_date(text, text, None)
