"""The letter that tells the customer side what became of a ticket: notes, and what changed."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from desk import changes_said
from desk.changes_said import Pair
from desk.language import Language
from gateway import letter_entries, letter_files, letter_text
from gateway.letter import DeskFacts, Superseded
from gateway.letter_data import LetterData
from gateway.letter_files import Along
from gateway.letter_words import line
from store.tables import Event, Outbox, Ticket

Context = dict[str, Any]
_RESOLUTION_BYTES = 3_000


def update(row: Outbox, data: LetterData, desk: DeskFacts) -> Context:
    """What the templates of “update” are given. Superseded for who takes no part, and when nothing is to be told."""
    ticket = data.tickets[row.ticket_id or 0]
    if row.contact_id not in (None, ticket.requester_id) and row.contact_id not in data.participants[ticket.id]:
        raise Superseded("the person does not take part in the ticket any more")
    events = letter_files.told(row, data)
    if not events:
        raise Superseded("there is nothing to tell: no public entry")
    changes = changes_said.folded(events)
    resolution = _resolution(changes)
    notes = [event for event in events if not _only_resolves(event, resolution)]
    along = letter_files.enclosed(row, events, data)
    shown = letter_entries.entries([e for e in notes if e.kind == "note" or e.text], data, along, desk)
    if not shown and not changes_said.are_seen(changes):
        raise Superseded("there is nothing to tell: what changed is for the desk alone")
    return {
        "entries": shown,
        "solved_by": changes_said.solved_by(events, desk.language),
        "by_clock": changes_said.is_by_clock(events),
        "reopened": changes_said.is_reopened(changes),
        "until": desk.language.day(
            (ticket.completed_at or events[-1].at) + timedelta(days=desk.reopen_days), desk.zone
        ),
        "facts": _facts(ticket, changes, desk.language),
        "status_name": desk.language.name(changes_said.after(changes, "status")),
        "withdrawal": desk.language.name(changes_said.after(changes, "withdrawal")),
        **{what: changes_said.after(changes, what) for what in ("status", "assignee")},
        # A letter that waited for company does not ask for what was decided meanwhile.
        "approval": _current(changes_said.after(changes, "approval"), ticket.approval),
        **_resolved(resolution, [e for e in events if e not in notes], data, along, desk),
    }


def _current(told: str, now: str) -> str:
    return told if told == now else ""


def _only_resolves(event: Event, resolution: str) -> bool:
    """True for words that stand in the letter as the resolution already."""
    return bool(resolution) and event.text.strip() == resolution and event.contact_id is None


def _resolution(changes: Mapping[str, Pair]) -> str:
    now = changes["resolution"][1] if "resolution" in changes else ""
    return letter_text.cut(letter_text.clean_text(str(now or "")), _RESOLUTION_BYTES)[0]


def _resolved(resolution: str, beside: list[Event], data: LetterData, along: Along, desk: DeskFacts) -> Context:
    files = [file for event in beside for file in data.files.get(event.id, [])]
    return {
        "resolution": resolution,
        "resolution_start": letter_text.first_words(resolution),
        "resolution_html": letter_text.as_html(resolution),
        "resolution_files": letter_entries.with_files(files, along, desk),
    }


def _facts(ticket: Ticket, changes: Mapping[str, Pair], language: Language) -> list[tuple[str, str]]:
    is_new = "status" in changes
    status = changes_said.shown("status", changes["status"], language) if is_new else language.name(line(ticket.status))
    return [(language.say("Status"), status), *changes_said.facts(changes, language)]
