"""Entries of a ticket as letters show them: who wrote, the words within a budget, the files that go along."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from gateway import letter_changes, letter_text
from gateway.letter_data import LetterData
from gateway.letter_words import files, line
from store.tables import Attachment, Event

Context = dict[str, Any]
_MARKS = {"internal": "Internal", "pending": "Waiting"}  # the words of the page
_FEW_BYTES = 600  # of an entry that is shown for orientation


def entries(events: Sequence[Event], data: LetterData, along: Sequence[Attachment], zone: ZoneInfo) -> list[Context]:
    """Entries in full, which share the room of a letter."""
    budget = letter_text.NOTE_BYTES // max(1, len(events))
    return [_entry(event, budget, zone) | with_files(data.files.get(event.id, []), along) for event in events]


def beginnings(events: Sequence[Event], zone: ZoneInfo, budget: int = _FEW_BYTES) -> list[Context]:
    """The beginnings of entries that stand there for orientation, without their files."""
    return [_entry(event, budget, zone) | with_files((), ()) for event in events]


def with_files(attached: Sequence[Attachment], along: Sequence[Attachment]) -> Context:
    """The files of an entry, those that go along with the letter and those that are too large for it."""
    return {
        "files": files([file for file in attached if file in along]),
        "too_large": files([file for file in attached if file not in along]),
    }


def _entry(event: Event, budget: int, zone: ZoneInfo) -> Context:
    text, was_cut = letter_text.cut(letter_text.clean_text(event.text), budget)
    return {
        "who": line(event.author) or "Somebody",
        "at": letter_text.moment(event.at, zone),
        "text": text,
        "html": letter_text.as_html(text),
        "start": letter_text.first_words(text),
        "cut": was_cut,
        "mark": _MARKS.get(event.visibility, ""),
        "is_change": event.kind == "change",
        "did": _did(event),
    }


_DID = {"Resolved": "says that it is solved", "Withdrawn": "withdrew the request"}


def _did(event: Event) -> str:
    """What somebody did to the ticket, in a sentence; "" for an entry of mere words.

    Beside words it is said of the customer side alone: staff hear what a note does not tell.
    """
    changes, who = letter_changes.folded([event]), line(event.author) or "Somebody"
    if event.contact_id is not None:
        if answer := letter_changes.after(changes, "approval"):
            return f"{who} {answer.lower()} this."
        if letter_changes.is_reopened(changes):
            return "" if event.text else f"{who} opened it again."
        if did := _DID.get(letter_changes.after(changes, "status")):
            reason = letter_changes.after(changes, "withdrawal")
            return f"{who} {did}. Reason: {reason}." if reason else f"{who} {did}."
    if event.kind != "change":
        return ""
    changed = "; ".join(f"{what} {letter_changes.shown(pair)}" for what, pair in changes.items())
    return f"{who} changed this: {changed}."
