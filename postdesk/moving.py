"""`postdesk move in`: old mail becomes tickets. Looked at, threaded, written in batches; each mail has its fate."""

import csv
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from desk.cells import harmless
from gateway.moving import Spoke, State, Wish
from gateway.outage import is_ours, one_line
from postdesk import moving_known, moving_source
from postdesk.importing import marker
from postdesk.moving_batch import Batches, Fate, Loose, Outcome, Part
from postdesk.moving_heads import Heads, Ours
from postdesk.moving_index import Index
from postdesk.moving_source import Found, LeftOut
from postdesk.moving_threads import Threads
from postdesk.wiring import House
from store.tables import MoveIn, Staff

log = structlog.get_logger(__name__)

BATCH = 200  # mails in one transaction
BATCH_BYTES = 16 * 1024 * 1024
_LARGEST = 5  # threads named in the summary
_FATE = "INSERT OR REPLACE INTO fate (mail, place, at, sender, title, fate, ticket, reason) SELECT id, place, at, shown, title, ?, ?, ? || remark FROM mail WHERE id = ?"  # noqa: E501
_UNREACHED = (
    "INSERT INTO fate (mail, place, at, sender, title, fate, ticket, reason) SELECT id, place, at, shown, title, "
    "'not taken', '', 'not reached; start it again' FROM mail WHERE id NOT IN (SELECT mail FROM fate)"
)
_THREADS = (
    "SELECT t.id, t.ticket, t.related, count(*), min(m.at) AS first FROM wanted m JOIN thread t ON t.id = m.thread "
    "GROUP BY t.id ORDER BY first, t.id"
)
_MAILS = (
    "SELECT id, file, offset, length, quoted, place, peer, at, ours, copy_of FROM wanted WHERE thread = ? "
    "ORDER BY at, id"
)
Showing = Callable[[str, int | None], AbstractContextManager[Callable[[int], None]]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be moved in, and how."""

    origin: str  # for people
    find: Callable[[Path], Iterable[Found | LeftOut]]  # given a folder to work in
    by: str
    ours: frozenset[str] = frozenset()  # more addresses, or @domains, that speak for the desk
    state: State = "auto"
    closed_after_days: int = 30
    dry: bool = False
    source: str = "file"


@dataclass(slots=True)
class Summary:
    """What came of it."""

    mails: int = 0
    threads: int = 0
    tickets: int = 0
    contacts: int = 0
    move_in: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    largest: list[tuple[int, str, str]] = field(default_factory=list)  # mails, ticket, subject

    @property
    def failed(self) -> int:
        """Mails that could not be taken, and stay where they are."""
        return self.fates["not taken"]


class Move:
    """One run. `folder` is for what it notes meanwhile, and is empty."""

    def __init__(self, house: House, plan: Plan, folder: Path, showing: Showing, now: datetime) -> None:
        self._house, self._plan, self._folder, self._showing, self._now = house, plan, folder, showing, now
        self._summary = Summary()

    def run(self, report: Path | None) -> Summary:
        """Everything; the report is written at the end, also of what was done before a fault."""
        with Index(self._folder / "index") as index:
            try:
                self._look(index)
                self._write(index)
                self._summary.largest = self._largest(index) if self._summary.threads else []
            finally:
                index.run(_UNREACHED)
                self._count(index)
                if report is not None:
                    _report(index, report)
        return self._summary

    def _look(self, index: Index) -> None:
        house, limit = self._house, int(self._house.settings.mail.max_mb * 1024 * 1024)
        with house.database.reading() as session:
            people = frozenset(session.scalars(select(Staff.address)))
        self._ours = Ours(house.addresses, people, self._plan.ours)
        heads = Heads(index, self._ours, self._now, limit, house.numbers)
        workspace = self._folder / "mails"
        workspace.mkdir()
        with self._showing("Looking at", None) as progress:
            heads.take(self._plan.find(workspace), progress)
        index.finish_reading()
        self._summary.mails = heads.mails
        with house.database.reading() as session:
            moving_known.look_up(session, index)
        with self._showing("Threading", heads.mails) as progress:
            Threads(index).make(progress)

    def _write(self, index: Index) -> None:
        self._fates_at_once(index)
        threads = index.rows(_THREADS)
        self._summary.threads = len(threads)
        if not threads:
            return
        self._begin()
        plan = self._plan
        before = self._now - timedelta(days=plan.closed_after_days)
        wish = Wish(self._now, plan.origin, before, plan.state)
        batches = Batches(self._house, self._ours, wish, self._summary.move_in, dry=plan.dry)
        total = sum(row[3] for row in threads)
        with self._showing("Trying" if plan.dry else "Moving in", total) as progress:
            done = 0
            for parts in _batches(self._parts(index, threads)):
                done += sum(len(part.mails) for part in parts)
                self._write_some(index, batches, parts)
                progress(done)
        self._end(index)

    def _fates_at_once(self, index: Index) -> None:
        """Mails that are here already, and the second of two that are the same to the letter."""
        index.run(
            "INSERT INTO fate (mail, place, at, sender, title, fate, ticket, reason) SELECT id, place, at, shown, "
            "title, 'here already', '', 'It is here as mail ' || here || '.' FROM mail WHERE here IS NOT NULL"
        )
        index.run(
            "INSERT INTO fate (mail, place, at, sender, title, fate, ticket, reason) SELECT m.id, m.place, m.at, "
            "m.shown, m.title, 'copy', '', 'The same as ' || o.place FROM mail m JOIN mail o ON o.id = m.copy_of "
            "WHERE m.here IS NULL AND m.key = o.key"
        )

    def _largest(self, index: Index) -> list[tuple[int, str, str]]:
        # With min(), the other columns are those of the row that has it (sqlite.org/lang_select.html#bareagg).
        rows = index.rows(
            "SELECT n, (SELECT ticket FROM fate WHERE fate.mail = first), title FROM (SELECT count(*) AS n, "
            "min(id) AS first, title FROM mail GROUP BY thread HAVING n > 1) ORDER BY n DESC, first LIMIT ?",
            _LARGEST,
        )
        return [(int(count), str(number or ""), str(title)) for count, number, title in rows]

    def _begin(self) -> None:
        if self._plan.dry:
            return
        with self._house.database.transaction() as session:
            row = MoveIn(id=self._house.database.ids.next(), at=self._now, by=self._plan.by, counts={})
            row.source = self._plan.origin
            session.add(row)
            self._summary.move_in = row.id

    def _end(self, index: Index) -> None:
        if self._plan.dry:
            return
        self._count(index)
        counts = {**self._summary.fates, "tickets": self._summary.tickets, "contacts": self._summary.contacts}
        with self._house.database.transaction() as session:
            values = {"done_at": datetime.now(UTC), "counts": counts}
            session.execute(update(MoveIn).where(MoveIn.id == self._summary.move_in).values(**values))

    def _parts(self, index: Index, threads: "list[tuple[int, int | None, int | None, int, float]]") -> Iterator[Part]:
        for thread, ticket, related, count, _ in threads:
            numbers = tuple(key for (key,) in index.rows("SELECT key FROM thread_number WHERE thread = ?", thread))
            part, seen, size = Part(thread, [], ticket, ticket is None, related, numbers, ends=False), 0, 0
            for row in index.rows(_MAILS, thread):
                seen += 1
                loose = self._loose(index, row)
                if loose is None:
                    continue
                part.mails.append(loose)
                size += len(loose.raw)
                if seen < count and (len(part.mails) >= BATCH or size >= BATCH_BYTES):
                    yield part
                    part, size = self._next_part(index, part), 0
            part.ends = True
            if part.mails or (part.fresh and part.ticket):
                yield part

    def _next_part(self, index: Index, before: Part) -> Part:
        row = index.row("SELECT ticket, spoke, by_ours, answered, staff FROM thread WHERE id = ?", before.thread)
        ticket, at, by_ours, answered, staff = row if row else (None, None, 0, 0, None)
        spoke = Spoke(datetime.fromtimestamp(at, UTC), bool(by_ours), bool(answered), staff) if at else None
        numbers, related = before.numbers, before.related
        return Part(before.thread, [], ticket, before.fresh, related, numbers, ends=False, spoke=spoke)

    def _loose(self, index: Index, row: "tuple[int | str | float | None, ...]") -> Loose | None:
        mail, file, offset, length, quoted, place, peer, at, ours, copy_of = row
        found = Found(str(place), str(file), int(offset or 0), int(length or 0), bool(quoted), peer=str(peer))
        try:
            raw = moving_source.read(found, int(self._house.settings.mail.max_mb * 1024 * 1024))
        except OSError as error:
            index.run(_FATE, "not taken", "", f"cannot be read: {error.strerror or error}", mail)
            return None
        source = "imap" if self._plan.source == "imap" else "file"
        named = str(peer) or marker(str(place))
        return Loose(int(mail or 0), raw, float(at or 0), bool(ours), copy_of is not None, named, source)  # type: ignore[arg-type]

    def _write_some(self, index: Index, batches: Batches, parts: list[Part]) -> None:
        """One transaction; where it fails, each thread by itself, so that one cannot fail the others."""
        wanted = {part.related for part in parts if part.related}
        related = {
            i: row[0] for i in wanted if (row := index.row("SELECT ticket FROM thread WHERE id = ?", i)) and row[0]
        }
        try:
            self._keep(index, self._tried(batches, parts, related))
        except Exception as error:
            if is_ours(error):
                raise
            if len(parts) > 1:
                for part in parts:
                    self._write_some(index, batches, [part])
            else:
                self._keep(index, self._given_up(parts[0], error))

    def _tried(self, batches: Batches, parts: list[Part], related: dict[int, int]) -> Outcome:
        try:
            return batches.write(parts, related)
        except IntegrityError:  # a process that runs beside was quicker, with the same new sender for one
            return batches.write(parts, related)

    def _given_up(self, part: Part, error: Exception) -> Outcome:
        log.error("a thread could not be moved in; its mails stay where they are", exc_info=error)
        why = f"could not be moved in: {one_line(error)}; it stays where it is"
        return Outcome(fates=[Fate(loose.id, "not taken", "", why) for loose in part.mails])

    def _keep(self, index: Index, outcome: Outcome) -> None:
        index.many(_FATE, [(fate.kind, fate.ticket, fate.reason, fate.mail) for fate in outcome.fates])
        for thread, ticket in outcome.tickets.items():
            index.run("UPDATE thread SET ticket = ? WHERE id = ?", ticket, thread)
        for thread, spoke in outcome.spoke.items():
            if spoke is not None:
                values = (spoke.at.timestamp(), spoke.by_ours, spoke.answered, spoke.staff_id, thread)
                index.run("UPDATE thread SET spoke = ?, by_ours = ?, answered = ?, staff = ? WHERE id = ?", *values)
        self._summary.tickets += len(outcome.opened)
        self._summary.contacts += outcome.contacts

    def _count(self, index: Index) -> None:
        self._summary.fates = Counter(dict(index.rows("SELECT fate, count(*) FROM fate GROUP BY fate")))


def _batches(parts: Iterator[Part]) -> Iterator[list[Part]]:
    """Whole threads together, up to so many mails. A part that is not the last of its thread goes at once."""
    batch: list[Part] = []
    count = size = 0
    for part in parts:
        batch.append(part)
        count += len(part.mails)
        size += sum(len(loose.raw) for loose in part.mails)
        if not part.ends or count >= BATCH or size >= BATCH_BYTES:
            yield batch
            batch, count, size = [], 0, 0
    if batch:
        yield batch


def _report(index: Index, file: Path) -> None:
    """The fate of every mail, in the order in which they were found; for nobody else's eyes."""
    columns = ("mail", "date", "from", "subject", "fate", "ticket", "reason")
    with open(
        os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8-sig", newline=""
    ) as out:
        writer = csv.writer(out)
        writer.writerow(columns)
        rows = index.each(
            "SELECT place, at, sender, title, fate, ticket, reason FROM fate ORDER BY mail < 0, abs(mail)"
        )
        for place, at, sender, title, fate, ticket, reason in rows:
            date = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M") if at else ""
            writer.writerow(harmless(str(cell)) for cell in (place, date, sender, title, fate, ticket, reason))
