"""The queue: mail and letters that wait, and whether every accepted mail is accounted for."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from desk import metrics
from desk.metrics import Figures
from postdesk.amounts import amount
from postdesk.doctor.findings import Finding, Notes, Probe, span

if TYPE_CHECKING:
    from postdesk.wiring import House

_LATELY = timedelta(days=7)
_SLOW, _STUCK = timedelta(minutes=5), timedelta(hours=1)


def probes(house: "House", _seconds: float) -> list[Probe]:
    """One."""
    return [Probe("queue", "mail and letters that wait", lambda: _look(house))]


def _look(house: "House") -> Iterable[Finding]:
    notes = Notes("queue")
    if house.missing_database:
        return notes.found
    now = datetime.now(UTC)
    with house.database.reading() as session:
        figures = metrics.read(session, now)
        claimed = _claimed_by_the_dead(session, now)
    _mail(notes, figures, now)
    _letters(notes, figures, now)
    _boxes(notes, figures, now)
    if claimed:
        means = "They wait until the lease ends, a few minutes at most."
        notes.warning(
            f"{amount(claimed, 'mail is', 'mails are')} claimed by processes that died.",
            means,
            "Nothing: it passes by itself.",
        )
    if not notes.found:
        status = figures.status
        notes.ok(f"{status.accepted:,} mails were accepted, each is accounted for, and none waits for long.")
    return notes.found


def _mail(notes: Notes, figures: Figures, now: datetime) -> None:
    status = figures.status
    if status.difference:
        means = "The ledger does not add up: a mail is lost, or counted twice."
        what = f"{abs(status.difference):,} accepted mails are not accounted for."
        notes.error(what, means, "Find out which:", "postdesk verify")
    if status.oldest_waiting and now - status.oldest_waiting > _SLOW:
        age = now - status.oldest_waiting
        what = f"{amount(status.waiting, 'mail waits', 'mails wait')} to be handled, the oldest for {span(age)}."
        do = "Look below “processes” whether one with the role work lives, and into the log."
        (notes.error if age > _STUCK else notes.warning)(what, "Customers get no receipt meanwhile.", do)
    if status.held:
        means = "Nothing becomes of them until a person decides."
        what = f"{status.held:,} {'mail is' if status.held == 1 else 'mails are'} held."
        notes.warning(what, means, "Look at them:", "postdesk mail held")
    canary = status.canary
    if canary and canary.missing_since:
        means = "Mail to the desk, or letters from it, may be stuck on the way."
        what = f"A mail that the desk sent to itself has been missing for {span(now - canary.missing_since)}."
        notes.error(what, means, "Look at the relay, at the mailbox or the MX record, and at:", "postdesk canary list")


def _letters(notes: Notes, figures: Figures, now: datetime) -> None:
    status = figures.status
    if status.letters_due and now - status.letters_due > _SLOW:
        age = now - status.letters_due
        wait = amount(status.letters_waiting, "letter waits", "letters wait")
        what = f"{wait}, the oldest has been due for {span(age)}."
        do = "Look at “relay” above, and below “processes” whether one with the role deliver lives."
        (notes.error if age > _STUCK else notes.warning)(what, "Customers get no answer meanwhile.", do)
    if figures.letters_deferred:
        means = "The relay did not take them yet."
        tried = amount(figures.letters_deferred, "letter was tried and waits", "letters were tried and wait")
        what = f"{tried} for another try."
        notes.warning(what, means, "Look why at “relay” above, and in the log: letter deferred.")
    if figures.letters_given_up:
        one = figures.letters_given_up == 1
        what = f"{figures.letters_given_up:,} {'letter was' if one else 'letters were'} refused or given up lately."
        notes.warning(
            what,
            _lost(figures),
            "See which, and why; other states are expired, uncertain and failed:",
            "postdesk outbox list --state refused",
        )
    _staff(notes, figures)


def _lost(figures: Figures) -> str:
    to_staff = figures.letters_to_staff_given_up
    means = "Whoever they were for has not got them, in the last day."
    return f"{means} {to_staff:,} of them went to staff, who may have missed more than that." if to_staff else means


def _staff(notes: Notes, figures: Figures) -> None:
    muted, staff = figures.status.staff_muted, figures.status.staff
    do = "See what the servers said. Once an address is right, lift its mute: postdesk mail unmute ADDRESS."
    if muted and muted == staff:
        means = "Nobody at the desk hears of new mail, nor of anything that goes wrong."
        notes.error(
            "No letter reaches any member of staff: their addresses are muted.", means, do, "postdesk mail muted"
        )
    elif muted:
        what = f"The addresses of {muted} of {staff} people at the desk are muted."
        notes.warning(what, "They get no letters from the desk.", do, "postdesk mail muted")


def _boxes(notes: Notes, figures: Figures, now: datetime) -> None:
    for box in figures.mailboxes:
        if box.refused_at and now - box.refused_at < _LATELY:
            what = (
                f"Of mailbox “{box.name}” {amount(box.refused, 'mail was', 'mails were')} refused, the last one lately."
            )
            means = "They became no tickets, and their senders were told nothing."
            notes.warning(what, means, "Look why, and into its folder for refused mail:", "postdesk mailbox list")
        if not box.works:
            what = f"Mailbox “{box.name}” could not be read {box.failures} times in a row."
            notes.error(what, "Mail stays in it.", "Look at “mailbox” above.")
        if box.unfetchable:
            what = f"The server of mailbox “{box.name}” does not hand out {amount(box.unfetchable, 'mail', 'mails')}."
            notes.warning(what, "They stay there.", "Open them with a mail program, and move or remove them.")
        if box.unmovable:
            what = f"The server of mailbox “{box.name}” does not move {box.unmovable} mails."
            means = "They are not lost; each start of Postdesk fetches them again."
            notes.warning(what, means, "Make room in the mailbox, and let Postdesk write to both of its folders.")


def _claimed_by_the_dead(session: Session, now: datetime) -> int:
    from store.identity import is_dead
    from store.tables import ReceivedMail

    held = (
        select(ReceivedMail.holder, func.count())
        .where(ReceivedMail.waiting, ReceivedMail.lease_until > now)
        .group_by(ReceivedMail.holder)
    )
    return sum(count for holder, count in session.execute(held) if holder and is_dead(holder))
