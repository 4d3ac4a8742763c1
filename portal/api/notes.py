"""The entries of a ticket: listed, and written."""

from datetime import datetime
from typing import Annotated, Any, Literal, cast

from pydantic import Field
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, defer

from desk import changes_said
from desk.acting import life, notes, stage
from portal import conversation
from portal.api import cursors
from portal.api.calls import ROOT, Answer, Call, Operation
from portal.api.problems import NOT_THERE, Problem
from portal.api.tickets import Status
from portal.api.typed import CursorText, Limit, Line, Said, Told, Words
from store.tables import Attachment, Event, Ticket


class FileTold(Told):
    """An attachment; its bytes are at `api_url`."""

    id: int
    note_id: int
    name: str
    type: str
    size: int
    inline: bool
    api_url: str


class Change(Told):
    """One field, from what it was to what it is."""

    field: str
    before: str
    after: str


class NoteTold(Told):
    """An entry of a ticket: a note with its words, or a change. `text` is what was written new, without quotes."""

    id: int
    at: datetime
    kind: Literal["note", "change", "automatic"]
    visibility: Literal["public", "internal", "pending"]
    author: str
    by_staff: bool
    verified: bool
    title: str
    text: str
    changes: list[Change]
    attachments: list[FileTold]


class NotePage(Told):
    """Some entries, the oldest first, and the cursor of the next page."""

    items: list[NoteTold]
    next: str | None


class FileList(Told):
    """The files of a ticket."""

    items: list[FileTold]


class Asked(Said):
    """Which entries."""

    limit: Limit = 50
    cursor: Annotated[CursorText, Field(description="The “next” of the page before.")] = ""


class NewNote(Said):
    """A note. `visibility` internal is for staff, and for others where the desk offers private notes."""

    text: Words
    title: Line = ""
    visibility: Literal["public", "internal"] = "public"
    status: Annotated[Status | None, Field(description="For staff: the status from then on.")] = None
    notify: Annotated[bool, Field(description="For customers: false sends no letter to the desk.")] = True
    append_to_resolution: bool = False
    copies: Annotated[tuple[Line, ...], Field(max_length=20, description="E-mail addresses to send a copy to.")] = ()


def list_notes(call: Call) -> Answer:
    """The entries that the owner of the token may see."""
    asked = call.asked(Asked)
    with call.config.database.reading() as session:
        ticket = _find(call, session)
        wanted = and_(Event.ticket_id == ticket.id, conversation.shown(call.person))
        if asked.cursor:
            at, event_id = cursors.moment(asked.cursor)
            wanted = and_(wanted, Event.at >= at, or_(Event.at > at, Event.id > event_id))
        query = select(Event).options(defer(Event.html), defer(Event.folded)).where(wanted)
        rows = list(session.scalars(query.order_by(Event.at, Event.id).limit(asked.limit + 1)))
        shown, last = rows[: asked.limit], rows[asked.limit - 1] if len(rows) > asked.limit else None
        files = _files(call, session, ticket, [event.id for event in shown])
        items = [
            _note(call, event, files.get(event.id, []))
            for event in shown
            if conversation.says(event, _changes(call, event))
        ]
    return Answer(NotePage(items=items, next=cursors.of_moment(last.at, last.id) if last else None))


def list_files(call: Call) -> Answer:
    """The files of all entries that the owner of the token may see."""
    with call.config.database.reading() as session:
        found = _files(call, session, _find(call, session), None)
    return Answer(FileList(items=[file for files in found.values() for file in files]))


def write_note(call: Call) -> Answer:
    """Write a note; whoever takes part hears of it by e-mail."""
    said, number = call.said(NewNote), call.path("number")
    if said.status is not None and not call.bearer.is_staff:
        raise Problem(422, "Something in the request cannot be used.", [("status", "This field is for staff.")])
    wanted = notes.Wanted(
        text=said.text,
        title=said.title,
        copies="; ".join(said.copies),
        notify=said.notify,
        append=said.append_to_resolution,
        private=said.visibility == "internal",
    )
    with stage.on_ticket(call.config.acting, call.person, number, call.now) as on:
        if said.status is not None:
            life.set_status(on, said.status)
        event_id = notes.write(on, wanted)
    return told(call, number, event_id)


def told(call: Call, number: str, event_id: int) -> Answer:
    """The entry that was just written."""
    with call.config.database.reading() as session:
        event = session.get_one(Event, event_id)
        files = _files(call, session, session.get_one(Ticket, event.ticket_id), [event_id])
        note = _note(call, event, files.get(event_id, []))
    return Answer(note, 201, {"Location": call.url(f"/tickets/{number.upper()}/notes")})


def _find(call: Call, session: Session) -> Ticket:
    ticket = conversation.find(session, call.person, call.path("number"))
    if ticket is None:
        raise Problem(404, NOT_THERE)
    return ticket


def _files(call: Call, session: Session, ticket: Ticket, events: list[int] | None) -> dict[int, list[FileTold]]:
    """By entry; of these entries, or of all that the person may see."""
    if events == []:
        return {}
    query = (
        select(Attachment)
        .join(Event, Event.id == Attachment.event_id)
        .where(Attachment.ticket_id == ticket.id, Attachment.hidden_at.is_(None), conversation.shown(call.person))
        .order_by(Attachment.event_id, Attachment.id)
        .limit(conversation.MOST)
    )
    if events is not None:
        query = query.where(Attachment.event_id.in_(events))
    found: dict[int, list[FileTold]] = {}
    for row in session.scalars(query):
        address = f"{call.config.base_url}{ROOT}/tickets/{ticket.number}/attachments/{row.id}"
        file = FileTold(
            id=row.id, note_id=row.event_id, name=row.name, type=row.type, size=row.size, inline=row.inline,
            api_url=address,
        )  # fmt: skip
        found.setdefault(row.event_id, []).append(file)
    return found


def _changes(call: Call, event: Event) -> dict[str, Any]:
    if call.bearer.is_staff:
        return dict(event.changes)
    return changes_said.for_customers(event.changes, priority=call.bearer.sees_priority)


def _note(call: Call, event: Event, files: list[FileTold]) -> NoteTold:
    pairs = (
        (name, pair if isinstance(pair, list) and len(pair) == 2 else ("", pair))
        for name, pair in _changes(call, event).items()
    )
    return NoteTold(
        id=event.id,
        at=event.at,
        kind=cast(Any, event.kind),
        visibility=cast(Any, event.visibility),
        author=event.author,
        by_staff=event.staff_id is not None,
        verified=event.verified,
        title=event.title,
        text=event.text,
        changes=[Change(field=name, before=_text(old), after=_text(new)) for name, (old, new) in pairs],
        attachments=files,
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)


OPERATIONS = (
    Operation(
        "GET", "/tickets/{number}/notes", "list_notes", "List the entries of a ticket", list_notes, NotePage,
        query=Asked,
    ),
    Operation(
        "POST", "/tickets/{number}/notes", "write_note", "Write a note", write_note, NoteTold, body=NewNote, status=201
    ),
    Operation(
        "GET", "/tickets/{number}/attachments", "list_attachments", "List the files of a ticket", list_files, FileList
    ),
)  # fmt: skip
