"""Announcements: what everybody should know goes to every contact who wants it, a batch at a time."""

from collections.abc import Callable, Collection
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from desk import load, notices
from desk.levels import Levels
from desk.writes import Writes
from store.tables import Announcement, Contact

AT_ONCE = 300  # letters in a minute: no relay likes thousands at once, and an outage is soon over
KIND = "announcement"  # of the letter
_SHOWN = 3  # of those that are live, in a receipt


def live(since: datetime, until: datetime) -> ColumnElement[bool]:
    """Those that are shown at some moment of a stretch of time."""
    return and_(Announcement.starts_at <= until, or_(Announcement.ends_at.is_(None), Announcement.ends_at > since))


def tell(session: Session, next_id: Callable[[], int], now: datetime, *, at_once: int = AT_ONCE) -> int:
    """Letters to the next contacts about the newest announcement that not everybody has heard of. Returns how many.

    The newest first: an outage does not wait for the maintenance of next month.
    """
    untold = select(Announcement).where(Announcement.by_mail, Announcement.told_at.is_(None), live(now, now))
    found = session.scalars(untold.order_by(Announcement.created_at.desc(), Announcement.id.desc()).limit(1)).first()
    if found is None:
        return 0
    wanting = select(Contact.id).where(
        Contact.id > found.told_up_to,
        Contact.known,
        Contact.news,
        ~Contact.muted,
        Contact.deactivated_at.is_(None),
    )
    ids = session.scalars(wanting.order_by(Contact.id).limit(at_once)).all()
    writes, people = Writes(next_id), load.contacts_by_id(session, ids, Levels())
    for contact_id in ids:
        if person := people.get(contact_id):
            notices.letter(writes, KIND, person, now, context={KIND: found.id})
    if ids:
        found.told_up_to = ids[-1]
    if len(ids) < at_once:
        found.told_at = now
    writes.flush(session)
    return len(ids)


def by_id(session: Session, ids: Collection[int]) -> dict[int, Announcement]:
    """What these letters are about."""
    if not ids:
        return {}
    return {row.id: row for row in session.scalars(select(Announcement).where(Announcement.id.in_(ids)))}


def shown(session: Session, since: datetime, until: datetime) -> list[Announcement]:
    """The newest of those that are live: receipts begin with them."""
    newest = (
        select(Announcement).where(live(since, until)).order_by(Announcement.starts_at.desc(), Announcement.id.desc())
    )
    return list(session.scalars(newest.limit(_SHOWN)))


def recent(session: Session, since: datetime, now: datetime, limit: int = 20) -> list[Announcement]:
    """Those that have begun and were live at some moment since, the newest first."""
    begun = select(Announcement).where(live(since, now))
    return list(session.scalars(begun.order_by(Announcement.starts_at.desc(), Announcement.id.desc()).limit(limit)))
