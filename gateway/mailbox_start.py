"""Which mails of a mailbox are ours to take: all of them, or those that came after a moment."""

from collections.abc import Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from gateway.imap_session import ImapSession

SLACK = timedelta(hours=1)  # the clocks of the server and of this machine may differ


@dataclass(frozen=True, slots=True)
class Start:
    """Where the mails begin that are taken.

    Without `at` all are. Else those from `uid` on, which means something only within one UIDVALIDITY (RFC 3501 section
    2.3.1.1); and where `uid` is 0, because that changed, those that arrived (INTERNALDATE) after `at`.
    """

    uid_validity: int = 0
    uid: int = 0
    at: datetime | None = None


def decide(kept: Start | None, wanted: Literal["all", "now"], session: ImapSession, now: datetime) -> Start:
    """The start for this visit, from what was kept at earlier ones; None for the very first."""
    validity = session.uid_validity
    if kept is None:
        return from_now(session, now) if wanted == "now" else Start(validity)
    if kept.at is None or kept.uid_validity == validity:
        return replace(kept, uid_validity=validity)
    # The UIDs mean other mails now. None that is new may be lost: what arrived since then is taken, by its date.
    return Start(validity, 0, kept.at)


def from_now(session: ImapSession, now: datetime) -> Start:
    """Leave all that is there where it is. A server without UIDVALIDITY keeps no UIDs: there the date says it."""
    return Start(session.uid_validity, session.uid_next if session.uid_validity else 0, now)


def listed(start: Start, session: ImapSession) -> list[int]:
    """The UIDs of the mails to take, the oldest first."""
    if start.at is None:
        return session.uids()
    if start.uid:
        return session.uids(start.uid)
    return session.uids_since(start.at - SLACK)


def settled(start: Start, session: ImapSession, seen: Set[int], *, remains: bool) -> Start:
    """After a visit that took all that arrived since `at`, UIDs tell again what is old: those that were there then.

    A listing may miss mails: it goes by their places, which change when another client removes some meanwhile; and it
    has an end. So it is listed once more, and what the first one has not `seen` is for another visit.
    """
    if start.at is None or start.uid or not session.uid_validity or remains:
        return start
    validity, following = session.uid_validity, session.uid_next
    session.select()
    if session.uid_validity != validity or any(uid not in seen for uid in listed(start, session)):
        session.look_again()
        return start
    return replace(start, uid=following)
