"""Tickets: opened, changed, resolved, opened again, withdrawn."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator
from sqlalchemy import select

from desk.acting import editing, life, offering, opening, stage, wish, working
from desk.acting.rules import Refused
from desk.acting.stage import Stage
from desk.acting.wish import Unfilled, Wish
from desk.fields import IMPACTS, URGENCIES
from portal.api import ticket_shape, tickets
from portal.api.calls import Answer, Call, Operation
from portal.api.problems import Problem
from portal.api.ticket_shape import TicketTold
from portal.api.tickets import Status
from portal.api.typed import Id, Line, Moment, Said, Words
from store.tables import Ticket

Urgency = Literal["Low", "Medium", "High"]
Impact = Literal["Only Me", "Others", "Company"]
assert (*get_args(Urgency), *get_args(Impact)) == (*URGENCIES, *IMPACTS)  # noqa: S101 - one list of each


class NewTicket(Said):
    """A request. Staff name the contact that it is for; others may name a colleague."""

    title: Line
    description: Words
    type: Line = ""
    service: Line = ""
    site_id: Id | None = None
    urgency: Urgency = "Low"
    impact: Impact = "Only Me"
    item: Line = ""
    reference: Annotated[Line, Field(description="The customer's own number.")] = ""
    needed_by: date | None = None
    answers: dict[str, Line] = Field(
        default_factory=dict, max_length=50, description="Follow-up questions of the type or service, by their label."
    )
    contact: Annotated[Line, Field(description="The e-mail address of whom it is for.")] = ""
    contact_name: Annotated[Line, Field(description="For staff: the name of a contact whom nobody knows yet.")] = ""
    people: Annotated[tuple[Line, ...], Field(max_length=20, description="Addresses of additional contacts.")] = ()
    source: Annotated[Literal["Phone", "Staff"] | None, Field(description="For staff: how it came.")] = None


_ASKED = frozenset({"urgency", "impact", "item", "needed_by", "answers"})  # by some types, and not by others


def open_ticket(call: Call) -> Answer:
    """Open a ticket; its contact gets the receipt by e-mail."""
    said = call.said(NewTicket)
    config = call.config
    if not call.bearer.is_staff and (said.contact_name or said.source):
        field = "contact_name" if said.contact_name else "source"
        raise Problem(422, "Something in the request cannot be used.", [(field, "This field is for staff.")])
    kind = said.type or config.rules.desk_type
    wanted = Wish(
        kind=kind, title=said.title, text=said.description, service=said.service, site_id=said.site_id,
        contact=said.contact, name=said.contact_name, urgency=said.urgency, impact=said.impact, item=said.item,
        reference=said.reference, needed_by=said.needed_by.isoformat() if said.needed_by else "",
        answers=_answered(call, kind, said), people="; ".join(said.people), source=said.source or "Staff",
    )  # fmt: skip
    opened = opening.open_ticket(config.acting, call.person, wanted, (), call.now)
    return tickets.told(call, opened.number, 201)


def _answered(call: Call, kind: str, said: NewTicket) -> tuple[str, ...]:
    """The answers in the order of the questions; Problem for whatever a type of that kind does not ask for."""
    if not (said.model_fields_set & _ASKED):
        return ()
    catalogue = call.config.rules.catalogue
    with call.config.database.reading() as session:
        offer = offering.of(session, call.config.acting, call.person, said.contact if call.bearer.is_staff else "")
    service = said.service if offer.service(said.service) else ""
    questions = [question.label for question in catalogue.questions_of(kind, service)]
    faults = [
        (f"answers.{label[:100]}", "There is no such question.") for label in said.answers if label not in questions
    ]
    if found := catalogue.type(kind):
        want = wish.asked(offer, found)
        asked = {"urgency": want.rated, "impact": want.rated, "item": want.item, "needed_by": want.needed_by}
        given = [name for name in asked if name in said.model_fields_set and getattr(said, name) and not asked[name]]
        faults += [(name, "This type does not ask for it.") for name in given]
    if faults:
        raise Problem(422, "Something in the request cannot be used.", faults)
    return tuple(said.answers.get(label, "") for label in questions)


class TicketChange(Said):
    """What is to be different; a field that is left out stays as it is. All but `action` is for staff.

    Customers resolve, reopen and withdraw.
    """

    action: Literal["resolve", "reopen", "withdraw", "take"] | None = None
    resolution: Annotated[Words | None, Field(description="With “resolve”, for staff.")] = None
    reason: Annotated[Line | None, Field(description="With “withdraw”: one of the reasons of the desk.")] = None
    comment: Annotated[Line | None, Field(description="With “withdraw”.")] = None
    status: Status | None = None
    title: Line | None = None
    type: Line | None = None
    site_id: Id | None = None
    service: Line | None = None
    item: Line | None = None
    urgency: Urgency | None = None
    impact: Impact | None = None
    priority: Line | None = None
    reference: Line | None = None
    needed_by: Annotated[date | None, Field(description="null takes it back.")] = None
    due_at: Annotated[Moment | None, Field(description="null takes it back.")] = None
    assignee: Annotated[str | None, Field(pattern="^(staff|team):[0-9]{1,18}$")] = None
    contact: Annotated[Line | None, Field(description="The e-mail address of whom it is for.")] = None
    minutes: Annotated[int | None, Field(ge=1, le=1440, description="Time spent, to be added.")] = None

    @model_validator(mode="after")
    def _has_something(self) -> "TicketChange":
        if not self.model_fields_set:
            raise ValueError("say what is to be different")
        return self


_ACTION = frozenset({"action", "resolution", "reason", "comment"})
_MAY_BE_NULL = frozenset({"needed_by", "due_at"})


def change_ticket(call: Call) -> Answer:
    """Change fields, or move the ticket on; all of it is one entry, and whoever takes part hears of it."""
    said, number = call.said(TicketChange), call.path("number")
    faults = _faults(call, said)
    if faults:
        raise Problem(422, "Something in the request cannot be used.", faults)
    with stage.on_ticket(call.config.acting, call.person, number, call.now) as on:
        _unchanged(on, call.request.headers.get("if-match", ""))
        wanted = _wanted(call, said)
        if wanted:
            editing.edit(on, wanted)
        if said.minutes is not None:
            working.spend(on, str(said.minutes), "minutes")
        _act(on, said)
    return tickets.told(call, number)


def _faults(call: Call, said: TicketChange) -> list[tuple[str, str]]:
    given = said.model_fields_set
    found = []
    if not call.bearer.is_staff:
        staff_only = (given - _ACTION) | (given & {"resolution"})
        found += [(name, "This field is for staff.") for name in sorted(staff_only)]
        if said.action == "take":
            found.append(("action", "This is for staff."))
    empty = [name for name in given - _MAY_BE_NULL if getattr(said, name) is None]
    found += [(name, "This cannot be null: leave it out.") for name in sorted(empty)]
    behind = {"resolution": "resolve", "reason": "withdraw", "comment": "withdraw"}
    wrong = [name for name, action in behind.items() if name in given and said.action != action]
    return found + [(name, f"This goes with the action “{behind[name]}”.") for name in wrong]


def _unchanged(on: Stage, wanted: str) -> None:
    """If-Match: whoever changes a ticket has seen the one that there is (RFC 9110 section 13.1.1)."""
    if not wanted.strip() or wanted.strip() == "*":
        return
    now = on.session.scalar(select(Ticket.updated_at).where(Ticket.id == on.ticket.id))
    tags = {tag.strip() for tag in wanted.split(",")}
    if now is not None and ticket_shape.etag(now) not in tags:
        raise Problem(412, "The ticket has changed since you read it. Read it again.")


def _wanted(call: Call, said: TicketChange) -> Mapping[str, str]:
    """As the form of the page sends it."""
    found: dict[str, str] = {}
    for name in editing.NAMES:
        given = {"site": "site_id", "due": "due_at"}.get(name, name)
        if given not in said.model_fields_set:
            continue
        value = getattr(said, given)
        if isinstance(value, datetime):
            value = _local(call, value)
        elif isinstance(value, date):
            value = value.isoformat()
        found[name] = "" if value is None else str(value)
    return found


def _local(call: Call, at: datetime) -> str:
    try:
        return at.astimezone(call.config.rules.zone).strftime("%Y-%m-%dT%H:%M")
    except (OverflowError, ValueError):
        return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")


def _act(on: Stage, said: TicketChange) -> None:
    if said.action == "resolve":
        life.resolve(on, said.resolution or "")
    elif said.action == "reopen":
        life.reopen(on)
    elif said.action == "withdraw":
        life.withdraw(on, said.reason or "", said.comment or "")
    elif said.action == "take":
        working.take(on)


def faults_of(refused: Refused) -> list[tuple[str, str]]:
    """What an act refused, by the fields of the API."""
    names = {"description": "description", "site": "site_id", "due": "due_at", "note": "text", "note_title": "title"}
    found = refused.faults if isinstance(refused, Unfilled) else {refused.field: str(refused.said)}
    return [(names.get(name, name), str(text)) for name, text in found.items() if name]


OPERATIONS = (
    Operation(
        "POST", "/tickets", "open_ticket", "Open a ticket", open_ticket, TicketTold, body=NewTicket, status=201,
        etag=True,
    ),
    Operation(
        "PATCH", "/tickets/{number}", "change_ticket", "Change a ticket", change_ticket, TicketTold,
        body=TicketChange, etag=True,
    ),
)  # fmt: skip
assert wish.SOURCES == ("Phone", "Staff")  # noqa: S101 - as NewTicket.source has them
