"""What the report of `postdesk move in` and the list of moves say of mails that went another way."""

import csv
import random
from pathlib import Path

from sqlalchemy import select

from postdesk.moving_undo import undo
from store.tables import MoveIn
from tests.postdesk.moving_world import ANN, BOB, NOW, Moved, answered, mail


def rows(report: Path) -> list[dict[str, str]]:
    """The lines of a report."""
    return list(csv.DictReader(report.read_text(encoding="utf-8-sig").splitlines()))


def test_rubbish_is_no_mail(moved: Moved, tmp_path: Path) -> None:
    """Bytes without one field of a mail are left out, in a Maildir too: no ticket, no contact without an address."""
    report = tmp_path / "report.csv"
    summary = moved.mails(mail(ANN), random.Random(7).randbytes(2000), report=report)
    assert (summary.mails, summary.tickets, summary.contacts) == (1, 1, 1)
    assert summary.fates == {"opened": 1, "left out": 1}
    assert "no mail" in rows(report)[-1]["reason"]


def test_a_date_to_come_is_told(moved: Moved, tmp_path: Path) -> None:
    """The report names the date of the mail, and the one that stands for it."""
    report = tmp_path / "report.csv"
    moved.mails(mail(ANN, days=-900), mail(BOB, days=3), report=report)
    told = {row["from"]: row["reason"] for row in rows(report)}
    assert f"Its date, {NOW.year + 3}-" in told["ann@customer.test"]
    assert "Its date" not in told["bob@elsewhere.test"]


def test_why_a_mail_is_not_in_the_conversation_that_it_names(moved: Moved, tmp_path: Path) -> None:
    """Somebody who was not in it gets a ticket of their own; a dry run tells the threads apart."""
    report = tmp_path / "report.csv"
    hers = mail(ANN, days=5, message_id="<a@x>")
    his = mail(BOB, "Re: Printer", "Mine too.", days=4, **answered("<a@x>"))
    for dry in (True, False):
        moved.mails(hers, his, dry=dry, report=report)
        found = {row["from"]: row for row in rows(report)}
        reason = found["bob@elsewhere.test"]["reason"]
        assert "It names a conversation that its sender was not in: a ticket of its own, linked to" in reason
        assert found["ann@customer.test"]["mail"] in reason
        assert "It names" not in found["ann@customer.test"]["reason"]
        assert len({row["ticket"] for row in found.values()}) == 2


def test_the_list_says_what_was_taken_back(moved: Moved) -> None:
    """Where a ticket stays, the move stays in the list, with what is left of it."""
    done = moved.mails(mail(ANN), mail(BOB, "Phone", days=1, message_id="<b@x>"))
    moved.take(mail(BOB, "Re: Phone", "And?", days=0, **answered("<b@x>")))
    for _ in range(2):  # a second time takes nothing more
        undo(moved.house, done.move_in, lambda _done: None)
        (counts,) = moved.all(select(MoveIn.counts))
        assert (counts["tickets"], counts["taken back"]) == (1, 1)
