"""What the end-to-end tests share: mails as people write them, a client, and looks into the database."""

import hashlib
import os
import smtplib
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path

from sqlalchemy import select, update

from postdesk.demo_mails import body
from store.blobs import FolderBlobs
from store.database import Database
from store.tables import Attachment, Disposition, Outbox, Ticket
from tests.peers.desk import DESK, Desk, set_up
from tests.servers import wait_for

CHECKOUT = Path(__file__).parents[2]
LONG_AGO = timedelta(days=1)


def mail(sender: str, subject: str, text: str = "Sample text.\n", to: str = DESK) -> EmailMessage:
    """A mail as a mail program writes it."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = make_msgid(domain="sample.test")
    message.set_content(text)
    return message


def answer(sender: str, letter: EmailMessage, text: str) -> EmailMessage:
    """A reply to one of our letters, as a mail program writes it: to its Reply-To, with the threading headers."""
    subject = str(letter["Subject"])
    message = mail(sender, subject if subject.startswith("Re:") else f"Re: {subject}", text, str(letter["Reply-To"]))
    message["In-Reply-To"] = str(letter["Message-ID"])
    message["References"] = f"{letter['References'] or ''} {letter['Message-ID']}".strip()
    return message


def send(port: int, *mails: EmailMessage) -> None:
    """Over one SMTP connection, to the addresses in To; whatever is refused raises."""
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        for message in mails:
            client.send_message(message)


def send_raw(port: int, raw: bytes, sender: str = "ann@sample.test", to: str = DESK, *, patience: float = 30) -> bytes:
    """These very bytes, CRLF already in them, over SMTP; the reply to the end of DATA, within `patience` s."""
    with smtplib.SMTP("127.0.0.1", port, timeout=patience) as client:
        client.ehlo()
        assert client.mail(sender)[0] == 250
        assert client.rcpt(to)[0] == 250
        code, words = client.data(raw)
        return b"%d %s" % (code, words)


def outcomes(desk: Desk) -> list[tuple[str, str]]:
    """What became of each mail and on which ticket, in the order the mails came."""
    with desk.database.reading() as session:
        rows = session.execute(
            select(Disposition.kind, Ticket.number)
            .outerjoin(Ticket, Ticket.id == Disposition.ticket_id)
            .order_by(Disposition.received_id)
        )
        return [(kind, number or "") for kind, number in rows]


def outcome_of(desk: Desk, sender: str) -> list[Disposition]:
    """The dispositions of one sender's mails."""
    return [found for found in desk.dispositions() if found.sender == sender]


def ticket(desk: Desk, number: str) -> Ticket:
    """A ticket by its number."""
    with desk.database.reading() as session:
        return session.scalars(select(Ticket).where(Ticket.number == number)).one()


def files(desk: Desk) -> list[Attachment]:
    """All attachments, each of them there in the blob store with the bytes that its digest says."""
    blobs = FolderBlobs(desk.folder / "blobs")
    with desk.database.reading() as session:
        found = list(session.scalars(select(Attachment).order_by(Attachment.id)))
    for item in found:
        data = blobs.read(item.digest)
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (item.digest, item.size), item.name
    return found


def letter_states(desk: Desk) -> Counter[str]:
    """How many letters are in which state."""
    with desk.database.reading() as session:
        return Counter(session.scalars(select(Outbox.state)))


def let_time_pass(database: Database) -> None:
    """Make every letter due that waits for its time, as hours would, so that no test has to wait for them.

    One that a process has in hand stays in its hands: else it could be taken up, and sent, a second time.
    """
    past, waits = datetime.now(UTC) - LONG_AGO, Outbox.lease_until.is_(None)
    with database.transaction() as session:
        session.execute(update(Outbox).where(Outbox.state == "waiting", waits).values(next_at=past))


def assert_ledger(desk: Desk) -> None:
    """Every accepted mail is accounted for, and none waits."""
    ledger = desk.ledger()
    accepted = ledger.pop("accepted")
    assert ledger["waiting"] == 0
    assert accepted == sum(ledger.values()) == desk.accepted()


def text_of(letter: EmailMessage) -> str:
    """The text of a letter on one line, as a reader sees it whatever the width."""
    return " ".join(body(letter).split())


def letter_about(desk: Desk, recipient: str, number: str) -> EmailMessage:
    """The first letter to somebody about a ticket, once it is there."""

    def found() -> list[EmailMessage]:
        return [letter for letter in desk.letters(recipient) if letter["X-Ticket"] == number]

    return wait_for(found, f"a letter to {recipient} about {number}")[0]


class Shell:
    """A Postdesk that is set up and not running: `Shell(folder).run("deliver", stdin=mail)`."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder, self.config = folder, folder / "postdesk.toml"
        clean = {name: value for name, value in os.environ.items() if not name.startswith("POSTDESK_")}
        chosen = {"LOG__LEVEL": "error", **settings}
        self.environment = {**clean, **{f"POSTDESK_{name}": value for name, value in chosen.items()}}

    def init(self) -> "Shell":
        """Set up the sample desk."""
        set_up(self.config, self.environment)
        return self

    def run(self, *words: str, stdin: bytes = b"", code: int = 0, bare: bool = False, seconds: float = 120) -> str:
        """Run a command to its end, with `bare` without any settings; what it printed, when its exit code is right."""
        chosen = [] if bare else ["--config", str(self.config)]
        done = subprocess.run(
            [sys.executable, "-m", "postdesk", *chosen, *words],
            input=stdin,
            capture_output=True,
            env={**self.environment, "PYTHONPATH": str(CHECKOUT)},
            cwd=self.folder,
            timeout=seconds,
            check=False,
        )
        text = done.stdout.decode() + done.stderr.decode()
        assert done.returncode == code, f"{words} ended with {done.returncode}: {text}"
        return text

    def database(self) -> Database:
        """Its SQLite file."""
        return Database(f"sqlite:///{self.folder}/desk.db")
