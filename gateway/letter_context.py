"""What the templates of each kind are given: plain texts, numbers and lists, never a database object."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from desk import credentials
from desk.keys import Keys
from gateway import letter_about, letter_answers, letter_timed
from gateway.letter import SENSITIVE, DeskFacts, Superseded, Unsent
from gateway.letter_data import LetterData, owner
from gateway.letter_received import received
from gateway.letter_staff import due, to_staff
from gateway.letter_update import update
from gateway.letter_words import brought, line, reason
from store.tables import Outbox, Ticket

Context = dict[str, Any]


def _password_changed(row: Outbox, data: LetterData, desk: DeskFacts) -> Context:
    at = row.context.get("at")
    changed_at = datetime.fromisoformat(str(at)) if at else row.created_at
    return {"changed_at": desk.language.moment(changed_at, desk.zone), "first": bool(row.context.get("first"))}


def _two_step(row: Outbox, data: LetterData, desk: DeskFacts) -> Context:
    at = row.context.get("at")
    moment = datetime.fromisoformat(str(at)) if at else row.created_at
    return {
        "what": str(row.context.get("what", "")),
        "changed_at": desk.language.moment(moment, desk.zone),
        "left": int(row.context.get("left", 0)),
        "by": brought(row, "by", desk.language),
    }


def _address_changed(row: Outbox, data: LetterData, desk: DeskFacts) -> Context:
    said = {name: brought(row, name, desk.language) for name in ("old", "new", "by")}
    return {**said, "kept": bool(row.context.get("kept")), "portal": bool(row.context.get("portal"))}


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
    "new_tickets": letter_timed.new_tickets,
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
    "two_step": _two_step,
    "reminder": letter_timed.reminder,
    "digest": letter_timed.digest,
    "day_sheet": letter_timed.day_sheet,
    "announcement": letter_timed.announcement,
    "address_changed": _address_changed,
}
KINDS = frozenset(_KINDS) | SENSITIVE


class ContextMaker:
    """Makes the context of one row out of what was loaded for its batch."""

    def __init__(self, address: str, keys: Keys) -> None:
        self._address, self._keys = address, keys

    def make(self, row: Outbox, data: LetterData, now: datetime, desk: DeskFacts) -> Context | Unsent:
        """The context of a row, to its reader; Unsent for one that is superseded, or whose ticket is gone."""
        kind = _KINDS.get(row.kind)
        if kind is None and row.kind not in SENSITIVE:
            return Unsent(f"there is no letter of the kind {row.kind!r}", final=False)
        if row.ticket_id is not None and row.ticket_id not in data.tickets:
            return Unsent("the ticket of this letter is not there", final=False)
        try:
            own = kind(row, data, desk) if kind is not None else self._secret(row, data, now, desk)
        except Superseded as why:
            return Unsent(str(why), final=True)
        return self._common(row, data, desk) | own

    def _common(self, row: Outbox, data: LetterData, desk: DeskFacts) -> Context:
        ticket = data.tickets.get(row.ticket_id or 0)
        team = data.teams.get(ticket.team_id) if ticket and ticket.team_id else None
        why = reason(row, data)
        return {
            "desk": {
                "name": line(desk.name),
                "address": ticket.desk_address if ticket else self._address,
                "phone": line(desk.phone),
                "base_url": desk.base_url,
            },
            "language": desk.language.code,
            "direction": desk.language.direction,
            "ticket": _ticket(ticket, desk) if ticket else None,
            "facts": _facts(ticket, data, desk) if ticket else [],
            "team": line(team.name) if team else "",
            "reason": why,
            # Somebody else may have written in the name of this address: the name is their word too.
            "stranger": why == "first" or (row.kind == "confirm" and letter_answers.to_unknown(row, data)),
            "greeting": line(_greeting(row, data)),
        }

    def _secret(self, row: Outbox, data: LetterData, now: datetime, desk: DeskFacts) -> Context:
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
            "by": brought(row, "by", desk.language),
            "username": letter.username,
            "password": "" if link else letter.secret,
            "link": f"{desk.base_url}/in/once/{letter.secret}" if link else "",
            "sign_in_url": f"{desk.base_url}/in",
            "until": desk.language.moment(letter.expires_at, desk.zone),
        }


def _greeting(row: Outbox, data: LetterData) -> str:
    if contact := data.contacts.get(row.contact_id or 0):
        return contact.greeting
    staff = data.staff.get(row.staff_id or 0)
    return staff.name if staff else row.recipient_name


def _ticket(ticket: Ticket, desk: DeskFacts) -> Context:
    return {
        "number": ticket.number,
        "title": line(ticket.title),
        "letter_subject": line(ticket.letter_subject),
        "type": desk.language.name(line(ticket.type)),
        "priority": desk.language.name(line(ticket.priority)),
        "status": desk.language.name(line(ticket.status)),
        "status_key": line(ticket.status),  # in English, for machines
        "url": f"{desk.base_url}/t/{ticket.number}",
    }


def _facts(ticket: Ticket, data: LetterData, desk: DeskFacts) -> list[tuple[str, str]]:
    language = desk.language
    site = data.sites.get(ticket.site_id or 0)
    facts = [
        (language.say("Status"), language.name(line(ticket.status))),
        (language.say("Type"), language.name(line(ticket.type))),
    ]
    return [*facts, (language.say("Site"), line(site.name))] if site else facts
