"""Somebody whom nobody knows asks for help: accepted, confirmed, and followed by answering the letters."""

import pytest
from sqlalchemy import select

from gateway.token import Token
from store.tables import Contact, ContactAddress
from tests.gateway import desk_world as sample
from tests.gateway import rendering
from tests.gateway.desk_world import DESK, EVE, SAM, People, World


@pytest.mark.feature("F27", "mail")
@pytest.mark.feature("F28")
def test_a_stranger_opens_and_follows_a_ticket(world: World, people: People) -> None:
    """A contact of no organisation is made; the receipt confirms; staff see that nobody knows them."""
    done = world.take(sample.mail(EVE, "I forgot my password", "Let me in."))
    assert done.kind == "opened"
    whose = select(Contact).join(ContactAddress).where(ContactAddress.address == EVE)
    (eve,) = world.all(whose)
    assert (eve.known, eve.organisation_id) == (False, None)
    number = world.ticket(done.ticket_id).number
    (receipt,) = rendering.letters(world, "received", EVE)
    assert number in rendering.words(receipt)
    (told,) = rendering.letters(world, "new_ticket", SAM)
    assert "is not among your contacts" in rendering.words(told)
    assert done.ticket_id is not None
    to = sample.ADDRESSES.reply_to(DESK, Token("contact", done.ticket_id, eve.id))
    again = world.take(sample.mail(EVE, f"Re: [{number}]", "Any news?", to=to))
    assert (again.kind, again.ticket_id) == ("noted", done.ticket_id)
    assert world.events(done.ticket_id)[-1].visibility == "public"
