"""Carries a decision out: ticket or note, people, files, letters, disposition; all collected in one Writes."""

from dataclasses import replace

from desk import notices, people, tickets
from desk.state import ContactState, TicketState
from desk.writes import Writes
from gateway import bounced, entry_of, held_notice, match, on_behalf, staff_mail, who
from gateway.decide import Case, Decision
from gateway.desk_addresses import Recipient
from gateway.held_notice import Held
from gateway.receipt import answer, send_receipt
from gateway.subject import bare
from gateway.view import message_key
from store.tables import Disposition, KnownMessage, MailKey, ReceivedMail


def apply(decision: Decision, case: Case, writes: Writes) -> Decision:
    """Collect the rows of one mail. The decision that comes back says what was really done."""
    if decision.kind == "opened":
        decision = _open(decision, case, writes)
    elif decision.kind == "noted" and decision.write in ("reply", "internal"):
        decision = staff_mail.apply(decision, case, writes, entry_of.note(decision, case))
    elif decision.kind == "noted":
        _note(decision, case, writes)
    elif decision.kind == "folded":
        _fold(decision, case, writes)
    elif decision.kind == "held":
        _tell_held(decision, case, writes)
    bounced.heard(decision, case, writes)
    return decision


def _open(decision: Decision, case: Case, writes: Writes) -> Decision:
    mail, view = case.mail, case.view
    owner, subject = _owner(case), bare(mail.message.subject)
    passed_on = on_behalf.original(decision, case)
    requester = who.sender_of(passed_on, case, writes) if passed_on else who.author(case, writes)
    ticket = tickets.open_ticket(
        writes,
        requester=requester,
        title=subject,
        kind=owner.type or owner.desk.type,
        desk_address=owner.desk.address,
        team=view.teams.get(owner.desk.team),
        now=case.now,
    )
    view.tickets[ticket.id] = ticket
    view.opened[requester.id] += 1
    named, waiting = _named(decision, case, writes)
    added = tickets.add_people(writes, ticket, named, case.now)
    entry = entry_of.with_words(entry_of.note(replace(decision, contact=requester), case))
    if len(subject) > tickets.TITLE_LENGTH:
        entry = entry_of.with_subject(subject, entry)
    if passed_on:
        entry, inside = on_behalf.entries(passed_on, entry, requester, decision, case)
        tickets.note(writes, ticket, inside)
        decision = replace(decision, reason=f"{decision.reason} For {requester.address}, whose mail was passed on.")
    event_id = tickets.note(writes, ticket, entry_of.with_words(entry))
    if decision.continues_id:
        tickets.link(writes, ticket, decision.continues_id, "continues", case.now)
    for mentioned in decision.mentions:
        tickets.link(writes, ticket, mentioned, "mentions", case.now)
    remember(case, writes, ticket)
    if passed_on:
        _index(passed_on.message_id, case, writes, ticket)
    decision = send_receipt(decision, case, writes, ticket, event_id, added)
    hints = entry_of.hints(case, ticket, entry, waiting, passed_on=passed_on is not None)
    for member in notices.staff_of(ticket, view.teams, view.staff, decision.staff):
        notices.note_to_staff(writes, "new_ticket", member, case.now, ticket, event_id, {"hints": hints})
    return replace(decision, ticket_id=ticket.id, contact=requester)


def _owner(case: Case) -> Recipient:
    """The address of ours that the mail belongs to: the first one it names, else the main one."""
    return case.mail.recipients[0] if case.mail.recipients else Recipient(case.addresses.main)


def _note(decision: Decision, case: Case, writes: Writes) -> None:
    """The customer side writes: public, or pending for somebody who does not take part."""
    ticket = _ticket(decision, case)
    author = who.author(case, writes)
    public = decision.write != "lane"
    if public and decision.match.chosen and decision.match.chosen.proof == "own_token":
        people.confirm(writes, author)
    entry = entry_of.with_words(entry_of.note(replace(decision, contact=author), case))
    if decision.write == "note":
        entry = replace(entry, changes=tickets.customer_wrote(writes, ticket, case.now))
    event_id = tickets.note(writes, ticket, entry)
    waiting: list[str] = []
    if decision.write == "note":
        # Only those who take part add people: a Cc is a way in.
        if author.id == ticket.requester.id or author.id in ticket.people:
            named, waiting = _named(decision, case, writes)
            tickets.add_people(writes, ticket, named, case.now)
        notices.update(writes, ticket, event_id, case.now, author=author, has_words=True, fold=case.rules.fold)
    context = {**_lane(decision, author), "hints": entry_of.hints(case, ticket, entry, waiting)}
    for member in notices.staff_of(ticket, case.view.teams, case.view.staff):
        notices.note_to_staff(writes, "customer_wrote", member, case.now, ticket, event_id, context)
    if case.mail.refused_files and public:
        answer("partly_refused", case.mail.refused_files, author, case, writes, ticket, event_id)
    remember(case, writes, ticket)


def _lane(decision: Decision, author: ContactState) -> dict[str, str]:
    """What staff must know before they answer."""
    if decision.write == "unverified":
        return {"lane": "The sender is not verified: the ticket number was all that the mail brought."}
    if decision.write == "lane":
        return {"lane": f"{author.name or author.address} does not take part in this ticket. Customers do not see it."}
    return {}


def _fold(decision: Decision, case: Case, writes: Writes) -> None:
    """A machine's words: an internal event that changes nothing."""
    bounced.record(decision, case, writes)
    ticket = case.view.ticket(decision.ticket_id) if decision.ticket_id else None
    if ticket is None:
        return
    event_id = tickets.note(writes, ticket, entry_of.automatic(decision, case))
    if _may_be_a_person(decision, case):
        context = {"hints": ["It looks like a machine's mail: nothing was changed, and customers do not see it."]}
        for member in notices.staff_of(ticket, case.view.teams, case.view.staff):
            notices.note_to_staff(writes, "customer_wrote", member, case.now, ticket, event_id, context)


def _may_be_a_person(decision: Decision, case: Case) -> bool:
    """Who answers an invitation, or our letter to them from behind a list or group, may have written words."""
    chosen = decision.match.chosen
    if decision.contact is None or decision.staff is not None or chosen is None:
        return False
    kind = case.mail.message.automatic
    return kind == "calendar-answer" or (kind in ("list", "bulk") and chosen.proof == "own_token")


def _tell_held(decision: Decision, case: Case, writes: Writes) -> None:
    """A person decides, so a person is told; but not of a machine's answer to a letter of ours, which would go on."""
    message, view = case.mail.message, case.view
    if message.machine and (case.staff or match.reported(case.mail, view, case.addresses)):
        return
    team = view.teams.get(_owner(case).desk.team)
    mail = Held(
        case.mail.received_id, decision.rule, decision.reason, message.sender.address[:320], message.subject[:300]
    )
    most = case.rules.caps.automatic_letters_per_day
    held_notice.tell(writes, mail, notices.members(team, view.staff), view.held, case.now, most)


def _named(decision: Decision, case: Case, writes: Writes) -> tuple[list[ContactState], list[str]]:
    message = case.mail.message
    return who.named(case, writes, message.to, message.cc, sure=who.is_sure(decision))


def _ticket(decision: Decision, case: Case) -> TicketState:
    ticket = case.view.ticket(decision.ticket_id) if decision.ticket_id else None
    if ticket is None:
        raise RuntimeError(f"the decision {decision.rule} names no ticket")
    return ticket


def remember(case: Case, writes: Writes, ticket: TicketState) -> None:
    """Index the Message-ID, so that an answer to this mail finds the ticket (E3)."""
    _index(case.mail.message.message_id, case, writes, ticket)


def _index(message_id: str, case: Case, writes: Writes, ticket: TicketState) -> None:
    if message_id:
        key = message_key(message_id)
        known = case.view.known_messages.setdefault(key, [])
        if ticket.id not in known:
            known.append(ticket.id)
            writes.add(KnownMessage, key=key, ticket_id=ticket.id)


def dispose(decision: Decision, case: Case, writes: Writes) -> None:
    """Note what became of the mail; called when the new tickets have their numbers."""
    mail = case.mail
    writes.add(
        Disposition,
        received_id=mail.received_id,
        at=case.now,
        kind=decision.kind,
        rule=decision.rule,
        reason=decision.reason,
        ticket_id=decision.ticket_id,
        sender=mail.message.sender.address[:320],
        subject=mail.message.subject[:300],
        evidence=decision.evidence(),
    )
    if case.view.handled.get(mail.key) == mail.received_id and decision.rule != "duplicate":
        writes.add(MailKey, key=mail.key, received_id=mail.received_id)
    writes.change(ReceivedMail, mail.received_id, waiting=False, lease_until=None)
    writes.tally[decision.kind] += 1
