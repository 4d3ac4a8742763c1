"""Received mail as plain text, for the command line: lists, and all that is known of one mail."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import held_reasons
from desk.held import DISCARDED
from desk.mail_log import named_ticket, sender_of
from gateway.claimed import load
from gateway.envelope import Attachment, Message
from gateway.parse import read
from gateway.travel import journey
from postdesk.show import evidence_line, same_id_line
from postdesk.show_letters import letter_lines
from postdesk.show_travel import travel_lines
from store.blobs import BlobStore
from store.database import Database
from store.tables import Disposition, ReceivedMail, Ticket

_MOST_FILES = 20
NOT_READ = "reading it stopped Postdesk, so it is not read again here"
_AUTOMATIC = {
    "auto-reply": "an automatic answer, as of somebody who is away",
    "bulk": "bulk mail, sent to many by a program",
    "list": "mail of a mailing list",
    "delivery-report": "a delivery report: a mail did not arrive, or is late",
    "feedback-report": "a feedback report: somebody marked a mail as spam",
    "read-receipt": "a read receipt",
    "calendar-answer": "an answer to an invitation",
}


def mail_rows(session: Session, kind: str, limit: int) -> list[tuple[ReceivedMail, Disposition | None, str]]:
    """The newest received mails with what became of them and the ticket's number; `kind` "" is all."""
    # By time, not by id: each process has ids of its own. The ids first, so that no whole row is sorted.
    newest = (ReceivedMail.received_at.desc(), ReceivedMail.id.desc())
    wanted = select(ReceivedMail.id).order_by(*newest).limit(limit)
    if kind == "waiting":
        wanted = wanted.where(ReceivedMail.waiting)
    elif kind == DISCARDED:
        put_away = (Disposition.kind == "ignored", Disposition.rule == DISCARDED)
        wanted = wanted.join(Disposition, Disposition.received_id == ReceivedMail.id).where(*put_away)
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


def mail_text(session: Session, received_id: int) -> str | None:
    """One received mail: its way in, what became of it and why, and the letters that it caused."""
    mail = session.get(ReceivedMail, received_id)
    if mail is None:
        return None
    lines = _way_in(mail)
    disposition = session.get(Disposition, received_id)
    if disposition is None:
        return "\n".join([*lines, *_waiting(mail), *_earlier(mail)])
    ticket = session.get(Ticket, disposition.ticket_id) if disposition.ticket_id else None
    lines += [
        f"  From:      {sender_of(mail, disposition) or 'nobody that can be read'}",
        f"  Subject:   {disposition.subject or '(none)'}",
        f"  Became:    {disposition.kind}{f' on {ticket.number}' if ticket else ''} (rule {disposition.rule})",
    ]
    lines += _reasons(disposition)
    evidence = disposition.evidence
    if sender := evidence.get("sender"):
        lines.append(f"  Sender:    {sender['verdict']}. {sender['reason']}")
        lines += [f"  Checked:   {line}" for line in sender.get("checks", ())]
    lines += [f"  Evidence:  {evidence_line(piece)}" for piece in evidence.get("evidence", ())]
    lines += [f"  Same ID:   {same_id_line(number)}" for number in evidence.get("same_id", ())]
    return "\n".join([*lines, *_earlier(mail), *letter_lines(session, received_id)])


def _way_in(mail: ReceivedMail) -> list[str]:
    return [
        f"Mail {mail.id}",
        f"  Came in:   {mail.received_at:%Y-%m-%d %H:%M:%S} UTC by {mail.source}"
        + (f" from {mail.peer}" if mail.peer else ""),
        f"  Envelope:  from <{mail.reverse_path}> to {', '.join(mail.recipients) or 'nobody named'}",
        f"  Size:      {mail.size:,} bytes",
    ]


def _waiting(mail: ReceivedMail) -> list[str]:
    state = f"waiting, tried {mail.attempts} times" if mail.attempts else "waiting"
    return [f"  Now:       {state}", *([f"  Last fault: {mail.last_error}"] if mail.last_error else [])]


def _reasons(disposition: Disposition) -> list[str]:
    if disposition.kind != "held":
        return [f"  Because:   {disposition.reason}"]
    why, behind = held_reasons.sentences(disposition.rule, disposition.reason)
    return [f"  Because:   {why}", f"  Perhaps:   {behind}"]


def _earlier(mail: ReceivedMail) -> list[str]:
    """What it was before, and who ended that."""
    lines = []
    for past in mail.earlier:
        by = f" Until {past['until'][:16].replace('T', ' ')} UTC, by {past['by']}." if past.get("by") else ""
        kind = DISCARDED if past["rule"] == DISCARDED else past["kind"]
        lines.append(f"  Earlier:   {kind}: {past['reason']}{by}")
    return lines


def whole_text(database: Database, blobs: BlobStore, received_id: int, text: str, program: str) -> str:
    """All that is known of a mail: `text` as `mail_text` gives it, what is in it, what one can do, how it travelled."""
    with database.reading() as session:
        mail, disposition = session.get_one(ReceivedMail, received_id), session.get(Disposition, received_id)
        choices = choice_lines(disposition, program) if disposition and disposition.kind == "held" else []
        try:
            (found,) = load(session, blobs, [received_id])
        except OSError as error:
            lost = [f"  Odd:       its bytes cannot be read: {error.strerror or error}"]
            return "\n".join([text, *lost, *_apart(choices)])
    content = [f"  Odd:       {NOT_READ}"]
    if not stops_the_reader(mail, disposition):
        null = found.envelope.reverse_path if found.envelope.recipients else None
        content = content_lines(read(found.raw, reverse_path=null))
    way = journey(found.raw)
    content += [f"  Odd:       {words}" for words in way.odd]
    return "\n".join([text, *content, *_apart(choices), *_apart(travel_lines(way))])


def stops_the_reader(mail: ReceivedMail, disposition: Disposition | None) -> bool:
    """True for a mail that ended the processes that read it: it would end ours."""
    if disposition and disposition.kind not in ("held", "ignored"):
        return False
    rules = [past["rule"] for past in mail.earlier] + ([disposition.rule] if disposition else [])
    return "reader-failed" in rules


def _apart(lines: list[str]) -> list[str]:
    return ["", *lines] if lines else []


def choice_lines(disposition: Disposition, program: str) -> list[str]:
    """What one can do about a held mail, as commands to type."""
    lines = ["What you can do, the recommended first:"]
    for command in held_reasons.commands(
        disposition.rule, [disposition.received_id], named_ticket(disposition.evidence), program
    ):
        lines += [f"  {command.purpose}:", f"    {command.line}"]
    return lines


def content_lines(message: Message) -> list[str]:
    """What is automatic, attached and odd about a mail as read."""
    lines = []
    if message.automatic:
        doubt = "" if message.certain else ", by its words alone: taken for a person's mail"
        back = f", back on {message.return_date:%Y-%m-%d}" if message.return_date else ""
        lines.append(f"  Automatic: {_AUTOMATIC.get(message.automatic, message.automatic)}{back}{doubt}")
    if message.over_limit:
        lines.append(f"  Odd:       {message.over_limit}")
    lines += [f"  Odd:       {defect}" for defect in message.defects if defect != message.over_limit]
    lines += [f"  File:      {_file(item)}" for item in message.attachments[:_MOST_FILES]]
    if len(message.attachments) > _MOST_FILES:
        lines.append(f"  File:      and {len(message.attachments) - _MOST_FILES} more")
    return lines


def _file(item: Attachment) -> str:
    inline = ", shown in the text" if item.inline else ""
    return f"{item.original_name or item.name}, {item.type}, {item.size:,} bytes{inline}"
