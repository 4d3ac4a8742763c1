"""A whole file of contacts, taken in part by part: as long as it likes, in as much memory as one part needs."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import contact_file, contact_import, contact_run, granting, profile
from desk.contact_file import Row
from desk.contact_import import Directory, Plan
from desk.contact_run import About, Run
from desk.contact_tally import Tally
from desk.writes import Writes
from store.database import Database
from store.tables import Contact, Staff

PART = 1_000  # rows that are decided and written at once
Progress = Callable[[int, Plan], None]  # rows that were done, and what became of the last part


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to become of a file: into which organisation, whether to update, and who says so."""

    organisation_id: int
    update: bool
    levels: Sequence[str]
    ours: Collection[str]  # addresses of staff and of the desk, in lower case
    own_id: int = 0  # the contact who imports: nobody raises or lowers themselves
    trusted: bool = True  # an operator or staff: may take in people who belong to nobody yet


def our_addresses(session: Session, desks: Iterable[str]) -> frozenset[str]:
    """The addresses that are no contact's: those of staff, and those of the desk."""
    return frozenset({*session.scalars(select(Staff.address)), *(address.lower() for address in desks)})


def directory(session: Session, rows: Collection[Row], wish: Wish) -> Directory:
    """Whom the desk knows of those that some rows name."""
    owners = profile.owners(session, contact_file.addresses_of(rows))
    known = profile.load(session, Contact.id.in_(set(owners.values()))) if owners else {}
    return Directory(known, owners, wish.organisation_id, wish.levels, wish.own_id, wish.ours, wish.trusted)


def parts(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """The rows, so many at a time."""
    left = iter(rows)
    while part := list(islice(left, PART)):
        yield part


def try_out(session: Session, rows: Iterable[Row], wish: Wish, progress: Progress) -> Tally:
    """What would become of each row; nothing is changed."""
    tally, seen = Tally(), dict[str, int]()
    for part in parts(rows):
        made = contact_import.plan(part, directory(session, part, wish), update=wish.update, seen=seen)
        tally.add(made.steps)
        progress(tally.total, made)
    return tally


def take_in(
    database: Database, rows: Iterable[Row], wish: Wish, run: Run, about: About, now: datetime, progress: Progress
) -> Tally:
    """Do it, each part in a transaction of its own together with the history of it.

    Stopped between two parts, or in one, it leaves whole parts: another run passes over who is there already.
    """
    tally, seen = Tally(), dict[str, int]()
    for part in parts(rows):
        writes = Writes(database.ids.next)
        with database.transaction() as session:
            if run.id is None:
                run.queue_behind(granting.welcomes_until(session, now) - now)
            made = contact_import.plan(part, directory(session, part, wish), update=wish.update, seen=seen)
            write_part(writes, made, run, about, tally, now)
            writes.flush(session)
        progress(tally.total, made)
    return tally


def write_part(writes: Writes, made: Plan, run: Run, about: About, tally: Tally, now: datetime) -> None:
    """Do what was decided of one part, and bring the history up to date; the first part begins its entry."""
    tally.add(made.steps)
    if run.id is None:
        contact_run.keep(writes, run, about, tally, now)
    else:
        contact_run.keep_on(writes, run.id, tally)
    contact_run.carry_out(writes, made.steps, run, now)
