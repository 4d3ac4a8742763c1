"""A sample desk with something on every page: people of each level, mail of each kind, an announcement, an approval."""

from datetime import timedelta

from desk.acting.rules import Rules
from desk.catalogue import Catalogue, Item, Service
from store.tables import Announcement, Approval, Contact, Participant, Site, Tally, Ticket
from tests.portal.mail_world import add_letter, add_mail
from tests.portal.world import START, World, add_event, add_ticket

PEOPLE = ("jane", "ana", "eva", "max", "sam")  # Admin, Standard, own tickets only, another organisation, the desk
LONG = "https://intranet.example.test/" + "a-very-long-path-without-any-blank/" * 6
RULES = Rules(
    desk_address="service@example.test",
    catalogue=Catalogue(
        services=(
            Service("Mailbox", category="Mail", text="A new mailbox, or more room in one.", type="Change Request"),
            Service("Distribution list", category="Mail", text="One address for several people.", type="Query"),
            Service("Password reset", category="Access", text="You cannot sign in any more.", public=True),
        ),
        items=(Item("SIP trunk 4", "Acme Sample", product="SIP trunk", serial="ST-0004"),),
    ),
    links=(("Sample pages of help", "https://help.example.test/"),),
)


def furnish(world: World) -> World:
    """Everybody can sign in, and nothing is empty but what belongs to Eva."""
    for name in PEOPLE:
        world.give_password(name)
    with world.database.transaction() as session:
        jane = session.get_one(Contact, world.ids["jane"])
        jane.level = "Admin User"
        world.ids["site"] = world.database.ids.next()
        session.add(Site(id=world.ids["site"], organisation_id=world.ids["acme"], name="Blackfriars", code="S-0007",
                         place="London", post_code="EC4V 6BJ", account="Sample", main=True))  # fmt: skip
        add_ticket(session, world, "wide", "jane", title=LONG[:200], status="Waiting Customer", updated_at=START)
        change = add_ticket(session, world, "change", "ana", title="One more SIP trunk", type="Change Request",
                            status="Waiting Approval", approval="Requested",
                            due_at=START - timedelta(hours=1))  # fmt: skip
        add_event(
            session, world, change, "From May on, one trunk more.", contact_id=world.ids["ana"], author="Ana Sample"
        )
        session.add(Approval(ticket_id=change.id, contact_id=world.ids["jane"], asked_at=START, answer=""))
        session.add(Participant(ticket_id=change.id, contact_id=world.ids["jane"], role="approver", added_at=START))
        world.ids["news"] = world.database.ids.next()
        session.add(Announcement(id=world.ids["news"], title="The portal is closed on 13 April, 22:00 to 23:00",
                                 text="E-mail works all the time.", starts_at=START - timedelta(days=1),
                                 created_at=START - timedelta(days=1)))  # fmt: skip
        world.ids["held"] = add_mail(session, world, "held")
        world.ids["opened"] = add_mail(session, world, "opened", ticket_id=world.ids["phones"], subject="Phones down")
        world.ids["letter"] = add_letter(session, world, "failed", ("failed", "550 no such user"))
        session.get_one(Tally, "accepted").value += 2
        done = session.get_one(Ticket, world.ids["done"])
        done.completed_at, done.resolution = START - timedelta(days=3), "A new keyboard was sent by post."
    return world
