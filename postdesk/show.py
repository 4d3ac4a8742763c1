"""One ticket with everything that is kept of it, as plain text and as JSON, for the command line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import reading
from desk.language import ENGLISH
from gateway.letter_words import link_words
from postdesk import ticket_lists
from store.tables import Attachment, Contact, Event, Participant, Ticket, TicketLink

_READERS = 100
_BACK = {
    "continues": "goes on from it",
    "mentions": "names it; its sender may not write here",
    "split": "was split from it",
}


@dataclass(frozen=True, slots=True)
class Read:
    """A ticket as it was read."""

    ticket: Ticket
    row: Mapping[str, Any]  # by the keys of ticket_lists.all_fields
    contact: Contact
    people: Sequence[tuple[Contact, str]]  # additional contacts: how they came to it
    readers: Sequence[tuple[str, datetime]]
    links: Sequence[tuple[str, str, bool]]  # kind, number, True for a link from there
    parent: str  # its number
    merged_into: str
    events: Sequence[Event]
    files: Mapping[int, list[Attachment]] = field(default_factory=dict)  # by entry


def read(session: Session, number: str) -> Read | None:
    """The ticket of that number, or None."""
    columns = ticket_lists.all_fields()
    values = [column.value().label(f"c{place}") for place, column in enumerate(columns)]
    found = session.execute(select(Ticket, *values).where(Ticket.number == number)).one_or_none()
    if found is None:
        return None
    ticket, *row = found
    taking_part = select(Contact, Participant.role).join(Participant, Participant.contact_id == Contact.id)
    here = (Participant.ticket_id == ticket.id, Participant.removed_at.is_(None))
    taking_part = taking_part.where(*here).order_by(Participant.added_at, Contact.id)
    files: dict[int, list[Attachment]] = {}
    for file in session.scalars(select(Attachment).where(Attachment.ticket_id == ticket.id).order_by(Attachment.id)):
        files.setdefault(file.event_id, []).append(file)
    others = {i for i in (ticket.parent_id, ticket.merged_into_id) if i is not None}
    rows = session.execute(select(Ticket.id, Ticket.number).where(Ticket.id.in_(others)))
    numbers: dict[int, str] = {row.id: row.number for row in rows}
    return Read(
        ticket,
        {column.key: value for column, value in zip(columns, row, strict=True)},
        session.get_one(Contact, ticket.requester_id),
        [(one, role) for one, role in session.execute(taking_part)],
        reading.readers(session, ticket.id, _READERS),
        _links(session, ticket),
        numbers.get(ticket.parent_id or 0, ""),
        numbers.get(ticket.merged_into_id or 0, ""),
        session.scalars(select(Event).where(Event.ticket_id == ticket.id).order_by(Event.at, Event.id)).all(),
        files,
    )


def _links(session: Session, ticket: Ticket) -> list[tuple[str, str, bool]]:
    """The tickets it has to do with, and those that have to do with it."""
    found: list[tuple[str, str, bool]] = []
    for ours, theirs, back in (
        (TicketLink.ticket_id, TicketLink.other_id, False),
        (TicketLink.other_id, TicketLink.ticket_id, True),
    ):
        rows = select(TicketLink.kind, Ticket.number).join(Ticket, Ticket.id == theirs).where(ours == ticket.id)
        found += [(kind, number, back) for kind, number in session.execute(rows.order_by(Ticket.number))]
    return found


def ticket_text(read: Read, zone: ZoneInfo, *, quoted: bool = False) -> str:
    """A ticket with its whole history, times as letters of the desk show them; folded text as well when asked for."""
    lines = [f"{read.ticket.number}  {read.ticket.title}", *_head(read, zone)]
    for event in read.events:
        lines += ["", *_event_lines(event, read.files.get(event.id, []), zone, quoted=quoted)]
    return "\n".join(lines)


def _head(read: Read, zone: ZoneInfo) -> list[str]:
    """The fields; of those that few tickets have only what is there."""
    ticket, row = read.ticket, read.row
    facts = [
        ("Status", ticket.status),
        ("Type", ticket.type),
        ("Priority", f"{ticket.priority} (urgency {ticket.urgency}, impact {ticket.impact})"),
        *_times(ticket, zone),
        ("Organisation", row["organisation"]),
        ("Site", row["site"]),
        ("Service", ticket.service),
        ("Item", ticket.item),
        ("Our ref", ticket.customer_reference),
        ("Contact", _person(read.contact)),
        ("Additional contacts", "; ".join(f"{_person(one)}{_how(role)}" for one, role in read.people)),
        ("Team", row["team"]),
        ("Taken by", row["assignee"] or "nobody yet"),
        ("Approval", ticket.approval),
        ("Shared", _shared(ticket)),
        ("Time", f"{ticket.minutes} min" if ticket.minutes else ""),
        ("Spam", "yes" if ticket.spam else ""),
        ("Withdrawn", ticket.withdrawal),
        ("Resolution", ticket.resolution),
        *((str(question), str(answer)) for question, answer in ticket.answers.items()),
        ("Read by", "; ".join(f"{name}, {ENGLISH.moment(at, zone)}" for name, at in read.readers)),
        ("Part of", read.parent),
        ("Merged into", read.merged_into),
        *(("Linked", _link(*one)) for one in read.links),
    ]
    return [_fact(label, value) for label, value in facts if value]


def _times(ticket: Ticket, zone: ZoneInfo) -> list[tuple[str, str]]:
    def moment(at: datetime | None) -> str:
        return ENGLISH.moment(at, zone) if at else ""

    return [
        ("Created", f"{moment(ticket.created_at)} ({ticket.source})"),
        ("Updated", moment(ticket.updated_at)),
        ("First answer due", moment(ticket.first_answer_due_at)),
        ("First answered", moment(ticket.first_answered_at)),
        ("Due", moment(ticket.due_at)),
        ("Needed by", ENGLISH.date(ticket.needed_by) if ticket.needed_by else ""),
        ("Completed", moment(ticket.completed_at)),
    ]


def _fact(label: str, value: str) -> str:
    """Resolutions and answers may have more lines than one."""
    return f"  {label + ':':<21}" + f"\n{'':<23}".join(value.splitlines())


def _person(one: Contact) -> str:
    return f"{one.name} <{one.address}>" if one.name else one.address


def _how(role: str) -> str:
    return "" if role == "added" else f" ({role})"


def _shared(ticket: Ticket) -> str:
    if ticket.organisation_id is None:
        return ""
    return "with the organisation" if ticket.shared else "not with the organisation"


def _link(kind: str, number: str, back: bool) -> str:
    if back:
        return f"{number} {_BACK.get(kind, 'has to do with it')}."
    return link_words(kind, number, ENGLISH)


def _event_lines(event: Event, files: list[Attachment], zone: ZoneInfo, *, quoted: bool) -> list[str]:
    marks = [] if event.visibility == "public" else [event.visibility]
    if not event.verified:
        marks.append("not verified")
    if event.kind == "automatic":
        marks.append("automatic")
    head = f"  {ENGLISH.moment(event.at, zone)}  {event.author or 'Postdesk'}" + (
        f"  ({', '.join(marks)})" if marks else ""
    )
    changes = [f"    {key}: {_change(value, zone)}" for key, value in event.changes.items()]
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


def _change(value: object, zone: ZoneInfo) -> str:
    """["New", "Resolved"]."""
    before, after = value if isinstance(value, list) and len(value) == 2 else ("", value)
    return f"{_value(before, zone) or 'nothing'} → {_value(after, zone) or 'nothing'}"


def _value(value: object, zone: ZoneInfo) -> str:
    """A moment, kept in ISO form, as the other times; all else as it is."""
    text = str(value or "")
    try:
        at = datetime.fromisoformat(text) if "T" in text else None
    except ValueError:
        return text
    return ENGLISH.moment(at, zone) if at and at.tzinfo else text


def ticket_json(read: Read) -> dict[str, Any]:
    """The same for programs, times in ISO form."""
    ticket, plain = read.ticket, ticket_lists.plain
    return ticket_lists.as_json(read.row) | {
        "first_answered": plain(ticket.first_answered_at),
        "service": ticket.service,
        "item": ticket.item,
        "additional_contacts": [{"name": one.name, "address": one.address, "role": role} for one, role in read.people],
        "needed_by": plain(ticket.needed_by),
        "approval": ticket.approval,
        "shared": ticket.shared,
        "minutes": ticket.minutes,
        "spam": ticket.spam,
        "withdrawal": ticket.withdrawal,
        "resolution": ticket.resolution,
        "answers": ticket.answers,
        "read_by": [{"name": name, "at": plain(at)} for name, at in read.readers],
        "part_of": read.parent,
        "merged_into": read.merged_into,
        "links": [{"kind": kind, "number": number, "from_there": back} for kind, number, back in read.links],
        "entries": [_entry_json(event, read.files.get(event.id, [])) for event in read.events],
    }


def _entry_json(event: Event, files: Sequence[Attachment]) -> dict[str, Any]:
    return {
        "at": ticket_lists.plain(event.at),
        "author": event.author,
        "kind": event.kind,
        "visibility": event.visibility,
        "verified": event.verified,
        "text": event.text,
        "folded": event.folded,
        "changes": event.changes,
        "files": [{"name": one.original_name or one.name, "type": one.type, "size": one.size} for one in files],
    }


def evidence_line(piece: Mapping[str, str]) -> str:
    """One piece of evidence: what names which ticket, and what its sender may do there because of it."""
    return "{kind} {ticket} by {value}: {role}, {proof} → {write}".format_map(piece)


def same_id_line(number: str) -> str:
    """That a ticket has another mail of the same Message-ID."""
    return f"another mail on {number} has this Message-ID"
