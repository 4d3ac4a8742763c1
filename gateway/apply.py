"""Carries a decision out: ticket or note, people, files, letters, disposition; all collected in one Writes."""

from dataclasses import replace

from desk import notices, people, tickets
from desk.state import ContactState, TicketState
from desk.tickets import Note
from desk.writes import Writes
from gateway import bounced, staff_mail, who
from gateway.decide import Case, Decision
from gateway.receipt import answer, send_receipt
from gateway.rules import NOTE_LENGTH
from gateway.subject import bare
from gateway.view import message_key
from store.tables import Disposition, KnownMessage, MailKey, ReceivedMail

NO_WORDS = "The mail has no text."


def apply(decision: Decision, case: Case, writes: Writes) -> Decision:
    """Collect the rows of one mail. The decision that comes back says what was really done."""
    if decision.kind == "opened":
        decision = _open(decision, case, writes)
    elif decision.kind == "noted" and decision.write in ("reply", "internal"):
        decision = staff_mail.apply(decision, case, writes, note_of(decision, case))
    elif decision.kind == "noted":
        _note(decision, case, writes)
    elif decision.kind == "folded":
        _fold(decision, case, writes)
    return decision


def _open(decision: Decision, case: Case, writes: Writes) -> Decision:
    mail, view = case.mail, case.view
    recipient = mail.recipients[0] if mail.recipients else None
    desk = recipient.desk if recipient else case.addresses.main
    requester = who.author(case, writes)
    ticket = tickets.open_ticket(
        writes,
        requester=requester,
        title=bare(mail.message.subject),
        kind=(recipient.type if recipient else "") or desk.type,
        desk_address=desk.address,
        team=view.teams.get(desk.team),
        now=case.now,
    )
    view.tickets[ticket.id] = ticket
    view.opened[requester.id] += 1
    added = tickets.add_people(writes, ticket, _named(case, writes), case.now)
    entry = _with_words(note_of(replace(decision, contact=requester), case))
    if len(bare(mail.message.subject)) > tickets.TITLE_LENGTH:
        entry = _with_subject(bare(mail.message.subject), entry)
    event_id = tickets.note(writes, ticket, entry)
    if decision.continues_id:
        tickets.link(writes, ticket, decision.continues_id, "continues", case.now)
    for mentioned in decision.mentions:
        tickets.link(writes, ticket, mentioned, "mentions", case.now)
    remember(case, writes, ticket)
    decision = send_receipt(decision, case, writes, ticket, event_id, added)
    for member in notices.staff_of(ticket, view.teams, view.staff, decision.staff):
        notices.letter(writes, "new_ticket", member, case.now, ticket=ticket, event_id=event_id, automatic=False)
    return replace(decision, ticket_id=ticket.id, contact=requester)


def _with_subject(subject: str, entry: Note) -> Note:
    """A subject too long for a title stands whole above the words; what then has no room is kept beside."""
    text = f"{subject}\n\n{entry.text}"
    if len(text) <= NOTE_LENGTH:
        return replace(entry, text=text)
    return replace(entry, text=text[: NOTE_LENGTH - 1] + "…", folded=f"{subject}\n\n{entry.folded or entry.text}")


def _note(decision: Decision, case: Case, writes: Writes) -> None:
    """The customer side writes: public, or pending for somebody who does not take part."""
    ticket = _ticket(decision, case)
    author = who.author(case, writes)
    public = decision.write != "lane"
    if public and decision.match.chosen and decision.match.chosen.proof == "own_token":
        people.confirm(writes, author)
    entry = _with_words(note_of(replace(decision, contact=author), case))
    if decision.write == "note":
        entry = replace(entry, changes=tickets.customer_wrote(writes, ticket, case.now))
    event_id = tickets.note(writes, ticket, entry)
    if decision.write == "note":
        # Only those who take part add people: a Cc is a way in.
        if author.id == ticket.requester.id or author.id in ticket.people:
            tickets.add_people(writes, ticket, _named(case, writes), case.now)
        notices.update(writes, ticket, event_id, case.now, author=author, has_words=True, fold=case.rules.fold)
    _tell_staff(decision, case, writes, ticket, event_id, author)
    if case.mail.refused_files and public:
        answer("partly_refused", case.mail.refused_files, author, case, writes, ticket, event_id)
    remember(case, writes, ticket)


def _tell_staff(
    decision: Decision, case: Case, writes: Writes, ticket: TicketState, event_id: int, author: ContactState
) -> None:
    context = {}
    if decision.write == "unverified":
        context["lane"] = "The sender is not verified: the ticket number was all that the mail brought."
    elif decision.write == "lane":
        context["lane"] = f"{author.name or author.address} does not take part in this ticket. Customers do not see it."
    for member in notices.staff_of(ticket, case.view.teams, case.view.staff):
        notices.letter(
            writes,
            "customer_wrote",
            member,
            case.now,
            ticket=ticket,
            event_id=event_id,
            context=context,
            automatic=False,
        )


def _fold(decision: Decision, case: Case, writes: Writes) -> None:
    """A machine's words: an internal event that changes nothing and tells nobody."""
    bounced.record(decision, case, writes)
    ticket = case.view.ticket(decision.ticket_id) if decision.ticket_id else None
    if ticket is not None:
        entry = replace(note_of(decision, case), kind="automatic", visibility="internal")
        tickets.note(writes, ticket, entry)


def _with_words(entry: Note) -> Note:
    return entry if entry.text or entry.files else replace(entry, text=NO_WORDS)


def note_of(decision: Decision, case: Case) -> Note:
    """The words and files of the mail as an entry; the author is who the decision says."""
    message = case.mail.message
    text = message.reply.strip() or message.text.strip()
    whole = message.text.strip()
    cut = len(text) > NOTE_LENGTH
    return Note(
        author=decision.contact or decision.staff,
        text=text[: NOTE_LENGTH - 1] + "…" if cut else text,
        at=case.now,
        visibility="pending" if decision.write == "lane" else "public",
        verified=_is_verified(decision, case),
        folded=whole if cut or whole != text else "",
        html=message.html,
        files=case.mail.files,
        received_id=case.mail.received_id,
    )


def _is_verified(decision: Decision, case: Case) -> bool:
    """Where nothing verifies senders, people whom staff know are taken at their word, as they are on paper."""
    if not case.mail.sender:
        return False  # no From, or several: the reverse path stood in
    chosen = decision.match.chosen
    if decision.verified.verdict == "pass" or (chosen and chosen.proof == "own_token"):
        return True
    if case.rules.trusted_authserv_ids or decision.write in ("unverified", "lane"):
        return False
    return decision.staff is not None or (decision.contact is not None and decision.contact.known)


def _named(case: Case, writes: Writes) -> list[ContactState]:
    return who.named(case, writes, case.mail.message.to, case.mail.message.cc)


def _ticket(decision: Decision, case: Case) -> TicketState:
    ticket = case.view.ticket(decision.ticket_id) if decision.ticket_id else None
    if ticket is None:
        raise RuntimeError(f"the decision {decision.rule} names no ticket")
    return ticket


def remember(case: Case, writes: Writes, ticket: TicketState) -> None:
    """Index the Message-ID, so that an answer to this mail finds the ticket (E3)."""
    if case.mail.message.message_id:
        key = message_key(case.mail.message.message_id)
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
