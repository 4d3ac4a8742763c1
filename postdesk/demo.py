"""`postdesk demo`: a short real conversation with the running Postdesk, every letter printed."""

import email
import email.policy
import secrets
import smtplib
import time
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import typer
from sqlalchemy import func, select

from desk import load
from gateway.relay import in_order
from postdesk import demo_mails
from postdesk.wiring import House
from store.tables import Disposition, Ticket

SECONDS = 15.0


class DemoFailed(Exception):
    """Why the conversation stopped, in words."""


def play(house: House) -> None:
    """Play all of it; DemoFailed says where it stopped."""
    Demo(house).play()


class Demo:
    """The people of the conversation, and the letters seen so far."""

    def __init__(self, house: House) -> None:
        if house.settings.relay.mode != "maildir":
            raise DemoFailed('The demo reads the letters from a folder: set relay.mode = "maildir" for it.')
        self._house = house
        self._outbox = Path(house.settings.relay.folder) / "new"
        self._seen = {file.name for file in in_order(self._outbox)}
        self._desk = house.addresses.main.address
        # New people in each run: a demo can be played again and again.
        mark = secrets.token_hex(2)
        self._jane, self._eve = f"jane.{mark}@customer.test", f"eve.{mark}@stranger.test"
        with house.database.reading() as session:
            self._last = session.scalar(select(func.max(Disposition.at))) or datetime.min.replace(tzinfo=UTC)
            staff = [person for person in load.staff(session).values() if person.active]
        if not staff:
            raise DemoFailed("Nobody works here yet. Run: postdesk init")
        self._staff = staff[0]

    def play(self) -> None:
        """The conversation."""
        jane, sam = f"Jane Doe <{self._jane}>", f"{self._staff.name} <{self._staff.address}>"
        self._say("Jane, a customer, writes to the desk, with a photo and a PDF.")
        number = self._send(demo_mails.first(jane, self._desk))
        self._letter(self._jane, "the receipt")
        told = self._letter(self._staff.address, "the desk is told")
        self._say(f"{self._staff.name} answers that letter. Two commands stand above the words.")
        self._send(demo_mails.staff_answer(sam, told))
        answer = self._letter(self._jane, "the answer")
        self._say("Jane answers from her phone: another subject prefix, no threading headers.")
        self._send(demo_mails.customer_answer(jane, answer))
        told = self._letter(self._staff.address, "the desk is told")
        self._say(f"{self._staff.name} resolves the ticket.")
        self._send(demo_mails.staff_note(sam, told))
        self._letter(self._jane, "the end")
        self._say("Eve, a stranger, has seen the ticket number and asks for what is in it.")
        other = self._send(demo_mails.stranger(f"Eve <{self._eve}>", self._desk, number))
        self._letter(self._eve, "what Eve gets")
        self._say(f"Eve's words are on a ticket of their own, {other}; {number} is as it was.")
        typer.echo(f"See it all: postdesk ticket show {number}")

    def _say(self, text: str) -> None:
        typer.echo(f"\n{typer.style(text, bold=True)}")

    def _send(self, message: EmailMessage) -> str:
        """Over real SMTP; prints where the mail went and why, returns the ticket's number."""
        smtp = self._house.settings.smtp
        try:
            with smtplib.SMTP(smtp.host, smtp.port, timeout=10) as client:
                client.send_message(message)
        except OSError as error:
            raise DemoFailed(f"Nothing answers at {smtp.host}:{smtp.port}. Start Postdesk first: make run") from error
        sender = str(message["From"]).rpartition("<")[2].strip(">")
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            if found := self._disposition(sender):
                disposition, number = found
                self._last = disposition.at
                typer.echo(f"  mail {disposition.received_id}: {disposition.kind} on {number}. {disposition.reason}")
                return number
            time.sleep(0.02)
        raise DemoFailed("The mail was taken, but nobody handled it. Is the role “work” running?")

    def _disposition(self, sender: str) -> tuple[Disposition, str] | None:
        with self._house.database.reading() as session:
            row = session.execute(
                select(Disposition, Ticket.number)
                .outerjoin(Ticket, Ticket.id == Disposition.ticket_id)
                .where(Disposition.sender == sender, Disposition.at > self._last)
                .order_by(Disposition.at.desc(), Disposition.received_id.desc())
            ).first()
        return (row[0], row[1] or "no ticket") if row else None

    def _letter(self, recipient: str, what: str) -> EmailMessage:
        """The next letter to somebody, printed."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            for file in in_order(self._outbox):
                if file.name in self._seen:
                    continue
                letter = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
                if str(letter["Delivered-To"]).lower() == recipient.lower():
                    self._seen.add(file.name)
                    _print(letter, what)
                    return letter
            time.sleep(0.02)
        raise DemoFailed(f"No letter came for {recipient} ({what}). See: postdesk mail list")


def _print(letter: EmailMessage, what: str) -> None:
    typer.echo(f"  letter to {letter['Delivered-To']} ({what}):")
    typer.echo(f"    Subject: {letter['Subject']}")
    for line in demo_mails.body(letter).splitlines():
        typer.echo(f"    | {line}".rstrip())
