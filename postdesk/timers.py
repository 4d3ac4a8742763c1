"""The timers: what the clock alone brings about. Each is a rule of desk/, run in a transaction of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial

from sqlalchemy.orm import Session

from desk import (
    announcements,
    audit_seal,
    canary,
    clockwork,
    daily,
    day_sheets,
    digests,
    due_letters,
    gathering,
    half_way,
    mailboxes,
    old_tickets,
    reminders,
    retention,
    search,
    sessions,
    tokens,
    working_days,
)
from desk.hours import Hours, office
from desk.reminders import Plan
from desk.retention import Gone
from desk.targets import ALL
from gateway import hook_queue
from postdesk import backup_due, canaries, erasing_young, forgetting, large_imports, sweep
from postdesk.mailboxes import silent_after
from postdesk.wiring import House

# Bytes that are put while a row that names them is not yet committed are newer than that.
_JUST_NOW = timedelta(hours=1)
# So much of each minute may go into the index of words.
_INDEXING = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a timer."""

    house: House
    session: Session
    now: datetime
    done_for: str  # what the last run left: a day, or how far it came; "" before the first one

    @property
    def next_id(self) -> Callable[[], int]:
        """Ids of new rows."""
        return self.house.database.ids.next

    @property
    def lock(self) -> bool:
        """SQLite has one writer at a time; elsewhere workers may be at the same tickets."""
        return not self.house.database.is_sqlite

    @property
    def hours(self) -> Hours:
        """The working time of the desk as a whole."""
        return working_days.hours_of(self.house.catalogue.targets, ALL, office(self.house.zone))


@dataclass(frozen=True, slots=True)
class Done:
    """What a run did: how much, what is noted of it, and what is to follow once all of that is committed."""

    count: int = 0
    done_for: str = ""
    then: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer, and what it does in a sentence for people."""

    what: str
    run: Callable[[Run], Done]


def _complete(run: Run) -> Done:
    days = timedelta(days=run.house.settings.mail.reopen_days)
    return Done(clockwork.complete(run.session, run.next_id, run.now, days, lock=run.lock))


def _alerts(run: Run) -> Done:
    return Done(clockwork.tell_of_due(run.session, run.next_id, run.now))


def _due(run: Run) -> Done:
    return Done(due_letters.tell(run.session, run.next_id, run.now, lock=run.lock))


def _plan(run: Run) -> Plan:
    settings, targets = run.house.settings.reminders, run.house.catalogue.targets
    return Plan(settings.after_days, settings.close_after_days, targets, office(run.house.zone))


def _remind(run: Run) -> Done:
    return Done(reminders.remind(run.session, run.next_id, run.now, _plan(run), lock=run.lock))


def _close(run: Run) -> Done:
    def resolution() -> str:  # asked for where there is such a ticket: a catalogue takes a while to read
        language = run.house.languages.find(run.house.settings.desk.language)
        return language.say("We asked for something that we need to go on, and had no answer.")

    return Done(reminders.close(run.session, run.next_id, run.now, _plan(run), resolution, lock=run.lock))


def _day(run: Run) -> str:
    """The day whose letters may go out now; "" for none."""
    at = time.fromisoformat(run.house.settings.letters.digest_at)
    day = daily.day_of(run.now, at, run.hours)
    return day.isoformat() if day else ""


def _digest(run: Run) -> Done:
    """One batch; where it ended is noted, so that the next one goes on there."""
    day, (done, _, after) = _day(run), run.done_for.partition(" after ")
    if not day or (done == day and not after):
        return Done(0, run.done_for)
    count, last = digests.queue(run.session, run.next_id, run.now, int(after) if done == day else 0)
    return Done(count, f"{day} after {last}" if last else day)


def _gather(run: Run) -> Done:
    every = timedelta(minutes=run.house.settings.caps.stranger_letter_minutes)
    return Done(*gathering.send_if_due(run.session, run.next_id, run.now, run.done_for, every))


def _day_sheet(run: Run) -> Done:
    day = _day(run)
    if not day or run.done_for == day or not run.house.settings.letters.day_sheet:
        return Done(0, run.done_for)
    until = daily.end_of(run.now.astimezone(run.hours.zone).date(), run.hours)
    return Done(day_sheets.queue(run.session, run.next_id, run.now, until), day)


def _announce(run: Run) -> Done:
    if not run.house.settings.letters.announcements:
        return Done()
    return Done(announcements.tell(run.session, run.next_id, run.now))


def _canary(run: Run) -> Done:
    sent = canaries.send_if_due(run.house, run.session, run.now)
    late = timedelta(minutes=run.house.settings.canary.late_minutes)
    told = canary.watch(run.session, run.next_id, run.now, late) if run.house.settings.canary.every_minutes else 0
    return Done(sent + told + canary.forget(run.session, run.now - canary.KEPT))


def _mailboxes(run: Run) -> Done:
    watched = silent_after(run.house.settings)
    return Done(mailboxes.watch(run.session, run.next_id, run.now, watched, run.house.zone))


def _purge(run: Run) -> Done:
    sessions.purge(run.session, run.now)
    half_way.purge(run.session, run.now)
    retention.tries(run.session, run.now)
    clockwork.forget_questions(run.session, run.now)
    tokens.purge(run.session, run.now)
    hook_queue.forget(run.session, run.now - hook_queue.KEPT)
    return Done()


def _kept(days: int, forget: Callable[[datetime], Gone], run: Run) -> Done:
    """One step of a retention period; 0 days are for ever."""
    if not days:
        return Done(0, run.done_for)
    gone = forget(run.now - timedelta(days=days))
    follow = partial(_forget_blobs, run.house, gone.digests, run.now) if gone.digests else None
    return Done(gone.count, gone.mark, follow)


def _forget_blobs(house: House, named: frozenset[str], now: datetime, age: timedelta = _JUST_NOW) -> None:
    if backup_due.is_running(house, datetime.now(UTC)):
        return  # it copies what was named at its beginning; the sweep finds these later
    forgetting.forget(house, named, now - age)


def _old_letters(run: Run) -> Done:
    days = run.house.settings.retention.letters_days
    return _kept(days, lambda before: retention.letters(run.session, before, run.done_for), run)


def _old_mails(run: Run) -> Done:
    days = run.house.settings.retention.mails_days
    return _kept(days, lambda before: retention.mails(run.session, before, run.done_for), run)


def _old_tickets(run: Run) -> Done:
    days = run.house.settings.retention.tickets_days
    return _kept(days, lambda before: old_tickets.forget(run.session, before, run.done_for, lock=run.lock), run)


def _old_envelopes(run: Run) -> Done:
    days = run.house.settings.retention.envelopes_days
    return _kept(days, lambda before: retention.envelopes(run.session, before, run.done_for), run)


def _old_imports(run: Run) -> Done:
    return _kept(run.house.settings.retention.imports_days, partial(retention.imports, run.session), run)


def _audit(run: Run) -> Done:
    days = run.house.settings.retention.audit_days
    return Done(audit_seal.keep(run.session, run.house.keys, run.now, days))


def _imports(run: Run) -> Done:
    there = large_imports.waiting(run.session)
    return Done(then=partial(large_imports.carry_on, run.house, run.now)) if there else Done()


def _sweep(run: Run) -> Done:
    """A part of a folder; what of it goes is asked, and goes, once the place is noted.

    Where the desk keeps everything for ever, nothing is ever taken away: bytes that no row names may be all that is
    left of a mail, when an older copy of the database was put back.
    """
    retention_of = run.house.settings.retention
    if not (retention_of.mails_days or retention_of.tickets_days):
        return Done(0, run.done_for)
    step = sweep.step(run.house.blobs, run.done_for, run.now.astimezone(run.house.zone).date())
    follow = partial(_forget_blobs, run.house, step.digests, run.now, sweep.AGE) if step.digests else None
    return Done(len(step.digests), step.place, follow)


def _backup(run: Run) -> Done:
    begun = backup_due.due(run.house, run.now, run.done_for)
    return Done(1, begun, partial(backup_due.begin, run.house)) if begun else Done(0, run.done_for)


def _aside(run: Run) -> Done:
    return Done(0, run.done_for, partial(_settle, run.house, run.now))


def _search(run: Run) -> Done:
    """What was written since; mail goes first, and a desk that was just updated catches up in its quiet minutes."""
    return Done(then=partial(_index, run.house))


def _index(house: House) -> None:
    search.catch_up(house.database, _INDEXING.total_seconds())


def _erased(run: Run) -> Done:
    return Done(0, run.done_for, partial(erasing_young.settle, run.house))


def _settle(house: House, now: datetime) -> None:
    """What the store put aside an hour ago: whatever row would name it is committed by now."""
    named = frozenset(house.blobs.aside(now - _JUST_NOW, sweep.AT_ONCE))
    if named:
        with house.database.reading() as session:
            unused = retention.unused(session, named)
        for digest in sorted(named):
            house.blobs.settle(digest, wanted=digest not in unused)


TIMERS: dict[str, Timer] = {
    "complete": Timer("Resolved tickets become Complete.", _complete),
    "alerts": Timer("Customers hear of due times that they asked to hear of.", _alerts),
    "due": Timer("Staff hear of due times, before and after.", _due),
    "remind": Timer("Customers who were asked something are reminded.", _remind),
    "close": Timer("What no customer answers is resolved.", _close),
    "digest": Timer("Customers who want it get the list of their tickets.", _digest),
    "gather": Timer("In a flood of new tickets of strangers, staff get one letter about many.", _gather),
    "day-sheet": Timer("Staff get the list of what waits.", _day_sheet),
    "announce": Timer("Announcements go out as letters.", _announce),
    "canary": Timer("The desk sends a mail to itself, and staff hear when none comes back.", _canary),
    "mailboxes": Timer("Staff hear of a mailbox that is not read, and of access that ends soon.", _mailboxes),
    "imports": Timer("Large contact imports that were confirmed on the portal are taken in, part by part.", _imports),
    "search": Timer("What was written is found by its words, quickly.", _search),
    "purge": Timer("Sessions that ended, and commands that nobody confirmed, are forgotten.", _purge),
    "old-letters": Timer("Letters are forgotten after retention.letters_days.", _old_letters),
    "old-mails": Timer("Received mails as they came are forgotten after retention.mails_days.", _old_mails),
    "old-tickets": Timer("Closed tickets are forgotten after retention.tickets_days.", _old_tickets),
    "old-imports": Timer("The rows of contact imports are forgotten after retention.imports_days.", _old_imports),
    "aside": Timer("What an S3 store has forgotten goes for good, an hour later, if still nothing names it.", _aside),
    "erased": Timer("Bytes that were put just before their sender was erased go an hour later.", _erased),
    "old-envelopes": Timer(
        "Who sent a mail, and its subject, is forgotten after retention.envelopes_days.", _old_envelopes
    ),
    "audit": Timer("The audit log is sealed, and forgotten after retention.audit_days.", _audit),
    "sweep": Timer(
        "Where mails or tickets are forgotten: bytes that nothing names any more go, a part of the folder a day.",
        _sweep,
    ),
    "backup-due": Timer("A backup is made once a day from backup.at on, where backup.folder is set.", _backup),
}
