"""What customers do about a ticket on its page: resolve, reopen, withdraw, approve, share, watch, alerts, people."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from store.tables import Alert, Approval, Attachment, Event, Outbox, Participant, Ticket
from tests.portal.client import Browser
from tests.portal.sending import PHONES, after, send
from tests.portal.world import START, World, add_event, add_file, add_ticket

Enter = Callable[[str], Browser]


def ticket(world: World, key: str = "phones") -> Ticket:
    """As it is now."""
    with world.database.reading() as session:
        found = session.get_one(Ticket, world.ids[key])
        session.expunge(found)
    return found


def change(world: World, key: str, **values: Any) -> str:
    """Put a ticket into a state; its page."""
    with world.database.transaction() as session:
        found = session.get_one(Ticket, world.ids[key])
        for name, value in values.items():
            setattr(found, name, value)
        return f"/t/{found.number}"


def letters(world: World) -> list[tuple[str, str]]:
    """Kind and address of all letters."""
    with world.database.reading() as session:
        rows = session.execute(select(Outbox.kind, Outbox.recipient).order_by(Outbox.id))
        return [(kind, address.lower()) for kind, address in rows if kind != "credentials"]


@pytest.mark.feature("F148", "page")
@pytest.mark.feature("F149", "page")
@pytest.mark.feature("F150", "page")
@pytest.mark.feature("F153", "page")
def test_resolved_and_opened_again(world: World, signed_in: Enter) -> None:
    """One button each, as it fits; the desk hears of both, and after 14 days it is too late."""
    jane = signed_in("jane")
    page = jane.get(PHONES).text
    assert "Resolve this issue" in page
    assert "Open it again" not in page
    page = after(jane, send(jane, "resolve"))
    assert "The ticket is resolved." in page
    assert "A resolved ticket opens again when you answer within 14 days." in page
    assert "Status: Resolved (was In Progress)" in page
    assert ("customer_wrote", "sam@example.test") in letters(world)
    assert "Resolve this issue" not in page
    again = send(jane, "resolve")
    assert again.status_code == 422
    assert "The ticket is Resolved already." in again.text
    page = after(jane, send(jane, "reopen"))
    assert "Status: Update Added (was Resolved)" in page
    assert "The ticket is open already." in send(jane, "reopen").text
    path = change(world, "done", status="Resolved", completed_at=START - timedelta(days=15))
    page = jane.get(path).text
    assert "Open it again" not in page
    assert "This ticket is closed. Write a new one and mention" in page
    assert send(jane, "reopen", page=path).status_code == 422


@pytest.mark.feature("F154", "page")
def test_a_request_is_withdrawn_for_a_reason(world: World, signed_in: Enter) -> None:
    """One of the list, with a comment."""
    jane = signed_in("jane")
    answer = send(jane, "withdraw", reason="", comment="never mind")
    assert answer.status_code == 422
    assert '<a href="#reason">Select why you withdraw the request.</a>' in answer.text
    assert 'value="never mind"' in answer.text
    assert send(jane, "withdraw", reason="Because").status_code == 422
    page = after(jane, send(jane, "withdraw", reason="No longer needed", comment="We moved out."))
    assert "The ticket is withdrawn." in page
    assert "Withdrawal: No longer needed: We moved out." in page
    assert (ticket(world).status, ticket(world).withdrawal) == ("Withdrawn", "No longer needed: We moved out.")
    assert "<textarea" not in page


@pytest.mark.feature("F157", "page")
def test_an_approver_decides(world: World, signed_in: Enter) -> None:
    """Asked at the top of the page; with a reason; who was not asked is not, and nobody decides twice."""
    with world.database.transaction() as session:
        found = session.get_one(Ticket, world.ids["phones"])
        found.approval, found.status = "Requested", "Waiting Approval"
        session.flush()
        session.add(Approval(ticket_id=found.id, contact_id=world.ids["ana"], asked_at=START, answer=""))
        session.add(Participant(ticket_id=found.id, contact_id=world.ids["ana"], added_at=START, role="approver"))
    ana, jane = signed_in("ana"), signed_in("jane")
    assert "You are asked to approve this." in ana.get(PHONES).text
    page = jane.get(PHONES).text
    assert "You are asked to approve this." not in page
    assert "<bdi>Ana Sample</bdi>: no answer yet" in page
    assert "You were not asked to approve this." in send(jane, "answer", answer="approve").text
    assert "Select whether you approve or reject this." in send(ana, "answer", why="Not now.").text
    page = after(ana, send(ana, "answer", answer="reject", why="Not this year."))
    assert "You rejected this." in page
    assert "Approval: Rejected (was Requested)" in page
    assert "Reason: Not this year." in page
    assert "<bdi>Ana Sample</bdi>: rejected" in page
    assert ticket(world).status == "Update Added"
    assert ("approval_result", "jane@customer.test") in letters(world)
    assert "This was decided already: Rejected." in send(ana, "answer", answer="approve").text


@pytest.mark.feature("F197", "page")
@pytest.mark.feature("F198", "page")
def test_the_contact_shares_a_ticket_with_the_organisation(world: World, signed_in: Enter) -> None:
    """Shared from the start; taken back, colleagues see it no more. Others cannot do that."""
    jane, ana = signed_in("jane"), signed_in("ana")
    assert "Everybody of Acme Sample who may see its tickets." in ana.get(PHONES).text
    assert "Stop sharing" not in ana.get(PHONES).text
    assert "Only the contact of the ticket can share it." in send(ana, "share", shared="no").text
    page = after(jane, send(jane, "share", shared="no"))
    assert "Only those who take part, and the desk, can see this ticket now." in page
    assert "Shared with organisation: no (was yes)" in page
    assert ana.get(PHONES).status_code == 404
    assert send(ana, "share", shared="yes").status_code == 404
    assert "Everybody of the organisation can see this ticket now." in after(jane, send(jane, "share", shared="yes"))
    assert ana.get(PHONES).status_code == 200


@pytest.mark.feature("F199", "page")
def test_a_colleague_follows_a_ticket(world: World, signed_in: Enter) -> None:
    """Asks to hear of changes, hears of them, asks to hear no more."""
    ana, jane = signed_in("ana"), signed_in("jane")
    assert "Tell me of every change" in ana.get(PHONES).text
    page = after(ana, send(ana, "watch"))
    assert "You hear of every change from now on." in page
    assert "Stop e-mails about this ticket" in page
    send(jane, "notes", note="News.")
    assert ("update", "ana@customer.test") in letters(world)
    assert "You get no more letters about this ticket." in after(ana, send(ana, "stop"))
    send(jane, "notes", note="More news.")
    assert letters(world).count(("update", "ana@customer.test")) == 1


@pytest.mark.feature("F201", "page")
def test_people_are_added_and_leave(world: World, signed_in: Enter) -> None:
    """By address, known or not; each gets one letter; who leaves sees what is not shared no more."""
    jane, zoe = signed_in("jane"), signed_in("zoe")
    page = after(jane, send(jane, "people", people="zoe@customer.test; Nora New <nora@elsewhere.test>"))
    assert "The additional contacts are changed." in page
    assert "<bdi>Zoe Sample</bdi>" in page
    assert "<bdi>Nora New</bdi>" in page
    shared = [address for kind, address in letters(world) if kind == "shared"]
    assert shared == ["zoe@customer.test", "nora@elsewhere.test"]
    for people, said in [
        ("", "Enter an e-mail address in the correct format, like name@example.com."),
        ("ana@", "“ana@” is not a complete e-mail address."),
        ("zoe@customer.test", "Nobody was added"),
        ("sam@example.test", "is somebody at this desk"),
    ]:
        answer = send(jane, "people", people=people)
        assert (answer.status_code, said in answer.text) == (422, True), people
    assert "Leave this ticket" not in jane.get(PHONES).text
    assert send(jane, "leave").status_code == 422
    assert "Leave this ticket" in zoe.get(PHONES).text
    gone = send(zoe, "leave")
    assert gone.headers["location"] == "/tickets?done=left"
    assert zoe.get(PHONES).status_code == 404


def test_a_colleague_who_does_not_take_part_adds_nobody(signed_in: Enter) -> None:
    """As by mail: a Cc is a way in."""
    ana = signed_in("ana")
    assert "Add a person" not in ana.get(PHONES).text
    assert "Only those who take part can add people." in send(ana, "people", people="max@customer.test").text


@pytest.mark.feature("F147")
@pytest.mark.feature("F202", "page")
@pytest.mark.feature("F203", "page")
@pytest.mark.feature("F204", "page")
def test_alerts_are_chosen_listed_and_deleted(world: World, signed_in: Enter) -> None:
    """Check boxes; a list of one's own; deleted after “OK”."""
    jane = signed_in("jane")
    page = jane.get(PHONES).text
    for word in ("Due", "Overdue", "Completed", "In process", "Ready with all of its tasks"):
        assert f"> {word}</label>" in page
    page = after(jane, send(jane, "alerts", stages=["due", "completed"]))
    assert "Your alerts are saved." in page
    assert "Your active alerts" in page
    assert "Your active alerts" not in signed_in("ana").get(PHONES).text
    page = jane.get(f"{PHONES}?delete=due").text
    assert "Delete the alert “due”?" in page
    assert "Delete the alert" not in jane.get(f"{PHONES}?delete=overdue").text  # she has none
    page = after(jane, send(jane, "alerts/remove", stage="due"))
    assert "The alert is deleted." in page
    with world.database.reading() as session:
        mine = select(Alert.stage).where(Alert.contact_id == world.ids["jane"])
        assert session.scalars(mine).all() == ["completed"]
    assert send(jane, "alerts", stages=["lost"]).status_code == 422


@pytest.mark.feature("F112", "page")
def test_own_files_are_removed_while_the_ticket_is_open(world: World, signed_in: Enter) -> None:
    """Hidden from everybody, and the entry says so; another's file stays, and all of a ticket that is done."""
    jane, ana = signed_in("jane"), signed_in("ana")
    act = f"files/{world.ids['log']}/remove"
    assert f'action="{PHONES}/{act}"' in jane.get(PHONES).text
    assert f'action="{PHONES}/{act}"' not in ana.get(PHONES).text
    assert send(ana, act).status_code == 404
    assert send(jane, f"files/{world.ids['secret']}/remove").status_code == 404
    page = after(jane, send(jane, act))
    assert "The file is removed." in page
    assert "File removed: switch log, 9 April.txt<" in page
    assert jane.get(f"{PHONES}/files/{world.ids['log']}").status_code == 404
    with world.database.transaction() as session:
        found = add_ticket(session, world, "filed", "jane", title="Filed", status="Resolved", completed_at=START)
        add_file(session, world, add_event(session, world, found, "See."), "late", "late.txt", b"late")
        path = f"/t/{found.number}"
    assert "Remove" not in jane.get(path).text
    assert "and its files stay." in send(jane, f"files/{world.ids['late']}/remove", page=path).text
    with world.database.reading() as session:
        assert session.get_one(Attachment, world.ids["late"]).hidden_at is None


def test_acts_are_checked_again_when_they_are_done(world: World, signed_in: Enter) -> None:
    """A button that is not on the page does nothing either: no rights, no form token, no ticket."""
    max_, jane = signed_in("max"), signed_in("jane")
    acts = ["resolve", "reopen", "withdraw", "answer", "share", "watch", "stop", "leave", "people", "alerts"]
    for act in acts:
        assert send(max_, act).status_code == 404, act
        assert jane.get(f"{PHONES}/{act}").status_code == 405, act
        assert jane.http.post(f"{PHONES}/{act}", data={}, headers={"Origin": "null"}).status_code == 403, act
    with world.database.reading() as session:
        assert session.scalar(select(Event.id).where(Event.at >= START + timedelta(hours=1))) is None
