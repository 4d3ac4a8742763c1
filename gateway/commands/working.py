"""What staff do about a ticket: #note, #reply, #take, #assign, #time, #due, #phone, #spam."""

from datetime import UTC, datetime

from desk import fields, notices, tickets
from desk.state import StaffState, TeamState, TicketState
from gateway.commands.letters import fold
from gateway.commands.spec import Act, Doing, Fault, Scene, Spec, nothing
from gateway.commands.values import minutes_of, when_of
from gateway.view import View

PHONE = "Phone"
MAX_MINUTES = 1_000_000  # of one ticket
_MOST_NAMES = 10  # in a sentence that names what there is


def same(says: str) -> Act:
    """It is so already: nothing is done."""
    return Act(says, nothing, proof=False, tell=False)


def _note(scene: Scene, argument: str) -> Act | Fault:
    return Act("The words stay internal.", nothing, proof=False, tell=False, internal=True, words=argument)


def _reply(scene: Scene, argument: str) -> Act | Fault:
    return Act("The words went to the customer.", nothing, tell=False, public=True, words=argument)


def _take(scene: Scene, argument: str) -> Act | Fault:
    if argument:
        return Fault(f"“#take {argument}”: #take stands alone; it makes you responsible. #assign names somebody else.")
    return Act("The ticket is yours.", _make_mine, tell=False)


def _make_mine(doing: Doing) -> None:
    author = doing.scene.author
    if isinstance(author, StaffState):
        _give_to(doing, author)


def _assign(scene: Scene, argument: str) -> Act | Fault:
    ticket, view = _ticket(scene), scene.case.view
    if not argument:
        return Fault("#assign needs a name, like #assign sam.")
    found = _called(argument, view, scene)
    if not found:
        return Fault(
            f"“#assign {argument[:60]}”: nobody at the desk and no team is called that. There are: {_listed(view)}."
        )
    if len(found) > 1:
        named = ", ".join(_full_name(one) for one in found[:_MOST_NAMES])
        return Fault(f"“#assign {argument[:60]}” fits several: {named}. Write more of the name, or the address.")
    target = found[0]
    if isinstance(target, TeamState):
        if ticket.team_id == target.id and ticket.assignee_id is None:
            return same(f"The ticket is with {target.name} already.")
        return Act(f"The ticket is with {target.name} now.", lambda doing: _give_to_team(doing, target), tell=False)
    if ticket.assignee_id == target.id:
        return same(f"The ticket is {target.name}’s already.")
    return Act(f"The ticket is {target.name}’s now.", lambda doing: _give_to(doing, target), tell=False)


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
    return f"{one.name} <{one.address}>" if isinstance(one, StaffState) else f"the team {one.name}"


def _listed(view: View) -> str:
    names = [person.name for person in view.staff.values() if person.active] + list(view.teams)
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


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
        return Fault(f"“#time {argument[:60]}”: write a time of at most a day, like #time 15m or #time 1h30.")
    if _ticket(scene).minutes + minutes > MAX_MINUTES:
        return Fault(f"“#time {argument[:60]}”: more than {MAX_MINUTES:,} minutes do not fit on a ticket.")
    return Act(f"{minutes} minutes are noted.", lambda doing: _spend(doing, minutes), tell=False)


def _spend(doing: Doing, minutes: int) -> None:
    changes = fields.add_minutes(doing.writes, doing.ticket, minutes, doing.scene.case.now)
    if "time" in doing.changes:  # two such lines in one mail
        minutes += int(doing.changes["time"][1].split()[0])
    doing.changes |= changes | {"time": ["", f"{minutes} min"]}


def _due(scene: Scene, argument: str) -> Act | Fault:
    ticket, case = _ticket(scene), scene.case
    # “none” is a word of #alert, in every language.
    if case.rules.words.argument("alert", argument) == "none":
        if ticket.due_at is None:
            return same("The ticket is due at no time already.")
        return Act("The ticket is due at no time.", lambda doing: _set_due(doing, None), tell=False)
    read = when_of(argument, case.now, case.rules.zone)
    if read is None:
        return Fault(f"“#due {argument[:60]}”: write a day and a time, like #due 12 Apr 15:00, or #due none.")
    due_at = read.astimezone(UTC)
    shown = fields.shown_time(due_at, case.rules.zone)
    if due_at <= case.now:
        return Fault(f"“#due {argument[:60]}”: {shown} is past.")
    if ticket.due_at == due_at:
        return same(f"The ticket is due on {shown} already.")
    return Act(f"The ticket is due on {shown}.", lambda doing: _set_due(doing, due_at), tell=False)


def _set_due(doing: Doing, due_at: datetime | None) -> None:
    case = doing.scene.case
    fields.merge(doing.changes, fields.set_due(doing.writes, doing.ticket, due_at, case.rules.zone, case.now))


def _phone(scene: Scene, argument: str) -> Act | Fault:
    if argument:
        return Fault(f"“#phone {argument[:60]}”: #phone stands alone; it says that the request came by telephone.")
    if _ticket(scene).source == PHONE:
        return same("The source is Phone already.")
    return Act("The source is Phone.", _set_source, tell=False)


def _set_source(doing: Doing) -> None:
    changes = fields.set_text(doing.writes, doing.ticket, "source", PHONE, doing.scene.case.now)
    fields.merge(doing.changes, changes)


def _spam(scene: Scene, argument: str) -> Act | Fault:
    if argument:
        return Fault(f"“#spam {argument[:60]}”: #spam stands alone.")
    if _ticket(scene).spam:
        return same("The ticket is marked as spam already.")
    # Internal: no customer hears of it, and no word of the mail goes to whoever wrote the spam.
    return Act("The ticket is marked as spam.", _mark, tell=False, internal=True)


def _mark(doing: Doing) -> None:
    doing.scene.case.view.more.alerts.pop(doing.ticket.id, None)  # nobody waits for the end of spam
    fields.merge(doing.changes, fields.mark_spam(doing.writes, doing.ticket, doing.scene.case.now))


def _ticket(scene: Scene) -> TicketState:
    assert scene.ticket is not None  # noqa: S101 - for the type checker: the spec asks for one
    return scene.ticket


COMMANDS: tuple[Spec, ...] = (
    Spec("note", ("staff",), "#note", "Keeps your words internal.", _note),
    Spec("reply", ("staff",), "#reply", "Sends your words to the customer, whatever you answer.", _reply),
    Spec("take", ("staff",), "#take", "Makes you responsible.", _take),
    Spec("assign", ("staff",), "#assign name or team", "Gives the ticket to a colleague or to a team.", _assign),
    Spec("time", ("staff",), "#time 15m", "Adds to the time spent; customers do not see it.", _time),
    Spec("due", ("staff",), "#due 12 Apr 15:00", "Sets when the ticket is due; #due none takes it back.", _due),
    Spec("phone", ("staff",), "#phone", "Says that the request came by telephone.", _phone),
    Spec("spam", ("staff",), "#spam", "Ends the ticket as spam; nobody is told.", _spam),
)
