"""The mails of the crash suite: each knows its bytes, what is to become of it, and whether it was answered for."""

import hashlib
import random
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from typing import Literal

from tests.e2e.world import answer, mail

Way = Literal["smtp", "lmtp", "pipe", "mailbox", "plain mailbox"]
BIG = 300_000  # bytes of an attachment: neither it nor its mail lies in the database


@dataclass(slots=True)
class Sent:
    """One mail on its way to the desk."""

    message_id: str
    sender: str
    raw: bytes  # with CRLF
    way: Way
    becomes: Literal["opened", "noted"]
    words: str
    file: str = ""  # SHA-256 of its attachment
    told: bool = False  # 250, exit code 0
    tries: int = field(default=0)


class Mails:
    """Makes mails of people of their own; all of them follow from the seed, but for dates and Message-IDs."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self._count = 0

    def new(self, way: Way, *, big: bool = False) -> Sent:
        """A new ticket."""
        number, words = self._next()
        sender = f"c{number}@customer.test"
        message = mail(sender, f"Sample {number}", words)
        file = b""
        if big:
            file = self._random.randbytes(BIG)
            message.add_attachment(file, maintype="application", subtype="octet-stream", filename=f"{number}.bin")
        return self._sent(message, sender, way, "opened", words, file)

    def reply(self, way: Way, sender: str, letter: EmailMessage) -> Sent:
        """A note to the ticket that a letter is about."""
        _, words = self._next()
        return self._sent(answer(sender, letter, words), sender, way, "noted", words, b"")

    def _next(self) -> tuple[int, str]:
        self._count += 1
        return self._count, f"The words of sample {self._count}: {self._random.getrandbits(64):x}."

    @staticmethod
    def _sent(
        message: EmailMessage, sender: str, way: Way, becomes: Literal["opened", "noted"], words: str, file: bytes
    ) -> Sent:
        raw = message.as_bytes(policy=SMTP)
        digest = hashlib.sha256(file).hexdigest() if file else ""
        return Sent(str(message["Message-ID"]), sender, raw, way, becomes, words, digest)
