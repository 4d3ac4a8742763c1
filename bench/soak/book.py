"""The books of a soak run: what was sent and what came of it, which letters arrived, how long everything took."""

import threading
from collections import Counter, deque
from dataclasses import dataclass, field

POOL = 400  # letters that may still be answered
GONE = "gone"  # how the addresses of people begin who are not there any more when a letter comes
OUTCOMES = {
    "new": {"opened"},
    "file": {"opened"},
    "gone": {"opened"},  # of somebody who is not there any more when the receipt comes
    "reply by address": {"noted"},
    "reply by reference": {"noted"},
    "reply by number": {"noted"},
    "staff reply": {"noted"},
    "away": {"folded"},
    "report": {"folded"},
    "list": {"opened"},
    "hostile": {"opened", "held", "ignored", "noted", "answered", "folded"},
}


@dataclass(slots=True)
class Sent:
    """One mail that was answered with 250."""

    kind: str
    message_id: str
    received_id: int
    at: float  # when the 250 came, by time.time()
    ticket: str = ""  # the number of the ticket that it belongs to, where that is known beforehand
    digest: str = ""  # of its file
    receipt_at: float = 0.0  # when the receipt was handed to the relay


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter as the relay got it."""

    message_id: str
    recipient: str
    return_path: str
    reply_to: str
    answers: str  # In-Reply-To
    references: str
    ticket: str
    subject: str


@dataclass(slots=True)
class Book:
    """Shared by all threads of a run."""

    sent: dict[int, Sent] = field(default_factory=dict)  # by received id
    letters: Counter[str] = field(default_factory=Counter)  # how often each Message-ID came to the relay
    refused: Counter[str] = field(default_factory=Counter)  # what the desk said instead of 250
    faults: list[str] = field(default_factory=list)
    accept: dict[str, list[float]] = field(default_factory=dict)  # seconds from MAIL to the 250, by "small" and "file"
    pages: dict[str, list[float]] = field(default_factory=dict)
    late: float = 0.0  # most seconds that the senders were behind their clock
    customers: "deque[Letter]" = field(default_factory=lambda: deque(maxlen=POOL))
    staff: "deque[Letter]" = field(default_factory=lambda: deque(maxlen=POOL))
    gone: "deque[Letter]" = field(default_factory=lambda: deque(maxlen=POOL))
    _waiting: dict[str, Sent] = field(default_factory=dict)  # without a receipt so far, by Message-ID
    _early: dict[str, float] = field(default_factory=dict)  # receipts that were here before the 250 was read
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def accepted(self, sent: Sent, seconds: float) -> None:
        """A mail was taken."""
        with self._lock:
            if sent.received_id in self.sent:
                self.faults.append(f"mail {sent.received_id} was answered for twice")
            self.sent[sent.received_id] = sent
            self.accept.setdefault("file" if sent.kind == "file" else "small", []).append(seconds)
            if sent.kind in ("new", "file"):
                sent.receipt_at = self._early.pop(sent.message_id, 0.0)
                if not sent.receipt_at:
                    self._waiting[sent.message_id] = sent

    def arrived(self, letter: Letter, at: float) -> None:
        """A letter came to the relay."""
        with self._lock:
            self.letters[letter.message_id] += 1
            waiting = self._waiting.pop(letter.answers, None)
            if waiting is not None:
                waiting.receipt_at = at
            elif letter.answers.startswith("<soak-new") and "@customer.test" in letter.recipient:
                self._early[letter.answers] = at
            if letter.recipient.startswith(GONE):
                self.gone.append(letter)
            elif letter.recipient.endswith("@customer.test"):
                self.customers.append(letter)
            elif letter.ticket:
                self.staff.append(letter)

    def viewed(self, what: str, seconds: float) -> None:
        """A page or an answer of the API was read to its end."""
        with self._lock:
            self.pages.setdefault(what, []).append(seconds)

    def fault(self, what: str) -> None:
        """Something that must not happen."""
        with self._lock:
            self.faults.append(what)

    def refusal(self, what: str) -> None:
        """A mail was not taken, and its sender told so: no loss, but worth to know."""
        with self._lock:
            self.refused[what] += 1

    def kinds(self) -> Counter[str]:
        """How many of each kind were taken."""
        with self._lock:
            return Counter(sent.kind for sent in self.sent.values())
