"""Message-IDs of a ticket's mails, indexed so that an answer to one of them finds the ticket (E3)."""

from desk.state import TicketState
from desk.writes import Writes
from gateway.case import Case
from gateway.view import message_key
from store.tables import KnownMessage


def remember(case: Case, writes: Writes, ticket: TicketState) -> None:
    """Index the mail at hand."""
    index(case.mail.message.message_id, case, writes, ticket)


def index(message_id: str, case: Case, writes: Writes, ticket: TicketState) -> None:
    """Index another mail; a second time changes nothing."""
    if message_id:
        key = message_key(message_id)
        known = case.view.known_messages.setdefault(key, [])
        if ticket.id not in known:
            known.append(ticket.id)
            writes.add(KnownMessage, key=key, ticket_id=ticket.id)
