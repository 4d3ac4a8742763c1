"""The language of a reader: which one it is, how it says dates and numbers, and letters that are written in it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from desk import statuses
from desk.language import ENGLISH, Language, Languages
from desk.said import Translator, kept, say, say_many
from gateway.commands.vocabulary import VALUES
from gateway.compose import Composer
from gateway.letter import Letter
from gateway.letter_sandbox import TemplateTooGreedy
from gateway.letter_templates import LetterTemplates
from store.database import Database
from store.tables import Base, Contact, Organisation, Outbox, Staff
from tests.gateway import letter_world as world
from tests.gateway.test_compose import part, read, unflowed, visible, words

AT = datetime(2019, 4, 9, 12, 7, tzinfo=UTC)
LONDON, BERLIN = ZoneInfo("Europe/London"), ZoneInfo("Europe/Berlin")
_PLACE = re.compile(r"(%\(\w+\)s|%%|\{\w*\}|#[\w-]+)")


class Foreign:
    """A catalogue that translates everything, into words without a single Latin letter."""

    def gettext(self, message: str) -> str:
        """Its places and #commands stay."""
        parts = _PLACE.split(message)
        return "".join(one if place % 2 else re.sub(r"[A-Za-z]", "ж", one) for place, one in enumerate(parts))

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """As in English."""
        return self.gettext(singular if n == 1 else plural)


class Told:
    """A catalogue of a few messages."""

    def __init__(self, **messages: str) -> None:
        self.messages = messages

    def gettext(self, message: str) -> str:
        """One of them, or the message itself."""
        return self.messages.get(message, message)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """As in English."""
        return self.gettext(singular if n == 1 else plural)


KNOWN: dict[str, Translator] = {
    "de": Told(Resolved="Gelöst", Files="Dateien"),
    "fr": Told(),
    "pt-br": Told(),
    "ru": Foreign(),
    "ar": Told(),
}


def known(code: str) -> Translator | None:
    """The catalogues of the sample desk."""
    return KNOWN.get(code)


LANGUAGES = Languages(known, "en")
GERMAN = LANGUAGES.find("de")


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Database]:
    """The sample desk."""
    made = world.database(tmp_path)
    yield made
    made.close()


def composer(languages: Languages = LANGUAGES) -> Composer:
    """One that writes several languages."""
    return world.composer(desk=replace(world.FACTS, languages=languages))


@pytest.mark.parametrize(
    "wanted, found",
    [
        ((), "en"),
        (("", ""), "en"),
        (("de", "fr"), "de"),
        (("", "fr"), "fr"),
        (("de-AT",), "de"),
        (("de_AT",), "de"),
        (("DE",), "de"),
        ((" de ",), "de"),
        (("pt-BR",), "pt-br"),
        (("xx", "fr"), "fr"),
        (("Deutsch", "../de"), "en"),
        (("en-GB", "de"), "en"),
    ],
)
def test_the_language_of_a_reader(wanted: tuple[str, ...], found: str) -> None:
    """Their own, else that of their organisation, else the desk's; a code of a region or in capitals is understood."""
    assert LANGUAGES.find(*wanted).code == found


def test_the_language_of_the_desk() -> None:
    """Where a reader's is not known the desk's own is taken; where that is not known, English."""
    assert Languages(known, "de").find("xx").code == "de"
    assert Languages(known, "xx").find("yy") is ENGLISH


def test_a_catalogue_is_asked_for_once() -> None:
    """However many letters there are, a catalogue is read once, and none for English that nobody reworded."""
    asked: list[str] = []

    def load(code: str) -> Told | None:
        asked.append(code)
        return Told() if code == "de" else None

    languages = Languages(load)
    assert {languages.find(code).code for code in ("de", "de", "en", "en", "xx", "xx")} == {"de", "en"}
    assert asked == ["de", "en", "xx"]
    for number in range(5000):
        languages.find(f"x{number}")
    assert languages.find("de").code == "de"


@pytest.mark.feature("F65", "mail")
def test_dates_and_numbers() -> None:
    """English as it always was; other languages as Unicode's data has them."""
    french = LANGUAGES.find("fr")
    assert ENGLISH.moment(AT, LONDON) == "9 Apr 2019, 13:07 BST"
    assert GERMAN.moment(AT, BERLIN) == "9. Apr. 2019, 14:07 CEST"
    assert french.day(AT, BERLIN) == "9 avr. 2019"
    assert (ENGLISH.date(date(2019, 9, 30)), GERMAN.date(date(2019, 9, 30))) == ("30 Sep 2019", "30. Sept. 2019")
    assert (ENGLISH.month(date(2019, 5, 1)), GERMAN.month(date(2019, 5, 1))) == ("May 2019", "Mai 2019")
    assert (ENGLISH.number(1234567), GERMAN.number(1234567)) == ("1,234,567", "1.234.567")
    assert (ENGLISH.size(1_500_000), GERMAN.size(1_500_000)) == ("1.5 MB", "1,5 MB")
    assert (ENGLISH.size(48_000), ENGLISH.size(1)) == ("48 KB", "1 KB")


@pytest.mark.parametrize(
    "minutes, span", [(0, "1 minute"), (89, "89 minutes"), (90, "2 hours"), (60 * 35, "35 hours"), (60 * 36, "2 days")]
)
def test_spans(minutes: int, span: str) -> None:
    """Rounded to what people say, alone and as a time from now."""
    length = timedelta(minutes=minutes)
    assert (ENGLISH.span(length), ENGLISH.within(length)) == (span, f"in {span}")


def test_lists() -> None:
    """A, B and C; A, B or C."""
    assert [ENGLISH.all_of("ABC"[:n]) for n in range(4)] == ["", "A", "A and B", "A, B and C"]
    assert ENGLISH.one_of("ABC") == "A, B or C"


def test_names_are_translated_and_what_people_wrote_is_not() -> None:
    """A built-in name is looked up; a text that happens to be a message is not."""
    assert (GERMAN.name("Resolved"), GERMAN.name("Files"), GERMAN.gettext("Files")) == ("Gelöst", "Files", "Dateien")
    assert GERMAN.gettext("") == ""


def test_sentences_that_were_kept_are_told() -> None:
    """What a rule said when it did something is told in the language of the letter."""
    told = Language(
        "xx", Told(**{"{what} is now {value}.": "{value}: {what}", "High": "Hoch", "{n} files": "{n} Dateien"})
    )
    assert told.told(kept(say("{what} is now {value}.", what="High street", value=say("High")))) == "Hoch: High street"
    assert told.told(say_many("{n} file", "{n} files", 2)) == "2 Dateien"
    assert told.told("{plain} 100 %") == "{plain} 100 %"


def test_a_letter_is_in_the_language_of_its_reader(base: Database) -> None:
    """The contact's, else the organisation's, else the desk's; of staff their own: the words, lang and the header."""
    world.fill(base)
    world.participate(base, world.KIM)
    rows = [world.row(1, "update", world.JANE, event_id=2), world.row(2, "update", world.KIM, event_id=2)]
    rows += [world.row(3, "new_ticket", world.SAM, event_id=world.EVENT)]
    world.add(base, world.event(2, "Hello", world.SAM), *rows)
    set_language(base, Organisation, world.ORGANISATION, "ru")
    set_language(base, Contact, world.KIM, "de-AT")
    set_language(base, Staff, world.SAM, "ar")
    jane, kim, sam = world.render(base, 1, 2, 3, by=composer())
    assert [str(read(letter)["Content-Language"]) for letter in (jane, kim, sam)] == ["ru", "de", "ar"]
    assert "Sam Lee жжжжж:" in part(jane, "plain")
    assert 'lang="de" dir="ltr"' in part(kim, "html")
    assert 'lang="ar" dir="rtl"' in part(sam, "html")
    set_language(base, Contact, world.JANE, "en")
    assert "Sam Lee wrote:" in part(world.render(base, 1, by=composer())[0], "plain")
    subjects = {str(read(letter)["Subject"]) for letter in (jane, kim)}
    assert subjects == {"Re: [T20190409.0967] Phones down at Blackfriars"}


def set_language(base: Database, table: type[Contact | Organisation | Staff], row_id: int, code: str) -> None:
    """Give somebody a language."""
    with base.transaction() as session:
        session.execute(update(table).where(table.id == row_id).values(language=code))


@dataclass(frozen=True, slots=True)
class Strange:
    """A letter in a language without Latin letters, with the words that its cause brought along."""

    letter: Letter
    brought: set[str]


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Strange], set[str]]:
    """One letter of each kind, and every word that people wrote at the sample desk."""
    made = world.database(tmp_path_factory.mktemp("strange"))
    ids = world.every_kind(made)
    writes = composer(Languages(known, "ru"))
    letters = {name: world.render(made, row_id, by=writes)[0] for name, row_id in ids.items()}
    with made.reading() as session:
        rows = {name: session.get_one(Outbox, row_id) for name, row_id in ids.items()}
        causes = {name: f"{row.context} {_answered(row)}" for name, row in rows.items()}
        tables = [table for table in Base.metadata.sorted_tables if table.name != "outbox"]
        written = english(" ".join(str(tuple(row)) for table in tables for row in session.execute(select(table))))
    made.close()
    ours = english(" ".join((*statuses.ALL, *VALUES["type"], *VALUES["urgency"])))
    return {name: Strange(letter, english(causes[name])) for name, letter in letters.items()}, written - ours


def _answered(row: Outbox) -> str:
    answer = world.ANSWERS.get(str(row.context.get("ask", "")))
    return f"{answer.title} {answer.text}" if answer else ""


def english(text: str) -> set[str]:
    """Its words of Latin letters."""
    return set(re.findall(r"[A-Za-z]{2,}", text.replace("\\n", " ")))


# What is the same in every language, and who is not in a table.
_SAME = frozenset("Re BST Example Service Desk Vic".split())


def test_no_letter_holds_english_words(strange: tuple[dict[str, Strange], set[str]]) -> None:
    """In a language that has a translation for each message, nothing of ours is left in English."""
    letters, written = strange
    left: dict[str, set[str]] = {}
    for name, one in letters.items():
        text = f"{read(one.letter)['Subject']}\n{part(one.letter, 'plain')}"
        text = re.sub(r"\S*(?:[@/#]|\.\w|T\d)\S*|\w{4}(?:-\w{4})+", " ", text)  # addresses, numbers, passwords
        left[name] = english(text) - _SAME - one.brought - written
    assert {name: said for name, said in left.items() if said} == {}


def test_text_and_html_say_the_same_in_every_language(strange: tuple[dict[str, Strange], set[str]]) -> None:
    """Both parts of a letter hold the same words in the same order."""
    for name, one in strange[0].items():
        assert words(unflowed(part(one.letter, "plain"))) == words(visible(part(one.letter, "html"))), name


def test_values_are_escaped_and_translations_too(base: Database) -> None:
    """A name with marks of HTML stands in it as text, whatever the language; so does a translation."""
    world.fill(base)
    world.add(
        base, world.event(2, "Hello", author='<b>&"Eve', contact_id=world.KIM), world.row(1, "update", event_id=2)
    )
    set_language(base, Contact, world.JANE, "xx")
    sly = Languages(lambda code: Told(**{"%(who)s wrote:": "<i>%(who)s</i> & 100 %%:"}) if code == "xx" else None)
    letter = world.render(base, 1, by=composer(sly))[0]
    assert '<i><b>&"Eve</i> & 100 %:' in part(letter, "plain")
    assert "&lt;i&gt;&lt;b&gt;&amp;&#34;Eve&lt;/i&gt; &amp; 100 %:" in part(letter, "html")
    letter = world.render(base, 1)[0]
    assert "&lt;b&gt;&amp;&#34;Eve wrote:" in part(letter, "html")


def overridden(tmp_path: Path, source: str) -> LetterTemplates:
    """An operator's own first line of letters."""
    file = tmp_path / "sign_in_link" / "subject.txt"
    file.parent.mkdir()
    file.write_text(source, encoding="utf-8")
    return LetterTemplates(world.TEMPLATES, tmp_path)


def test_an_operators_template_speaks_the_readers_language(tmp_path: Path) -> None:
    """In the sandbox too, by the block and by the function."""
    source = '{% trans who=name %}{{ who }} wrote:{% endtrans %} {{ _("Files") }} {{ ngettext("a", "%(num)s y", 2) }}'
    templates = overridden(tmp_path, source)
    assert templates.render("sign_in_link/subject.txt", {"name": "Jane"}, GERMAN) == "Jane wrote: Dateien 2 y"
    assert templates.render("sign_in_link/subject.txt", {"name": "Jane"}) == "Jane wrote: Files 2 y"


@pytest.mark.parametrize("greedy", ["%(x)999999999s", "%999999999d", "100 %"])
def test_an_operators_template_cannot_fill_the_memory_with_a_width(tmp_path: Path, greedy: str) -> None:
    """A place of a message is a name alone."""
    templates = overridden(tmp_path, f'{{{{ _("{greedy}", x=1) }}}}')
    with pytest.raises(TemplateTooGreedy):
        templates.render("sign_in_link/subject.txt", {})
