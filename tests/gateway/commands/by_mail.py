"""What the tests of commands share: mails as people write them, and what a “confirm” is."""

from typing import Any

from sqlalchemy import select

from gateway.token import Token
from store.tables import Organisation, Site, Ticket
from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ANN, DESK, NUMBER, People, World

BLACKFRIARS = ("Works - London", "W_LON/0007", "160 Blackfriars Road", "SE1 8EZ")
TELEHOUSE = ("Works - North", "W_LON/0009", "Telehouse North", "E14 2AA")


def reply(people: People, body: str, sender: str = ANN, **fields: Any) -> bytes:
    """An answer to one's own letter about the ticket."""
    to = sample.ADDRESSES.reply_to(DESK, people.token(sender))
    return sample.mail(sender, f"Re: [{NUMBER}] Phones", body, to=to, **fields)


def confirm(world: World, sender: str) -> None:
    """The answer to the one question whether to do it."""
    (question,) = world.letters("confirm", sender)
    to = sample.ADDRESSES.reply_to(DESK, Token("confirm", 0, question.context["pending"]))
    world.take(sample.mail(sender, "Re: Confirm", "confirm", to=to))


def opened(world: World, body: str, sender: str = ANN, subject: str = "Phones", **fields: Any) -> Ticket:
    """The ticket that a new mail opened."""
    done = world.take(sample.mail(sender, subject, body, **fields))
    assert done.kind == "opened"
    return world.ticket(done.ticket_id)


def give_sites(world: World, *places: tuple[str, str, str, str]) -> dict[str, int]:
    """Sites of Ann's organisation by name, and one of another organisation."""
    new = world.database.ids.next
    with world.database.transaction() as session:
        works = session.scalars(select(Organisation)).one()
        other = Organisation(id=new(), name="Elsewhere", created_at=sample.NOW)
        session.add(other)
        session.flush()
        session.add(Site(id=new(), organisation_id=other.id, name="Secret Harbour"))
        sites = [
            Site(id=new(), organisation_id=works.id, name=name, code=code, place=place, post_code=post_code)
            for name, code, place, post_code in places
        ]
        session.add_all(sites)
        return {site.name: site.id for site in sites}
