"""A link to one file for one person: signed, for some weeks, with the rights that they have when it is used."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from desk import access, nesting, signed
from desk.access import Person, visible_tickets
from desk.keys import Keys
from desk.levels import Levels
from store.tables import Attachment, Contact, Event, Organisation, Staff, Ticket

# Who holds a link: a contact, who must see the ticket; somebody who was given what a letter tells, ticket or not; staff
Holder = Literal["contact", "given", "staff"]
_HOLDERS: tuple[Holder, ...] = get_args(Holder)
_VERSION = 1
_PURPOSE = "file link"
_TOKEN = re.compile(r"[a-z2-7]{30,64}", re.ASCII)
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class FileLink:
    """Which file, for whom, until when."""

    file_id: int
    holder: Holder
    person_id: int  # a contact, or a member of staff
    until: datetime


@dataclass(frozen=True, slots=True)
class Linked:
    """The file of a link, and the number of its ticket."""

    file: Attachment
    number: str


def make(link: FileLink, keys: Keys) -> str:
    """The token, in lower-case base32."""
    person, file = (value.to_bytes(max(1, (value.bit_length() + 7) // 8)) for value in (link.person_id, link.file_id))
    until = (int(link.until.timestamp()) // _MINUTE).to_bytes(4)
    head = bytes((_VERSION << 4 | _HOLDERS.index(link.holder), keys.newest, len(person)))
    return signed.write(head + until + person + file, keys, _PURPOSE)


def read(text: str, keys: Keys) -> FileLink | None:
    """What a token says; None when it is not ours, altered, or signed with a key that is gone."""
    text = text.lower()
    if not _TOKEN.fullmatch(text):
        return None
    payload = signed.read(text, keys, _PURPOSE, 9)
    if payload is None or payload[0] >> 4 != _VERSION or payload[0] & 0b1111 >= len(_HOLDERS):
        return None
    end = 7 + payload[2]
    if end >= len(payload):
        return None
    until = datetime.fromtimestamp(int.from_bytes(payload[3:7]) * _MINUTE, UTC)
    holder = _HOLDERS[payload[0] & 0b1111]
    return FileLink(int.from_bytes(payload[end:]), holder, int.from_bytes(payload[7:end]), until)


def find(session: Session, link: FileLink, levels: Levels) -> Linked | None:
    """The file, if its holder may still have it; whether the link has run out is not looked at."""
    if link.holder == "staff":
        person = session.get(Staff, link.person_id)
        if person is None or person.deactivated_at is not None:
            return None
        return _file(session, link.file_id)
    holder = _contact(session, link.person_id, levels)
    if holder is None:
        return None
    public = Event.visibility == "public"
    return _file(session, link.file_id, public, *(() if link.holder == "given" else (visible_tickets(holder),)))


def find_for(session: Session, link: FileLink, person: Person) -> Linked | None:
    """The file, if this person may have it by rights of their own."""
    public = () if person.staff_id is not None else (Event.visibility == "public",)
    return _file(session, link.file_id, visible_tickets(person), *public)


def _file(session: Session, file_id: int, *rules: ColumnElement[bool]) -> Linked | None:
    query = (
        select(Attachment, Ticket.number)
        .join(Event, Event.id == Attachment.event_id)
        .join(Ticket, Ticket.id == Attachment.ticket_id)
        .where(Attachment.id == file_id, Attachment.hidden_at.is_(None), Event.ticket_id == Ticket.id, *rules)
    )
    row = session.execute(query).one_or_none()
    if row is None:
        return None
    session.expunge(row[0])  # the end of a reading session expires what it read
    return Linked(row[0], row[1])


def _contact(session: Session, contact_id: int, levels: Levels) -> Person | None:
    """A contact with the rights of today; None for one who is not there any more."""
    query = (
        select(Contact, Organisation.visibility)
        .outerjoin(Organisation, Organisation.id == Contact.organisation_id)
        .where(Contact.id == contact_id, Contact.deactivated_at.is_(None))
    )
    row = session.execute(query).one_or_none()
    if row is None:
        return None
    contact, visibility = row
    own = contact.organisation_id
    seen = access.sees(contact.sees, levels.of(contact.level), visibility)
    below = nesting.below(session, [own])[own] if own is not None and seen == "sub-organisations" else frozenset()
    return Person(contact_id=contact.id, organisation_id=own, organisations=access.organisations(own, seen, below))
