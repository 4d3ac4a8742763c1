"""Received mail and letters for the sample desk: of every kind, with bytes, evidence, attempts and a muted address."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from portal.mail_reader import Foreseen
from store.tables import Delivery, Disposition, Outbox, RawMail, ReceivedMail, Suppression, Tally
from tests.portal.world import START, World

RAW = (
    b"From: Eva Sample <eva@customer.test>\r\nTo: service@example.test\r\nSubject: Printer\r\n"
    b"X-Odd: \xff<script>\r\n\r\nThe printer is out of paper.\r\n"
)


def add_mail(session: Session, world: World, kind: str, **values: Any) -> int:
    """One received mail with its outcome; `kind` "waiting" has none. Its id."""
    mail_id = world.database.ids.next()
    at: datetime = values.pop("at", START)
    raw: bytes | None = values.pop("raw", RAW)
    session.add(
        ReceivedMail(
            id=mail_id, received_at=at, source="smtp", peer="192.0.2.7", reverse_path="bounce@customer.test",
            recipients=["service@example.test"], size=len(raw or RAW), waiting=kind == "waiting", earlier=[],
        )
    )  # fmt: skip
    session.flush()
    if raw is not None:
        session.add(RawMail(id=mail_id, data=raw))
    if kind != "waiting":
        base: dict[str, Any] = {
            "rule": "flood",
            "reason": "The sender opened as many tickets as one may.",
            "sender": "eva@customer.test",
            "subject": "Printer",
            "evidence": {},
        }
        session.add(Disposition(received_id=mail_id, at=at, kind=kind, **{**base, **values}))
        tally = session.get_one(Tally, kind)
        tally.value += 1
    session.flush()
    return mail_id


def add_letter(session: Session, world: World, state: str, *attempts: tuple[str, str], **values: Any) -> int:
    """One letter and what was tried: the result, and what the other side said. Its id."""
    letter_id = world.database.ids.next()
    base: dict[str, Any] = {
        "kind": "update",
        "recipient": "jane@customer.test",
        "recipient_name": "Jane Sample",
        "context": {},
        "state": state,
        "attempts": len(attempts),
        "next_at": START + timedelta(hours=1),
        "created_at": START,
        "done_at": None if state == "waiting" else START,
    }
    session.add(Outbox(id=letter_id, **{**base, **values}))
    session.flush()
    for result, reply in attempts:
        session.add(
            Delivery(id=world.database.ids.next(), outbox_id=letter_id, at=START, result=result, reply=reply)
        )  # fmt: skip
    session.flush()
    return letter_id


def mute(session: Session, world: World, address: str) -> None:
    """The address gets no letters."""
    session.add(Suppression(id=world.database.ids.next(), address=address, reason="550 no such user", since=START))


class Reader:
    """Reads no mail: says what it was asked, like whoever reads mail for the portal."""

    def look(self, received_id: int) -> list[str]:
        """Two lines."""
        return ["File: plan.pdf, application/pdf, 12 bytes", f"How it travelled: mail {received_id}"]

    def foresee(self, received_id: int, wish: str) -> Foreseen | None:
        """The wish, as a decision."""
        number = wish if wish.startswith("T") else ""
        return Foreseen("noted" if number else "opened", "by-hand", f"Wanted: {wish}", number, ["Sender: pass."])
