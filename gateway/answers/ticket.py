"""#status: one ticket with all that was written on it, as its reader may see it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from desk import columns, reading
from desk.access import visible_tickets
from desk.said import say
from gateway import letter_text
from gateway.answers import entries
from gateway.answers.answer import Answer
from gateway.answers.facts import AnswerFacts
from gateway.answers.page import Page, line, plain
from gateway.answers.question import Question
from store.tables import Attachment, Event, Ticket

_NEWEST = 200  # entries that are looked at, beside the first one
_CHARACTERS = 4_000  # of one entry
_MAX_FILES = 20
_FACTS = ("contact", "people", "organisation", "site", "type", "priority", "item", "ref", "needed", "due", "approval")
_MORE = ("assignee", "team", "source", "by", "created", "updated", "completed")
_COLUMNS = tuple(columns.BY_KEY[key] for key in ("number", "title", "status", *_FACTS, *_MORE))
_STAFF_ONLY = frozenset({"team", "source", "by", "organisation"})
_LABELS = {"assignee": say("Taken by")}
_NAMED = frozenset({"type", "priority", "approval", "source"})  # their values are names that the desk gives


@dataclass(slots=True)
class Read:
    """A ticket as it was read for one person."""

    ticket: Ticket
    row: dict[str, Any]
    events: list[Any] = field(default_factory=list)  # oldest first
    left_out: int = 0  # entries between the first and the second of them
    files: dict[int, list[str]] = field(default_factory=dict)  # by entry
    readers: list[tuple[str, datetime]] = field(default_factory=list)


def status(session: Session, question: Question, facts: AnswerFacts) -> Answer:
    """The ticket as it stands: its fields, who has read it, and its entries, oldest first."""
    said = question.argument.lower().split()
    words = [facts.words.argument("status", word) or word for word in said]
    kind: entries.Kind = "full" if "full" in words else "notes" if {"notes", "note"} & set(words) else "usual"
    read, language = _read(session, question, kind, facts), facts.language
    if read is None:
        none = language.say("There is no such ticket among those that you can see.")
        return plain(language.say("No such ticket"), none)
    page = Page(language)
    title = f"{read.row['number']} · {line(read.row['title'])}"
    page.heading(title)
    page.facts(_facts(read, question, facts))
    if read.ticket.resolution:
        page.heading(language.say("Resolution"))
        page.quote(letter_text.cut(letter_text.clean_text(read.ticket.resolution), 2_000)[0])
    url = f"{facts.base_url}/t/{read.row['number']}"
    entries.write(page, read.events, read.files, read.left_out, kind, question.asker, facts, url)
    page.link(language.say("The ticket as a page:"), url)
    return page.answer(title, language.say("Status: {status}.", status=language.name(line(read.row["status"]))))


def _read(session: Session, question: Question, kind: entries.Kind, facts: AnswerFacts) -> Read | None:
    asker = question.asker
    values = [column.value().label(f"c{place}") for place, column in enumerate(_COLUMNS)]
    wanted = select(Ticket, *values).where(Ticket.id == question.ticket_id, visible_tickets(asker.person))
    found = session.execute(wanted).one_or_none()
    if found is None:
        return None
    ticket, *row = found
    read = Read(ticket, {column.key: value for column, value in zip(_COLUMNS, row, strict=True)})
    _read_entries(session, read, kind, all_kinds=asker.is_staff)
    _read_files(session, read, [event.id for event in read.events], facts)
    read.readers = reading.readers(session, ticket.id, _MAX_FILES)
    return read


def _read_entries(session: Session, read: Read, kind: entries.Kind, *, all_kinds: bool) -> None:
    """The first entry, which says what it is about, and the newest ones."""
    shown = [Event.ticket_id == read.ticket.id]
    shown += [] if all_kinds else [Event.visibility == "public"]
    shown += [Event.kind == "note"] if kind == "notes" else []
    order = func.row_number().over(order_by=(Event.at, Event.id)).label("place")
    numbered = select(Event.id, order, func.count().over().label("total")).where(*shown).subquery()
    picked = or_(numbered.c.place == 1, numbered.c.place > numbered.c.total - _NEWEST)
    text = func.substr(Event.text, 1, _CHARACTERS + 1).label("text")
    names: tuple[Any, ...] = (
        Event.title,
        text,
        Event.id,
        Event.at,
        Event.kind,
        Event.visibility,
        Event.author,
        Event.verified,
        Event.changes,
    )
    found = session.execute(
        select(*names, numbered.c.place)
        .join(numbered, and_(numbered.c.id == Event.id, picked))
        .order_by(numbered.c.place)
    ).all()
    read.events = list(found)
    read.left_out = found[1].place - 2 if len(found) > 1 else 0


def _read_files(session: Session, read: Read, event_ids: Collection[int], facts: AnswerFacts) -> None:
    if event_ids:
        rows = select(Attachment.event_id, Attachment.name, Attachment.size).where(
            Attachment.event_id.in_(event_ids), Attachment.hidden_at.is_(None), ~Attachment.inline
        )
        for event_id, name, size in session.execute(rows.order_by(Attachment.id)):
            read.files.setdefault(event_id, []).append(f"{line(name)} ({facts.language.size(size)})")


def _facts(read: Read, question: Question, facts: AnswerFacts) -> list[tuple[str, str]]:
    asker, ticket, language = question.asker, read.ticket, facts.language
    hidden = set() if asker.is_staff else set(_STAFF_ONLY)
    hidden |= set() if asker.sees_priority(facts) else {"priority"}
    found = [(language.say("Status"), language.name(line(read.row["status"])))]
    for key in (*_FACTS, *_MORE):
        if key not in hidden:
            label = _LABELS.get(key, columns.BY_KEY[key].label)
            value = _shown(read.row[key], facts)
            found.append((language.gettext(label), language.name(value) if key in _NAMED else value))
        if key == "priority":
            found += [
                (language.say("Urgency"), language.name(line(ticket.urgency))),
                (language.say("Impact"), language.name(line(ticket.impact))),
                (language.say("Service"), line(ticket.service)),
            ]
    if ticket.first_answer_due_at and ticket.first_answered_at is None and ticket.completed_at is None:
        found.append((language.say("First answer due"), language.moment(ticket.first_answer_due_at, facts.zone)))
    found += [(language.gettext(question), line(answer)) for question, answer in ticket.answers.items()]
    found += [(language.say("Withdrawn"), language.name(line(ticket.withdrawal)))] if ticket.withdrawal else []
    if ticket.organisation_id is not None and not ticket.shared:
        found.append((language.say("Shared"), language.say("not with the organisation")))
    if asker.is_staff and ticket.minutes:
        found.append((language.say("Time"), language.say("{n} min", n=ticket.minutes)))
    return [*found, *_readers(read.readers, facts)]


def _readers(readers: Sequence[tuple[str, datetime]], facts: AnswerFacts) -> list[tuple[str, str]]:
    """Who of the desk has read it, by what they did: nobody is watched while reading."""
    shown = [f"{line(name)}, {facts.language.moment(at, facts.zone)}" for name, at in readers]
    return [(facts.language.say("Read by"), "; ".join(shown))]


def _shown(value: object, facts: AnswerFacts) -> str:
    if isinstance(value, datetime):
        return facts.language.moment(value, facts.zone)
    return facts.language.date(value) if isinstance(value, date) else line(str(value or ""))
