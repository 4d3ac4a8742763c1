"""Notes that wait for staff: what #approve shows, whom it lets in, and that nothing of them leaks before."""

from typing import Any

import pytest
from sqlalchemy import update

from store.tables import Ticket
from tests.gateway import desk_world as sample
from tests.gateway.commands.staff_mails import answer, refused, reply, stranger
from tests.gateway.desk_world import ANN, DESK, EVE, FIRST_MAIL, GONE, KIM, NUMBER, PAT, REM, SAM, People, World

MAL = "mal@elsewhere.test"


def seen(world: World, people: People) -> list[tuple[str, str]]:
    """The notes of Ann's ticket, and who may read them."""
    return [(e.text, e.visibility) for e in world.events(people.ticket) if e.kind == "note"]


def test_approve(world: World, people: People) -> None:
    """The note is shown, its author takes part and hears of it; who takes part reads it; the ticket wants a look."""
    letter = stranger(world)
    answer(world, people, "#approve", letter)
    assert seen(world, people) == [("I know more.", "public")]
    assert world.people(people.ticket) == {PAT, GONE, EVE}
    assert world.ticket(people.ticket).status == "Update Added"
    updates = world.letters("update")
    assert {row.recipient for row in updates} == {ANN, PAT}
    assert {row.event_id for row in updates} == {letter.event_id}
    (shared,) = world.letters("shared", EVE)
    assert (shared.ticket_id, shared.context) == (people.ticket, {"by": "Sam", "how": "added"})
    (done,) = world.letters("done", SAM)
    assert "takes part from now on" in done.context["lines"][0]


@pytest.mark.parametrize("word", ["silently", "quiet", "Only"])
def test_approve_silently(world: World, people: People, word: str) -> None:
    """The note is shown, and nobody is added."""
    answer(world, people, f"#approve {word}", stranger(world))
    assert seen(world, people) == [("I know more.", "public")]
    assert world.people(people.ticket) == {PAT, GONE}
    assert EVE not in {row.recipient for row in world.letters()}


def test_words_beside_it_stay_inside(world: World, people: People) -> None:
    """The letter about a note that waits is answered inside."""
    answer(world, people, "#approve\nShe is our plumber.", stranger(world))
    assert seen(world, people) == [("I know more.", "public"), ("She is our plumber.", "internal")]


def test_nothing_leaks_before(world: World, people: People) -> None:
    """Commands in a stranger's note are not even read, and no customer is told, whatever it names in Cc."""
    letter = stranger(world, "#resolve\n#cc +mal@elsewhere.test\nHello", cc=f"{MAL}, {KIM}, {PAT}")
    assert seen(world, people) == [("#resolve\n#cc +mal@elsewhere.test\nHello", "pending")]
    assert world.ticket(people.ticket).status == "In Progress"
    assert [(row.kind, row.recipient) for row in world.letters()] == [("customer_wrote", SAM)]
    assert world.people(people.ticket) == {PAT, GONE}
    assert letter.context["hints"][0] == f"Also named, and not added: {KIM}, {MAL}. #cc +address adds them."


def test_customers_cannot_approve_it(world: World, people: People) -> None:
    """Not Ann, and not the stranger herself."""
    stranger(world)
    world.take(sample.mail(ANN, f"Re: [{NUMBER}]", "#approve", verdict="pass"))
    world.take(sample.mail(EVE, "Re: Phones", "#approve", in_reply_to=FIRST_MAIL, verdict="pass"))
    assert [e.visibility for e in world.events(people.ticket) if e.text == "I know more."] == ["pending"]
    assert EVE not in world.people(people.ticket)


def test_approve_twice(world: World, people: People) -> None:
    """The second time is told, and does not show the next note, which nobody has read yet."""
    letter = stranger(world)
    answer(world, people, "#approve", letter)
    world.take(sample.mail(MAL, "Re: Phones", "Me too.", in_reply_to=FIRST_MAIL))
    answer(world, people, "#approve", letter)
    assert "does not wait any more" in refused(world)
    assert ("Me too.", "pending") in seen(world, people)
    assert len(world.letters("shared")) == 1


def test_approve_twice_in_one_batch(world: World, people: People) -> None:
    """Two members of staff at the same moment: customers read it once."""
    letter = stranger(world)
    token = people.token(SAM, internal=True)
    named, to = sample.ADDRESSES.message_id(NUMBER, letter.id, token), sample.ADDRESSES.reply_to(DESK, token)
    for number in ("1", "2"):
        raw = sample.mail(SAM, f"Re: [{NUMBER}] {number}", "#approve", to=to, in_reply_to=named)
        world.send(raw, recipients=(to,))
    world.handle()
    assert len(world.letters("update", ANN)) == 1
    assert len(world.letters("not_done", SAM)) == 1


def test_two_notes(world: World, people: People) -> None:
    """The letter says which; without one a name, an address or “all” does."""
    world.take(sample.mail(MAL, "Re: Phones", "Me too.", in_reply_to=FIRST_MAIL))
    letter = stranger(world)
    world.take(reply(people, "#approve"))
    assert f"2 notes wait, from {MAL}, {EVE}" in refused(world)
    answer(world, people, "#approve", letter)
    assert seen(world, people)[:2] == [("Me too.", "pending"), ("I know more.", "public")]
    world.take(reply(people, f"#approve {MAL} silently"))
    assert ("Me too.", "public") in seen(world, people)
    assert MAL not in world.people(people.ticket)


def test_all(world: World, people: People) -> None:
    """Every note that waits."""
    stranger(world)
    world.take(sample.mail(MAL, "Re: Phones", "Me too.", in_reply_to=FIRST_MAIL))
    world.take(reply(people, "#approve all"))
    assert [visibility for _, visibility in seen(world, people)] == ["public", "public"]
    assert {EVE, MAL} <= world.people(people.ticket)


def test_a_name_that_is_not_there(world: World, people: People) -> None:
    """Who waits is named."""
    stranger(world)
    world.take(reply(people, "#approve bob"))
    assert f"One note waits, from {EVE}" in refused(world)


def test_nothing_waits(world: World, people: People) -> None:
    """Sam is told."""
    world.take(reply(people, "#approve"))
    assert "No note waits on this ticket" in refused(world)


def test_approve_after_removal(world: World, people: People) -> None:
    """A removed participant's note waits; to approve it brings him back, silently it does not."""
    for words, command, there in (("One.", "#approve silently", False), ("Two.", "#approve", True)):
        to = sample.ADDRESSES.reply_to(DESK, people.token(REM))
        world.take(sample.mail(REM, "Re: Phones", words, to=to), recipients=(to,))
        answer(world, people, command, world.letters("customer_wrote", SAM)[-1])
        assert (words, "public") in seen(world, people)
        assert (REM in world.people(people.ticket)) is there


def test_somebody_deactivated_is_not_let_in(world: World, people: People) -> None:
    """The note of a deactivated contact can be shown; the contact hears nothing."""
    to = sample.ADDRESSES.reply_to(DESK, people.token(GONE))
    world.take(sample.mail(GONE, "Re: Phones", "Still here.", to=to), recipients=(to,))
    answer(world, people, "#approve", world.letters("customer_wrote", SAM)[0])
    assert seen(world, people) == [("Still here.", "public")]
    assert world.letters(recipient=GONE) == []


@pytest.mark.parametrize(
    "values, status",
    [
        ({"status": "Resolved", "completed_at": sample.NOW}, "Update Added"),
        ({"status": "Complete", "completed_at": sample.NOW}, "Complete"),
    ],
)
def test_a_ticket_that_is_done(world: World, people: People, values: dict[str, Any], status: str) -> None:
    """A resolved one is opened again, as by any note; one that is closed for good stays so."""
    letter = stranger(world)
    with world.database.transaction() as session:
        session.execute(update(Ticket).where(Ticket.id == people.ticket).values(**values))
    answer(world, people, "#approve", letter)
    assert seen(world, people) == [("I know more.", "public")]
    assert world.ticket(people.ticket).status == status


def test_approved_and_split_in_one_mail(world: World, people: People) -> None:
    """It is one or the other."""
    answer(world, people, "#approve\n#split", stranger(world))
    assert "contradict" in refused(world)
    assert seen(world, people)[0] == ("I know more.", "pending")
