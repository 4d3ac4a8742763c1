"""What a mail is to become: a pure function from the mail and the desk as it is to a decision with its evidence."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from desk import lifecycle, statuses, tickets
from desk.access import Person, Write
from desk.held import WISH_TICKET
from desk.state import ContactState, StaffState, TicketState
from gateway import canary, confirm, match, repeats, who
from gateway.case import UNSUBSCRIBE, Case, Decision
from gateway.commands import plain
from gateway.commands.subjects import alone, of_subject
from gateway.desk_addresses import Addresses
from gateway.rules import MAX_HOPS, Rules
from gateway.view import Incoming, View

_NEEDS_TICKET = ("auto-reply", "read-receipt", "calendar-answer")


def decide(mail: Incoming, view: View, rules: Rules, addresses: Addresses, now: datetime) -> tuple[Decision, Case]:
    """The first rule that has an answer decides; the last one always has. With it comes the case it looked at."""
    verified = mail.verified
    staff = view.staff_by_address.get(mail.sender)
    staff = staff if staff and staff.active else None
    contact = view.contacts.get(mail.sender) if mail.sender else None
    person = _person(contact, staff)
    found = match.find(mail, person, verified.verdict, view, addresses)
    case = Case(mail, view, rules, addresses, now, verified, contact, staff, found)
    for rule in RULES:
        if decision := rule(case):
            return replace(decision, match=found, verified=verified, contact=contact, staff=staff), case
    raise AssertionError("the last rule answers always")


def _person(contact: ContactState | None, staff: StaffState | None) -> Person:
    if staff is None:
        return contact.person if contact else Person()
    own = contact.person if contact else Person()
    return replace(own, staff_id=staff.id, active=True)


def _by_hand(case: Case) -> Decision | None:
    """Somebody at the desk looked at a held mail and decided; nothing that held it is asked again."""
    if not case.mail.wish:
        return None
    if case.mail.wish == WISH_TICKET:
        return Decision("opened", "by-hand", "A person decided: a new ticket.", "new")
    ticket_id = case.view.by_number.get(case.mail.wish)
    ticket = case.view.ticket(ticket_id) if ticket_id else None
    if ticket is None:
        return Decision("held", "by-hand", f"A person wanted it on {case.mail.wish}, which is no ticket here.")
    # Of staff as an internal note: nobody vouched for the words being meant for the customer.
    write: Write = "internal" if case.staff else "note"
    return Decision("noted", "by-hand", f"A person decided: a note on {ticket.number}.", write, ticket.id)


def _duplicate(case: Case) -> Decision | None:
    earlier = repeats.earlier(case.mail, case.view)
    if earlier is None:
        return None
    return Decision("ignored", "duplicate", f"The same mail was handled before, as mail {earlier}.")


def _own_mail(case: Case) -> Decision | None:
    message = case.mail.message
    if case.rules.instance not in message.instances and not case.addresses.token_of(message.message_id):
        return None
    return Decision("ignored", "own-mail", "It is a letter of this desk that came back.")


def _over_limit(case: Case) -> Decision | None:
    if case.mail.message.over_limit:
        return Decision(
            "held",
            "over-limit",
            f"The mail is built in a way that is not safe to open: {case.mail.message.over_limit}.",
        )
    if case.mail.message.hops > MAX_HOPS:
        return Decision("held", "hops", f"It passed {case.mail.message.hops} servers: it may be going in circles.")
    return None


def _unsubscribed(case: Case) -> Decision | None:
    """A mail program, or a person, ends letters of a sort. Whatever it says: the address alone means it."""
    stop = next((recipient.stop for recipient in case.mail.recipients if recipient.stop), None)
    if stop is None:
        return None
    return Decision("answered", UNSUBSCRIBE, f"It came to the address that ends letters of a sort: {stop.list}.")


def _report(case: Case) -> Decision | None:
    """Delivery reports and complaints: believed at the letter's own return path, shown when they only name a letter."""
    message = case.mail.message
    if message.automatic not in ("delivery-report", "feedback-report"):
        return None
    ours, rule, reason = match.returned_to(case.mail, case.view), "report", "It reports on a letter of this desk."
    if not ours and message.machine is None:
        # It may be somebody who writes about mail that did not arrive, with one of our letters attached.
        return None
    if not ours:
        ours, rule = match.reported(case.mail, case.view, case.addresses), "unproven-report"
        reason = "It names a letter of this desk, but did not come to that letter's return path: it proves nothing."
    if not ours:
        return Decision("ignored", "foreign-report", "It reports on a mail that this desk did not send.")
    ticket_id = next((case.view.letters[i].ticket_id for i in ours if case.view.letters[i].ticket_id), None)
    return Decision("folded", rule, reason, ticket_id=ticket_id, letters=tuple(ours))


def _automatic(case: Case) -> Decision | None:
    """Mail written by a machine: shown on its ticket, never answered, never a command, opens nothing again."""
    kind = case.mail.message.machine
    if kind is None:
        return None
    words = kind.replace("-", " ")
    chosen = case.match.chosen
    ticket = case.view.ticket(chosen.ticket_id) if chosen and chosen.write not in ("new", "hold") else None
    if ticket is None:
        letters = match.reported(case.mail, case.view, case.addresses)
        ids = [case.view.letters[i].ticket_id for i in letters]
        ticket = next((found for i in ids if i and (found := case.view.ticket(i))), None)
    if ticket is not None:
        return Decision("folded", "automatic", f"An automatic mail ({words}): shown as an event.", ticket_id=ticket.id)
    if kind in _NEEDS_TICKET:
        return Decision("held", "automatic-alone", f"It is an automatic mail ({words}) and belongs to no ticket.")
    return None


def _failed(case: Case) -> Decision | None:
    if case.verified.verdict != "fail":
        return None
    return Decision("held", "sender-failed", f"The sender may be forged. {case.verified.reason}")


def _confirmed(case: Case) -> Decision | None:
    """“confirm”, to the address of a question of ours."""
    pending = None if case.mail.message.machine else confirm.answered(case)
    return confirm.decision(case, pending) if pending else None


def _asked(case: Case) -> Decision | None:
    """A question or an order in the subject: answered, and no ticket."""
    order = None if case.mail.message.machine else of_subject(case)
    if order is None or not case.mail.sender:
        return None
    return Decision("answered", "asked", f"Its subject asks for #{order.word}.")


def _asked_alone(case: Case) -> Decision | None:
    """No ticket, and nothing but commands that need none."""
    if case.mail.message.machine or not case.mail.sender or not (orders := alone(case)):
        return None
    return Decision("answered", "asked", f"It asks for #{orders[0].word}, and says nothing else.")


def _matched(case: Case) -> Decision | None:
    chosen = case.match.chosen
    if chosen is None or chosen.write == "new":
        return None
    if chosen.write == "hold":
        return Decision(
            "held",
            "staff-unverified",
            "It says it is from staff, but nothing proves it. Staff answer the letters that the desk sends them.",
        )
    ticket = case.view.ticket(chosen.ticket_id)
    if ticket is None:
        return None
    by_customer = chosen.write in ("note", "unverified")
    thanks = by_customer and statuses.is_done(ticket.status) and _is_thanks(case)
    if by_customer and not thanks and not _is_one_word(case) and (instead := _closed(case, ticket)):
        return instead
    reason = _why(chosen) + (" A thank-you: the ticket stays as it is." if thanks else "")
    return Decision("noted", f"{chosen.kind}-{chosen.write}", reason, chosen.write, ticket.id, thanks=thanks)


def _is_thanks(case: Case) -> bool:
    """A line that says thank you and nothing else. With a file it is more than that."""
    message = case.mail.message
    if message.attachments or not case.text:
        return False
    return plain.is_thank_you(case.text, case.rules.words, who.names_in(case))


def _is_one_word(case: Case) -> bool:
    """“reopen”, “confirm”: a command in plain words is no request for something new; it is answered where it stands."""
    if "one word" not in case.mail.asks.words or case.mail.message.attachments:
        return False
    return plain.one_word(case.text, case.rules.words, who.names_in(case)) is not None


def _closed(case: Case, ticket: TicketState) -> Decision | None:
    """A reply to a ticket that is closed for good opens a new one; one that opens a ticket too often is held."""
    if not tickets.accepts_replies(ticket, case.now, case.rules.reopen_days):
        reason = f"{ticket.number} is closed: this is a new ticket."
        instead = Decision("opened", "closed-ticket", reason, continues_id=ticket.id)
        return _not_theirs(case) or _flood(case) or instead
    limit = case.rules.caps.reopenings_per_day
    if statuses.is_done(ticket.status) and lifecycle.reopened_today(ticket, case.now) >= limit:
        reason = f"{ticket.number} was opened again {limit} times today: two programs may be answering each other."
        return Decision("held", "reopen-cap", reason)
    return None


def _why(chosen: match.Evidence) -> str:
    named = {
        "E1": "The reply address names the ticket",
        "E2": "It answers a letter of the ticket",
        "E3": "It answers an earlier mail of the ticket",
        "E4": "The subject names the ticket",
        "E5": "The subject names the customer's own number of the ticket",
        "E6": "The subject names the number that the ticket had in another system",
    }[chosen.kind]
    effect = {
        "note": "a note",
        "unverified": "a note marked “not verified”",
        "lane": "a note that waits for staff, because the sender does not take part",
        "reply": "a staff answer",
        "internal": "an internal note",
    }[chosen.write]
    return f"{named}: {effect}."


def _requester(case: Case) -> ContactState | None:
    """Whose ticket it would be, as far as we know them: a mail without a From is kept as the reverse path's."""
    return case.contact or case.view.contacts.get(case.mail.sender or case.mail.envelope.reverse_path.lower())


def _not_theirs(case: Case) -> Decision | None:
    """Some contacts open no tickets, by their level or their organisation: a person looks at what they send."""
    requester = _requester(case)
    if case.staff is not None or requester is None or requester.may_create:
        return None
    reason = "The sender may not open tickets: their security level, or their organisation, leaves that to others."
    return Decision("held", "may-not-open", reason)


def _flood(case: Case) -> Decision | None:
    limit = case.rules.caps.new_tickets_per_sender
    requester = _requester(case)
    if requester is None or case.view.opened[requester.id] < limit:
        return None
    return Decision("held", "flood", f"The sender opened as many tickets within two hours as one may: {limit}.")


def _new(case: Case) -> Decision | None:
    mentions = tuple(dict.fromkeys(piece.ticket_id for piece in case.match.evidence))
    reason = "It names no ticket: a new one."
    if mentions:
        reason = "It names a ticket that the sender may not write to: a new one."
    elif case.match.unknown_numbers:
        reason = "It names a ticket number that does not exist: a new one."
    return Decision("opened", "new", reason, "new", mentions=mentions)


RULES: tuple[Callable[[Case], Decision | None], ...] = (
    _duplicate,  # before a person's wish: a copy may have been handled while the mail was held
    _by_hand,
    canary.decision,  # before what our own letters, automatic mail and forged senders come to
    _own_mail,
    _over_limit,
    _unsubscribed,
    _report,
    _automatic,
    _failed,
    _confirmed,
    _asked,
    _matched,
    _asked_alone,
    _not_theirs,
    _flood,
    _new,
)
