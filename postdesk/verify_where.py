"""Where bytes that are lost belong: the mails and files that name them, in words; and what can be done."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from postdesk.verify import SHOWN
from store.tables import Attachment, Disposition, ReceivedMail, Ticket

_FIRST = 12  # characters of a digest that tell it from others
_REMEDY = {
    "missing": "Look for a file of that name in your backups, in {folders}, and put it back into the blob store.",
    "changed": "Put the file of that name from a backup ({folders}) in its place in the blob store.",
    "unreadable": "See whether the disk or the blob store answers, and whether Postdesk may read the file.",
    "size": "The bytes are what their name says; the size in the row is wrong. Only a backup has the right row.",
}


def hints(session: Session, digests: Sequence[str], fault: str) -> tuple[str, ...]:
    """A line for each use of the first few of them, then the remedy."""
    few = digests[:SHOWN]
    files = session.execute(
        select(Attachment.digest, Attachment.name, Ticket.number)
        .join(Ticket, Ticket.id == Attachment.ticket_id)
        .where(Attachment.digest.in_(few))
        .order_by(Attachment.id)
        .limit(2 * SHOWN)
    ).all()
    mails = session.execute(
        select(ReceivedMail.blob, ReceivedMail.id, Ticket.number)
        .outerjoin(Disposition, Disposition.received_id == ReceivedMail.id)
        .outerjoin(Ticket, Ticket.id == Disposition.ticket_id)
        .where(ReceivedMail.blob.in_(few), ReceivedMail.blob != "")
        .order_by(ReceivedMail.id)
        .limit(2 * SHOWN)
    ).all()
    lines = [f"{digest[:_FIRST]}…: the file “{name}” of ticket {number}." for digest, name, number in files]
    for digest, mail, number in mails:
        lines.append(f"{digest[:_FIRST]}…: the mail {mail}, {f'of ticket {number}' if number else 'of no ticket'}.")
    folders = sorted({f"blobs/{digest[:2]}/" for digest in few})
    return (*lines, _REMEDY[fault].format(folders=", ".join(folders)))
