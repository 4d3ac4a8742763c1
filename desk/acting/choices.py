"""What staff can choose from for a ticket: the sites, services, items and boards of its organisation."""

from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from desk import known
from desk.acting.rules import Rules
from desk.catalogue import Item, Service
from desk.known import Known
from desk.sites import SiteState
from desk.state import TicketState


@dataclass(frozen=True, slots=True)
class Choices:
    """All of it, as the ticket is now: another contact brings another organisation along."""

    organisations: tuple[str, ...]  # names: the ticket's own, and those below it
    sites: tuple[SiteState, ...]
    services: tuple[Service, ...]
    items: tuple[Item, ...]
    boards: dict[str, tuple[int, ...]] = field(default_factory=dict)  # contacts of each

    def site_names(self, site_id: int | None) -> tuple[str, ...]:
        """The name and the code of a site, by which the catalogue knows it."""
        return next(((site.name, site.code) for site in self.sites if site.id == site_id), ())


def of(session: Session, ticket: TicketState, rules: Rules) -> Choices:
    """For this ticket."""
    found, whose = Known(), ticket.organisation_id
    known.organisations(session, (), [ticket], found)
    known.sites(session, (), [ticket], found)
    known.boards(session, found)
    names = found.organisations.get(whose or 0, ())
    return Choices(
        organisations=names,
        sites=tuple(found.sites.get(whose or 0, ())),
        services=tuple(rules.catalogue.services_for(names[0] if names else "", known=True)),
        items=tuple(rules.catalogue.items_of(names)),
        boards={name: tuple(ids) for (owner, name), ids in found.boards.items() if owner == whose},
    )
