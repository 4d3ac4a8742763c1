"""Reads a time that somebody spent: `15m`, `1h30`, `1:30`, `1.5h`, `2 h 15 min`, `90`."""

import re
import unicodedata

_LONGEST = 200  # characters
_DAY = 24 * 60
_HOURS = r"h|hrs?|hours?|std|stunden?|heures?|horas?"
_MINUTES = r"m|mins?|minutes?|minuten?|minutos?|'"
_SPELT = re.compile(
    rf"(?:(?P<h>\d{{1,4}}(?:[.,]\d{{1,3}})?)\s?(?:{_HOURS})\.?)?(?:,|\s|and|und|et|y){{0,3}}"
    rf"(?:(?P<m>\d{{1,4}})\s?(?:{_MINUTES})?\.?)?",
    re.IGNORECASE,
)
_COLON = re.compile(r"(\d{1,2}):([0-5]\d)\s?h?", re.IGNORECASE)


def minutes_of(text: str) -> int | None:
    """How many minutes a text names; None for anything above a day, and for 0."""
    said = " ".join(unicodedata.normalize("NFKC", text[:_LONGEST]).split()).strip(" .,;!")
    if found := _COLON.fullmatch(said):
        total = int(found[1]) * 60 + int(found[2])
    elif said and (found := _SPELT.fullmatch(said)) and (found["h"] or found["m"]):
        total = round(float((found["h"] or "0").replace(",", ".")) * 60) + int(found["m"] or 0)
    else:
        return None
    return total if 0 < total <= _DAY else None
