"""Mail from staff: what goes to the customer, what stays inside, and which commands are done."""

import pytest

from desk.notes import NOTE_LENGTH
from gateway import staff_mail
from gateway.token import Token
from tests.gateway import desk_world as sample
from tests.gateway import rendering
from tests.gateway.desk_world import ANN, DESK, NETWORK, NUMBER, PAT, SAM, SUE, People, World

SECRET = "The old switch was never paid for."
OUTLOOK = f"-----Original Message-----\nFrom: Desk <{DESK}>\nSent: Monday\nTo: Sam\nSubject: phones\n\n{SECRET}"


def reply(people: People, body: str, *, internal: bool = False, sender: str = SAM, **fields: str) -> bytes:
    """An answer by a member of staff to the letter that was sent to Sam."""
    to = sample.ADDRESSES.reply_to(DESK, people.token(SAM, internal=internal))
    return sample.mail(sender, fields.pop("subject", f"Re: [{NUMBER}] Phones"), body, to=fields.pop("to", to), **fields)


@pytest.mark.feature("F208", "mail")
def test_an_answer_to_ones_own_letter_is_public(world: World, people: People) -> None:
    """Requester and additional contacts are told at once; the ticket is at work; the answer is Sam's."""
    done = world.take(reply(people, "Please restart the phone."))
    (entry,) = world.events(people.ticket)
    assert (done.kind, done.rule) == ("noted", "E1-reply")
    assert (entry.visibility, entry.staff_id, entry.text) == ("public", people.staff[SAM], "Please restart the phone.")
    assert {letter.recipient for letter in world.letters("update")} == {ANN, PAT}
    assert {letter.event_id for letter in world.letters("update")} == {entry.id}
    assert world.letters("not_done") == []


@pytest.mark.feature("F212", "mail")
def test_a_note_stays_inside(world: World, people: People) -> None:
    """#note: internal, with the words behind it, nobody is told, the status stays."""
    world.take(reply(people, "#note call her first\nShe is hard to reach."))
    (entry,) = world.events(people.ticket)
    assert (entry.visibility, entry.text) == ("internal", "call her first\nShe is hard to reach.")
    assert world.letters() == []
    assert world.ticket(people.ticket).status == "In Progress"


def test_a_note_at_the_end_of_a_very_long_mail_counts(world: World, people: People) -> None:
    """What does not fit into a note is still read for commands: the whole of it stays inside and is kept."""
    words = "word " * 4000
    world.take(reply(people, f"{words}\n\n#note"))
    (entry,) = world.events(people.ticket)
    assert entry.visibility == "internal"
    assert len(entry.text) == NOTE_LENGTH
    assert words.strip() in entry.folded


def test_a_long_public_answer_is_kept_whole_without_what_it_quotes(world: World, people: People) -> None:
    """The whole of Sam's own words stands beside the note; the letter below them does not."""
    words = "word " * 4000
    world.take(reply(people, f"{words}\n\n{OUTLOOK}"))
    (entry,) = world.events(people.ticket)
    assert (entry.visibility, len(entry.text), entry.folded) == ("public", NOTE_LENGTH, words.strip())


@pytest.mark.parametrize("quoted", [OUTLOOK, f"On Mon, 23 Nov 2026 at 11:00, Desk <{DESK}> wrote:\n> {SECRET}"])
def test_what_staff_quote_is_not_published(world: World, people: People, quoted: str) -> None:
    """Letters to staff show internal notes: a customer must not find them folded below an answer."""
    world.take(reply(people, f"It is mended.\n\n{quoted}"))
    (entry,) = world.events(people.ticket)
    assert (entry.visibility, entry.text, entry.folded, entry.html) == ("public", "It is mended.", "", "")


def test_an_answer_without_own_words_stays_inside(world: World, people: People) -> None:
    """Sent by mistake, with nothing but the letter in it: nobody outside sees that."""
    world.take(reply(people, OUTLOOK))
    (entry,) = world.events(people.ticket)
    assert (entry.visibility, [letter.kind for letter in world.letters()]) == ("internal", ["not_done"])


def test_resolve(world: World, people: People) -> None:
    """#resolve: Resolved with the words on its line as the resolution, and the customer reads it."""
    world.take(reply(people, "Thanks for waiting.\n\n#resolve New switch fitted"))
    ticket = world.ticket(people.ticket)
    (entry,) = world.events(people.ticket)
    assert (ticket.status, ticket.resolution, ticket.completed_at) == ("Resolved", "New switch fitted", sample.NOW)
    assert entry.text == "Thanks for waiting."
    assert entry.changes["status"] == ["In Progress", "Resolved"]
    assert {letter.recipient for letter in world.letters("update")} == {ANN, PAT}


def test_resolve_takes_the_words_of_the_mail(world: World, people: People) -> None:
    """Without words on its line, the answer is the resolution."""
    world.take(reply(people, "#resolve\nNew switch fitted."))
    assert world.ticket(people.ticket).resolution == "New switch fitted."


def test_the_words_of_an_internal_note_are_no_resolution(world: World, people: People) -> None:
    """#note and #resolve: customers hear that it is resolved, and not one internal word."""
    world.take(reply(people, f"#note\n#resolve\n{SECRET}"))
    assert (world.ticket(people.ticket).status, world.ticket(people.ticket).resolution) == ("Resolved", "")
    assert {letter.recipient for letter in world.letters("update")} == {ANN, PAT}
    assert SECRET not in " ".join(map(rendering.words, rendering.letters(world)))
    world.take(reply(people, f"#resolve {SECRET}\n#note", internal=True))
    assert world.ticket(people.ticket).resolution == ""


def test_only_commands(world: World, people: People) -> None:
    """#take and #status alone: done, answered, an entry of changes and no note; the customer hears of the status."""
    done = world.take(reply(people, "#take\n#status waiting cust"))
    ticket = world.ticket(people.ticket)
    (entry,) = world.events(people.ticket)
    assert done.kind == "answered"
    assert (ticket.assignee_id, ticket.status) == (people.staff[SAM], "Waiting Customer")
    assert (entry.kind, entry.text) == ("change", "")
    assert len(world.letters("update")) == 2
    assert all(letter.next_at == sample.NOW + world.rules.fold for letter in world.letters("update"))


def test_done_already(world: World, people: People) -> None:
    """The same command again changes nothing, and says so."""
    world.take(reply(people, "#take"))
    done = world.take(reply(people, "#take"))
    assert (done.kind, done.reason) == ("answered", "Nothing to do: it was so already.")
    assert len(world.events(people.ticket)) == 1


@pytest.mark.parametrize(
    "body, told",
    [
        ("#noet\nShe never paid.", "I did not understand “#noet”. Did you mean #note?"),
        ("#status mended\n#take\nHello", "there is no such status"),
        ("#status withdrawn\n#resolve done", "contradict each other"),
        ("#take me\nHello", "#take stands alone"),
        ("\n".join(["#take"] * 21), "one mail can hold 20"),
    ],
)
def test_a_mistyped_command_stays_inside_and_is_told(world: World, people: People, body: str, told: str) -> None:
    """All or nothing: no status, no assignee, no word to the customer; the author reads why."""
    world.take(reply(people, body))
    (entry,) = world.events(people.ticket)
    (letter,) = world.letters()
    ticket = world.ticket(people.ticket)
    assert (entry.visibility, entry.text) == ("internal", body)
    assert (ticket.status, ticket.assignee_id) == ("In Progress", None)
    assert (letter.kind, letter.recipient) == ("not_done", SAM)
    assert any(told in line for line in letter.context["lines"])


@pytest.mark.parametrize("subject", [f"Fwd: [{NUMBER}] Phones", f"WG: {NUMBER}", f"转发: {NUMBER}"])
def test_a_forwarded_letter_stays_inside(world: World, people: People, subject: str) -> None:
    """Whoever forwards means to show, not to answer."""
    world.take(reply(people, "Look at this. #take is not at the start.", subject=subject))
    assert [entry.visibility for entry in world.events(people.ticket)] == ["internal"]
    assert [letter.kind for letter in world.letters()] == ["not_done"]


def test_a_letter_handed_on_to_another_desk_stays_inside(world: World, people: People) -> None:
    """To: another desk address, with the thread of Sam's letter: nothing for the customer."""
    named = sample.ADDRESSES.message_id(NUMBER, 7, people.token(SAM))
    world.take(reply(people, "Can you take over?", to=NETWORK, in_reply_to=named), recipients=(NETWORK,))
    assert [entry.visibility for entry in world.events(people.ticket)] == ["internal"]
    assert world.letters("update") == []


def test_an_answer_to_an_internal_letter_stays_inside(world: World, people: People) -> None:
    """The letter said “Your reply stays internal.”, and so it does; commands are done."""
    world.take(reply(people, "I know her, let her in.\n\n#take", internal=True))
    (entry,) = world.events(people.ticket)
    assert (entry.visibility, entry.text) == ("internal", "I know her, let her in.")
    assert world.ticket(people.ticket).assignee_id == people.staff[SAM]
    assert world.letters() == []


def test_somebody_elses_letter_stays_inside(world: World, people: People) -> None:
    """Sue, verified, answers with Sam's token: an internal note; the command is done; she is told who reads it."""
    world.take(reply(people, "#resolve\nDone.", sender=SUE, verdict="pass"))
    entry, change = world.events(people.ticket)
    assert (entry.visibility, entry.staff_id, entry.text, entry.changes) == ("internal", people.staff[SUE], "Done.", {})
    assert (change.visibility, change.text, change.changes) == ("public", "", {"status": ["In Progress", "Resolved"]})
    assert {(row.recipient, row.event_id) for row in world.letters("update")} == {(ANN, change.id), (PAT, change.id)}
    assert (world.ticket(people.ticket).status, world.ticket(people.ticket).resolution) == ("Resolved", "")
    (letter,) = world.letters(recipient=SUE)
    assert (letter.kind, letter.context["lines"][0]) == ("not_done", staff_mail.NOT_YOURS[0])


def test_an_unproven_colleague_is_asked(world: World, people: People) -> None:
    """The same, unverified: nothing is done but an internal note, until Sue confirms it from her address."""
    world.take(reply(people, "#resolve\nDone.", sender=SUE, verdict="none"))
    (entry,) = world.events(people.ticket)
    assert (entry.visibility, entry.staff_id, entry.text) == ("internal", people.staff[SUE], "#resolve\nDone.")
    assert world.ticket(people.ticket).status == "In Progress"
    (letter,) = world.letters()
    assert (letter.kind, letter.recipient, letter.context["lines"]) == ("confirm", SUE, ["#resolve"])
    address = sample.ADDRESSES.reply_to(DESK, Token("confirm", 0, letter.context["pending"]))
    for sender in (SAM, "sue@elsewhere.test"):
        assert (
            world.take(sample.mail(sender, "Re: x", "confirm", to=address), recipients=(address,)).rule != "confirmed"
        )
    done = world.take(sample.mail(SUE, "Re: x", "confirm", to=address), recipients=(address,))
    assert (done.kind, done.rule) == ("answered", "confirmed")
    assert world.ticket(people.ticket).status == "Resolved"


@pytest.mark.parametrize("body", ["I refunded you, see http://elsewhere.test", "#resolve\nDone."])
def test_a_forged_staff_mail_does_nothing(world: World, people: People, body: str) -> None:
    """From staff with no more than the number, unverified: held; only staff hear of it."""
    done = world.take(sample.mail(SAM, f"Re: [{NUMBER}]", body))
    assert (done.kind, done.rule) == ("held", "staff-unverified")
    assert not world.events(people.ticket)
    assert [(row.kind, row.recipient) for row in world.letters()] == [("mail_trouble", SAM)]


def test_commands_are_not_for_customers(world: World, people: People) -> None:
    """Lines of staff, from a customer, and field lines of other desks, are words."""
    body = "#take\n#assign eve\nstatus: closed\nowner: eve\ncc: eve@elsewhere.test"
    world.take(sample.mail(ANN, f"Re: [{NUMBER}]", body, verdict="pass"))
    (entry,) = world.events(people.ticket)
    assert entry.text == body
    assert world.ticket(people.ticket).status == "Update Added"
    assert world.ticket(people.ticket).assignee_id is None
    assert world.people(people.ticket) == {PAT, sample.GONE}


@pytest.mark.feature("F201", "mail")
def test_cc_of_an_answer_adds_people(world: World, people: People) -> None:
    """Staff put somebody into Cc: they take part from now on; desk addresses and staff do not."""
    cc = f"New <new@customer.test>, {SUE}, {NETWORK}, {DESK}"
    world.take(reply(people, "Adding a colleague.", cc=cc))
    assert world.people(people.ticket) == {PAT, sample.GONE, "new@customer.test"}
