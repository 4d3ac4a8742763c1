"""The catalogues of messages: they hold what the letters and the code say, and their translations can be used."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

from desk.language import Language
from gateway.commands.vocabulary import ARGUMENTS, LABELS, ONE_WORD, VALUES
from gateway.letter_templates import LetterTemplates
from postdesk import words
from postdesk.languages import Catalogues, unfit
from tools import catalogues
from tools.catalogues import PLURALS, ROOT

TEMPLATES = ROOT / "templates" / "mail"
FOLDERS = sorted(path.parent.name for path in TEMPLATES.glob("*/body.html"))
WORDS = words.load(ROOT / "config" / "words")
HEADING = "To fill in, reply with any of these lines"


def messages(catalogue: Catalog) -> list[Message]:
    """Without the head."""
    return [message for message in catalogue if message.id]


def is_done(message: Message) -> bool:
    """True for a message with a translation of each form."""
    return all(message.string) if isinstance(message.string, tuple | list) else bool(message.string)


def done(code: str) -> list[Message]:
    """The messages of a language that are translated."""
    return [message for message in messages(catalogues.read(code)) if is_done(message)]


def language(code: str) -> Language:
    """A language with the catalogue that comes with Postdesk."""
    catalogue = Catalogues(ROOT / "templates" / "locale").find(code)
    assert catalogue is not None
    return Language(code, catalogue)


@pytest.fixture(scope="module")
def wanted() -> set[catalogues.Id]:
    """Every message of the letters and the code."""
    return {one.id for one in catalogues.found()}


@pytest.mark.parametrize("code", PLURALS)
def test_a_catalogue_is_up_to_date(code: str, wanted: set[catalogues.Id]) -> None:
    """A file holds each message that the letters and the code say, and no other."""
    there = {one.id if isinstance(one.id, str) else tuple(one.id) for one in messages(catalogues.read(code))}
    assert there == _merged(wanted), "run: make words"


def _merged(ids: set[catalogues.Id]) -> set[catalogues.Id]:
    """A message that is counted in one place and not in another is one message."""
    counted = {one[0] for one in ids if not isinstance(one, str)}
    return {one for one in ids if not isinstance(one, str) or one not in counted}


@pytest.mark.parametrize("code", PLURALS)
def test_translations_can_be_filled_in(code: str) -> None:
    """A translation has the places of its message, and none is fuzzy."""
    catalogue = catalogues.read(code)
    assert [message.id for message in unfit(catalogue)] == []
    assert [message.id for message in catalogue if message.fuzzy] == []


@pytest.mark.parametrize("code", PLURALS)
def test_a_catalogue_is_whole(code: str) -> None:
    """Once a language has a translation it has all of them: no letter is half in English."""
    translated = done(code)
    left = [message.id for message in messages(catalogues.read(code)) if not is_done(message)]
    assert not translated or left == []


@pytest.mark.parametrize("code", PLURALS)
def test_words_that_people_send_back_are_understood(code: str) -> None:
    """A label, a value or a one-word reply that a letter names is one that the desk can read."""
    said = language(code).gettext
    assert [label for label in LABELS if WORDS.label(said(label)) != label] == []
    # “status” is the name of a field as well, which need not be a reply: letters ask for that in English then.
    assert [word for word in ONE_WORD if word != "status" and WORDS.one_word(said(word)) != word] == []
    for kind in ("urgency", "impact", "type", "status", "level"):
        assert [name for name in VALUES[kind] if WORDS.value(kind, said(name)) != name] == []


@pytest.mark.parametrize("code", ["en", *PLURALS])
def test_lines_filled_in_below_a_quoted_heading_are_found(code: str) -> None:
    """The heading of a receipt's empty lines is one of config/words, also where a mail program broke and quoted it."""
    heading = language(code).gettext(HEADING) if code != "en" else HEADING
    first, _, rest = heading.partition(" ")
    assert WORDS.form_in(f"> — {heading} —\n> Item: 7").strip(" —\n") == "> Item: 7"
    assert WORDS.form_in(f"> — {first}\n> {rest} —\n> Item: 7").strip(" —\n") == "> Item: 7"
    assert WORDS.form_in("> Item: 7") == ""


@pytest.mark.parametrize("code", PLURALS)
def test_commands_stay_and_their_arguments_are_understood(code: str) -> None:
    """A translation names the #commands of its message, and behind each of them words that it can read."""
    faults = []
    for message in done(code):
        for said, translated in zip(_forms(message.id), _forms(message.string), strict=False):
            if sorted(_COMMAND.findall(said)) != sorted(_COMMAND.findall(translated)):
                faults.append(translated)
            for command, argument in _named(said):
                if argument not in _arguments(command, translated):
                    faults.append(f"#{command} {argument}: {translated}")
    assert faults == []


_COMMAND = re.compile(r"#[a-z][\w-]*")


def _forms(texts: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    return (texts,) if isinstance(texts, str) else tuple(texts or ())


def _named(said: str) -> list[tuple[str, str]]:
    """Commands of a message that stand there with one of their fixed arguments."""
    return [
        (command, argument)
        for command, arguments in ARGUMENTS.items()
        for argument in arguments
        if re.search(rf"#{re.escape(command)} {re.escape(argument)}(?!\w)", said)
    ]


def _arguments(command: str, text: str) -> set[str | None]:
    """What the words behind a command stand for, however many of them are taken."""
    found: set[str | None] = set()
    for behind in re.findall(rf"#{re.escape(command)} ([^#]*)", text):
        said = behind.split()
        found |= {WORDS.argument(command, " ".join(said[:n]).strip("“”„«»\u202f\u00a0.,;:!?")) for n in range(1, 5)}
    return found


@pytest.mark.parametrize("folder", FOLDERS)
def test_text_and_html_say_the_same_messages(folder: str) -> None:
    """body.txt and body.html hold the same messages: a letter says the same in both parts, in every language."""
    assert ids(TEMPLATES / folder / "body.txt") == ids(TEMPLATES / folder / "body.html")


def test_parts_say_the_same_messages() -> None:
    """So do the macros that letters share."""
    assert ids(TEMPLATES / "_base" / "parts.txt") == ids(TEMPLATES / "_base" / "parts.html")


@pytest.mark.parametrize("folder", [*FOLDERS, "_base"])
def test_no_words_stand_outside_of_messages(folder: str) -> None:
    """What a template says goes through the catalogue: no letter is half in English."""
    for path in sorted((TEMPLATES / folder).glob("*.[th]*")):
        said = _NO_WORDS.sub(" ", path.read_text(encoding="utf-8"))
        assert re.findall(r"[^\W\d_]{3,}", said) == [], path


# Comments, tags, expressions and marks.
_NO_WORDS = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<[^>]+>|letter\.css", re.DOTALL)


def test_messages_survive_the_inlining_of_styles() -> None:
    """What letters look up in a catalogue is what stands in the file: the inliner rewrites HTML."""
    templates = LetterTemplates(TEMPLATES)
    for path in sorted(TEMPLATES.rglob("*.html")):
        source = templates.source(path.relative_to(TEMPLATES).as_posix())
        assert source is not None
        assert {one.id for one in catalogues.in_source(source, path.name)} == ids(path), path


@pytest.mark.parametrize(
    "fault", ['say(f"{name} wrote:")', 'say("Hello, " + name)', 'language.say_many(f"{n} x", "", n)']
)
def test_a_message_that_is_put_together_is_a_fault(fault: str) -> None:
    """A message stands there whole: one that is made at run time would be in no catalogue."""
    with pytest.raises(ValueError, match=r"sample\.py:1: a message stands there whole"):
        list(catalogues.in_code(fault, "sample.py"))


def test_messages_are_found_in_code() -> None:
    """Literals of say and say_many, both sides of a condition, with the comment above; names at run time are none."""
    source = """
# translators: one word
say("stop")
language.say("A" if yes else "B", x=1)
page.say_many("{n} file", "{n} files", n)
say(ticket.status)
"""
    found = [(one.id, one.comments) for one in catalogues.in_code(source, "sample.py")]
    assert found == [("stop", ("one word",)), ("A", ()), ("B", ()), (("{n} file", "{n} files"), ())]


def test_writing_again_changes_nothing(tmp_path: Path) -> None:
    """The file that is written is the same each time, and keeps its translations."""
    made = catalogues.catalogue("de", tmp_path)
    for message in messages(made)[:5]:
        message.string = "Übersetzt" if isinstance(message.id, str) else ("eins", "viele")
    file = tmp_path / "de" / "postdesk.po"
    file.parent.mkdir()
    file.write_text(catalogues.text(made), encoding="utf-8")
    assert catalogues.text(catalogues.catalogue("de", tmp_path)) == file.read_text(encoding="utf-8")
    assert len([one for one in messages(catalogues.read("de", tmp_path)) if is_done(one)]) == 5


def ids(path: Path) -> set[catalogues.Id]:
    """The messages of a template."""
    return {one.id for one in catalogues.in_template(path)}
