"""What staff do about a ticket: #note, #reply, #take, #assign, #time, #due, #phone, #spam."""

from datetime import UTC, datetime

from desk import fields, notices, tickets
from desk.minutes import minutes_of
from desk.said import Said, listed, say, say_many
from desk.state import StaffState, TeamState
from gateway.commands.letters import fold
from gateway.commands.spec import Act, Doing, Fault, Scene, Spec, its_ticket, nothing
from gateway.commands.values import when_of
from gateway.view import View

PHONE = "Phone"
_MOST_NAMES = 10  # in a sentence that names what there is


def same(says: str) -> Act:
    """It is so already: nothing is done."""
    return Act(says, nothing, proof=False, tell=False)


def _note(scene: Scene, argument: str) -> Act | Fault:
    return Act(say("The words stay internal."), nothing, proof=False, tell=False, internal=True, words=argument)


def _reply(scene: Scene, argument: str) -> Act | Fault:
    return Act(say("The words went to the customer."), nothing, tell=False, public=True, words=argument)


def _take(scene: Scene, argument: str) -> Act | Fault:
    if argument:
        alone = say(
            "“#take {text}”: #take stands alone; it makes you responsible. #assign names somebody else.", text=argument
        )
        return Fault(alone)
    return Act(say("The ticket is yours."), _make_mine, tell=False)


def _make_mine(doing: Doing) -> None:
    author = doing.scene.author
    if isinstance(author, StaffState):
        _give_to(doing, author)


def _assign(scene: Scene, argument: str) -> Act | Fault:
    ticket, view = its_ticket(scene), scene.case.view
    if not argument:
        return Fault(say("#assign needs a name, like #assign sam."))
    found = _called(argument, view, scene)
    if not found:
        nobody = say(
            "“#assign {text}”: nobody at the desk and no team is called that. There are: {names}.",
            text=argument[:60],
            names=_listed(view),
        )
        return Fault(nobody)
    if len(found) > 1:
        several = say(
            "“#assign {text}” fits several: {names}. Write more of the name, or the address.",
            text=argument[:60],
            names=listed(_full_name(one) for one in found[:_MOST_NAMES]),
        )
        return Fault(several)
    target = found[0]
    if isinstance(target, TeamState):
        if ticket.team_id == target.id and ticket.assignee_id is None:
            return same(say("The ticket is with {name} already.", name=target.name))
        says = say("The ticket is with {name} now.", name=target.name)
        return Act(says, lambda doing: _give_to_team(doing, target), tell=False)
    if ticket.assignee_id == target.id:
        return same(say("The ticket is {name}’s already.", name=target.name))
    says = say("The ticket is {name}’s now.", name=target.name)
    return Act(says, lambda doing: _give_to(doing, target), tell=False)


def _called(argument: str, view: View, scene: Scene) -> list[StaffState | TeamState]:
    """Whom a name means: a whole name before a part of one, and that before the beginning of one."""
    wanted = fold(argument).removeprefix("@").strip(" .,;")
    if wanted.endswith(">"):  # Sam Lee <sam@desk.test>
        wanted = wanted.rpartition("<")[2].rstrip("> ")
    if not wanted:
        return []
    people = [person for person in view.staff.values() if person.active]
    names: list[tuple[StaffState | TeamState, str, str]] = [(p, fold(p.name), fold(p.address)) for p in people]
    names += [(team, fold(team.name), "") for team in view.teams.values()]
    whole = [one for one, name, address in names if wanted in (name, address)]
    if not whole and wanted == "me" and isinstance(scene.author, StaffState):
        return [scene.author]
    part = [one for one, name, address in names if wanted in (*name.split(), address.partition("@")[0])]
    start = [
        one for one, name, address in names if any(said.startswith(wanted) for said in (name, *name.split(), address))
    ]
    return whole or part or start


def _full_name(one: StaffState | TeamState) -> str:
    return f"{one.name} <{one.address}>" if isinstance(one, StaffState) else say("the team {name}", name=one.name)


def _listed(view: View) -> str:
    names = [person.name for person in view.staff.values() if person.active] + list(view.teams)
    shown, more = ", ".join(names[:_MOST_NAMES]), len(names) - _MOST_NAMES
    return say("{names} and {n} more", names=shown, n=more) if more > 0 else shown


def _give_to(doing: Doing, person: StaffState) -> None:
    case = doing.scene.case
    before = case.view.staff.get(doing.ticket.assignee_id or 0)
    changes = tickets.take(doing.writes, doing.ticket, person, before, case.now)
    fields.merge(doing.changes, changes)
    if changes:
        _tell(doing, (person,))


def _give_to_team(doing: Doing, team: TeamState) -> None:
    case, ticket = doing.scene.case, doing.ticket
    before = next((other for other in case.view.teams.values() if other.id == ticket.team_id), None)
    assignee = case.view.staff.get(ticket.assignee_id or 0)
    fields.merge(doing.changes, fields.set_team(doing.writes, ticket, team, before, assignee, case.now))
    _tell(doing, team.members)


def _tell(doing: Doing, people: tuple[StaffState, ...]) -> None:
    """“Assigned to you”, but for one's own doing; a ticket that is just opened is told of by that letter."""
    scene, ticket = doing.scene, doing.ticket
    if scene.opens and not scene.confirmed:
        return

    def write(event_id: int) -> None:
        for person in people:
            if person.id != scene.author.id:
                context = {"by": scene.author.name or scene.author.address}
                notices.note_to_staff(doing.writes, "assigned", person, scene.case.now, ticket, event_id, context)

    doing.after.append(write)


def _time(scene: Scene, argument: str) -> Act | Fault:
    minutes = minutes_of(argument)
    if minutes is None:
        text = argument[:60]
        return Fault(say("“#time {text}”: write a time of at most a day, like #time 15m or #time 1h30.", text=text))
    if its_ticket(scene).minutes + minutes > fields.MAX_MINUTES:
        most = f"{fields.MAX_MINUTES:,}"
        return Fault(say("“#time {text}”: more than {n} minutes do not fit on a ticket.", text=argument[:60], n=most))
    return Act(_noted(minutes), lambda doing: _spend(doing, minutes), tell=False)


def _noted(minutes: int) -> Said:
    return say_many("{n} minutes are noted.", "{n} minutes are noted.", minutes, n=minutes)


def _spend(doing: Doing, minutes: int) -> None:
    changes = fields.add_minutes(doing.writes, doing.ticket, minutes, doing.scene.case.now)
    if "time" in doing.changes:  # two such lines in one mail
        minutes += int(doing.changes["time"][1].split()[0])
    doing.changes |= changes | {"time": ["", f"{minutes} min"]}


def _due(scene: Scene, argument: str) -> Act | Fault:
    ticket, case = its_ticket(scene), scene.case
    # “none” is a word of #alert, in every language.
    if case.rules.words.argument("alert", argument) == "none":
        if ticket.due_at is None:
            return same(say("The ticket is due at no time already."))
        return Act(say("The ticket is due at no time."), lambda doing: _set_due(doing, None), tell=False)
    read = when_of(argument, case.now, case.rules.zone)
    if read is None:
        text = argument[:60]
        return Fault(say("“#due {text}”: write a day and a time, like #due 12 Apr 15:00, or #due none.", text=text))
    due_at = read.astimezone(UTC)
    shown = fields.shown_time(due_at, case.rules.zone)
    if due_at <= case.now:
        return Fault(say("“#due {text}”: {time} is past.", text=argument[:60], time=shown))
    if ticket.due_at == due_at:
        return same(say("The ticket is due on {time} already.", time=shown))
    return Act(say("The ticket is due on {time}.", time=shown), lambda doing: _set_due(doing, due_at), tell=False)


def _set_due(doing: Doing, due_at: datetime | None) -> None:
    case = doing.scene.case
    fields.merge(doing.changes, fields.set_due(doing.writes, doing.ticket, due_at, case.rules.zone, case.now))


def _phone(scene: Scene, argument: str) -> Act | Fault:
    if argument:
        text = argument[:60]
        return Fault(
            say("“#phone {text}”: #phone stands alone; it says that the request came by telephone.", text=text)
        )
    if its_ticket(scene).source == PHONE:
        return same(say("The source is Phone already."))
    return Act(say("The source is Phone."), _set_source, tell=False)


def _set_source(doing: Doing) -> None:
    changes = fields.set_text(doing.writes, doing.ticket, "source", PHONE, doing.scene.case.now)
    fields.merge(doing.changes, changes)


def _spam(scene: Scene, argument: str) -> Act | Fault:
    if argument:
        return Fault(say("“#spam {text}”: #spam stands alone.", text=argument[:60]))
    if its_ticket(scene).spam:
        return same(say("The ticket is marked as spam already."))
    # Internal: no customer hears of it, and no word of the mail goes to whoever wrote the spam.
    return Act(say("The ticket is marked as spam."), _mark, tell=False, internal=True)


def _mark(doing: Doing) -> None:
    doing.scene.case.view.more.alerts.pop(doing.ticket.id, None)  # nobody waits for the end of spam
    fields.merge(doing.changes, fields.mark_spam(doing.writes, doing.ticket, doing.scene.case.now))


COMMANDS: tuple[Spec, ...] = (
    Spec("note", ("staff",), "#note", say("Keeps your words internal."), _note),
    Spec("reply", ("staff",), "#reply", say("Sends your words to the customer, whatever you answer."), _reply),
    Spec("take", ("staff",), "#take", say("Makes you responsible."), _take),
    Spec(
        "assign", ("staff",), say("#assign name or team"), say("Gives the ticket to a colleague or to a team."), _assign
    ),
    Spec("time", ("staff",), say("#time 15m"), say("Adds to the time spent; customers do not see it."), _time),
    Spec(
        "due", ("staff",), say("#due 12 Apr 15:00"), say("Sets when the ticket is due; #due none takes it back."), _due
    ),
    Spec("phone", ("staff",), "#phone", say("Says that the request came by telephone."), _phone),
    Spec("spam", ("staff",), "#spam", say("Ends the ticket as spam; nobody is told."), _spam),
)
