"""The row of a new ticket: everything that the form says of it, and the team that it is for."""

from desk import fields, tickets
from desk.acting import wish
from desk.acting.offering import NOT_SURE
from desk.acting.opening_case import Opening
from desk.state import ContactState, TeamState, TicketState

SYSTEM = "System"  # what else was said of the item, as the answer to a question


def new_ticket(opening: Opening, requester: ContactState) -> TicketState:
    """The row, with everything that the form says of it."""
    filled, offer, writes, now = opening.wish, opening.offer, opening.writes, opening.now
    catalogue, is_staff = offer.catalogue, offer.is_staff
    kind = catalogue.type(filled.kind)
    named = kind.name if kind else offer.rules.desk_type
    ticket = tickets.open_ticket(
        writes, requester=requester, title=filled.title, kind=named, desk_address=offer.rules.desk_address,
        team=_team(opening, named), now=now, priority=catalogue.usual_priority,
        source=filled.source if is_staff and filled.source in wish.SOURCES else "Portal",
    )  # fmt: skip
    want = wish.asked(offer, kind) if kind else None
    site = offer.site(filled.site_id) or offer.site(requester.site_id)
    if site is not None:
        fields.set_site(writes, ticket, site.id, site.name, "", now)
    if want and want.rated:
        fields.set_urgency(writes, ticket, filled.urgency, now, catalogue.matrix)
        fields.set_impact(writes, ticket, filled.impact, now, catalogue.matrix)
    if service := offer.service(filled.service):
        fields.set_text(writes, ticket, "service", service.label, now)
    if want and want.item:
        _set_item(opening, ticket)
    if filled.reference:
        fields.set_text(writes, ticket, "customer_reference", filled.reference, now)
    if want and want.needed_by and (day := wish.day_of(filled.needed_by)):
        fields.set_needed_by(writes, ticket, day, now)
    _answers(opening, ticket)
    return ticket


def _set_item(opening: Opening, ticket: TicketState) -> None:
    """As it is called here where the form names one; “not sure” is an answer as well, with what was said of it."""
    filled, writes, now = opening.wish, opening.writes, opening.now
    called = wish.items_called(filled, opening.offer)
    system = " ".join(filled.system.split())
    item = called[0].name if called else " ".join(filled.item.split())
    unsure = item.casefold() in ("", NOT_SURE)
    if unsure and system:
        item, system = f"{NOT_SURE}, {system}", ""
    if item:
        fields.set_text(writes, ticket, "item", item, now)
    if system:
        fields.set_answer(writes, ticket, SYSTEM, system, now)


def _answers(opening: Opening, ticket: TicketState) -> None:
    filled = opening.wish
    for place, question in enumerate(opening.offer.catalogue.questions_of(ticket.type, ticket.service)):
        if answer := wish.answer_to(filled, place):
            said = (wish.choice(question, answer) or answer) if question.choices else answer
            fields.set_answer(opening.writes, ticket, question.label, said, opening.now)


def _team(opening: Opening, kind: str) -> TeamState | None:
    """By item, service and type, as by mail; else the team of the desk."""
    catalogue, filled, teams = opening.offer.catalogue, opening.wish, opening.teams
    called = wish.items_called(filled, opening.offer)
    named = catalogue.team_for(kind, filled.service, called[0] if called else None)
    usual = catalogue.team_for(kind, "", None)
    return teams.get(named) or teams.get(usual) or teams.get(opening.desk.rules.desk_team)


def stated(opening: Opening) -> list[str]:
    """The labels that the form stated: the receipt asks for none of them."""
    kind = opening.offer.catalogue.type(opening.wish.kind)
    want = wish.asked(opening.offer, kind) if kind else None
    found = ["Type", "Title"]
    found += ["Urgency", "Impact"] if want and want.rated else []
    return found
