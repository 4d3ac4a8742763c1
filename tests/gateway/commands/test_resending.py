"""#resend-credentials: portal access and a new letter, at the word of staff."""

import pytest
from sqlalchemy import select

from desk import credentials
from store.tables import Account, Contact, Ticket
from tests.gateway import desk_world as sample
from tests.gateway.commands.test_handing_on import confirm, refused
from tests.gateway.desk_world import ANN, DESK, EVE, GONE, KIM, NUMBER, SAM, SUE, People, World


@pytest.mark.feature("F5", "mail")
def test_resend_credentials(world: World, people: People) -> None:
    """Portal access and a letter to the stored address; no secret in any row, and none in the answer."""
    done = world.take(sample.mail(SAM, f"#resend-credentials {ANN.upper()}", "", verdict="pass"))
    assert (done.kind, done.ticket_id) == ("answered", None)
    (account,) = world.all(select(Account))
    (letter,) = world.letters("credentials")
    (told,) = world.letters("done", SAM)
    assert (account.contact_id, account.username, account.active) == (people.contacts[ANN], ANN, True)
    assert (letter.recipient, letter.context, letter.ticket_id) == (ANN, {"by": "Sam"}, None)
    made = credentials.for_letter(account, sample.KEYS, sample.NOW)
    assert made is not None
    assert made.secret not in str((letter.context, told.context))
    assert f"Ann, {ANN} has portal access" in told.context["lines"][0]


@pytest.mark.feature("F5", "mail")
def test_again(world: World, people: People) -> None:
    """In a reply to a ticket as well; the earlier secret ends, and access that was taken away is back."""
    world.take(sample.mail(SAM, f"#resend-credentials {ANN}", "", verdict="pass"))
    (before,) = world.all(select(Account))
    with world.database.transaction() as session:
        credentials.deactivate(session, session.get_one(Account, before.id))
    to = sample.ADDRESSES.reply_to(DESK, people.token(SAM))
    world.take(sample.mail(SAM, f"Re: [{NUMBER}]", f"#resend-credentials {ANN}", to=to), recipients=(to,))
    (after,) = world.all(select(Account))
    assert (after.id, after.active, len(world.letters("credentials"))) == (before.id, True, 2)
    assert after.once_hash != before.once_hash
    assert world.events(people.ticket) == []


def test_staff_vouch_for_whom_they_name(world: World, people: People) -> None:
    """Eve wrote once; with access she is somebody the desk knows."""
    world.take(sample.mail(EVE, "Hello"))
    world.take(sample.mail(SAM, f"#resend-credentials {EVE}", "", verdict="pass"))
    assert [person.known for person in world.all(select(Contact)) if person.addresses[0].address == EVE] == [True]


@pytest.mark.parametrize(
    "argument, told",
    [
        ("", "needs one address"),
        (f"{ANN} {KIM}", "needs one address"),
        ("nobody@customer.test", "no contact with the address nobody@customer.test"),
        (SUE, "is at the desk"),
        (GONE, "is not active"),
    ],
)
def test_no_credentials(world: World, people: People, argument: str, told: str) -> None:
    """Sam reads why."""
    world.take(sample.mail(SAM, f"#resend-credentials {argument}", "", verdict="pass"))
    assert told in refused(world)
    assert (world.all(select(Account)), world.letters("credentials")) == ([], [])


def test_not_for_customers_and_not_unproven(world: World, people: People) -> None:
    """From Ann it opens a ticket like any mail; from somebody who may be Sam it waits for his word."""
    assert world.take(sample.mail(ANN, f"#resend-credentials {KIM}", "", verdict="pass")).kind == "opened"
    world.take(sample.mail(SAM, f"#resend-credentials {ANN}", "", verdict="none"))
    assert world.letters("credentials") == []
    confirm(world)
    assert [row.recipient for row in world.letters("credentials")] == [ANN]
    assert world.count(Ticket) == 2
