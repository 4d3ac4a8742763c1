"""A sample desk with services, items and sites, on which tickets are opened: for tests of acts and of pages."""

from dataclasses import replace
from typing import Any

from sqlalchemy import select

from desk.acting.rules import Rules
from desk.catalogue import Catalogue, Item, Service
from desk.request_types import STANDARD, Question
from store.tables import Contact, Outbox, Site, Team, TeamMember, Ticket
from tests.portal.world import World

SERVICES = (
    Service("Mailbox", "Mail", "A new mailbox, or one that is too full."),
    Service(
        "Distribution list", "Mail", "A list, or a change to one.", type="Change Request",
        questions=(
            Question("Address of the list", required=True),
            Question("Who may write to it?", choices=("Members", "Everybody")),
        ),
    ),
    Service("Password", text="A forgotten password.", public=True, type="Query"),
    Service("Vault", organisations=("Private Sample",), text="A box in the vault."),
    Service("Network", team="Network"),
)  # fmt: skip
ITEMS = (
    Item("SIP trunk 4", "Acme Sample", "Blackfriars", serial="S-77", team="Network"),
    Item("Edge router 2", "Acme Sample", "BF-1"),
    Item("Lift telephone", "Acme Sample", "Harbour"),
    Item("Safe", "Private Sample"),
)
CATALOGUE = Catalogue(services=SERVICES, items=ITEMS)
PLAIN = Catalogue(types=(replace(STANDARD[1], fields=()),))  # one type, and nothing to choose


def rules(catalogue: Catalogue = CATALOGUE, **changes: Any) -> Rules:
    """By which people open tickets here."""
    return Rules(desk_address="service@example.test", catalogue=catalogue, **changes)


def furnish(world: World) -> World:
    """Two sites of the first organisation, two teams, and an Admin user: Ana."""
    with world.database.transaction() as session:
        for name, code, main in (("Blackfriars", "BF-1", True), ("Harbour", "HB-2", False)):
            world.ids[name] = world.database.ids.next()
            row = Site(id=world.ids[name], organisation_id=world.ids["acme"], name=name, code=code, main=main)
            row.post_code = "E14 2AA" if main else ""
            session.add(row)
        for name in ("Service Desk", "Network"):
            world.ids[name] = world.database.ids.next()
            session.add(Team(id=world.ids[name], name=name))
        session.flush()
        session.add(TeamMember(team_id=world.ids["Network"], staff_id=world.ids["sam"]))
        session.get_one(Contact, world.ids["ana"]).level = "Admin User"
        session.get_one(Contact, world.ids["ana"]).details = {"Phone": "020 7946 0000"}
    return world


def newest(world: World) -> Ticket:
    """The ticket that was opened last."""
    with world.database.reading() as session:
        return session.scalars(select(Ticket).order_by(Ticket.id.desc())).first() or Ticket()


def letters(world: World, ticket: Ticket) -> list[tuple[str, str, dict[str, Any]]]:
    """Kind, address in lower case and context of each letter about a ticket."""
    with world.database.reading() as session:
        rows = session.scalars(select(Outbox).where(Outbox.ticket_id == ticket.id).order_by(Outbox.id))
        return [(row.kind, row.recipient.lower(), row.context) for row in rows]
