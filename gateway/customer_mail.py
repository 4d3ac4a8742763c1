"""A mail of the customer side to a ticket: a note, the commands in it, or both."""

from collections.abc import Collection
from dataclasses import replace

from desk import access, lifecycle, notices, people, statuses, tickets
from desk.said import say
from desk.state import ContactState, TicketState
from desk.tickets import Note
from desk.writes import Writes
from gateway import answers_to, confirm, entry_of, own_part, performing, who
from gateway.case import Case, Decision
from gateway.commands import answering, asked, plan
from gateway.commands.asked import Asked, Quoted
from gateway.commands.plan import Plan
from gateway.commands.spec import Doing, Scene

# Lines that our receipt leaves empty for people to fill in, and what of the ticket holds them.
_ASKED_FOR = {
    "Service": "service",
    "Site": "site_id",
    "Item": "item",
    "Our ref": "customer_reference",
    "Needed by": "needed_by",
}


def note(decision: Decision, case: Case, writes: Writes, ticket: TicketState) -> Decision:
    """Public, or pending for somebody who does not take part; of a stranger's commands, “stop” alone is read."""
    author = who.author(case, writes)
    if decision.match.own_token and decision.write != "lane":
        people.confirm(writes, author)
    if decision.write == "lane":
        if done := own_part.apply(decision, case, writes, ticket, author):
            return done
        entry = entry_of.with_words(entry_of.note(replace(decision, contact=author), case))
        event_id = tickets.note(writes, ticket, entry)
        _tell_staff(decision, case, writes, ticket, author, entry, event_id, _waits_too(case, writes, ticket))
        return decision
    said = _asked(case, ticket)
    role = access.role_of(author.person, ticket.view)
    scene = Scene(case, author, role, ticket, said.words, opens=False)
    known = answering.known(who.kind_of(case), case.rules.catalogue)
    planned = plan.make(scene, said, known, case.rules.words)
    now, later = planned.split(sure=case.sure)
    if later.acts and (refusal := answers_to.refusal(author, case, ticket)):
        planned = Plan(faults=(say("Nothing of it was done: {why}.", why=refusal),), words=case.text)
        now = later = Plan()
    doing = performing.perform(now, replace(scene, words=planned.words), writes)
    entry = _entry(decision, case, author, planned, said, doing)
    return _write_down(decision, case, writes, entry, planned, now, later, doing)


def _asked(case: Case, ticket: TicketState) -> Asked:
    message = case.mail.message
    empty = {label for label, value in _ASKED_FOR.items() if not getattr(ticket, value)}
    asking = case.rules.catalogue.questions_of(ticket.type, ticket.service)
    empty |= {question.label for question in asking if question.label not in ticket.answers}
    form = case.rules.words.form_in(message.text) if message.answers and not message.foreign else ""
    quoted = Quoted(form, frozenset(empty)) if form else None
    if case.mail.wish:
        return Asked(words=case.text)  # a person filed the mail: its words are kept, and nothing of it is done
    names = who.names_in(case)
    known = answering.known(who.kind_of(case), case.rules.catalogue)
    glance = case.mail.asks.words
    return asked.of_customer(case.text, case.rules.words, known, new=False, quoted=quoted, names=names, glance=glance)


def _entry(decision: Decision, case: Case, author: ContactState, planned: Plan, said: Asked, doing: Doing) -> Note:
    """The words without the commands; all of them, where a command could not be done."""
    entry = entry_of.note(replace(decision, contact=author), case)
    if planned.acts and not planned.faults:
        entry = entry_of.without_commands(entry, case, planned.words, one_word=said.one_word)
    visibility = doing.visibility or entry.visibility
    return replace(entry, visibility=visibility, changes=dict(doing.changes), title=doing.title)


def _write_down(
    decision: Decision, case: Case, writes: Writes, entry: Note, planned: Plan, now: Plan, later: Plan, doing: Doing
) -> Decision:
    scene = doing.scene
    ticket, author = doing.ticket, scene.author
    has_words = bool(entry.text or entry.files)
    event_id: int | None = None
    if has_words or not (now.acts or later.acts):
        entry = entry_of.with_words(entry)
        # Nothing but a command that was refused: that is no reason to open a ticket again.
        thanks = decision.thanks or (statuses.is_done(ticket.status) and planned.only_refused and not entry.files)
        if decision.write == "note" and "status" not in doing.changes and not thanks:
            entry = replace(entry, changes=entry.changes | lifecycle.customer_wrote(writes, ticket, case.now))
            doing.changes |= entry.changes
        has_words = True
    else:
        if decision.write == "note" and _fills_in(now, doing):
            # Lines that were asked for are an answer, and need no words beside them.
            entry = replace(entry, changes=entry.changes | lifecycle.customer_wrote(writes, ticket, case.now))
            doing.changes |= entry.changes
        entry = replace(entry, kind="change", folded="", html="")
    if has_words or entry.changes:
        event_id = tickets.note(writes, ticket, entry)
        performing.finish(doing, event_id)
        assert isinstance(author, ContactState)  # noqa: S101 - for the type checker: staff have a way of their own
        _tell(decision, case, writes, entry, author, event_id, doing, has_words=has_words)
    reason = confirm.ask(scene, later, writes, {"entry": event_id or 0}) if later.acts else ""
    if missing := [*case.mail.refused_files, *entry_of.left_over(entry)]:
        performing.answer(scene, "partly_refused", missing, writes, event_id)
    performing.report(scene, now, [*planned.faults, *planned.hints], writes, event_id, kept=has_words)
    if has_words:
        return replace(decision, reason=f"{decision.reason} {reason}".strip())
    did = reason or f"Only commands, which were done: {now.names}."
    return replace(decision, kind="answered", reason=f"{decision.reason} {did}")


def _fills_in(now: Plan, doing: Doing) -> bool:
    """True for lines filled in on a ticket that waits for its customer."""
    waits = doing.ticket.status in statuses.WAITING_ON_CUSTOMER and "status" not in doing.changes
    return waits and any(order.filled_in for order in now.orders)


def _tell(
    decision: Decision,
    case: Case,
    writes: Writes,
    entry: Note,
    author: ContactState,
    event_id: int,
    doing: Doing,
    *,
    has_words: bool,
) -> None:
    """The others who take part, those who were added, and staff."""
    ticket, waiting = doing.ticket, list[str]()
    shown = notices.SHOWN & entry.changes.keys()
    if decision.write == "note" and entry.visibility == "public":
        # Only those who take part add people: a Cc is a way in.
        if author.id == ticket.requester.id or author.id in ticket.people:
            message = case.mail.message
            named, waiting = who.named(case, writes, message.to, message.cc, sure=who.is_sure(decision))
            performing.tell_added(doing, tickets.add_people(writes, ticket, named, case.now), event_id)
        if has_words or shown:
            fold, told = case.rules.fold, doing.told
            notices.update(writes, ticket, event_id, case.now, author=author, has_words=has_words, fold=fold, told=told)
    if not doing.quiet and (has_words or shown):
        _tell_staff(decision, case, writes, ticket, author, entry, event_id, waiting, doing.told_staff)


def _waits_too(case: Case, writes: Writes, ticket: TicketState) -> list[str]:
    """Whom a note that waits names in To and Cc: nobody of them is added, and staff see who it is."""
    message = case.mail.message
    known, others = who.named(case, writes, message.to, message.cc, sure=False)
    there = {ticket.requester.id, *ticket.people}
    return [*(person.address for person in known if person.id not in there), *others]


def _tell_staff(
    decision: Decision,
    case: Case,
    writes: Writes,
    ticket: TicketState,
    author: ContactState,
    entry: Note,
    event_id: int,
    waiting: list[str],
    told: Collection[str] = (),
) -> None:
    context = {**_lane(decision, author), "hints": entry_of.hints(case, ticket, entry, waiting)}
    for member in notices.staff_of(ticket, case.view.teams, case.view.staff):
        if member.address not in told:
            notices.note_to_staff(writes, "customer_wrote", member, case.now, ticket, event_id, context)


def _lane(decision: Decision, author: ContactState) -> dict[str, str]:
    """What staff must know before they answer."""
    if decision.write == "unverified":
        return {"lane": say("The sender is not verified: the ticket number was all that the mail brought.")}
    if decision.write == "lane":
        name = author.name or author.address
        return {"lane": say("{name} does not take part in this ticket. Customers do not see it.", name=name)}
    return {}
