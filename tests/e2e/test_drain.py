"""SIGTERM while mails come in: what was begun is finished, and every 250 has its row."""

import smtplib
import threading

import pytest
from sqlalchemy import select

from store.tables import RawMail
from tests.e2e.conftest import FREELY
from tests.e2e.world import assert_ledger, mail, outcomes
from tests.peers.desk import Desk
from tests.servers import wait_for


class Client(threading.Thread):
    """Sends mails over one connection until the server goes away; knows which were answered by 250."""

    def __init__(self, desk: Desk, name: str) -> None:
        super().__init__(daemon=True)
        self._desk, self._name = desk, name
        self.kept: list[str] = []
        self.answer: tuple[int, bytes] | None = None

    def run(self) -> None:
        """Up to 500 mails."""
        try:
            with smtplib.SMTP("127.0.0.1", self._desk.smtp, timeout=20) as client:
                for count in range(500):
                    message = mail(f"{self._name}@customer.test", f"Drain {count}")
                    client.send_message(message)
                    self.kept.append(str(message["Message-ID"]))
        except smtplib.SMTPResponseException as error:
            answer = error.smtp_error
            self.answer = (error.smtp_code, answer if isinstance(answer, bytes) else answer.encode())
        except (smtplib.SMTPException, OSError):
            return  # the connection ended between two mails


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_sigterm_drains(request: pytest.FixtureRequest, kind: str) -> None:
    """Stopped with eight clients at work: exit code 0, no 250 without its mail, and after a start all are handled."""
    url = "" if kind == "sqlite" else request.getfixturevalue("postgres").filled_database()
    settings = {**FREELY, "CAPS__NEW_TICKETS_PER_SENDER_2H": "100000"}
    with Desk(("smtp", "work"), url=url, settings=settings) as desk:
        clients = [Client(desk, f"c{n}") for n in range(8)]
        for client in clients:
            client.start()
        wait_for(lambda: all(len(client.kept) >= 3 for client in clients), "a few mails of each client")
        assert desk.stop() == 0
        for client in clients:
            client.join(30)
            assert not client.is_alive()
            assert client.answer is None or client.answer[0] in (421, 451), client.answer
        kept = {message_id for client in clients for message_id in client.kept}
        assert len(kept) < 8 * 500
        with desk.database.reading() as session:
            rows = list(session.scalars(select(RawMail.data)))
        found = {message_id for message_id in kept if any(message_id.encode() in row for row in rows)}
        assert found == kept
        desk.start()
        desk.wait_handled(desk.accepted())
        assert {outcome for outcome, _ in outcomes(desk)} <= {"opened", "ignored"}
        assert_ledger(desk)
