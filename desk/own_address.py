"""A new primary address for a contact: nobody else's, and asked by a letter whether it is theirs before it counts."""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from desk import notices, profile
from desk.profile import Profile
from desk.said import say
from desk.writes import Writes
from store.tables import Outbox, Pending, Staff

ANSWERED_WITHIN = timedelta(hours=24)  # as long as a “confirm” is waited for
PER_HOUR = 1  # letters to one address that may be anybody's, whoever asks
PER_DAY = 5  # of one contact, to whatever addresses
NEW = "address"  # what the question keeps for its answer
_COMMAND = "me"  # by which the answer is read: gateway/commands/profile.py


@dataclass(slots=True)
class Asked:
    """The letters that asked at some addresses whether they are somebody's."""

    waiting: set[tuple[str, int]] = field(default_factory=set)  # address, and for which contact: it may still answer
    lately: Counter[str] = field(default_factory=Counter)  # address → letters for anybody, within the hour


def asked(session: Session, addresses: Collection[str], now: datetime) -> Asked:
    """What was asked at these lower-case addresses: a letter to anybody is soon one too many."""
    found = Asked()
    if not addresses:
        return found
    sent = select(Outbox.recipient, Outbox.contact_id, Outbox.created_at).where(
        Outbox.recipient.in_(addresses),
        Outbox.created_at > now - ANSWERED_WITHIN,
        Outbox.automatic,
        Outbox.kind == "confirm",
    )
    for recipient, contact_id, created_at in session.execute(sent):
        found.waiting.add((recipient, contact_id or 0))
        found.lately[recipient] += created_at > now - timedelta(hours=1)
    return found


def why_not(own: Profile, new: str, before: Asked, per_hour: int = PER_HOUR) -> str:
    """Why a letter to an address that may be anybody's would be one too many; "" when it would not.

    Each contact has one question there in the time that it can be answered, and all of them so many in an hour.
    """
    key = new.lower()
    if key in {address.lower() for address in own.addresses}:
        return ""
    if (key, own.id) in before.waiting:
        return say("We wrote to that address already. Answer that letter.")
    if before.lately[key] >= per_hour:
        return say("We wrote to that address within the hour. Nothing was changed: write again later.")
    return ""


def asked_today(session: Session, contact_id: int, now: datetime) -> int:
    """How many questions of one contact were written down within a day, whatever they were about."""
    mine = (Pending.contact_id == contact_id, Pending.created_at > now - timedelta(days=1))
    return session.scalar(select(func.count()).where(*mine)) or 0


def is_free(session: Session, address: str, own: Profile, is_ours: Callable[[str], bool]) -> bool:
    """True for an address that is nobody else's: no contact's, not of staff, none of the desk."""
    key = address.lower()
    if is_ours(key) or session.scalar(select(exists().where(Staff.address == key))):
        return False
    return profile.owners(session, [key]).get(key, own.id) == own.id


def ask(writes: Writes, own: Profile, new: str, now: datetime, *, received_id: int | None = None) -> None:
    """Ask at the new address whether it is theirs; it counts once that letter is answered with “confirm”."""
    pending_id = writes.next_id()
    writes.add(
        Pending,
        id=pending_id,
        contact_id=own.id,
        staff_id=None,
        ticket_id=None,
        received_id=received_id,
        commands=[[_COMMAND, ""]],
        body={"fields": [], "words": "", "opens": False, NEW: new.lower(), "kept": {NEW: new}},
        created_at=now,
        expires_at=now + ANSWERED_WITHIN,
        done_at=None,
    )
    # Nothing of what the asker wrote stands in a letter to an address that may be anybody's.
    # In lower case, so that another way to write an address gets no letter more.
    there = replace(own.state, address=new.lower(), name="")
    whose = own.address or say("a contact")
    lines = [say("{new} becomes the address of {old} at our desk.", new=new, old=whose)]
    notices.letter(writes, "confirm", there, now, context={"pending": pending_id, "lines": lines})
