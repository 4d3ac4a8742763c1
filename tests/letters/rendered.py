"""The letters of `postdesk letters preview` on a sample desk, in each language, rendered once for all tests."""

import atexit
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from postdesk import bundled
from postdesk.languages import FILE, FOLDER, read
from postdesk.preview.letters import LETTERS, Entry
from postdesk.preview.rendering import Preview, render
from postdesk.preview.scene import Scene
from postdesk.settings import Loaded, load
from store.tables import Outbox

LANGUAGES = ("en", "de", "fr", "es")
NAMES = [entry.name for entry in LETTERS]
KEY = "1:" + "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
SETTINGS = """\
[desk]
name = "Example Service Desk"
base_url = "https://desk.example.com"
phone = "0344 496 0123"
addresses = [{ address = "service@example.com" }]

[smtp]
hostname = "desk.example.com"
"""
_FOLDER = TemporaryDirectory()
atexit.register(_FOLDER.cleanup)


def desk(folder: Path) -> Loaded:
    """Settings of a sample desk in a folder."""
    file = folder / "postdesk.toml"
    file.write_text(SETTINGS, encoding="utf-8")
    return load(file, {})


@cache
def letters(language: str) -> dict[str, Preview]:
    """All letters in a language, by name."""
    found = render(desk(Path(_FOLDER.name)), LETTERS, [language], KEY)
    return {preview.entry.name: preview for preview in found}


def changed(change: Callable[[Scene], None], language: str = "en") -> dict[str, Preview]:
    """The same, with something else in the scene just before the letter is written."""

    def prepared(entry: Entry) -> Callable[[Scene], Outbox]:
        def prepare(scene: Scene) -> Outbox:
            row = entry.prepare(scene)
            change(scene)
            return row

        return prepare

    entries = [replace(entry, prepare=prepared(entry)) for entry in LETTERS]
    found = render(desk(Path(_FOLDER.name)), entries, [language], KEY)
    return {preview.entry.name: preview for preview in found}


@cache
def is_filled(language: str) -> bool:
    """False while the catalogue of a language holds no translation at all."""
    file = bundled.folder("templates") / FOLDER / language / FILE
    if language == "en":
        return True
    return file.is_file() and any(message.id and any(message.string) for message in read(file, language))


def need(language: str) -> None:
    """Skip, for the time being, what is about a language without translations."""
    if not is_filled(language):
        pytest.skip(f"the catalogue of “{language}” has no translation yet")
