"""What is noted of an act on tickets: a row for each, which points to the entry of its history that says more."""

from desk import audit
from desk.writes import Row, Writes
from store.tables import Audit, Event, Ticket

Mark = tuple[int, int, int]


def mark(writes: Writes) -> Mark:
    """Where an act begins in what is collected: before it may stand those of other mails."""
    return len(writes.added(Ticket)), len(writes.added(Event)), len(writes.added(Audit))


def note(writes: Writes, since: Mark = (0, 0, 0), touched: int | None = None) -> None:
    """Note what has been collected since: tickets that are new, those that were written on, those that were changed.

    `touched` is the ticket that the act was about: where its history says nothing, this log does. A ticket of which a
    more exact word was noted already, as that a file was taken off it, has that one row and no other.
    """
    opened = {row["id"] for row in writes.added(Ticket)[since[0] :]}
    known = {row["object_id"] for row in writes.added(Audit)[since[2] :] if row["kind"] == "ticket"}
    entries: dict[int, list[Row]] = {one: [] for one in sorted(opened)}
    for row in writes.added(Event)[since[1] :]:
        entries.setdefault(row["ticket_id"], []).append(row)
    if touched is not None:
        entries.setdefault(touched, [])
    for ticket_id, rows in entries.items():
        if ticket_id in known:
            continue
        notes = [row for row in rows if row["kind"] == "note"]
        first = next(iter([*notes, *rows]), None)
        act = "ticket.noted" if notes else "ticket.changed" if rows else "ticket.touched"
        act = "ticket.opened" if ticket_id in opened else act
        audit.note(writes, act, "ticket", ticket_id, event_id=first["id"] if first else None)
