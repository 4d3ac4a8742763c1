"""Notes that wait for staff, because their author does not take part: shown to everybody, or taken away."""

from datetime import datetime, timedelta
from typing import Any

from desk import access, lifecycle, notices, statuses, taking_part, tickets
from desk.state import ContactState, TicketState
from desk.writes import Writes
from store.tables import Event, Ticket

Changes = dict[str, Any]
SPLIT = "split to"
TAKEN_AWAY: Changes = {SPLIT: ["", "a ticket of its own"]}


def show(
    writes: Writes,
    ticket: TicketState,
    event_id: int,
    author: ContactState,
    now: datetime,
    *,
    reopen_days: int,
    fold: timedelta,
) -> Changes:
    """The note is one like any other from now on: those who take part read it, and the ticket needs a look."""
    changes: Changes = {}
    if not statuses.is_done(ticket.status) or tickets.accepts_replies(ticket, now, reopen_days):
        changes = lifecycle.customer_wrote(writes, ticket, now)
    writes.change(Event, event_id, visibility="public", changes=changes)
    writes.change(Ticket, ticket.id, updated_at=now)
    notices.update(writes, ticket, event_id, now, author=author, has_words=True, fold=fold)
    return changes


def may_join(ticket: TicketState, author: ContactState) -> bool:
    """True for an author of such a note who can take part, and does not yet."""
    return author.active and access.role_of(author.person, ticket.view) != "participant"


def let_in(writes: Writes, ticket: TicketState, author: ContactState, by: str, now: datetime) -> bool:
    """The author takes part from now on, and hears of it; False where they did already."""
    if author.id == ticket.requester.id or not taking_part.join(writes, ticket, [author], now):
        return False
    notices.letter(writes, "shared", author, now, ticket=ticket, context={"by": by, "how": "added"})
    return True


def take_away(writes: Writes, event_id: int) -> None:
    """The note became a ticket of its own: here it is for the desk alone. The link says which ticket that is."""
    writes.change(Event, event_id, visibility="internal", changes=TAKEN_AWAY)
