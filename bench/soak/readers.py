"""People who look at pages and programs that ask the API during a soak run, each signed in."""

import http.client
import random
import threading
import time
from datetime import UTC, datetime

from sqlalchemy import func, select

from bench.pages import get, sign_in
from bench.soak.book import Book
from desk import tokens
from store.tables import Account, Contact, Staff, Ticket
from tests.peers.desk import Desk

_PAUSE = 2.0  # seconds that somebody reads, on average
_RENEWED = 300.0  # after so many seconds they sign in again: sessions end, and many of them come and go
_WORDS = ("phone", "router", "invoice", "printer")


class Reader(threading.Thread):
    """One person: a browser's session, or a program's token."""

    def __init__(self, desk: Desk, book: Book, end: float, number: int) -> None:
        super().__init__(name=f"reader {number}", daemon=True)
        self._desk, self._book, self._end = desk, book, end
        self._dice = random.Random(number)  # noqa: S311 - test data
        self._staff, self._program = number % 2 == 0, number % 3 == 2
        self._connection = http.client.HTTPConnection("127.0.0.1", desk.page, timeout=120)

    def run(self) -> None:
        """Until the end; what is not 200 is a fault, but for 429: whoever asks too often is told to wait."""
        signed_in, headers = 0.0, dict[str, str]()
        while time.monotonic() < self._end:
            try:
                if not headers or time.monotonic() - signed_in > _RENEWED:
                    headers, signed_in = self._sign_in(), time.monotonic()
                if headers:
                    self._look(headers)
            except (OSError, http.client.HTTPException) as fault:
                self._book.fault(f"a page failed: {type(fault).__name__}: {fault}")
                self._connection.close()
            time.sleep(self._dice.uniform(0, 2 * _PAUSE))
        self._connection.close()

    def _sign_in(self) -> dict[str, str]:
        """The field that says who asks; none as long as there is nobody to be."""
        with self._desk.database.reading() as session:
            table = Staff if self._staff else Contact
            ids = session.scalars(select(table.id).limit(200)).all()
        if not ids:
            return {}
        person = self._dice.choice(ids)
        cookie = sign_in(self._desk.database, person, staff=self._staff)
        return {"Authorization": f"Bearer {self._token(person)}"} if self._program else {
            "Cookie": f"postdesk-session={cookie}"
        }  # fmt: skip

    def _token(self, person: int) -> str:
        """A token that may read, made as after a sign-in; the one of before ends."""
        now = datetime.now(UTC)
        with self._desk.database.transaction() as session:
            mine = Account.staff_id == person if self._staff else Account.contact_id == person
            account = session.scalars(select(Account).where(mine)).one()
            for old in tokens.of(session, account.id, now):
                tokens.end(session, account.id, old.id)
            return tokens.make(
                session, account.id, "soak", 30, may_write=False, now=now, next_id=self._desk.database.ids.next
            )

    def _look(self, headers: dict[str, str]) -> None:
        what, path = self._address()
        started = time.perf_counter()
        status, _ = get(self._connection, path, headers)
        if status == 200 or (status == 404 and what.endswith("ticket")):  # somebody else's
            self._book.viewed(what, time.perf_counter() - started)
        elif status != 429:
            self._book.fault(f"{what}: {status} for {path}")

    def _address(self) -> tuple[str, str]:
        with self._desk.database.reading() as session:
            newest = session.scalar(select(func.max(Ticket.id)))
            numbers = (
                session.scalars(select(Ticket.number).order_by(Ticket.id.desc()).limit(50)).all() if newest else []
            )
        number = self._dice.choice(numbers) if numbers else ""
        if self._program:
            return ("api: ticket", f"/api/v1/tickets/{number}") if number and self._dice.random() < 0.5 else (
                "api: list", "/api/v1/tickets"
            )  # fmt: skip
        choices = [("page: Home", "/"), ("page: list", "/tickets?view=open"),
                   ("page: search", f"/tickets?q={self._dice.choice(_WORDS)}")]  # fmt: skip
        return self._dice.choice([*choices, ("page: ticket", f"/t/{number}")] if number else choices)
