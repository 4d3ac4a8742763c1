"""Letters that the clock brings about: a reminder, the digest, the day sheet, an announcement, many new tickets."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from desk import announcements, day_sheets, digests, gathering, statuses
from desk.day_sheets import Line, Name
from desk.language import Language
from gateway import letter_entries, letter_text
from gateway.letter import DeskFacts, Superseded
from gateway.letter_data import LetterData
from gateway.letter_words import line, name
from store.tables import Outbox

Context = dict[str, Any]
_QUESTION_BYTES = 4_000
_SUPERSEDED = "the person does not want it any more"


def reminder(row: Outbox, data: LetterData, desk: DeskFacts) -> Context:
    """E7: what was asked and when, and when the ticket will be closed. Superseded once there is an answer."""
    ticket = data.tickets[row.ticket_id or 0]
    if ticket.status not in statuses.WAITING_ON_CUSTOMER or ticket.requester_id != row.contact_id:
        raise Superseded("nobody waits for an answer of this person any more")
    event = data.events.get(row.event_id or 0)
    # Only what customers read already is quoted, whatever a row names.
    asked = [event] if event is not None and event.visibility == "public" and event.ticket_id == ticket.id else []
    shown = letter_entries.beginnings(asked, desk, _QUESTION_BYTES)
    closes = _moment(row, "closes")
    return {
        "question": shown[0] if shown else None,
        "asked": desk.language.day(_moment(row, "asked") or row.created_at, desk.zone),
        "closes": desk.language.day(closes, desk.zone) if closes else "",
    }


def digest(row: Outbox, data: LetterData, desk: DeskFacts) -> Context:
    """E19: what waits for somebody, and what else of theirs is open. Superseded when that is nothing."""
    contact, found = data.contacts.get(row.contact_id or 0), data.digests.get(row.contact_id or 0)
    if contact is None or contact.deactivated_at is not None or not contact.digest:
        raise Superseded(_SUPERSEDED)
    if found is None:
        raise Superseded("nothing of theirs is open")
    language = desk.language
    named = (
        (language.say("Waiting for you:"), found.waiting),
        (language.say("Others:") if found.waiting.count else language.say("Open:"), found.others),
    )
    counts = (
        language.say_many("{n} waiting for you", "{n} waiting for you", found.waiting.count),
        language.say_many("{n} other open", "{n} others open", found.others.count),
    )
    return {
        "day": language.day(row.created_at, desk.zone),
        "summary": f"{', '.join(counts)}.",
        "parts": [(heading, _digest_part(part, language)) for heading, part in named if part.count],
        "url": f"{desk.base_url}/tickets",
    }


def _digest_part(part: digests.Part, language: Language) -> Context:
    rows = [{"number": one.number, "title": line(one.title), "about": language.name(one.status)} for one in part.lines]
    return {"lines": rows, "more": _more(part.count - len(rows), language)}


def day_sheet(row: Outbox, data: LetterData, desk: DeskFacts) -> Context:
    """S6: what is late, what is due today, what nobody has taken, whose customer is silent. Superseded when empty."""
    staff, sheet = data.staff.get(row.staff_id or 0), data.sheets.get(row.staff_id or 0)
    if staff is None or staff.deactivated_at is not None or not staff.day_sheet:
        raise Superseded(_SUPERSEDED)
    if sheet is None:
        raise Superseded("nothing waits")
    language = desk.language
    headings: dict[Name, str] = {
        "overdue": language.say("Overdue:"),
        "today": language.say("Due today:"),
        "unassigned": language.say("Nobody has taken these:"),
        "waiting": language.say("Yours, and the customer has not answered for long:"),
    }
    free, late, today = (sheet.counts[name] for name in ("unassigned", "overdue", "today"))
    counts = (
        language.say_many("{n} unassigned", "{n} unassigned", free) if free else "",
        language.say_many("{n} overdue", "{n} overdue", late) if late else "",
        language.say_many("{n} due today", "{n} due today", today) if today else "",
    )
    said = [text for text in counts if text]
    others = sheet.others
    return {
        "day": language.day(row.created_at, desk.zone),
        "summary": f"{', '.join(said)}." if said else language.say("Nothing is late, and everything is taken."),
        "parts": [
            (headings[name], _sheet_part(sheet.lines[name], sheet.counts[name], name, desk))
            for name in day_sheets.NAMES
            if sheet.counts[name]
        ],
        "others": language.say_many("{n} other ticket is yours.", "{n} other tickets are yours.", others)
        if others
        else "",
        "url": f"{desk.base_url}/tickets",
    }


def _sheet_part(lines: Sequence[Line], count: int, name: Name, desk: DeskFacts) -> Context:
    rows = [{"number": one.number, "title": line(one.title), "about": _about(one, name, desk)} for one in lines]
    return {"lines": rows, "more": _more(count - len(rows), desk.language)}


def _about(one: Line, name: Name, desk: DeskFacts) -> str:
    """Acme, High, 9 Apr 2019, 15:00 BST: whose it is, how urgent, and the time that puts it there."""
    at = one.waiting_since if name == "waiting" else one.due_at
    parts = (
        line(one.organisation),
        desk.language.name(one.priority),
        desk.language.moment(at, desk.zone) if at else "",
    )
    return ", ".join(part for part in parts if part)


def new_tickets(row: Outbox, data: LetterData, desk: DeskFacts) -> Context:
    """S1b: how many since when, and the first of them; what was forgotten since is not named."""
    reader = data.staff.get(row.staff_id or 0)
    if reader is not None and reader.deactivated_at is not None:
        raise Superseded(_SUPERSEDED)
    told, language = gathering.of(row), desk.language
    found = [data.tickets[i] for i in told.tickets if i in data.tickets]
    rows = [
        {"number": one.number, "title": line(one.title), "about": name(data.contacts[one.requester_id])}
        for one in found
    ]
    since = language.moment(told.since, desk.zone)
    headline = language.say_many("{n} new ticket since {time}", "{n} new tickets since {time}", told.count, time=since)
    part = {"lines": rows, "more": _more(told.count - len(rows), language)}
    return {
        "headline": headline,
        "parts": [(language.say("Of people who are not among your contacts:"), part)] if rows else [],
        "url": f"{desk.base_url}/desk",
    }


def announcement(row: Outbox, data: LetterData, desk: DeskFacts) -> Context:
    """E20: the whole of it, in the words of whoever announced it. Superseded once it has ended."""
    contact = data.contacts.get(row.contact_id or 0)
    if contact is None or contact.deactivated_at is not None or not contact.news:
        raise Superseded(_SUPERSEDED)
    found = data.announcements.get(int(row.context.get(announcements.KIND) or 0))
    if found is None:
        raise Superseded("it is announced no more")
    title = line(found.title)
    text, was_cut = letter_text.cut(letter_text.clean_text(found.text))
    until = desk.language.moment(found.ends_at, desk.zone) if found.ends_at else ""
    return {
        "title": title,
        "text": text,
        "html": letter_text.as_html(text or title),
        "cut": was_cut,
        "until": desk.language.say("Until {time}.", time=until) if until else "",
    }


def live(row: Outbox, data: LetterData) -> list[str]:
    """The titles of what was announced when a receipt was written: an outage is known, nobody need write of it."""
    at = row.created_at
    now = [one for one in data.live if one.starts_at <= at and (one.ends_at is None or one.ends_at > at)]
    return [line(one.title) for one in now]


def _more(count: int, language: Language) -> str:
    return language.say_many("and {n} more", "and {n} more", count) if count > 0 else ""


def _moment(row: Outbox, key: str) -> datetime | None:
    written = row.context.get(key)
    return datetime.fromisoformat(str(written)) if written else None
