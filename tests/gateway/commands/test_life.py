"""Commands that move a ticket along: each by a real mail, read in the letters that come back."""

from datetime import timedelta

import pytest

from desk import statuses
from store.tables import Ticket
from tests.gateway import desk_world as sample
from tests.gateway import rendering
from tests.gateway.desk_world import ANN, DESK, EVE, FIRST_MAIL, KIM, NOW, NUMBER, PAT, SAM, People, World


def own(people: People, sender: str, body: str, **fields: str) -> bytes:
    """An answer to one's own letter."""
    to = sample.ADDRESSES.reply_to(DESK, people.token(sender))
    return sample.mail(sender, f"Re: [{NUMBER}] Phones are down", body, to=to, **fields)


def to(people: People, sender: str) -> tuple[str, ...]:
    """Where such an answer goes."""
    return (sample.ADDRESSES.reply_to(DESK, people.token(sender)),)


def take(world: World, people: People, sender: str, body: str, **fields: str) -> str:
    """Such an answer handled; what became of it."""
    return world.take(own(people, sender, body, **fields), recipients=to(people, sender)).kind


def change(world: World, people: People, **values: object) -> None:
    """The ticket as the test needs it."""
    with world.database.transaction() as session:
        for name, value in values.items():
            setattr(session.get_one(Ticket, people.ticket), name, value)


def read(world: World, recipient: str) -> str:
    """The text of the newest letter to somebody, on one line."""
    return " ".join(rendering.text(rendering.letters(world, recipient=recipient)[-1]).split())


@pytest.mark.feature("F148", "mail")
@pytest.mark.feature("F149", "mail")
@pytest.mark.parametrize(
    "body",
    [
        "resolved", "Solved!", "Hi Sam,\n\nfixed, thanks\n\nAnn", "#resolve", "erledigt", "Résolu, merci", "Resuelto",
        "#gelöst", "Hallo zusammen,\n#erledigt\n\nViele Grüße\nAnn",
    ],
)  # fmt: skip
def test_a_customer_resolves(world: World, people: People, body: str) -> None:
    """By one word or a command, in any of the languages: resolved, no note; the others hear who says so."""
    assert take(world, people, ANN, body) == "answered"
    ticket = world.ticket(people.ticket)
    assert (ticket.status, ticket.completed_at) == ("Resolved", NOW)
    assert [(e.kind, e.text) for e in world.events(people.ticket)] == [("change", "")]
    assert "Done: The ticket is resolved." in read(world, ANN)
    assert "Ann says that it is solved." in read(world, PAT)
    assert "Ann says that it is solved." in read(world, SAM)


@pytest.mark.feature("F150", "mail")
def test_staff_resolve_with_words(world: World, people: People) -> None:
    """The customer reads the answer, and what was done; nobody at the desk gets a letter about it."""
    assert take(world, people, SAM, "Glad it works.\n\n#resolve The switch was changed.") == "noted"
    assert world.ticket(people.ticket).resolution == "The switch was changed."
    said = read(world, ANN)
    assert "Sam wrote: Glad it works." in said
    assert "What we did: The switch was changed." in said
    assert "just reply and it opens again (until 7 Dec 2026)" in said
    assert world.letters(recipient=SAM) == []


@pytest.mark.feature("F153", "mail")
@pytest.mark.parametrize(
    "body", ["reopen", "Still broken", "#reopen", "geht immer noch nicht", "It rings, but nobody hears me."]
)
def test_what_was_resolved_opens_again(world: World, people: People, body: str) -> None:
    """By a word, a command, or a reply that is no thank-you; the others are told."""
    change(world, people, status="Resolved", completed_at=NOW - timedelta(days=3))
    take(world, people, ANN, body)
    ticket = world.ticket(people.ticket)
    assert (ticket.status, ticket.completed_at, ticket.reopened) == ("Update Added", None, 1)
    assert "This ticket is open again." in read(world, PAT)


@pytest.mark.parametrize("status", ["Resolved", "Complete", "Withdrawn"])
@pytest.mark.parametrize(
    "body", ["Thanks!", "Danke, funktioniert wieder!", "Merci beaucoup", "Great, works now. Thank you Sam"]
)
def test_thanks_open_nothing(world: World, people: People, status: str, body: str) -> None:
    """A thank-you is noted; the ticket stays done, and no new one comes of it."""
    change(world, people, status=status, completed_at=NOW - timedelta(days=3))
    assert take(world, people, ANN, body) == "noted"
    assert world.ticket(people.ticket).status == status
    assert world.count(Ticket) == 1


@pytest.mark.parametrize(
    "body", ["Thanks, but it still fails.", "Danke, aber das Display ist dunkel.", "Thanks! Who pays?"]
)
def test_thanks_with_more_to_it(world: World, people: People, body: str) -> None:
    """Anything besides opens it again."""
    change(world, people, status="Resolved", completed_at=NOW - timedelta(days=3))
    take(world, people, ANN, body)
    assert world.ticket(people.ticket).status == "Update Added"


@pytest.mark.feature("F152", "mail")
@pytest.mark.parametrize("status, days", [("Resolved", 15), ("Complete", 1), ("Withdrawn", 1)])
def test_what_is_closed_for_good_goes_on_in_a_new_ticket(world: World, people: People, status: str, days: int) -> None:
    """The new one is linked, and its receipt says why it is a new one; the old one is as it was."""
    change(world, people, status=status, completed_at=NOW - timedelta(days=days))
    assert take(world, people, ANN, "It is down again.") == "opened"
    assert f"Your ticket {NUMBER} is closed, so this is a new one. The two are linked." in read(world, ANN)
    assert world.ticket(people.ticket).status == status


@pytest.mark.feature("F154", "mail")
@pytest.mark.parametrize(
    "body, reason, words",
    [
        ("withdraw", "", ""),
        ("#withdraw no longer needed", "No longer needed", ""),
        ("#withdraw Duplicate of mine\n\nSorry for the noise.", "Duplicate: of mine", "Sorry for the noise."),
        ("Withdraw\n\nWe moved out of that house.", "", "We moved out of that house."),
        ("#zurückziehen wir sind umgezogen", "Other: wir sind umgezogen", ""),
    ],
)  # fmt: skip
def test_withdraw(world: World, people: People, body: str, reason: str, words: str) -> None:
    """With one of the reasons, or one's own words; the others and staff read it."""
    take(world, people, ANN, body)
    ticket = world.ticket(people.ticket)
    assert (ticket.status, ticket.withdrawal) == ("Withdrawn", reason)
    assert world.events(people.ticket)[-1].text == words
    assert "This ticket was withdrawn." in read(world, PAT)
    said = read(world, SAM)
    assert "Ann withdrew the request." in said
    assert f"Reason: {reason}." in said or not reason
    assert words in said


@pytest.mark.feature("F145", "mail")
@pytest.mark.feature("F144", "mail")
@pytest.mark.parametrize(
    "status", [s for s in statuses.ALL if s not in ("In Progress", "Resolved", "Complete", "Withdrawn")]
)
def test_staff_set_every_status(world: World, people: People, status: str) -> None:
    """By its name in any case; customers read it in the letter."""
    take(world, people, SAM, f"Please wait.\n\n#status {status.upper()}")
    assert world.ticket(people.ticket).status == status
    assert f"Status: {status} (was In Progress)" in read(world, ANN)
    take(world, people, ANN, "I have news.")
    assert world.ticket(people.ticket).status == ("New" if status == "New" else "Update Added")


@pytest.mark.feature("F99", "mail")
def test_a_request_just_made_is_withdrawn(world: World, people: People) -> None:
    """Sent by mistake: one word to the receipt, and it is withdrawn."""
    done = world.take(sample.mail(ANN, "Wrong desk", "This was meant for somebody else.", verdict="pass"))
    address = sample.ADDRESSES.reply_to(DESK, people.token(ANN, done.ticket_id or 0))
    world.take(sample.mail(ANN, "Re: Wrong desk", "withdraw", to=address), recipients=(address,))
    assert world.ticket(done.ticket_id).status == "Withdrawn"
    assert "Done: The ticket is withdrawn." in read(world, ANN)


@pytest.mark.feature("F71", "mail")
@pytest.mark.parametrize("item, asked", [("", True), ("Item: not sure, the box in the lift lobby\n", False)])
def test_an_incident_without_an_item_is_asked_for_it(world: World, people: People, item: str, asked: bool) -> None:
    """Once, in the receipt; the request is taken all the same."""
    done = world.take(sample.mail(ANN, "Down", f"Type: incident\n{item}\nNo dial tone since nine.", verdict="pass"))
    assert (done.kind, world.ticket(done.ticket_id).type) == ("opened", "Incident")
    said = rendering.text(rendering.letters(world, "received", ANN)[-1])
    assert ("\nItem: (or “not sure”)" in said) is asked


@pytest.mark.feature("F104", "mail")
def test_the_receipt_has_the_whole_link(world: World, people: People) -> None:
    """On a line of its own, so that it can be copied and passed on."""
    done = world.take(sample.mail(ANN, "A request", "Could I have a second screen?", verdict="pass"))
    number = world.ticket(done.ticket_id).number
    assert f"https://desk.test/t/{number}" in rendering.text(rendering.letters(world, "received", ANN)[-1]).splitlines()


def test_a_status_that_does_not_exist(world: World, people: People) -> None:
    """Nothing is done, nothing is sent, and the answer names those that exist."""
    take(world, people, SAM, "Secret words.\n\n#status sleeping")
    assert [e.visibility for e in world.events(people.ticket)] == ["internal"]
    assert world.letters(recipient=ANN) == []
    assert "there is no such status. Choose one of: New, In Progress," in read(world, SAM)


def test_commands_that_contradict_each_other(world: World, people: People) -> None:
    """None of them is done; the mail is a note like any other."""
    take(world, people, ANN, "#resolve\n#withdraw duplicate")
    assert world.ticket(people.ticket).status == "Update Added"
    assert "contradict each other" in read(world, ANN)


def test_a_ticket_is_opened_again_ten_times_a_day(world: World, people: People) -> None:
    """The eleventh time the mail is held for a person; on the next day it goes on."""
    for n in range(12):
        change(world, people, status="Resolved", completed_at=NOW)
        kind = take(world, people, ANN, f"Again, for the {n + 1}. time.")
        assert kind == ("noted" if n < 10 else "held"), n
    assert "opened again 10 times today" in " ".join(str(letter.context) for letter in world.letters("mail_trouble"))
    world.clock.forward(days=1)
    assert take(world, people, ANN, "One more time.") == "noted"


@pytest.mark.feature("F92", "mail")
@pytest.mark.parametrize(
    "sender, subject, found",
    [
        (ANN, "Question about INC-4471", True), (KIM, "AW: inc-4471: anything new?", True), (PAT, "INC-4471", False),
        (EVE, "INC-4471", False), (ANN, "INC-4472", False), (ANN, "PO-1", False),
    ],
)  # fmt: skip
def test_the_customers_own_number(world: World, people: People, sender: str, subject: str, found: bool) -> None:
    """It finds the one open ticket of the organisation that has it; never that of another customer, nor one of two."""
    change(world, people, customer_reference="INC-4471", reference_key="inc-4471")
    works = world.ticket(people.ticket).organisation_id
    for n in (3, 4):
        sample.add_ticket(
            world.database, people.contacts[ANN], f"T20261101.000{n}", f"<{n}@customer.test>",
            customer_reference="PO-1", reference_key="po-1", organisation_id=works,
        )  # fmt: skip
    done = world.take(sample.mail(sender, subject, "Is there anything new about it?", verdict="pass"))
    assert (done.kind, done.rule, done.ticket_id == people.ticket) == (
        ("noted", "E5-note", True) if found else ("opened", "new", False)
    )


def test_a_done_ticket_is_found_by_no_own_number(world: World, people: People) -> None:
    """Only what is open: a new order may well have the old number."""
    change(world, people, customer_reference="INC-4471", reference_key="inc-4471", status="Resolved", completed_at=NOW)
    assert world.take(sample.mail(ANN, "INC-4471", "Hello, it is me.", verdict="pass")).kind == "opened"


def test_a_ticket_number_beats_ones_own_number(world: World, people: People) -> None:
    """E5 counts only where no ticket number stands in the subject."""
    change(world, people, customer_reference="INC-4471", reference_key="inc-4471")
    raw = sample.mail(EVE, f"[{NUMBER}] INC-4471", "Hello, it is me.", verdict="pass", references=FIRST_MAIL)
    done = world.take(raw)
    assert [piece["kind"] for piece in done.evidence["evidence"]] == ["E3", "E4"]
