"""`postdesk move in`: each mail has a fate, a second run goes on, later answers land on their ticket."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from desk import old_tickets, people
from gateway.view import message_key
from postdesk import backup
from postdesk.backup_due import is_running
from postdesk.backup_manifest import BackupError
from postdesk.moving_undo import undo
from postdesk.settings import load
from postdesk.wiring import House
from store.migrations import upgrade
from store.tables import Contact, Event, KnownMessage, OldNumber, Outbox, ReceivedMail, Ticket, TicketLink
from tests.postdesk.moving_world import ANN, BOB, CONVERSATION, DESK, NOW, SAM, Moved, answered, mail
from tests.servers import Postgres


def test_a_later_answer_lands_on_its_ticket(moved: Moved) -> None:
    """By the Message-ID of an old mail; a closed ticket has a new one that goes on from it."""
    moved.mails(
        mail(ANN, days=5, message_id="<young@x>"),
        mail(BOB, "Phone", days=500, message_id="<old@x>"),
    )
    old, young = moved.tickets()
    later = moved.take(mail(ANN, "Re: Printer", "And again.", days=0, **answered("<young@x>")))
    assert (later.kind, later.ticket_id) == ("noted", young.id)
    later = moved.take(mail(BOB, "Re: Phone", "It is back.", days=0, **answered("<old@x>")))
    assert (later.kind, later.rule) == ("opened", "closed-ticket")
    assert moved.all(select(TicketLink.other_id).where(TicketLink.ticket_id == later.ticket_id)) == [old.id]


def test_started_again_it_goes_on(moved: Moved, tmp_path: Path) -> None:
    """What is here is left alone; mails that were not there the first time become notes on their ticket."""
    moved.mails(*CONVERSATION[:2])
    moved.mails(*CONVERSATION)
    (ticket,) = moved.tickets()
    assert len(moved.notes(ticket)) == 5
    report = tmp_path / "report.csv"
    assert moved.mails(*CONVERSATION, report=report).fates == {"here already": 5}
    rows = list(csv.DictReader(report.read_text(encoding="utf-8-sig").splitlines()))
    assert [row["fate"] for row in rows] == ["here already"] * 5
    assert report.stat().st_mode & 0o777 == 0o600


def test_mail_that_the_desk_took_in_before_is_known(moved: Moved) -> None:
    """An archive of a desk that runs already: its mails are not taken twice, and what belongs to them joins."""
    first = moved.take(CONVERSATION[0])
    summary = moved.mails(*CONVERSATION)
    assert summary.fates == {"here already": 1, "noted": 4}
    (ticket,) = moved.tickets()
    assert ticket.id == first.ticket_id
    assert ticket.status == "New"  # it was here before: its state is its own


def test_copies(moved: Moved) -> None:
    """The same to the letter in two folders is one; a copy with a footer is kept, and is no second note."""
    again = mail(ANN, text="It jams.\n-- \nThe list", days=100, message_id="<1@customer.test>")
    assert moved.mails(CONVERSATION[0], CONVERSATION[0], again).fates == {"opened": 1, "copy": 1, "ignored": 1}
    assert len(moved.tickets()) == 1


def test_clocks_that_go_wrong(moved: Moved) -> None:
    """An answer that says it was written before its question comes behind it; a date to come is that of the mailbox."""
    moved.mails(
        mail(ANN, days=50, message_id="<a@x>"),
        mail(SAM, "Re: Printer", "Is it on?", days=51, to=ANN, **answered("<a@x>")),
        mail(BOB, "Phone", days=-900),
    )
    hers, his = moved.tickets()
    assert [text for _, _, text in moved.notes(hers)] == ["It jams.", "Is it on?"]
    assert his.created_at <= NOW


def test_circles_of_references_end(moved: Moved) -> None:
    """Two mails that say they answer each other are one conversation."""
    moved.mails(
        mail(ANN, days=50, message_id="<a@x>", **answered("<b@x>")),
        mail(ANN, "Re: Printer", "More.", days=49, message_id="<b@x>", **answered("<a@x>")),
    )
    assert len(moved.tickets()) == 1


def test_old_addresses_of_the_desk(moved: Moved) -> None:
    """With --ours a helpdesk of before, and people who left, speak for the desk."""
    moved.mails(
        mail(ANN, days=50, to="help@old.test", message_id="<a@x>"),
        mail("Left <left@old.test>", "Re: Printer", "Is it on?", days=49, to=ANN, **answered("<a@x>")),
        ours="@old.test",
    )
    (ticket,) = moved.tickets()
    assert moved.notes(ticket) == [("Ann Sample", "public", "It jams."), ("Left", "public", "Is it on?")]
    assert moved.count(Contact) == 1


def test_a_dry_run_changes_nothing_and_tells_the_same(moved: Moved) -> None:
    """The same figures as the run itself."""
    dry = moved.mails(*CONVERSATION, mail(BOB, "Phone"), dry=True)
    assert [moved.count(table) for table in (Ticket, Contact, ReceivedMail, Event)] == [0, 0, 0, 0]
    done = moved.mails(*CONVERSATION, mail(BOB, "Phone"))
    assert (dry.tickets, dry.contacts, dry.fates) == (done.tickets, done.contacts, done.fates)


def test_undo(moved: Moved) -> None:
    """All of it goes, contacts too; a ticket that somebody has written to stays with its mails."""
    summary = moved.mails(*CONVERSATION, mail(BOB, "Phone", days=1, message_id="<b@x>"))
    moved.take(mail(BOB, "Re: Phone", "And?", days=0, **answered("<b@x>")))
    hers, his = moved.tickets()
    undone = undo(moved.house, summary.move_in, lambda _done: None)
    assert (undone.tickets, undone.mails, undone.contacts, undone.kept) == (1, 5, 1, [his.number])
    assert [ticket.id for ticket in moved.tickets()] == [his.id]
    assert hers.id not in moved.all(select(Event.ticket_id))
    assert moved.mails(*CONVERSATION).tickets == 1


def test_undo_waits_for_a_backup(moved: Moved) -> None:
    """It is to copy bytes that would go: nothing is taken back meanwhile, and no backup begins while it is."""
    summary = moved.mails(*CONVERSATION)
    with backup.held(moved.house), pytest.raises(BackupError, match="A backup is being made") as told:
        undo(moved.house, summary.move_in, lambda _done: None)
    assert (told.value.code, moved.count(Ticket)) == (75, 1)
    running: list[bool] = []
    undo(moved.house, summary.move_in, lambda _done: running.append(is_running(moved.house, datetime.now(UTC))))
    assert running
    assert all(running)
    assert not is_running(moved.house, datetime.now(UTC))


def test_on_postgresql(config: Path, postgres: Postgres, tmp_path: Path) -> None:
    """The same there: moved in, gone on with, and taken back."""
    house = House(load(config, {"POSTDESK_DATABASE__URL": postgres.fresh_database()}))
    upgrade(house.database)
    with house.database.transaction() as session:
        people.add_staff(session, staff_id=house.database.ids.next(), name="Sam", address=SAM, now=NOW)
    moved = Moved(house, tmp_path)
    first = moved.mails(*CONVERSATION[:2], mail(BOB, "Re: [#42] Phone"))
    second = moved.mails(*CONVERSATION, mail(BOB, "[#42] Phone", "More.", days=90))
    assert (first.tickets, second.fates) == (2, {"here already": 2, "noted": 4})
    moved.assert_ledger()
    assert undo(house, second.move_in, lambda _done: None).mails == 4
    assert undo(house, first.move_in, lambda _done: None).tickets == 2
    assert [moved.count(table) for table in (Ticket, Contact, ReceivedMail, Event)] == [0, 0, 0, 0]
    moved.assert_ledger()
    house.database.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_undo_of_a_note_on_a_ticket_of_before(kind: str, config: Path, request: pytest.FixtureRequest) -> None:
    """By nothing that it brought is the ticket found any more; what the ticket had before stays."""
    url = request.getfixturevalue("postgres").fresh_database() if kind == "postgres" else ""
    house = House(load(config, {"POSTDESK_DATABASE__URL": url} if url else {}))
    upgrade(house.database)
    (config.parent / "moving").mkdir()
    moved = Moved(house, config.parent / "moving")
    first = moved.take(mail(ANN, days=0, message_id="<live@x>"))
    more = [mail(ANN, f"Re: [#{n}] Printer", "Old.", days=n, message_id=f"<{n}@x>", **answered("<live@x>"))
            for n in (5, 6)]  # fmt: skip
    summary = moved.mails(*more)
    assert (summary.fates, moved.count(KnownMessage), moved.count(OldNumber)) == ({"noted": 2}, 3, 2)
    told = moved.all(select(Event).where(Event.text == "Old."))[0]
    with house.database.transaction() as session:  # a letter about one of them
        letter = Outbox(id=house.database.ids.next(), kind="copy", recipient=BOB, context={}, event_id=told.id)
        letter.next_at = letter.created_at = NOW
        session.add(letter)
    undone = undo(house, summary.move_in, lambda _done: None)
    assert (undone.mails, undone.left, moved.count(KnownMessage)) == (1, 1, 2)
    assert moved.all(select(Event.id).where(Event.text == "Old.")) == [told.id]
    with house.database.transaction() as session:
        session.delete(session.get_one(Outbox, letter.id))
    undone = undo(house, summary.move_in, lambda _done: None)
    assert (undone.mails, undone.left, moved.count(OldNumber)) == (1, 0, 0)
    assert moved.all(select(KnownMessage.key)) == [message_key("<live@x>")]
    assert moved.all(select(Event.ticket_id).where(Event.received_id.is_not(None))) == [first.ticket_id]
    moved.assert_ledger()
    house.database.close()


def test_moved_in_tickets_are_forgotten_like_all_others(moved: Moved) -> None:
    """Retention takes their old numbers too."""
    moved.mails(mail(ANN, "[#42] Printer", days=500))
    with moved.house.database.transaction() as session:
        assert old_tickets.forget(session, NOW - timedelta(days=365)).count == 1
    assert (moved.count(Ticket), moved.count(OldNumber)) == (0, 0)


def test_a_long_thread_in_parts(moved: Moved, monkeypatch: pytest.MonkeyPatch) -> None:
    """More mails than go into one transaction are still one ticket, with the state that the last of them gives it."""
    monkeypatch.setattr("postdesk.moving.BATCH", 3)
    mails = [mail(ANN, days=40, message_id="<0@x>")]
    mails += [
        mail(SAM if n % 2 else ANN, "Re: Printer", f"No {n}.", days=40 - n, to=ANN if n % 2 else DESK,
             message_id=f"<{n}@x>", **answered(f"<{n - 1}@x>"))
        for n in range(1, 12)
    ]  # fmt: skip
    assert moved.mails(*mails).tickets == 1
    (ticket,) = moved.tickets()
    assert len(moved.notes(ticket)) == 12
    assert (ticket.status, ticket.updated_at) == ("Waiting Customer", NOW - timedelta(days=29))


def test_what_cannot_be_read_is_held_or_stays(moved: Moved, tmp_path: Path) -> None:
    """A mail beyond the limits waits for a person; what is too large, or no mail, is named in the report."""
    folder, report = tmp_path / "files", tmp_path / "report.csv"
    folder.mkdir()
    (folder / "deep.eml").write_bytes(b"From: a@b.test\nX-Big: " + b"x" * 70_000 + b"\n\nwords\n")
    (folder / "big.eml").write_bytes(mail(ANN) + b"x" * 27 * 1024 * 1024)
    (folder / "notes.doc").write_bytes(b"\x00\x01binary")
    (folder / "empty.eml").write_bytes(b"")
    summary = moved.run(folder, tmp_path / "none", report=report)
    assert summary.fates == {"held": 1, "not taken": 2, "left out": 2}
    assert summary.failed == 2
    lines = report.read_text(encoding="utf-8-sig").splitlines()
    rows = {Path(row["mail"]).name: row["reason"] for row in csv.DictReader(lines)}
    assert "mail.max_mb" in rows["big.eml"]
    assert "no mail" in rows["notes.doc"]
    assert "no such file" in rows["none"]
