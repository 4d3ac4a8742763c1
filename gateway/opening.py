"""A mail opens a ticket: for its sender, or for the customer whose mail or name a colleague brings."""

from dataclasses import replace

from desk import access, gathering, notices, tickets
from desk.said import say
from desk.state import ContactState, TicketState
from desk.tickets import Note
from desk.writes import Writes
from gateway import answers_to, confirm, entry_of, on_behalf, performing, routing, who
from gateway.case import Case, Decision
from gateway.commands import answering, asked, details, plan
from gateway.commands.plan import Plan
from gateway.commands.spec import Doing, Scene
from gateway.desk_addresses import Recipient
from gateway.envelope import Forwarded
from gateway.indexing import index, remember
from gateway.receipt import send_receipt
from gateway.subject import bare


def open_ticket(decision: Decision, case: Case, writes: Writes) -> Decision:
    """Ticket, first entry, links, receipt, and the letters to staff."""
    passed_on = on_behalf.original(decision, case)
    requester = who.sender_of(passed_on, case, writes) if passed_on else who.author(case, writes)
    subject = bare(case.mail.message.subject, case.rules.numbers)
    ticket = _ticket(case, writes, requester, subject)
    author = decision.staff or requester
    text = "" if case.mail.message.foreign else entry_of.words_of(decision, case.mail.message)
    scene = Scene(case, author, access.role_of(author.person, ticket.view), ticket, text, opens=True)
    planned, doing, later = _commands(scene, decision, writes)
    writer, requester = requester, ticket.requester  # a command may have named another one
    passed_on = passed_on or (None if later.acts else on_behalf.handed_on(planned, case))
    named, waiting = who.named(case, writes, case.mail.message.to, case.mail.message.cc, sure=who.is_sure(decision))
    added = tickets.add_people(writes, ticket, named, case.now)
    entry = entry_of.with_words(_entry(decision, case, writer, planned, doing))
    if requester.id != writer.id and decision.staff:
        entry = replace(entry, author=decision.staff)
    if len(subject) > tickets.TITLE_LENGTH:
        entry = entry_of.with_subject(subject, entry)
    if passed_on:
        theirs = writer if passed_on.attached else requester
        entry = _passed_on(passed_on, entry, planned, theirs, decision, case, writes, ticket)
        decision = replace(decision, reason=f"{decision.reason} For {theirs.address}, whose mail was passed on.")
    event_id = tickets.note(writes, ticket, entry_of.with_words(entry))
    performing.finish(doing, event_id)
    _links(decision, case, writes, ticket)
    remember(case, writes, ticket)
    if later.acts:
        waits = confirm.ask(scene, later, writes, {"entry": event_id})
        decision = replace(decision, reason=f"{decision.reason} {waits}")
    for_writer = requester.id == writer.id and not passed_on
    notes = [*planned.faults, *planned.hints, *entry_of.left_over(entry)]
    decision = _receipt(decision, scene, planned, writes, event_id, added, notes, for_writer=for_writer)
    hints = entry_of.hints(case, ticket, entry, waiting, passed_on=passed_on is not None)
    if not doing.quiet:
        told, most = case.view.told_of_strangers, case.rules.caps.stranger_letters_per_hour
        for member in notices.staff_of(ticket, case.view.teams, case.view.staff, decision.staff):
            gathering.tell(writes, member, case.now, ticket, event_id, {"hints": hints}, told, most)
    return replace(decision, ticket_id=ticket.id, contact=requester)


def _passed_on(
    mail: Forwarded,
    entry: Note,
    planned: Plan,
    author: ContactState,
    decision: Decision,
    case: Case,
    writes: Writes,
    ticket: TicketState,
) -> Note:
    """What the customer wrote, as the first entry; what the colleague wrote above it is an internal note."""
    if not mail.attached:
        entry = entry_of.without_commands(entry, case, planned.words)
    entry, inside = on_behalf.entries(mail, entry, author, decision, case)
    tickets.note(writes, ticket, inside)
    index(mail.message_id, case, writes, ticket)
    return entry


def _receipt(
    decision: Decision,
    scene: Scene,
    planned: Plan,
    writes: Writes,
    event_id: int,
    added: list[ContactState],
    notes: list[str],
    *,
    for_writer: bool,
) -> Decision:
    """Where it goes to somebody else, whoever wrote hears apart from it what was made of their mail."""
    case, author = scene.case, scene.author
    assert scene.ticket is not None  # noqa: S101 - for the type checker: it was just opened
    filled = [] if planned.faults else details.stated(order.word for order in planned.orders)
    if for_writer:
        return send_receipt(decision, case, writes, scene.ticket, event_id, added, notes, filled=filled)
    performing.report(scene, planned, notes, writes, event_id, kept=True)
    opened_by = author.name or author.address
    return send_receipt(decision, case, writes, scene.ticket, event_id, added, filled=filled, opened_by=opened_by)


def owner(case: Case) -> Recipient:
    """The address of ours that the mail belongs to: the first one it names, else the main one."""
    return case.mail.recipients[0] if case.mail.recipients else Recipient(case.addresses.main)


def _ticket(case: Case, writes: Writes, requester: ContactState, subject: str) -> TicketState:
    to = owner(case)
    kind = to.type or to.desk.type
    ticket = tickets.open_ticket(
        writes,
        requester=requester,
        title=subject,
        kind=kind,
        desk_address=to.desk.address,
        team=routing.team_at_first(case, kind, to.desk.team),
        now=case.now,
        priority=case.rules.catalogue.usual_priority,
    )
    case.view.tickets[ticket.id] = ticket
    case.view.opened[requester.id] += 1
    return ticket


def _commands(scene: Scene, decision: Decision, writes: Writes) -> tuple[Plan, Doing, Plan]:
    """Fill-in lines and commands of a new mail. A machine's mail, and one that a person decided about, has none."""
    case = scene.case
    silent = not case.mail.asks.words and asked.is_plain(scene.words)  # nearly every mail
    if silent or case.mail.message.machine or case.mail.wish or not case.mail.sender or not scene.words:
        return Plan(words=scene.words), Doing(scene, writes), Plan()
    known = answering.known(who.kind_of(case), case.rules.catalogue)
    read = asked.of_staff if decision.staff else asked.of_customer
    own, _ = on_behalf.apart(scene.words, case.mail.message)  # what was passed on gives no commands
    said = read(own, case.rules.words, known, new=True, names=who.names_in(case), glance=case.mail.asks.words)
    planned = plan.make(replace(scene, words=said.words), said, known, case.rules.words)
    now, later = planned.split(sure=case.sure)
    if later.acts and (refusal := answers_to.refusal(scene.author, case, None)):
        refused = Plan(hints=(say("Nothing of it was done: {why}.", why=refusal),), words=scene.words)
        return refused, Doing(scene, writes), Plan()
    return planned, performing.perform(now, replace(scene, words=planned.words), writes), later


def _entry(decision: Decision, case: Case, requester: ContactState, planned: Plan, doing: Doing) -> Note:
    entry = entry_of.note(replace(decision, contact=requester), case)
    if not planned.acts and not doing.changes and not doing.visibility:
        return entry
    if planned.acts and not planned.faults:
        message = case.mail.message
        _, passed_on = on_behalf.apart(entry_of.words_of(decision, message), message)
        words = "\n\n".join(filter(None, (planned.words, passed_on)))
        entry = entry_of.without_commands(entry, case, words)
    return replace(entry, visibility=doing.visibility or entry.visibility, changes=dict(doing.changes))


def _links(decision: Decision, case: Case, writes: Writes, ticket: TicketState) -> None:
    if decision.continues_id:
        tickets.link(writes, ticket, decision.continues_id, "continues", case.now)
    for mentioned in decision.mentions:
        tickets.link(writes, ticket, mentioned, "mentions", case.now)
