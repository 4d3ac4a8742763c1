"""Old mail becomes tickets: the first mail of a thread opens one, the others are its notes, each at its true time.

No rule of today is asked: no command is read, nobody is written to, no cap counts, and no due time begins.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from desk import tickets
from desk.state import StaffState, TicketState
from desk.tickets import Note
from desk.writes import Writes
from gateway import entry_of, moving_people, old_numbers, opening, routing
from gateway.apply import dispose
from gateway.case import Case, Decision
from gateway.desk_addresses import Addresses
from gateway.indexing import remember
from gateway.match import Match
from gateway.rules import Rules
from gateway.subject import bare
from gateway.view import Incoming, View
from store.tables import Event, Ticket

RULE = "moved-in"  # of all that it disposes of, but for what is held
COPY = "moved-in-copy"
State = Literal["auto", "complete", "resolved", "open"]


@dataclass(frozen=True, slots=True)
class Old:
    """One old mail, read."""

    incoming: Incoming
    at: datetime
    ours: bool  # somebody at the desk wrote it
    inside: bool  # and to nobody but the desk
    copy: bool  # of another mail of the thread

    @property
    def proven(self) -> bool:
        """A server that is believed says so, or the desk kept it where it wrote it: it never passed a server."""
        verified = self.incoming.verified.verdict
        return verified == "pass" or (verified == "none" and self.ours and not self.incoming.message.hops)


@dataclass(frozen=True, slots=True)
class Spoke:
    """Who spoke last in a thread, machines aside, and what follows from it for the ticket."""

    at: datetime
    by_ours: bool = False
    answered: bool = False  # the desk wrote to the customer, at any time
    staff_id: int | None = None  # who did so last


@dataclass(frozen=True, slots=True)
class Thread:
    """Old mails that are one conversation, or the next part of a long one."""

    mails: Sequence[Old]
    ticket_id: int | None = None  # the ticket that it goes on
    fresh: bool = True  # that ticket, if any, was made by this very move
    related: TicketState | int | None = None  # another ticket that it has to do with
    numbers: Collection[str] = ()  # in other systems
    spoke: Spoke | None = None  # in the parts before


@dataclass(frozen=True, slots=True)
class Wish:
    """How old tickets are to be."""

    now: datetime  # of the move
    origin: str  # where the mail comes from, for people
    closed_before: datetime  # who spoke last before that spoke last for good
    state: State = "auto"


@dataclass(frozen=True, slots=True)
class Filed:
    """What became of a thread: a decision for each mail, in order."""

    ticket: TicketState | None
    decisions: Sequence[tuple[Decision, Case]]
    spoke: Spoke | None
    opened: bool = False


@dataclass(slots=True)
class Filing:
    """Files the threads of one transaction; `numbered` comes after the tickets have their numbers."""

    view: View
    writes: Writes
    rules: Rules
    addresses: Addresses
    is_ours: Callable[[str], bool]
    wish: Wish
    updated: dict[int, datetime] = field(default_factory=dict)  # of tickets that were there: when they last changed
    done: list[tuple[Decision, Case]] = field(default_factory=list)

    def thread(self, thread: Thread) -> Filed:
        """Collect the rows of a thread, but for the dispositions of its mails."""
        ticket = self.view.ticket(thread.ticket_id) if thread.ticket_id else None
        opener = None
        if ticket is None and (opener := _opener(thread.mails, self._is_letter)):
            ticket = self._open(thread, opener)
        spoke, decisions = thread.spoke, []
        for mail in thread.mails:
            case, decision = self._case(mail), self._decision(mail, ticket, opener)
            if ticket is not None and decision.kind in ("opened", "noted", "folded"):
                decision, spoke = self._enter(decision, case, ticket, mail, spoke)
                if decision.kind != "folded" and (opener or thread.fresh):  # nobody new may read what was there before
                    known = moving_people.known(case, self.writes, decision.contact, ticket, self.is_ours)
                    tickets.add_people(self.writes, ticket, known, mail.at)
            decisions.append((decision, case))
        self.done += decisions
        if ticket is not None:
            self._finish(thread, ticket, spoke, opened=opener is not None)
        return Filed(ticket, decisions, spoke, opener is not None)

    def numbered(self) -> None:
        """Note what became of each mail."""
        for decision, case in self.done:
            self.view.handled.setdefault(case.mail.key, case.mail.received_id)
            dispose(decision, replace(case, now=self.wish.now), self.writes)

    def _is_letter(self, mail: Incoming) -> bool:
        """A letter of this desk itself, kept in the mailbox."""
        ours = self.rules.instance in mail.message.instances
        return ours or self.addresses.token_of(mail.message.message_id) is not None

    def _case(self, mail: Old) -> Case:
        view, sender = self.view, mail.incoming.sender
        contact, staff = view.contacts.get(sender) if sender else None, view.staff_by_address.get(sender)
        return Case(
            mail.incoming, view, self.rules, self.addresses, mail.at, mail.incoming.verified, contact, staff, Match()
        )

    def _decision(self, mail: Old, ticket: TicketState | None, opener: Old | None) -> Decision:
        message = mail.incoming.message
        if mail.copy:
            return Decision("ignored", COPY, "Another copy of a mail that was moved in, with a few other words.")
        if self._is_letter(mail.incoming):
            return Decision("ignored", RULE, "It is a letter of this desk, kept in the mailbox.")
        if message.over_limit:
            reason = f"The mail is built in a way that is not safe to open: {message.over_limit}."
            return Decision("held", "over-limit", reason)
        words = (message.machine or "").replace("-", " ")
        if ticket is None:
            return Decision("ignored", RULE, f"An old automatic mail ({words}) that belongs to no conversation.")
        if mail is opener:
            return Decision("opened", RULE, "The first mail of an old conversation.", "note", ticket.id)
        if message.machine:
            return Decision("folded", RULE, f"An old automatic mail ({words}): shown as an event.", ticket_id=ticket.id)
        write: Literal["note", "internal"] = "internal" if mail.inside else "note"
        return Decision("noted", RULE, "A mail of an old conversation.", write, ticket.id)

    def _open(self, thread: Thread, opener: Old) -> TicketState:
        case = self._case(opener)
        requester = moving_people.requester(thread.mails, opener, case, self.writes, self.wish.now, self.is_ours)
        to = opening.owner(case)
        kind = to.type or to.desk.type
        ticket = tickets.open_ticket(
            self.writes,
            requester=requester,
            title=bare(old_numbers.strip(case.mail.message.subject), case.rules.numbers),
            kind=kind,
            desk_address=to.desk.address,
            team=routing.team_at_first(case, kind, to.desk.team),
            now=opener.at,
            priority=self.rules.catalogue.usual_priority,
        )
        self.view.tickets[ticket.id] = ticket
        numbers = f" Its number there: {', '.join(sorted(thread.numbers))}." if thread.numbers else ""
        others = ", ".join(moving_people.not_added(thread.mails, ticket, self.view, self.is_ours))
        named = f" Also named, and not added: {others}. #cc +address adds them." if others else ""
        words = f"Moved in from {self.wish.origin}.{numbers}{named}"
        entry = Note(None, words, opener.at, visibility="internal", received_id=opener.incoming.received_id)
        tickets.note(self.writes, ticket, entry)
        related = thread.related.id if isinstance(thread.related, TicketState) else thread.related
        if related:
            tickets.link(self.writes, ticket, related, "related", self.wish.now)
        return ticket

    def _enter(
        self, decision: Decision, case: Case, ticket: TicketState, mail: Old, spoke: Spoke | None
    ) -> tuple[Decision, Spoke | None]:
        """The entry of a mail, and its Message-ID. What says that it is the desk's, and is not proven, staff see."""
        if decision.kind == "folded":
            decision = replace(decision, contact=case.contact, staff=case.staff)
            tickets.note(self.writes, ticket, entry_of.automatic(decision, case))
            remember(case, self.writes, ticket)
            return decision, spoke
        staff = moving_people.at_the_desk(mail.incoming.message.sender, self.view) if mail.ours else None
        author = None if mail.ours else moving_people.author(case, self.writes, self.wish.now)
        decision = replace(decision, contact=author, staff=staff, verified=case.verified)
        entry = replace(entry_of.note(decision, case), verified=mail.proven)
        inside = decision.kind == "noted" and mail.inside
        believed = mail.proven or (case.verified.verdict == "none" and not mail.ours)
        if inside or not believed:
            entry = replace(entry, visibility="internal")
        subject = bare(case.mail.message.subject, case.rules.numbers)
        if decision.kind == "opened" and len(subject) > tickets.TITLE_LENGTH:
            entry = entry_of.with_subject(subject, entry)
        event_id = tickets.note(self.writes, ticket, entry_of.with_words(entry))
        if mail.ours and staff is None:  # the desk as such, or somebody who left before there was this desk
            name = mail.incoming.message.sender.name or mail.incoming.message.sender.address
            self.writes.change(Event, event_id, author=name[:200])
        remember(case, self.writes, ticket)
        return decision, _spoken(mail, staff, spoke, public=not inside)

    def _finish(self, thread: Thread, ticket: TicketState, spoke: Spoke | None, *, opened: bool) -> None:
        """Of a new ticket the state that it ends in; one that was there keeps what it has, and its place in lists."""
        if ticket.id in self.updated and not (opened or (thread.fresh and thread.ticket_id)):
            last = max([self.updated[ticket.id], *(mail.at for mail in thread.mails)])
            self.writes.change(Ticket, ticket.id, updated_at=last)
        elif spoke is not None and (opened or thread.fresh):
            status, done = _status(self.wish, spoke)
            ticket.status, ticket.completed_at, ticket.assignee_id = status, done, spoke.staff_id
            # `waiting_since` stays empty: nobody is reminded of what they did not answer years ago.
            self.writes.change(Ticket, ticket.id, status=status, completed_at=done, assignee_id=spoke.staff_id)


def _opener(mails: Sequence[Old], is_letter: Callable[[Incoming], bool]) -> Old | None:
    """The first mail that a ticket can begin with, if anybody but machines speaks in the thread."""
    usable = [m for m in mails if not (m.copy or m.incoming.message.over_limit or is_letter(m.incoming))]
    if all(mail.incoming.message.machine for mail in usable):
        return None
    return next(mail for mail in usable if mail.incoming.message.machine in (None, "list", "bulk"))


def _spoken(mail: Old, staff: StaffState | None, before: Spoke | None, *, public: bool) -> Spoke:
    answers = mail.ours and public
    named = staff.id if answers and staff and staff.active else before.staff_id if before else None
    by_ours = mail.ours if public or before is None else before.by_ours
    return Spoke(mail.at, by_ours, answers or bool(before and before.answered), named)


def _status(wish: Wish, spoke: Spoke) -> tuple[str, datetime | None]:
    """The status that a ticket ends in, and since when it is done."""
    if wish.state == "resolved":
        return "Resolved", spoke.at
    if wish.state == "complete" or (wish.state == "auto" and spoke.at < wish.closed_before):
        return "Complete", spoke.at
    if spoke.by_ours:
        return "Waiting Customer", None
    return ("Update Added" if spoke.answered else "New"), None
