"""One mail as a case: what the rules look at, and the decision that they come to."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from desk.access import Write
from desk.state import ContactState, StaffState
from gateway.desk_addresses import Addresses
from gateway.match import Match
from gateway.rules import Rules
from gateway.sender import Verified
from gateway.view import Incoming, View

UNSUBSCRIBE = "unsubscribe"  # the rule of a mail that takes somebody off a list
Kind = Literal["opened", "noted", "folded", "answered", "held", "ignored"]


@dataclass(frozen=True, slots=True)
class Decision:
    """A disposition to be, and everything that led to it."""

    kind: Kind
    rule: str
    reason: str
    write: Write | None = None
    ticket_id: int | None = None
    continues_id: int | None = None  # the closed ticket that a new one goes on from
    mentions: tuple[int, ...] = ()  # tickets named by somebody who may not write there: for staff only
    letters: tuple[int, ...] = ()  # our letters that a report is about
    thanks: bool = False  # it says thank you, and nothing else: no ticket is opened again for it
    match: Match = Match()
    verified: Verified = Verified("none", "")
    contact: ContactState | None = None
    staff: StaffState | None = None

    def evidence(self) -> dict[str, Any]:
        """Why here? In a form to keep and to print."""
        return {
            "sender": asdict(self.verified),
            "evidence": [piece.as_dict() for piece in self.match.evidence],
            "conflict": self.match.conflict,
            "unknown_numbers": list(self.match.unknown_numbers),
            "same_id": list(self.match.same_id),
        }


@dataclass(frozen=True, slots=True)
class Case:
    """All that the rules look at."""

    mail: Incoming
    view: View
    rules: Rules
    addresses: Addresses
    now: datetime
    verified: Verified
    contact: ContactState | None
    staff: StaffState | None
    match: Match

    @property
    def sure(self) -> bool:
        """True when something proves that the sender is who they say: a verified mail, or a letter's own token."""
        if self.verified.verdict == "fail" or self.mail.wish:
            return False  # a person filed it: its words are kept, and nobody vouched for more
        return self.verified.verdict == "pass" or self.match.own_token

    @property
    def text(self) -> str:
        """The new words of the mail; "" where all of it is somebody else's."""
        message = self.mail.message
        return "" if message.foreign else message.reply.strip() or message.text.strip()
