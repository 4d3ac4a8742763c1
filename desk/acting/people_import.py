"""A contact import on a page: the file is read and tried, kept until it is confirmed, and taken in part by part."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, BinaryIO

from sqlalchemy import String, cast, select
from sqlalchemy.orm import Session

from desk import contact_batches, contact_file, contact_import, granting, import_words, sites
from desk.access import Person
from desk.acting.people_stage import Keeping, Scope, keeping, wish_of
from desk.acting.rules import Desk, NotThere, Refused
from desk.contact_batches import Wish
from desk.contact_file import Row
from desk.contact_import import Plan, Step
from desk.contact_run import About, Access, Run
from desk.contact_tally import Tally
from desk.csv_text import NotCsv
from desk.keys import Keys
from desk.said import Said, say
from desk.writes import Writes
from store.blobs import BlobStore
from store.tables import ImportRun, Organisation, Pending

MOST_ROWS, MOST_BYTES = 20_000, 16 * 1024 * 1024
WAITS = timedelta(hours=24)  # for somebody to confirm it
SHOWN = 100  # rows that a trial shows: each of a short file, of a longer one those that are refused
PARTS_AT_ONCE = 20  # that a timer takes in before it lets others have their turn
_COLUMNS = 10  # unknown ones that are named
_WAITS, _RUNS = [["portal", "import"]], [["portal", "importing"]]  # what Pending.commands says of these rows


@dataclass(frozen=True, slots=True)
class File:
    """What somebody has chosen."""

    name: str
    size: int
    data: BinaryIO


@dataclass(frozen=True, slots=True)
class Offer:
    """An import that waits for a “yes”, is being carried out, or is done."""

    id: int
    digest: str  # of its rows in the blob store: no password is among them
    file: str
    organisation_id: int
    site_id: int | None
    update: bool
    total: int
    unknown: tuple[str, ...]
    own_id: int  # the contact who wants it; 0 for staff
    by: str  # in letters
    shown: str  # in the history
    expires_at: datetime
    run_id: int | None = None
    next: int = 0  # rows that are done

    @property
    def under_way(self) -> bool:
        """True from the “yes” to the last row."""
        return self.run_id is not None and self.next < self.total


@dataclass(slots=True)
class Trial:
    """What would become of a file."""

    tally: Tally = field(default_factory=Tally)
    steps: list[Step] = field(default_factory=list)  # those that are shown

    @property
    def more_refused(self) -> int:
        """Refused rows beyond those that are shown."""
        return self.tally.counts["refused"] - sum(step.fate == "refused" for step in self.steps)


def prepare(stage: Keeping, file: File, *, site_id: int | None, update: bool) -> int:
    """Read a file and keep its rows for the “yes”; returns the id of the offer. Refused says what is wrong with it."""
    digest, total, unknown = _kept(stage.desk.blobs, file)
    author, name = stage.author, "".join(letter for letter in file.name if letter.isprintable())
    body = {
        "digest": digest, "file": name[:255], "organisation": stage.scope.id, "site": stage.site(site_id),
        "update": update, "total": total, "unknown": list(unknown[:_COLUMNS]), "by": stage.by,
        "shown": f"{author.name}, {author.address}" if author.name else author.address,
    }  # fmt: skip
    offer_id = stage.writes.next_id()
    stage.writes.add(
        Pending,
        id=offer_id,
        contact_id=stage.own_id or None,
        staff_id=None if stage.own_id else author.id,
        ticket_id=None,
        received_id=None,
        commands=_WAITS,
        body=body,
        created_at=stage.now,
        expires_at=stage.now + WAITS,
        done_at=None,
    )
    return offer_id


def _kept(blobs: BlobStore, file: File) -> tuple[str, int, tuple[str, ...]]:
    """The rows as lines of JSON: what the column for passwords held is not among them, and never written down."""
    if not file.size:
        raise Refused(say("The selected file is empty."), "file")
    if file.size > MOST_BYTES:
        raise Refused(contact_file.too_large(MOST_BYTES), "file")
    writer, total = blobs.writer(), 0
    try:
        opened = contact_file.open_rows(file.name, file.data, most=MOST_ROWS)
        for row in opened.rows:
            writer.write(json.dumps(row.as_list(), ensure_ascii=False).encode("utf-8", "replace") + b"\n")
            total += 1
        return writer.seal(), total, opened.unknown
    except NotCsv as error:
        raise Refused(_on_a_page(error.said), "file") from error
    finally:
        writer.abort()


def _on_a_page(said: str) -> str:
    """The sentence about a file, for somebody who has a page before them and writes no mail."""
    if isinstance(said, Said) and said.message == contact_file.NO_COLUMN:
        names = said.values["names"]
        return say(
            "The first row of the file names no column {names}. Download the template, and fill it in.", names=names
        )
    return said


def find(session: Session, person: Person, scope: Scope, offer_id: int, *, lock: bool = False) -> Offer:
    """An offer of the one who asks, into this organisation; NotThere for every other."""
    query = select(Pending).where(Pending.id == offer_id)
    row = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if row is None or row.commands not in (_WAITS, _RUNS):
        raise NotThere
    if (row.contact_id, row.staff_id) != (person.contact_id, person.staff_id):
        raise NotThere
    found = _offer(row)
    if found.organisation_id != scope.id:
        raise NotThere
    return found


def _offer(row: Pending) -> Offer:
    body = row.body
    return Offer(
        row.id, body["digest"], body["file"], body["organisation"], body["site"], body["update"], body["total"],
        tuple(body["unknown"]), row.contact_id or 0, body["by"], body["shown"], row.expires_at, body.get("run"),
        body.get("next", 0),
    )  # fmt: skip


def rows_of(blobs: BlobStore, offer: Offer) -> Iterator[Row]:
    """The rows that were kept, one by one; NotThere when they are no more."""
    try:
        data = blobs.open(offer.digest)
    except FileNotFoundError:
        raise NotThere from None
    with data:
        for line in data:
            yield Row.of(json.loads(line))


def try_out(session: Session, desk: Desk, offer: Offer) -> Trial:
    """What would become of each row today; nothing is changed."""
    found, short = Trial(), offer.total <= SHOWN

    def look(_done: int, made: Plan) -> None:
        wanted = (step for step in made.steps if short or step.fate == "refused")
        found.steps += islice(wanted, SHOWN - len(found.steps))

    wish = _wish(session, desk, offer)
    found.tally = contact_batches.try_out(session, rows_of(desk.blobs, offer), wish, look)
    return found


def confirm(desk: Desk, keys: Keys, person: Person, wanted: int | None, offer_id: int, now: datetime) -> int:
    """Do it: the first part now, the others by and by. Returns the id of its entry in the history.

    Confirmed once more, it does nothing more.
    """
    with keeping(desk, keys, person, wanted, now) as stage:
        offer = find(stage.session, person, stage.scope, offer_id, lock=True)
        if offer.run_id is not None:
            return offer.run_id
        if offer.expires_at <= now:
            raise Refused(say("This import was prepared more than 24 hours ago. Select the file again."))
        return _part(stage.session, desk, keys, offer, now, stage.writes)


def carry_on(desk: Desk, keys: Keys, now: datetime) -> int:
    """The next parts of imports that were confirmed, each in a transaction of its own; how many rows were done."""
    done = 0
    for _ in range(PARTS_AT_ONCE):
        with desk.database.transaction() as session:
            row = session.scalars(_running().order_by(Pending.id).limit(1).with_for_update(skip_locked=True)).first()
            if row is None:
                break
            offer, writes = _offer(row), Writes(desk.database.ids.next)
            if session.get(Organisation, offer.organisation_id) is None:  # it became part of another one
                writes.change(Pending, offer.id, done_at=now)
            else:
                _part(session, desk, keys, offer, now, writes)
            writes.flush(session)
            done += min(contact_batches.PART, offer.total - offer.next)
    return done


def waiting(session: Session) -> bool:
    """True while there is something to carry on with."""
    return session.scalar(_running().with_only_columns(Pending.id).limit(1)) is not None


def under_way(session: Session, runs: Sequence[int]) -> dict[int, Offer]:
    """Of these entries of the history, those that are not at their end."""
    found = (_offer(row) for row in session.scalars(_running()))
    return {offer.run_id: offer for offer in found if offer.run_id in runs and offer.run_id is not None}


def _running() -> Any:
    return select(Pending).where(Pending.done_at.is_(None), cast(Pending.commands, String).contains('"importing"'))


def _part(session: Session, desk: Desk, keys: Keys, offer: Offer, now: datetime, writes: Writes) -> int:
    """Decide and write one part, together with how far that is."""
    seen: dict[str, int] = {}
    left = rows_of(desk.blobs, offer)
    contact_import.note(islice(left, offer.next), seen)
    part = list(islice(left, contact_batches.PART))
    wish = _wish(session, desk, offer)
    made = contact_import.plan(part, contact_batches.directory(session, part, wish), update=offer.update, seen=seen)
    there = {site.id for site in sites.of(session, offer.organisation_id)}
    run = Run(Access(keys, desk.rules.credentials, offer.by), offer.organisation_id, id=offer.run_id)
    run.site_id = offer.site_id if offer.site_id in there else None
    run.queue_behind(granting.welcomes_until(session, now) - now)
    about = About(offer.file, offer.update, offer.own_id or None, offer.shown)
    contact_batches.write_part(writes, made, run, about, _tally(session, offer), now)
    run_id, done = run.id or 0, offer.next + len(part)
    body = dict(session.get_one(Pending, offer.id).body) | {"run": run_id, "next": done}
    ended = done >= offer.total or not part
    writes.change(Pending, offer.id, commands=_RUNS, body=body, done_at=now if ended else None)
    return run_id


def _tally(session: Session, offer: Offer) -> Tally:
    run = session.get(ImportRun, offer.run_id) if offer.run_id is not None else None
    if run is None:
        return Tally()
    figures = {fate: getattr(run, fate) for fate in (*contact_import.FATES, "letters")}
    return Tally.of(figures, run.rows)


def _wish(session: Session, desk: Desk, offer: Offer) -> Wish:
    return wish_of(session, desk, offer.organisation_id, offer.own_id, update=offer.update)


def why(step: Step, levels: Sequence[str]) -> str:
    """What is wrong with a row, or what becomes of it, as the page says it."""
    return import_words.on_a_page(step.number, step.why, levels, password=step.row.password)
