"""What the decisions about a batch of mails need to know, loaded with one query for each question."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from desk import canary, gathering, known, load, muting
from desk.held import WISH_TICKET
from desk.levels import Levels
from desk.muting import Mute
from desk.numbers import STANDARD, Numbers
from desk.state import ContactState, StaffState, TeamState, TicketState
from desk.tickets import File
from gateway import canary_token, more, more_people, repeats
from gateway.asks import NOTHING, Asks, names_in
from gateway.desk_addresses import Addresses, Recipient
from gateway.envelope import Envelope, Message
from gateway.held_notice import Lately, lately
from gateway.more import More
from gateway.own_words import Told
from gateway.sender import Verified
from gateway.sent_letter import Letter
from gateway.token import Token
from store.tables import Event, KnownMessage, Outbox, Ticket, core

CAP_WINDOW = timedelta(hours=2)
RECEIPTS = ("received", "not_done", "partly_refused", "done", "confirm", "answer")  # letters that answer a mail


@dataclass(frozen=True, slots=True)
class Incoming:
    """One received mail, read, with what its addresses mean here."""

    received_id: int
    envelope: Envelope
    message: Message
    recipients: tuple[Recipient, ...]  # ours only: To, Cc, then envelope
    key: bytes
    files: tuple[File, ...] = ()
    refused_files: tuple[str, ...] = ()
    wish: str = ""  # "ticket", or the number of a ticket: what a person decided about it
    verified: Verified = Verified("none", "")
    asks: Asks = NOTHING
    numbers: tuple[str, ...] = ()  # of tickets, that its subject names

    @property
    def sender(self) -> str:
        """The address that wrote it, as a key; "" when From names nobody, or several."""
        return self.message.sender.key


@dataclass(slots=True)
class View:
    """The desk as a batch of mails finds it; what the batch does is noted here, so that later mails see it."""

    staff: dict[int, StaffState] = field(default_factory=dict)
    teams: dict[str, TeamState] = field(default_factory=dict)
    contacts: dict[str, ContactState] = field(default_factory=dict)  # by lower-case address
    tickets: dict[int, TicketState] = field(default_factory=dict)
    known_messages: dict[bytes, list[int]] = field(default_factory=dict)
    handled: dict[bytes, int] = field(default_factory=dict)  # fingerprint → received id
    came: dict[bytes, datetime] = field(default_factory=dict)  # fingerprint → when that mail came, of nameless ones
    outlived: dict[bytes, int] = field(default_factory=dict)  # fingerprint → a nameless mail that is too old to count
    letters: dict[int, Letter] = field(default_factory=dict)
    opened: Counter[int] = field(default_factory=Counter)  # contact → new tickets within CAP_WINDOW
    automatic: Counter[str] = field(default_factory=Counter)  # address → automatic letters within a day
    receipts: Counter[tuple[str, int]] = field(default_factory=Counter)  # address, ticket → receipts within a day
    first_receipts: Counter[str] = field(default_factory=Counter)  # address → receipts as a stranger, within an hour
    first_receipts_minute: int = 0  # receipts to strangers within a minute
    told_of_strangers: Counter[str] = field(default_factory=Counter)  # staff's address → such letters within an hour
    told: dict[int, Told] = field(default_factory=dict)  # ticket → what stands in it; only where staff wrote
    held: Lately = field(default_factory=Lately)
    muted: dict[str, list[Mute]] = field(default_factory=dict)  # who wrote, `letters` went to, or is to be told of it
    staff_by_address: dict[str, StaffState] = field(default_factory=dict)
    by_number: dict[str, int] = field(default_factory=dict)
    people: dict[int, ContactState] = field(default_factory=dict)  # by id: approvers, and who asked for an alert
    more: More = field(default_factory=More)

    def ticket(self, ticket_id: int) -> TicketState | None:
        """A ticket, or the one it was merged into."""
        return load.survivor(ticket_id, self.tickets)


def message_key(message_id: str) -> bytes:
    """The digest under which a Message-ID is kept."""
    return hashlib.blake2b(message_id.encode("utf-8", "replace"), digest_size=16).digest()


def ours(addresses: Addresses, envelope: Envelope, message: Message) -> tuple[Recipient, ...]:
    """What the recipients mean, in the order that decides who owns the mail: To, Cc, then the envelope."""
    named = [mailbox.address for mailbox in (*message.to, *message.cc)]
    routed = [*named, *envelope.recipients, *message.delivered_to]
    return tuple(found for address in dict.fromkeys(routed) if (found := addresses.find(address)))


def load_view(
    session: Session,
    batch: Sequence[Incoming],
    addresses: Addresses,
    now: datetime,
    levels: Levels,
    *,
    lock: bool = False,
    numbers: Numbers = STANDARD,
) -> View:
    """Load everything for a batch; with `lock`, the tickets of the batch are this transaction's alone."""
    view = View(staff=load.staff(session))
    view.teams = load.teams(session, view.staff)
    view.staff_by_address = {person.address: person for person in view.staff.values()}
    people = {mail.sender or mail.envelope.reverse_path.lower() for mail in batch}
    people |= {mailbox.key for mail in batch for mailbox in (*mail.message.to, *mail.message.cc)}
    people |= {mail.message.forwarded.sender.key for mail in batch if mail.message.forwarded}
    people = people.union(*(mail.asks.addresses for mail in batch))
    view.contacts = load.contacts_by_address(session, people, levels)
    repeats.load(session, batch, view)
    view.more.canaries = canary.flying(session, {canary_token.of(m, addresses.keys) for m in batch} - {0}, now)
    view.letters = _letters(session, batch, addresses)
    for key, ticket_id in _known(session, batch):
        view.known_messages.setdefault(key, []).append(ticket_id)
    _load_tickets(session, batch, view, addresses, now, levels, numbers, lock=lock)
    load.see_below(session, [*view.contacts.values(), *view.people.values()], view.tickets.values())
    # After the lock: of two processes with a report on one letter, the second sees what the first has muted.
    view.muted = muting.active(session, _may_be_muted(batch, view))
    view.by_number = {ticket.number: ticket.id for ticket in view.tickets.values()}
    view.told = _told(session, batch, view)
    view.held = lately(session, {mail.message.sender.address[:320] for mail in batch}, now)
    at_work = [person for address in people if (person := view.staff_by_address.get(address))]
    _load_caps(session, view, at_work, now)
    return view


def _load_tickets(
    session: Session, batch: Sequence[Incoming], view: View, addresses: Addresses, now: datetime, levels: Levels,
    numbers: Numbers, *, lock: bool,
) -> None:  # fmt: skip
    """The tickets that the mails name in whatever way; then what the commands of these mails need to know of them."""
    asked = frozenset[str]().union(*(mail.asks.words for mail in batch))
    tokens = [r.token for mail in batch for r in mail.recipients if r.token]
    named = {named for mail in batch for named in references(mail.message)}
    ours = {name: token for name in named if (token := addresses.token_of(name))}
    waiting = {token.person_id for token in (*tokens, *ours.values()) if token.kind == "confirm"}
    more.pending(session, waiting, view.more, lock=lock)
    asked, numbered = _confirmed(session, view, asked, levels, numbers)
    more.named(session, [mail.message.subject for mail in batch], view.more)
    ids = _ticket_ids(batch, view, addresses)
    ids = ids.union(*view.more.references.values(), *view.more.old_numbers.values())
    ids |= {pending.ticket_id for pending in view.more.pending.values() if pending.ticket_id}
    view.tickets = load.tickets(session, ids, _numbers(batch) | numbered, levels=levels, lock=lock)
    known.children(session, view.tickets, view.more)
    known.alerts(session, view.tickets, view.more)
    known.approvals(session, view.tickets, view.more)
    more.asked_for(session, asked, view.tickets, view.more)
    if asked & more.LANE and any(mail.sender in view.staff_by_address for mail in batch):
        more.lane(session, view.tickets, {outbox_id(name) for name in ours} - {0}, view.more)
    if asked & more.SITES:
        known.sites(session, view.contacts.values(), view.tickets.values(), view.more)
    if asked & more.ORGANISATIONS:
        known.organisations(session, view.contacts.values(), view.tickets.values(), view.more)
    view.people = load.contacts_by_id(session, _people_ids(view), levels)
    senders = [(view.contacts.get(mail.sender), view.staff_by_address.get(mail.sender), mail.asks) for mail in batch]
    more_people.load(session, senders, view.staff_by_address, view.more.pending.values(), view.more.folk, now)


def _confirmed(
    session: Session, view: View, asked: frozenset[str], levels: Levels, numbers: Numbers
) -> tuple[frozenset[str], frozenset[str]]:
    """What a “confirm” asks for needs the same: its commands and ticket numbers; the people it names are loaded."""
    commands = [command for pending in view.more.pending.values() for command in pending.commands]
    numbered, addresses = names_in("\n".join(argument for _, argument in commands), numbers)
    view.contacts |= load.contacts_by_address(session, addresses - view.contacts.keys(), levels)
    return asked | {word for word, _ in commands}, numbered


def _people_ids(view: View) -> set[int]:
    ids = {contact_id for wanted in view.more.alerts.values() for contact_id, _ in wanted}
    ids = ids.union(*view.more.approvals.values(), *view.more.boards.values())
    ids |= {entry.contact_id for entries in view.more.lane.values() for entry in entries if entry.contact_id}
    ids |= {entry.contact_id for entry in view.more.told.values() if entry.contact_id}
    return ids | {pending.contact_id for pending in view.more.pending.values() if pending.contact_id}


def _numbers(batch: Iterable[Incoming]) -> set[str]:
    named = {n for mail in batch for n in (*mail.numbers, mail.wish)} - {"", WISH_TICKET}
    return named.union(*(mail.asks.numbers for mail in batch))


def references(message: Message) -> tuple[str, ...]:
    """The mails this one answers: In-Reply-To, then References newest first."""
    return tuple(dict.fromkeys((*message.in_reply_to, *reversed(message.references))))


_NAMES = core(KnownMessage)
_KNOWN = select(_NAMES.c.key, _NAMES.c.ticket_id).where(_NAMES.c.key.in_(bindparam("keys", expanding=True)))


def _known(session: Session, batch: Iterable[Incoming]) -> list[tuple[bytes, int]]:
    # Its own id too: another mail of the same name may be indexed already.
    keys = {message_key(named) for m in batch for named in (*references(m.message), m.message.message_id) if named}
    if not keys:
        return []
    rows = session.connection().execute(_KNOWN, {"keys": list(keys)})
    return [(bytes(key), ticket_id) for key, ticket_id in rows]


def letter_claims(mail: Incoming, addresses: Addresses) -> list[tuple[int, Token]]:
    """The letters of ours that a report or an automatic answer names, each with the token that it brings for it."""
    claims = [(r.token.person_id, r.token) for r in mail.recipients if r.token and r.token.kind == "delivery"]
    # A person answers a letter too: only a machine's answer says something about its delivery.
    answered = references(mail.message) if mail.message.machine else ()
    for named in (*mail.message.reported_ids, *answered):
        if token := addresses.token_of(named):
            claims.append((outbox_id(named), token))
    return [claim for claim in dict.fromkeys(claims) if claim[0]]


def outbox_id(message_id: str) -> int:
    """The outbox row in a Message-ID of ours: <t20190409.0967.o17.r-token@host>."""
    piece = message_id.rpartition(".r-")[0].rpartition(".o")[2]
    return int(piece) if piece.isascii() and piece.isdigit() else 0


def _letters(session: Session, batch: Iterable[Incoming], addresses: Addresses) -> dict[int, Letter]:
    ids = {i for mail in batch if mail.message.automatic for i, _ in letter_claims(mail, addresses)}
    if not ids:
        return {}
    people = (Outbox.contact_id, Outbox.staff_id, Outbox.kind, Outbox.recipient_name)
    found = select(Outbox.id, Outbox.recipient, Outbox.ticket_id, *people).where(Outbox.id.in_(ids))
    return {row.id: Letter(*row) for row in session.execute(found)}


def _may_be_muted(batch: Iterable[Incoming], view: View) -> set[str]:
    """Whom mails came from, for they live; and whom a report may mute, with the staff who are then told."""
    addresses = {mail.sender for mail in batch if mail.sender and mail.message.machine is None}
    if view.letters:
        addresses |= {letter.recipient.lower() for letter in view.letters.values()} | set(view.staff_by_address)
    return addresses


def _told(session: Session, batch: Iterable[Incoming], view: View) -> dict[int, Told]:
    """What customers have read of the tickets, and what they have not: an answer of staff must not mix them up."""
    if not view.tickets or not any(mail.sender in view.staff_by_address for mail in batch):
        return {}
    texts: dict[int, list[tuple[str, str, int | None]]] = {}
    columns = (Event.ticket_id, Event.visibility, Event.text, Event.staff_id)
    for row in session.execute(select(*columns).where(Event.ticket_id.in_(view.tickets))):
        texts.setdefault(row.ticket_id, []).append((row.visibility, row.text, row.staff_id))
    return {ticket_id: Told.of(found) for ticket_id, found in texts.items()}


def _ticket_ids(batch: Iterable[Incoming], view: View, addresses: Addresses) -> set[int]:
    ids = {ticket_id for found in view.known_messages.values() for ticket_id in found}
    ids |= {letter.ticket_id for letter in view.letters.values() if letter.ticket_id}
    for mail in batch:
        ids |= {r.token.ticket_id for r in mail.recipients if r.token}
        tokens = (addresses.token_of(named) for named in references(mail.message))
        ids |= {token.ticket_id for token in tokens if token}
    return ids - {0}


_TICKET, _LETTER = core(Ticket).c, core(Outbox).c
_OPENED = (
    select(_TICKET.requester_id, func.count())
    .where(_TICKET.requester_id.in_(bindparam("senders", expanding=True)), _TICKET.created_at > bindparam("since"))
    .group_by(_TICKET.requester_id)
)
_WRITTEN = select(_LETTER.recipient, _LETTER.kind, _LETTER.ticket_id, _LETTER.first_receipt, _LETTER.created_at).where(
    _LETTER.recipient.in_(bindparam("recipients", expanding=True)),
    _LETTER.created_at > bindparam("since"),
    _LETTER.automatic,
)
_GREETED = select(func.count()).where(_LETTER.first_receipt, _LETTER.created_at > bindparam("since"))


def _load_caps(session: Session, view: View, at_work: list[StaffState], now: datetime) -> None:
    connection = session.connection()
    senders = [contact.id for contact in view.contacts.values()]
    if senders:
        opened = connection.execute(_OPENED, {"senders": senders, "since": now - CAP_WINDOW})
        for requester_id, count in opened:
            view.opened[requester_id] = count
    written = [contact.address for contact in view.contacts.values()] + [person.address for person in at_work]
    if written:
        day = connection.execute(_WRITTEN, {"recipients": written, "since": now - timedelta(days=1)})
        for recipient, kind, ticket_id, first, created_at in day:
            view.automatic[recipient.lower()] += 1
            if kind in RECEIPTS and ticket_id:
                view.receipts[recipient.lower(), ticket_id] += 1
            if first and created_at > now - timedelta(hours=1):
                view.first_receipts[recipient.lower()] += 1
    view.first_receipts_minute = connection.scalar(_GREETED, {"since": now - timedelta(minutes=1)}) or 0
    view.told_of_strangers = gathering.told_lately(session, now)
