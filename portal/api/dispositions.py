"""Received mails and what became of each, for staff; and who the owner of a token is."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import and_, or_, select

from portal.api import cursors
from portal.api.calls import Answer, Call, Operation
from portal.api.typed import CursorText, Limit, Moment, Said, Told
from store.tables import Disposition, Organisation, ReceivedMail, Ticket

Kind = Literal["opened", "noted", "folded", "answered", "held", "ignored"]


class DispositionTold(Told):
    """What became of a mail, by which rule, and why."""

    mail_id: int
    received_at: datetime
    at: datetime
    kind: str
    rule: str
    reason: str
    ticket: str | None
    sender: str
    subject: str
    source: str
    size: int
    evidence: dict[str, Any]


class DispositionPage(Told):
    """Some of them, the newest first, and the cursor of the next page."""

    items: list[DispositionTold]
    next: str | None


class Asked(Said):
    """Which mails."""

    kind: Kind | None = None
    before: Annotated[Moment | None, Field(description="Decided before that time.")] = None
    limit: Limit = 50
    cursor: Annotated[CursorText, Field(description="The “next” of the page before.")] = ""


def list_dispositions(call: Call) -> Answer:
    """A page of what became of mails. A mail that waits is not among them yet."""
    asked = call.asked(Asked)
    wanted = [Disposition.kind == asked.kind] if asked.kind else []
    if asked.before:
        wanted.append(Disposition.at < asked.before)
    if asked.cursor:
        at, mail_id = cursors.moment(asked.cursor)
        wanted += [Disposition.at <= at, or_(Disposition.at < at, Disposition.received_id < mail_id)]
    newest = (Disposition.at.desc(), Disposition.received_id.desc())
    # The ids first, so that no whole row is sorted.
    picked = select(Disposition.received_id).where(and_(True, *wanted)).order_by(*newest).limit(asked.limit + 1)
    query = (
        select(Disposition, ReceivedMail.received_at, ReceivedMail.source, ReceivedMail.size, Ticket.number)
        .join(ReceivedMail, ReceivedMail.id == Disposition.received_id)
        .outerjoin(Ticket, Ticket.id == Disposition.ticket_id)
        .where(Disposition.received_id.in_(picked))
        .order_by(*newest)
    )
    with call.config.database.reading() as session:
        rows = session.execute(query).all()
        items = [_shaped(row) for row in rows[: asked.limit]]
    more = len(rows) > asked.limit
    return Answer(
        DispositionPage(items=items, next=cursors.of_moment(items[-1].at, items[-1].mail_id) if more else None)
    )


def _shaped(row: Any) -> DispositionTold:
    one: Disposition = row.Disposition
    return DispositionTold(
        mail_id=one.received_id,
        received_at=row.received_at,
        at=one.at,
        kind=one.kind,
        rule=one.rule,
        reason=one.reason,
        ticket=row.number,
        sender=one.sender,
        subject=one.subject,
        source=row.source,
        size=row.size,
        evidence=one.evidence,
    )


class Me(Told):
    """Whose token it is, and what it may do."""

    name: str
    username: str
    is_staff: bool
    contact_id: int | None
    staff_id: int | None
    organisation: str | None
    level: str | None
    may_write: bool
    keeps_people: bool
    expires_at: datetime


def me(call: Call) -> Answer:
    """Who the owner of the token is."""
    bearer, person = call.bearer, call.person
    with call.config.database.reading() as session:
        found = session.get(Organisation, person.organisation_id) if person.organisation_id is not None else None
        organisation = found.name if found else None
    return Answer(
        Me(
            name=bearer.name,
            username=bearer.username,
            is_staff=bearer.is_staff,
            contact_id=person.contact_id,
            staff_id=person.staff_id,
            organisation=organisation,
            level=bearer.level.name or None,
            may_write=bearer.may_write,
            keeps_people=bearer.is_staff or bearer.keeps_people,
            expires_at=bearer.expires_at,
        )
    )


OPERATIONS = (
    Operation("GET", "/me", "me", "Who the owner of the token is", me, Me),
    Operation(
        "GET", "/dispositions", "list_dispositions", "List what became of received mails", list_dispositions,
        DispositionPage, who="staff", query=Asked,
    ),
)  # fmt: skip
