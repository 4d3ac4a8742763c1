"""What a “confirm” may still do, and what a person who files a held mail sets going: nothing but words."""

import pytest
from sqlalchemy import update

from desk.held import release
from gateway.token import Token
from store.tables import Contact, Event, Participant, Ticket
from tests.gateway import desk_world as sample
from tests.gateway import rendering
from tests.gateway.desk_world import ANN, DESK, EVE, NUMBER, PAT, SAM, People, World


def confirm(world: World, sender: str, body: str = "confirm") -> str:
    """The answer to the newest question; what became of it."""
    pending = world.letters("confirm", sender)[-1].context["pending"]
    to = sample.ADDRESSES.reply_to(DESK, Token("confirm", 0, pending))
    return world.take(sample.mail(sender, "Re: Reply confirm", body, to=to), recipients=(to,)).kind


def ask(world: World, sender: str, body: str) -> None:
    """A mail that nothing proves: by the number alone."""
    world.take(sample.mail(sender, f"Re: [{NUMBER}] Phones", body))


@pytest.mark.parametrize("command", ["#withdraw Other", "#resolve", "#append x", "#alert completed"])
@pytest.mark.parametrize("since", ["removed", "deactivated", "merged"])
def test_a_right_that_is_gone_is_no_right(world: World, people: People, command: str, since: str) -> None:
    """Between question and answer Pat was removed, deactivated, or the ticket merged into one of somebody else's."""
    other = sample.add_ticket(world.database, people.contacts[ANN], "T20261101.0002", "<o@customer.test>")
    ask(world, PAT, command)
    pat = people.contacts[PAT]
    with world.database.transaction() as session:
        if since == "removed":
            gone = update(Participant).where(Participant.contact_id == pat).values(removed_at=sample.NOW)
            session.execute(gone)
        elif since == "deactivated":
            session.execute(update(Contact).where(Contact.id == pat).values(deactivated_at=sample.NOW))
        else:
            session.execute(update(Ticket).where(Ticket.id == people.ticket).values(merged_into_id=other))
    assert confirm(world, PAT) == "answered"
    for ticket in (people.ticket, other):
        assert (world.ticket(ticket).status, world.ticket(ticket).resolution) == ("In Progress", "")
    assert world.letters("update") == []


def test_the_name_below_a_confirm(world: World, people: People) -> None:
    """“Confirm”, a name, and the line of a telephone: that is a confirm."""
    ask(world, ANN, "#resolve")
    assert confirm(world, ANN, "Confirm\n\nAnn\n\nSent from my iPhone") == "answered"
    assert world.ticket(people.ticket).status == "Resolved"


def test_files_with_a_confirm_are_kept(world: World, people: People) -> None:
    """They stand on the ticket, with what was confirmed."""
    ask(world, ANN, "#resolve")
    pending = world.letters("confirm", ANN)[-1].context["pending"]
    to = sample.ADDRESSES.reply_to(DESK, Token("confirm", 0, pending))
    raw = sample.mail(
        ANN, "Re: Reply confirm", "--b\nContent-Type: text/plain\n\nconfirm\n--b\nContent-Type: application/pdf\n"
        'Content-Disposition: attachment; filename="proof.pdf"\n\n%PDF-1.4 x\n--b--', to=to,
        content_type='multipart/mixed; boundary="b"', mime_version="1.0",
    )  # fmt: skip
    world.take(raw, recipients=(to,))
    assert world.ticket(people.ticket).status == "Resolved"
    assert "proof.pdf" in rendering.words(rendering.letters(world, recipient=SAM)[-1])


@pytest.mark.parametrize("sender, owner", [(SAM, SAM), (ANN, ANN), (EVE, ANN)])
def test_a_held_mail_that_is_filed_by_hand_does_nothing(world: World, people: People, sender: str, owner: str) -> None:
    """DMARC failed; a person puts it on the ticket: its words are kept, whole, and no command is done."""
    body = "#reply\n#resolve Give me your password\n#withdraw\n#copy evil@elsewhere.test\nHello Ann"
    to = sample.ADDRESSES.reply_to(DESK, people.token(owner))
    mail_id = world.send(sample.mail(sender, "Re: x", body, to=to, verdict="fail"), recipients=(to,))
    world.handle()
    assert world.disposition(mail_id).kind == "held"
    with world.database.transaction() as session:
        release(session, mail_id, by="a person", now=sample.NOW, wish=NUMBER)
    world.handle()
    assert world.disposition(mail_id).kind == "noted"
    ticket = world.ticket(people.ticket)
    assert (ticket.status, ticket.resolution) == ("In Progress" if sender == SAM else "Update Added", "")
    assert "Give me your password" in world.events(people.ticket)[-1].text
    assert "evil@elsewhere.test" not in {row.recipient for row in world.letters()}
    if sender == SAM:
        assert world.events(people.ticket)[-1].visibility == "internal"
        assert world.letters("update") == []


def test_words_are_kept_when_no_question_can_be_asked(world: World, people: People) -> None:
    """Above the cap of answers the mail is a note like any other, commands and all, and staff read it."""
    for n in range(7):
        ask(world, PAT, f"#withdraw for the {n}. time")
    texts = [entry.text for entry in world.events(people.ticket)]
    assert texts == ["#withdraw for the 5. time", "#withdraw for the 6. time"]
    assert len(world.letters("confirm", PAT)) == 5
    assert world.ticket(people.ticket).status == "In Progress"


@pytest.mark.parametrize("subject", ["#report of water damage in room 5", "#help my printer is on fire", "#sites down"])
def test_a_request_that_begins_like_a_command(world: World, people: People, subject: str) -> None:
    """It is a request: there is more behind the word than that command takes."""
    assert world.take(sample.mail(ANN, subject, "", verdict="pass")).kind == "opened"


def test_words_below_a_command_in_the_subject(world: World, people: People) -> None:
    """Somebody wrote to people: no word of it is lost. Courtesy alone is no word."""
    assert world.take(sample.mail(ANN, "#list my", "And my phone is dead.", verdict="pass")).kind == "opened"
    assert world.take(sample.mail(ANN, "#list my", "Thank you\n\nBest regards\nAnn", verdict="pass")).kind == "answered"


@pytest.mark.parametrize(
    "fields", [{"precedence": "bulk"}, {"list_id": "<l.test>"}, {"auto_submitted": "auto-generated"}]
)
@pytest.mark.parametrize("subject", ["#stop all", "#list my", "#signin"])
def test_a_machine_asks_nothing(world: World, people: People, fields: dict[str, str], subject: str) -> None:
    """Automatic mail runs no command, and gets no answer."""
    world.take(sample.mail(ANN, subject, "", verdict="pass", **fields))
    assert world.all(Event.__table__.select().where(Event.ticket_id == people.ticket)) == []
    assert [row.kind for row in world.letters(recipient=ANN)] == []


def test_a_confirmed_reply_goes_out(world: World, people: People) -> None:
    """Staff whom nothing proved: their words wait inside, and reach the customer with the “confirm”."""
    to = sample.ADDRESSES.reply_to(DESK, people.token(ANN))
    world.take(sample.mail(SAM, "Re: x", "#reply\nHello Ann, it works.", to=to), recipients=(to,))
    assert world.letters("update") == []
    confirm(world, SAM)
    assert "Hello Ann, it works." in rendering.words(rendering.letters(world, "update", ANN)[-1])
