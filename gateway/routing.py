"""To which team a ticket goes: by its item, its service or its type, as long as nobody has taken it."""

from collections.abc import Collection
from typing import Any

from desk import fields, notices, statuses
from desk.catalogue import Item
from desk.state import TeamState, TicketState
from gateway.case import Case
from gateway.commands.spec import Doing

_BY_HAND = frozenset({"assign", "take"})
_DECIDES = frozenset({"item", "service", "type"})


def team_at_first(case: Case, kind: str, usual: str) -> TeamState | None:
    """The team for a new ticket of which only the type is known yet; else that of its desk address."""
    named = case.rules.catalogue.team_for(kind, "", None)
    return case.view.teams.get(named) or case.view.teams.get(usual)


def follow(doing: Doing, words: Collection[str]) -> None:
    """What the commands of a mail, which are `words`, said of item, service and type may imply another team."""
    if doing.scene.ticket is None or not _DECIDES & doing.changes.keys():
        return
    _imply_type(doing)
    ticket = doing.ticket
    taken = ticket.assignee_id is not None or statuses.is_done(ticket.status)
    if taken or _BY_HAND & {*words}:
        return
    team = _team(ticket, doing.scene.case)
    if team is None or team.id == ticket.team_id:
        return
    case = doing.scene.case
    before = next((other for other in case.view.teams.values() if other.id == ticket.team_id), None)
    fields.merge(doing.changes, fields.set_team(doing.writes, ticket, team, before, None, case.now))
    if not doing.scene.opens or doing.scene.confirmed:  # whoever hears of a new ticket hears of it by that
        _tell(doing, team)


def _imply_type(doing: Doing) -> None:
    """The service says which type it is, where a new mail says nothing else of it."""
    case = doing.scene.case
    service = case.rules.catalogue.service(doing.ticket.service) if "service" in doing.changes else None
    addressed = case.mail.recipients[0].type if case.mail.recipients else ""
    if not doing.scene.opens or service is None or not service.type or addressed or "type" in doing.changes:
        return
    kind = case.rules.catalogue.type(service.type)
    if kind is not None:
        fields.merge(doing.changes, fields.set_text(doing.writes, doing.ticket, "type", kind.name, case.now))


def _team(ticket: TicketState, case: Case) -> TeamState | None:
    catalogue = case.rules.catalogue
    return case.view.teams.get(catalogue.team_for(ticket.type, ticket.service, _item(ticket, case)))


def _item(ticket: TicketState, case: Case) -> Item | None:
    whose = case.view.more.organisations.get(ticket.organisation_id or 0, ())
    return case.rules.catalogue.item(ticket.item, whose) if ticket.item else None


def _tell(doing: Doing, team: TeamState) -> None:
    """Its members hear of the ticket as of a new one, by the entry that brought it to them."""
    scene, ticket = doing.scene, doing.ticket

    def write(event_id: int) -> None:
        for person in notices.members(team, scene.case.view.staff):
            if person.address != scene.author.address:
                doing.told_staff.add(person.address)
                now, context = scene.case.now, dict[str, Any](hints=[])
                notices.note_to_staff(doing.writes, "new_ticket", person, now, ticket, event_id, context)

    doing.after.append(write)
