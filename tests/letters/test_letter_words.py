"""Plain language: short sentences, and none of the words that help nobody, in each language."""

import re

import pytest

from postdesk import bundled
from postdesk.languages import FILE, FOLDER, read
from postdesk.preview.rendering import Preview
from tests.letters import rendered
from tests.letters.reading import unflowed
from tools import catalogues

LONGEST = 20  # words of a sentence, on average
# “!” stands in no letter; in Spanish and French neither.
AVOIDED = {
    "en": r"please|sorry|oops|valid|invalid|kindly|click here|dear",
    "de": (
        r"bitte|leider|ungültige?[rsnm]?|gültige?[rsnm]?|entschuldig\w*|klicken sie hier|hier klicken|hoppla"
        r"|sehr geehrte\w*"
    ),
    "fr": (r"veuillez|désolée?s?|invalides?|valides?|malheureusement|cliquez ici|s['’]il vous plaît|oups|chère?s?"),
    "es": r"por favor|lo sentimos|inválid[oa]s?|válid[oa]s?|lamentablemente|haga clic aquí|ups|estimad[oa]s?",
}
_SENTENCE = re.compile(r"[.?:;]\s|\n")
# Texts of the operator's own, which stand in the list of request types.
EXEMPT = ("Our support team will respond to your issue ASAP.",)


def faults(text: str, language: str) -> list[str]:
    """The words of a text that the house avoids."""
    return [found.group() for found in re.finditer(rf"\b(?:{AVOIDED[language]})\b|[!¡]", text, re.IGNORECASE)]


def average(text: str) -> float:
    """Words of a sentence."""
    lengths = [len(sentence.split()) for sentence in _SENTENCE.split(text) if sentence.split()]
    return sum(lengths) / max(1, len(lengths))


def test_the_messages_are_plain() -> None:
    """Every message of the letters and of the code that makes them."""
    wrong = {
        f"{one.file}:{one.line} {text}": found
        for one in catalogues.found()
        for text in ((one.id,) if isinstance(one.id, str) else one.id)
        if (found := faults(text, "en")) and not text.startswith("Please provide")  # the seeds' own words
    }
    assert wrong == {}


@pytest.mark.parametrize("language", rendered.LANGUAGES[1:])
def test_the_translations_are_plain(language: str) -> None:
    """Every translation."""
    rendered.need(language)
    wrong = {}
    for message in read(bundled.folder("templates") / FOLDER / language / FILE, language):
        forms = message.string if isinstance(message.string, tuple | list) else (message.string,)
        ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
        if message.id and not str(ids[0]).startswith("Please provide"):
            wrong |= {str(form): found for form in forms if (found := faults(str(form), language))}
    assert wrong == {}


@pytest.mark.parametrize("name", rendered.NAMES)
@pytest.mark.parametrize("language", rendered.LANGUAGES)
def test_sentences_are_short(language: str, name: str) -> None:
    """On average; no letter is a wall."""
    rendered.need(language)
    letter: Preview = rendered.letters(language)[name]
    text = unflowed(letter.text)
    for exempt in EXEMPT:
        text = text.replace(exempt, "")
    assert average(text) <= LONGEST


def test_the_samples_say_what_the_desk_says() -> None:
    """A sentence in a preview that was said by code is one that the code says today."""
    known = {one.id for one in catalogues.found() if isinstance(one.id, str)}
    folder = catalogues.ROOT / "postdesk" / "preview"
    for file in folder.glob("*.py"):
        said = {one.id for one in catalogues.in_code(file.read_text(encoding="utf-8"), file.name)}
        assert said <= known, file.name
