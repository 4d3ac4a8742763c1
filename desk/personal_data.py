"""All that the desk keeps of one person, for them to read (GDPR, articles 15 and 20): a part at a time, row by row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from desk import profile, tries
from desk.fields import INSIDE
from store.tables import (
    AccessToken,
    Account,
    Approval,
    Approver,
    Attachment,
    Contact,
    Delivery,
    Disposition,
    Event,
    LoginTry,
    Outbox,
    Participant,
    ReceivedMail,
    Staff,
    Suppression,
    Ticket,
    WebSession,
)

_AT_ONCE = 500
Data = dict[str, Any]
_ANYBODYS = ("number", "status", "created_at", "updated_at", "completed_at")
_REQUESTERS = ("title", "type", "priority", "service", "item", "customer_reference", "answers")


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose data it is. `internal` adds what staff wrote among themselves on their tickets."""

    contact_id: int
    addresses: tuple[str, ...]  # in small letters
    internal: bool = False


def of(contact: Contact, *, internal: bool = False) -> Subject:
    """A contact as the subject of an export."""
    return Subject(contact.id, tuple(one.address for one in contact.addresses), internal)


def person(session: Session, subject: Subject) -> Data:
    """Who they are to the desk."""
    contact = session.get_one(Contact, subject.contact_id)
    shown = profile.load(session, Contact.id == contact.id)[contact.id]
    boards = session.scalars(select(Approver.board).where(Approver.contact_id == contact.id)).all()
    mutes = session.scalars(select(Suppression).where(Suppression.address.in_(subject.addresses))).all()
    return {
        "name": contact.name,
        "addresses": shown.addresses,
        "organisation": shown.organisation or None,
        "site": shown.site or None,
        "fields": {label: value for label in profile.PERSON if (value := shown.value(label))},
        "since": _plain(contact.created_at),
        "deactivated_at": _plain(contact.deactivated_at),
        "known_to_staff": contact.known,
        "wants": {"letters": not contact.muted, "digest": contact.digest, "news": contact.news},
        "sees": contact.sees or None,
        "approves_on": list(boards),
        "not_written_to": [
            {"address": one.address, "since": _plain(one.since), "until": _plain(one.lifted_at), "why": one.reason}
            for one in mutes
        ],
    }


def access(session: Session, subject: Subject) -> Data:
    """Sign-in: the account, signed-in browsers, access tokens, failed tries. No secret is here."""
    account = session.scalars(select(Account).where(Account.contact_id == subject.contact_id)).first()
    theirs = or_(tries.naming(subject.addresses), tries.at_codes([account.id] if account else []))
    failed = select(LoginTry.at).where(theirs).order_by(LoginTry.at)
    if account is None:
        return {"account": None, "browsers": [], "tokens": [], "failed": []}
    held = session.scalars(select(AccessToken).where(AccessToken.account_id == account.id)).all()
    browsers = session.scalars(select(WebSession).where(WebSession.account_id == account.id)).all()
    return {
        "account": {
            "user_name": account.username,
            "active": account.active,
            "since": _plain(account.created_at),
            "last_sign_in": _plain(account.last_login_at),
            "password_changed": _plain(account.password_changed_at),
            "two_step_sign_in": _plain(account.totp_at),
        },
        "browsers": [
            {"since": _plain(one.created_at), "seen": _plain(one.seen_at), "program": one.user_agent}
            for one in browsers
        ],
        "tokens": [{"name": one.name, "since": _plain(one.created_at), "used": _plain(one.used_at)} for one in held],
        "failed": [_plain(at) for at in session.scalars(failed)],
    }


def tickets(session: Session, subject: Subject) -> Iterator[Data]:
    """Tickets that they asked for or take part in, oldest first, with the entries that they may read.

    What somebody else asked for is theirs: of such a ticket there are the number, the status and the times.
    """
    taking_part = select(Participant.ticket_id).where(Participant.contact_id == subject.contact_id)
    asked = select(Approval.ticket_id).where(Approval.contact_id == subject.contact_id)
    wrote = select(Event.ticket_id).where(Event.contact_id == subject.contact_id)
    theirs = or_(
        Ticket.requester_id == subject.contact_id,
        Ticket.id.in_(taking_part),
        Ticket.id.in_(asked),
        Ticket.id.in_(wrote),
    )
    last = 0
    while rows := session.scalars(
        select(Ticket).where(Ticket.id > last, theirs).order_by(Ticket.id).limit(_AT_ONCE)
    ).all():
        for ticket in rows:
            yield _ticket(session, subject, ticket)
        last = rows[-1].id
        session.expunge_all()


def _ticket(session: Session, subject: Subject, ticket: Ticket) -> Data:
    mine = ticket.requester_id == subject.contact_id
    columns = _ANYBODYS + (_REQUESTERS if mine else ())
    facts = {name: _plain(getattr(ticket, name)) for name in columns}
    return {
        **facts,
        "role": "requester" if mine else "took part",
        "entries": list(_entries(session, subject, ticket, mine)),
    }


def _entries(session: Session, subject: Subject, ticket: Ticket, mine: bool) -> Iterator[Data]:
    """On their own tickets what customers see, elsewhere only what they wrote themselves."""
    own = Event.contact_id == subject.contact_id
    public = or_(own, Event.visibility == "public") if mine else own
    shown = or_(own, Event.visibility.in_(("public", "internal", "pending"))) if mine and subject.internal else public
    rows = session.execute(
        select(Event, Staff.name)
        .outerjoin(Staff, Staff.id == Event.staff_id)
        .where(Event.ticket_id == ticket.id, shown)
        .order_by(Event.at, Event.id)
    ).all()
    files: dict[int, list[Attachment]] = {}
    for one in session.scalars(select(Attachment).where(Attachment.ticket_id == ticket.id).order_by(Attachment.id)):
        files.setdefault(one.event_id, []).append(one)
    for event, staff in rows:
        yield _entry(event, staff, files.get(event.id, ()), subject)


def _entry(event: Event, staff: str | None, files: Sequence[Attachment], subject: Subject) -> Data:
    by_them = event.contact_id == subject.contact_id
    shown = [one for one in files if by_them or one.hidden_at is None]
    return {
        "at": _plain(event.at),
        "by": "you" if by_them else event.author or staff or "the desk",
        "kind": event.kind,
        "visibility": event.visibility,
        "text": event.text,
        "quoted": event.folded if by_them else "",
        "changes": {name: value for name, value in event.changes.items() if subject.internal or name not in INSIDE},
        "files": [{"name": one.name, "type": one.type, "size": one.size, "digest": one.digest} for one in shown],
    }


def letters(session: Session, subject: Subject) -> Iterator[Data]:
    """What was sent to them, or waits; the words of a letter are not kept once it is gone."""
    theirs = or_(Outbox.contact_id == subject.contact_id, func.lower(Outbox.recipient).in_(subject.addresses))
    last = 0
    while rows := session.execute(
        select(Outbox, Ticket.number)
        .outerjoin(Ticket, Ticket.id == Outbox.ticket_id)
        .where(theirs, Outbox.id > last)
        .order_by(Outbox.id)
        .limit(_AT_ONCE)
    ).all():
        ids = [row.Outbox.id for row in rows]
        said: dict[int, list[Data]] = {}
        for one in session.scalars(select(Delivery).where(Delivery.outbox_id.in_(ids)).order_by(Delivery.at)):
            said.setdefault(one.outbox_id, []).append({"at": _plain(one.at), "result": one.result, "reply": one.reply})
        for row in rows:
            letter = row.Outbox
            yield {
                "kind": letter.kind, "to": letter.recipient, "ticket": row.number, "state": letter.state,
                "written": _plain(letter.created_at), "done": _plain(letter.done_at), "message_id": letter.message_id,
                "attempts": said.get(letter.id, []),
            }  # fmt: skip
        last = ids[-1]
        session.expunge_all()


def mails(session: Session, subject: Subject) -> Iterator[Data]:
    """What came from them; `id` and `blob` lead to the bytes, where they are still kept."""
    theirs = func.lower(Disposition.sender).in_(subject.addresses)
    last = 0
    while rows := session.execute(
        select(ReceivedMail, Disposition, Ticket.number)
        .join(Disposition, Disposition.received_id == ReceivedMail.id)
        .outerjoin(Ticket, Ticket.id == Disposition.ticket_id)
        .where(and_(theirs, ReceivedMail.id > last))
        .order_by(ReceivedMail.id)
        .limit(_AT_ONCE)
    ).all():
        for row in rows:
            mail, became = row.ReceivedMail, row.Disposition
            yield {
                "id": mail.id, "blob": mail.blob, "received": _plain(mail.received_at), "size": mail.size,
                "from": became.sender, "peer": mail.peer, "subject": became.subject, "outcome": became.kind,
                "why": became.reason, "ticket": row.number,
            }  # fmt: skip
        last = rows[-1].ReceivedMail.id
        session.expunge_all()


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime | date) else value
