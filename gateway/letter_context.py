"""What the templates of each kind are given: plain texts, numbers and lists, never a database object."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from desk import credentials
from desk.keys import Keys
from gateway import letter_files, letter_text
from gateway.letter import SENSITIVE, DeskFacts, Unsent
from gateway.letter_data import LetterData, entries, owner
from gateway.letter_words import (
    files,
    is_internal,
    line,
    link_words,
    name,
    person,
    readers,
    reason,
    sentences,
    warnings,
)
from store.tables import Attachment, Event, Outbox, Ticket

Context = dict[str, Any]
_RIGHT_TO_LEFT = ("ar", "fa", "he", "ur", "yi")
_MARKS = {"internal": "Internal", "pending": "Waiting"}  # the words of the page
_EARLIER = 3
_EARLIER_BYTES = 600


class Superseded(Exception):
    """The letter is not to be sent any more; the text says why."""


class ContextMaker:
    """Makes the context of one row out of what was loaded for its batch."""

    def __init__(self, desk: DeskFacts, address: str, keys: Keys) -> None:
        self._desk, self._address, self._keys = desk, address, keys
        self._kinds: dict[str, Callable[[Outbox, LetterData], Context]] = {
            "received": self._received,
            "update": self._update,
            "new_ticket": self._staff_letter,
            "customer_wrote": self._staff_letter,
            "password_changed": self._password_changed,
            "not_done": self._lines,
            "partly_refused": self._lines,
            "mail_trouble": self._lines,
        }

    def make(self, row: Outbox, data: LetterData, now: datetime) -> Context | Unsent:
        """The context of a row; Unsent for one that is superseded, or whose ticket is gone."""
        kind = self._kinds.get(row.kind)
        if kind is None and row.kind not in SENSITIVE:
            return Unsent(f"there is no letter of the kind {row.kind!r}", final=False)
        if row.ticket_id is not None and row.ticket_id not in data.tickets:
            return Unsent("the ticket of this letter is not there", final=False)
        try:
            own = kind(row, data) if kind is not None else self._secret(row, data, now)
        except Superseded as why:
            return Unsent(str(why), final=True)
        return self._common(row, data) | own

    def _common(self, row: Outbox, data: LetterData) -> Context:
        ticket = data.tickets.get(row.ticket_id or 0)
        team = data.teams.get(ticket.team_id) if ticket and ticket.team_id else None
        desk = self._desk
        return {
            "desk": {
                "name": line(desk.name),
                "address": ticket.desk_address if ticket else self._address,
                "phone": line(desk.phone),
                "base_url": desk.base_url,
            },
            "language": desk.language,
            "direction": "rtl" if desk.language.split("-")[0] in _RIGHT_TO_LEFT else "ltr",
            "ticket": self._ticket(ticket) if ticket else None,
            "facts": self._facts(ticket, data) if ticket else [],
            "team": line(team.name) if team else "",
            "reason": reason(row, ticket),
            "greeting": line(self._greeting(row, data)),
        }

    def _greeting(self, row: Outbox, data: LetterData) -> str:
        if contact := data.contacts.get(row.contact_id or 0):
            return contact.greeting
        staff = data.staff.get(row.staff_id or 0)
        return staff.name if staff else row.recipient_name

    def _ticket(self, ticket: Ticket) -> Context:
        return {
            "number": ticket.number,
            "title": line(ticket.title),
            "letter_subject": line(ticket.letter_subject),
            "type": line(ticket.type),
            "priority": line(ticket.priority),
            "status": line(ticket.status),
            "url": f"{self._desk.base_url}/t/{ticket.number}",
        }

    def _facts(self, ticket: Ticket, data: LetterData) -> list[tuple[str, str]]:
        site = data.sites.get(ticket.site_id or 0)
        facts = [("Status", line(ticket.status)), ("Type", line(ticket.type))]
        return [*facts, ("Site", line(site.name))] if site else facts

    # Letters to the customer side

    def _received(self, row: Outbox, data: LetterData) -> Context:
        echo = bool(row.context.get("echo", False))
        ticket = data.tickets[row.ticket_id or 0]
        by = "" if row.contact_id in (None, ticket.requester_id) else name(data.contacts[ticket.requester_id])
        context: Context = {"echo": echo, "notes": sentences(row, "notes"), "by": by if echo else ""}
        names = [shown for e in entries(row, data) for shown in files(data.files.get(e.id, []))] if echo else []
        if names:
            context["facts"] = [*self._facts(ticket, data), ("Files", ", ".join(names))]
        return context

    def _update(self, row: Outbox, data: LetterData) -> Context:
        ticket = data.tickets[row.ticket_id or 0]
        if row.contact_id not in (None, ticket.requester_id) and row.contact_id not in data.participants[ticket.id]:
            raise Superseded("the person does not take part in the ticket any more")
        events = letter_files.told(row, data)
        if not events:
            raise Superseded("there is nothing to tell: no public entry")
        changes: dict[str, Any] = {}
        before: dict[str, Any] = {}
        for event in events:
            for what, value in event.changes.items():
                pair = value if isinstance(value, list) and len(value) == 2 else ["", value]
                before.setdefault(what, pair[0])
                changes[what] = pair[1]
        if changes.get("status") == before.get("status"):
            changes.pop("status", None)  # there and back within one letter
        resolution = letter_text.cut(letter_text.clean_text(str(changes.get("resolution") or "")), 3_000)[0]
        notes = [e for e in events if e.text.strip() != resolution or not resolution]
        along = letter_files.enclosed(events, data)
        left_out = [file for e in events if e not in notes for file in data.files.get(e.id, [])]
        completed = ticket.completed_at or events[-1].at
        status = line(str(changes.get("status") or ""))
        return {
            "entries": self._entries([e for e in notes if e.kind == "note" or e.text], data, along),
            "status": status,
            "resolution": resolution,
            "resolution_start": letter_text.first_words(resolution),
            "resolution_html": letter_text.as_html(resolution),
            "resolution_files": _files(left_out, along),
            "until": letter_text.day(completed + timedelta(days=self._desk.reopen_days), self._desk.zone),
            "assignee": line(str(changes.get("assignee") or "")),
            "facts": [("Status", f"{status} (was {line(str(before['status']))})")]
            if status
            else [("Status", line(ticket.status))],
        }

    def _entries(self, events: list[Event], data: LetterData, along: list[Attachment]) -> list[Context]:
        budget = letter_text.NOTE_BYTES // max(1, len(events))
        return [self._entry(event, budget) | _files(data.files.get(event.id, []), along) for event in events]

    def _entry(self, event: Event, budget: int) -> Context:
        text, was_cut = letter_text.cut(letter_text.clean_text(event.text), budget)
        return {
            "who": line(event.author) or "Somebody",
            "at": letter_text.moment(event.at, self._desk.zone),
            "text": text,
            "html": letter_text.as_html(text),
            "start": letter_text.first_words(text),
            "cut": was_cut,
            "mark": _MARKS.get(event.visibility, ""),
        }

    # Letters to staff

    def _staff_letter(self, row: Outbox, data: LetterData) -> Context:
        ticket = data.tickets[row.ticket_id or 0]
        events = letter_files.told(row, data)
        requester = data.contacts[ticket.requester_id]
        organisation = data.organisations.get(ticket.organisation_id or 0)
        site = data.sites.get(ticket.site_id or 0)
        place = " / ".join(line(part.name) for part in (organisation, site) if part)
        facts = [
            ("From", person(requester)),
            ("Type", line(ticket.type)),
            ("Priority", line(ticket.priority)),
            ("Status", line(ticket.status)),
        ]
        internal = is_internal(row, data)
        earlier = self._earlier(ticket, events, data, internal) if row.kind == "customer_wrote" else []
        return {
            "entries": self._entries(events, data, letter_files.enclosed(events, data)),
            "earlier": earlier,
            "readers": readers(requester, data.participants[ticket.id], data),
            "internal": internal,
            "lane": line(str(row.context.get("lane") or "")),
            "warnings": [*warnings(row, events, requester), *(link_words(*link) for link in data.links[ticket.id])],
            "place": place,
            "facts": [*facts[:1], ("Organisation", place), *facts[1:]] if place else facts,
        }

    def _earlier(self, ticket: Ticket, events: list[Event], data: LetterData, internal: bool) -> list[Context]:
        """The last entries before these, newest first; an answer that goes to customers may quote public ones only."""
        history = [e for e in data.history[ticket.id] if internal or e.visibility == "public"]
        if events:
            history = [e for e in history if (e.at, e.id) < (events[0].at, events[0].id)]
        return [self._entry(event, _EARLIER_BYTES) for event in history[:_EARLIER]]

    # Accounts, answers, trouble

    def _secret(self, row: Outbox, data: LetterData, now: datetime) -> Context:
        account = data.accounts.get(owner(row))
        letter = credentials.for_letter(account, self._keys, now) if account is not None else None
        if letter is None:
            raise Superseded("the one-time password or link was used, taken back, or ran out")
        if data.newest_secret.get(owner(row), row.id) != row.id:
            raise Superseded("a newer one-time password or link goes out instead")
        link = letter.kind == "link"
        if row.kind == "sign_in_link" and not link:
            raise Superseded("a one-time password goes out instead")
        return {
            "by": line(str(row.context.get("by") or "")),
            "username": letter.username,
            "password": "" if link else letter.secret,
            "link": f"{self._desk.base_url}/in/once/{letter.secret}" if link else "",
            "sign_in_url": f"{self._desk.base_url}/in",
            "until": letter_text.moment(letter.expires_at, self._desk.zone),
        }

    def _password_changed(self, row: Outbox, data: LetterData) -> Context:
        at = row.context.get("at")
        changed_at = datetime.fromisoformat(str(at)) if at else row.created_at
        return {
            "changed_at": letter_text.moment(changed_at, self._desk.zone),
            "first": bool(row.context.get("first")),
        }

    def _lines(self, row: Outbox, data: LetterData) -> Context:
        return {"lines": sentences(row, "lines"), "asked": line(str(row.context.get("subject") or ""))}


def _files(attached: list[Attachment], along: list[Attachment]) -> Context:
    """The files of an entry, those that go along with the letter and those that are too large for it."""
    return {
        "files": files([file for file in attached if file in along]),
        "too_large": files([file for file in attached if file not in along]),
    }
