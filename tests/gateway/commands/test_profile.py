"""What people do about themselves by mail: their profile, a new address, a sign-in link."""

from typing import Any

import pytest
from sqlalchemy import select, update

from desk import credentials, profile
from desk.profile import Profile
from gateway.token import Token
from store.tables import Account, Contact, ContactAddress, Outbox, Pending, WebSession
from tests.gateway import desk_world as sample
from tests.gateway import rendering
from tests.gateway.commands import by_mail
from tests.gateway.desk_world import ANN, DESK, EVE, GONE, KIM, NOW, PAT, SAM, People, World

NEW = "new@elsewhere.test"
FORM = (
    "Prefix: \nFirst name: Ann\nLast name: \nSuffix: \nJob title: \nPhone: \nExtension: \nFax: \nMobile: 1\nEmail: {}"
)


def me(body: str = "", sender: str = ANN, **fields: Any) -> bytes:
    """A verified mail about one's profile; with words, an answer to the letter that showed it."""
    subject = "Re: #me" if body else "#me"
    return sample.mail(sender, subject, body, **({"verdict": "pass"} | fields))


def of(world: World, people: People, address: str = ANN) -> Profile:
    """Somebody's profile as it is now."""
    contact_id = people.contacts[address]
    with world.database.reading() as session:
        return profile.load(session, Contact.id == contact_id)[contact_id]


def lines(world: World, kind: str, recipient: str = ANN) -> str:
    """What the last letter of a kind to somebody says."""
    return " ".join(world.letters(kind, recipient)[-1].context["lines"])


def give_access(world: World, people: People, address: str = ANN, **values: Any) -> None:
    """An account with an own password, and a browser that is signed in."""
    with world.database.transaction() as session:
        person_id = people.contacts[address]
        row = {"id": person_id, "username": address, "contact_id": person_id, "password_hash": "x", "created_at": NOW}
        session.add(Account(**(row | values)))
        session.flush()
        session.add(WebSession(key=address.encode(), account_id=person_id, csrf="", created_at=NOW, seen_at=NOW,
                               expires_at=NOW))  # fmt: skip


# The profile


@pytest.mark.feature("F29", "mail")
@pytest.mark.feature("F19", "mail")
def test_the_profile_comes_as_lines(world: World, people: People) -> None:
    """All eleven fields, the level too; to the stored address."""
    world.take(me())
    (row,) = world.letters("answer")
    assert (row.recipient, row.context["ask"]) == (ANN, "me")
    (letter,) = rendering.letters(world, "answer")
    text = rendering.text(letter)
    shown = [line.partition(":")[0] for line in text.splitlines() if line.partition(":")[0] in profile.OWN]
    assert shown == list(profile.OWN)
    assert f"Email: {ANN}" in text
    assert "Level: Standard User" in text
    assert "Organisation: Sample Works" in text


@pytest.mark.feature("F29", "mail")
@pytest.mark.feature("F32", "mail")
@pytest.mark.feature("F33", "mail")
@pytest.mark.parametrize(
    "body",
    [
        "Mobile: 07700 900123\nFax: 020 7946 0000",
        "Hi,\n\nMobile: 07700 900123\nFax: 020 7946 0000\n\nRegards\nAnn",
        "> Prefix:\n> First name: Ann\n> Fax: 020 7946 0000\n> Mobile: 07700 900123\n> Email: ann@customer.test",
        "Thanks\n\n> Fax: 020 7946 0000\n> Mobile: 07700 900123",
        "On Mon, 23 Nov 2026 at 12:00, Desk <service@desk.test> wrote:\n> Fax: 020 7946 0000\n> Mobile: 07700 900123",
    ],
    ids=["lines", "with words", "in the quotation", "in the quotation, with thanks", "below who wrote it"],
)
def test_changed_lines_are_applied(world: World, people: People, body: str) -> None:
    """Those that differ, wherever they are written; the letter says what it is now, and what it was."""
    world.take(me("Mobile: 1"))
    done = world.take(me(body))
    assert (done.kind, done.ticket_id) == ("answered", None)
    own = of(world, people)
    assert (own.value("Mobile"), own.value("Fax"), own.value("First name")) == ("07700 900123", "020 7946 0000", "Ann")
    said = lines(world, "done")
    assert "Mobile is now 07700 900123; it was 1." in said
    assert "Fax is now 020 7946 0000; it was empty." in said


@pytest.mark.feature("F29", "mail")
def test_the_letter_can_be_answered(world: World, people: People) -> None:
    """With nothing but its own reply address as proof, quoted with changes by a mail program."""
    world.take(me())
    (letter,) = rendering.letters(world, "answer")
    quoted = "\n".join(f"> {line}" for line in rendering.text(letter).splitlines())
    body = quoted.replace("> First name: Ann", "> First name: Anna").replace("> Last name:", "> Last name: Able")
    raw = sample.mail(ANN, str(letter["Subject"]), body, to=str(letter["Reply-To"]),
                      in_reply_to=str(letter["Message-ID"]))  # fmt: skip
    assert world.take(raw).rule == "asked"
    assert of(world, people).name == "Anna Able"
    assert lines(world, "done") == "First name is now Anna; it was Ann. Last name is now Able; it was empty."


def test_a_forged_change_waits(world: World, people: People) -> None:
    """Without a proof a letter asks first, and says what would change; “confirm” does it."""
    world.take(me("Mobile: 2", verdict="none"))
    assert of(world, people).value("Mobile") == ""
    assert lines(world, "confirm") == "Mobile is now 2; it was empty."
    by_mail.confirm(world, ANN)
    assert of(world, people).value("Mobile") == "2"


def test_the_same_again_changes_nothing(world: World, people: People) -> None:
    """A form that comes back as it was; a hyphen empties a line, and mandatory ones stay."""
    world.take(me(FORM.format(ANN)))
    world.take(me(FORM.format(ANN)))
    assert [row.context["lines"] for row in world.letters("done")] == [["Mobile is now 1; it was empty."]]
    world.take(me("Mobile: -"))
    assert of(world, people).details == {}
    world.take(me("Last name: -"))
    assert lines(world, "not_done") == "Last name cannot be empty."


def test_level_and_organisation_are_no_lines_of_ones_own(world: World, people: People) -> None:
    """Nobody makes themselves an Admin user; nothing else of such a mail is done either."""
    for line in ("Level: Admin User", "Organisation: Elsewhere"):
        world.take(me(f"{line}\nMobile: 2"))
        assert "cannot be changed here" in lines(world, "not_done")
    assert (of(world, people).level, of(world, people).details) == ("Standard User", {})


def test_words_below_a_form_are_a_ticket(world: World, people: People) -> None:
    """An answer that fills nothing in is somebody's question: it is not lost; thanks are no question."""
    for body in ("My printer is on fire.\n\n> Mobile: 1\n> Fax: 2", "> Mobile: 1\nMy printer is on fire.\n> Fax: 2"):
        assert world.take(me(body)).kind == "opened"
    assert of(world, people).details == {}


def test_a_stranger_has_a_profile_too(world: World, people: People) -> None:
    """Whoever writes is a contact."""
    world.take(me("First name: Eve\nLast name: Else", sender=EVE))
    (name,) = world.all(select(Contact.name).join(ContactAddress).where(ContactAddress.address == EVE))
    assert name == "Eve Else"


@pytest.mark.parametrize("verdict", ["pass", "none"])
@pytest.mark.parametrize("body", ["", "First name: Evil", f"Email: {NEW}"])
def test_a_deactivated_contact_has_no_profile(world: World, people: People, body: str, verdict: str) -> None:
    """Nothing of it is shown or changed, and no other address is asked."""
    world.take(me(body, sender=GONE, verdict=verdict))
    said = "You do not have access. Write to the desk in your own words if that is wrong."
    assert [(row.kind, row.recipient, row.context["lines"]) for row in world.letters()] == [("not_done", GONE, [said])]
    own = of(world, people, GONE)
    assert (own.name, own.addresses) == ("Gone", [GONE])


# A new address


def answer_there(world: World, sender: str = NEW, word: str = "confirm") -> Any:
    """The answer to the question that went to the new address."""
    question = world.letters("confirm", NEW)[-1]
    to = sample.ADDRESSES.reply_to(DESK, Token("confirm", 0, question.context["pending"]))
    return world.take(sample.mail(sender, "Re: Confirm", word, to=to))


@pytest.mark.feature("F34", "mail")
def test_a_new_address_is_asked_first(world: World, people: People) -> None:
    """A letter to it holds nothing of what the asker wrote but the two addresses; and nothing changes yet."""
    give_access(world, people)
    world.take(me(f"Email: {NEW}\nMobile: 2\nFirst name: Buy cheap pills"))
    (letter,) = rendering.letters(world, "confirm", NEW)
    assert "pills" not in rendering.words(letter)
    assert f"{NEW} becomes the address of {ANN}" in rendering.words(letter)
    assert f"A letter went to {NEW}" in lines(world, "done")
    own = of(world, people)
    assert (own.addresses, own.value("Mobile")) == ([ANN], "2")


@pytest.mark.feature("F34", "mail")
def test_the_new_address_confirms(world: World, people: People) -> None:
    """It is the primary one and the user name, the old one the second; all sessions end, and both are told."""
    give_access(world, people)
    world.take(me(f"Email: {NEW}"))
    world.clock.forward(minutes=5)
    assert answer_there(world).rule == "confirmed"
    assert of(world, people).addresses == [NEW, ANN]
    assert world.all(select(Account.username)) == [NEW]
    assert world.count(WebSession) == 0
    said = f"Your address at our desk is now {NEW}; it was {ANN}."
    for address in (ANN, NEW):
        (letter,) = rendering.letters(world, "address_changed", address)
        assert said in rendering.words(letter)
        assert "Mail from the old one still counts as yours." in rendering.words(letter)
        assert "To sign in to the portal, use the new address." in rendering.words(letter)
    answer_there(world)
    assert "confirmed before" in lines(world, "not_done", NEW)
    assert len(of(world, people).addresses) == 2


def test_a_contact_who_was_deactivated_meanwhile(world: World, people: People) -> None:
    """The new address confirms, and gets nothing by it."""
    world.take(me(f"Email: {NEW}"))
    with world.database.transaction() as session:
        session.execute(update(Contact).where(Contact.id == people.contacts[ANN]).values(deactivated_at=NOW))
    answer_there(world)
    assert of(world, people).addresses == [ANN]


@pytest.mark.parametrize("at_once", [True, False])
def test_one_letter_to_a_new_address(world: World, people: People, at_once: bool) -> None:
    """However often it is wished for in a day, and however it is written; nothing else of such a mail is done."""
    for address in (NEW, NEW, NEW.title(), NEW.upper()):
        world.send(me(f"Email: {address}"))
        if not at_once:
            world.handle()
            world.clock.forward(hours=2)
    world.take(me(f"Email: {NEW}\nMobile: 2"))
    assert len(world.letters("confirm")) == 1
    assert lines(world, "not_done") == "We wrote to that address already. Answer that letter."
    assert of(world, people).value("Mobile") == ""
    world.clock.forward(hours=25)
    world.take(me(f"Email: {NEW}"))
    assert len(world.letters("confirm", NEW)) == 2


def test_many_people_and_one_new_address(world: World, people: People) -> None:
    """Not all of them can have us write there: one letter in an hour."""
    for sender in (ANN, KIM, PAT, EVE):
        world.take(me(f"Email: {NEW}", sender=sender))
    assert len(world.letters("confirm", NEW)) == 1
    assert "We wrote to that address within the hour." in lines(world, "not_done", KIM)
    world.clock.forward(minutes=61)
    world.take(me(f"Email: {NEW}", sender=KIM))
    assert len(world.letters("confirm", NEW)) == 2


@pytest.mark.parametrize("sender", [ANN, EVE, "other@elsewhere.test"])
def test_only_the_new_address_confirms(world: World, people: People, sender: str) -> None:
    """Not the old one, and nobody else who has the letter's address."""
    world.take(me(f"Email: {NEW}"))
    answer_there(world, sender)
    assert of(world, people).addresses == [ANN]


def test_a_question_about_an_address_runs_out(world: World, people: People) -> None:
    """After a day nothing is done; another word than “confirm” does nothing at once."""
    world.take(me(f"Email: {NEW}"))
    answer_there(world, word="What is this?")
    assert of(world, people).addresses == [ANN]
    world.clock.forward(hours=25)
    answer_there(world)
    assert of(world, people).addresses == [ANN]


@pytest.mark.parametrize("address", [KIM, PAT, "PAT@customer.test", SAM, DESK, "service+query@desk.test"])
def test_the_address_of_somebody_else(world: World, people: People, address: str) -> None:
    """A colleague's, a stranger's, one of staff, one of the desk: one sentence for all, which tells nothing."""
    world.take(me(f"Email: {address}"))
    assert lines(world, "not_done") == "That address cannot be used."
    assert world.count(Pending) == 0
    assert world.letters("confirm") == []


def test_an_address_that_was_taken_meanwhile(world: World, people: People) -> None:
    """Somebody else wrote from it before it was confirmed: it is theirs."""
    world.take(me(f"Email: {NEW}"))
    world.take(sample.mail(NEW, "Hello", "Words."))
    answer_there(world)
    assert of(world, people).addresses == [ANN]


def test_an_address_of_ones_own_moves_up(world: World, people: People) -> None:
    """Asked all the same; the primary one hears of it where it was not the sender."""
    world.take(me(f"Email: {NEW}"))
    answer_there(world)
    world.take(me(f"Email: {ANN}", sender=ANN))
    assert f"As {ANN} wanted, we asked {ANN}" in lines(world, "done", NEW)
    (question,) = world.letters("confirm", ANN)
    to = sample.ADDRESSES.reply_to(DESK, Token("confirm", 0, question.context["pending"]))
    world.take(sample.mail(ANN, "Re: Confirm", "confirm", to=to))
    assert of(world, people).addresses == [ANN, NEW]


# A sign-in link


def signin(sender: str = ANN, **fields: Any) -> bytes:
    """A mail that asks for a link."""
    return sample.mail(sender, "#signin", "", **fields)


@pytest.mark.feature("F2", "mail")
@pytest.mark.feature("F9", "mail")
@pytest.mark.feature("F10", "mail")
@pytest.mark.feature("F206")
def test_a_link_for_whoever_has_access(world: World, people: People) -> None:
    """Nothing has to be proved: it goes to the stored address, works for an hour, and no secret is kept."""
    give_access(world, people, once_hash="old", once_kind="password")
    world.take(signin())
    (row,) = world.letters("sign_in_link")
    assert (row.recipient, row.context) == (ANN, {})
    with world.database.reading() as session:
        account = session.scalars(select(Account)).one()
    assert (account.once_kind, account.password_hash) == ("link", "x")
    letter = credentials.for_letter(account, sample.KEYS, NOW)
    assert letter is not None
    assert (letter.expires_at - NOW).total_seconds() == 3600
    (sent,) = rendering.letters(world, "sign_in_link")
    assert letter.secret in rendering.text(sent)
    assert world.letters("done") == []


@pytest.mark.feature("F2", "mail")
def test_a_known_contact_gets_access_by_asking(world: World, people: People) -> None:
    """Their first link makes their account; a second one, in the same batch, uses it."""
    for _ in range(2):
        world.send(signin())
    world.handle()
    assert world.all(select(Account.username)) == [ANN]
    assert len(world.letters("sign_in_link")) == 2


def test_three_links_in_an_hour(world: World, people: People) -> None:
    """The fourth is not sent; after the hour they are."""
    for _ in range(5):
        world.take(signin())
        world.clock.forward(minutes=1)
    assert len(world.letters("sign_in_link")) == 3
    world.clock.forward(hours=1)
    world.take(signin())
    assert len(world.letters("sign_in_link")) == 4


def test_the_answer_is_the_same_for_whoever_has_none(world: World, people: People) -> None:
    """A stranger, somebody deactivated, somebody whose access was taken: no link, and words that tell nothing."""
    give_access(world, people, PAT, active=False)
    said = set()
    for sender in (EVE, GONE, PAT):
        reason = world.take(signin(sender, verdict="pass")).reason
        said.add((reason, lines(world, "done", sender)))
    assert world.letters("sign_in_link") == []
    assert len(said) == 1
    world.take(signin(ANN, verdict="pass"))
    assert {world.all(select(Outbox.kind).where(Outbox.recipient == ANN))[0]} == {"sign_in_link"}


def test_staff_sign_in_too(world: World, people: People) -> None:
    """Those who have an account; it is an administrator who makes one."""
    world.take(signin(SAM, verdict="pass"))
    assert world.letters("sign_in_link") == []
    with world.database.transaction() as session:
        session.add(Account(id=1, username=SAM, staff_id=people.staff[SAM], created_at=NOW))
    world.take(signin(SAM, verdict="pass"))
    (row,) = world.letters("sign_in_link")
    assert (row.recipient, row.staff_id) == (SAM, people.staff[SAM])


def test_a_link_goes_to_the_primary_address(world: World, people: People) -> None:
    """Wherever it was asked from: an old address that still counts opens nothing."""
    world.take(me(f"Email: {NEW}"))
    answer_there(world)
    world.take(signin(ANN, verdict="pass"))
    assert [row.recipient for row in world.letters("sign_in_link")] == [NEW]
