"""Staff hear of mail that was held (S5): once for a rule and a sender in an hour, and nothing goes round in circles."""

import pytest
from sqlalchemy import delete, select

from desk import held_reasons
from gateway.held import hold
from gateway.token import Token
from store.tables import Disposition, TeamMember
from tests.gateway import desk_world as sample
from tests.gateway.desk_world import ADDRESSES, ANN, DESK, EVE, NETWORK, NUMBER, SAM, SUE, People, World

AWAY = {"auto_submitted": "auto-replied"}


def told(world: World) -> list[str]:
    """Who was told, in the order of the letters."""
    return [row.recipient for row in world.letters("mail_trouble")]


def test_the_team_is_told_of_a_held_mail(world: World, people: People) -> None:
    """Sender, subject, reason and what can be done about it; the sender gets nothing."""
    done = world.take(sample.mail(ANN, "Phones again", verdict="fail"))
    assert done.kind == "held"
    (letter,) = world.letters()
    assert (letter.kind, letter.recipient, letter.automatic) == ("mail_trouble", SAM, True)
    assert letter.context["subject"] == f"A mail from {ANN} is held"
    text = "\n".join(letter.context["lines"])
    assert all(words in text for words in (ANN, "“Phones again”", done.reason, held_reasons.of(done.rule).behind))
    commands = [command.line for command in held_reasons.commands(done.rule, [done.received_id])]
    assert [line for line in letter.context["lines"] if line in commands] == commands  # each on a line of its own
    assert commands[1] == f"postdesk mail accept {done.received_id}"


def test_the_team_of_the_desk_address_is_told(world: World, people: People) -> None:
    """Mail for another address of the desk is another team's; where a team has nobody, everybody is told."""
    world.take(sample.mail(ANN, to=NETWORK, verdict="fail"), recipients=(NETWORK,))
    assert told(world) == [SUE]
    with world.database.transaction() as session:
        session.execute(delete(TeamMember))
    world.take(sample.mail(EVE, to=NETWORK, verdict="fail"), recipients=(NETWORK,))
    assert told(world) == [SUE, SAM, SUE]


def test_once_for_a_rule_and_a_sender_in_an_hour(world: World, people: People) -> None:
    """The second mail is held in silence, also in the same batch; another sender, rule or hour is told."""
    for _ in range(2):
        world.send(sample.mail(ANN, verdict="fail"))
    world.handle()
    world.take(sample.mail(ANN, verdict="fail"))
    assert len(told(world)) == 1
    world.take(sample.mail(EVE, verdict="fail"))
    world.take(sample.mail(ANN, **AWAY))
    assert len(told(world)) == 3
    world.clock.forward(minutes=61)
    world.take(sample.mail(ANN, verdict="fail"))
    assert len(told(world)) == 4


def test_no_more_than_the_cap_in_a_day(world: World, people: People) -> None:
    """However many senders: the last letter says that it is the last, and the next day goes on."""
    most = world.rules.caps.automatic_letters_per_day
    for n in range(most + 3):
        world.send(sample.mail(f"n{n}@elsewhere.test", verdict="fail"))
    world.handle()
    letters = world.letters("mail_trouble")
    assert len(letters) == most
    assert "the last such letter" in letters[-1].context["lines"][-1]
    assert "the last such letter" not in letters[-2].context["lines"][-1]
    world.clock.forward(hours=25)
    world.take(sample.mail("late@elsewhere.test", verdict="fail"))
    assert len(told(world)) == most + 1


@pytest.mark.parametrize("sender", [SAM, EVE])
def test_an_automatic_answer_to_a_letter_of_ours_is_told_to_nobody(world: World, people: People, sender: str) -> None:
    """Somebody's out-of-office answer to the letter about a held mail is held too, and that is the end of it."""
    world.take(sample.mail(ANN, verdict="fail"))
    (letter,) = world.letters("mail_trouble")
    named = ADDRESSES.message_id("mail", letter.id, Token("delivery", 0, letter.id))
    done = world.take(sample.mail(sender, "Out of office", in_reply_to=named, **AWAY))
    assert (done.kind, done.rule) == ("held", "automatic-alone")
    assert len(told(world)) == 1


def test_staff_away_without_a_reference(world: World, people: People) -> None:
    """Nor is an out-of-office answer of staff that does not say what it answers."""
    assert world.take(sample.mail(SAM, "Out of office", **AWAY)).kind == "held"
    assert told(world) == []


def test_what_is_not_held_is_not_told(world: World, people: People) -> None:
    """Opened, noted, folded and ignored mails are nobody's trouble."""
    raw = sample.mail(ANN, f"Re: [{NUMBER}]")
    world.take(raw)
    world.take(raw)
    world.take(sample.mail(EVE))
    world.take(sample.mail(ANN, f"Re: [{NUMBER}]", **AWAY))
    assert told(world) == []


def test_a_mail_that_could_not_be_read(world: World, people: People) -> None:
    """Everybody at the desk is told; the envelope names the sender, in the disposition too, and once in an hour."""
    for n in range(2):
        mail_id = world.send(sample.mail(ANN, f"x{n}"), reverse_path=EVE, recipients=(DESK,))
        with world.database.transaction() as session:
            hold(session, mail_id, "failed", "It failed.", world.clock(), world.database.ids.next)
    assert told(world) == [SAM, SUE]
    assert f"A mail from {EVE} without" in world.letters()[0].context["lines"][0]
    assert [row.sender for row in world.all(select(Disposition))] == [EVE, EVE]
