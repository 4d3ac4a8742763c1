"""Renders the sample letters: a desk of its own in a temporary folder, with the settings and templates of this one."""

import email
import email.policy
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import jinja2

from desk.keys import Keys
from gateway.compose import Composer
from gateway.letter import Letter
from postdesk import own_letters
from postdesk.answering import answer_facts
from postdesk.languages import catalogues, languages
from postdesk.outgoing import desk_facts
from postdesk.preview.letters import Entry
from postdesk.preview.scene import NOW, Scene
from postdesk.settings import Loaded
from postdesk.wiring import House
from store.migrations import upgrade


class BrokenTemplate(Exception):
    """A template cannot be used; the text names file and line."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A letter in one language."""

    entry: Entry
    language: str
    message: EmailMessage
    raw: bytes  # as it goes out
    preheader: str

    @property
    def file(self) -> str:
        """E11-update-withdrawn.de.html"""
        return f"{self.entry.name}.{self.language}.html"

    @property
    def subject(self) -> str:
        """As mail programs list it."""
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        """The text part."""
        return self._part("plain")

    @property
    def html(self) -> str:
        """The HTML part."""
        return self._part("html")

    def _part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        return str(part.get_content()).replace("\r\n", "\n") if part else ""


class _Plainly(Composer):
    """A composer that keeps what goes wrong: an operator wants to see it, not to have it tried again."""

    def __init__(self, house: House, templates: Path, own: Path) -> None:
        facts = replace(desk_facts(house), answers=answer_facts(house), languages=languages(house))
        addresses, blobs = house.addresses, house.blobs
        super().__init__(addresses, facts, templates, own, keys=house.keys, blobs=blobs, clock=lambda: NOW)
        self.fault: Exception | None = None
        self.preheader = ""

    def _message(self, row: Any, context: Any, *more: Any) -> EmailMessage:
        try:
            message = super()._message(row, context, *more)
        except Exception as error:
            self.fault = error
            raise
        self.preheader = str(context["preheader"])
        return message


def codes(house: House) -> list[str]:
    """The languages that letters can be written in."""
    return ["en", *catalogues(house).codes()]


def render(
    loaded: Loaded, entries: Sequence[Entry], wanted: Sequence[str], keys: str | None = None
) -> Iterator[Preview]:
    """Each letter in each language; BrokenTemplate at the first that cannot be written.

    Nothing of the desk's own is read but settings, words, catalogue and templates: neither database nor keys.
    """
    with _apart(loaded, keys or Keys.new_line(1)) as house:
        try:
            composer = _Plainly(house, own_letters.shipped(), own_letters.folder(house))
        except jinja2.TemplateError as error:
            raise BrokenTemplate(own_letters.place(error, own_letters.folder(house))) from error
        for entry in entries:
            for code in wanted:
                yield _one(house, composer, entry, code)


def broken(loaded: Loaded, entries: Sequence[Entry], code: str = "en") -> list[str]:
    """What is wrong with the templates: each fault once, with file and line, when every letter is written once."""
    found: dict[str, None] = {}
    with _apart(loaded, Keys.new_line(1)) as house:
        composer = _Plainly(house, own_letters.shipped(), own_letters.folder(house))
        for entry in entries:
            try:
                _one(house, composer, entry, code)
            except (BrokenTemplate, RuntimeError) as error:
                found.setdefault(str(error))
    return list(found)


@contextmanager
def _apart(loaded: Loaded, key: str) -> Iterator[House]:
    """A desk with these settings whose data lie elsewhere, for a moment. Its keys sign nothing that counts."""
    with tempfile.TemporaryDirectory(prefix="postdesk-letters-") as name:
        folder, settings = Path(name), loaded.settings
        (folder / "key").touch(mode=0o600)
        (folder / "key").write_text(key + "\n", encoding="utf-8")
        changed: Mapping[str, Any] = {
            "database": settings.database.model_copy(update={"url": f"sqlite:///{folder / 'desk.db'}"}),
            "blobs": settings.blobs.model_copy(update={"kind": "folder", "folder": folder / "blobs"}),
            "secrets": settings.secrets.model_copy(update={"key_file": folder / "key"}),
        }
        house = House(replace(loaded, settings=settings.model_copy(update=changed)), create=True)
        upgrade(house.database)
        try:
            yield house
        finally:
            house.database.close()


def _one(house: House, composer: _Plainly, entry: Entry, code: str) -> Preview:
    with house.database.reading() as session:  # whatever is written through it is rolled back
        scene = Scene(session, house.blobs, house.keys, code, house.addresses.main.address)
        scene.lay()
        row = entry.prepare(scene)
        session.flush()
        composer.fault = None
        found = composer.render_many(session, [row])[row.id]
    if not isinstance(found, Letter):
        if composer.fault is not None:
            raise BrokenTemplate(own_letters.place(composer.fault, own_letters.folder(house))) from composer.fault
        raise RuntimeError(f"{entry.name} in {code}: {found.reason}")
    message = email.message_from_bytes(found.bytes, policy=email.policy.default)
    assert isinstance(message, EmailMessage)  # noqa: S101 - for the type checker: that is what the policy makes
    return Preview(entry, code, message, found.bytes, composer.preheader)
