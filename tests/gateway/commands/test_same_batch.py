"""Two mails handled in one batch: the second begins a new round, and what ended the old one is not in it."""

import dataclasses

from sqlalchemy import select, update

from store.tables import Alert, Approval, Contact
from tests.gateway.commands.by_mail import reply
from tests.gateway.desk_world import ANN, KIM, PAT, SAM, People, World


def test_an_approval_asked_anew_has_no_old_answer(world: World, people: People) -> None:
    """Pat approves, and staff ask anew, in one batch: nobody has answered the new question."""
    world.rules = dataclasses.replace(world.rules, approvals="all")
    world.intake = world.new_intake()
    with world.database.transaction() as session:
        session.execute(update(Contact).where(Contact.id == people.contacts[KIM]).values(known=True))
    ask = f"#ask approval {PAT}; {KIM}"
    world.take(reply(people, ask, SAM, verdict="pass"))
    world.take(reply(people, "approve", KIM, verdict="pass"))
    world.send(reply(people, "#approve", PAT, verdict="pass"))
    world.send(reply(people, ask, SAM, verdict="pass"))
    world.handle()
    answers = {row.contact_id: (row.answer, row.answered_at) for row in world.all(select(Approval))}
    assert answers == {people.contacts[PAT]: ("", None), people.contacts[KIM]: ("", None)}


def test_an_alert_asked_for_anew_is_not_sent_yet(world: World, people: People) -> None:
    """An alert is sent and asked for again in one batch: the new one waits."""
    wish = "#alert in process, completed"
    world.take(reply(people, wish, ANN, verdict="pass"))
    world.take(reply(people, "#status waiting customer", SAM, verdict="pass"))
    world.send(reply(people, "#status in progress", SAM, verdict="pass"))
    world.send(reply(people, wish, ANN, verdict="pass"))
    world.handle()
    assert [row.sent_at for row in world.all(select(Alert))] == [None, None]
