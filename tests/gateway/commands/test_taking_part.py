"""Who hears of a ticket, by mail: watch and stop, sharing, additional contacts, copies, alerts."""

from dataclasses import replace
from email import message_from_bytes, policy
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from store.tables import Alert, Contact, ContactAddress, Outbox, Participant, Ticket
from tests.gateway import desk_world as sample
from tests.gateway import letter_world
from tests.gateway.commands import by_mail
from tests.gateway.desk_world import ANN, DESK, EVE, KIM, NUMBER, PAT, REM, SAM, SUE, People, World

NEW, OTHER = "new@elsewhere.test", "other@elsewhere.test"


def own(people: People, sender: str, body: str, **fields: Any) -> bytes:
    """A reply to somebody's own letter about the ticket."""
    to = sample.ADDRESSES.reply_to(DESK, people.token(sender))
    return sample.mail(sender, f"Re: [{NUMBER}] Phones", body, to=to, **fields)


def numbered(sender: str, body: str, **fields: Any) -> bytes:
    """A mail with the number of the ticket in its subject, by a verified sender."""
    return sample.mail(sender, f"[{NUMBER}]", body, verdict="pass", **fields)


def told(world: World, kind: str = "update") -> list[str]:
    """Whom the letters of a kind went to."""
    return [row.recipient for row in world.letters(kind)]


def lines(world: World, kind: str, recipient: str) -> str:
    """What the last letter of a kind to somebody says."""
    return " ".join(world.letters(kind, recipient)[-1].context["lines"])


def participant(world: World, people: People, contact: str) -> Participant:
    """Somebody's row on the ticket."""
    place = {"ticket_id": people.ticket, "contact_id": people.contacts[contact]}
    (row,) = world.all(select(Participant).filter_by(**place))
    found: Participant = row
    return found


def answer(world: World, people: People, words: str = "We look into it.") -> None:
    """Staff answer the customer."""
    world.take(own(people, SAM, words))


def read(world: World, kind: str, recipient: str) -> str:
    """The text of the last letter of a kind to somebody, as it goes out."""
    by = letter_world.composer(addresses=world.addresses, keys=sample.KEYS, blobs=world.blobs, clock=world.clock)
    (letter,) = letter_world.render(world.database, world.letters(kind, recipient)[-1].id, by=by)
    body = message_from_bytes(letter.bytes, policy=policy.default).get_body(("plain",))
    assert body
    return str(body.get_content())


# watch and stop


@pytest.mark.feature("F199", "mail")
@pytest.mark.parametrize("body", ["watch", "#watch", "Hi,\n\nwatch\n\nBest regards\nKim"])
def test_a_colleague_watches(world: World, people: People, body: str) -> None:
    """From then on they hear of updates, though nobody added them; before, they did not."""
    answer(world, people, "One moment.")
    assert KIM not in told(world)
    assert world.take(numbered(KIM, body)).kind == "answered"
    assert participant(world, people, KIM).role == "watching"
    assert "every change" in lines(world, "done", KIM)
    answer(world, people)
    assert KIM in told(world)


@pytest.mark.feature("F199", "mail")
def test_a_colleague_watches_with_nothing_but_their_letter(world: World, people: People) -> None:
    """The letter that shared the ticket with them proves who they are; staff need not approve such a mail."""
    assert world.take(own(people, KIM, "watch")).kind == "answered"
    assert KIM in world.people(people.ticket)
    assert world.events(people.ticket) == []


def test_more_than_watch_waits_for_staff(world: World, people: People) -> None:
    """Words of a colleague whom nothing verifies are a pending note, and so is a “watch” that comes with them."""
    world.take(own(people, KIM, "#watch\nI have the same trouble."))
    (entry,) = world.events(people.ticket)
    assert entry.visibility == "pending"
    assert KIM not in world.people(people.ticket)


@pytest.mark.parametrize("sender", [EVE, sample.GONE])
def test_a_stranger_cannot_watch(world: World, people: People, sender: str) -> None:
    """Neither with somebody else's letter nor when verified: the mail waits, and no letter says so."""
    to = sample.ADDRESSES.reply_to(DESK, people.token(ANN))
    world.take(sample.mail(sender, "Re", "watch", to=to, verdict="pass"))
    assert sender not in world.people(people.ticket) - {sample.GONE}
    assert told(world, "done") == []
    assert world.events(people.ticket)[0].visibility == "pending"


def test_an_unproven_watch_waits_for_a_confirm(world: World, people: People) -> None:
    """A number in the subject proves nothing, and says who is asked."""
    world.take(own(people, PAT, "stop"))
    world.take(sample.mail(PAT, f"[{NUMBER}]", "watch"))
    assert told(world, "confirm") == [PAT]
    assert participant(world, people, PAT).muted


@pytest.mark.feature("F30", "mail")
@pytest.mark.parametrize("sender", [ANN, PAT])
@pytest.mark.parametrize("body", ["stop", "#stop"])
def test_stop_and_watch_again(world: World, people: People, sender: str, body: str) -> None:
    """Requester and additional contact: no update any more, though they still take part; watch takes it back."""
    assert world.take(own(people, sender, body)).kind == "answered"
    answer(world, people)
    assert sender not in told(world)
    assert len(told(world)) == 1
    world.take(own(people, sender, "I am still here."))
    assert world.events(people.ticket)[-1].visibility == "public"
    world.take(own(people, sender, "watch"))
    answer(world, people, "Good.")
    assert told(world).count(sender) == 1


@pytest.mark.feature("F30", "mail")
@pytest.mark.parametrize("sender", [ANN, PAT])
@pytest.mark.parametrize("end", ["#resolve New cable.", "#status complete"])
def test_muted_people_hear_the_end(world: World, people: People, sender: str, end: str) -> None:
    """E11 goes to everybody, whatever they said; what comes after it does not."""
    world.take(own(people, sender, "stop"))
    world.take(own(people, SAM, end))
    assert sender in told(world)
    answer(world, people, "By the way.")
    assert told(world).count(sender) == 1


@pytest.mark.feature("F30", "mail")
def test_muted_people_hear_of_a_withdrawal(world: World, people: People) -> None:
    """Ann takes it back; Pat said stop."""
    world.take(own(people, PAT, "stop"))
    world.take(own(people, ANN, "withdraw"))
    assert told(world) == [PAT]


def test_a_watcher_who_stops_is_gone(world: World, people: People) -> None:
    """They only wanted letters; their token gives no more than a colleague has, and they can come back."""
    world.take(numbered(KIM, "watch"))
    world.take(own(people, KIM, "stop"))
    assert KIM not in world.people(people.ticket)
    world.take(own(people, SAM, "#resolve New cable."))
    assert KIM not in told(world)
    world.take(numbered(KIM, "watch"))
    assert KIM in world.people(people.ticket)


def test_a_cc_does_not_bring_back_who_said_stop(world: World, people: People) -> None:
    """A copied outsider says stop; a later Cc by a customer adds nobody, and a copy to them is refused."""
    world.take(own(people, ANN, f"#copy {NEW}\nSee below."))
    (letter,) = world.letters("copy")
    stranger = letter.contact_id
    to = sample.ADDRESSES.reply_to(DESK, sample.Token("contact", people.ticket, stranger))
    assert world.take(sample.mail(NEW, "Re", "stop", to=to)).kind == "answered"
    assert world.take(sample.mail(NEW, "Re", "stop", to=to)).kind == "answered"  # twice does no harm
    assert "no more letters about this ticket" in lines(world, "done", NEW)
    world.take(own(people, ANN, "Again.", cc=NEW))
    assert NEW not in world.people(people.ticket)
    world.take(own(people, ANN, f"#copy {NEW}\nAnd again."))
    assert len(world.letters("copy")) == 1
    assert f"{NEW} wants no mail" in lines(world, "not_done", ANN)
    world.take(own(people, SAM, f"#cc +{NEW}"))
    assert NEW in world.people(people.ticket)


@pytest.mark.feature("F30", "mail")
def test_stop_all(world: World, people: People) -> None:
    """As a subject: no ticket brings letters any more, but the end of one does; #watch all takes it back."""
    assert world.take(sample.mail(ANN, "#stop all", "", verdict="pass")).kind == "answered"
    answer(world, people)
    assert ANN not in told(world)
    world.take(own(people, SAM, "#resolve New cable."))
    assert told(world).count(ANN) == 1
    world.take(own(people, ANN, "watch"))
    assert "#watch all" in lines(world, "not_done", ANN)
    world.take(sample.mail(ANN, "#watch all", "", verdict="pass"))
    assert not world.all(select(Contact).where(Contact.muted))


def test_stop_all_needs_proof(world: World, people: People) -> None:
    """A forged mail must not make somebody deaf."""
    world.take(sample.mail(ANN, "#stop all", ""))
    assert told(world, "confirm") == [ANN]
    assert not world.all(select(Contact).where(Contact.muted))


def test_watch_and_stop_contradict_each_other(world: World, people: People) -> None:
    """Nothing is done, and the author is told."""
    world.take(own(people, PAT, "#watch\n#stop"))
    assert not participant(world, people, PAT).muted
    assert "contradict" in lines(world, "not_done", PAT)


def test_watch_without_a_ticket(world: World, people: People) -> None:
    """As a subject it needs to say what."""
    world.take(sample.mail(ANN, "#watch", "", verdict="pass"))
    assert "about a ticket" in lines(world, "not_done", ANN)


# sharing


@pytest.mark.feature("F198", "mail")
def test_unshare_and_share(world: World, people: People) -> None:
    """Shared with the organisation by default; then a colleague is a stranger; then again not."""
    assert world.ticket(people.ticket).shared
    world.take(own(people, ANN, "#unshare organisation"))
    assert not world.ticket(people.ticket).shared
    assert "Only those who take part" in lines(world, "done", ANN)
    assert world.events(people.ticket)[-1].changes == {"shared with organisation": ["yes", "no"]}
    assert world.take(numbered(KIM, "Let me see.")).kind == "opened"
    world.take(own(people, ANN, "#share organisation"))
    assert world.take(numbered(KIM, "Let me see.")).kind == "noted"


@pytest.mark.feature("F197", "mail")
def test_share(world: World, people: People) -> None:
    """One that was never shared becomes visible to a colleague."""
    with world.database.transaction() as session:
        session.execute(update(Ticket).values(shared=False))
    world.take(own(people, ANN, "#share company"))
    assert world.take(numbered(KIM, "watch")).kind == "answered"
    assert KIM in world.people(people.ticket)


def test_who_watches_stays_when_it_is_unshared(world: World, people: People) -> None:
    """They take part: only those who do not are shut out."""
    world.take(numbered(KIM, "watch"))
    world.take(own(people, ANN, "#unshare organisation"))
    answer(world, people)
    assert KIM in told(world)


@pytest.mark.parametrize("sender", [PAT, KIM])
def test_only_the_requester_shares(world: World, people: People, sender: str) -> None:
    """Neither an additional contact nor a colleague; the words stay a note."""
    world.take(numbered(sender, "#unshare organisation\nPrivate matter."))
    assert world.ticket(people.ticket).shared
    assert "contact of the ticket" in lines(world, "not_done", sender)


def test_staff_share_and_unshare(world: World, people: People) -> None:
    """It is in the history, and no letter says so."""
    world.take(own(people, SAM, "#unshare organisation"))
    assert not world.ticket(people.ticket).shared
    assert world.letters() == []


@pytest.mark.parametrize("line", ["#share", "#share kim@customer.test", "#unshare desk"])
def test_share_with_whom(world: World, people: People, line: str) -> None:
    """With the organisation; a person is put into Cc."""
    world.take(own(people, ANN, line))
    assert "Cc" in lines(world, "not_done", ANN)


def test_a_ticket_without_organisation(world: World, people: People) -> None:
    """There is nobody to share it with."""
    with world.database.transaction() as session:
        session.execute(update(Ticket).values(organisation_id=None))
    world.take(own(people, ANN, "#share organisation"))
    assert "no organisation" in lines(world, "not_done", ANN)


# additional contacts


@pytest.mark.feature("F201", "mail")
def test_cc(world: World, people: People) -> None:
    """Several are added and removed; those added hear once, by a letter of their own; the history says who."""
    world.take(own(people, SAM, f"#cc +{NEW}, {KIM} -{PAT}\nI added your colleagues."))
    assert world.people(people.ticket) == {NEW, KIM, sample.GONE}
    assert participant(world, people, PAT).removed_at
    entry = world.events(people.ticket)[-1]
    assert entry.changes["additional contacts"][1] == f"{sample.GONE}, {NEW}, {KIM}"
    shared = world.letters("shared")
    assert [(row.recipient, row.context, row.event_id) for row in shared] == [
        (NEW, {"by": "Sam", "how": "added"}, entry.id),
        (KIM, {"by": "Sam", "how": "added"}, entry.id),
    ]
    assert told(world) == [ANN]


def test_cc_with_internal_words(world: World, people: People) -> None:
    """The letter to those added carries nothing of them."""
    world.take(own(people, SAM, f"#cc {NEW}\n#note\nShe pays."))
    assert [row.event_id for row in world.letters("shared")] == [None]


@pytest.mark.parametrize(
    "argument, why",
    [
        ("", "needs addresses"),
        ("jane", "is no e-mail address"),
        (f"-{ANN}", "is the contact"),
        (f"-{KIM}", "no additional contact"),
        (f"+{DESK}", "address of this desk"),
        (f"+{SUE}", "at this desk"),
        (f"+{sample.GONE}", "deactivated"),
    ],
)
def test_cc_refused(world: World, people: People, argument: str, why: str) -> None:
    """All or nothing: the good address beside it is not added either."""
    world.take(own(people, SAM, f"#cc {argument} +{NEW}" if argument else "#cc"))
    assert NEW not in world.people(people.ticket)
    assert why in lines(world, "not_done", SAM)


def test_cc_is_not_for_customers(world: World, people: People) -> None:
    """They have the Cc field of their mail."""
    world.take(own(people, ANN, f"#cc +{NEW}"))
    assert NEW not in world.people(people.ticket)
    assert world.events(people.ticket)[-1].text == f"#cc +{NEW}"


# copies


@pytest.mark.feature("F134", "mail")
@pytest.mark.feature("F135", "mail")
@pytest.mark.feature("F209")
@pytest.mark.parametrize("sender", [ANN, PAT, SAM])
def test_copy(world: World, people: People, sender: str) -> None:
    """A letter with this note to each, and the feed says so; they become contacts, but take no part."""
    world.take(own(people, sender, f"#copy {NEW}; {OTHER}\nThe cable is cut."))
    entry = world.events(people.ticket)[-1]
    name = sender.partition("@")[0].title()
    assert entry.text == "The cable is cut."
    assert entry.changes["copied to"] == ["", f"{NEW}, {OTHER}"]
    copies = world.letters("copy")
    assert [(row.recipient, row.event_id, row.context) for row in copies] == [
        (NEW, entry.id, {"by": name}),
        (OTHER, entry.id, {"by": name}),
    ]
    assert NEW not in world.people(people.ticket)
    assert set(world.all(select(ContactAddress.address))) >= {NEW, OTHER}
    assert f"{NEW}, {OTHER}" in lines(world, "done", sender)


@pytest.mark.feature("F209")
def test_how_a_copy_reads(world: World, people: People) -> None:
    """This note and who sent it, how to stop it, and nothing else of the ticket."""
    answer(world, people, "The first answer.")
    world.take(own(people, ANN, f"#copy {NEW}\nThe cable is cut."))
    text = read(world, "copy", NEW)
    assert "Ann asked us to send you this note" in text
    assert "The cable is cut." in text
    assert "stop" in text
    assert "first answer" not in text
    assert f"A copy of your note went to {NEW}." in read(world, "done", ANN)


@pytest.mark.feature("F135", "mail")
def test_copy_of_a_new_ticket(world: World, people: People) -> None:
    """The first note is copied, and its entry says so."""
    done = world.take(sample.mail(ANN, "Cable", f"#copy {NEW}\nThe cable is cut.", verdict="pass"))
    (entry,) = world.events(done.ticket_id)
    assert [(row.recipient, row.event_id) for row in world.letters("copy")] == [(NEW, entry.id)]
    assert entry.changes == {"copied to": ["", NEW]}


def test_a_copy_waits_for_proof(world: World, people: People) -> None:
    """Sent on “confirm”, with the words of the first mail; an address that has a contact by then is no trouble."""
    world.take(sample.mail(ANN, f"[{NUMBER}]", f"#copy {NEW}, {EVE}\nThe cable is cut."))
    assert told(world, "copy") == []
    (entry,) = world.events(people.ticket)
    world.take(sample.mail(EVE, "Hello", "Who are you?", verdict="pass"))
    (question,) = world.letters("confirm")
    token = sample.Token("confirm", people.ticket, question.context["pending"])
    world.take(sample.mail(ANN, "Re", "confirm", to=sample.ADDRESSES.reply_to(DESK, token)))
    assert [(row.recipient, row.event_id) for row in world.letters("copy")] == [(NEW, entry.id), (EVE, entry.id)]
    assert world.events(people.ticket)[-1].changes == {"copied to": ["", f"{NEW}, {EVE}"]}


@pytest.mark.parametrize(
    "body, why",
    [
        (f"#copy {NEW}", "holds none"),
        ("#copy\nWords.", "needs an e-mail address"),
        (f"#copy {NEW}; {DESK}\nWords.", "address of this desk"),
        (f"#copy {NEW}; {SAM}\nWords.", "at this desk"),
        (f"#copy {'; '.join(f'a{i}@elsewhere.test' for i in range(11))}\nWords.", "one mail can name 10"),
        (f"#copy {NEW}\n#private\nWords.", "contradict"),
    ],
)
def test_copy_refused(world: World, people: People, body: str, why: str) -> None:
    """Nothing goes out; the text is kept."""
    world.take(own(people, ANN, body))
    assert told(world, "copy") == []
    assert why in lines(world, "not_done", ANN)
    assert len(world.events(people.ticket)) == 1


def test_copies_can_be_switched_off(world: World, people: People) -> None:
    """For customers; staff may copy in any case."""
    world.rules = replace(sample.RULES, copies=False)
    world.intake = world.new_intake()
    world.take(own(people, ANN, f"#copy {NEW}\nWords."))
    assert "no copies" in lines(world, "not_done", ANN)
    world.take(own(people, SAM, f"#copy {NEW}\nWords."))
    assert told(world, "copy") == [NEW]


@pytest.mark.parametrize("internal, body", [(True, "Words."), (False, "#note\nWords.")])
def test_internal_words_are_not_copied(world: World, people: People, internal: bool, body: str) -> None:
    """Of an answer to an internal letter, or with #note: nothing is done, and staff are told."""
    to = sample.ADDRESSES.reply_to(DESK, people.token(SAM, internal=internal))
    world.take(sample.mail(SAM, f"Re: [{NUMBER}]", f"#copy {NEW}\n{body}", to=to))
    assert told(world, "copy") == []
    assert told(world, "not_done") == [SAM]


def test_who_takes_part_gets_the_note_once(world: World, people: People) -> None:
    """As an update, not as a copy."""
    world.take(own(people, ANN, f"#copy {PAT}, {NEW}\nWords."))
    assert told(world, "copy") == [NEW]
    assert told(world) == [PAT]


# alerts


def stages(world: World) -> list[str]:
    """The stages that somebody waits for."""
    return sorted(world.all(select(Alert.stage).where(Alert.sent_at.is_(None))))


@pytest.mark.feature("F202", "mail")
@pytest.mark.feature("F203", "mail")
@pytest.mark.feature("F204", "mail")
def test_alerts(world: World, people: People) -> None:
    """Added, listed, taken away one by one, and all at once."""
    world.take(own(people, ANN, "#alert due, Overdue"))
    assert stages(world) == ["due", "overdue"]
    world.take(own(people, ANN, "#alert completed; in process"))
    assert stages(world) == ["completed", "due", "in process", "overdue"]
    world.take(own(people, ANN, "#alerts"))
    assert "due, overdue, completed, in process" in lines(world, "done", ANN)
    world.take(own(people, ANN, "#alert -due, -in progress"))
    assert stages(world) == ["completed", "overdue"]
    world.take(own(people, ANN, "#alert none"))
    assert stages(world) == []
    assert "no alerts" in lines(world, "done", ANN)


def test_alerts_are_told_as_they_are_then(world: World, people: People) -> None:
    """Asked for and listed in one mail: one sentence, and that is true."""
    world.take(own(people, ANN, "#alert due\n#alerts"))
    assert lines(world, "done", ANN) == "Your alerts for this ticket: due. Each is sent once; #alert none ends them."


@pytest.mark.parametrize("verdict, asked", [("pass", False), ("none", True)])
def test_a_ticket_is_named_in_the_subject(world: World, people: People, verdict: str, asked: bool) -> None:
    """`#stop T…`, `#watch T…`: of a ticket that they can see, and as sure as anything else."""
    for command, muted in (("#stop", True), ("#watch", False)):
        world.take(sample.mail(ANN, f"{command} {NUMBER}", "", verdict=verdict))
        if asked:
            by_mail.confirm(world, ANN)
            with world.database.transaction() as session:
                session.execute(delete(Outbox).where(Outbox.kind == "confirm"))
        assert world.ticket(people.ticket).requester_muted is muted
        assert lines(world, "done", ANN).startswith(f"{NUMBER}: You ")


def test_a_ticket_that_is_not_theirs_is_not_named(world: World, people: People) -> None:
    """The same words as for a number that is nobody's."""
    for number in (NUMBER, "T20190409.9999"):
        world.take(sample.mail(REM, f"#watch {number}", "", verdict="pass"))
        assert lines(world, "not_done", REM) == f"There is no ticket {number} among those that you can see."


@pytest.mark.parametrize("named", ["digest", "news"])
def test_a_list_is_ended_without_a_question(world: World, people: People, named: str) -> None:
    """Nothing proves who wrote: it is done, and the letter says how to take it back."""
    world.take(sample.mail(ANN, f"#stop {named}", "", verdict="none"))
    assert f"#watch {named}" in lines(world, "done", ANN)
    assert world.letters("confirm") == []


@pytest.mark.feature("F210")
@pytest.mark.feature("F202", "mail")
def test_an_alert_is_sent(world: World, people: People) -> None:
    """Once, when the stage is reached, to a colleague too; also for two mails of one batch."""
    world.send(numbered(KIM, "#alert completed"))
    world.send(own(people, SAM, "#resolve New cable."))
    world.handle()
    assert [(row.recipient, row.context) for row in world.letters("alert")] == [(KIM, {"stage": "completed"})]
    world.take(own(people, SAM, "#reopen"))
    world.take(own(people, SAM, "#resolve Another cable."))
    assert len(world.letters("alert")) == 1


def test_stop_ends_alerts(world: World, people: People) -> None:
    """Of the one who said it, and of nobody else."""
    world.take(own(people, ANN, "#alert all"))
    world.take(own(people, PAT, "#alert overdue"))
    world.take(own(people, ANN, "stop"))
    assert stages(world) == ["overdue"]


def test_no_alert_for_whom_all_is_stopped(world: World, people: People) -> None:
    """Neither a new one, nor one that was wanted before."""
    world.take(own(people, ANN, "#alert completed"))
    world.take(sample.mail(ANN, "#stop all", "", verdict="pass"))
    world.take(own(people, ANN, "#alert due"))
    assert "#watch all" in lines(world, "not_done", ANN)
    world.take(own(people, SAM, "#resolve New cable."))
    assert world.letters("alert") == []


def test_an_alert_that_does_not_exist(world: World, people: People) -> None:
    """The stages there are."""
    world.take(own(people, ANN, "#alert due, tomorrow"))
    assert stages(world) == []
    assert "due, overdue, completed, in process, tasks" in lines(world, "not_done", ANN)
