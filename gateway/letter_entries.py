"""Entries of a ticket as letters show them: who wrote, the words within a budget, the files that go along."""

from collections.abc import Sequence
from typing import Any

from desk import changes_said
from desk.language import Language
from desk.said import say
from gateway import letter_text
from gateway.letter import DeskFacts
from gateway.letter_data import LetterData
from gateway.letter_files import Along
from gateway.letter_words import MAX_FILES, files, line
from store.tables import Attachment, Event

Context = dict[str, Any]
_MARKS = {"internal": say("Internal"), "pending": say("Waiting")}  # the words of the page
_FEW_BYTES = 600  # of an entry that is shown for orientation


def entries(events: Sequence[Event], data: LetterData, along: Along, desk: DeskFacts) -> list[Context]:
    """Entries in full, which share the room of a letter."""
    budget = letter_text.NOTE_BYTES // max(1, len(events))
    return [_entry(event, budget, desk) | with_files(data.files.get(event.id, []), along, desk) for event in events]


def beginnings(events: Sequence[Event], desk: DeskFacts, budget: int = _FEW_BYTES) -> list[Context]:
    """The beginnings of entries that stand there for orientation, without their files."""
    return [_entry(event, budget, desk) | with_files((), Along(), desk) for event in events]


def with_files(attached: Sequence[Attachment], along: Along, desk: DeskFacts) -> Context:
    """The files of an entry: those that go along, those that are links instead, those that are only named."""
    language, urls = desk.language, along.urls or {}
    linked = [file for file in attached if file.id in urls][:MAX_FILES]
    others = [file for file in attached if file not in along.files and file not in linked]
    return {
        "files": files([file for file in attached if file in along.files], language),
        "links": [{"name": files([file], language)[0], "url": urls[file.id]} for file in linked],
        "linked": files(linked, language),
        "until": language.day(along.until, desk.zone) if along.until else "",
        "too_large": files(others, language),
    }


def _entry(event: Event, budget: int, desk: DeskFacts) -> Context:
    language, mark = desk.language, _MARKS.get(event.visibility, "")
    # What a note is about stands above its words, as on the page.
    whole = f"{line(event.title)}\n\n{event.text}" if event.title else event.text
    text, was_cut = letter_text.cut(letter_text.clean_text(whole), budget)
    return {
        "who": line(event.author) or language.say("Somebody"),
        "at": language.moment(event.at, desk.zone),
        "text": text,
        "html": letter_text.as_html(text),
        "start": letter_text.first_words(text),
        "cut": was_cut,
        "mark": language.gettext(mark),
        "is_change": event.kind == "change",
        "did": _did(event, language),
    }


_ANSWERED = {
    "Approved": say("{who} approved this."),
    "Rejected": say("{who} rejected this."),
    "Requested": say("{who} requested this."),
}
_DID = {"Resolved": say("{who} says that it is solved."), "Withdrawn": say("{who} withdrew the request.")}


def _did(event: Event, language: Language) -> str:
    """What somebody did to the ticket, in a sentence; "" for an entry of mere words.

    Beside words it is said of the customer side alone: staff hear what a note does not tell.
    """
    changes, who = changes_said.folded([event]), line(event.author) or language.say("Somebody")
    if event.contact_id is not None:
        if answered := _ANSWERED.get(changes_said.after(changes, "approval")):
            return language.say(answered, who=who)
        if changes_said.is_reopened(changes):
            return "" if event.text else language.say("{who} opened it again.", who=who)
        if did := _DID.get(changes_said.after(changes, "status")):
            reason = language.name(changes_said.after(changes, "withdrawal"))
            why = " " + language.say("Reason: {reason}.", reason=reason) if reason else ""
            return language.say(did, who=who) + why
    if event.kind != "change":
        return ""
    return language.say("{who} changed this: {changes}.", who=who, changes=changes_said.told(changes, language))
