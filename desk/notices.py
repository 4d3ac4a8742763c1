"""Who is told what: outbox rows, written in the transaction of their cause."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from desk import statuses
from desk.said import kept_in
from desk.state import AtDesk, ContactState, StaffState, TeamState, TicketState
from desk.writes import Writes
from store.tables import Event, Outbox

# The address of a contact that has none: nothing is ever sent there.
NO_ADDRESS = ""
# In the context of an update: nothing but a change, of which one person gets one letter in an hour about one ticket.
MERE_CHANGE = "change"
SHOWN = frozenset({"status", "resolution", "withdrawal", "approval"})  # changes that customers hear of
TOLD = SHOWN | {"due"}  # the same, of what staff change: a time that was promised

# Of a letter that nobody has tried to send yet.
_FRESH = {
    "attempts": 0,
    "lease_until": None,
    "message_id": "",
    "rendered": None,
    "done_at": None,
}


def letter(
    writes: Writes,
    kind: str,
    to: ContactState | AtDesk,
    now: datetime,
    *,
    ticket: TicketState | None = None,
    event_id: int | None = None,
    context: dict[str, Any] | None = None,
    automatic: bool = True,
    first_receipt: bool = False,
    stranger: bool = False,
    state: str = "waiting",
    wait: timedelta = timedelta(),
    import_id: int | None = None,
) -> None:
    """Queue one letter to one person; somebody without an address gets none."""
    if to.address == NO_ADDRESS:
        return
    writes.add(
        Outbox,
        id=writes.next_id(),
        kind=kind,
        recipient=to.address[:320],
        recipient_name=to.name[:200],
        **_whose(to),
        ticket_id=ticket.id if ticket else None,
        event_id=event_id,
        import_id=import_id,
        received_id=writes.cause,
        context=kept_in(context) if context else {},
        automatic=automatic,
        first_receipt=first_receipt,
        stranger=stranger,
        state=state,
        next_at=now + wait,
        created_at=now,
        **_FRESH,
    )


def _whose(to: ContactState | AtDesk) -> dict[str, int | None]:
    """Whose letter it is; that of a queue is nobody's."""
    contact_id = to.id if isinstance(to, ContactState) else None
    return {"contact_id": contact_id, "staff_id": to.id if isinstance(to, StaffState) else None}


def note_to_staff(
    writes: Writes,
    kind: str,
    to: AtDesk,
    now: datetime,
    ticket: TicketState,
    event_id: int,
    context: dict[str, Any],
) -> None:
    """A customer's words to somebody at the desk, or to a queue: no machine's letter, so no cap counts it."""
    letter(writes, kind, to, now, ticket=ticket, event_id=event_id, context=context, automatic=False)


def customers(
    ticket: TicketState, besides: ContactState | None = None, *, muted: bool = False, approvers: bool = False
) -> list[ContactState]:
    """The requester and the additional contacts who want to be told, less the one who wrote.

    With `muted` those who said “stop” too, for the few letters that everybody gets (features.md A26). Who is there to
    approve hears of the ticket until that is decided; with `approvers`, of the decision as well.
    """
    asked = approvers or ticket.approval == "Requested"
    others = (person for person in ticket.people.values() if asked or ticket.roles.get(person.id) != "approver")
    people = [ticket.requester, *others]
    left_out = besides.id if besides else None
    return [p for p in people if p.id != left_out and (p.active if muted else ticket.wants_letters(p))]


def ends(changes: Mapping[str, Any]) -> bool:
    """True for an entry that says: solved, withdrawn or closed. Everybody hears of that."""
    status = changes.get("status") or [""]
    return statuses.is_done(str(status[-1]))


def staff_of(
    ticket: TicketState, teams: dict[str, TeamState], staff: dict[int, StaffState], besides: StaffState | None = None
) -> list[AtDesk]:
    """Who at the desk hears of a customer's words: the one who took the ticket, else the team, else everybody."""
    if ticket.assignee_id and (assignee := staff.get(ticket.assignee_id)) and assignee.active:
        people: Iterable[AtDesk] = (assignee,)
    else:
        people = members(next((team for team in teams.values() if team.id == ticket.team_id), None), staff)
    return [person for person in people if besides is None or person != besides]


def members(team: TeamState | None, staff: dict[int, StaffState]) -> list[AtDesk]:
    """The address of a team's queue (features.md A30), else its active members, else everybody at the desk."""
    if team is not None and team.queue is not None:
        return [team.queue]
    return list(team.members if team else ()) or [person for person in staff.values() if person.active]


def _presses(changes: Mapping[str, Any]) -> bool:
    """True for a change that nobody is to wait for: the ticket is done, or goes on only once the customer answers."""
    status = changes.get("status") or [""]
    return ends(changes) or str(status[-1]) in statuses.WAITING_ON_CUSTOMER


def update(
    writes: Writes,
    ticket: TicketState,
    event_id: int,
    now: datetime,
    *,
    author: ContactState | StaffState | None,
    has_words: bool,
    fold: timedelta,
    told: Collection[int] = (),
) -> int:
    """Tell the customer side of a public entry. A person's words go at once; a mere change waits for company.

    `told` are contacts who get another letter about this entry. That a ticket is done, muted people hear too.
    Without an `author` it came about by the clock.
    """
    if ticket.parent_id and not has_words:
        return 0  # how the desk divides its work is told by the ticket that the customer knows
    besides = author if isinstance(author, ContactState) else None
    # From the back: the entry was written just now.
    entry = next((row for row in reversed(writes.added(Event)) if row["id"] == event_id), None)
    changes = entry["changes"] if entry is not None else {}
    people = customers(ticket, besides, muted=ends(changes))
    people = [person for person in people if person.id not in told]
    context = {MERE_CHANGE: True} if not has_words and not _presses(changes) else None
    for person in people:
        letter(
            writes,
            "update",
            person,
            now,
            ticket=ticket,
            event_id=event_id,
            context=context,
            automatic=not has_words,
            wait=timedelta() if has_words else fold,
        )
    return len(people)
