"""A desk into which old mail is moved, for the tests of `postdesk move`."""

import mailbox
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from gateway.envelope import Envelope
from gateway.moving import State
from postdesk import moving_source
from postdesk.moving import Move, Plan, Summary
from postdesk.wiring import House
from store.tables import Disposition, Event, ReceivedMail, Tally, Ticket

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DESK, SAM = "service@desk.test", "sam@desk.test"
ANN, BOB, EVE = "Ann Sample <ann@customer.test>", "bob@elsewhere.test", "eve@elsewhere.test"


def mail(
    sender: str, subject: str = "Printer", text: str = "It jams.", *, days: float = 100, to: str = DESK, **fields: str
) -> bytes:
    """A mail of so many days ago; `message_id="<a@x>"`, `in_reply_to="<b@x>"` and the like are further fields."""
    lines = [f"From: {sender}", f"To: {to}", f"Subject: {subject}"]
    lines += [f"Date: {format_datetime(NOW - timedelta(days=days))}"]
    lines += [f"{name.replace('_', '-').title()}: {value}" for name, value in fields.items()]
    return ("\n".join([*lines, "", text]) + "\n").encode()


@contextmanager
def _quiet(_words: str, _total: int | None) -> Iterator[Callable[[int], None]]:
    yield lambda _done: None


class Moved:
    """A desk into which mails are moved."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house, self.folder = house, folder
        self._count = 0

    def run(
        self, *sources: Path, ours: str = "", state: State = "auto", dry: bool = False, report: Path | None = None
    ) -> Summary:
        """Move what is in these files and folders."""
        self._count += 1
        work = self.folder / f"work{self._count}"
        work.mkdir()
        plan = Plan(
            origin="the archive",
            find=lambda place: moving_source.find(list(sources), place),
            by="root",
            ours=frozenset(filter(None, [ours])),
            state=state,
            dry=dry,
        )
        return Move(self.house, plan, work, _quiet, NOW).run(report)

    def mails(self, *mails: bytes, **options: Any) -> Summary:
        """Move these mails, from a Maildir of their own, given in whatever order."""
        box = mailbox.Maildir(self.folder / f"box{self._count}", create=True)
        for raw in mails:
            box.add(raw)
        return self.run(self.folder / f"box{self._count}", **options)

    def all(self, statement: Any) -> list[Any]:
        """The rows of a query, of one column."""
        with self.house.database.reading() as session:
            return list(session.scalars(statement))

    def count(self, table: Any) -> int:
        """How many rows a table has."""
        with self.house.database.reading() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    def tickets(self) -> list[Ticket]:
        """The tickets, the oldest first."""
        return self.all(select(Ticket).order_by(Ticket.created_at, Ticket.id))

    def notes(self, ticket: Ticket) -> list[tuple[str, str, str]]:
        """What stands in a ticket, without the line that says where it comes from: author, visibility, first line."""
        rows = self.all(select(Event).where(Event.ticket_id == ticket.id).order_by(Event.at, Event.id))
        return [
            (row.author, row.visibility, row.text.partition("\n")[0])
            for row in rows
            if not row.text.startswith("Moved in from")
        ]

    def take(self, raw: bytes) -> Disposition:
        """A mail that comes in today, by the usual way; what became of it."""
        spool = self.house.spool()
        try:
            mail_id = spool.accept(Envelope("a@b.test", (DESK,), "smtp", received_at=datetime.now(UTC)), raw)
        finally:
            spool.close()
        intake = self.house.intake()
        while intake.drain_once():
            pass
        with self.house.database.reading() as session:
            return session.get_one(Disposition, mail_id)

    def assert_ledger(self) -> None:
        """Accepted is the sum of what became of them, and there is a row for each."""
        counts = {row.name: row.value for row in self.all(select(Tally))}
        accepted = counts.pop("accepted")
        assert accepted == sum(counts.values()) == self.count(ReceivedMail) == self.count(Disposition)


def answered(message: str, **more: str) -> dict[str, str]:
    """The threading fields of an answer."""
    return {"in_reply_to": message, "references": message, **more}


CONVERSATION = (
    mail(ANN, days=100, message_id="<1@customer.test>"),
    mail(f"Sam <{SAM}>", "Re: Printer", "Is it on?", days=99, to=ANN, message_id="<2@desk.test>",
         **answered("<1@customer.test>")),
    mail(ANN, "Re: Printer", "Yes.", days=98, message_id="<3@customer.test>", **answered("<2@desk.test>")),
    mail(f"Sam <{SAM}>", "Fwd: Printer", "Who knows this one?", days=97, to=DESK, **answered("<3@customer.test>")),
    mail(f"Service Desk <{DESK}>", "Re: Printer", "Mended.", days=96, to=ANN, **answered("<3@customer.test>")),
)  # fmt: skip
