"""Who takes part and who hears of it: #watch, #stop, #share, #unshare, #cc, #copy."""

import re
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial

from desk import access, alerts, notices, taking_part
from desk.said import SPACE, listed, say
from desk.state import ContactState, TicketState
from gateway.commands import mailing_lists, named
from gateway.commands.spec import Act, Check, Doing, Fault, Scene, Spec
from gateway.envelope import Mailbox
from gateway.rules import MAX_CC

MAX_COPIES = 10
NOBODY = say("You do not take part in this ticket.")
MUTED = say("You asked for no letters at all. #watch all takes that back.")
ALL = "all"
_SIGN = re.compile(r"(?:^|(?<=[\s,;]))([+-])")


def ticket_of(scene: Scene) -> TicketState:
    """The ticket that a command is about; the spec asks for one."""
    if scene.ticket is None:
        raise RuntimeError("a command about a ticket was checked without one")
    return scene.ticket


def contact_of(scene: Scene) -> ContactState:
    """The author of a command that is for customers alone."""
    if not isinstance(scene.author, ContactState):
        raise RuntimeError("a command of customers was checked for somebody else")
    return scene.author


def _who(scene: Scene) -> str:
    return scene.author.name or scene.author.address


# watch, stop


def _watch(scene: Scene, argument: str) -> Act | Fault:
    author = contact_of(scene)
    if scene.case.rules.words.argument("stop", argument) == ALL:
        return Act(say("You get letters about your tickets again."), partial(_set_all, author, False))
    if act := mailing_lists.of_customer(scene, argument, stop=False):
        return act
    if number := _number(scene, argument):
        return _elsewhere(scene, number, _watch)
    if scene.ticket is None:
        return Fault(say("#watch is about a ticket: reply to a letter about it. #watch all takes back #stop all."))
    if scene.role not in ("participant", "colleague"):
        return Fault(NOBODY)
    if author.muted:
        return Fault(MUTED)
    return Act(say("You hear of every change from now on. To hear no more, send the one word: stop."), _do_watch)


def _do_watch(doing: Doing) -> None:
    taking_part.watch(doing.writes, doing.ticket, contact_of(doing.scene), doing.scene.case.now)


def _stop(scene: Scene, argument: str) -> Act | Fault:
    author = contact_of(scene)
    if scene.case.rules.words.argument("stop", argument) == ALL:
        said = say(
            "You get no more letters, but for those that somebody has to get: when a ticket is done, when you are "
            "asked to approve something, and when your access changes. To hear of everything again: #watch all."
        )
        return Act(said, partial(_set_all, author, True))
    if act := mailing_lists.of_customer(scene, argument, stop=True):
        return act
    if number := _number(scene, argument):
        return _elsewhere(scene, number, _stop)
    if scene.ticket is None:
        return Fault(say("#stop is about a ticket: reply to a letter about it. #stop all is about all of them."))
    lines: list[str] = [say("You get no more letters about this ticket.")]
    if scene.role == "participant" and _stays(scene):
        lines.append(say("We write once more when it is done."))
    if scene.role != "stranger":
        lines.append(say("To hear of changes again, send the one word: watch."))
    return Act(listed(lines, SPACE), _do_stop)


def _number(scene: Scene, argument: str) -> str:
    """The ticket that is named where the mail is about none: `#watch T20190409.0967`."""
    return next(iter(scene.case.rules.numbers.find_all(argument)), "") if scene.ticket is None else ""


def _elsewhere(scene: Scene, number: str, check: Check) -> Act | Fault:
    """The same on a ticket that is named: a number tells nothing to somebody who may not see it."""
    ticket_id, person = scene.case.view.by_number.get(number), scene.author.person
    ticket = scene.case.view.ticket(ticket_id) if ticket_id else None
    if ticket is None or not access.may_see(person, ticket.view):
        return Fault(say("There is no ticket {number} among those that you can see.", number=number))
    there = replace(scene, ticket=ticket, role=access.role_of(person, ticket.view))
    act = check(there, "")
    if isinstance(act, Fault):
        return act
    says = say("{label}: {value}", label=ticket.number, value=act.says)
    return replace(act, says=says, do=lambda doing: act.do(Doing(there, doing.writes)))


def _stays(scene: Scene) -> bool:
    return ticket_of(scene).roles.get(scene.author.id) != "watching"


def _do_stop(doing: Doing) -> None:
    author, known = contact_of(doing.scene), doing.scene.case.view.more
    if alerts.wanted(doing.ticket, author, known):
        alerts.want(doing.writes, doing.ticket, author, (), known)
    taking_part.stop(doing.writes, doing.ticket, author, doing.scene.case.now)


def _set_all(author: ContactState, stop: bool, doing: Doing) -> None:
    taking_part.stop_all(doing.writes, author, stop=stop)


# share


def _sharing(shared: bool) -> Check:
    word = "share" if shared else "unshare"

    def check(scene: Scene, argument: str) -> Act | Fault:
        ticket = ticket_of(scene)
        if scene.case.rules.words.argument(word, argument) != "organisation":
            return Fault(say("Write #{command} organisation. To let one person in, put them into Cc.", command=word))
        if not scene.is_staff and scene.author.id != ticket.requester.id:
            return Fault(say("#{command} organisation is for the contact of the ticket.", command=word))
        if ticket.organisation_id is None:
            return Fault(say("#{command}: this ticket belongs to no organisation.", command=word))
        says = say("Only those who take part, and the desk, can see this ticket now.")
        if shared:
            says = say("Everybody of the organisation can see this ticket now.")
        return Act(says, partial(_share, shared), tell=not scene.is_staff)

    return check


def _share(shared: bool, doing: Doing) -> None:
    doing.changes |= taking_part.share(doing.writes, doing.ticket, shared=shared)


# cc, copy


def _cc(scene: Scene, argument: str) -> Act | Fault:
    ticket = ticket_of(scene)
    first, *rest = _SIGN.split(argument)
    adds, removes = [first], list[str]()
    for sign, text in zip(rest[::2], rest[1::2], strict=True):
        (adds if sign == "+" else removes).append(text)
    found: list[list[Mailbox]] = []
    for texts in (adds, removes):
        text = ", ".join(text for text in texts if text.strip(" ,;"))
        boxes = named.mailboxes(scene, "cc", text, most=MAX_CC) if text else []
        if isinstance(boxes, Fault):
            return boxes
        found.append(boxes)
    if not any(found):
        return Fault(say("#cc needs addresses, like #cc +jane@example.com -sam@example.com."))
    if fault := _cannot_be_in(scene, found[0]) or _cannot_go(ticket, scene, found[1]):
        return fault
    return Act(say("The additional contacts are changed."), partial(_change_people, found[0], found[1]), tell=False)


def _cannot_be_in(scene: Scene, boxes: list[Mailbox]) -> Fault | None:
    gone = [box.address for box in boxes if (person := named.known(scene, box)) and not person.active]
    return Fault(say("#cc: {address} is deactivated.", address=gone[0])) if gone else None


def _cannot_go(ticket: TicketState, scene: Scene, boxes: list[Mailbox]) -> Fault | None:
    for box in boxes:
        person = named.known(scene, box)
        if person is not None and person.id == ticket.requester.id:
            address = box.address
            return Fault(
                say("#cc: {address} is the contact of the ticket. #contact names another one.", address=address)
            )
        if person is None or person.id not in ticket.people:
            return Fault(say("#cc: {address} is no additional contact of this ticket.", address=box.address))
    return None


def _change_people(adds: list[Mailbox], removes: list[Mailbox], doing: Doing) -> None:
    writes, ticket, now = doing.writes, doing.ticket, doing.scene.case.now
    before = _names(ticket)
    added = taking_part.join(writes, ticket, named.contacts(doing.scene, adds, writes), now)
    for person in named.contacts(doing.scene, removes, writes):
        taking_part.remove(writes, ticket, person, now)
    if before != (after := _names(ticket)):
        doing.changes["additional contacts"] = [before, after]
    doing.told |= {person.id for person in added}
    context = {"by": _who(doing.scene), "how": "added"}
    doing.after.append(_letters("shared", added, context, doing))


def _names(ticket: TicketState) -> str:
    return ", ".join(person.address for person in ticket.people.values())


def _letters(
    kind: str, people: Collection[ContactState], context: dict[str, str], doing: Doing
) -> Callable[[int], None]:
    """A hook: one letter to each of them; what stays inside the desk goes along with none."""

    def hook(event_id: int) -> None:
        entry = event_id if event_id and doing.visibility != "internal" else None
        for person in people:
            notices.letter(
                doing.writes, kind, person, doing.scene.case.now, ticket=doing.ticket, event_id=entry, context=context
            )

    return hook


def _copy(scene: Scene, argument: str) -> Act | Fault:
    if isinstance(scene.author, ContactState) and not scene.author.ways.may_copy(scene.case.rules.copies):
        return Fault(say("#copy: this desk sends no copies to others."))
    if not scene.words:
        return Fault(say("#copy sends your words to others, and your mail holds none."))
    if scene.is_staff and not scene.case.sure:
        return Fault(say("#copy: nothing proves that the mail is yours, so no copy goes out."))
    found = named.mailboxes(scene, "copy", argument, most=MAX_COPIES)
    if isinstance(found, Fault):
        return found
    for box in found:
        if fault := _no_copy(scene, box):
            return fault
    addresses = ", ".join(box.address for box in found)
    says = say("A copy of your note went to {addresses}.", addresses=addresses)
    return Act(says, partial(_send_copies, found), outward=True)


def _no_copy(scene: Scene, box: Mailbox) -> Fault | None:
    person, view = named.known(scene, box), scene.case.view
    if person is not None and taking_part.wants_none(ticket_of(scene), person):
        return Fault(say("#copy: {address} wants no mail about this ticket.", address=box.address))
    if view.automatic[box.key] >= scene.case.rules.caps.automatic_letters_per_day:
        return Fault(say("#copy: {address} had too many letters from this desk today.", address=box.address))
    return None


def _send_copies(boxes: list[Mailbox], doing: Doing) -> None:
    scene, ticket = doing.scene, doing.ticket
    people = named.contacts(scene, boxes, doing.writes)
    doing.changes["copied to"] = ["", ", ".join(person.address for person in people)]
    # Who takes part gets this note in any case.
    taking = {ticket.requester.id, scene.author.id, *ticket.people}
    others = [person for person in people if person.id not in taking]
    for person in others:
        scene.case.view.automatic[person.address.lower()] += 1
    send = _letters("copy", others, {"by": _who(scene)}, doing)
    doing.after.append(lambda event_id: send(scene.entry or event_id))


COMMANDS: tuple[Spec, ...] = (
    Spec("watch", ("customer",), "#watch",
         say("Tells you of every change from now on; #watch all takes back #stop all; #watch digest sends lists."),
         _watch, ticket=False, subject=True),
    Spec("stop", ("customer",), "#stop",
         say("Sends you no more letters about the ticket; #stop all about none at all."),
         _stop, ticket=False, subject=True),
    Spec("share", ("customer", "staff"), say("#share organisation"),
         say("Lets everybody of the organisation see the ticket."),
         _sharing(True)),
    Spec("unshare", ("customer", "staff"), say("#unshare organisation"),
         say("Shows the ticket to nobody but who takes part."),
         _sharing(False)),
    Spec("cc", ("staff",), say("#cc +jane@example.com -sam@example.com"),
         say("Adds and removes additional contacts."), _cc),
    Spec("copy", ("customer", "staff"), say("#copy jane@example.com; sam@example.com"),
         say("Sends your note to others, who take no part in the ticket."), _copy),
)  # fmt: skip
