"""Mails of staff about Ann's ticket, and a stranger's note on it: for the tests of commands about several tickets."""

from typing import Any

from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ANN, DESK, EVE, FIRST_MAIL, NUMBER, SAM, People, World

OTHER = "T20261101.0002"


def reply(people: People, body: str, *, ticket: int = 0, number: str = NUMBER, **fields: str) -> bytes:
    """An answer of Sam's to a letter about Ann's ticket, or about another one."""
    to = sample.ADDRESSES.reply_to(DESK, people.token(SAM, ticket))
    return sample.mail(SAM, f"Re: [{number}] Phones", body, to=to, **fields)


def answer(world: World, people: People, body: str, letter: Any) -> Any:
    """Sam answers the very letter that told of something."""
    token = people.token(SAM, letter.ticket_id, internal=True)
    named = sample.ADDRESSES.message_id(NUMBER, letter.id, token)
    to = sample.ADDRESSES.reply_to(DESK, token)
    return world.take(sample.mail(SAM, f"Re: [{NUMBER}]", body, to=to, in_reply_to=named))


def other(world: World, people: People, requester: str = ANN, number: str = OTHER, **values: Any) -> int:
    """One more ticket."""
    values = {"title": "Phones again", "organisation_id": world.ticket(people.ticket).organisation_id} | values
    return sample.add_ticket(
        world.database, people.contacts[requester], number, f"<{number.lower()}@customer.test>", **values
    )


def stranger(world: World, words: str = "I know more.", **fields: str) -> Any:
    """Eve answers Ann's first mail: a note that waits. The letter about it."""
    world.take(sample.mail(EVE, "Re: Phones, and my own", words, in_reply_to=FIRST_MAIL, **fields))
    return world.letters("customer_wrote", SAM)[-1]


def changes(world: World, ticket_id: int, visibility: str) -> dict[str, Any]:
    """What the history of a ticket says, of one visibility."""
    return {k: v for e in world.events(ticket_id) if e.visibility == visibility for k, v in e.changes.items()}


def refused(world: World) -> str:
    """Why Sam's mail was not done."""
    (letter,) = world.letters("not_done", SAM)
    return str(letter.context["lines"])
