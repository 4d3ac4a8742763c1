"""Tickets and received mail as plain text, for the command line."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.letter_words import link_words
from gateway.travel import hops
from store.tables import (
    Attachment,
    Contact,
    Delivery,
    Disposition,
    Event,
    Outbox,
    ReceivedMail,
    Staff,
    Ticket,
    TicketLink,
)


def ticket_text(session: Session, number: str) -> str | None:
    """A ticket with its whole history; None when there is none of that number."""
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
        lines += ["", *_event_lines(event, files.get(event.id, []))]
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
    lines = [f"  Linked:   {link_words(kind, n)}" for kind, n in session.execute(there.order_by(Ticket.number))]
    words = {"continues": "goes on from it", "mentions": "names it; its sender may not write here"}
    lines += [f"  Linked:   {n} {words[kind]}." for kind, n in session.execute(back.order_by(Ticket.number))]
    return lines


def _event_lines(event: Event, files: list[Attachment]) -> list[str]:
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
    return [head, *changes, *text, *names]


def _change(value: list[str]) -> str:
    """["New", "Resolved"]."""
    return f"{value[0] or 'nothing'} → {value[1] or 'nothing'}"


def mail_rows(session: Session, kind: str, limit: int) -> list[tuple[ReceivedMail, Disposition | None, str]]:
    """The newest received mails with what became of them and the ticket's number; `kind` "" is all."""
    # By time, not by id: each process has ids of its own. The ids first, so that no whole row is sorted.
    newest = (ReceivedMail.received_at.desc(), ReceivedMail.id.desc())
    wanted = select(ReceivedMail.id).order_by(*newest).limit(limit)
    if kind == "waiting":
        wanted = wanted.where(ReceivedMail.waiting)
    elif kind:
        wanted = wanted.join(Disposition, Disposition.received_id == ReceivedMail.id).where(Disposition.kind == kind)
    statement = (
        select(ReceivedMail, Disposition, Ticket.number)
        .outerjoin(Disposition, Disposition.received_id == ReceivedMail.id)
        .outerjoin(Ticket, Ticket.id == Disposition.ticket_id)
        .where(ReceivedMail.id.in_(wanted))
        .order_by(*newest)
    )
    return [(mail, disposition, number or "") for mail, disposition, number in session.execute(statement)]


def sender_of(mail: ReceivedMail, disposition: Disposition | None) -> str:
    """Who wrote a mail: From, and where that cannot be read, who the envelope names."""
    return (disposition.sender if disposition else "") or mail.reverse_path


def mail_text(session: Session, received_id: int) -> str | None:
    """One received mail: its way in, what became of it and why, and the letters that it caused."""
    mail = session.get(ReceivedMail, received_id)
    if mail is None:
        return None
    lines = [
        f"Mail {mail.id}",
        f"  Came in:   {mail.received_at:%Y-%m-%d %H:%M:%S} UTC by {mail.source}"
        + (f" from {mail.peer}" if mail.peer else ""),
        f"  Envelope:  from <{mail.reverse_path}> to {', '.join(mail.recipients) or 'nobody named'}",
        f"  Size:      {mail.size:,} bytes",
    ]
    disposition = session.get(Disposition, received_id)
    if disposition is None:
        state = f"waiting, tried {mail.attempts} times" if mail.attempts else "waiting"
        return "\n".join(
            [*lines, f"  Now:       {state}", *([f"  Last fault: {mail.last_error}"] if mail.last_error else [])]
        )
    ticket = session.get(Ticket, disposition.ticket_id) if disposition.ticket_id else None
    lines += [
        f"  From:      {sender_of(mail, disposition) or 'nobody that can be read'}",
        f"  Subject:   {disposition.subject or '(none)'}",
        f"  Became:    {disposition.kind}{f' on {ticket.number}' if ticket else ''} (rule {disposition.rule})",
        f"  Because:   {disposition.reason}",
    ]
    evidence = disposition.evidence
    if sender := evidence.get("sender"):
        lines.append(f"  Sender:    {sender['verdict']}. {sender['reason']}")
    lines += [f"  Evidence:  {evidence_line(piece)}" for piece in evidence.get("evidence", ())]
    lines += [f"  Earlier:   {past['kind']}: {past['reason']}" for past in mail.earlier]
    return "\n".join([*lines, *_letters(session, received_id)])


def travel_lines(raw: bytes) -> list[str]:
    """How a mail travelled, hop by hop, as its Received lines say it."""
    lines = []
    for hop in hops(raw):
        way = f"{hop.sender or '?'} → {hop.server or '?'}"
        lines.append(f"  Hop {hop.number}:     {way} ({hop.protocol or 'unknown'}), {hop.delay:+.0f} s")
    return lines


def evidence_line(piece: Mapping[str, str]) -> str:
    """One piece of evidence: what names which ticket, and what its sender may do there because of it."""
    return "{kind} {ticket} by {value}: {role}, {proof} → {write}".format_map(piece)


def _letters(session: Session, received_id: int) -> list[str]:
    rows = session.execute(
        select(Outbox)
        .join(Event, Event.id == Outbox.event_id)
        .where(Event.received_id == received_id)
        .order_by(Outbox.created_at, Outbox.id)
    ).scalars()
    lines = []
    for row in rows:
        attempt = session.scalars(
            select(Delivery).where(Delivery.outbox_id == row.id).order_by(Delivery.at.desc(), Delivery.id.desc())
        ).first()
        said = f": {attempt.reply}" if attempt and attempt.reply else ""
        lines.append(f"  Letter:    {row.kind} to {row.recipient}, {row.state}{said}")
    return lines
