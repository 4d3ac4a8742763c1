"""What the templates of each kind are given: plain texts, numbers and lists, never a database object."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from desk import credentials
from desk.keys import Keys
from gateway import letter_about, letter_answers, letter_text
from gateway.letter import SENSITIVE, DeskFacts, Superseded, Unsent
from gateway.letter_data import LetterData, owner
from gateway.letter_received import received
from gateway.letter_staff import due, to_staff
from gateway.letter_update import update
from gateway.letter_words import line, reason
from store.tables import Outbox, Ticket

Context = dict[str, Any]
_RIGHT_TO_LEFT = ("ar", "fa", "he", "ur", "yi")


def _password_changed(row: Outbox, data: LetterData, desk: DeskFacts) -> Context:
    at = row.context.get("at")
    changed_at = datetime.fromisoformat(str(at)) if at else row.created_at
    return {"changed_at": letter_text.moment(changed_at, desk.zone), "first": bool(row.context.get("first"))}


_KINDS: dict[str, Callable[[Outbox, LetterData, DeskFacts], Context]] = {
    "received": received,
    "update": update,
    "copy": letter_about.copy,
    "shared": letter_about.shared,
    "approval": letter_about.approval,
    "approval_result": letter_about.approval_result,
    "alert": letter_about.alert,
    "merged": letter_about.merged,
    "new_ticket": to_staff,
    "customer_wrote": to_staff,
    "assigned": to_staff,
    "due": due,
    "done": letter_answers.lines,
    "not_done": letter_answers.lines,
    "partly_refused": letter_answers.lines,
    "confirm": letter_answers.confirm,
    "answer": letter_answers.answer,
    "mail_trouble": letter_answers.lines,
    "password_changed": _password_changed,
}
KINDS = frozenset(_KINDS) | SENSITIVE


class ContextMaker:
    """Makes the context of one row out of what was loaded for its batch."""

    def __init__(self, desk: DeskFacts, address: str, keys: Keys) -> None:
        self._desk, self._address, self._keys = desk, address, keys

    def make(self, row: Outbox, data: LetterData, now: datetime) -> Context | Unsent:
        """The context of a row; Unsent for one that is superseded, or whose ticket is gone."""
        kind = _KINDS.get(row.kind)
        if kind is None and row.kind not in SENSITIVE:
            return Unsent(f"there is no letter of the kind {row.kind!r}", final=False)
        if row.ticket_id is not None and row.ticket_id not in data.tickets:
            return Unsent("the ticket of this letter is not there", final=False)
        try:
            own = kind(row, data, self._desk) if kind is not None else self._secret(row, data, now)
        except Superseded as why:
            return Unsent(str(why), final=True)
        return self._common(row, data) | own

    def _common(self, row: Outbox, data: LetterData) -> Context:
        ticket = data.tickets.get(row.ticket_id or 0)
        team = data.teams.get(ticket.team_id) if ticket and ticket.team_id else None
        desk = self._desk
        why = reason(row, data)
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
            "reason": why,
            # Somebody else may have written in the name of this address: the name is their word too.
            "stranger": why == "first" or (row.kind == "confirm" and letter_answers.to_unknown(row, data)),
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
