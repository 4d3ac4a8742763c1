"""The day on which somebody is back, from an out-of-office answer, where it says so."""

import re
from datetime import date, datetime, timedelta

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier enero ene gennaio gen janeiro januari tammikuuta stycznia ledna января ocak",
            "feb february februar février fevrier fév febrero febbraio fevereiro fev februari helmikuuta lutego "
            "února февраля şubat",
            "mar march märz maerz mrz mars marzo março marco maart mrt maaliskuuta marca března марта mart",
            "apr april avril avr abril abr aprile huhtikuuta kwietnia dubna апреля nisan",
            "may mai mayo maggio mag maio mei maj toukokuuta maja května мая mayıs",
            "jun june juni juin junio giugno giu junho kesäkuuta czerwca června июня haziran",
            "jul july juli juillet juil julio luglio lug julho heinäkuuta lipca července июля temmuz",
            "aug august août aout agosto ago augustus augusti elokuuta sierpnia srpna августа ağustos",
            "sep sept september septembre septiembre settembre set setembro syyskuuta września září сентября eylül",
            "oct october oktober okt octobre octubre ottobre ott outubro out lokakuuta października října октября ekim",
            "nov november novembre noviembre novembro marraskuuta listopada listopadu ноября kasım",
            "dec december dezember dez décembre decembre déc diciembre dic dicembre dezembro joulukuuta grudnia "
            "prosince декабря aralık",
        ),
        1,
    )
    for name in names.split()
}
_BACK = re.compile(
    r"(?:\b(?:back|return(?:ing)?|until|till|through|available again|in the office again|"
    r"bis|zurück|wieder (?:da|erreichbar|im)|ab dem|jusqu'au|de retour|retour le|reviens|"
    r"hasta|regreso|vuelvo|volver[ée]|fino al|rientr\w*|torn[oe]\w*|sarò di ritorno|até|regress\w*|volto|"
    r"retorn\w*|"
    r"tot en met|tot|terug|weer aanwezig|til|tilbage|tilbake|tillbaka|åter|till och med|asti|saakka|palaan|"
    r"do dnia|wracam|powrót|zpět|vrátím|до|вернусь|kadar|dönece)\b|まで|到|至|עד)",
    re.IGNORECASE,
)
_NAMES = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATE = re.compile(
    r"(?P<y>20\d\d)[-/.年]\s?(?P<m>\d{1,2})[-/.月]\s?(?P<d>\d{1,2})"
    rf"|(?P<d2>\d{{1,2}})(?:st|nd|rd|th|\.|er|º)?\s(?:of |de |d')?(?P<month>{_NAMES})\b"
    r"\.?,?(?:\s(?:de )?(?P<y2>20\d\d))?"
    rf"|\b(?P<month3>{_NAMES})\.?\s(?P<d3>\d{{1,2}})(?:st|nd|rd|th)?\b,?(?:\s(?P<y3>20\d\d))?"
    r"|(?P<d4>\d{1,2})[./](?P<m4>\d{1,2})[./](?P<y4>(?:20)?\d\d)?",
    re.IGNORECASE,
)


def return_date(subject: str, text: str, sent: datetime | None) -> date | None:
    """The last date that follows a word of coming back; only a day near the mail's own is believed."""
    today = (sent or datetime.now().astimezone()).date()
    answer: date | None = None
    for stretch in (subject, text[:3000]):
        for mark in _BACK.finditer(stretch):
            found = _near(stretch[mark.end() : mark.end() + 60], today)
            if found is not None and (answer is None or found > answer):
                answer = found
    return answer


def _near(text: str, today: date) -> date | None:
    for match in _DATE.finditer(text):
        day = _day(match, today)
        if day is not None and today - timedelta(days=2) <= day <= today + timedelta(days=400):
            return day
    return None


def _day(match: re.Match[str], today: date) -> date | None:
    part = match.groupdict()
    name = part["month"] or part["month3"]
    month = _MONTHS.get(name.lower()) if name else int(part["m"] or part["m4"] or 0)
    day = int(part["d"] or part["d2"] or part["d3"] or part["d4"] or 0)
    year_text = part["y"] or part["y2"] or part["y3"] or part["y4"]
    year = int(year_text) if year_text else today.year
    year += 2000 if year < 100 else 0
    if month is None:
        return None
    if part["m4"] and month > 12 >= day:  # 05/25/2026: the American order
        day, month = month, day
    try:
        found = date(year, month, day)
        return found.replace(year=year + 1) if not year_text and found < today - timedelta(days=60) else found
    except ValueError:
        return None
