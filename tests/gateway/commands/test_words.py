"""The catalogues of words: complete, without contradictions, and open to an operator's own."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from gateway.commands.letters import phrase, slips
from gateway.commands.words import COMMANDS, LABELS, ONE_WORD, VALUES, Words
from postdesk import bundled
from postdesk.words import load

FOLDER = bundled.folder("config") / "words"
CUSTOMERS = COMMANDS[: COMMANDS.index("people")]
# By language: no phrase that passes for a thank-you may say that something is not so.
DENIALS = {
    "en": "not no never nothing but however",
    "de": "nicht nichts kein keine aber leider",
    "fr": "pas ne non mais rien",
    "es": "no nada nunca pero",
    "nl": "niet geen maar",
    "it": "non niente ma",
    "pt": "não nada mas",
    "pl": "nie nic ale",
    "sv": "inte ingen men",
    "da": "ikke ingen men",
    "nb": "ikke ingen men",
    "fi": "ei en mutta",
    "cs": "ne není ale",
    "hu": "nem nincs de",
    "tr": "değil yok ama",
    "ro": "nu nimic dar",
    "ru": "не нет но",
    "uk": "не ні але",
    "el": "δεν όχι αλλά",
    "zh": "不 没 沒 但",
    "ko": "안 못 하지만",
    "ar": "لا لم لكن",
    "he": "לא אין אבל",
    "vi": "không chưa nhưng",
    "id": "tidak belum tapi",
}


@pytest.mark.parametrize(
    "word, command",
    [
        ("resolve", "resolve"),
        ("RESOLVED", "resolve"),
        ("auflösen", "resolve"),
        ("aufloesen", "resolve"),
        ("Auflösen", "resolve"),
        ("résoudre", "resolve"),
        ("resoudre", "resolve"),
        ("resuelto", "resolve"),
        ("répondre", "reply"),
        ("notiz", "note"),
        ("añadir", "append"),
        ("anadir", "append"),
        ("sign-in", "signin"),
        ("resend-credentials", "resend-credentials"),
        ("reslove", None),
        ("", None),
    ],
)
def test_commands(words: Words, word: str, command: str | None) -> None:
    """In any case, with or without accents."""
    assert words.command(word) == command


def test_every_command_has_a_word_of_its_own(words: Words) -> None:
    """Its name; and four languages know a word for each that is not the same everywhere."""
    assert [words.command(word) for word in COMMANDS] == list(COMMANDS) == list(words.canonical_words)
    for language in ("en", "de", "fr", "es"):
        catalogue = _catalogue(language)
        assert set(catalogue["commands"]) == set(COMMANDS)
        assert set(catalogue["labels"]) == set(LABELS)
        assert set(catalogue["one_word"]) == set(ONE_WORD)
        assert {kind: set(values) for kind, values in catalogue["values"].items()} == {
            kind: set(values) for kind, values in VALUES.items()
        }


@pytest.mark.parametrize(
    "text, label",
    [
        ("Our ref", "Our ref"),
        ("OUR  REFERENCE", "Our ref"),
        ("Unser Zeichen", "Our ref"),
        ("priorité", "Priority"),
        ("Prénom", "First name"),
        ("teléfono", "Phone"),
        ("Subject", None),
    ],
)
def test_labels(words: Words, text: str, label: str | None) -> None:
    """By the words in front of the colon."""
    assert words.label(text) == label


@pytest.mark.parametrize(
    "kind, text, value",
    [
        ("urgency", "HIGH", "High"),
        ("urgency", "dringend", "High"),
        ("priority", "élevée", "High"),
        ("impact", "only me", "Only Me"),
        ("impact", "toda la empresa", "Company"),
        ("type", "Störung", "Incident"),
        ("type", "change", "Change Request"),
        ("status", "waiting customer", "Waiting Customer"),
        ("status", "wartet auf Kunde", "Waiting Customer"),
        ("level", "admin", "Admin User"),
        ("language", "français", "fr"),
        ("urgency", "soonish", None),
    ],
)
def test_values(words: Words, kind: str, text: str, value: str | None) -> None:
    """What may be chosen, in the words of four languages."""
    assert words.value(kind, text) == value


@pytest.mark.parametrize(
    "command, text, argument",
    [
        ("list", "Offene", "open"),
        ("list", "mes tickets", "my"),
        ("export", "done", "done"),
        ("share", "Organization", "organisation"),
        ("unshare", "empresa", "organisation"),
        ("alert", "in process", "in process"),
        ("alert", "überfällig", "overdue"),
        ("alert", "ninguna", "none"),
        ("status", "full", "full"),
        ("people", "import", "import"),
        ("ask", "CAB", "cab"),
        ("list", "fax", None),
        ("take", "all", None),
    ],
)
def test_arguments(words: Words, command: str, text: str, argument: str | None) -> None:
    """The fixed words behind a command."""
    assert words.argument(command, text) == argument


@pytest.mark.parametrize(
    "word, meant",
    [
        ("reslove", "resolve"),
        ("resolv", "resolve"),
        ("resollve", "resolve"),
        ("hlep", "help"),
        ("stauts", "status"),
        ("unsubscirbe", "unsubscribe"),
        ("unsbuscrbe", "unsubscribe"),
        ("auflösn", "auflösen"),
        ("wacth", "watch"),
        ("removed", "remove"),
        # everyday words, short ones, and what is far from any
        ("shop", None),
        ("match", None),
        ("new", None),
        ("mx", None),
        ("fax", None),
        ("marketing", None),
        ("a", None),
        ("", None),
        # commands of staff are none for customers
        ("assgn", None),
    ],
)
def test_a_slip(words: Words, word: str, meant: str | None) -> None:
    """A customer's word is taken for a command only where it is one slip away, two in a long word."""
    assert words.closest(word, CUSTOMERS) == meant


def test_staff_mean_commands(words: Words) -> None:
    """For them a short or everyday word may be a slip as well."""
    assert words.closest("noe", ["note"], strict=True) == "note"
    assert words.closest("shop", ["stop"], strict=True) == "stop"


@pytest.mark.parametrize(
    "one, other, count",
    [
        ("abc", "abc", 0),
        ("abc", "acb", 1),
        ("abc", "ab", 1),
        ("abc", "abxc", 1),
        ("abc", "xbc", 1),
        ("abcd", "badc", 2),
        ("abc", "xyz", 3),
    ],
)
def test_slips(one: str, other: str, count: int) -> None:
    """Two letters that changed places are one slip; more than two are not counted on."""
    assert slips(one, other, 2) == slips(other, one, 2) == count


def test_phrases(words: Words) -> None:
    """Whole phrases only, and no questions."""
    assert words.one_word("Still  broken!") == "reopen"
    assert words.one_word("still broken?") is None
    assert words.one_word("still") is None
    assert words.is_thanks("Vielen Dank!")
    assert not words.is_thanks("Vielen Dank?")
    assert not words.is_thanks("Vielen")


def test_no_thank_you_denies_anything() -> None:
    """Neither in thanks, nor in what may stand beside them."""
    own = {language: _catalogue(language) for language in ("en", "de", "fr", "es")}
    for language, lists in (own | _catalogue("thanks")).items():
        denials = set(phrase(DENIALS.get(language, "")))
        for text in (text for kind in ("thanks", "works", "beside") for text in lists[kind]):
            assert not denials & set(phrase(text)), f"{language}: {text}"


@pytest.mark.parametrize("language", [*DENIALS])
def test_what_denies_is_never_a_name(words: Words, language: str) -> None:
    """A line with one of these words closes no mail."""
    for word in DENIALS[language].split():
        assert words.is_phrase("trouble", phrase(word)), word


def _catalogue(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "catalogues, fault",
    [
        ({"x.toml": {"commands": {"resolv": []}}}, "x.toml: commands.resolv: there is no “resolv” to find words for"),
        (
            {"a.toml": {"commands": {"note": ["memo"]}}, "b.toml": {"commands": {"reply": ["Memo"]}}},
            "b.toml: commands.reply: “Memo” stands for “note” already (a.toml)",
        ),
        (
            {"a.toml": {"commands": {"reply": ["note"]}, "labels": {}}, "b.toml": {"commands": {"note": []}}},
            "b.toml: commands.note: “note” stands for “reply” already (a.toml)",
        ),
        ({"x.toml": {"labels": {"Colour": []}}}, "x.toml: labels.Colour: there is no “Colour” to find words for"),
        ({"x.toml": {"commands": {"note": "memo"}}}, "x.toml: commands.note: must be a list of words"),
        ({"x.toml": {"commands": {"note": [1]}}}, "x.toml: commands.note: must be a list of words"),
        ({"x.toml": {"commands": []}}, "x.toml: commands: must be a table"),
        ({"x.toml": {"comands": {}}}, "x.toml: comands: there is no such list"),
        ({"x.toml": {"thanks": ["!"]}}, "x.toml: thanks: “!” has no word in it, or more than 32"),
        (
            {"x.toml": {"values": {"colour": {}}}},
            "x.toml: values.colour: there is no such group; there are: urgency, impact, type, status, level, language",
        ),
        (
            {"x.toml": {"values": {"type": {"Fault": []}}}},
            "x.toml: values.type.Fault: there is no “Fault” to find words for",
        ),
        ({"thanks.toml": {"nl": ["bedankt"]}}, "thanks.toml: nl: must be a table"),
        (
            {"x.toml": {"works": ["Done"], "one_word": {"resolved": ["done"]}}},
            "x.toml: one_word.resolved: “done” stands among “works” as well; it can be one of them",
        ),
    ],
)
def test_faults(catalogues: dict[str, Any], fault: str) -> None:
    """Each names the file and the key."""
    with pytest.raises(ValueError, match=r"\.toml") as caught:
        Words.of(catalogues)
    assert str(caught.value) == fault


def test_words_of_ones_own(tmp_path: Path) -> None:
    """A file beside the settings adds to those that come along."""
    (tmp_path / "nl.toml").write_text('[commands]\nresolve = ["opgelost"]\n', encoding="utf-8")
    assert load(FOLDER, tmp_path).command("Opgelost") == "resolve"
    assert load(FOLDER, tmp_path / "none").command("Opgelost") is None


@pytest.mark.parametrize(
    "text, fault",
    [
        (b"[commands\n", "own.toml: is not TOML"),
        (b"\xff", "own.toml: cannot be read"),
        (b'[commands]\nreply = ["note"]\n', "own.toml: commands.reply: “note” stands for “note” already"),
    ],
)
def test_a_faulty_file_of_ones_own(tmp_path: Path, text: bytes, fault: str) -> None:
    """Its name stands in the fault."""
    (tmp_path / "own.toml").write_bytes(text)
    with pytest.raises(ValueError, match=fault):
        load(FOLDER, tmp_path)


def test_a_folder_without_words(tmp_path: Path) -> None:
    """An installation without its catalogues does not start as if there were no commands."""
    with pytest.raises(ValueError, match="holds no catalogue"):
        load(tmp_path)
