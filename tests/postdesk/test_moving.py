"""`postdesk move in`: old mail becomes tickets with their history, and no two people's words end up in one."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.moving import State
from postdesk.settings import load
from postdesk.wiring import House
from store.tables import Contact, ContactAddress, Event, OldNumber, Organisation, Outbox, Participant, Staff, TicketLink
from tests.postdesk.moving_world import ANN, BOB, CONVERSATION, DESK, EVE, NOW, SAM, Moved, answered, mail


def test_a_conversation_is_one_ticket_with_its_true_times(moved: Moved) -> None:
    """The first mail opens it, those of staff are answers or internal, by time, in whatever order they lie."""
    summary = moved.mails(*reversed(CONVERSATION))
    assert (summary.mails, summary.threads, summary.tickets, summary.contacts) == (5, 1, 1, 1)
    (ticket,) = moved.tickets()
    assert (ticket.title, ticket.status) == ("Printer", "Complete")
    assert (ticket.created_at, ticket.updated_at) == (NOW - timedelta(days=100), NOW - timedelta(days=96))
    assert ticket.completed_at == NOW - timedelta(days=96)
    assert ticket.number.startswith(f"T{NOW - timedelta(days=100):%Y%m%d}.")
    assert (ticket.due_at, ticket.first_answer_due_at, ticket.waiting_since) == (None, None, None)
    sam = moved.all(select(Staff.name).where(Staff.address == SAM))[0]
    assert moved.notes(ticket) == [
        ("Ann Sample", "public", "It jams."),
        (sam, "public", "Is it on?"),
        ("Ann Sample", "public", "Yes."),
        (sam, "internal", "Who knows this one?"),
        ("Service Desk", "public", "Mended."),
    ]
    assert moved.count(Outbox) == 0


@pytest.mark.parametrize(
    "state, by, status",
    [
        ("auto", ANN, "New"),
        ("auto", SAM, "Waiting Customer"),
        ("complete", ANN, "Complete"),
        ("resolved", ANN, "Resolved"),
    ],
)
def test_the_state_of_young_ones(moved: Moved, state: State, by: str, status: str) -> None:
    """By who wrote last, or as it is wished; and none of them is reminded, due or told of by the clock."""
    answer = [] if by == ANN else [mail(SAM, "Re: Printer", days=2, to=ANN, **answered("<a@x>"))]
    moved.mails(mail(ANN, days=3, message_id="<a@x>"), *answer, state=state)
    (ticket,) = moved.tickets()
    assert ticket.status == status
    assert ticket.waiting_since is None


def test_a_customer_who_was_answered_and_wrote_again(moved: Moved) -> None:
    """It waits for the desk, as an update."""
    moved.mails(
        mail(ANN, days=9, message_id="<a@x>"),
        mail(SAM, "Re: Printer", days=8, to=ANN, message_id="<b@x>", **answered("<a@x>")),
        mail(ANN, "Re: Printer", "Not yet.", days=7, **answered("<b@x>")),
    )
    assert [ticket.status for ticket in moved.tickets()] == ["Update Added"]


def test_two_people_stay_apart(moved: Moved) -> None:
    """One mail of the desk to two people, answered by each alone; a stranger who answers a mail of Ann's; a colleague's
    mail to somebody else about it: each is a ticket of its own, and the later ones are linked."""
    moved.mails(
        mail(SAM, "News", "We move.", days=90, to=f"{ANN}, {BOB}", message_id="<n@desk.test>"),
        mail(ANN, "Re: News", "When?", days=89, message_id="<a@x>", **answered("<n@desk.test>")),
        mail(BOB, "Re: News", "Where to?", days=88, message_id="<b@x>", **answered("<n@desk.test>")),
        mail(SAM, "Re: News", "To Leeds.", days=87, to=BOB, **answered("<b@x>")),
        mail(EVE, "Re: News", "Me too.", days=86, **answered("<a@x>")),
        mail(SAM, "Fwd: News", "Can you help?", days=85, to="vendor@elsewhere.test", **answered("<a@x>")),
    )
    found = {ticket.requester_id: [text for _, _, text in moved.notes(ticket)] for ticket in moved.tickets()}
    assert sorted(found.values()) == [["Can you help?"], ["Me too."], ["We move.", "When?"], ["Where to?", "To Leeds."]]
    assert moved.count(TicketLink) == 3
    assert moved.count(Participant) == 0


def test_a_cc_takes_part_only_where_staff_know_them(moved: Moved) -> None:
    """Whoever a mail names may speak in it; who may read the ticket from now on, nothing of an old mail proves."""
    _, kim, _ = known(moved, ("ann@customer.test", "A"), ("kim@customer.test", "A"), (EVE, "B"))
    moved.mails(
        mail(ANN, cc=f"kim@customer.test, {EVE}, {BOB}", message_id="<a@x>"),
        mail(BOB, "Re: Printer", "With me too.", days=99, **answered("<a@x>")),
    )
    (ticket,) = moved.tickets()
    assert [text for _, _, text in moved.notes(ticket)] == ["It jams.", "With me too."]
    assert moved.all(select(Participant.contact_id)) == [kim]
    (first,) = moved.all(select(Event.text).where(Event.text.startswith("Moved in")))
    assert f"Also named, and not added: {EVE}, {BOB}. #cc +address adds them." in first


def known(moved: Moved, *people: tuple[str, str]) -> list[int]:
    """Contacts whom staff know, each with an organisation; their ids."""
    ids = moved.house.database.ids
    organisations = {name: Organisation(id=ids.next(), name=name, created_at=NOW) for _, name in people}
    with moved.house.database.transaction() as session:
        session.add_all(organisations.values())
        session.flush()
        contacts = [
            Contact(id=ids.next(), name=to, known=True, created_at=NOW, organisation_id=organisations[name].id,
                    addresses=[ContactAddress(address=to, written=to)])
            for to, name in people
        ]  # fmt: skip
        session.add_all(contacts)
        return [contact.id for contact in contacts]


FORGED = mail(
    f"Service Desk <{DESK}>", "Re: [example.com #77] hello", "Call 0900.", days=10, to=ANN, cc=EVE,
    received="from mx.elsewhere.test by mail.desk.test; Mon, 2 Mar 2026 12:00:00 +0000",
)  # fmt: skip


@pytest.mark.parametrize("there", [False, True])
def test_a_forged_mail_of_the_desk_opens_nothing_to_its_sender(moved: Moved, *, there: bool) -> None:
    """It joins by a number, names its sender, and speaks for the desk: they cannot read it, and customers not it."""
    known(moved, ("ann@customer.test", "A"), (EVE, "B"))
    secret = mail(ANN, "[example.com #77] Secret project", "The list is attached.", days=20)
    if there:
        moved.mails(secret)
        moved.mails(FORGED)
    else:
        moved.mails(secret, FORGED)
    (ticket,) = moved.tickets()
    assert moved.notes(ticket)[1:] == [("Service Desk", "internal", "Call 0900.")]
    assert moved.count(Participant) == 0
    assert moved.all(select(Event.verified).where(Event.text == "Call 0900.")) == [False]


def test_colleagues_read_nothing_of_before_by_old_mail(moved: Moved) -> None:
    """To a ticket that is there already a move adds nobody."""
    known(moved, ("ann@customer.test", "A"), ("kim@customer.test", "A"))
    moved.mails(mail(ANN, days=20, message_id="<a@x>"))
    moved.mails(mail(ANN, "Re: Printer", "More.", days=19, cc="kim@customer.test", **answered("<a@x>")))
    assert (len(moved.tickets()), moved.count(Participant)) == (1, 0)


@pytest.mark.parametrize("server, visible", [("mx.desk.test", "public"), ("mx.elsewhere.test", "internal")])
def test_what_a_server_of_ours_proved_is_an_answer(config: Path, tmp_path: Path, server: str, visible: str) -> None:
    """By the results that it wrote into the mail at the time; those of another server count for nothing."""
    house = House(load(config, {"POSTDESK_SENDER__TRUSTED_AUTHSERV_IDS": '["mx.desk.test"]'}))
    moved = Moved(house, tmp_path)
    answer = mail(
        SAM, "Re: Printer", "Mended.", days=9, to=ANN, cc=DESK, received="from a.test by mx.desk.test",
        authentication_results=f"{server}; dmarc=pass header.from=desk.test", **answered("<a@x>"),
    )  # fmt: skip
    moved.mails(mail(ANN, days=10, message_id="<a@x>"), answer)
    rows = moved.all(select(Event).where(Event.text == "Mended."))
    assert [(row.visibility, row.verified) for row in rows] == [(visible, visible == "public")]
    house.database.close()


@pytest.mark.parametrize(
    "tag", ["[example.com #4711]", "[Ticket#2019040110000012]", "[#123456]", "[GLPI #0000123]", "[Ticket#: 77]"]
)
def test_numbers_of_other_systems(moved: Moved, tag: str) -> None:
    """They join mails of the same people that name nothing else, are kept, and an answer of today finds them."""
    moved.mails(
        mail(ANN, f"Re: {tag} Printer", "First.", days=9),
        mail(SAM, f"Re: {tag} Printer", "Second.", days=8, to=ANN),
        mail(ANN, f"AW: Other words {tag}", "Third.", days=7),
        mail(EVE, f"Re: {tag} Printer", "Not mine.", days=6),
    )
    hers, other = moved.tickets()
    assert [text for _, _, text in moved.notes(hers)] == ["First.", "Second.", "Third."]
    assert (hers.title, [text for _, _, text in moved.notes(other)]) == ("Printer", ["Not mine."])
    assert tag.strip("[]").replace(": ", "").replace("Ticket#", "ticket #").lower() in moved.all(select(OldNumber.key))
    moved_in = moved.all(select(Event.text).where(Event.ticket_id == hers.id, Event.text.startswith("Moved in")))
    assert "Its number there: " in moved_in[0]
    later = moved.take(mail(ANN, f"Re: {tag} Printer", "Still broken.", days=0))
    assert (later.rule, later.ticket_id) == ("E6-unverified", hers.id)
    assert moved.take(mail("new@elsewhere.test", f"Re: {tag} Printer", days=0)).kind == "opened"


def test_subjects_join_only_answers_of_the_same_people_within_two_weeks(moved: Moved) -> None:
    """A new request with the same words is a new ticket; so is an answer to one of long ago, or of somebody else."""
    moved.mails(
        mail(ANN, "Printer jams", "One.", days=80),
        mail(SAM, "Re: Printer jams", "Two.", days=79, to=ANN),
        mail(BOB, "Re: Printer jams", "Other.", days=78),
        mail(ANN, "Printer jams", "New.", days=60),
        mail(ANN, "Re: Printer jams", "Late.", days=20),
    )
    found = sorted([text for _, _, text in moved.notes(ticket)] for ticket in moved.tickets())
    assert found == [["Late."], ["New."], ["One.", "Two."], ["Other."]]


def test_machines(moved: Moved) -> None:
    """Part of a conversation they are events; alone they are ignored; none of them is held, and none opens a ticket."""
    away = {"auto_submitted": "auto-replied"}
    summary = moved.mails(
        mail(ANN, message_id="<a@x>"),
        mail(DESK, "Re: Printer", "We have it.", days=99.9, to=ANN, **away, **answered("<a@x>")),
        mail(ANN, "Out of office", "I am away.", days=99, **away, **answered("<a@x>")),
        mail("news@shop.test", "Buy now", "Cheap.", list_unsubscribe="<mailto:x@shop.test>"),
    )
    assert summary.fates == {"opened": 1, "folded": 2, "ignored": 1}
    (ticket,) = moved.tickets()
    kinds = moved.all(select(Event.kind).where(Event.ticket_id == ticket.id).order_by(Event.at, Event.id))
    assert kinds == ["note", "note", "automatic", "automatic"]


def test_no_command_is_read(moved: Moved) -> None:
    """Words that would be commands today are words of history."""
    moved.mails(
        mail(ANN, text="#withdraw\n\nType: Incident", days=2, message_id="<a@x>"),
        mail(SAM, "Re: Printer", "#resolve done\n\nIt is done.", days=1, to=ANN, **answered("<a@x>")),
    )
    (ticket,) = moved.tickets()
    assert (ticket.status, ticket.type) == ("Waiting Customer", "Query")
    assert [text for _, _, text in moved.notes(ticket)] == ["#withdraw", "#resolve done"]
