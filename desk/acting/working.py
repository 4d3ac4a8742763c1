"""What staff do about a ticket: take it, give it to somebody, note time spent, mark it as spam."""

from collections.abc import Sequence
from functools import partial

from desk import fields, notices, reading, structure, tickets
from desk.acting.rules import Refused
from desk.acting.stage import Stage
from desk.clean import row_id
from desk.minutes import minutes_of
from desk.said import say
from desk.state import StaffState, TeamState


def must_live(stage: Stage) -> None:
    """Nothing is done any more about a ticket that was merged into another one."""
    stage.member  # noqa: B018 - for staff alone
    stage.must_live()


def take(stage: Stage) -> None:
    """The ticket is one's own from now on."""
    give_to(stage, stage.member)


def assign(stage: Stage, to: str, field: str = "assignee") -> None:
    """To a person, `staff:12`, or into the queue of a team, `team:3`."""
    kind, _, number = to.partition(":")
    named = row_id(number) or 0
    person = stage.staff.get(named) if kind == "staff" else None
    team = next((team for team in stage.teams.values() if team.id == named), None) if kind == "team" else None
    if person is not None and (person.active or person.id == stage.ticket.assignee_id):
        give_to(stage, person)
    elif team is not None:
        give_to_team(stage, team)
    else:
        raise Refused(say("Select a person or a team"), field)


def give_to(stage: Stage, person: StaffState) -> None:
    """Make somebody responsible; they hear of it, but for one's own doing."""
    must_live(stage)
    before = stage.staff.get(stage.ticket.assignee_id or 0)
    if changes := tickets.take(stage.writes, stage.ticket, person, before, stage.now):
        fields.merge(stage.changes, changes)
        _tell(stage, (person,))


def give_to_team(stage: Stage, team: TeamState) -> None:
    """Into the queue of a team: it is nobody's until somebody there takes it."""
    must_live(stage)
    ticket = stage.ticket
    before = next((other for other in stage.teams.values() if other.id == ticket.team_id), None)
    assignee = stage.staff.get(ticket.assignee_id or 0)
    if changes := fields.set_team(stage.writes, ticket, team, before, assignee, stage.now):
        fields.merge(stage.changes, changes)
        _tell(stage, team.members)


def _tell(stage: Stage, people: Sequence[StaffState]) -> None:
    stage.after.append(partial(_write, stage, [person for person in people if person.id != stage.author.id]))


def _write(stage: Stage, people: Sequence[StaffState], event_id: int) -> None:
    for person in people:
        notices.letter(
            stage.writes, "assigned", person, stage.now, ticket=stage.ticket, event_id=event_id or None,
            context={"by": stage.author_name}, automatic=False,
        )  # fmt: skip


def spend(stage: Stage, time: str, field: str = "time") -> None:
    """Add to the time spent, which customers do not see: `15m`, `1h30`, `90`."""
    must_live(stage)
    minutes = minutes_of(time)
    if minutes is None:
        raise Refused(say("Write a time of at most a day, like 15m or 1h30"), field)
    if stage.ticket.minutes + minutes > fields.MAX_MINUTES:
        raise Refused(say("More than {n} minutes do not fit on a ticket.", n=f"{fields.MAX_MINUTES:,}"), field)
    stage.changes |= fields.add_minutes(stage.writes, stage.ticket, minutes, stage.now)


def mark_spam(stage: Stage) -> None:
    """End the ticket as spam. No customer hears of it, and nobody waits for its end any more."""
    must_live(stage)
    if stage.ticket.spam:
        raise Refused(say("The ticket is marked as spam already."))
    stage.known.alerts.pop(stage.ticket.id, None)
    changes = fields.mark_spam(stage.writes, stage.ticket, stage.now)
    structure.history(stage.writes, stage.ticket, stage.member, changes, stage.now)
    reading.has_read(stage.writes, stage.ticket, stage.member, stage.now)
