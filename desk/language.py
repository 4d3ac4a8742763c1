"""The language of a reader: sentences, names, dates, numbers and lists as people who read it write them.

Every letter is made for one reader. Code is handed `desk.language` (answers: `facts.language`), a `Language`:

- `language.say("{name} wrote:", name=name)` is a sentence. The message stands there as a literal, whole, in English;
  what people wrote comes in by a value and is never translated itself.
- `language.say_many("{n} ticket", "{n} tickets", n)` counts; {n} is filled in.
- `language.told(value)` speaks what a row of the outbox kept: a text, or a sentence of desk/said.py.
- `language.name(ticket.status)` is a built-in name (status, type, urgency, priority …); other texts stay as they are.
- `language.gettext(label)` is a text out of a table whose literals are marked with `say("…")` of desk/said.py.
- `language.date(day)`, `.month(day)`, `.day(at, zone)`, `.moment(at, zone)`, `.span(length)` (“3 days”),
  `.within(length)` (“in 3 days”), `.size(bytes)`, `.number(n)`, `.all_of(names)` (“A, B and C”), `.one_of(names)`
  (“A, B or C”).

Templates say the same with Jinja's i18n extension; the values of a context are translated already:

- `{{ _("%(name)s shared a ticket with you.", name=by) }}`: one whole sentence or paragraph, its places written
  %(name)s, a percent sign %%. What depends on something is two sentences, `_("…") if by else _("…")`, never one with
  a hole for half of it. `{{ ngettext("%(num)s file", "%(num)s files", count) }}` counts.
- `{% trans name=by %}{{ name }} shared …{% endtrans %}` does as well, but a line that ends in `%}` loses its line end.
- body.html says the messages of body.txt, letter for letter, without `&`, `<` or a space that does not break. Marks
  within a sentence come in by a value, from a macro of _base/parts.html: `number=number(ticket.number)`,
  `word=strong(_("stop"))`. Values and translations are escaped.
- A label of a line is a message without its colon, and then `{{ _(":") }}`: French puts a space before it.
- A comment that begins with `translators:`, on the line before, goes into the catalogues; in Python code too.
- A word that the reader may send back (“stop”, “confirm”) is a message of its own, given as a value: its translation
  is one that config/words knows. `#commands` stay in English: they are understood in every language.

After a message was added or changed, `make words` writes it into templates/locale/*/postdesk.po.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from desk.names import NAMES
from desk.said import Translator, spoken

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur", "yi"})
_CODE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,3}", re.ASCII)
_CODES = 1000  # that are remembered: any text may stand as a person's language


class _English:
    """The messages themselves."""

    def gettext(self, message: str) -> str:
        return message

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        return singular if n == 1 else plural


@dataclass(frozen=True, slots=True)
class Language:
    """One language with its catalogue of messages; messages that the catalogue lacks are English."""

    code: str = "en"
    catalogue: Translator = field(default_factory=_English)

    @property
    def direction(self) -> str:
        """How it is written: ltr or rtl."""
        return "rtl" if self.code.partition("-")[0] in _RIGHT_TO_LEFT else "ltr"

    def gettext(self, message: str) -> str:
        """A message as it stands, with its places not filled in."""
        return self.catalogue.gettext(message) if message else ""  # "" is the head of a catalogue

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """The form for a number, with its places not filled in."""
        return self.catalogue.ngettext(singular, plural, n)

    def say(self, message: str, /, **values: object) -> str:
        """A sentence with its values filled in."""
        text = self.gettext(message)
        return text.format_map(values) if values else text

    def say_many(self, singular: str, plural: str, n: int, /, **values: object) -> str:
        """The sentence that fits the number, which is among its values as {n}."""
        return self.ngettext(singular, plural, n).format_map({"n": self.number(n), **values})

    def told(self, value: object) -> str:
        """What was said when something was done (desk/said.py), in this language; a plain text as it is."""
        return spoken(value, self)

    def name(self, text: str) -> str:
        """A built-in name (desk/names.py); any other text is somebody's own and stays."""
        return self.catalogue.gettext(text) if text in NAMES else text

    def number(self, n: int) -> str:
        """1,234"""
        if self._is_english or -1000 < n < 1000:
            return f"{n:,}"
        from babel.numbers import format_decimal

        return format_decimal(n, locale=_locale(self.code))

    def month(self, day: date) -> str:
        """Apr 2019"""
        return f"{_MONTHS[day.month - 1]} {day.year}" if self._is_english else _date(self.code, day, "yMMM")

    def date(self, day: date) -> str:
        """9 Apr 2019"""
        return f"{day.day} {_MONTHS[day.month - 1]} {day.year}" if self._is_english else _date(self.code, day)

    def day(self, at: datetime, zone: ZoneInfo) -> str:
        """The day of a moment, as people there call it."""
        return self.date(at.astimezone(zone).date())

    def moment(self, at: datetime, zone: ZoneInfo) -> str:
        """9 Apr 2019, 13:07 BST"""
        local = at.astimezone(zone)
        return f"{self.date(local.date())}, {local:%H:%M %Z}"

    def span(self, length: timedelta) -> str:
        """30 minutes, 2 hours, 3 days: rounded to what people say."""
        unit, n = _rounded(length)
        if unit == "minute":
            return self.say_many("{n} minute", "{n} minutes", n)
        if unit == "hour":
            return self.say_many("{n} hour", "{n} hours", n)
        return self.say_many("{n} day", "{n} days", n)

    def within(self, length: timedelta) -> str:
        """in 30 minutes, in 2 hours, in 3 days: many languages have another form of “days” there."""
        unit, n = _rounded(length)
        if unit == "minute":
            return self.say_many("in {n} minute", "in {n} minutes", n)
        if unit == "hour":
            return self.say_many("in {n} hour", "in {n} hours", n)
        return self.say_many("in {n} day", "in {n} days", n)

    def size(self, count: int) -> str:
        """48 KB"""
        if count < 1_000_000:
            return self.say("{n} KB", n=max(1, round(count / 1000)))
        if self._is_english:
            return f"{count / 1_000_000:.1f} MB"
        from babel.numbers import format_decimal

        return self.say("{n} MB", n=format_decimal(count / 1_000_000, "#,##0.0", locale=_locale(self.code)))

    def all_of(self, names: Iterable[str]) -> str:
        """A, B and C"""
        *some, last = list(names) or [""]
        return self.say("{names} and {last}", names=", ".join(some), last=last) if some else last

    def one_of(self, names: Iterable[str]) -> str:
        """A, B or C"""
        *some, last = list(names) or [""]
        return self.say("{names} or {last}", names=", ".join(some), last=last) if some else last

    @property
    def _is_english(self) -> bool:
        return self.code == "en"


ENGLISH = Language()
Load = Callable[[str], Translator | None]


class Languages:
    """The languages that a desk writes. `load` finds the catalogue of a code, such as “de”; each is asked for once."""

    def __init__(self, load: Load = lambda code: None, default: str = "en") -> None:
        self._load, self._default = load, default
        self._known: dict[str, Language | None] = {}

    def find(self, *wanted: str) -> Language:
        """The language of a reader: the first code that is known, of the person, then of their organisation.

        “de-AT” and “DE” are German. Where none is known it is the desk's own language, and if that is unknown English.
        """
        for code in (*wanted, self._default):
            if code and (found := self._of(code)):
                return found
        return self._of("en") or ENGLISH

    def _of(self, code: str) -> Language | None:
        if code not in self._known:
            if len(self._known) >= _CODES:
                self._known.clear()
            self._known[code] = self._read(code)
        return self._known[code]

    def _read(self, code: str) -> Language | None:
        said = code.strip().lower().replace("_", "-")
        if not _CODE.fullmatch(said):
            return None
        for one in dict.fromkeys((said, said.partition("-")[0])):
            if catalogue := self._load(one):
                return Language(one, catalogue)
            if one == "en":
                return ENGLISH
        return None


def _rounded(length: timedelta) -> tuple[str, int]:
    minutes = max(1, round(length.total_seconds() / 60))
    if minutes < 90:
        return "minute", minutes
    return ("hour", round(minutes / 60)) if minutes < 36 * 60 else ("day", round(minutes / 1440))


# Babel is imported where it is needed: English does without, and it takes a while.
@lru_cache(maxsize=64)
def _locale(code: str) -> str:
    """The locale of Babel that has the words of a language; English where Babel knows none."""
    from babel import Locale, UnknownLocaleError

    for one in (code, code.partition("-")[0]):
        try:
            return str(Locale.parse(one, sep="-"))
        except (UnknownLocaleError, ValueError):
            continue  # the next one
    return "en_GB"


@lru_cache(maxsize=4096)
def _date(code: str, day: date, parts: str = "yMMMd") -> str:
    from babel.dates import format_skeleton

    return format_skeleton(parts, day, locale=_locale(code))
