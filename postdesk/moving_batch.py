"""One transaction of a move: whole threads, or a part of a long one, with everything that is kept of their mails."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from desk import hooks, load, tickets
from desk.state import TicketState
from desk.writes import Writes
from gateway import parse
from gateway.envelope import Envelope, Source
from gateway.moving import Filed, Filing, Old, Spoke, Thread, Wish
from gateway.repeats import fingerprint
from gateway.sender.checker import Received
from gateway.spool import INLINE
from gateway.stored_files import store_files
from gateway.view import Incoming, View, message_key
from gateway.view import ours as our_recipients
from postdesk import moving_rows
from postdesk.moving_heads import Ours
from postdesk.wiring import House
from store import ledger
from store.tables import (
    Contact,
    KnownMessage,
    MailKey,
    RawMail,
    ReceivedMail,
    Ticket,
    core,
)

_NAMED = 40  # people in To and Cc of one mail that are looked up


@dataclass(frozen=True, slots=True)
class Loose:
    """A mail of the index with its bytes, not yet read."""

    id: int
    raw: bytes
    at: float
    ours: bool
    copy: bool
    peer: str
    source: Source


@dataclass(slots=True)
class Part:
    """A thread of the index, or a part of it, with its mails."""

    thread: int
    mails: list[Loose]
    ticket: int | None = None
    fresh: bool = True
    related: int | None = None  # a thread
    numbers: tuple[str, ...] = ()
    ends: bool = True
    spoke: Spoke | None = None


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a mail: one of the outcomes of a disposition, or “here already”."""

    mail: int
    kind: str
    ticket: str
    reason: str


@dataclass(slots=True)
class Outcome:
    """What a transaction did, for the index and the report."""

    fates: list[Fate] = field(default_factory=list)
    tickets: dict[int, int] = field(default_factory=dict)  # of threads
    spoke: dict[int, Spoke | None] = field(default_factory=dict)
    opened: set[int] = field(default_factory=set)  # threads that opened a ticket
    contacts: int = 0


@dataclass(frozen=True, slots=True)
class Read:
    """A part whose mails are read, with their files kept."""

    part: Part
    mails: list[tuple[Loose, Incoming]]


class Batches:
    """Writes parts of a move. A dry one does the same, and writes nothing."""

    def __init__(self, house: House, ours: Ours, wish: Wish, move_in: int, *, dry: bool) -> None:
        self._house, self._ours, self._wish, self._move_in, self._dry = house, ours, wish, move_in, dry
        self._rules = replace(house.rules, verifies_senders=False)
        # What servers wrote into it when it came; DNS says nothing any more about mail of years ago.
        self._senders = replace(house.senders, direct=False, sealers=(), resolver=None)
        self._made_up = 0  # ids of a dry run …
        self._phantoms: dict[int, TicketState] = {}  # … and the tickets of its long threads

    def write(self, parts: Sequence[Part], related: dict[int, int]) -> Outcome:
        """All of these, or none. `related` are the tickets of threads that these have to do with."""
        read = [self._read(part) for part in parts]
        if self._dry:
            with self._house.database.reading() as session:
                return self._file(session, read, {}, related)
        big = [loose.raw for one in read for loose, _ in one.mails if len(loose.raw) > INLINE]
        blobs = dict(zip(map(id, big), self._house.blobs.put_many(big), strict=True))
        with self._house.database.transaction() as session:
            return self._file(session, read, blobs, related)

    def _next_id(self) -> int:
        if not self._dry:
            return self._house.database.ids.next()
        self._made_up += 1
        return self._made_up

    def _read(self, part: Part) -> Read:
        mails = [(loose, self._read_one(loose)) for loose in part.mails]
        if not self._dry:
            kept = store_files([incoming for _, incoming in mails], self._house.blobs, self._rules.files)
            mails = [(loose, incoming) for (loose, _), incoming in zip(mails, kept, strict=True)]
        return Read(part, mails)

    def _read_one(self, loose: Loose) -> Incoming:
        envelope = Envelope("", (), loose.source, peer=loose.peer, received_at=self._wish.now)
        message = parse.read(loose.raw)
        received = Received(loose.raw, envelope, message)
        return Incoming(  # without a look for commands: none is read
            received_id=self._next_id(),
            envelope=envelope,
            message=message,
            recipients=our_recipients(self._house.addresses, envelope, message),
            key=fingerprint(message, ""),
            verified=self._senders.verify(received, self._wish.now),
            numbers=tuple(self._house.numbers.find_all(message.subject)),
        )

    def _file(self, session: Session, read: Sequence[Read], blobs: dict[int, str], related: dict[int, int]) -> Outcome:
        house = self._house
        incoming = [mail for one in read for _, mail in one.mails]
        view = self._view(session, incoming, {one.part.ticket for one in read if one.part.ticket})
        writes = Writes(self._next_id)
        filing = Filing(view, writes, self._rules, house.addresses, self._ours.__contains__, self._wish)
        filing.updated = _updated(session, view)
        view.tickets |= self._phantoms
        outcome, filed = Outcome(), list[tuple[Read, list[tuple[Loose, Incoming]], Filed]]()
        known = dict(related)
        for one in read:
            fresh = self._without_known(one, view, outcome)
            if not fresh:
                continue
            done = filing.thread(self._thread(one.part, fresh, known.get(one.part.related or 0)))
            filed.append((one, fresh, done))
            if done.ticket is not None:
                known[one.part.thread] = done.ticket.id
                if self._dry and not one.part.ends:
                    self._phantoms[done.ticket.id] = done.ticket
        if not self._dry:
            _number(session, writes, filed, house)
        filing.numbered()
        self._note(outcome, filed)
        outcome.contacts = len(writes.added(Contact))
        if not self._dry:
            self._insert(session, [pair for _, fresh, _ in filed for pair in fresh], blobs)
            fresh_keys = moving_rows.new_keys(writes)
            session.info.pop(hooks.INFO, None)  # what happened long ago is no news
            writes.flush(session)
            numbered = [(done, one.part.numbers) for one, _, done in filed]
            moving_rows.keep_moved(session, self._move_in, numbered, fresh_keys)
        return outcome

    def _view(self, session: Session, mails: Sequence[Incoming], ticket_ids: set[int]) -> View:
        levels = self._rules.levels
        view = View(staff=load.staff(session))
        view.teams = load.teams(session, view.staff)
        view.staff_by_address = {person.address: person for person in view.staff.values()}
        people = {mail.sender for mail in mails} - {""}
        people |= {box.key for mail in mails for box in (*mail.message.to, *mail.message.cc)[:_NAMED]}
        view.contacts = load.contacts_by_address(session, people | {""}, levels)
        keys = {mail.key for mail in mails}
        rows = session.execute(select(MailKey.key, MailKey.received_id).where(MailKey.key.in_(keys)))
        view.handled = {bytes(key): received for key, received in rows}
        messages = {message_key(mail.message.message_id) for mail in mails if mail.message.message_id}
        known = select(KnownMessage.key, KnownMessage.ticket_id).where(KnownMessage.key.in_(messages))
        for key, ticket in session.execute(known):
            view.known_messages.setdefault(bytes(key), []).append(ticket)
        lock = not self._dry and not self._house.database.is_sqlite
        view.tickets = load.tickets(session, ticket_ids, levels=levels, lock=lock)
        return view

    def _without_known(self, one: Read, view: View, outcome: Outcome) -> list[tuple[Loose, Incoming]]:
        """Without mails that somebody else has taken in since they were looked up, or that stand here twice."""
        fresh = []
        for loose, incoming in one.mails:
            earlier = view.handled.get(incoming.key)
            if earlier is None:
                view.handled[incoming.key] = incoming.received_id
                fresh.append((loose, incoming))
            else:
                outcome.fates.append(Fate(loose.id, "here already", "", f"It is here as mail {earlier}."))
        return fresh

    def _thread(self, part: Part, mails: Sequence[tuple[Loose, Incoming]], related: int | None) -> Thread:
        return Thread(
            mails=[self._old(loose, incoming) for loose, incoming in mails],
            ticket_id=part.ticket,
            fresh=part.fresh,
            related=related,
            numbers=part.numbers,
            spoke=part.spoke,
        )

    def _old(self, loose: Loose, incoming: Incoming) -> Old:
        message = incoming.message
        inside = loose.ours and not self._ours.outside((*message.to, *message.cc))
        return Old(incoming, datetime.fromtimestamp(loose.at, UTC), loose.ours, inside, loose.copy)

    def _note(self, outcome: Outcome, filed: "Sequence[tuple[Read, list[tuple[Loose, Incoming]], Filed]]") -> None:
        for one, fresh, done in filed:
            thread = one.part.thread
            number = (done.ticket.number or f"(new {thread})") if done.ticket else ""
            for (loose, _), (decision, _) in zip(fresh, done.decisions, strict=True):
                on = number if decision.ticket_id else ""
                outcome.fates.append(Fate(loose.id, decision.kind, on, decision.reason))
            outcome.spoke[thread] = done.spoke
            if done.ticket is not None:
                outcome.tickets[thread] = done.ticket.id
            if done.opened:
                outcome.opened.add(thread)

    def _insert(self, session: Session, mails: Sequence[tuple[Loose, Incoming]], blobs: dict[int, str]) -> None:
        """The mails as received ones. Their dispositions come in the same transaction: none of them ever waits."""
        if not mails:
            return
        now = self._wish.now
        rows = [moving_rows.received(m, len(loose.raw), blobs.get(id(loose.raw), ""), now) for loose, m in mails]
        session.execute(insert(core(ReceivedMail)), rows)
        raw = [{"id": mail.received_id, "data": loose.raw} for loose, mail in mails if id(loose.raw) not in blobs]
        if raw:
            session.execute(insert(core(RawMail)), raw)
        ledger.count(session.connection(), "accepted", len(mails))


def _updated(session: Session, view: View) -> dict[int, datetime]:
    if not view.tickets:
        return {}
    rows = session.execute(select(Ticket.id, Ticket.updated_at).where(Ticket.id.in_(view.tickets)))
    return {row.id: row.updated_at for row in rows}


def _number(session: Session, writes: Writes, filed: "Sequence[tuple[Read, object, Filed]]", house: House) -> None:
    """Each new ticket counts among those of the day on which it began."""
    by_day: dict[object, list[TicketState]] = {}
    for _, _, done in filed:
        if done.opened and done.ticket and done.ticket.created_at:
            by_day.setdefault(done.ticket.created_at.astimezone(house.zone).date(), []).append(done.ticket)
    for states in by_day.values():
        assert states[0].created_at is not None  # noqa: S101 - for the type checker: only such are in it
        tickets.number_tickets(session, writes, states, states[0].created_at, house.zone, house.numbers)
