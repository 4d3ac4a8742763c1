"""How the mailboxes do that are read over IMAP: which are not read and why, whose right ends; and who is told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.said import Said, say, say_many
from desk.trouble_letters import tell
from store.tables import MailboxState

GONE = timedelta(minutes=7)  # a reader that lives says so a few times a minute, but not while one big batch drips in
TELL = timedelta(hours=1)  # between two letters about mails that were refused
STAGES = (30, 7, 1)  # days before the right to read ends
ENDED = -1
Trouble = Literal["", "failing", "silent", "gone"]


@dataclass(frozen=True, slots=True)
class Health:
    """One mailbox. `error` is in words, without secrets."""

    name: str
    trouble: Trouble = ""
    unread: bool = False  # for so long that people should know
    since: datetime | None = None  # the last time it was read; None for never
    error: str = ""
    waiting: int = 0
    taken: int = 0
    token_ends_at: datetime | None = None
    days_left: int | None = None  # until the right to read ends, where that is soon; below 0 when it has

    @property
    def stage(self) -> int:
        """Which of the forecasts has come: 30, 7 or 1 days, ENDED; 0 for none."""
        if self.days_left is None:
            return 0
        return ENDED if self.days_left < 0 else min(days for days in STAGES if self.days_left <= days)


def health(session: Session, watched: Mapping[str, timedelta], now: datetime) -> list[Health]:
    """Each of these mailboxes; one that no process has read yet is well until it is silent for too long."""
    if not watched:
        return []
    rows = {row.name: row for row in session.scalars(select(MailboxState).where(MailboxState.name.in_(watched)))}
    return [_health(rows[name], silent, now) if name in rows else Health(name) for name, silent in watched.items()]


def watch(
    session: Session, next_id: Callable[[], int], now: datetime, watched: Mapping[str, timedelta], zone: tzinfo
) -> int:
    """Tell staff once that a mailbox is not read, once that it is again, and before its right ends. How many letters.

    It is for a timer, and not for the reader: so it also sees a reader that is gone.
    """
    if not watched:
        return 0
    rows = {row.name: row for row in session.scalars(select(MailboxState).where(MailboxState.name.in_(watched)))}
    letters: list[tuple[Said, list[Said]]] = []
    for name, silent in watched.items():
        if name not in rows:  # from now on it counts how long nobody reads it
            session.add(MailboxState(name=name, seen_at=now))
            continue
        row = rows[name]
        found = _health(row, silent, now)
        if found.unread and row.told_at is None:
            row.told_at = now
            letters.append(_unread(found, zone))
        elif row.told_at is not None and not found.trouble:
            row.told_at = None
            letters.append(_read_again(found))
        if row.refused > row.refused_told and now - (row.refused_told_at or now - TELL) >= TELL:
            letters.append(_refused(row))
            row.refused_told, row.refused_told_at = row.refused, now
        if found.stage and (row.token_told == 0 or found.stage < row.token_told):
            letters.append(_ends(found, zone))
        row.token_told = found.stage
    return tell(session, next_id, now, letters)


def _health(row: MailboxState, silent: timedelta, now: datetime) -> Health:
    last = row.last_success
    unread = now - (last or row.failing_since or row.seen_at) > silent
    trouble: Trouble = "silent" if unread else ""
    if row.failures:
        trouble = "failing"
    if now - row.seen_at > GONE:
        trouble = "gone"
    days = None
    if row.token_ends_at is not None and (row.token_ends_at - now) <= timedelta(days=STAGES[0]):
        days = (row.token_ends_at - now) // timedelta(days=1)
    return Health(
        name=row.name,
        trouble=trouble,
        unread=unread,
        since=last,
        error=row.last_error if row.failures else "",
        waiting=row.waiting,
        taken=row.taken,
        token_ends_at=row.token_ends_at,
        days_left=days,
    )


def _unread(found: Health, zone: tzinfo) -> tuple[Said, list[Said]]:
    first = say("The mailbox {name} has not been read yet. Mail waits in it; none is lost.", name=found.name)
    if found.since:
        first = say(
            "The mailbox {name} has not been read since {time}. Mail waits in it; none is lost.",
            name=found.name,
            time=f"{found.since.astimezone(zone):%Y-%m-%d %H:%M}",
        )
    return say("The mailbox {name} is not read", name=found.name), [
        first,
        _why(found),
        say("To try it: {command}", command=f"postdesk mailbox test {found.name}"),
        say("You hear of it again when it is read."),
    ]


def _why(found: Health) -> Said:
    if found.trouble == "gone":
        return say("No process reads it. See that “postdesk serve” runs with the role imap, and look at its log.")
    if found.error:
        return say("Why: {why}", why=found.error)
    return say("Its reader lives and does not come to an end. Look at the log.")


def _read_again(found: Health) -> tuple[Said, list[Said]]:
    return say("The mailbox {name} is read again", name=found.name), [
        say("The mail that waited in the mailbox {name} comes in now.", name=found.name)
    ]


def _refused(row: MailboxState) -> tuple[Said, list[Said]]:
    subject = say_many(
        "{n} mail of the mailbox {name} was refused",
        "{n} mails of the mailbox {name} were refused",
        row.refused - row.refused_told,
        name=row.name,
    )
    return subject, [
        say("Why, of the last one: {why}", why=row.refused_why),
        say("It became no ticket, and its sender was told nothing. It lies in the mailbox's folder for refused mail."),
        say("Look at it there with a mail program, and answer its sender."),
    ]


def _ends(found: Health, zone: tzinfo) -> tuple[Said, list[Said]]:
    days = found.days_left or 0
    if days < 0:
        subject = say("The right to read the mailbox {name} has ended", name=found.name)
    else:
        subject = say_many(
            "The right to read the mailbox {name} ends in {n} day",
            "The right to read the mailbox {name} ends in {n} days",
            days,
            name=found.name,
        )
    day = f"{found.token_ends_at.astimezone(zone):%Y-%m-%d}" if found.token_ends_at else ""
    return subject, [
        say("The client secret, or the consent, of the mailbox {name} ends on {day}.", name=found.name, day=day),
        say("Without a new one no mail of this mailbox comes in. What is sent to it waits there."),
        say(
            "Make a new client secret at the provider, put it into client_secret_file and its last day into "
            "secret_ends; or consent again, and put the refresh token into refresh_token_file. Then start Postdesk "
            "again."
        ),
        say("To try it: {command}", command=f"postdesk mailbox test {found.name}"),
    ]
