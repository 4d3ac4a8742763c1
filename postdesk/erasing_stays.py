"""What stays of an erased person, and why: within the desk, and outside of it."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from desk.erasing import Person
from desk.erasing_mails import holds
from postdesk import backup_erased, backup_manifest
from postdesk.wiring import House
from store.tables import Attachment, Disposition, Event, RawMail, Ticket

_NOT_SEARCHED = (
    "Not searched, and left where somebody else put them: a full name in tickets where they took no part; files of "
    "others; and, in tickets where they took no part, mails of others as they came that are large, or written in "
    "base64 or quoted-printable."
)


def kept(house: House, person: Person, counts: Mapping[str, int]) -> list[str]:
    """In sentences, without anything of the person."""
    with house.database.reading() as session:
        lines = [*_tickets(session, person), *_words(session, person), *_others(session, person)]
    lines.append(_NOT_SEARCHED)
    if counts.get("mails"):
        lines.append(
            "That mails came, when, and what became of them stays in the ledger, without sender, subject and text; and "
            "a fingerprint of each, by which a second copy is known and nothing can be read."
        )
    if person.contact_id and not person.names:
        lines.append("No full name is known: where others wrote a first name alone it stays, for it is that of many.")
    return lines


def _tickets(session: Session, person: Person) -> list[str]:
    if not person.contact_id:
        return []
    count = session.scalar(select(func.count()).where(Ticket.requester_id == person.contact_id)) or 0
    if not count:
        return []
    return [
        f"{_number(count, 'ticket')} of “{person.name}”, for the records of the desk and the others who took part. "
        "With --tickets delete they go."
    ]


def _words(session: Session, person: Person) -> list[str]:
    if not person.contact_id or person.wish.words:
        return []
    mine = Event.contact_id == person.contact_id
    entries = session.scalar(select(func.count()).where(mine, Event.text != "")) or 0
    files = select(func.count()).select_from(Attachment).join(Event, Event.id == Attachment.event_id).where(mine)
    lines = []
    if entries:
        lines.append(
            f"The text of {_number(entries, 'entry', 'entries')}, for without it the answers make no sense; "
            "full name and addresses are replaced in it. With --words it goes."
        )
    if count := session.scalar(files) or 0:
        lines.append(f"{_number(count, 'file')} that they sent to tickets. With --words they go.")
    return lines


def _others(session: Session, person: Person) -> list[str]:
    forms = sorted({one.encode() for one in (*person.addresses, *person.written)})
    named = or_(*(holds(session, form) for form in forms))
    held = (
        select(func.count())
        .select_from(RawMail)
        .outerjoin(Disposition, Disposition.received_id == RawMail.id)
        .where(named, or_(Disposition.received_id.is_(None), Disposition.kind == "held"))
    )
    count = session.scalar(held) or 0
    if not count:
        return []
    return [
        f"{_number(count, 'mail')} of others that name them and are not decided yet: postdesk mail held. "
        "Then erase once more."
    ]


def _number(count: int, one: str, many: str = "") -> str:
    return f"1 {one}" if count == 1 else f"{count:,} {many or one + 's'}"


def _backups(house: House, now: datetime) -> Iterator[str]:
    for folder in backup_erased.folders(house):
        try:
            count = len(backup_manifest.complete(folder))
        except OSError as error:
            yield f"Whether there are backups in {folder} cannot be seen: {error}."
            continue
        stay = f"; {house.settings.backup.keep} stay" if str(folder) == house.settings.backup.folder else ""
        if count:
            yield (
                f"Backups from before {now:%Y-%m-%d %H:%M} UTC, {count} of them in {folder}, hold the data until they "
                f"go{stay}. Whoever restores one erases them again by the list beside it."
            )


def outside(house: House, now: datetime, young: int) -> list[str]:
    """What is not in the database, for whoever asked for the erasure."""
    lines = []
    if young:
        lines.append(
            f"{_number(young, 'file or big mail', 'files and big mails')} came less than an hour ago: they go by "
            "themselves when they are an hour old, while the desk runs."
        )
    backups = [*_backups(house, now)]
    lines += backups or ["Backups that you made before hold the data until you remove them."]
    if house.settings.blobs.kind == "s3":
        lines.append("What was forgotten in the bucket goes after an hour; where it keeps versions, when those go.")
    if house.settings.relay.mode == "maildir":
        lines.append(f"Letters in the folder {house.settings.relay.folder} are not looked at.")
    lines.append(
        "Logs, mailboxes and mail servers outside of Postdesk, and files that were exported, are not looked at."
    )
    return lines
