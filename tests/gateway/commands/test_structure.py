"""Several tickets that have to do with each other, by mail: merged, linked, and tasks of a ticket."""

from email import message_from_bytes, policy
from typing import Any

import pytest
from sqlalchemy import select, update

from gateway.letter import Letter
from gateway.token import Token
from store.tables import Alert, Outbox, Participant, TeamMember, Ticket
from tests.gateway import desk_world as sample
from tests.gateway.commands.staff_mails import OTHER, answer, changes, other, refused, reply, stranger
from tests.gateway.desk_world import ANN, DESK, EVE, KIM, NUMBER, PAT, SAM, SUE, People, World
from tests.gateway.letter_world import composer

# #merge


def test_merge(world: World, people: People) -> None:
    """The ticket is Complete and names the other one; whoever may see that hears its number and takes part there."""
    second = other(world, people)
    done = world.take(reply(people, f"#merge {OTHER}"))
    ended = world.ticket(people.ticket)
    assert (done.kind, done.reason) == ("answered", "Only commands, which were done: #merge.")
    assert (ended.merged_into_id, ended.status) == (second, "Complete")
    assert changes(world, people.ticket, "internal") == {"merged into": ["", OTHER]}
    assert changes(world, people.ticket, "public") == {"status": ["In Progress", "Complete"]}
    assert changes(world, second, "internal") == {"merged from": ["", NUMBER]}
    assert world.links(people.ticket) == [(second, "related")]
    (letter,) = world.letters("merged")
    assert (letter.recipient, letter.ticket_id, letter.context) == (ANN, second, {"old": NUMBER})


def test_a_merge_opens_a_ticket_to_nobody(world: World, people: People) -> None:
    """Pat takes part in the one, and may not see the other: not added, told only the status, and named to staff."""
    second = other(world, people, KIM)
    world.take(reply(people, f"#merge {OTHER}"))
    assert world.people(second) == {ANN}
    assert {row.recipient for row in world.letters("merged")} == {ANN}
    assert [(row.recipient, row.ticket_id) for row in world.letters("update")] == [(PAT, people.ticket)]
    (told,) = world.letters("done", SAM)
    assert told.context["lines"] == [
        f"The ticket was merged into {OTHER}. Not added, because they may not see it: {PAT}; #cc +address adds them."
    ]


def test_a_ticket_that_is_not_shared_stays_closed(world: World, people: People) -> None:
    """Of the same organisation, and the other one is kept from it: not even the requester comes along."""
    second = other(world, people, KIM, shared=False)
    world.take(reply(people, f"#merge {OTHER}"))
    assert world.people(second) == set()
    assert world.letters("merged") == []
    assert ANN in world.letters("done", SAM)[0].context["lines"][0]


def test_who_was_removed_is_not_brought_back(world: World, people: People) -> None:
    """Somebody took Ann out of the other ticket: a merge does not undo that."""
    second = other(world, people, KIM)
    with world.database.transaction() as session:
        session.add(
            Participant(ticket_id=second, contact_id=people.contacts[ANN], added_at=sample.NOW, removed_at=sample.NOW)
        )
    world.take(reply(people, f"#merge {OTHER}"))
    assert world.people(second) == set()
    assert f"were removed from it before: {ANN}" in world.letters("done", SAM)[0].context["lines"][0]


def test_who_said_stop_hears_nothing_of_a_merge(world: World, people: People) -> None:
    """Ann wants no letters about her ticket: she is not made to follow the other one."""
    second = other(world, people, KIM)
    with world.database.transaction() as session:
        session.execute(update(Ticket).where(Ticket.id == people.ticket).values(requester_muted=True))
    world.take(reply(people, f"#merge {OTHER}"))
    assert (world.people(second), world.letters("merged")) == (set(), [])


def test_mail_to_a_merged_ticket(world: World, people: People) -> None:
    """It follows, and rights are checked there: Ann writes a note, Pat's waits for staff, in the same batch too."""
    second = other(world, people, KIM)
    world.send(reply(people, f"#merge {OTHER}"))
    to_ann, to_pat = (sample.ADDRESSES.reply_to(DESK, people.token(who)) for who in (ANN, PAT))
    world.send(sample.mail(ANN, "Re: Phones", "From Ann.", to=to_ann), recipients=(to_ann,))
    world.send(sample.mail(PAT, "Re: Phones", "From Pat.", to=to_pat), recipients=(to_pat,))
    world.handle()
    notes = [(e.text, e.visibility) for e in world.events(second) if e.kind == "note"]
    assert notes == [("From Ann.", "public"), ("From Pat.", "pending")]
    assert not [e for e in world.events(people.ticket) if e.kind == "note"]


def test_what_waits_goes_on_waiting(world: World, people: People) -> None:
    """A stranger's note on the ticket that ends can be approved on the other one."""
    second = other(world, people)
    letter = stranger(world)
    world.take(reply(people, f"#merge {OTHER}"))
    assert [(e.visibility, e.text) for e in world.events(second) if e.kind == "note"] == [("pending", "I know more.")]
    answer(world, people, "#approve", letter)
    assert [e.visibility for e in world.events(second) if e.kind == "note"] == ["public"]
    assert EVE in world.people(second)


def test_tasks_move_with_a_merge(world: World, people: People) -> None:
    """They belong to the ticket that lives on, which stays open for them."""
    second = other(world, people)
    child = other(world, people, number=f"{NUMBER}.001", parent_id=people.ticket)
    world.take(reply(people, f"#merge {OTHER}"))
    assert world.ticket(child).parent_id == second
    world.take(reply(people, "#resolve", ticket=second, number=OTHER))
    assert world.ticket(second).status == "In Progress"


@pytest.mark.parametrize(
    "body, told",
    [
        (f"#merge {NUMBER}", "into itself"),
        ("#merge T20261101.7777", "There is no ticket T20261101.7777."),
        ("#merge", "needs the number of one ticket"),
        (f"#merge {OTHER} T20261101.0003", "needs the number of one ticket"),
        ("#merge T20261101.0003", "was merged into this ticket before"),
        ("#merge T20261101.0004", "marked as spam"),
        (f"#merge {NUMBER}.001", "is a task of this ticket"),
        ("#merge T20261101.0005.001", "is a task itself"),
        (f"#merge {OTHER}\n#merge {OTHER}", "only once"),
        (f"#merge {OTHER}\n#status waiting vendor", "contradict"),
    ],
)
def test_what_cannot_be_merged(world: World, people: People, body: str, told: str) -> None:
    """Nothing is changed, and Sam reads why."""
    other(world, people)
    other(world, people, number="T20261101.0003", merged_into_id=people.ticket)
    other(world, people, number="T20261101.0004", spam=True)
    other(world, people, number=f"{NUMBER}.001", parent_id=people.ticket)
    parent = other(world, people, number="T20261101.0005")
    other(world, people, number="T20261101.0005.001", parent_id=parent)
    world.take(reply(people, body))
    assert told in refused(world)
    assert (world.ticket(people.ticket).status, world.ticket(people.ticket).merged_into_id) == ("In Progress", None)
    assert world.letters("merged") == []


def test_merge_into_one_that_was_merged(world: World, people: People) -> None:
    """It goes into the ticket that lives on, and the answer says so."""
    second = other(world, people)
    other(world, people, number="T20261101.0003", merged_into_id=second)
    world.take(reply(people, "#merge T20261101.0003"))
    assert world.ticket(people.ticket).merged_into_id == second
    assert f"{OTHER}, where T20261101.0003 lives on" in world.letters("done", SAM)[0].context["lines"][0]


def test_merging_is_not_for_customers(world: World, people: People) -> None:
    """The same line from Ann is text."""
    other(world, people)
    world.take(sample.mail(ANN, f"Re: [{NUMBER}]", f"#merge {OTHER}", verdict="pass"))
    assert world.ticket(people.ticket).merged_into_id is None


def test_an_unproven_merge_waits_for_confirm(world: World, people: People) -> None:
    """With somebody else's letter and no proof: nothing is done before the word comes from Sam's address."""
    second = other(world, people)
    to = sample.ADDRESSES.reply_to(DESK, people.token(SUE))
    world.take(sample.mail(SAM, f"Re: [{NUMBER}]", f"#merge {OTHER}", to=to), recipients=(to,))
    assert world.ticket(people.ticket).merged_into_id is None
    (question,) = world.letters("confirm", SAM)
    to = sample.ADDRESSES.reply_to(DESK, Token("confirm", 0, question.context["pending"]))
    world.take(sample.mail(SAM, "Re: Confirm", "confirm", to=to), recipients=(to,))
    assert world.ticket(people.ticket).merged_into_id == second


# #link


def test_link_and_unlink(world: World, people: People) -> None:
    """Seen from the desk only; a link is removed whichever ticket it was made on."""
    second = other(world, people)
    world.take(reply(people, f"#link {OTHER}"))
    assert world.links(people.ticket) == [(second, "related")]
    assert changes(world, people.ticket, "internal") == {"linked to": ["", OTHER]}
    assert [row.kind for row in world.letters()] == ["done"]
    world.take(reply(people, f"#link -{NUMBER}", ticket=second, number=OTHER))
    assert world.links(people.ticket) == []


@pytest.mark.parametrize(
    "body, told",
    [
        (f"#link {NUMBER}", "to itself"),
        ("#link T20261101.7777", "There is no ticket"),
        ("#link the other one", "needs the number"),
        (f"#link {OTHER} {OTHER} now", "needs the number"),
        (f"#link -{OTHER}", "is not linked"),
        ("#link T20261101.0003", "already"),
    ],
)
def test_what_cannot_be_linked(world: World, people: People, body: str, told: str) -> None:
    """Sam reads why."""
    other(world, people)
    other(world, people, number="T20261101.0003")
    world.take(reply(people, "#link T20261101.0003"))
    world.take(reply(people, body))
    assert told in refused(world)
    assert len(world.links(people.ticket)) == 1


# #child


@pytest.mark.feature("F62", "mail")
def test_child(world: World, people: People) -> None:
    """Tasks get the number of the ticket with .001 and .002; the desk is told, and no customer is."""
    done = world.take(reply(people, "#child Order the switch\n#child Fit the switch"))
    first, second = (world.all(select(Ticket).where(Ticket.number == f"{NUMBER}.{end}"))[0] for end in ("001", "002"))
    assert done.reason == "Only commands, which were done: #child."
    assert (first.title, first.parent_id, first.status) == ("Order the switch", people.ticket, "New")
    assert (first.requester_id, first.team_id) == (people.contacts[ANN], world.ticket(people.ticket).team_id)
    assert second.title == "Fit the switch"
    (entry,) = world.events(first.id)
    assert (entry.visibility, entry.changes) == ("internal", {"task of": ["", NUMBER]})
    assert [(row.kind, row.recipient) for row in world.letters()] == [("new_ticket", SAM)] * 2
    assert world.take(reply(people, "#child A third")).kind == "answered"
    assert len(world.all(select(Ticket).where(Ticket.number == f"{NUMBER}.003"))) == 1


def test_the_team_hears_of_a_task(world: World, people: People) -> None:
    """Everybody in the team, once each, its author among them."""
    with world.database.transaction() as session:
        network = session.scalars(select(Ticket.team_id).where(Ticket.id == people.ticket)).one()
        session.add(TeamMember(team_id=network, staff_id=people.staff[SUE]))
    world.take(reply(people, "#child Order the switch"))
    assert sorted(row.recipient for row in world.letters("new_ticket")) == [SAM, SUE]


def test_the_letter_about_a_task_is_answered_inside(world: World, people: People) -> None:
    """It says so, and so it is; when the task is done, no customer hears of it either."""
    world.take(reply(people, "#child Order the switch"))
    (row,) = world.letters("new_ticket")
    writer = composer(addresses=sample.ADDRESSES, keys=sample.KEYS, blobs=world.blobs)
    with world.database.reading() as session:
        letter = writer.render_many(session, [session.get_one(Outbox, row.id)])[row.id]
    assert isinstance(letter, Letter)
    mail = message_from_bytes(letter.bytes, policy=policy.default)
    assert "Your reply stays internal." in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    to = mail["Reply-To"].addresses[0].addr_spec
    world.take(sample.mail(SAM, f"Re: {mail['Subject']}", "Ordered.\n#resolve", to=to), recipients=(to,))
    assert world.ticket(row.ticket_id).status == "Resolved"
    assert [e.visibility for e in world.events(row.ticket_id) if e.text == "Ordered."] == ["internal"]
    assert {letter.recipient for letter in world.letters()} == {SAM}


@pytest.mark.feature("F62", "mail")
def test_mail_to_a_task(world: World, people: People) -> None:
    """Its number in a subject finds it."""
    world.take(reply(people, "#child Order the switch"))
    done = world.take(sample.mail(ANN, f"Re: [{NUMBER}.001]", "Which one?", verdict="pass"))
    assert world.ticket(done.ticket_id).number == f"{NUMBER}.001"


def test_a_ticket_stays_open_for_its_tasks(world: World, people: People) -> None:
    """#resolve is refused until the task is done; then who asked for it hears that all are."""
    world.take(reply(people, "#child Order the switch"))
    (child,) = world.all(select(Ticket.id).where(Ticket.parent_id == people.ticket))
    with world.database.transaction() as session:
        session.add(Alert(ticket_id=people.ticket, contact_id=people.contacts[ANN], stage="tasks"))
    world.take(reply(people, "#resolve"))
    assert f"{NUMBER}.001 is not done yet" in refused(world)
    world.take(reply(people, "#resolve", ticket=child, number=f"{NUMBER}.001"))
    assert [(row.recipient, row.context["stage"]) for row in world.letters("alert")] == [(ANN, "tasks")]
    world.take(reply(people, "#resolve"))
    assert world.ticket(people.ticket).status == "Resolved"


@pytest.mark.parametrize(
    "values, body, told",
    [
        ({}, "#child", "needs a title"),
        ({"status": "Resolved", "completed_at": sample.NOW}, "#child More", "Send #reopen first"),
        ({}, "#child More\n#resolve", "contradict"),
    ],
)
def test_no_task(world: World, people: People, values: dict[str, Any], body: str, told: str) -> None:
    """Why there is none."""
    with world.database.transaction() as session:
        session.execute(update(Ticket).where(Ticket.id == people.ticket).values({"status": "In Progress"} | values))
    world.take(reply(people, body))
    assert told in refused(world)
    assert world.all(select(Ticket).where(Ticket.parent_id == people.ticket)) == []


def test_no_task_of_a_task(world: World, people: People) -> None:
    """One level is enough."""
    child = other(world, people, number=f"{NUMBER}.001", parent_id=people.ticket)
    world.take(reply(people, "#child More", ticket=child, number=f"{NUMBER}.001"))
    assert "a task has none of its own" in refused(world)


def test_no_task_of_a_new_mail(world: World, people: People) -> None:
    """The ticket has no number yet for a task to be counted by."""
    world.take(sample.mail(SAM, "Move", "#child Order boxes", verdict="pass"))
    assert world.all(select(Ticket).where(Ticket.parent_id.is_not(None))) == []


def test_the_last_task(world: World, people: People) -> None:
    """After .999 there is none."""
    other(world, people, number=f"{NUMBER}.999", parent_id=people.ticket)
    world.take(reply(people, "#child One more"))
    assert "999 tasks" in refused(world)
