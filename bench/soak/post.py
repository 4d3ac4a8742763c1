"""The mails of a soak run: new ones, replies, files, automatic and hostile ones, in the parts that the run names."""

import base64
import hashlib
import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime, parseaddr

from bench.mails import text_of
from bench.soak.book import GONE, Book, Letter
from tests.attacks import hostile_mails

DESK, STAFF = "service@desk.test", "sam@desk.test"
PEOPLE = 300
# In each hundred mails. Replies take from the letters that came; without any a new mail is sent instead.
SHARES = {"new": 40, "reply": 49, "file": 5, "automatic": 5, "hostile": 1}
_PLAIN = "Content-Type: text/plain; charset=utf-8\r\n\r\n"
_FILE = (
    'Content-Type: multipart/mixed; boundary="b1"\r\n\r\n--b1\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n'
    "--b1\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n"
    'Content-Disposition: attachment; filename="report.pdf"\r\n\r\n'
)
_REPORT = (
    'Content-Type: multipart/report; report-type=delivery-status; boundary="b1"\r\n\r\n--b1\r\n\r\n'
    "<{address}>: no such user here\r\n--b1\r\nContent-Type: message/delivery-status\r\n\r\n"
    "Reporting-MTA: dns; mx.customer.test\r\n\r\nFinal-Recipient: rfc822; {address}\r\nAction: failed\r\n"
    "Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n--b1\r\n"
    "Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: {message_id}\r\n\r\n--b1--\r\n"
)


@dataclass(frozen=True, slots=True)
class Post:
    """One mail to send, and what is known of it beforehand."""

    kind: str
    raw: bytes
    sender: str  # reverse path
    recipient: str = DESK
    message_id: str = ""
    ticket: str = ""
    digest: str = ""


class Mill:
    """Makes mails; one for each sender, so that nothing is shared but the book."""

    def __init__(self, book: Book, seed: int, largest: int) -> None:
        self._book, self._largest = book, largest
        self._dice = random.Random(seed)  # noqa: S311 - test data
        self._count = itertools.count()
        self._hostile_mails = tuple(hostile_mails.every().values())
        self._name = f"{seed}-{self._dice.randrange(16**8):08x}"
        self._noise = self._dice.randbytes(2 * 1024 * 1024)

    def next(self) -> Post:
        """The next mail."""
        kind = self._dice.choices(list(SHARES), weights=list(SHARES.values()))[0]
        made: dict[str, Callable[[], Post | None]] = {
            "reply": self._reply, "file": self._file, "automatic": self._automatic, "hostile": self._hostile,
        }  # fmt: skip
        return (made[kind]() if kind in made else None) or self._new()

    def _new(self, kind: str = "new", sender: str = "", fields: Sequence[str] = (), body: str = "") -> Post:
        sender = sender or f"p{self._dice.randrange(PEOPLE)}@customer.test"
        if kind == "new" and self._dice.random() < 0.05:  # somebody whom nobody knows
            sender = f"p{self._name}-{next(self._count)}@customer.test"
        return self._made(kind, sender, f"Trouble {next(self._count)}", body or self._plain(), fields)

    def _plain(self) -> str:
        return _PLAIN + text_of(self._dice, self._dice.choice((200, 1_000, 4_000))) + "\r\n"

    def _made(
        self, kind: str, sender: str, subject: str, body: str, fields: Sequence[str], to: str = DESK, ticket: str = ""
    ) -> Post:
        """`body` begins with its Content-Type."""
        message_id = f"<soak-{kind.replace(' ', '-')}-{self._name}-{next(self._count)}@customer.test>"
        head = [f"From: Person <{sender}>", f"To: {to}", f"Subject: {subject}", f"Message-ID: {message_id}",
                f"Date: {format_datetime(datetime.now(UTC))}", *fields, body]  # fmt: skip
        return Post(kind, "\r\n".join(head).encode(), sender, to, message_id, ticket)

    def _file(self) -> Post:
        """A new mail with a file of 1 MB up to the largest, more often a small one; its digest is known."""
        low = min(1024 * 1024, self._largest // 10)
        size = int(low * (self._largest / low) ** self._dice.random())
        start = self._dice.randrange(len(self._noise) // 2)
        part = self._noise[start:]
        data = (part * (size // len(part) + 1))[: size - 16] + self._dice.randbytes(16)
        encoded = base64.encodebytes(data).replace(b"\n", b"\r\n").decode()
        made = self._new("file", f"p{self._dice.randrange(PEOPLE)}@customer.test", body=f"{_FILE}{encoded}--b1--\r\n")
        return replace(made, digest=hashlib.sha256(data).hexdigest())

    def _letter(self, pool: str) -> Letter | None:
        letters = getattr(self._book, pool)
        try:
            return letters[self._dice.randrange(len(letters))] if letters else None
        except IndexError:  # another thread fills the pool
            return None

    def _reply(self) -> Post | None:
        """By the token in the address, by References to our letter, by the number in the subject; staff do it too."""
        if self._dice.random() < 0.15 and (letter := self._letter("staff")):
            return self._answer("staff reply", letter, STAFF)
        letter = self._letter("customers")
        if letter is None or not letter.ticket:
            return None
        way = self._dice.choice(("reply by address", "reply by reference", "reply by number"))
        return self._answer(way, letter, letter.recipient)

    def _answer(self, kind: str, letter: Letter, sender: str, *fields: str) -> Post:
        named = [f"In-Reply-To: {letter.message_id}", f"References: {letter.references} {letter.message_id}", *fields]
        subject = "Re: answer"
        if kind == "reply by number":
            named, subject = list(fields), f"Re: [{letter.ticket}] more"
        to = parseaddr(letter.reply_to)[1] if kind in ("reply by address", "staff reply") else DESK
        quoted = "".join(f"> {line}\r\n" for line in text_of(self._dice, 600).split("\r\n"))
        text = f"{text_of(self._dice, 300)}\r\n\r\nOn Mon, 9 Nov 2026 at 10:00, Desk <{DESK}> wrote:\r\n{quoted}"
        return self._made(kind, sender, subject, _PLAIN + text, named, to, letter.ticket)

    def _automatic(self) -> Post | None:
        """Auto-replies to our letters, delivery reports on them, list mail; and people who will be gone."""
        match self._dice.randrange(4):
            case 0:
                letter = self._letter("customers")
                automatic = "Auto-Submitted: auto-replied"
                return self._answer("away", letter, letter.recipient, automatic) if letter else None
            case 1:
                return self._report()
            case 2:
                return self._new("list", fields=("List-Id: <news.customer.test>", "Precedence: list"))
            case _:
                return self._new("gone", f"{GONE}{self._name}-{next(self._count)}@customer.test")

    def _report(self) -> Post | None:
        """A delivery report to the letter's own return path, once for each person who is gone."""
        try:
            letter = self._book.gone.popleft()
        except IndexError:
            return None
        body = _REPORT.format(address=letter.recipient, message_id=letter.message_id)
        subject, automatic = "Undelivered Mail Returned to Sender", ("Auto-Submitted: auto-replied",)
        to = letter.return_path
        made = self._made("report", "mailer-daemon@customer.test", subject, body, automatic, to, letter.ticket)
        return replace(made, sender="")

    def _hostile(self) -> Post:
        return Post("hostile", self._dice.choice(self._hostile_mails).build(), "eve@attacker.test")
