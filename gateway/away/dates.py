"""Dates as people write them in seventeen languages, found in a text and read against the day of the mail."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

_EARLIEST = timedelta(days=-2)
_LATEST = timedelta(days=400)
_LATEST_WITHOUT_YEAR = timedelta(days=200)  # a day nearly a year ahead is one that is just gone, in an old answer

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar jänner janvier janv enero ene gennaio gen janeiro januari tammikuuta stycznia "
            "ledna января янв ocak",
            "february feb februar février fevrier févr fevr febrero febbraio fevereiro fev februari helmikuuta lutego "
            "února февраля фев şubat",
            "march mar märz maerz mrz mars marzo março marco maart mrt marts maaliskuuta marca března марта mart",
            "april apr avril avr abril abr aprile huhtikuuta kwietnia dubna апреля апр nisan",
            "may mai mayo maggio mag maio mei maj toukokuuta maja května мая mayıs",
            "june jun juni juin junio giugno giu junho kesäkuuta czerwca června июня haziran",
            "july jul juli juillet juil julio luglio lug julho heinäkuuta lipca července июля temmuz",
            "august aug août aout agosto ago augustus augusti elokuuta sierpnia srpna августа авг ağustos",
            "september sept sep septembre septiembre settembre set setembro syyskuuta września září сентября eylül",
            "october oct oktober okt octobre octubre ottobre ott outubro out lokakuuta października října октября окт "
            "ekim",
            "november nov novembre noviembre novembro marraskuuta listopada listopadu ноября нояб kasım",
            "december dec dezember dez décembre decembre déc diciembre dic dicembre dezembro joulukuuta grudnia "
            "prosince desember des декабря дек aralık",
        ),
        1,
    )
    for name in names.split()
}
_WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "monday mon montag lundi lunes lunedì lunedi segunda-feira segunda maandag mandag måndag maanantaina "
            "maanantaihin poniedziałek poniedziałku pondělí понедельник понедельника pazartesi 月曜日 "
            "月曜 星期一 周一 週一",
            "tuesday tue tues dienstag mardi martes martedì martedi terça-feira "
            "terça dinsdag tirsdag tisdag tiistaina "
            "tiistaihin wtorek wtorku úterý вторник вторника salı 火曜日 火曜 星期二 周二 週二",
            "wednesday wed mittwoch mercredi miércoles miercoles mercoledì mercoledi "
            "quarta-feira quarta woensdag onsdag "
            "keskiviikkona keskiviikkoon środę środa środy středu středy středa среду "
            "среды среда çarşamba 水曜日 水曜 "
            "星期三 周三 週三",
            "thursday thu thur thurs donnerstag jeudi jueves giovedì giovedi quinta-feira quinta donderdag torsdag "
            "torstaina torstaihin czwartek czwartku čtvrtek čtvrtka четверг четверга perşembe "
            "木曜日 木曜 星期四 周四 週四",
            "friday fri freitag vendredi viernes venerdì venerdi sexta-feira sexta vrijdag fredag perjantaina "
            "perjantaihin piątek piątku pátek pátku пятницу пятницы cuma 金曜日 金曜 星期五 周五 週五",
            "saturday sat samstag sonnabend samedi sábado sabado sabato zaterdag "
            "lørdag lördag lauantaina sobotę soboty "
            "sobotu субботу субботы cumartesi 土曜日 土曜 星期六 周六 週六",
            "sunday sun sonntag dimanche domingo domenica zondag søndag "
            "söndag sunnuntaina niedzielę niedzieli neděli "
            "neděle воскресенье pazar 日曜日 日曜 星期日 星期天 周日 週日",
        )
    )
    for name in names.split()
}
_TOMORROW = (
    "tomorrow|morgen|demain|mañana|domani|amanhã|i morgen|i morgon|imorgon|huomenna|huomiseen|jutro|jutra|zítra|"
    "завтра|yarın|明日|明天"
)


def _any(names: dict[str, int]) -> str:
    return "|".join(sorted(names, key=len, reverse=True))


_YEAR = r"(?:20\d\d|'\d\d)"
_MENTION = re.compile(
    rf"(?:(?<![^\W\d_])(?P<weekday>{_any(_WEEKDAYS)})(?![^\W\d_]|-)\.?,?\s?"
    r"(?:(?:the|den|dem|der|le|el|il|dia|día|d|giorno|em|,)\.?\s)?)?"
    r"(?:"
    r"(?<![\d./-])(?P<iso>20\d\d)\s?[-/.年]\s?(?P<iso_m>\d{1,2})\s?[-/.月]\s?(?P<iso_d>\d{1,2})(?!\d)日?"
    r"|(?<!\d)(?P<cjk_m>\d{1,2})\s?[月월]\s?(?P<cjk_d>\d{1,2})\s?[日号號일]"
    rf"|(?<![\d.,/:-])(?P<d>\d{{1,2}})(?:st|nd|rd|th|er|º|°|:n|:e)?\.?\s?(?:of |de |d'|di )?(?P<month>{_any(_MONTHS)})"
    rf"(?![^\W\d_])\.?,?(?:\s(?:de )?(?P<y>{_YEAR})(?!\d))?"
    rf"|(?<![^\W\d_])(?P<us_month>{_any(_MONTHS)})\.?\s(?P<us_d>\d{{1,2}})(?:st|nd|rd|th)?(?![\d:])"
    rf"(?:\s?[-–]\s?(?P<us_end>\d{{1,2}})(?:st|nd|rd|th)?(?!\d))?,?(?:\s(?P<us_y>20\d\d)(?!\d))?"
    r"|(?<![\d./:-])(?P<n1>\d{1,2})(?P<sep>[./-])\s?(?P<n2>\d{1,2})(?:(?P=sep)\s?(?P<ny>(?:20)?\d\d)(?!\d))?"
    r"(?P<dot>\.)?(?![\d:/-]|\.\s?\d)(?!\s?(?:uhr|h\b|hrs|am\b|pm\b|a\.m|p\.m|%|€))"
    r")"
    rf"|(?<![^\W\d_])(?P<alone>(?:next |nächsten |kommenden |this )?(?:{_any(_WEEKDAYS)}))(?![^\W\d_]|-)"
    rf"|(?<![^\W\d_])(?P<tomorrow>{_TOMORROW})(?![^\W\d_])",
    re.IGNORECASE,
)
_NEXT = re.compile(r"(?:next|nächsten|kommenden|this)\s", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mention:
    """One date in a text."""

    start: int
    end: int
    found: re.Match[str]

    @property
    def is_range(self) -> bool:
        """True for `December 1-5`, which has its end with it."""
        return self.found["us_end"] is not None

    @property
    def loose(self) -> bool:
        """True for a bare weekday or "tomorrow", which means something only right beside a word of coming back."""
        return bool(self.found["alone"] or self.found["tomorrow"])

    def day(self, today: date, order: str) -> date | None:
        """The day that is meant, or None where it cannot be told; `order` is "dm", "md" or "" when unknown."""
        part = self.found
        if part["tomorrow"]:
            return today + timedelta(days=1)
        if part["alone"]:
            return _next_weekday(part["alone"].lower(), today)
        days = {day for day in _readings(part, today, order) if day is not None}
        weekday = _WEEKDAYS.get((part["weekday"] or "").lower())
        if weekday is not None:
            days = {day for day in days if day.weekday() == weekday}
        return days.pop() if len(days) == 1 else None


def mentions(text: str) -> Iterator[Mention]:
    """Every date of the text, in its order; at most forty."""
    for count, match in enumerate(_MENTION.finditer(text)):
        if count >= 40:
            return
        yield Mention(match.start(), match.end(), match)


def _readings(part: re.Match[str], today: date, order: str) -> Iterator[date | None]:
    if part["iso"]:
        yield _date(int(part["iso"]), int(part["iso_m"]), int(part["iso_d"]), today)
    elif part["cjk_m"]:
        yield _without_year(int(part["cjk_m"]), int(part["cjk_d"]), today)
    elif part["month"]:
        yield _named(part["month"], part["d"], part["y"], today)
    elif part["us_month"]:
        yield _named(part["us_month"], part["us_end"] or part["us_d"], part["us_y"], today)
    elif part["n1"]:
        yield from _numbers(part, today, order)


def _named(month: str, day: str, year: str | None, today: date) -> date | None:
    return _maybe_year(_MONTHS[month.lower()], int(day), year, today)


def _numbers(part: re.Match[str], today: date, order: str) -> Iterator[date | None]:
    """05.12.2026 is the day first; 12/05/2026 may be either, and is believed only where one reading is left."""
    first, second, year = int(part["n1"]), int(part["n2"]), part["ny"]
    if part["sep"] == ".":
        if year or part["dot"] or (len(part["n1"]) == 2 and len(part["n2"]) == 2):
            yield _maybe_year(second, first, year, today)
        return
    if part["sep"] == "-" and not year:  # "1-5" is a range of something
        return
    if order != "md":
        yield _maybe_year(second, first, year, today)
    if order != "dm":
        yield _maybe_year(first, second, year, today)


def _maybe_year(month: int, day: int, year: str | None, today: date) -> date | None:
    if not year:
        return _without_year(month, day, today)
    number = int(year.lstrip("'"))
    return _date(number + 2000 if number < 100 else number, month, day, today)


def _without_year(month: int, day: int, today: date) -> date | None:
    for year in (today.year - 1, today.year, today.year + 1):
        found = _date(year, month, day, today)
        if found is not None and found - today <= _LATEST_WITHOUT_YEAR:
            return found
    return None


def _date(year: int, month: int, day: int, today: date) -> date | None:
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    return found if _EARLIEST <= found - today <= _LATEST else None


def _next_weekday(words: str, today: date) -> date | None:
    """The coming one; "next Friday" in the middle of a week is this one for some and the one after for others."""
    name = _NEXT.sub("", words)
    ahead = (_WEEKDAYS[name] - today.weekday() - 1) % 7 + 1
    day = today + timedelta(days=ahead)
    if name != words and not words.startswith("this") and day.isocalendar()[:2] == today.isocalendar()[:2]:
        return None
    return day
