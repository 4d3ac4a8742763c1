"""Tickets as plain text, for the command line."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.language import Language
from gateway.letter_words import link_words
from store.tables import Attachment, Contact, Event, Staff, Ticket, TicketLink


def ticket_text(session: Session, number: str, *, quoted: bool = False) -> str | None:
    """A ticket with its whole history, folded text as well when asked for; None when there is none of that number."""
    ticket = session.scalars(select(Ticket).where(Ticket.number == number)).first()
    if ticket is None:
        return None
    requester = session.get_one(Contact, ticket.requester_id)
    assignee = session.get(Staff, ticket.assignee_id) if ticket.assignee_id else None
    lines = [
        f"{ticket.number}  {ticket.title}",
        f"  Status:   {ticket.status}",
        f"  Contact:  {requester.name} <{requester.address}>",
        f"  Taken by: {assignee.name if assignee else 'nobody yet'}",
    ]
    if ticket.resolution:
        lines.append(f"  Resolution: {ticket.resolution}")
    lines += _link_lines(session, ticket)
    files: dict[int, list[Attachment]] = {}
    for file in session.scalars(select(Attachment).where(Attachment.ticket_id == ticket.id)):
        files.setdefault(file.event_id, []).append(file)
    events = session.scalars(select(Event).where(Event.ticket_id == ticket.id).order_by(Event.at, Event.id))
    for event in events:
        lines += ["", *_event_lines(event, files.get(event.id, []), quoted=quoted)]
    return "\n".join(lines)


def _link_lines(session: Session, ticket: Ticket) -> list[str]:
    """The tickets it has to do with, and those that have to do with it."""
    there = (
        select(TicketLink.kind, Ticket.number)
        .join(Ticket, Ticket.id == TicketLink.other_id)
        .where(TicketLink.ticket_id == ticket.id)
    )
    back = (
        select(TicketLink.kind, Ticket.number)
        .join(Ticket, Ticket.id == TicketLink.ticket_id)
        .where(TicketLink.other_id == ticket.id)
    )
    lines = [
        f"  Linked:   {link_words(kind, n, Language())}" for kind, n in session.execute(there.order_by(Ticket.number))
    ]
    words = {
        "continues": "goes on from it",
        "mentions": "names it; its sender may not write here",
        "split": "was split from it",
    }
    lines += [
        f"  Linked:   {n} {words.get(kind, 'has to do with it')}."
        for kind, n in session.execute(back.order_by(Ticket.number))
    ]
    return lines


def _event_lines(event: Event, files: list[Attachment], *, quoted: bool) -> list[str]:
    marks = [] if event.visibility == "public" else [event.visibility]
    if not event.verified:
        marks.append("not verified")
    if event.kind == "automatic":
        marks.append("automatic")
    head = f"  {event.at:%Y-%m-%d %H:%M} UTC  {event.author or 'Postdesk'}" + (
        f"  ({', '.join(marks)})" if marks else ""
    )
    changes = [f"    {key}: {_change(value)}" for key, value in event.changes.items()]
    text = [f"    {line}" for line in event.text.splitlines()]
    names = [f"    File: {file.original_name or file.name}, {file.type}, {file.size:,} bytes" for file in files]
    return [head, *changes, *text, *_folded_lines(event, quoted=quoted), *names]


def _folded_lines(event: Event, *, quoted: bool) -> list[str]:
    """What the text of an entry leaves out, or how much that is; nothing where the two are the same."""
    folded = [line.rstrip() for line in event.folded.strip("\r\n").splitlines()]
    if not any(folded) or event.folded.strip() == event.text.strip():
        return []
    if quoted:
        return ["    Quoted:", *(f"      {line}".rstrip() for line in folded)]
    return [f"    ({len(folded):,} folded {'line' if len(folded) == 1 else 'lines'}; --quoted shows them)"]


def _change(value: list[str]) -> str:
    """["New", "Resolved"]."""
    return f"{value[0] or 'nothing'} → {value[1] or 'nothing'}"


def evidence_line(piece: Mapping[str, str]) -> str:
    """One piece of evidence: what names which ticket, and what its sender may do there because of it."""
    return "{kind} {ticket} by {value}: {role}, {proof} → {write}".format_map(piece)
