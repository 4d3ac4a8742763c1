"""The catalogues of messages as the operator meets them: those that come along, their own, and faults in them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from desk.language import Language
from desk.said import Translator
from postdesk.languages import Catalogues, catalogues, languages
from postdesk.outgoing import check_templates, composer
from postdesk.settings import SettingsError
from postdesk.wiring import House

HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
SENTENCE = "It is about %(number)s."
CALL = "{who} approved this."


def entry(message: str, translation: str, flags: str = "") -> str:
    """One message of a .po file."""
    return f'\n{flags}msgid "{message}"\nmsgstr "{translation}"\n'


def write(folder: Path, name: str, *entries: str, head: str = HEAD) -> Path:
    """A .po file."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(head + "".join(entries), encoding="utf-8")
    return file


def found(made: Catalogues, code: str) -> Translator:
    """The messages of a language that there is."""
    translator = made.find(code)
    assert translator is not None
    return translator


def test_an_operators_own_messages_win(tmp_path: Path) -> None:
    """Their translation is taken, ours where they have none, English where nobody has one."""
    write(tmp_path / "ours", "de/postdesk.po", entry("Files", "Dateien"), entry("Title", "Titel"))
    write(tmp_path / "own", "de.po", entry("Files", "Anlagen"))
    said = found(Catalogues(tmp_path / "ours", tmp_path / "own"), "de").gettext
    assert (said("Files"), said("Title"), said("Site")) == ("Anlagen", "Titel", "Site")


def test_a_language_of_ones_own(tmp_path: Path) -> None:
    """A file for another language makes that one known, and one for English rewords letters."""
    write(tmp_path, "nl.po", entry("Files", "Bestanden"))
    write(tmp_path, "pt_BR.po", entry("Files", "Arquivos"))
    write(tmp_path, "en.po", entry("Files", "Attachments"))
    made = Catalogues(tmp_path / "none", tmp_path)
    assert made.codes() == ["en", "nl", "pt-br"]
    assert {code: found(made, code).gettext("Files") for code in made.codes()} == {
        "en": "Attachments",
        "nl": "Bestanden",
        "pt-br": "Arquivos",
    }
    assert made.find("fr") is None


def test_fuzzy_and_empty_translations_stay_english(tmp_path: Path) -> None:
    """A translation that somebody has to look at is not sent."""
    write(tmp_path, "de.po", entry("Files", "Akten", "#, fuzzy\n"), entry("Title", ""))
    said = found(Catalogues(tmp_path / "none", tmp_path), "de").gettext
    assert (said("Files"), said("Title")) == ("Files", "Title")


@pytest.mark.parametrize(
    "message, translation",
    [
        (SENTENCE, "Es geht um etwas."),
        (SENTENCE, "Es geht um %(numer)s."),
        (SENTENCE, "Es geht um %(number)99999999s."),
        (SENTENCE, "Es geht 100 % um %(number)s."),
        (CALL, "{who.__class__} hat zugestimmt."),
        (CALL, "{who:>99999999} hat zugestimmt."),
        (CALL, "Zugestimmt hat {wer}."),
        (CALL, "{who} hat { zugestimmt."),
        ("Files", "Dateien {x}"),
    ],
)
def test_a_translation_with_other_places_is_left_out(tmp_path: Path, message: str, translation: str) -> None:
    """It could not be filled in: the letter is English there, and the check names it."""
    file = write(tmp_path, "de.po", entry(message, translation), entry("Title", "Titel"))
    made = Catalogues(tmp_path / "none", tmp_path)
    assert found(made, "de").gettext(message) == message
    assert found(made, "de").gettext("Title") == "Titel"
    with pytest.raises(SettingsError) as caught:
        made.check()
    (fault,) = caught.value.faults
    assert str(file) in fault
    assert message in fault


def test_places_may_change_their_order(tmp_path: Path) -> None:
    """Other languages have another order of words; of a counted message each form may be either."""
    counted = (
        '\nmsgid "{n} file of {x}"\nmsgid_plural "{n} files of {x}"\nmsgstr[0] "{x}: {n}"\nmsgstr[1] "{x}: {n} St."\n'
    )
    write(tmp_path, "de.po", entry("{now} (was {before})", "{before} → {now}"), counted)
    made = Catalogues(tmp_path / "none", tmp_path)
    made.check()
    language = Language("de", found(made, "de"))
    assert language.say("{now} (was {before})", now="b", before="a") == "a → b"
    assert language.say_many("{n} file of {x}", "{n} files of {x}", 2000, x="y") == "y: 2.000 St."


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Letters go out with the messages that come along; the check says what is wrong."""
    write(tmp_path / "ours", "de/postdesk.po", entry("Files", "Dateien"))
    write(tmp_path / "own", "de.po", 'msgid "Files"\nAnlagen\n')
    made = Catalogues(tmp_path / "ours", tmp_path / "own")
    assert found(made, "de").gettext("Files") == "Dateien"
    with pytest.raises(SettingsError, match=r"own/de\.po"):
        made.check()


def test_the_desk_reads_the_files_beside_its_settings(house: House) -> None:
    """locale/de.po beside the settings is found, and `postdesk check` reads it."""
    assert {"de", "es", "fr"} <= set(catalogues(house).codes())
    assert check_templates(house) > 20
    own = write(house.loaded.home / "locale", "de.po", entry("Files", "Anlagen"))
    assert languages(house).find("de-CH").gettext("Files") == "Anlagen"
    assert languages(house).find("").code == "en"
    own.write_text('msgid "x"\nmsgstr "y {z}"\n', encoding="utf-8")
    with pytest.raises(SettingsError):
        check_templates(house)


def test_a_composer_reads_no_catalogue_before_it_needs_one(house: House, tmp_path: Path) -> None:
    """A desk that writes English alone pays for no other language: Babel is not even imported."""
    composer(house)
    code = (
        "import sys; from pathlib import Path; from postdesk.settings import load; from postdesk.wiring import House\n"
        "from postdesk.outgoing import composer\n"
        f"house = House(load(Path({str(house.loaded.home / 'postdesk.toml')!r}), {{}}))\n"
        "composer(house); house.database.close()\n"
        "sys.exit('babel' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], env=dict(os.environ), check=False).returncode == 0
