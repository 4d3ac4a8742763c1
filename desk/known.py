"""What acts on tickets need to know beyond people and tickets, each kind loaded with one query when it is needed."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from desk import nesting
from desk.sites import SiteState
from desk.state import ContactState, TicketState
from store.tables import Alert, Approval, Approver, Attachment, Event, Organisation, Site, Ticket, TicketLink, core

# Made once, of tables alone: every batch of mails asks these.
_TICKET, _ALERT, _APPROVAL = core(Ticket).c, core(Alert).c, core(Approval).c
_CHILDREN = (
    select(_TICKET.parent_id, _TICKET.id, _TICKET.number, _TICKET.status)
    .where(_TICKET.parent_id.in_(bindparam("parents", expanding=True)))
    .order_by(_TICKET.number)
)
_ALERTS = select(_ALERT.ticket_id, _ALERT.contact_id, _ALERT.stage).where(
    _ALERT.ticket_id.in_(bindparam("tickets", expanding=True)), _ALERT.sent_at.is_(None)
)
_APPROVALS = select(_APPROVAL.ticket_id, _APPROVAL.contact_id, _APPROVAL.answer).where(
    _APPROVAL.ticket_id.in_(bindparam("tickets", expanding=True))
)


@dataclass(frozen=True, slots=True)
class FileState:
    """A file of a ticket; `contact_id` is its sender's."""

    id: int
    name: str
    event_id: int
    contact_id: int | None


@dataclass(frozen=True, slots=True)
class ChildState:
    """A child ticket."""

    id: int
    number: str
    status: str


@dataclass(slots=True)
class Known:
    """All of it, for these tickets; kept up to date by what is done to them."""

    files: dict[int, list[FileState]] = field(default_factory=dict)  # by ticket
    links: set[tuple[int, int]] = field(default_factory=set)  # ticket, the other one
    children: dict[int, list[ChildState]] = field(default_factory=dict)  # by parent
    alerts: dict[int, list[tuple[int, str]]] = field(default_factory=dict)  # by ticket: contact, stage; not sent yet
    approvals: dict[int, dict[int, str]] = field(default_factory=dict)  # by ticket: contact → answer or ""
    boards: dict[tuple[int, str], list[int]] = field(default_factory=dict)  # organisation, board → contacts
    sites: dict[int, list[SiteState]] = field(default_factory=dict)  # by organisation
    organisations: dict[int, tuple[str, ...]] = field(default_factory=dict)  # the name of each, and of those below it


def children(session: Session, tickets: Mapping[int, TicketState], known: Known) -> None:
    """Children of these tickets, and their siblings."""
    children_of(session, set(tickets) | {t.parent_id for t in tickets.values() if t.parent_id}, known)


def children_of(session: Session, parents: Collection[int], known: Known) -> None:
    """Children of these tickets alone."""
    if parents:
        for row in session.connection().execute(_CHILDREN, {"parents": list(parents)}):
            child = ChildState(row.id, row.number, row.status)
            known.children.setdefault(row.parent_id or 0, []).append(child)


def alerts(session: Session, tickets: Collection[int], known: Known) -> None:
    """Alerts that somebody wants and has not had."""
    if tickets:
        for ticket_id, contact_id, stage in session.connection().execute(_ALERTS, {"tickets": list(tickets)}):
            known.alerts.setdefault(ticket_id, []).append((contact_id, stage))


def approvals(session: Session, tickets: Mapping[int, TicketState], known: Known) -> None:
    """Who was asked to approve, and what they answered."""
    waiting = [ticket.id for ticket in tickets.values() if ticket.approval]
    if waiting:
        for ticket_id, contact_id, answer in session.connection().execute(_APPROVALS, {"tickets": waiting}):
            known.approvals.setdefault(ticket_id, {})[contact_id] = answer


def boards(session: Session, known: Known) -> None:
    """Every board of approvers: few people in few organisations."""
    rows = select(Approver.organisation_id, Approver.board, Approver.contact_id)
    for organisation_id, board, contact_id in session.execute(rows.order_by(Approver.contact_id)):
        known.boards.setdefault((organisation_id, board), []).append(contact_id)


def files(session: Session, tickets: Collection[int], known: Known) -> None:
    """The files of these tickets that are not hidden."""
    if tickets:
        rows = (
            select(Attachment.ticket_id, Attachment.id, Attachment.name, Attachment.event_id, Event.contact_id)
            .join(Event, Event.id == Attachment.event_id)
            .where(Attachment.ticket_id.in_(tickets), Attachment.hidden_at.is_(None))
        )
        for row in session.execute(rows.order_by(Attachment.id)):
            file = FileState(row.id, row.name, row.event_id, row.contact_id)
            known.files.setdefault(row.ticket_id, []).append(file)


def links(session: Session, tickets: Collection[int], known: Known) -> None:
    """Which tickets these have to do with, in either direction."""
    if tickets:
        pair = (TicketLink.ticket_id, TicketLink.other_id)
        found = select(*pair).where(or_(TicketLink.ticket_id.in_(tickets), TicketLink.other_id.in_(tickets)))
        known.links = {(ticket_id, other_id) for ticket_id, other_id in session.execute(found)}


def sites(session: Session, people: Iterable[ContactState], tickets: Iterable[TicketState], known: Known) -> None:
    """The sites of everybody's organisation."""
    wanted = {person.organisation_id for person in people} | {ticket.organisation_id for ticket in tickets}
    columns = (Site.id, Site.organisation_id, Site.name, Site.code, Site.place, Site.post_code, Site.account, Site.main)
    rows = select(*columns).where(Site.organisation_id.in_(wanted - {None}))
    for row in session.execute(rows.order_by(Site.name)):
        known.sites.setdefault(row.organisation_id, []).append(SiteState(*row))


def organisations(
    session: Session, people: Iterable[ContactState], tickets: Iterable[TicketState], known: Known
) -> None:
    """The names of everybody's organisation and of those below it, however deep."""
    wanted = {person.organisation_id for person in people} | {ticket.organisation_id for ticket in tickets}
    inside = nesting.below(session, {one for one in wanted if one})
    ids = inside.keys() | set[int]().union(*inside.values())
    named = select(Organisation.id, Organisation.name).where(Organisation.id.in_(ids)).order_by(Organisation.name)
    names = {row.id: row.name for row in session.execute(named)} if ids else {}
    for top, below in inside.items():
        mine = [name for one, name in names.items() if one in below]
        known.organisations[top] = (names[top], *mine) if top in names else ()
