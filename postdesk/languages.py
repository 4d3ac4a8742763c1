"""Reads the catalogues of messages: those that come with Postdesk, and the operator's own, whose messages win."""

import io
import re
from collections.abc import Iterator
from functools import cache
from gettext import GNUTranslations
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from desk.language import Languages
from desk.said import Translator
from postdesk import bundled
from postdesk.settings import SettingsError

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog, Message

    from postdesk.wiring import House

log = structlog.get_logger(__name__)

FOLDER, FILE = "locale", "postdesk.po"
# What a message holds besides words: %(name)s and {name}, and the signs that would be taken for the start of one.
_PLACES = re.compile(r"%\(\w+\)s|%.?|\{\w*\}|[{}]", re.DOTALL)
UNFIT = "the translation must hold the same %(places)s and {places}, and no other % or brace"


def languages(house: "House") -> Languages:
    """The languages of a desk. Nothing is read until a letter is written in one."""
    return Languages(cache(catalogues(house).find), house.settings.desk.language)


def catalogues(house: "House") -> "Catalogues":
    """The catalogues of a desk: ours, and those in the folder locale/ beside the settings."""
    return Catalogues(bundled.folder("templates") / FOLDER, house.loaded.home / FOLDER)


class Catalogues:
    """The folder templates/locale, with one folder for each language, and an operator's folder of files `de.po`."""

    def __init__(self, folder: Path, own: Path | None = None) -> None:
        self._folder, self._own = folder, own

    def codes(self) -> list[str]:
        """The languages that there is a catalogue of, besides English."""
        ours = {file.parent.name for file in self._folder.glob(f"*/{FILE}")}
        return sorted(ours | set(self._own_files()))

    def find(self, code: str) -> Translator | None:
        """The messages of a language; None where there is no catalogue of it. One that cannot be read is left out."""
        found: GNUTranslations | None = None
        for file in self._files(code):
            try:
                made = _compiled(read(file, code))
            except (OSError, ValueError) as error:  # letters go out in English, and `postdesk check` names the fault
                log.error("a catalogue of messages cannot be used", file=str(file), reason=str(error))
                continue
            if found is not None:
                made.add_fallback(found)
            found = made
        return found

    def check(self) -> None:
        """Read all of them; SettingsError names every fault with its file and message."""
        faults: list[str] = []
        for code in self.codes():
            for file in self._files(code):
                try:
                    catalogue = read(file, code)
                except (OSError, ValueError) as error:
                    faults.append(f"{file}: {error}")
                    continue
                faults += [f"{file}: “{_id(message)}”: {UNFIT}" for message in unfit(catalogue)]
        if faults:
            raise SettingsError(faults)

    def _files(self, code: str) -> Iterator[Path]:
        """Ours, then the operator's."""
        ours = self._folder / code / FILE
        if ours.is_file():
            yield ours
        if (own := self._own_files().get(code)) is not None:
            yield own

    def _own_files(self) -> dict[str, Path]:
        if self._own is None or not self._own.is_dir():
            return {}
        return {file.stem.lower().replace("_", "-"): file for file in sorted(self._own.glob("*.po"))}


def read(file: Path, code: str) -> "Catalog":
    """A .po file; OSError or ValueError when it cannot be read."""
    # Babel takes a while to import, and a desk that writes English alone does without.
    from babel.core import Locale, UnknownLocaleError
    from babel.messages.pofile import PoFileError, read_po

    try:
        locale = Locale.parse(code, sep="-")
    except (UnknownLocaleError, ValueError):
        locale = None  # its head says how it counts
    try:
        with file.open("rb") as opened:
            return read_po(opened, locale=locale, abort_invalid=True)
    except PoFileError as error:
        raise ValueError(f"is no catalogue of messages: {error}") from error


def unfit(catalogue: "Catalog") -> "list[Message]":
    """The translations whose places are not those of their message: they cannot be filled in."""
    return [message for message in catalogue if message.id and not _fits(message)]


def _fits(message: "Message") -> bool:
    ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
    forms = message.string if isinstance(message.string, tuple | list) else (message.string,)
    wanted = [sorted(_PLACES.findall(one)) for one in ids]
    return all(sorted(_PLACES.findall(form)) in wanted for form in forms if form)


def _compiled(catalogue: "Catalog") -> GNUTranslations:
    """Ready for look-ups. Fuzzy and empty translations are left out, and those that cannot be filled in."""
    from babel.messages.mofile import write_mo

    for message in unfit(catalogue):
        log.error("a translation is left out", language=str(catalogue.locale), message=_id(message), reason=UNFIT)
        catalogue.delete(message.id)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def _id(message: "Message") -> str:
    return str(message.id[0] if isinstance(message.id, tuple | list) else message.id)
